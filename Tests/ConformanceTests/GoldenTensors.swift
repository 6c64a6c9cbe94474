import Apus
import Testing

/// Golden cases of the operations on tensors: outputs and gradients, in both scalar types.
@Suite struct GoldenTensors {
  /// What an operation returned: tensors, or integers where it has no derivative.
  enum Result<Scalar: ComputeScalar> {
    case tensors([Tensor<Scalar>])
    case indices(IndexTensor)
  }

  static let elementwiseRun: Set<String> = [
    "add", "sub", "mul", "div", "pow", "maximum", "minimum", "where", "sin", "cos", "tanh", "sigmoid", "relu", "selu",
    "silu", "mish", "hardsigmoid", "hardswish", "erf", "neg", "abs", "exp", "square", "log", "sqrt", "rsqrt",
    "leaky_relu", "elu", "gelu", "softplus", "clamp", "pow_scalar",
  ]
  static let linalgRun: Set<String> = ["matmul", "linear"]
  static let reduceRun: Set<String> = [
    "sum", "mean", "max", "min", "prod", "var", "std", "logsumexp", "norm", "argmax", "argmin", "cumsum", "softmax",
    "log_softmax",
  ]
  static let shapeRun: Set<String> = [
    "reshape", "permute", "transpose", "squeeze", "unsqueeze", "expand", "slice", "cat", "stack", "split", "pad",
    "flip",
    "repeat", "gather", "index_select", "embedding", "one_hot", "tril", "triu", "masked_fill",
  ]
  static let convRun: Set<String> = [
    "conv2d", "max_pool2d", "avg_pool2d", "global_avg_pool2d", "conv1d", "conv_transpose2d", "max_pool1d",
    "adaptive_avg_pool2d", "interpolate",
  ]

  @Test func everyCaseIsKnown() {
    expectEveryCaseIsKnown("elementwise", run: Self.elementwiseRun, outOfSlice: [:])
    expectEveryCaseIsKnown("linalg", run: Self.linalgRun, outOfSlice: [:])
    expectEveryCaseIsKnown("reduce", run: Self.reduceRun, outOfSlice: [:])
    expectEveryCaseIsKnown("shape", run: Self.shapeRun, outOfSlice: [:])
    expectEveryCaseIsKnown("conv", run: Self.convRun, outOfSlice: [:])
  }

  @Test(arguments: ["elementwise", "linalg", "reduce", "shape", "conv"])
  func cases(_ group: String) {
    let run = Self.elementwiseRun.union(Self.linalgRun).union(Self.reduceRun).union(Self.shapeRun).union(Self.convRun)
    let files = GoldenFile.all(group).filter { run.contains($0.op) }
    #expect(!files.isEmpty)
    for file in files {
      check(file, Double.self)
      check(file, Float.self)
    }
  }

  private func check<Scalar: ComputeScalar>(_ file: GoldenFile, _: Scalar.Type) {
    var leaves: [String: Tensor<Scalar>] = [:]
    for (key, entry) in file.tensors where key.hasPrefix("input.") || key.hasPrefix("parameter.") {
      guard !entry.isInteger else { continue }
      var leaf: Tensor<Scalar> = file.tensor(key)
      leaf.requiresGradient = file.tensors["gradient.\(key)"] != nil
      leaves[key] = leaf
    }
    switch evaluate(file, leaves) {
    case .indices(let result):
      #expect(result == file.indices("output.0"), "\(file.testDescription)")
    case .tensors(let outputs):
      for (index, output) in outputs.enumerated() { file.expect(output, "output.\(index)") }
      file.backward(outputs)
      for key in file.tensors.keys where key.hasPrefix("gradient.") {
        var gradient = leaves[String(key.dropFirst("gradient.".count))]?.gradient
        // PyTorch's derivative is a sixth rounded to Float, in Double too.
        if file.op == "hardsigmoid" { gradient = gradient.map { $0 * Scalar(6 * Double(Float(1) / 6)) } }
        file.expect(gradient, key)
      }
    }
  }

  private func evaluate<Scalar: ComputeScalar>(
    _ file: GoldenFile, _ leaves: [String: Tensor<Scalar>]
  ) -> Result<Scalar> {
    if Self.elementwiseRun.contains(file.op) { return .tensors([elementwise(file, leaves)]) }
    if Self.reduceRun.contains(file.op) { return reduction(file, leaves["input.0"]!) }
    if Self.convRun.contains(file.op) { return .tensors([convolution(file, leaves)]) }
    if Self.shapeRun.contains(file.op) { return shape(file, leaves) }
    let x = leaves["input.0"]!
    if file.op == "linear" {
      return .tensors([linear(x, leaves["parameter.weight"]!, leaves["parameter.bias"])])
    }
    let y = leaves["input.1"]!
    return .tensors([
      matmul(
        file.flag("transpose_a") ? x.transposed() : x, file.flag("transpose_b") ? y.transposed() : y)
    ])
  }

  private func elementwise<Scalar: ComputeScalar>(
    _ file: GoldenFile, _ leaves: [String: Tensor<Scalar>]
  ) -> Tensor<Scalar> {
    let x: Tensor<Scalar> = leaves["input.0"] ?? Tensor(integers: file.indices("input.0"))
    let y = leaves["input.1"]
    switch file.op {
    case "add": return x + y!
    case "sub": return x - y!
    case "mul": return x * y!
    case "div": return x / y!
    case "pow": return pow(x, y!)
    case "maximum": return maximum(x, y!)
    case "minimum": return minimum(x, y!)
    case "where": return select(where: x, y!, leaves["input.2"]!)
    case "sin": return sin(x)
    case "cos": return cos(x)
    case "tanh": return tanh(x)
    case "sigmoid": return sigmoid(x)
    case "relu": return relu(x)
    case "selu": return selu(x)
    case "silu": return silu(x)
    case "mish": return mish(x)
    case "hardsigmoid": return hardSigmoid(x)
    case "hardswish": return hardSwish(x)
    case "erf": return erf(x)
    case "neg": return -x
    case "abs": return abs(x)
    case "exp": return exp(x)
    case "square": return square(x)
    case "log": return log(x)
    case "sqrt": return sqrt(x)
    case "rsqrt": return rsqrt(x)
    case "leaky_relu": return leakyRelu(x, negativeSlope: Scalar(file.number("negative_slope")))
    case "elu": return elu(x, alpha: Scalar(file.number("alpha")))
    case "gelu": return gelu(x, approximate: GELUApproximation(rawValue: file.string("approximate"))!)
    case "softplus":
      return softplus(x, beta: Scalar(file.number("beta")), threshold: Scalar(file.number("threshold")))
    case "clamp":
      return clamp(
        x, min: file.isNull("min") ? nil : file.number("min"), max: file.isNull("max") ? nil : file.number("max"))
    case "pow_scalar": return pow(x, file.number("exponent"))
    default: fatalError("\(file.op) is listed, but not run")
    }
  }

  private func reduction<Scalar: ComputeScalar>(_ file: GoldenFile, _ x: Tensor<Scalar>) -> Result<Scalar> {
    switch file.op {
    case "argmax", "argmin":
      let dim = file.isNull("dim") ? nil : file.integer("dim")
      let keep = file.flag("keepdim")
      return .indices(file.op == "argmax" ? x.argmax(dim, keepDim: keep) : x.argmin(dim, keepDim: keep))
    case "cumsum": return .tensors([x.cumsum(file.integer("dim"))])
    case "softmax": return .tensors([softmax(x, dim: file.integer("dim"))])
    case "log_softmax": return .tensors([logSoftmax(x, dim: file.integer("dim"))])
    default: break
    }
    let dims = file.isNull("dim") ? nil : file.integers("dim")
    let keep = file.flag("keepdim")
    switch file.op {
    case "sum": return .tensors([x.sum(dims: dims, keepDim: keep)])
    case "mean": return .tensors([x.mean(dims: dims, keepDim: keep)])
    case "max": return .tensors([x.max(dims: dims, keepDim: keep)])
    case "min": return .tensors([x.min(dims: dims, keepDim: keep)])
    case "prod": return .tensors([x.prod(dims: dims, keepDim: keep)])
    case "var": return .tensors([x.variance(dims: dims, correction: file.number("correction"), keepDim: keep)])
    case "std": return .tensors([x.std(dims: dims, correction: file.number("correction"), keepDim: keep)])
    case "logsumexp": return .tensors([x.logSumExp(dims: dims, keepDim: keep)])
    case "norm":
      return .tensors([x.norm(file.isString("p") ? .infinity : file.number("p"), dims: dims, keepDim: keep)])
    default: fatalError("\(file.op) is listed, but not run")
    }
  }

  private func shape<Scalar: ComputeScalar>(
    _ file: GoldenFile, _ leaves: [String: Tensor<Scalar>]
  ) -> Result<Scalar> {
    switch file.op {
    case "embedding":
      let padding = file.isNull("padding_idx") ? nil : file.integer("padding_idx")
      return .tensors([embedding(file.indices("input.0"), leaves["parameter.weight"]!, paddingIndex: padding)])
    case "one_hot": return .indices(file.indices("input.0").oneHot(classCount: file.integer("num_classes")))
    case "cat", "stack":
      let inputs = (0..<leaves.count).map { leaves["input.\($0)"]! }
      let dim = file.integer("dim")
      return .tensors([file.op == "cat" ? concatenated(inputs, dim: dim) : stacked(inputs, dim: dim)])
    case "split":
      let x = leaves["input.0"]!
      let dim = file.integer("dim")
      return .tensors(
        file.isArray("split") ? x.split(file.integers("split"), dim: dim) : x.split(file.integer("split"), dim: dim))
    default: return .tensors([rearrangement(file, leaves["input.0"]!)])
    }
  }

  private func rearrangement<Scalar: ComputeScalar>(_ file: GoldenFile, _ x: Tensor<Scalar>) -> Tensor<Scalar> {
    switch file.op {
    case "reshape": return x.reshaped(file.integers("shape"))
    case "permute": return x.permuted(file.integers("dims"))
    case "transpose": return x.transposed(file.integer("dim0"), file.integer("dim1"))
    case "squeeze": return x.squeezed(file.isNull("dim") ? nil : file.integer("dim"))
    case "unsqueeze": return x.unsqueezed(file.integer("dim"))
    case "expand": return x.expanded(file.integers("shape"))
    case "slice":
      return x.sliced(file.optionalIntegerLists("slices").map { .range(start: $0[0], end: $0[1], step: $0[2] ?? 1) })
    case "pad":
      let mode = file.string("mode") == "reflect" ? PaddingMode.reflect : .constant(file.number("value"))
      return x.padded(file.integers("pad"), mode: mode)
    case "flip": return x.flipped(file.integers("dims"))
    case "repeat": return x.repeated(file.integers("repeats"))
    case "gather": return x.gathered(file.integer("dim"), file.indices("input.1"))
    case "index_select": return x.indexSelect(file.integer("dim"), file.indices("input.1"))
    case "tril": return x.tril(file.integer("diagonal"))
    case "triu": return x.triu(file.integer("diagonal"))
    case "masked_fill": return x.maskedFill(file.indices("input.1"), Scalar(file.number("value")))
    default: fatalError("\(file.op) is listed, but not run")
    }
  }

  private func convolution<Scalar: ComputeScalar>(
    _ file: GoldenFile, _ leaves: [String: Tensor<Scalar>]
  ) -> Tensor<Scalar> {
    var x = leaves["input.0"]!
    switch file.op {
    case "conv2d":
      let weight = leaves["parameter.weight"]!
      let dilation = file.pair("dilation")
      var padding = (0, 0)
      if file.isString("padding") {
        // "same": what does not divide evenly goes to the right and below.
        let total = (dilation.0 * (weight.shape[2] - 1), dilation.1 * (weight.shape[3] - 1))
        x = x.padded([total.1 / 2, total.1 - total.1 / 2, total.0 / 2, total.0 - total.0 / 2])
      } else {
        padding = file.pair("padding")
      }
      return conv2d(
        x, weight, leaves["parameter.bias"], stride: file.pair("stride"), padding: padding, dilation: dilation,
        groups: file.integer("groups"))
    case "max_pool2d":
      return maxPool2d(
        x, file.pair("kernel_size"), stride: file.pair("stride"), padding: file.pair("padding"),
        dilation: file.pair("dilation"), ceilMode: file.flag("ceil_mode"))
    case "avg_pool2d":
      return avgPool2d(
        x, file.pair("kernel_size"), stride: file.pair("stride"), padding: file.pair("padding"),
        ceilMode: file.flag("ceil_mode"), countIncludePad: file.flag("count_include_pad"))
    case "conv1d":
      let weight = leaves["parameter.weight"]!
      let dilation = file.integers("dilation")[0]
      var padding = 0
      if file.isString("padding") {
        let total = dilation * (weight.shape[2] - 1)
        x = x.padded([total / 2, total - total / 2])
      } else {
        padding = file.integers("padding")[0]
      }
      return conv1d(
        x, weight, leaves["parameter.bias"], stride: file.integers("stride")[0], padding: padding, dilation: dilation,
        groups: file.integer("groups"))
    case "conv_transpose2d":
      return convTranspose2d(
        x, leaves["parameter.weight"]!, leaves["parameter.bias"], stride: file.pair("stride"),
        padding: file.pair("padding"), outputPadding: file.pair("output_padding"), groups: file.integer("groups"),
        dilation: file.pair("dilation"))
    case "max_pool1d":
      return maxPool1d(
        x, file.integers("kernel_size")[0], stride: file.integers("stride")[0], padding: file.integers("padding")[0],
        dilation: file.integers("dilation")[0], ceilMode: file.flag("ceil_mode"))
    case "adaptive_avg_pool2d": return adaptiveAvgPool2d(x, file.pair("output_size"))
    case "interpolate":
      let mode: InterpolationMode =
        file.string("mode") == "nearest" ? .nearest : .bilinear(alignCorners: file.flag("align_corners"))
      if file.isNull("size") {
        let factors = file.numbers("scale_factor")
        return interpolate(x, scale: (factors[0], factors[1]), mode: mode)
      }
      return interpolate(x, size: file.pair("size"), mode: mode)
    case "global_avg_pool2d": return x.mean(dims: [2, 3], keepDim: file.flag("keepdim"))
    default: fatalError("\(file.op) is listed, but not run")
    }
  }
}

extension GoldenFile {
  func isArray(_ key: String) -> Bool { attributes[key] is [Any] }

  /// Lists of integers, null where nothing is given.
  func optionalIntegerLists(_ key: String) -> [[Int?]] {
    (attributes[key] as! [[Any]]).map { list in list.map { ($0 as? Int) } }
  }
}
