import ApusData
import ApusNN
import ApusTensor

/// A classifier of few labelled images that begins with an encoder, its own or one that was trained without labels.
///
/// What is not said for both beginnings apart is the same for both: the layers, the labelled images of a seed, the first
/// weights of the layers behind the encoder, the order of the batches, and the number of steps.
public struct FineTuning: Sendable {
  /// Labelled images of each class.
  public var labelsPerClass: Int
  /// Steps of the optimizer.
  public var steps: Int
  /// Labelled images for each step; all of them where there are no more.
  public var batchSize: Int
  /// The factor of Adam's steps; it comes down to nothing along half a cosine.
  public var learningRate: Double
  /// The factor of Adam's steps of the encoder; nil for `learningRate`. What is learned already wants smaller steps than
  /// the new layer behind it.
  public var encoderLearningRate: Double?
  /// Whether the encoder stays as it is.
  public var freezesEncoder: Bool
  /// What changes the labelled images at random whenever they are shown, nil for nothing.
  public var augmentation: Augmentation?

  /// Settings.
  ///
  /// - Precondition: Numbers are positive, learning rates are not negative.
  public init(
    labelsPerClass: Int = 10, steps: Int = 200, batchSize: Int = 100, learningRate: Double = 3e-3,
    encoderLearningRate: Double? = nil, freezesEncoder: Bool = false, augmentation: Augmentation? = nil
  ) {
    demand(
      labelsPerClass > 0 && steps > 0 && batchSize > 0 && learningRate >= 0 && encoderLearningRate ?? 0 >= 0,
      "FineTuning: \(labelsPerClass) labels, \(steps) steps of \(batchSize), learning rate \(learningRate), "
        + "\(encoderLearningRate ?? learningRate) of the encoder")
    self.labelsPerClass = labelsPerClass
    self.steps = steps
    self.batchSize = batchSize
    self.learningRate = learningRate
    self.encoderLearningRate = encoderLearningRate
    self.freezesEncoder = freezesEncoder
    self.augmentation = augmentation
  }

  /// Unlabelled images that normalise a new encoder. In batches of 64 they leave less than 1 % of the
  /// statistics that it was made with.
  private static let measuredCount = 4096

  /// The places of `perClass` samples of each class, chosen at random; nil when a class has fewer.
  public static func choose(_ perClass: Int, of targets: [Int], classCount: Int, seed: UInt64) -> [Int]? {
    var random = Random(seed: seed)
    var left = [Int](repeating: perClass, count: classCount)
    var chosen: [Int] = []
    for place in random.permutation(targets.count) where left[targets[place]] > 0 {
      left[targets[place]] -= 1
      chosen.append(place)
    }
    return left.allSatisfy { $0 == 0 } ? chosen : nil
  }

  /// Trains a classifier on some labelled images and gives its accuracy on others.
  ///
  /// The encoder is normalised by statistics that stay as they are in training: those of a pretrained encoder as it comes, those
  /// of an encoder with weights from the seed measured on the unlabelled images first. A few labelled images would give
  /// poorer ones.
  ///
  /// - Parameters:
  ///   - encoder: What the encoder begins with, as `DenoisingAutoencoder.encoder.stateDictionary`; nil for weights drawn from
  ///     the seed.
  ///   - labelled: The labelled images, as `choose` picks them.
  ///   - unlabelled: Images by which an encoder that was not pretrained is normalised; the first 4096 are enough.
  ///   - test: What the classifier is judged by.
  ///   - seed: What first weights, order, augmentation and dropout depend on.
  ///   - cancellation: A switch to end the training early.
  /// - Returns: The fraction of the test images that are told right.
  /// - Throws: `StateMismatch` when the encoder's state is that of another encoder; `CancellationError`.
  public func accuracy(
    encoder: StateDictionary<Float>?, labelled: some Dataset, unlabelled: some Dataset, test: some Dataset,
    seed: UInt64, cancellation: Cancellation? = nil
  ) throws -> Double {
    let model = withSeed(seed) { DenoisingAutoencoder.classifier(classCount: test.classCount) }
    guard let part = model[0] as? Sequential else { fatalError("a classifier begins with its encoder") }
    if let encoder { try part.load(encoder) } else { Self.measure(part, unlabelled) }
    if freezesEncoder { part.freeze() }
    let schedule = LearningRateSchedule.cosineAnnealing(period: steps)
    let held = Set(part.parameters.map(ObjectIdentifier.init))
    let groups = [
      Adam(part.parameters, learningRate: encoderLearningRate ?? learningRate),
      Adam(model.parameters.filter { !held.contains(ObjectIdentifier($0)) }, learningRate: learningRate),
    ]
    let optimizer = OptimizerGroups(groups.map { ScheduledOptimizer($0, schedule) })
    model.train()
    part.eval()
    var (step, round) = (0, seed)
    while step < steps {
      round &+= 0x9E37_79B9_7F4A_7C15
      let loader = DataLoader(labelled, batchSize: batchSize, shuffle: true, seed: round, transform: augmentation)
      for batch in loader {
        if step == steps { break }
        if cancellation?.isCancelled == true { throw CancellationError() }
        let loss = crossEntropy(model(batch.inputs), batch.targets)
        optimizer.zeroGradients()
        loss.backward()
        optimizer.step()
        step += 1
      }
    }
    return try Trainer(model, optimizer: .adam(), loss: .crossEntropy, metrics: [.accuracy]).evaluate(test).accuracy
      ?? 0
  }

  /// Sets the running statistics of a new encoder to the means over batches of images.
  static func measure(_ encoder: Sequential, _ images: some Dataset) {
    encoder.train()
    defer { encoder.eval() }
    withoutGradients {
      for batch in DataLoader(images.prefix(measuredCount), batchSize: 64) where batch.count > 1 {
        _ = encoder(batch.inputs)
      }
    }
  }
}
