import ApusCompute
import ApusData
import ApusTensor
import Testing

@testable import ApusNN

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

@Suite(.serialized) struct QuantizedPlanTests {
  private func images(_ count: Int, _ shape: Shape = [1, 28, 28], seed: UInt64 = 4) -> Tensor<Float> {
    var random = Random(seed: seed)
    return .uniform(Shape([count] + Array(shape)), -0.4, 2.8, using: &random)
  }

  /// The largest difference from the model, in units of its largest result.
  private func error(_ model: Sequential, _ plan: QuantizedPlan, _ inputs: Tensor<Float>) -> Float {
    let expected = withoutGradients { model(inputs) }.scalars
    let scale = expected.reduce(0) { max($0, $1.magnitude) }
    return zip(plan(inputs).scalars, expected).reduce(0) { max($0, ($1.0 - $1.1).magnitude) } / scale
  }

  @Test(arguments: SwiftSourceTests.planned) func zooModelsStayClose(_ zoo: ModelZoo) throws {
    let model = withSeed(3) { zoo.make() }.eval()
    let plan = try QuantizedPlan(model, inputShape: [1, 28, 28], calibratedWith: images(64))
    #expect(error(model, plan, images(20, seed: 5)) < 0.06)
    #expect(plan.outputShape == [10])
  }

  @Test func everyKindOfLayer() throws {
    let layers = withSeed(8) {
      Sequential {
        Conv2d(2, 6, kernelSize: 3, padding: 1, bias: false); BatchNorm2d(6); ReLU(); MaxPool2d(2)
        Conv2d(6, 8, kernelSize: 3, stride: 2, padding: 1, groups: 2)
        Tanh()
        Sequential {
          Dropout2d(); Flatten(); Linear(8 * 3 * 3, 7); BatchNorm1d(7); Sigmoid()
        }
        Linear(7, 4); Softmax(dim: 1)
      }
    }
    var random = Random(seed: 5)
    for (_, module) in layers.namedModules {
      guard let layer = module as? Layers<Float>.BatchNorm else { continue }
      layer.runningMean?.value = .uniform([layer.features], -1, 1, using: &random)
      layer.runningVariance?.value = .uniform([layer.features], 0.5, 2, using: &random)
    }
    layers.eval()
    let inputs = images(40, [2, 12, 12])
    let plan = try QuantizedPlan(layers, inputShape: [2, 12, 12], calibratedWith: inputs)
    #expect(error(layers, plan, inputs) < 0.05)
  }

  @Test func resultsDependOnNothingElse() throws {
    let model = withSeed(3) { ModelZoo.cnn.make() }
    let inputs = images(40)
    let calibration = images(32)
    var reference: [Float] = []
    for set in InstructionSet.available {
      let plan = try InstructionSet.with(set) {
        // Calibration runs in floating point, which the kernel sets round differently.
        let scales = try InstructionSet.with(.baseline) {
          try QuantizedPlan(model, inputShape: [1, 28, 28], calibratedWith: calibration).quantization
        }
        return try QuantizedPlan(model, inputShape: [1, 28, 28], quantization: scales)
      }
      let whole = plan(inputs).scalars
      let parts = (0..<40).flatMap { plan(inputs[$0..<$0 + 1]).scalars }
      #expect(whole == parts, "\(set)")
      // Behind the last sum stands a log-softmax, the only part that rounds.
      if reference.isEmpty { reference = whole }
      #expect(zip(whole, reference).allSatisfy { ($0 - $1).magnitude < 1e-5 }, "\(set)")
    }
  }

  @Test func filesGiveTheSamePlan() throws {
    let path = "/tmp/apus-quantized-\(getpid()).safetensors"
    defer { unlink(path) }
    let model = withSeed(6) {
      Sequential {
        Conv2d(1, 4, kernelSize: 5, bias: false); BatchNorm2d(4); ReLU(); MaxPool2d(2); Flatten(); Linear(576, 10)
      }
    }
    let plan = try QuantizedPlan(model, inputShape: [1, 28, 28], calibratedWith: images(16))
    try plan.save(path, normalization: .mnist, metadata: ["note": "kept"])
    let file = try ModelFile(path: path)
    #expect(file.isQuantized && file.metadata["note"] == "kept" && file.normalization == .mnist)
    #expect(
      try file.architecture?.description
        == "Sequential(Conv2d(1, 4, kernelSize: 5), Identity(), ReLU(), MaxPool2d(2), Flatten(), Linear(576, 10))")
    let read = try file.makeQuantizedPlan(inputShape: [1, 28, 28])
    #expect(read.quantization == plan.quantization)
    #expect(read(images(9)).scalars == plan(images(9)).scalars)
    // What the bytes stand for is a model of its own, within half a step of the first.
    let float = try file.makeModel(inputShape: [1, 1, 28, 28])
    #expect(error(float, read, images(9)) < 0.05)
  }

  @Test func whatCannotBeQuantisedIsNamed() throws {
    let cases: [(Sequential, String)] = [
      (Sequential { Conv2d(1, 2, kernelSize: 3) }, "dense"),
      (
        Sequential {
          AvgPool2d(2); Flatten(); Linear(196, 2)
        }, "AvgPool2d"
      ),
      (
        Sequential {
          BatchNorm2d(1); Flatten(); Linear(784, 2)
        }, "BatchNorm"
      ),
      (
        Sequential {
          Flatten(); Softmax(dim: 1); Linear(784, 2)
        }, "Softmax"
      ),
      (
        Sequential {
          Linear(28, 3); Flatten(); Linear(84, 2)
        }, "Linear(28, 3)"
      ),
    ]
    for (model, word) in cases {
      let found = #expect(throws: InferencePlanError.self) {
        try QuantizedPlan(model, inputShape: [1, 28, 28], calibratedWith: images(2))
      }
      #expect(found?.description.contains(word) == true, "\(found.map(String.init(describing:)) ?? "")")
    }
  }

  @Test func rangesOfActivations() {
    var values = [Float](repeating: 0, count: 1000) + (0..<100_000).map { Float($0 % 1000) / 1000 }
    values.append(100)
    let histogram = ActivationHistogram(values)
    #expect(Calibration.minimumMaximum.range(of: histogram) == (0, 100))
    let percentile = Calibration.percentile(0.999).range(of: histogram)
    #expect(percentile.low == 0 && percentile.high < 2)
    let best = Calibration.meanSquare.range(of: histogram)
    #expect(best.low == 0 && best.high < 100)
    let activation = Quantization.Activation(covering: -1, 3)
    #expect(activation.zero == 64 && (activation.scale - 4 / 255).magnitude < 1e-6)
    #expect(Quantization.Activation(covering: 0, 0).scale == 1)
    #expect(Quantization.Activation(covering: 2, 3).zero == 0)
  }

  @Test func halfTheFile() throws {
    let path = "/tmp/apus-half-\(getpid()).safetensors"
    defer { unlink(path) }
    let model = withSeed(6) { ModelZoo.mlp.make() }
    try model.save(path, as: .float16)
    let contents = try Safetensors(path: path)
    #expect(contents.entries.allSatisfy { $0.elementType == .float16 })
    let read = try ModelFile(path: path).makeModel(inputShape: [1, 1, 28, 28])
    for (one, other) in zip(model.parameters, read.parameters) {
      for (a, b) in zip(one.value.scalars, other.value.scalars) {
        // Eleven bits of precision; below 2⁻¹⁴ steps of 2⁻²⁴.
        #expect((a - b).magnitude <= max(a.magnitude * 0x1p-11, 0x1p-25))
      }
    }
  }
}
