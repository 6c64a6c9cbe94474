import Apus
import Testing

@Suite struct GoldenInitializers {
  static let run: Set<String> = [
    "xavier_uniform", "xavier_normal", "kaiming_uniform", "kaiming_normal", "orthogonal",
  ]

  @Test func everyCaseIsKnown() {
    expectEveryCaseIsKnown("init", run: Self.run, outOfSlice: [:])
  }

  @Test(arguments: GoldenFile.all("init"))
  func initializers(_ file: GoldenFile) {
    let shape = Shape(file.integers("shape"))
    var generator = Random(seed: 17)
    if file.op == "orthogonal" {
      let matrix: Tensor<Double> = Initializer.orthogonal(gain: file.number("gain"))(shape, using: &generator)
      let flat = matrix.reshaped([shape[0], shape.elementCount / shape[0]])
      let transposed = flat.transposed(0, 1)
      let gram = file.string("gram_of") == "rows" ? matmul(flat, transposed) : matmul(transposed, flat)
      file.expect(gram, "output.0")
      return
    }
    let initializer = self.initializer(file)
    #expect(Initializer.fans(shape).in == file.integer("fan_in"))
    #expect(Initializer.fans(shape).out == file.integer("fan_out"))
    file.expect(Tensor<Double>(initializer.standardDeviation(shape)!), "output.0")
    let isUniform = file.tensors["output.1"] != nil
    #expect((initializer.bound(shape) != nil) == isUniform)
    if let bound = initializer.bound(shape) { file.expect(Tensor<Double>(bound), "output.1") }
    sample(initializer, shape, file)
  }

  private func initializer(_ file: GoldenFile) -> Initializer {
    if file.op.hasPrefix("xavier") {
      let gain = file.number("gain")
      return file.op == "xavier_uniform" ? .xavierUniform(gain: gain) : .xavierNormal(gain: gain)
    }
    let fan: Initializer.Fan = file.string("mode") == "fan_in" ? .in : .out
    let nonlinearity: Initializer.Nonlinearity =
      switch file.string("nonlinearity") {
      case "relu": .relu
      case "tanh": .tanh
      case "sigmoid": .sigmoid
      case "linear": .linear
      case "selu": .selu
      case "leaky_relu": .leakyReLU(slope: file.number("a"))
      case let name: fatalError("\(file.testDescription): nonlinearity \(name)")
      }
    #expect(abs(nonlinearity.gain - file.number("gain")) < 1e-12)
    return file.op == "kaiming_uniform"
      ? .kaimingUniform(fan: fan, nonlinearity: nonlinearity) : .kaimingNormal(fan: fan, nonlinearity: nonlinearity)
  }

  /// Draws 200 tensors and holds mean, standard deviation and bound of the numbers against the rule: within five
  /// standard errors, which a right generator misses once in a million.
  private func sample(_ initializer: Initializer, _ shape: Shape, _ file: GoldenFile) {
    var generator = Random(seed: 5)
    var numbers: [Double] = []
    for _ in 0..<200 {
      let tensor: Tensor<Double> = initializer(shape, using: &generator)
      #expect(tensor.shape == shape)
      numbers += tensor.scalars
    }
    let count = Double(numbers.count)
    let expected = file.number("std")
    let mean = numbers.reduce(0, +) / count
    let variance = numbers.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
    #expect(abs(mean) < 5 * expected / count.squareRoot())
    #expect(abs(variance.squareRoot() - expected) < 5 * expected / (2 * count).squareRoot())
    if let bound = initializer.bound(shape) {
      #expect(numbers.allSatisfy { abs($0) <= bound })
      #expect(numbers.contains { $0 > 0.99 * bound } && numbers.contains { $0 < -0.99 * bound })
    }
  }
}
