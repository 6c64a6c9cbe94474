import ApusCompute
import ApusFiles

/// What is the matter with a layer.
struct NetworkProblem: Error {
  let reason: String
}

/// Turns layers and their weights into the steps of a program, and follows the shape of the activation.
struct NetworkBuilder {
  /// Numbers of an activation beyond which products of its sizes might overflow.
  static let largestActivation = 1 << 40

  let program: InferenceProgram
  /// Of the activation behind the layers so far.
  private(set) var shape: [Int]
  private let weights: Safetensors

  init(shape: [Int], count: Int, weights: Safetensors) {
    program = InferenceProgram(inputCount: count)
    self.shape = shape
    self.weights = weights
  }

  mutating func add(_ layer: Network.Layer) throws(NetworkProblem) {
    switch layer {
    case .conv2d(let name, let stride, let padding, let dilation, let groups):
      try addConvolution(name, stride, padding, dilation, groups)
    case .linear(let name): try addLinear(name)
    case .batchNorm(let name, let epsilon): try addNormalization(name, epsilon)
    case .maxPool2d(let kernel, let stride, let padding):
      try addPooling(kernel, stride ?? kernel, padding, isMaximum: true)
    case .avgPool2d(let kernel, let stride, let padding):
      try addPooling(kernel, stride ?? kernel, padding, isMaximum: false)
    case .flatten: shape = [shape.reduce(1, *)]
    case .relu: program.appendFunction(.relu)
    case .leakyRelu(let slope): program.appendFunction(.leakyRelu(slope: slope))
    case .sigmoid: program.appendFunction(.sigmoid)
    case .tanh: program.appendFunction(.tanh)
    case .gelu: program.appendFunction(.gelu)
    case .softmax: addSoftmax(isLogarithm: false)
    case .logSoftmax: addSoftmax(isLogarithm: true)
    }
  }

  private mutating func addConvolution(
    _ name: String, _ stride: Int, _ padding: Int, _ dilation: Int, _ groups: Int
  ) throws(NetworkProblem) {
    let (weight, sizes) = try numbers("\(name).weight", extents: 4)
    guard shape.count == 3, (1...1 << 20).contains(groups), sizes.allSatisfy({ (1...1 << 30).contains($0) }),
      shape[0] == sizes[1] * groups
    else {
      throw NetworkProblem(
        reason: "weights of shape \(sizes) in \(groups) groups do not fit an input of shape \(shape)")
    }
    let sane = 1...1 << 20
    guard sane.contains(stride), sane.contains(dilation), (0...1 << 20).contains(padding), sizes[0] % groups == 0 else {
      throw NetworkProblem(
        reason: "a stride of \(stride), padding of \(padding), dilation of \(dilation), \(groups) groups of \(sizes[0])"
      )
    }
    let reach = (dilation * (sizes[2] - 1) + 1, dilation * (sizes[3] - 1) + 1)
    guard reach.0 <= shape[1] + 2 * padding, reach.1 <= shape[2] + 2 * padding else {
      throw NetworkProblem(
        reason: "a kernel that reaches over \(reach.0)×\(reach.1) is larger than the padded input of shape \(shape)")
    }
    let geometry = ConvolutionGeometry(
      batch: 1, inputChannels: shape[0], inputHeight: shape[1], inputWidth: shape[2], outputChannels: sizes[0],
      kernelHeight: sizes[2], kernelWidth: sizes[3], stride: (stride, stride),
      padding: (padding, padding, padding, padding), dilation: (dilation, dilation), groups: groups)
    try follow([sizes[0], geometry.outputHeight, geometry.outputWidth])
    program.appendConvolution(geometry, weight: weight, bias: try vector("\(name).bias", sizes[0], isOptional: true))
  }

  private mutating func addLinear(_ name: String) throws(NetworkProblem) {
    let (weight, sizes) = try numbers("\(name).weight", extents: 2)
    guard let inputs = shape.last, inputs == sizes[1], sizes[0] > 0 else {
      throw NetworkProblem(reason: "weights of shape \(sizes) do not fit an input of shape \(shape)")
    }
    let positions = shape.dropLast().reduce(1, *)
    try follow(shape.dropLast() + [sizes[0]])
    program.appendLinear(
      positions: positions, inputs: inputs, outputs: sizes[0], weight: weight,
      bias: try vector("\(name).bias", sizes[0], isOptional: true))
  }

  /// y = (x − μ) / √(σ² + ε) · γ + β is x · s + t with s = γ / √(σ² + ε) and t = β − μ s.
  private mutating func addNormalization(_ name: String, _ epsilon: Double) throws(NetworkProblem) {
    let channels = shape[0]
    guard let mean = try vector("\(name).running_mean", channels, isOptional: false),
      let variance = try vector("\(name).running_var", channels, isOptional: false)
    else { return }
    let gamma = try vector("\(name).weight", channels, isOptional: true)
    let beta = try vector("\(name).bias", channels, isOptional: true)
    let scale = variance.indices.map { Double(gamma?[$0] ?? 1) / (Double(variance[$0]) + epsilon).squareRoot() }
    let shift = scale.indices.map { Float(Double(beta?[$0] ?? 0) - Double(mean[$0]) * scale[$0]) }
    program.appendScale(scale: scale.map { Float($0) }, shift: shift, spatial: shape.dropFirst().reduce(1, *))
  }

  private mutating func addPooling(
    _ kernel: Int, _ stride: Int, _ padding: Int, isMaximum: Bool
  ) throws(NetworkProblem) {
    guard shape.count == 3, (1...1 << 20).contains(kernel), (1...1 << 20).contains(stride),
      (0...kernel / 2).contains(padding), shape[1] + 2 * padding >= kernel, shape[2] + 2 * padding >= kernel
    else {
      throw NetworkProblem(
        reason: "windows of \(kernel), stride \(stride), padding \(padding) do not fit an input of shape \(shape)")
    }
    let geometry = PoolingGeometry(
      planes: shape[0], height: shape[1], width: shape[2], kernel: (kernel, kernel), stride: (stride, stride),
      padding: (padding, padding))
    try follow([shape[0], geometry.outputHeight, geometry.outputWidth])
    program.appendPooling(geometry, isMaximum: isMaximum, countsPadding: true)
  }

  private mutating func addSoftmax(isLogarithm: Bool) {
    program.appendSoftmax(
      outer: 1, count: shape[0], inner: shape.dropFirst().reduce(1, *), isLogarithm: isLogarithm)
  }

  /// Takes the shape behind a layer, if it is one that memory could hold.
  private mutating func follow(_ next: [Int]) throws(NetworkProblem) {
    guard let count = checkedProduct(next), count > 0, count <= Self.largestActivation else {
      throw NetworkProblem(reason: "its result would have the shape \(next)")
    }
    shape = next
  }

  private func numbers(_ name: String, extents: Int) throws(NetworkProblem) -> ([Float], [Int]) {
    guard let entry = weights[name] else { throw NetworkProblem(reason: "the file has no tensor \(quoted(name))") }
    guard entry.shape.count == extents else {
      throw NetworkProblem(reason: "\(quoted(name)) has the shape \(entry.shape), not \(extents) extents")
    }
    guard entry.elementType.isFloatingPoint else {
      throw NetworkProblem(reason: "\(quoted(name)) holds \(entry.elementType.rawValue), no weights of Float")
    }
    do throws(DataError) { return (try weights.floats(name), entry.shape) } catch {
      throw NetworkProblem(reason: "\(error)")
    }
  }

  /// `count` numbers; nil when there are none and that is allowed.
  private func vector(_ name: String, _ count: Int, isOptional: Bool) throws(NetworkProblem) -> [Float]? {
    if isOptional, weights[name] == nil { return nil }
    let (values, sizes) = try numbers(name, extents: 1)
    guard sizes == [count] else {
      throw NetworkProblem(reason: "\(quoted(name)) has the shape \(sizes), not \([count])")
    }
    return values
  }
}
