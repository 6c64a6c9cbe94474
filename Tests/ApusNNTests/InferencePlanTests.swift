import ApusCompute
import ApusTensor
import Testing

@testable import ApusNN

#if canImport(Glibc)
  import Glibc
#endif

@Suite struct InferencePlanTests {
  /// Batches that reach every way through a plan: one image, images one by one, a whole group, groups with few and many left over.
  static let batches = [1, 2, 5, 8, 16, 27, 32, 37, 64, 90]

  /// Gives normalisations statistics and parameters that are not the identity.
  func stir(_ model: Sequential) {
    var random = Random(seed: 5)
    for (_, module) in model.namedModules {
      guard let layer = module as? Layers<Float>.BatchNorm else { continue }
      let shape: Shape = [layer.features]
      layer.runningMean?.value = .uniform(shape, -1, 1, using: &random)
      layer.runningVariance?.value = .uniform(shape, 0.5, 2, using: &random)
      layer.weight?.value = .uniform(shape, 0.5, 2, using: &random)
      layer.bias?.value = .uniform(shape, -1, 1, using: &random)
    }
  }

  /// Holds a plan against the model's own forward pass.
  func check(
    _ model: Sequential, _ inputShape: Shape, batches: [Int] = Self.batches, tolerance: Float = 2e-6,
    location: SourceLocation = #_sourceLocation
  ) throws {
    stir(model)
    model.eval()
    let plan = try InferencePlan(model, inputShape: inputShape)
    var random = Random(seed: 9)
    for batch in batches {
      let input = Tensor<Float>.uniform(Shape([batch] + Array(inputShape)), -1, 1, using: &random)
      let expected = withoutGradients { model(input) }
      let result = plan(input)
      #expect(result.shape == expected.shape, sourceLocation: location)
      let scale = expected.scalars.reduce(0) { max($0, $1.magnitude) }
      let error = zip(result.scalars, expected.scalars).reduce(0) { max($0, ($1.0 - $1.1).magnitude) }
      #expect(error <= tolerance * scale, "batch \(batch): off by \(error) of \(scale)", sourceLocation: location)
    }
  }

  /// Plans know no recurrent layers.
  @Test(arguments: ModelZoo.allCases.filter { $0 != .rowLSTM }) func givesWhatTheModelGives(_ zoo: ModelZoo) throws {
    try check(withSeed(3) { zoo.make() }, [1, 28, 28], batches: [1, 3, 37])
  }

  @Test func oddConvolutions() throws {
    try withSeed(4) {
      let models: [Sequential] = [
        Sequential {
          Conv2d(3, 5, kernelSize: 3, stride: 2, padding: 1); ReLU()
        },
        Sequential { Conv2d(3, 17, kernelSize: (2, 3), stride: (1, 3), padding: .explicit(1, 0), dilation: (2, 1)) },
        Sequential {
          Conv2d(3, 6, kernelSize: 3, padding: 1, groups: 3); LeakyReLU(0.2); MaxPool2d(2)
        },
        Sequential {
          Conv2d(3, 33, kernelSize: 1, bias: false); AvgPool2d(3, stride: 2, padding: 1)
        },
        Sequential {
          Conv2d(3, 4, kernelSize: 4, padding: .same); MaxPool2d(3); ReLU(); Conv2d(4, 8, kernelSize: 2)
        },
        Sequential {
          MaxPool2d(3, stride: 2, padding: 1, ceilMode: true); Conv2d(3, 2, kernelSize: 2); Tanh()
        },
        Sequential {
          Conv2d(3, 4, kernelSize: 3); GlobalMaxPool2d(); Linear(4, 5)
        },
        Sequential {
          Conv2d(3, 4, kernelSize: 3); ReLU(); GlobalAvgPool2d()
        },
        Sequential {
          AvgPool2d(2, countIncludePad: false); MaxPool2d(2); Flatten(); Linear(3 * 2 * 3, 5)
        },
      ]
      for model in models { try check(model, [3, 9, 13]) }
    }
  }

  @Test func foldsNormalization() throws {
    try withSeed(6) {
      try check(
        Sequential {
          BatchNorm2d(2)
          Conv2d(2, 6, kernelSize: 3)
          BatchNorm2d(6)
          ReLU()
          MaxPool2d(2)
          BatchNorm2d(6)
          Flatten()
          Linear(54, 20, bias: false)
          BatchNorm1d(20)
          GELU()
          Linear(20, 4)
          Softmax()
        }, [2, 8, 8])
      try check(
        Sequential {
          Linear(5, 3); BatchNorm1d(7); Sigmoid(); Softmax(dim: -1)
        }, [7, 5])
    }
  }

  @Test func nestsAndDropsWhatDoesNothing() throws {
    try withSeed(7) {
      try check(
        Sequential {
          Flatten()
          Sequential {
            Linear(12, 9); Dropout(0.7); Identity(); ReLU()
          }
          ReLU()
          Linear(9, 40)
          LogSoftmax(dim: 1)
        }, [3, 4])
      try check(Sequential { Identity() }, [3], batches: [1, 33])
    }
  }

  @Test func givesTheSameBitsAtAnyNumberOfThreads() throws {
    let before = Threads.count
    defer { Threads.count = before }
    let model = withSeed(8) { ModelZoo.cnn.make() }
    var random = Random(seed: 1)
    let images = Tensor<Float>.uniform([45, 1, 28, 28], using: &random)
    let results = try [1, 2, 4].map { threads -> [Float] in
      Threads.count = threads
      let plan = try InferencePlan(model, inputShape: [1, 28, 28])
      let single = Tensor<Float>(Array(images.scalars.prefix(784)), shape: [1, 1, 28, 28])
      return plan(images).scalars + plan(single).scalars
    }
    #expect(results[0] == results[1] && results[0] == results[2])
    #expect(model.namedModules.allSatisfy { ($0.module as? any TrainingDependent)?.isTraining ?? true })
  }

  final class Chain: Module {
    let hidden = Linear(6, 5)
    let activation = ReLU()
    let output = Linear(5, 3)
    func callAsFunction(_ x: Tensor<Float>) -> Tensor<Float> { output(activation(hidden(x))) }
  }

  final class Residual: Module {
    let hidden = Linear(6, 6)
    func callAsFunction(_ x: Tensor<Float>) -> Tensor<Float> { x + hidden(x) }
  }

  @Test func watchesModulesOfOnesOwn() throws {
    let chain = withSeed(9) { Chain() }
    var random = Random(seed: 2)
    let input = Tensor<Float>.uniform([4, 6], -1, 1, using: &random)
    let expected = withoutGradients { chain(input) }.scalars
    let result = try InferencePlan(chain, inputShape: [6])(input).scalars
    #expect(zip(expected, result).allSatisfy { ($0 - $1).magnitude < 1e-6 })
    #expect(
      throws: InferencePlanError(layer: "Residual", reason: "it does more than call its layers one after the other")
    ) {
      try InferencePlan(withSeed(1) { Residual() }, inputShape: [6])
    }
  }

  @Test func namesTheLayerThatStandsInTheWay() {
    #expect(
      throws: InferencePlanError(layer: "Softmax(dim: 0)", reason: "along the batch it is no function of one input")
    ) {
      try InferencePlan(
        Sequential {
          Linear(3, 2); Softmax(dim: 0)
        }, inputShape: [3])
    }
    #expect(
      throws: InferencePlanError(
        layer: "BatchNorm1d(2, trackRunningStats: false)",
        reason: "without running statistics a result depends on the whole batch")
    ) {
      try InferencePlan(
        Sequential {
          Linear(3, 2); BatchNorm1d(2, trackRunningStats: false)
        }, inputShape: [3])
    }
    let error = #expect(throws: InferencePlanError.self) {
      try InferencePlan(
        Sequential {
          Linear(3, 2); Linear(3, 2)
        }, inputShape: [3])
    }
    #expect(error?.reason.contains("layer 1, Linear(3, 2)") == true)
  }

  #if canImport(Glibc)
    /// In a process of its own, where nobody else allocates.
    @Test func takesNothingFromThePool() async {
      await #expect(processExitsWith: .success) {
        // A member of the team that comes or goes would move the figure.
        Threads.count = 1
        let plan = try InferencePlan(withSeed(1) { ModelZoo.cnn.make() }, inputShape: [1, 28, 28])
        let input = UnsafeMutableBufferPointer<Float>.allocate(capacity: 40 * 784)
        let output = UnsafeMutableBufferPointer<Float>.allocate(capacity: 40 * 10)
        input.initialize(repeating: 0.25)
        output.initialize(repeating: 0)
        func predict(_ batch: Int) {
          plan.predict(
            into: UnsafeMutableBufferPointer(rebasing: output[..<(10 * batch)]),
            from: UnsafeBufferPointer(rebasing: input[..<(784 * batch)]))
        }
        predict(40)
        predict(1)
        let pool = BufferPool.statistics
        for _ in 0..<500 {
          predict(1)
          predict(2)
        }
        for _ in 0..<10 { predict(40) }
        guard BufferPool.statistics == pool else { fatalError("\(pool) became \(BufferPool.statistics)") }
      }
    }
  #endif
}
