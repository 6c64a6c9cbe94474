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
  /// The factor of Adam's steps.
  public var learningRate: Double
  /// Whether the encoder stays as it is.
  public var freezesEncoder: Bool

  /// Settings.
  ///
  /// - Precondition: Numbers are positive, `learningRate` is not negative.
  public init(
    labelsPerClass: Int = 10, steps: Int = 200, batchSize: Int = 100, learningRate: Double = 1e-3,
    freezesEncoder: Bool = false
  ) {
    demand(
      labelsPerClass > 0 && steps > 0 && batchSize > 0 && learningRate >= 0,
      "FineTuning: \(labelsPerClass) labels, \(steps) steps of \(batchSize), learning rate \(learningRate)")
    self.labelsPerClass = labelsPerClass
    self.steps = steps
    self.batchSize = batchSize
    self.learningRate = learningRate
    self.freezesEncoder = freezesEncoder
  }

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
  /// - Parameters:
  ///   - encoder: What the encoder begins with, as `DenoisingAutoencoder.encoder.stateDictionary`; nil for weights drawn from
  ///     the seed.
  ///   - labelled: The labelled images, as `choose` picks them.
  ///   - test: What the classifier is judged by.
  ///   - seed: What first weights, order and dropout depend on.
  ///   - cancellation: A switch to end the training early.
  /// - Returns: The fraction of the test images that are told right.
  /// - Throws: `StateMismatch` when the encoder's state is that of another encoder; `CancellationError`.
  public func accuracy(
    encoder: StateDictionary<Float>?, labelled: some Dataset, test: some Dataset, seed: UInt64,
    cancellation: Cancellation? = nil
  ) throws -> Double {
    let model = withSeed(seed) { DenoisingAutoencoder.classifier(classCount: test.classCount) }
    guard let part = model[0] as? Sequential else { fatalError("a classifier begins with its encoder") }
    if let encoder { try part.load(encoder) }
    if freezesEncoder { part.freeze() }
    let trainer = Trainer(
      model, optimizer: .adam(learningRate: learningRate), loss: .crossEntropy, metrics: [.accuracy])
    let stepsPerEpoch = (labelled.count + batchSize - 1) / batchSize
    try trainer.fit(
      labelled, epochs: (steps - 1) / stepsPerEpoch + 1, batchSize: batchSize, seed: seed, maximumSteps: steps,
      callbacks: [], cancellation: cancellation)
    if cancellation?.isCancelled == true { throw CancellationError() }
    return try trainer.evaluate(test).accuracy ?? 0
  }
}
