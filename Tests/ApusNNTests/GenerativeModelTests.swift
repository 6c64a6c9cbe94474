import ApusData
import ApusTensor
import Foundation
import Testing

@testable import ApusNN

@Suite struct VariationalTests {
  @Test func theDivergenceIsThatOfTheFormula() {
    // Worked out by hand: ½ (μ² + σ² − log σ² − 1) for each number, added up for each code.
    let mean = Tensor<Double>([0, 1, -2, 0.5], shape: [2, 2])
    let logVariance = Tensor<Double>([0, log(4), log(0.25), -1], shape: [2, 2])
    let first = 0.5 * (1 + 4 - log(4) - 1)
    let parting: Double = 4 + 0.25 - log(0.25) - 1
    let second: Double = 0.5 * parting + 0.5 * (0.25 + exp(-1))
    let parts = standardNormalDivergence(mean: mean, logVariance: logVariance, reduction: .none).scalars
    #expect(abs(parts[0] - first) < 1e-12 && abs(parts[1] - second) < 1e-12)
    let sum = standardNormalDivergence(mean: mean, logVariance: logVariance, reduction: .sum).item
    #expect(abs(sum - first - second) < 1e-12)
    #expect(abs(standardNormalDivergence(mean: mean, logVariance: logVariance).item - sum / 2) < 1e-12)
    #expect(standardNormalDivergence(mean: Tensor<Float>.zeros([3, 4]), logVariance: .zeros([3, 4])).item == 0)
  }

  @Test func theDivergenceIsThatOfDraws() {
    // KL = E[log q − log p], estimated over draws of q.
    let (mean, deviation) = (0.8, 0.6)
    var random = Random(seed: 1)
    var sum = 0.0
    let count = 200_000
    for _ in 0..<count {
      let noise = random.normal()
      let x = mean + deviation * noise
      sum += (-log(deviation) - noise * noise / 2) - (-x * x / 2)
    }
    let exact = standardNormalDivergence(
      mean: Tensor<Double>([mean], shape: [1, 1]), logVariance: Tensor([2 * log(deviation)], shape: [1, 1])
    ).item
    #expect(abs(sum / Double(count) - exact) < 0.01)
  }

  @Test func drawsHaveTheirMeanAndDeviationAndGradients() {
    var random = Random(seed: 2)
    let noise = Tensor<Double>.normal([20_000, 1], using: &random)
    let mean = Tensor<Double>.full([20_000, 1], 3).requiringGradient()
    let logVariance = Tensor<Double>.full([20_000, 1], 2 * log(0.5)).requiringGradient()
    let draws = reparameterized(mean: mean, logVariance: logVariance, noise: noise)
    #expect(abs(draws.detached().mean().item - 3) < 0.02 && abs(draws.detached().std().item - 0.5) < 0.02)
    draws.sum().backward()
    #expect(mean.gradient!.scalars.allSatisfy { $0 == 1 })
    // ∂/∂l = ½ σ ε.
    for (gradient, noise) in zip(logVariance.gradient!.scalars, noise.scalars) {
      #expect(abs(gradient - 0.25 * noise) < 1e-12)
    }
  }

  @Test func theLossIsTheBoundAndItsGradientIsRight() {
    typealias L = Layers<Double>
    let entry = GradientCheckEntry(
      "VariationalAutoencoder", inputs: [[2, 3]],
      {
        L.VariationalAutoencoder(
          encoder: L.Sequential { L.Linear(9, 6) }, decoder: L.Sequential { L.Linear(3, 9) },
          latentSize: 3)
      }
    ) { model, inputs in
      var random = Random(seed: 3)
      let images = Tensor<Double>.uniform([2, 9], using: &random)
      return model.loss(images, noise: inputs[0], beta: 0.7).total
    }
    let report = entry.check()
    #expect(report.passed, "\(report)")

    let model = withSeed(4) { VariationalAutoencoder(latentSize: 5, channels: (2, 3)) }
    var random = Random(seed: 5)
    let images = Tensor<Float>.uniform([3, 1, 28, 28], using: &random)
    let parts = model.loss(images, noise: .zeros([3, 5]), beta: 2)
    #expect(abs(parts.total.item - parts.reconstruction.item - 2 * parts.divergence.item) < 1e-3)
    // Without noise the code is the mean, so this is the cross-entropy of what the model itself gives.
    let expected = binaryCrossEntropy(model(images).detached().sigmoid(), images, reduction: .sum).item / 3
    #expect(abs(parts.reconstruction.item - expected) < 0.01)
    #expect(model.encode(images).mean.shape == [3, 5] && model(images).shape == [3, 1, 28, 28])
  }

  @Test func crossEntropyInPassesIsThatOfEachElement() {
    // With a factor of 1 for the yes part the elements are taken one by one; without, in passes.
    var random = Random(seed: 6)
    let scores = Tensor<Double>.normal([4, 5], 0, 3, using: &random)
    let extremes = Tensor<Double>([0, 800, -800, 40, -40, 1e-9], shape: [2, 3])
    for (x, weight) in [(scores, Tensor<Double>([1, 2, 3, 0.5, 0])), (extremes, Tensor([1, 0.1, 3]))] {
      let y = Tensor<Double>.uniform(x.shape, using: &random)
      for reduction in [Reduction.mean, .sum, .none] {
        let (a, b) = (x.detached().requiringGradient(), x.detached().requiringGradient())
        let (ya, yb) = (y.detached().requiringGradient(), y.detached().requiringGradient())
        let quick = binaryCrossEntropyWithLogits(a, ya, weight: weight, reduction: reduction)
        let slow = binaryCrossEntropyWithLogits(
          b, yb, weight: weight, positiveWeight: .ones([x.shape[1]]), reduction: reduction)
        #expect(quick.isClose(to: slow, relativeTolerance: 1e-12, absoluteTolerance: 1e-12))
        quick.sum().backward()
        slow.sum().backward()
        #expect(a.gradient!.isClose(to: b.gradient!, relativeTolerance: 1e-12, absoluteTolerance: 1e-12))
        #expect(ya.gradient!.isClose(to: yb.gradient!, relativeTolerance: 1e-12, absoluteTolerance: 1e-12))
      }
    }
  }
}

@Suite struct ImageGeneratorTests {
  private static func path(_ name: String) -> String {
    NSTemporaryDirectory() + "apus-\(name)-\(UInt64.random(in: 0 ... .max)).safetensors"
  }

  @Test func modelsAreSavedAndUsedAgain() throws {
    let path = Self.path("generator")
    defer { try? FileManager.default.removeItem(atPath: path) }
    var random = Random(seed: 1)
    let vae = withSeed(1) { VariationalAutoencoder(latentSize: 4, channels: (2, 3)) }
    try vae.save(path)
    let drawn = try ImageGenerator(path: path)
    #expect(drawn.kind == .vae && drawn.latentSize == 4 && drawn.imageShape == [1, 28, 28])
    let codes = Tensor<Float>.normal([3, 4], using: &random)
    #expect(drawn(codes).scalars == ImageGenerator(vae)(codes).scalars)
    #expect(drawn(codes).isClose(to: vae.decode(codes).detached().sigmoid()))

    let dcgan = withSeed(2) { DCGAN(latentSize: 6, channels: (3, 2)) }
    // A pass in training, so that there are running statistics to keep.
    _ = dcgan(Tensor<Float>.normal([8, 6], using: &random))
    try dcgan.save(path)
    let made = try ImageGenerator(path: path)
    #expect(made.kind == .dcgan && made.latentSize == 6)
    let many = Tensor<Float>.normal([300, 6], using: &random)
    let images = made(many)
    #expect(images.shape == [300, 1, 28, 28] && images.scalars.allSatisfy { (0...1).contains($0) })
    // An image depends on its own code alone, however many are made at once.
    #expect(made(many.narrowed(0, from: 299, length: 1)).isClose(to: images.narrowed(0, from: 299, length: 1)))
    // The model at hand keeps its mode.
    #expect(ImageGenerator(dcgan)(many).isClose(to: images))
    let norms = dcgan.generator.modules.compactMap { $0 as? BatchNorm2d }
    #expect(norms.count == 2 && norms.allSatisfy(\.isTraining))
  }

  @Test func weightsBeginAsThePaperHasThem() {
    let model = withSeed(3) { DCGAN() }
    for (name, parameter) in model.namedParameters {
      let values = parameter.value.detached()
      if name.hasSuffix("bias") {
        #expect(values.scalars.allSatisfy { $0 == 0 }, "\(name)")
      } else {
        let (mean, deviation) = (values.mean().item, values.std().item)
        #expect(abs(mean - (values.rank == 1 ? 1 : 0)) < 0.01 && abs(deviation - 0.02) < 0.006, "\(name)")
      }
    }
  }

  @Test func filesThatAreNotWhatTheySayAreRefused() throws {
    let path = Self.path("hostile")
    defer { try? FileManager.default.removeItem(atPath: path) }
    try withSeed(1) { VariationalAutoencoder(latentSize: 4, channels: (2, 3)) }.save(path)
    let good = try Safetensors(path: path)
    let decoder = try #require(good.metadata["apus.architecture.decoder"])
    let encoder = try #require(good.metadata["apus.architecture.encoder"])
    let changes: [(String, String, String?, String)] = [
      ("no kind", "apus.kind", nil, "makes no images"),
      ("another kind", "apus.kind", "dcgan", "apus.architecture.generator"),
      ("a strange kind", "apus.kind", "llm", "makes no images"),
      ("no size", "apus.latent_size", nil, "apus.latent_size"),
      ("size 0", "apus.latent_size", "0", "apus.latent_size"),
      ("a large size", "apus.latent_size", "99999999999999999999", "apus.latent_size"),
      ("another size", "apus.latent_size", "5", "does not fit"),
      ("no decoder", "apus.architecture.decoder", nil, "apus.architecture.decoder"),
      ("nonsense", "apus.architecture.decoder", "Sequential(Linear(", "offset"),
      ("too many parameters", "apus.architecture.decoder", "Sequential(Linear(4, 100000000))", "parameters"),
      ("no images", "apus.architecture.decoder", "Sequential(Linear(4, 147))", "does not fit"),
      (
        "huge images", "apus.architecture.decoder",
        decoder.replacingOccurrences(of: "stride: 2", with: "stride: 100000"), "too large"
      ),
      (
        "not what follows", "apus.architecture.decoder",
        decoder.replacingOccurrences(of: "Unflatten([3, 7, 7])", with: "Unflatten([147])"), "does not fit"
      ),
      (
        "another cut", "apus.architecture.decoder",
        decoder.replacingOccurrences(of: "[3, 7, 7]", with: "[3, 7, 7000000000000000000]"), "extents"
      ),
      ("an encoder of decoders", "apus.architecture.encoder", decoder, "the state does not fit"),
      ("an encoder cut off", "apus.architecture.encoder", "Sequential()", "unexpected"),
    ]
    for (name, key, value, words) in changes {
      var file = good
      file.metadata[key] = value
      try file.write(to: path)
      do {
        _ = try ImageGenerator(path: path)
        Issue.record("\(name) was accepted")
      } catch {
        #expect("\(error)".contains(words) || words == "offset", "\(name): \(error)")
      }
    }
    var more = good
    more.set("stranger", Tensor<Float>.zeros([3]))
    try more.write(to: path)
    #expect(throws: ModelFileError.self) { try ImageGenerator(path: path) }
    #expect(!encoder.isEmpty)
  }

  @Test func theWayBetweenCodesIsAnArc() {
    var random = Random(seed: 7)
    let (a, b) = (Tensor<Float>.normal([64], using: &random), Tensor<Float>.normal([64], using: &random))
    #expect(ImageGenerator.between(a, b, 0).isClose(to: a) && ImageGenerator.between(a, b, 1).isClose(to: b))
    let right = ImageGenerator.between(Tensor([3, 0]), Tensor([0, 3]), 0.5)
    #expect(right.isClose(to: Tensor([Float(4.5).squareRoot(), Float(4.5).squareRoot()])))
    // Where there is no arc, the way is straight.
    #expect(ImageGenerator.between(Tensor([1, 0]), Tensor([-1, 0]), 0.25).isClose(to: Tensor([0.5, 0])))
    #expect(ImageGenerator.between(Tensor([0, 0]), Tensor([2, 2]), 0.5).isClose(to: Tensor([1, 1])))
  }
}
