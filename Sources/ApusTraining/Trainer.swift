import ApusData
import ApusNN
import ApusTensor

/// Trains and judges a classifier: the loop that everyone writes, written once.
///
/// ```swift
/// let trainer = Trainer(model, optimizer: .adam(learningRate: 1e-3), loss: .crossEntropy, metrics: [.accuracy])
/// let history = try trainer.fit(train, epochs: 12, batchSize: 128, validation: test)
/// print(history)
/// print(try trainer.confusionMatrix(test))
/// ```
///
/// The same model, data and seeds give the same bits at any number of threads.
public final class Trainer<Model: Module>
where Model.Scalar == Float, Model.Input == Tensor<Float>, Model.Output == Tensor<Float> {
  /// The model.
  public let model: Model
  /// What moves the model's parameters; its learning rate may be changed between calls of `fit`.
  public let optimizer: any Optimizer<Float>
  /// What is minimised.
  public let loss: Loss
  /// Costs of large weights that are added to the loss. They are not part of the losses that are reported.
  public let penalties: [Penalty]
  /// What is measured besides the loss.
  public let metrics: [Metric]

  /// Whether every number of every step is looked at, so that `fit` throws an `AnomalyError` with the operation, layer, parameter
  /// and batch (counted from 1 within its epoch) where the first one was not finite. Takes about twice as long.
  public var detectsAnomalies = false

  private let parameters: [Parameter<Float>]
  private var epochsDone = 0

  /// Binds a model to what it is trained with.
  public init(
    _ model: Model, optimizer: OptimizerRecipe, loss: Loss, penalties: [Penalty] = [], metrics: [Metric] = []
  ) {
    self.model = model
    parameters = model.parameters
    self.optimizer = optimizer.make(parameters)
    self.loss = loss
    self.penalties = penalties
    self.metrics = metrics
  }

  /// Trains the model.
  ///
  /// A second call goes on where the first one ended: epochs are counted on, and the optimizer keeps its state.
  ///
  /// - Parameters:
  ///   - dataset: The samples to learn from.
  ///   - epochs: How many times to go through them.
  ///   - batchSize: Samples for each step of the optimizer; the last batch of an epoch may be smaller.
  ///   - validation: Samples to judge the model by after every epoch.
  ///   - shuffle: Whether each epoch takes the samples in another order.
  ///   - seed: What the orders, and what the transform does, depend on.
  ///   - transform: What changes the training samples at random in every epoch, as an `Augmentation`.
  ///   - maximumSteps: Ends the run after so many steps of the optimizer; the epoch at hand is recorded and validated.
  ///   - callbacks: Who is told; a progress line on a terminal unless you say otherwise.
  ///   - cancellation: A switch to end the run from outside; so does cancelling the task.
  /// - Returns: What the epochs of this call came to.
  /// - Throws: Whatever a callback throws, and `AnomalyError` where `detectsAnomalies` is set.
  /// - Precondition: There are samples; `epochs` and `batchSize` are positive.
  @discardableResult
  public func fit(
    _ dataset: some Dataset, epochs: Int = 1, batchSize: Int = 32, validation: (any Dataset)? = nil,
    shuffle: Bool = true, seed: UInt64 = 0, transform: (any BatchTransform)? = nil, maximumSteps: Int? = nil,
    callbacks: [any TrainingCallback] = [ProgressLine()], cancellation: Cancellation? = nil
  ) throws -> History {
    demand(epochs > 0, "fit: \(epochs) epochs")
    demand(batchSize > 0, "fit: batch size \(batchSize)")
    demand(dataset.count > 0, "fit: there are no samples")
    let run = TrainingRun(
      epochCount: epochsDone + epochs, samplesPerEpoch: dataset.count, optimizer: optimizer,
      state: { [model] in model.stateDictionary },
      restore: { [model] state in
        do { try model.load(state) } catch { fatalError("restore: \(error)") }
      })
    func isCancelled() -> Bool { cancellation?.isCancelled == true || Task.isCancelled }
    func isOver() -> Bool { run.isStopping || isCancelled() }

    for callback in callbacks { try callback.trainingWillBegin(run) }
    for _ in 0..<epochs where !isOver() {
      let epoch = epochsDone + 1
      let loader = DataLoader(
        dataset, batchSize: batchSize, shuffle: shuffle, seed: seed &+ UInt64(epoch) &* 0x9E37_79B9_7F4A_7C15,
        transform: transform)
      var ledger = Ledger(metrics)
      let start = monotonicClock()
      run.progress.epoch = epoch
      run.progress.batch = 0
      model.train()
      for batch in loader {
        try step(batch, number: run.progress.batch + 1, &ledger)
        run.progress.batch += 1
        run.progress.step += 1
        run.progress.sampleCount = ledger.sampleCount
        run.progress.training = ledger.evaluation
        run.progress.seconds = monotonicClock() - start
        for callback in callbacks { try callback.batchDidEnd(run) }
        if isOver() || run.progress.step == maximumSteps { break }
      }
      let seconds = monotonicClock() - start
      // An epoch that was cut short says nothing that could be held beside the others.
      if isOver(), ledger.sampleCount < dataset.count { break }
      // Who cancels while the model is judged does not want to wait; the epoch itself is whole.
      let judgement = try? validation.map { try evaluate($0, batchSize: 256, isOver: isCancelled) }
      let record = EpochRecord(
        epoch: epoch, training: ledger.evaluation, validation: judgement, seconds: seconds,
        learningRate: optimizer.learningRate)
      epochsDone = epoch
      run.history.append(record)
      for callback in callbacks { try callback.epochDidEnd(record, run) }
      if run.progress.step == maximumSteps { break }
    }
    for callback in callbacks { try callback.trainingDidEnd(run) }
    return run.history
  }

  /// One step of the optimizer on one batch, in a scope of its own, so that its graph is gone before the next.
  private func step(_ batch: Batch, number: Int, _ ledger: inout Ledger) throws {
    optimizer.zeroGradients()
    let (output, value) =
      detectsAnomalies ? try model.detectingAnomalies(batch: number) { forwardAndBack(batch) } : forwardAndBack(batch)
    ledger.add(loss: value, output: output, targets: batch.targets)
    optimizer.step()
  }

  private func forwardAndBack(_ batch: Batch) -> (output: Tensor<Float>, loss: Tensor<Float>) {
    let output = model(batch.inputs)
    let value = loss(output, batch.targets)
    var total = value
    for penalty in penalties { total = total + penalty(parameters) }
    total.backward()
    return (output, value)
  }

  /// The model's mean loss and metrics over a dataset, in evaluation mode. The model's modes are as before when it
  /// returns.
  ///
  /// - Throws: `CancellationError` when the task is cancelled meanwhile.
  public func evaluate(_ dataset: some Dataset, batchSize: Int = 256) throws -> Evaluation {
    try evaluate(dataset, batchSize: batchSize) { Task.isCancelled }
  }

  private func evaluate(_ dataset: some Dataset, batchSize: Int, isOver: () -> Bool) throws -> Evaluation {
    var ledger = Ledger(metrics)
    try forEachOutput(dataset, batchSize, isOver: isOver) { output, batch in
      ledger.add(loss: loss(output, batch.targets), output: output, targets: batch.targets)
    }
    return ledger.evaluation
  }

  /// The model's output for `inputs`, in evaluation mode and without recording. The model's modes are as before when
  /// it returns.
  public func predict(_ inputs: Tensor<Float>) -> Tensor<Float> {
    evaluating { withoutGradients { model(inputs) } }
  }

  /// What the model takes the samples of a dataset for, in evaluation mode.
  ///
  /// - Throws: `CancellationError` when the task is cancelled meanwhile.
  /// - Precondition: The model has no more outputs than the dataset has classes.
  public func confusionMatrix(
    _ dataset: some Dataset, classNames: [String]? = nil, batchSize: Int = 256
  ) throws -> ConfusionMatrix {
    var matrix = ConfusionMatrix(classCount: dataset.classCount, classNames: classNames)
    try forEachOutput(dataset, batchSize, isOver: { Task.isCancelled }) { output, batch in
      matrix.add(truths: batch.targets, scores: output)
    }
    return matrix
  }

  /// A chain of layers goes through an inference plan, any other model through its own forward pass.
  private func forEachOutput(
    _ dataset: some Dataset, _ batchSize: Int, isOver: () -> Bool, _ body: (Tensor<Float>, Batch) -> Void
  ) throws {
    demand(batchSize > 0, "a batch size of \(batchSize)")
    let plan = (model as? Sequential).flatMap { try? InferencePlan($0, inputShape: dataset.sampleShape) }
    try evaluating {
      try withoutGradients {
        for batch in DataLoader(dataset, batchSize: batchSize) {
          if isOver() { throw CancellationError() }
          body(plan.map { $0(batch.inputs) } ?? model(batch.inputs), batch)
        }
      }
    }
  }

  private func evaluating<Result>(_ body: () throws -> Result) rethrows -> Result {
    let modes = model.namedModules.compactMap { $0.module as? any TrainingDependent }.map { ($0, $0.isTraining) }
    model.eval()
    defer { for (module, mode) in modes { module.isTraining = mode } }
    return try body()
  }
}

/// Sums of losses and metrics over the samples so far.
private struct Ledger {
  private let metrics: [Metric]
  private var lossSum = 0.0
  private var metricSums: [Double]
  private(set) var sampleCount = 0

  init(_ metrics: [Metric]) {
    self.metrics = metrics
    metricSums = Array(repeating: 0, count: metrics.count)
  }

  mutating func add(loss: Tensor<Float>, output: Tensor<Float>, targets: IndexTensor) {
    let count = targets.shape.first ?? 1
    lossSum += Double(loss.item) * Double(count)
    for (index, metric) in metrics.enumerated() { metricSums[index] += metric(output, targets) }
    sampleCount += count
  }

  var evaluation: Evaluation {
    let count = Double(max(sampleCount, 1))
    return Evaluation(
      loss: lossSum / count, metrics: zip(metrics, metricSums).map { .init(name: $0.name, value: $1 / count) },
      sampleCount: sampleCount)
  }
}
