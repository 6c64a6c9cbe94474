import Apus
import Testing

@Suite struct OverfittingTests {
  @Test func weightsAreAveraged() throws {
    let model = ringModel()
    let averaging = WeightAveraging(model, decay: 0.5)
    let trainer = Trainer(model, optimizer: .sgd(learningRate: 0.5), loss: .crossEntropy)
    // Follows the weights by hand, and keeps what they were after the last step.
    final class Watcher: TrainingCallback {
      let weight: Parameter<Float>
      var average: [Float]
      var steps = 0
      init(_ weight: Parameter<Float>) {
        self.weight = weight
        average = weight.value.scalars
      }
      func batchDidEnd(_ run: TrainingRun) {
        steps += 1
        let keep = min(0.5, Float(1 + steps) / Float(10 + steps))
        average = zip(average, weight.value.scalars).map { keep * $0 + (1 - keep) * $1 }
      }
    }
    let watcher = Watcher(model.parameters[0])
    try trainer.fit(
      ringDataset(count: 100, seed: 1), epochs: 3, batchSize: 10, callbacks: [watcher, averaging])
    for (own, expected) in zip(model.parameters[0].value.scalars, watcher.average) {
      #expect(abs(own - expected) < 1e-5)
    }
  }

  @Test func aTrainerChangesItsImages() throws {
    let digits = SyntheticDigits.dataset(count: 60, seed: 1)
    func weights(_ transform: (any BatchTransform)?) throws -> [Float] {
      let model = withSeed(1) {
        Sequential {
          Flatten(); Linear(784, 10)
        }
      }
      let trainer = Trainer(model, optimizer: .sgd(learningRate: 0.1), loss: .crossEntropy)
      try trainer.fit(digits, epochs: 2, batchSize: 20, transform: transform, callbacks: [])
      return model.parameters[0].value.scalars
    }
    let changed = try weights(Augmentation(.shift(2)))
    #expect(try weights(Augmentation(.shift(2))) == changed)
    #expect(try weights(nil) != changed)
    #expect(try weights(nil) == weights(Augmentation(.shift(0))))
  }

  /// What the study is for: by heart without a remedy, and less of a gap with all of them.
  @Test func theStudyShowsTheGap() throws {
    let train = SyntheticDigits.dataset(count: 120, seed: 1).normalized(.mnist)
    let test = SyntheticDigits.dataset(count: 300, seed: 2).normalized(.mnist)
    func run(_ remedy: OverfittingStudy.Remedy) throws -> OverfittingStudy.Outcome {
      try OverfittingStudy.run(remedy, train: train, test: test, epochs: 14, seed: 0)
    }
    let plain = try run(.none)
    #expect(plain.training.accuracy! > 0.97 && plain.test.accuracy! < plain.training.accuracy!)
    #expect(plain.epochs == 14 && plain.training.sampleCount == 120)
    let augmented = try run(.augmentation)
    #expect(augmented.test.loss - augmented.training.loss < plain.test.loss - plain.training.loss)
    let stopped = try run(.earlyStopping)
    #expect(stopped.training.sampleCount == 96 && stopped.epochs <= 14)
  }

  @Test func anAnomalyNamesItsBatchAndLayer() throws {
    let model = ringModel()
    var points = [Float](repeating: 0.5, count: 40)
    points[25] = .infinity
    let data = TensorDataset(
      inputs: Tensor(points, shape: [20, 2]), targets: IndexTensor(Array(repeating: 0, count: 20)), classCount: 2)
    let trainer = Trainer(model, optimizer: .sgd(learningRate: 0.1), loss: .crossEntropy)
    trainer.detectsAnomalies = true
    let error = #expect(throws: AnomalyError.self) {
      try trainer.fit(data, batchSize: 5, shuffle: false, callbacks: [])
    }
    #expect(error?.batch == 3 && error?.layer == "0", "\(error.map { "\($0)" } ?? "")")
  }

  @Test func schedulesStandOnTheStepsOfTheRun() {
    let schedule = LearningRateSchedule.warmUpAndCosine(steps: 100, rising: 0.2)
    #expect(abs(schedule(0, initial: 2) - 0.08) < 1e-12)
    #expect(abs(schedule(20, initial: 2) - 2) < 1e-12)
    #expect(schedule(10, initial: 2) < 2 && schedule(60, initial: 2) < 2 && schedule(99, initial: 2) < 0.01)
    let parameter = Parameter(Tensor<Float>([1, 2], shape: [1, 2]))
    let optimizer = ModelZoo.deepCNN.recipe.optimizer(steps: 1000, learningRate: 0.5).make([parameter])
    #expect(abs(optimizer.learningRate - 0.02) < 1e-9)
  }
}
