/// One differentiable operation with inputs to check it at.
public struct GradientCheckEntry: Sendable {
  /// The case's name; it begins with the name under which the operation is recorded: `conv2d, stride 2`.
  public let name: String
  private let inputs: @Sendable (inout Random) -> [Tensor<Double>]
  private let function: @Sendable ([Tensor<Double>]) -> Tensor<Double>

  /// An entry of a registry.
  ///
  /// - Parameters:
  ///   - name: The case's name.
  ///   - inputs: Makes inputs; away from kinks where that is easy.
  ///   - function: The operation; deterministic.
  public init(
    _ name: String, inputs: @escaping @Sendable (inout Random) -> [Tensor<Double>],
    _ function: @escaping @Sendable ([Tensor<Double>]) -> Tensor<Double>
  ) {
    self.name = name
    self.inputs = inputs
    self.function = function
  }

  /// An entry whose inputs are normally distributed, of the given shapes.
  public init(
    _ name: String, _ shapes: Shape..., function: @escaping @Sendable ([Tensor<Double>]) -> Tensor<Double>
  ) {
    self.init(name, inputs: { random in shapes.map { Tensor.normal($0, using: &random) } }, function)
  }

  /// Checks the operation's gradients.
  public func check(settings: GradientCheckSettings = GradientCheckSettings()) -> GradientCheckReport {
    var random = Random(seed: settings.seed &+ 1)
    return gradientCheck(name, inputs(&random), settings: settings, function)
  }
}

/// Every differentiable operation on tensors, with a gradient check of its own.
///
/// A test holds the names of the operations that are recorded against these entries: an operation that is not here
/// fails it.
public enum GradientCheckRegistry {
  /// The operations of this module.
  public static let tensorOperations: [GradientCheckEntry] =
    elementwise + arithmetic + reductions + products + rearrangements + selections + imageOperations
    + imageSizes + normalizations + sequences

  /// Numbers in `low` … `high`.
  private static func uniform(_ shape: Shape, _ low: Double, _ high: Double)
    -> @Sendable (inout Random) -> [Tensor<Double>]
  {
    { random in [.uniform(shape, low, high, using: &random)] }
  }

  private static let elementwise: [GradientCheckEntry] = [
    GradientCheckEntry("abs", [3, 4]) { $0[0].abs() },
    GradientCheckEntry("negate", [3, 4]) { -$0[0] },
    GradientCheckEntry("square", [3, 4]) { $0[0].square() },
    GradientCheckEntry("sqrt", inputs: uniform([3, 4], 0.2, 3)) { $0[0].sqrt() },
    GradientCheckEntry("rsqrt", inputs: uniform([3, 4], 0.2, 3)) { $0[0].rsqrt() },
    GradientCheckEntry("reciprocal", inputs: uniform([3, 4], 0.2, 3)) { $0[0].reciprocal() },
    GradientCheckEntry("exp", [3, 4]) { $0[0].exp() },
    GradientCheckEntry("expm1", [3, 4]) { $0[0].expm1() },
    GradientCheckEntry("log", inputs: uniform([3, 4], 0.2, 3)) { $0[0].log() },
    GradientCheckEntry("log1p", inputs: uniform([3, 4], -0.5, 3)) { $0[0].log1p() },
    GradientCheckEntry("sin", [3, 4]) { $0[0].sin() },
    GradientCheckEntry("cos", [3, 4]) { $0[0].cos() },
    GradientCheckEntry("tanh", [3, 4]) { $0[0].tanh() },
    GradientCheckEntry("sigmoid", [3, 4]) { $0[0].sigmoid() },
    GradientCheckEntry("erf", [3, 4]) { $0[0].erf() },
    GradientCheckEntry("powScalar", inputs: uniform([3, 4], 0.2, 3)) { $0[0].pow(2.5) },
    GradientCheckEntry("powScalar, negative base", [3, 4]) { $0[0].pow(3) },
    GradientCheckEntry("clamp", [3, 4]) { $0[0].clamp(min: -0.5, max: 1) },
    GradientCheckEntry("relu", [3, 4]) { $0[0].relu() },
    GradientCheckEntry("leakyRelu", [3, 4]) { $0[0].leakyRelu(negativeSlope: 0.2) },
    GradientCheckEntry("elu", [3, 4]) { $0[0].elu(alpha: 0.7) },
    GradientCheckEntry("selu", [3, 4]) { $0[0].selu() },
    GradientCheckEntry("gelu", [3, 4]) { $0[0].gelu() },
    GradientCheckEntry("geluTanh", [3, 4]) { $0[0].gelu(approximate: .tanh) },
    GradientCheckEntry("silu", [3, 4]) { $0[0].silu() },
    GradientCheckEntry("mish", [3, 4]) { $0[0].mish() },
    GradientCheckEntry("softplus", [3, 4]) { $0[0].softplus(beta: 2, threshold: 3) },
    GradientCheckEntry("hardSigmoid", inputs: uniform([3, 4], -4, 4)) { $0[0].hardSigmoid() },
    GradientCheckEntry("hardSwish", inputs: uniform([3, 4], -4, 4)) { $0[0].hardSwish() },
    GradientCheckEntry("logSigmoid", [3, 4]) { $0[0].logSigmoid() },
  ]

  private static let arithmetic: [GradientCheckEntry] = [
    GradientCheckEntry("add", [3, 4], [3, 4]) { $0[0] + $0[1] },
    GradientCheckEntry("add, broadcast", [2, 1, 4], [3, 1]) { $0[0] + $0[1] },
    GradientCheckEntry("subtract", [3, 4], [4]) { $0[0] - $0[1] },
    GradientCheckEntry("multiply", [3, 4], [3, 4]) { $0[0] * $0[1] },
    GradientCheckEntry("multiply, broadcast", [3, 1], [2, 1, 4]) { $0[0] * $0[1] },
    GradientCheckEntry("multiply, by itself", [3, 4]) { $0[0] * $0[0] },
    GradientCheckEntry(
      "divide", inputs: { [.normal([3, 4], using: &$0), .uniform([3, 1], 0.5, 2, using: &$0)] }
    ) { $0[0] / $0[1] },
    GradientCheckEntry(
      "pow", inputs: { [.uniform([3, 4], 0.3, 2, using: &$0), .normal([4], using: &$0)] }
    ) { pow($0[0], $0[1]) },
    GradientCheckEntry("maximum", [3, 4], [3, 4]) { maximum($0[0], $0[1]) },
    GradientCheckEntry("minimum", [3, 4], [4]) { minimum($0[0], $0[1]) },
    GradientCheckEntry("addScalar", [3, 4]) { $0[0] + 2 },
    GradientCheckEntry("scalarSubtract", [3, 4]) { 2 - $0[0] },
    GradientCheckEntry("multiplyScalar", [3, 4]) { $0[0] * 3 },
    GradientCheckEntry("divideScalar", [3, 4]) { $0[0] / 3 },
    GradientCheckEntry("scalarDivide", inputs: uniform([3, 4], 0.5, 2)) { 3 / $0[0] },
  ]

  private static let reductions: [GradientCheckEntry] = [
    GradientCheckEntry("sum", [2, 3, 4]) { $0[0].sum(dims: [0, 2]) },
    GradientCheckEntry("sum, everything", [2, 3]) { $0[0].sum() },
    GradientCheckEntry("mean", [2, 3, 4]) { $0[0].mean(dims: [1], keepDim: true) },
    GradientCheckEntry("max", [2, 3, 4]) { $0[0].max(dim: 1) },
    GradientCheckEntry("min", [2, 3, 4]) { $0[0].min(dims: [0, 2]) },
    GradientCheckEntry("prod", [2, 3, 4]) { $0[0].prod(dim: 2) },
    GradientCheckEntry("prod, zeros", inputs: { _ in [Tensor([1, 0, 3, 0, 0, 2], shape: [2, 3])] }) {
      $0[0].prod(dim: 1)
    },
    GradientCheckEntry("variance", [2, 3, 4]) { $0[0].variance(dims: [0, 2]) },
    GradientCheckEntry("variance, std", [2, 3, 4]) { $0[0].std(dim: 1, correction: 0) },
    GradientCheckEntry("logSumExp", [2, 3, 4]) { $0[0].logSumExp(dim: 1) },
    GradientCheckEntry("norm", [2, 3, 4]) { $0[0].norm(dim: 2) },
    GradientCheckEntry("norm, p = 1", [2, 3, 4]) { $0[0].norm(1, dim: 0) },
    GradientCheckEntry("norm, p = 3", [2, 3, 4]) { $0[0].norm(3, dims: [0, 2]) },
    GradientCheckEntry("norm, p = ∞", [2, 3, 4]) { $0[0].norm(.infinity, dim: 1) },
    GradientCheckEntry("cumsum", [2, 3, 4]) { $0[0].cumsum(1) },
    GradientCheckEntry("softmax", [2, 3, 4]) { softmax($0[0], dim: 1) },
    GradientCheckEntry("logSoftmax", [2, 3, 4]) { logSoftmax($0[0], dim: -1) },
  ]

  private static let products: [GradientCheckEntry] = [
    GradientCheckEntry("matmul", [3, 4], [4, 5]) { matmul($0[0], $0[1]) },
    GradientCheckEntry("matmul, vectors", [4], [4]) { matmul($0[0], $0[1]) },
    GradientCheckEntry("matmul, batches", [2, 3, 4], [2, 4, 2]) { matmul($0[0], $0[1]) },
    GradientCheckEntry("matmul, one matrix for all batches", [2, 3, 4], [4, 2]) { matmul($0[0], $0[1]) },
    GradientCheckEntry("matmul, batches broadcast", [2, 1, 3, 4], [3, 4, 2]) { matmul($0[0], $0[1]) },
    GradientCheckEntry("matmul, transposed", [4, 3], [5, 4]) { matmul($0[0].transposed(), $0[1].transposed()) },
    GradientCheckEntry("linear", [3, 4], [5, 4], [5]) { linear($0[0], $0[1], $0[2]) },
    GradientCheckEntry("rectifiedLinear", [3, 4], [5, 4], [5]) { rectifiedLinear($0[0], $0[1], $0[2]) },
    GradientCheckEntry("linear, sequence", [2, 3, 4], [2, 4]) { linear($0[0], $0[1]) },
  ]

  private static let rearrangements: [GradientCheckEntry] = [
    GradientCheckEntry("reshaped", [2, 6]) { $0[0].reshaped(3, -1) },
    GradientCheckEntry("permuted", [2, 3, 4]) { $0[0].permuted(2, 0, 1) },
    GradientCheckEntry("transposed", [2, 3, 4]) { $0[0].transposed(0, 2) },
    GradientCheckEntry("contiguous", [2, 3]) { $0[0].transposed().contiguous() },
    GradientCheckEntry("expanded", [3, 1]) { $0[0].expanded([2, 3, 4]) },
    GradientCheckEntry("slice", [4, 5, 2]) { $0[0][1..<4, .every(2)] },
    GradientCheckEntry("slice, of a view", [4, 5]) { $0[0].transposed()[-1, .newAxis, 1...] },
    GradientCheckEntry("concatenated", [2, 3], [2, 2]) { concatenated($0, dim: 1) },
    GradientCheckEntry("concatenated, stacked", [2, 3], [2, 3]) { stacked($0, dim: -1) },
    GradientCheckEntry("slice, split", [5, 2]) { x in
      let parts = x[0].split(2)
      return parts[0] * parts[1] + parts[2]
    },
    GradientCheckEntry("padded, constant", [2, 3]) { $0[0].padded([1, 2, 0, 1], mode: .constant(3)) },
    GradientCheckEntry("padded, reflect", [3, 4]) { $0[0].padded([2, 3, 1, 0], mode: .reflect) },
    GradientCheckEntry("padded, replicate", [3, 4]) { $0[0].padded([2, 5], mode: .replicate) },
    GradientCheckEntry("padded, circular", [3, 4]) { $0[0].padded([2, 3], mode: .circular) },
    GradientCheckEntry("repeated", [2, 3]) { $0[0].repeated([2, 1, 3]) },
    GradientCheckEntry("flipped", [2, 3, 4]) { $0[0].flipped([0, -1]) },
  ]

  private static let selections: [GradientCheckEntry] = [
    GradientCheckEntry("gathered", [3, 4]) { $0[0].gathered(1, IndexTensor([0, 3, 3, 1, 2, 0], shape: [3, 2])) },
    GradientCheckEntry("indexSelect", [3, 4, 2]) { $0[0].indexSelect(1, [3, 0, 3]) },
    GradientCheckEntry("embedding", [5, 3]) { embedding([4, 0, 4, 1], $0[0]) },
    GradientCheckEntry("select", [3, 4], [4]) { x in
      select(where: Tensor([1, 0, 0, 1, 1, 0, 1, 0, 1, 0, 0, 0], shape: [3, 4]), x[0], x[1])
    },
    GradientCheckEntry("select, tril", [2, 4, 3]) { $0[0].tril(-1) },
    GradientCheckEntry("select, maskedFill", [2, 3]) { $0[0].maskedFill(IndexTensor([0, 1, 0]), 7) },
  ]

  private static let imageOperations: [GradientCheckEntry] = [
    GradientCheckEntry("conv2d", [2, 2, 5, 5], [3, 2, 3, 3], [3]) { conv2d($0[0], $0[1], $0[2]) },
    GradientCheckEntry("conv2d, everything", [2, 4, 7, 6], [6, 2, 3, 2]) {
      conv2d($0[0], $0[1], stride: (2, 1), padding: (2, 1), dilation: (1, 2), groups: 2)
    },
    GradientCheckEntry("conv2d, 1×1", [2, 3, 4, 4], [2, 3, 1, 1], [2]) { conv2d($0[0], $0[1], $0[2]) },
    GradientCheckEntry("rectifiedPooledConv2d", [2, 2, 6, 7], [3, 2, 3, 2], [3]) {
      rectifiedPooledConv2d($0[0], $0[1], $0[2])
    },
    GradientCheckEntry("rectifiedPooledConv2d, everything", [2, 4, 9, 8], [6, 2, 3, 2]) {
      rectifiedPooledConv2d($0[0], $0[1], stride: (2, 1), padding: (2, 1), dilation: (1, 2), groups: 2)
    },
    GradientCheckEntry("maxPool2d", [2, 2, 6, 6]) { maxPool2d($0[0], 2) },
    GradientCheckEntry("maxPool2d, overlapping", [1, 2, 7, 7]) { maxPool2d($0[0], 3, stride: 2, padding: 1) },
    GradientCheckEntry("avgPool2d", [2, 2, 6, 6]) { avgPool2d($0[0], 2) },
    GradientCheckEntry("avgPool2d, padding left out", [1, 2, 5, 6]) {
      avgPool2d($0[0], 3, stride: 2, padding: 1, countIncludePad: false)
    },
    GradientCheckEntry("batchNorm", [4, 3, 2, 2], [3], [3]) { batchNorm($0[0], $0[1], $0[2]) },
    GradientCheckEntry("batchNorm, given moments", [4, 3], [3], [3]) {
      batchNorm($0[0], $0[1], $0[2], moments: (Tensor([0.1, -0.2, 0.3]), Tensor([0.5, 1, 2])))
    },
    GradientCheckEntry("dropout", [4, 5]) { x in
      var random = Random(seed: 5)
      return dropout(x[0], probability: 0.4, using: &random)
    },
  ]
}
