import ApusData
import ApusNN
import ApusTensor

/// Learns from images without labels, a batch at a time: what `VAELearner`, `DCGANLearner` and `DenoisingLearner` have in
/// common.
///
/// ```swift
/// let learner = VAELearner(withSeed(1) { VariationalAutoencoder() }, seed: 1)
/// let history = try learner.fit(images, epochs: 10, batchSize: 128, seed: 1)
/// ```
public protocol UnsupervisedLearner: AnyObject {
  /// What learns.
  associatedtype Model: Module where Model.Scalar == Float

  /// The model that learns.
  var model: Model { get }
  /// What moves the model's parameters; the generator's, where there are two.
  var optimizer: any Optimizer<Float> { get }

  /// Learns from images with values 0 … 1, in one step of each optimizer.
  ///
  /// - Returns: The loss and what else is measured, means over the batch.
  func step(_ images: Tensor<Float>) -> Evaluation

  /// Measures images that are not learned from, nil where that says nothing. Changes nothing.
  func judge(_ images: Tensor<Float>) -> Evaluation?
}

extension UnsupervisedLearner {
  /// Nothing is measured on other images.
  public func judge(_ images: Tensor<Float>) -> Evaluation? { nil }

  /// Trains the model on the images of a data set; their classes are not looked at.
  ///
  /// - Parameters:
  ///   - dataset: Images with values 0 … 1.
  ///   - epochs: How many times to go through them.
  ///   - batchSize: Images for each step; the last batch of an epoch may be smaller.
  ///   - validation: Images to judge the model by after every epoch, where it can be.
  ///   - seed: What the order of the images depends on.
  ///   - maximumSteps: Ends the run after so many steps; the epoch at hand is recorded.
  ///   - callbacks: Who is told.
  ///   - cancellation: A switch to end the run from outside; so does cancelling the task.
  /// - Returns: What the epochs came to.
  /// - Throws: Whatever a callback throws.
  /// - Precondition: There are images; `epochs` and `batchSize` are positive.
  @discardableResult
  public func fit(
    _ dataset: some Dataset, epochs: Int, batchSize: Int = 128, validation: (any Dataset)? = nil, seed: UInt64 = 0,
    maximumSteps: Int? = nil, callbacks: [any TrainingCallback] = [], cancellation: Cancellation? = nil
  ) throws -> History {
    demand(epochs > 0 && batchSize > 0, "fit: \(epochs) epochs, batch size \(batchSize)")
    demand(dataset.count > 0, "fit: there are no images")
    let run = TrainingRun(
      epochCount: epochs, samplesPerEpoch: dataset.count, optimizer: optimizer,
      state: { [model] in model.stateDictionary },
      restore: { [model] state in
        do { try model.load(state) } catch { fatalError("restore: \(error)") }
      })
    func isOver() -> Bool { run.isStopping || cancellation?.isCancelled == true || Task.isCancelled }

    for callback in callbacks { try callback.trainingWillBegin(run) }
    for epoch in 1...epochs where !isOver() {
      let loader = DataLoader(
        dataset, batchSize: batchSize, shuffle: true, seed: seed &+ UInt64(epoch) &* 0x9E37_79B9_7F4A_7C15)
      var mean = EvaluationMean()
      let start = monotonicClock()
      run.progress.epoch = epoch
      run.progress.batch = 0
      model.train()
      for batch in loader {
        mean.add(step(batch.inputs), count: batch.count)
        run.progress.batch += 1
        run.progress.step += 1
        run.progress.sampleCount = mean.count
        run.progress.training = mean.value
        run.progress.seconds = monotonicClock() - start
        for callback in callbacks { try callback.batchDidEnd(run) }
        if isOver() || run.progress.step == maximumSteps { break }
      }
      let seconds = monotonicClock() - start
      // An epoch that was cut short says nothing that could be held beside the others.
      if isOver(), mean.count < dataset.count { break }
      let record = EpochRecord(
        epoch: epoch, training: mean.value, validation: validation.flatMap { judgeAll($0) }, seconds: seconds,
        learningRate: optimizer.learningRate)
      run.history.append(record)
      for callback in callbacks { try callback.epochDidEnd(record, run) }
      if run.progress.step == maximumSteps { break }
    }
    for callback in callbacks { try callback.trainingDidEnd(run) }
    return run.history
  }

  /// What `judge` finds in all images of a data set, nil where it measures nothing.
  public func judgeAll(_ dataset: some Dataset, batchSize: Int = 256) -> Evaluation? {
    var mean = EvaluationMean()
    model.eval()
    defer { model.train() }
    for batch in DataLoader(dataset, batchSize: batchSize) {
      guard let part = withoutGradients({ judge(batch.inputs) }) else { return nil }
      mean.add(part, count: batch.count)
    }
    return mean.value
  }
}

/// The mean of evaluations, each weighed by the samples it is of.
private struct EvaluationMean {
  private var loss = 0.0
  private var metrics: [Evaluation.Metric] = []
  private(set) var count = 0

  mutating func add(_ part: Evaluation, count added: Int) {
    if metrics.isEmpty { metrics = part.metrics.map { .init(name: $0.name, value: 0) } }
    loss += part.loss * Double(added)
    metrics = zip(metrics, part.metrics).map { .init(name: $0.name, value: $0.value + $1.value * Double(added)) }
    count += added
  }

  var value: Evaluation {
    let total = Double(max(count, 1))
    return Evaluation(
      loss: loss / total, metrics: metrics.map { .init(name: $0.name, value: $0.value / total) }, sampleCount: count)
  }
}
