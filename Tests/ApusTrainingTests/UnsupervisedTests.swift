import Apus
import Foundation
import Testing

@testable import ApusTraining

@Suite struct UnsupervisedTests {
  static let digits = SyntheticDigits.dataset(count: 192, seed: 1)

  @Test func theBoundFalls() throws {
    let model = withSeed(1) { VariationalAutoencoder(latentSize: 4, channels: (4, 8)) }
    let learner = VAELearner(model, learningRate: 3e-3, seed: 1)
    let history = try learner.fit(Self.digits, epochs: 4, batchSize: 32, validation: Self.digits.prefix(64), seed: 1)
    let losses = history.epochs.map(\.training.loss)
    #expect(losses.count == 4 && losses[3] < losses[0] * 0.8, "\(losses)")
    for record in history.epochs {
      let parts = try #require(record.training["reconstruction"]) + (try #require(record.training["divergence"]))
      #expect(abs(record.training.loss - parts) < 1e-6 * parts && record.training.sampleCount == 192)
      #expect(try #require(record.training["divergence"]) >= 0)
    }
    let judged = try #require(history.epochs.last?.validation?.loss)
    #expect(judged == learner.judgeAll(Self.digits.prefix(64))?.loss)
    #expect(judged < losses[0])
  }

  @Test func denoisingGivesBackMoreThanItWasGiven() throws {
    let model = withSeed(2) { DenoisingAutoencoder(codeSize: 16, channels: (4, 8)) }
    let learner = DenoisingLearner(model, corruption: Corruption(masked: 0.4, noise: 0.1), learningRate: 1e-2, seed: 2)
    let history = try learner.fit(Self.digits, epochs: 4, batchSize: 32, seed: 2)
    let losses = history.epochs.map(\.training.loss)
    #expect(losses[3] < losses[0] * 0.8, "\(losses)")
  }

  @Test func corruptionMasksAndAdds() {
    var random = Random(seed: 3)
    let images = Tensor<Float>.full([20, 1, 28, 28], 0.5)
    let masked = Corruption(masked: 0.3)(images, using: &random).scalars
    let part = Double(masked.filter { $0 == 0 }.count) / Double(masked.count)
    #expect(abs(part - 0.3) < 0.02 && masked.allSatisfy { $0 == 0 || $0 == 0.5 })
    let noisy = Corruption(noise: 0.2)(images, using: &random)
    #expect(abs(noisy.mean().item - 0.5) < 0.01 && abs(noisy.std().item - 0.2) < 0.01)
    #expect(Corruption()(images, using: &random).scalars == images.scalars)
    // Each image is moved in its own way, and in the same way by the same random numbers.
    let digit = concatenated([Self.digits.prefix(1).all().inputs, Self.digits.prefix(1).all().inputs])
    let moving = Corruption(deformation: Augmentation(.shift(3)))
    let (once, again) = (moving(digit, using: &random), moving(digit, using: &random))
    #expect(once[0].scalars != once[1].scalars && once.scalars != again.scalars)
    var (one, other) = (Random(seed: 5), Random(seed: 5))
    #expect(moving(digit, using: &one).scalars == moving(digit, using: &other).scalars)
  }

  @Test func aSingleImageIsAStepToo() {
    let learner = DenoisingLearner(
      withSeed(3) { DenoisingAutoencoder(codeSize: 4, channels: (2, 2)) }, corruption: Corruption(masked: 0.5), steps: 2
    )
    let before = learner.model.parameters.map { $0.value.detached().scalars }
    let judged = learner.step(Self.digits.prefix(1).all().inputs)
    #expect(judged.sampleCount == 1 && judged.loss.isFinite)
    #expect(learner.model.parameters.map { $0.value.detached().scalars } != before)
  }

  @Test func eachStepOfADCGANMovesOneNetwork() {
    let model = withSeed(4) { DCGAN(latentSize: 8, channels: (3, 4)) }
    let learner = DCGANLearner(model, learningRate: 1e-2, seed: 4)
    func values(_ network: Sequential) -> [[Float]] { network.parameters.map { $0.value.detached().scalars } }
    var random = Random(seed: 5)
    let real = Self.digits.prefix(16).all().inputs * 2 - 1
    let fakes = model.generator(Tensor<Float>.normal([16, 8], using: &random))
    let (generator, discriminator) = (values(model.generator), values(model.discriminator))

    let judged = learner.stepDiscriminator(real: real, fakes: fakes.detached())
    #expect(values(model.generator) == generator)
    #expect(model.generator.parameters.allSatisfy { $0.gradient == nil })
    let moved = values(model.discriminator)
    for (before, after) in zip(discriminator, moved) { #expect(before != after) }
    // At first it knows nothing: −log ½ twice.
    #expect(abs(judged.loss - 2 * log(2)) < 0.1 && abs(judged.real - 0.5) < 0.1 && abs(judged.fake - 0.5) < 0.1)

    let loss = learner.stepGenerator(fakes)
    #expect(loss.isFinite && values(model.discriminator) == moved)
    for (before, after) in zip(generator, values(model.generator)) { #expect(before != after) }
    #expect(model.discriminator.parameters.allSatisfy { !$0.isFrozen })
    // Both moves help: the discriminator now tells better, on the images it has learned from.
    let again = learner.stepDiscriminator(real: real, fakes: fakes.detached())
    #expect(again.loss < judged.loss)
  }

  @Test func aRunEndsWhenItIsAskedTo() throws {
    final class Stop: TrainingCallback {
      let cancellation = Cancellation()
      var ended = false
      func batchDidEnd(_ run: TrainingRun) { if run.progress.step == 4 { cancellation.cancel() } }
      func trainingDidEnd(_ run: TrainingRun) { ended = true }
    }
    let stop = Stop()
    let learner = VAELearner(withSeed(7) { VariationalAutoencoder(latentSize: 2, channels: (2, 2)) })
    let history = try learner.fit(
      Self.digits, epochs: 9, batchSize: 64, callbacks: [stop], cancellation: stop.cancellation)
    #expect(history.epochs.count == 1 && stop.ended)
    let steps = try learner.fit(Self.digits, epochs: 9, batchSize: 64, maximumSteps: 5)
    #expect(steps.epochs.count == 2 && steps.epochs[1].training.sampleCount == 128)
  }

  @Test func qualityIsWorkedOutByHand() {
    // Certain and even: every figure at its best.
    let best = SampleQuality(probabilities: Tensor<Float>.eye(4))
    #expect(best.confidence == 1 && best.histogram == [1, 1, 1, 1] && best.entropy == 2 && abs(best.score - 4) < 1e-9)
    // Certain, but always the same class.
    let same = SampleQuality(probabilities: Tensor([1, 0, 1, 0], shape: [2, 2]))
    #expect(same.confidence == 1 && same.entropy == 0 && abs(same.score - 1) < 1e-12 && same.maximumEntropy == 1)
    // Knows nothing.
    let unsure = SampleQuality(probabilities: .full([3, 5], 0.2))
    #expect(abs(unsure.confidence - 0.2) < 1e-7 && abs(unsure.score - 1) < 1e-6)
    // By hand: the marginal is (½, ½), KL = 0.9 log 1.8 + 0.1 log 0.2 for both.
    let between = SampleQuality(probabilities: Tensor([0.9, 0.1, 0.1, 0.9], shape: [2, 2]))
    #expect(abs(between.score - exp(0.9 * log(1.8) + 0.1 * log(0.2))) < 1e-6 && between.entropy == 1)
  }

  @Test func aJudgeSeesDigits() throws {
    let model = withSeed(8) { ModelZoo.mlp.make() }
    let judge = SampleJudge(model)
    let real = Self.digits.prefix(64).all().inputs
    let before = judge(real)
    try Trainer(model, optimizer: .adam(learningRate: 3e-3), loss: .crossEntropy)
      .fit(Self.digits, epochs: 8, batchSize: 32, callbacks: [])
    let after = judge(real)
    #expect(after.confidence > before.confidence + 0.2 && after.score > before.score + 1)
    let blank = judge(.zeros([10, 1, 28, 28]))
    #expect(blank.entropy == 0 && abs(blank.score - 1) < 1e-4)
  }
}

@Suite struct PairedComparisonTests {
  @Test func quantilesAreThoseOfTheTables() {
    // Two-sided 95 % and 99 % points of Student's t.
    let tables: [(Int, Double, Double)] = [
      (1, 12.706205, 63.656741), (2, 4.302653, 9.924843), (3, 3.182446, 5.840909), (4, 2.776445, 4.604095),
      (9, 2.262157, 3.249836), (10, 2.228139, 3.169273), (29, 2.045230, 2.756386), (100, 1.983972, 2.625891),
    ]
    for (degrees, middle, high) in tables {
      #expect(abs(studentQuantile(0.975, degreesOfFreedom: degrees) - middle) < 2e-6, "\(degrees)")
      #expect(abs(studentQuantile(0.995, degreesOfFreedom: degrees) - high) < 2e-6, "\(degrees)")
    }
  }

  @Test func pairsAreCompared() throws {
    let comparison = PairedComparison([1, 2, 3, 4], [2, 4, 4, 4])
    #expect(comparison.differences == [1, 2, 1, 0] && comparison.wins == 3)
    let spread = PairedComparison.Spread(comparison.differences)
    #expect(spread.mean == 1 && abs(spread.deviation - (2.0 / 3).squareRoot()) < 1e-12)
    let interval = try #require(comparison.interval())
    #expect(abs(interval.upperBound - (1 + 3.182446 * (2.0 / 3).squareRoot() / 2)) < 1e-5)
    #expect(abs(interval.lowerBound + interval.upperBound - 2) < 1e-12)
    #expect(PairedComparison([1], [3]).interval() == nil)
  }
}

@Suite struct FineTuningTests {
  @Test func labelsAreChosenEvenly() throws {
    let targets = (0..<200).map { $0 % 7 }
    let places = try #require(FineTuning.choose(5, of: targets, classCount: 7, seed: 1))
    #expect(Set(places).count == 35)
    #expect((0..<7).allSatisfy { digit in places.filter { targets[$0] == digit }.count == 5 })
    #expect(FineTuning.choose(5, of: targets, classCount: 7, seed: 1) == places)
    #expect(FineTuning.choose(5, of: targets, classCount: 7, seed: 2) != places)
    #expect(FineTuning.choose(29, of: targets, classCount: 7, seed: 1) == nil)
    #expect(FineTuning.choose(1, of: targets, classCount: 8, seed: 1) == nil)
  }

  @Test func beginningsDifferInTheEncoderAlone() throws {
    let digits = SyntheticDigits.dataset(count: 120, seed: 3)
    let places = try #require(FineTuning.choose(3, of: digits.targets, classCount: 10, seed: 1))
    let labelled = digits.subset(places)
    // The encoder that the seed itself would give: both ways are then the same run, to the bit.
    let own = try #require(withSeed(9) { DenoisingAutoencoder.classifier() }[0] as? Sequential)
    FineTuning.measure(own, digits)
    var tuning = FineTuning(steps: 3, batchSize: 16)
    let scratch = try tuning.accuracy(encoder: nil, labelled: labelled, unlabelled: digits, test: digits, seed: 9)
    #expect(
      try tuning.accuracy(encoder: own.stateDictionary, labelled: labelled, unlabelled: digits, test: digits, seed: 9)
        == scratch)
    // An encoder that learns at a rate of 0 is a frozen one.
    tuning.encoderLearningRate = 0
    let still = try tuning.accuracy(encoder: nil, labelled: labelled, unlabelled: digits, test: digits, seed: 9)
    tuning.freezesEncoder = true
    #expect(
      try tuning.accuracy(encoder: nil, labelled: labelled, unlabelled: digits, test: digits, seed: 9) == still)
    // With a frozen encoder something is learned too.
    tuning.freezesEncoder = true
    tuning.steps = 60
    tuning.learningRate = 1e-2
    let frozen = try tuning.accuracy(
      encoder: own.stateDictionary, labelled: labelled, unlabelled: digits, test: labelled, seed: 9)
    #expect(frozen > 0.3)
    let cancellation = Cancellation()
    cancellation.cancel()
    #expect(throws: CancellationError.self) {
      try tuning.accuracy(
        encoder: nil, labelled: labelled, unlabelled: digits, test: digits, seed: 9, cancellation: cancellation)
    }
    var other = StateDictionary<Float>()
    other["0.weight"] = .tensor(.zeros([1]))
    #expect(throws: StateMismatch.self) {
      try tuning.accuracy(encoder: other, labelled: labelled, unlabelled: digits, test: digits, seed: 9)
    }
  }
}
