import Apus
import Testing

/// Points in the plane, class 1 inside a ring: no linear model separates them.
func ringDataset(count: Int, seed: UInt64) -> TensorDataset {
  var random = Random(seed: seed)
  var points: [Float] = []
  var classes: [Int] = []
  for _ in 0..<count {
    let (x, y) = (2 * random.uniform() - 1, 2 * random.uniform() - 1)
    points += [Float(x), Float(y)]
    classes.append(x * x + y * y < 0.5 ? 1 : 0)
  }
  return TensorDataset(inputs: Tensor(points, shape: [count, 2]), targets: IndexTensor(classes), classCount: 2)
}

func ringModel(seed: UInt64 = 1) -> Sequential {
  withSeed(seed) {
    Sequential {
      Linear(2, 32)
      Tanh()
      Linear(32, 2)
    }
  }
}

/// Notes every call.
private final class Recorder: TrainingCallback {
  var events: [String] = []
  var atBatch: ((TrainingRun) throws -> Void)?
  func trainingWillBegin(_ run: TrainingRun) { events.append("begin") }
  func batchDidEnd(_ run: TrainingRun) throws {
    events.append("batch \(run.progress.epoch).\(run.progress.batch)")
    try atBatch?(run)
  }
  func epochDidEnd(_ record: EpochRecord, _ run: TrainingRun) { events.append("epoch \(record.epoch)") }
  func trainingDidEnd(_ run: TrainingRun) { events.append("end") }
}

@Suite struct TrainerTests {
  @Test func learnsWhatALinearModelCannot() throws {
    let train = ringDataset(count: 1000, seed: 1)
    let test = ringDataset(count: 500, seed: 2)
    let trainer = Trainer(
      ringModel(), optimizer: .adam(learningRate: 0.02), loss: .crossEntropy, metrics: [.accuracy])
    let history = try trainer.fit(train, epochs: 40, batchSize: 50, validation: test, callbacks: [])
    #expect(history.epochs.count == 40)
    #expect(history.epochs.map(\.epoch) == Array(1...40))
    let last = try #require(history.epochs.last)
    #expect(last.training.sampleCount == 1000)
    #expect(last.validation?.sampleCount == 500)
    let accuracy = try #require(last.validation?.accuracy)
    #expect(accuracy > 0.96)
    #expect(last.training.loss < history.epochs[0].training.loss / 3)
    #expect(try trainer.evaluate(test) == last.validation)
    let matrix = try trainer.confusionMatrix(test)
    #expect(matrix.total == 500)
    #expect(matrix.accuracy == accuracy)
  }

  @Test func callbacksAreToldInOrder() throws {
    let recorder = Recorder()
    let trainer = Trainer(ringModel(), optimizer: .sgd(learningRate: 0.1), loss: .crossEntropy)
    try trainer.fit(ringDataset(count: 5, seed: 1), epochs: 2, batchSize: 2, callbacks: [recorder])
    #expect(
      recorder.events == [
        "begin", "batch 1.1", "batch 1.2", "batch 1.3", "epoch 1", "batch 2.1", "batch 2.2", "batch 2.3", "epoch 2",
        "end",
      ])
    // A second call goes on counting.
    recorder.events = []
    let more = try trainer.fit(ringDataset(count: 2, seed: 1), epochs: 1, batchSize: 2, callbacks: [recorder])
    #expect(recorder.events == ["begin", "batch 3.1", "epoch 3", "end"])
    #expect(more.epochs.map(\.epoch) == [3])
  }

  @Test func whatACallbackThrowsEndsTheRun() {
    struct Failure: Error {}
    let recorder = Recorder()
    recorder.atBatch = { _ in throw Failure() }
    let trainer = Trainer(ringModel(), optimizer: .sgd(learningRate: 0.1), loss: .crossEntropy)
    #expect(throws: Failure.self) {
      try trainer.fit(ringDataset(count: 6, seed: 1), epochs: 2, batchSize: 2, callbacks: [recorder])
    }
    #expect(recorder.events == ["begin", "batch 1.1"])
  }

  @Test func aCancelledRunKeepsItsWholeEpochs() throws {
    let cancellation = Cancellation()
    let recorder = Recorder()
    recorder.atBatch = { run in
      if run.progress.epoch == 2, run.progress.batch == 2 { cancellation.cancel() }
    }
    let trainer = Trainer(ringModel(), optimizer: .sgd(learningRate: 0.1), loss: .crossEntropy)
    let history = try trainer.fit(
      ringDataset(count: 8, seed: 1), epochs: 5, batchSize: 2, callbacks: [recorder], cancellation: cancellation)
    #expect(history.epochs.map(\.epoch) == [1])
    #expect(cancellation.isCancelled)
    #expect(recorder.events.suffix(2) == ["batch 2.2", "end"])
  }

  @Test func aCancelledTaskEndsARun() async throws {
    let (history, failure) = try await Task {
      let trainer = Trainer(ringModel(), optimizer: .sgd(learningRate: 0.1), loss: .crossEntropy)
      let data = ringDataset(count: 8, seed: 1)
      withUnsafeCurrentTask { $0?.cancel() }
      let history = try trainer.fit(data, epochs: 5, batchSize: 2, validation: data, callbacks: [])
      var failure: (any Error)?
      do { _ = try trainer.evaluate(data) } catch { failure = error }
      return (history, failure is CancellationError)
    }.value
    #expect(history.epochs.isEmpty)
    #expect(failure)
  }

  @Test func whoCancelsDuringTheValidationKeepsTheEpoch() throws {
    /// Cancels when it is asked for its first batch.
    struct Trap: Dataset {
      // More than one batch of the validation, so that there is a second to be left out.
      let base = ringDataset(count: 300, seed: 1)
      let cancellation: Cancellation
      var count: Int { base.count }
      var sampleShape: Shape { base.sampleShape }
      var classCount: Int { 2 }
      var targets: [Int] { base.targets }
      func batch(at indices: [Int]) -> Batch {
        cancellation.cancel()
        return base.batch(at: indices)
      }
    }
    let cancellation = Cancellation()
    let trainer = Trainer(ringModel(), optimizer: .sgd(learningRate: 0.1), loss: .crossEntropy)
    let history = try trainer.fit(
      ringDataset(count: 600, seed: 1), epochs: 3, batchSize: 100, validation: Trap(cancellation: cancellation),
      callbacks: [], cancellation: cancellation)
    #expect(history.epochs.count == 1)
    #expect(history.epochs[0].validation == nil)
  }

  @Test func stepsCanBeCounted() throws {
    let trainer = Trainer(ringModel(), optimizer: .sgd(learningRate: 0.1), loss: .crossEntropy)
    let recorder = Recorder()
    let history = try trainer.fit(
      ringDataset(count: 10, seed: 1), epochs: 9, batchSize: 2, maximumSteps: 7, callbacks: [recorder])
    #expect(recorder.events.count { $0.hasPrefix("batch") } == 7)
    #expect(history.epochs.map(\.training.sampleCount) == [10, 4])
  }

  @Test func earlyStoppingEndsAndRestores() throws {
    let stopping = EarlyStopping(monitor: .loss, patience: 2)
    let model = ringModel()
    // A learning rate of this size only makes it worse.
    let trainer = Trainer(model, optimizer: .sgd(learningRate: 50), loss: .crossEntropy, metrics: [.accuracy])
    let test = ringDataset(count: 50, seed: 2)
    let history = try trainer.fit(
      ringDataset(count: 100, seed: 1), epochs: 50, batchSize: 10, validation: test, callbacks: [stopping])
    #expect(history.epochs.count < 50)
    let best = try #require(history.best)
    #expect(stopping.bestEpoch == best.epoch)
    #expect(try trainer.evaluate(test) == best.validation)
  }

  @Test func evaluationLeavesTheModesAlone() throws {
    let model = withSeed(1) {
      Sequential {
        Linear(2, 8)
        Dropout(0.5)
        Linear(8, 2)
      }
    }
    let trainer = Trainer(model, optimizer: .sgd(learningRate: 0.1), loss: .crossEntropy)
    let data = ringDataset(count: 20, seed: 1)
    let (once, twice) = (try trainer.evaluate(data), try trainer.evaluate(data))
    #expect(once == twice)
    let first = trainer.predict(data.all().inputs)
    #expect(first.scalars == trainer.predict(data.all().inputs).scalars)
    #expect(!first.requiresGradient)
    #expect((model[1] as? Dropout)?.isTraining == true)
    model.eval()
    _ = try trainer.evaluate(data)
    #expect((model[1] as? Dropout)?.isTraining == false)
  }

  @Test func penaltiesShrinkWeights() throws {
    func weights(_ penalties: [Penalty]) throws -> Float {
      let model = ringModel()
      let trainer = Trainer(model, optimizer: .sgd(learningRate: 0.1), loss: .crossEntropy, penalties: penalties)
      try trainer.fit(ringDataset(count: 100, seed: 1), epochs: 10, batchSize: 10, callbacks: [])
      return model.parameters.reduce(0) { $0 + ($1.shape.rank == 2 ? $1.value.abs().sum().item : 0) }
    }
    let plain = try weights([])
    #expect(try weights([.l1(0.02)]) < 0.7 * plain)
    #expect(try weights([.l2(0.05)]) < 0.7 * plain)
  }

  @Test func penaltyValues() {
    let weight = Parameter(Tensor<Double>([1, -2, 3, 0], shape: [2, 2]))
    let bias = Parameter(Tensor<Double>([100]))
    #expect(Penalty.l1(0.5)([weight, bias]).item == 3)
    let square = Penalty.l2(0.5)([weight, bias])
    #expect(square.item == 7)
    square.backward()
    #expect(weight.gradient?.scalars == [1, -2, 3, 0])
    #expect(bias.gradient == nil)
  }

  @Test func topAccuracyCountsTheHighest() {
    let scores = Tensor<Float>([3, 2, 1, 3, 2, 1, 3, 2, 1], shape: [3, 3])
    let targets: IndexTensor = [0, 1, 2]
    #expect(Metric.accuracy(scores, targets) == 1)
    #expect(Metric.topAccuracy(2)(scores, targets) == 2)
    #expect(Metric.topAccuracy(3)(scores, targets) == 3)
  }

  @Test func aHandWrittenLoopDoesTheSame() throws {
    let data = ringDataset(count: 64, seed: 1)
    let model = ringModel()
    let trainer = Trainer(model, optimizer: .sgd(learningRate: 0.1, momentum: 0.9), loss: .crossEntropy)
    try trainer.fit(data, epochs: 2, batchSize: 16, shuffle: false, callbacks: [])

    let twin = ringModel()
    let optimizer = SGD(twin.parameters, learningRate: 0.1, momentum: 0.9)
    for _ in 1...2 {
      for batch in DataLoader(data, batchSize: 16) {
        optimizer.zeroGradients()
        let loss = crossEntropy(twin(batch.inputs), batch.targets)
        loss.backward()
        optimizer.step()
      }
    }
    #expect(model.parameters.map(\.value.scalars) == twin.parameters.map(\.value.scalars))
  }
}

@Suite struct OptimizerTests {
  @Test func theLearningRateCanBeChanged() {
    let parameter = Parameter(Tensor<Double>([1]))
    let optimizer: any Optimizer<Double> = SGD([parameter], learningRate: 0.5)
    parameter.gradient = Tensor([1])
    optimizer.step()
    #expect(parameter.value.scalars == [0.5])
    optimizer.learningRate = 0.25
    optimizer.step()
    #expect(parameter.value.scalars == [0.25])
  }

  @Test func aParameterWithoutGradientStaysAndDoesNotAge() {
    func run(_ make: ([Parameter<Double>]) -> any Optimizer<Double>) -> [Double] {
      let (used, idle) = (Parameter(Tensor<Double>([1])), Parameter(Tensor<Double>([1])))
      let optimizer = make([used, idle])
      used.gradient = Tensor([1])
      optimizer.step()
      optimizer.step()
      #expect(idle.value.scalars == [1])
      used.gradient = nil
      idle.gradient = Tensor([1])
      optimizer.step()
      let after = idle.value.scalars
      // The first step of a parameter that came late is like that of a fresh one.
      let fresh = Parameter(Tensor<Double>([1]))
      fresh.gradient = Tensor([1])
      make([fresh]).step()
      #expect(after == fresh.value.scalars)
      return after
    }
    #expect(run { SGD($0, learningRate: 0.1, momentum: 0.9, dampening: 0.5) } == [0.9])
    #expect(abs(run { Adam($0, learningRate: 0.1) }[0] - 0.9) < 1e-6)
    #expect(abs(run { AdamW($0, learningRate: 0.1, weightDecay: 0) }[0] - 0.9) < 1e-6)
  }

  @Test func theRateFallsInALine() {
    let parameter = Parameter(Tensor<Double>([0]))
    let optimizer = ScheduledOptimizer(
      SGD([parameter], learningRate: 1), .linear(startFactor: 1, endFactor: 0.5, steps: 4))
    parameter.gradient = Tensor([1])
    var rates: [Double] = []
    for _ in 0..<6 {
      rates.append(optimizer.learningRate)
      let before = parameter.value.item
      optimizer.step()
      #expect(before - parameter.value.item == rates.last)
    }
    #expect(rates == [1, 0.875, 0.75, 0.625, 0.5, 0.5])
    optimizer.learningRate = 0.1
    #expect(abs(optimizer.learningRate - 0.1) < 1e-15)
  }

  @Test func aFrozenParameterStays() {
    let parameter = Parameter(Tensor<Double>([1]), isFrozen: true)
    SGD([parameter], learningRate: 0.1).step()
    #expect(parameter.value.scalars == [1])
  }

  @Test func aStepLeavesCopiesAlone() {
    let parameter = Parameter(Tensor<Double>([1, 2]))
    let before = parameter.value
    parameter.gradient = Tensor([1, 1])
    SGD([parameter], learningRate: 1).step()
    #expect(before.scalars == [1, 2])
    #expect(parameter.value.scalars == [0, 1])
  }

  @Test func bothFindAMinimum() {
    for make in [
      { (p: [Parameter<Double>]) -> any Optimizer<Double> in
        SGD(p, learningRate: 0.02, momentum: 0.9, nesterov: true)
      }, { Adam($0, learningRate: 0.05, amsgrad: true) }, { AdamW($0, learningRate: 0.05, weightDecay: 0) },
    ] {
      let parameter = Parameter(Tensor<Double>([3, -2]))
      let optimizer = make([parameter])
      for _ in 0..<800 {
        optimizer.zeroGradients()
        square(parameter.value - Tensor([1, 0.5])).sum().backward()
        optimizer.step()
      }
      #expect(zip(parameter.value.scalars, [1, 0.5]).allSatisfy { abs($0 - $1) < 1e-3 })
    }
  }
}
