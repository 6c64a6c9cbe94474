import ApusTensor

extension Layers.Sequential {
  /// Builds the model that `architecture` describes, with freshly drawn weights.
  ///
  /// - Parameter limit: The most numbers that parameters and buffers may take together; a description that asks for
  ///   more is refused before anything is allocated.
  /// - Throws: `ArchitectureError` when a layer is not known or its arguments make no sense.
  public convenience init(_ architecture: Architecture, limit: Int = 1 << 30) throws(ArchitectureError) {
    var builder = ArchitectureBuilder<Scalar>(budget: limit)
    guard architecture.name == "Sequential" else {
      throw ArchitectureError(reason: "a model begins with Sequential, not \(architecture.name)", offset: nil)
    }
    self.init(try builder.steps(architecture))
  }
}

/// Makes layers from their descriptions. Every size is checked and paid for before the layer is made.
struct ArchitectureBuilder<Scalar: TensorScalar> {
  /// Sizes beyond this would overflow products of three of them.
  static var largestSize: Int { 1 << 20 }

  private var budget: Int

  init(budget: Int) {
    self.budget = budget
  }

  mutating func steps(_ description: Architecture) throws(ArchitectureError) -> [Layers<Scalar>.Step] {
    var steps: [Layers<Scalar>.Step] = []
    for argument in description.arguments {
      guard case .layer(let layer) = argument.value else {
        throw ArchitectureError(reason: "Sequential holds layers, not \(argument.value)", offset: nil)
      }
      steps.append(try step(layer))
    }
    return steps
  }

  private mutating func step(_ description: Architecture) throws(ArchitectureError) -> Layers<Scalar>.Step {
    var arguments = ArchitectureArguments(description)
    let layer: Layers<Scalar>.Step
    switch description.name {
    case "Sequential":
      return Layers<Scalar>.Sequential(try steps(description))
    case "Linear":
      let (inputs, outputs) = (try arguments.size(), try arguments.size())
      let bias = try arguments.flag("bias", default: true)
      try arguments.end()
      try pay([outputs, inputs], bias ? [outputs] : [0])
      layer = Layers<Scalar>.Linear(inputs, outputs, bias: bias)
    case "Conv2d":
      let (inputs, outputs) = (try arguments.size(), try arguments.size())
      let kernel = try arguments.pair("kernelSize", 1...Self.largestSize)
      let stride = try arguments.pair("stride", 1...Self.largestSize, default: (1, 1))
      let padding = try arguments.padding("padding")
      let dilation = try arguments.pair("dilation", 1...Self.largestSize, default: (1, 1))
      let groups = try arguments.size("groups", default: 1)
      let bias = try arguments.flag("bias", default: true)
      try arguments.end()
      guard inputs % groups == 0, outputs % groups == 0 else {
        throw ArchitectureError(
          reason: "Conv2d of \(inputs) to \(outputs) channels cannot be cut into \(groups) groups", offset: nil)
      }
      if padding == .same, stride != (1, 1) {
        throw ArchitectureError(reason: "Conv2d with padding .same has stride 1, not \(stride)", offset: nil)
      }
      try pay([outputs, inputs / groups, kernel.0, kernel.1], bias ? [outputs] : [0])
      layer = Layers<Scalar>.Conv2d(
        inputs, outputs, kernelSize: kernel, stride: stride, padding: padding, dilation: dilation, groups: groups,
        bias: bias)
    case "MaxPool2d", "AvgPool2d":
      layer = try pooling(description.name, &arguments)
    case "BatchNorm1d", "BatchNorm2d":
      layer = try normalization(description.name, &arguments)
    case "Dropout", "Dropout2d":
      let probability = try arguments.number(default: 0.5, 0...1)
      try arguments.end()
      layer =
        description.name == "Dropout"
        ? Layers<Scalar>.Dropout(probability) : Layers<Scalar>.Dropout2d(probability)
    default:
      if let other = try sized(description.name, &arguments) { return other }
      layer = try activation(description.name, &arguments)
    }
    return layer
  }

  private func pooling(
    _ name: String, _ arguments: inout ArchitectureArguments
  ) throws(ArchitectureError) -> Layers<Scalar>.Step {
    let kernel = try arguments.pair(nil, 1...Self.largestSize)
    let stride = try arguments.pair("stride", 1...Self.largestSize, default: kernel)
    let padding = try arguments.pair("padding", 0...Self.largestSize, default: (0, 0))
    guard padding.0 <= kernel.0 / 2, padding.1 <= kernel.1 / 2 else {
      throw ArchitectureError(reason: "\(name): padding \(padding) is more than half of \(kernel)", offset: nil)
    }
    if name == "MaxPool2d" {
      let dilation = try arguments.pair("dilation", 1...Self.largestSize, default: (1, 1))
      let ceilMode = try arguments.flag("ceilMode", default: false)
      try arguments.end()
      return Layers<Scalar>.MaxPool2d(
        kernel, stride: stride, padding: padding, dilation: dilation, ceilMode: ceilMode)
    }
    let ceilMode = try arguments.flag("ceilMode", default: false)
    let countsPadding = try arguments.flag("countIncludePad", default: true)
    try arguments.end()
    return Layers<Scalar>.AvgPool2d(
      kernel, stride: stride, padding: padding, ceilMode: ceilMode, countIncludePad: countsPadding)
  }

  private mutating func normalization(
    _ name: String, _ arguments: inout ArchitectureArguments
  ) throws(ArchitectureError) -> Layers<Scalar>.Step {
    let features = try arguments.size()
    let epsilon = try arguments.number("epsilon", default: 1e-5, 0...1)
    let momentum = try arguments.optionalNumber("momentum", default: 0.1, 0...1)
    let affine = try arguments.flag("affine", default: true)
    let tracks = try arguments.flag("trackRunningStats", default: true)
    try arguments.end()
    try pay([features, affine ? 2 : 0], tracks ? [features, 2] : [0], [tracks ? 1 : 0])
    if name == "BatchNorm1d" {
      return Layers<Scalar>.BatchNorm1d(
        features, epsilon: epsilon, momentum: momentum, affine: affine, trackRunningStats: tracks)
    }
    return Layers<Scalar>.BatchNorm2d(
      features, epsilon: epsilon, momentum: momentum, affine: affine, trackRunningStats: tracks)
  }

  private func activation(
    _ name: String, _ arguments: inout ArchitectureArguments
  ) throws(ArchitectureError) -> Layers<Scalar>.Step {
    let layer: Layers<Scalar>.Step
    switch name {
    case "Flatten": layer = Layers<Scalar>.Flatten(from: try arguments.integer("from", default: 1, 0...16))
    case "ReLU": layer = Layers<Scalar>.ReLU()
    case "LeakyReLU": layer = Layers<Scalar>.LeakyReLU(try arguments.number(default: 0.01, -1e6...1e6))
    case "Sigmoid": layer = Layers<Scalar>.Sigmoid()
    case "Tanh": layer = Layers<Scalar>.Tanh()
    case "GELU":
      let isTanh = try arguments.choice("approximate", [".none", ".tanh"]) == 1
      layer = Layers<Scalar>.GELU(approximate: isTanh ? .tanh : .none)
    case "Softmax": layer = Layers<Scalar>.Softmax(dim: try arguments.integer("dim", default: 1, -16...16))
    case "LogSoftmax": layer = Layers<Scalar>.LogSoftmax(dim: try arguments.integer("dim", default: 1, -16...16))
    case "Identity": layer = Layers<Scalar>.Identity()
    default:
      guard let pointwise = try pointwise(name, &arguments) else {
        throw ArchitectureError(reason: "there is no layer \(name)", offset: nil)
      }
      layer = pointwise
    }
    try arguments.end()
    return layer
  }

  /// Takes the numbers that tensors of these shapes hold off the budget.
  mutating func pay(_ shapes: [Int]...) throws(ArchitectureError) {
    for shape in shapes {
      var count = 1
      for size in shape {
        let (product, overflow) = count.multipliedReportingOverflow(by: size)
        count = overflow ? .max : product
      }
      guard count <= budget else {
        throw ArchitectureError(
          reason: "the model has more parameters than the \(budget) that are left for it", offset: nil)
      }
      budget -= count
    }
  }
}

/// The arguments of one layer, taken one by one in order; a labelled one may be missing.
struct ArchitectureArguments {
  private let layer: Architecture
  private var position = 0

  init(_ layer: Architecture) {
    self.layer = layer
  }

  /// The next argument if it bears `label`.
  private mutating func next(_ label: String?) -> Architecture.Value? {
    guard position < layer.arguments.count, layer.arguments[position].label == label else { return nil }
    position += 1
    return layer.arguments[position - 1].value
  }

  func end() throws(ArchitectureError) {
    guard position == layer.arguments.count else {
      throw ArchitectureError(
        reason: "\(layer.name) has no argument “\(layer.arguments[position].label ?? "")” there", offset: nil)
    }
  }

  private func failure(_ label: String?, _ expected: String) -> ArchitectureError {
    ArchitectureError(reason: "\(layer.name): \(label ?? "argument \(position + 1)") must be \(expected)", offset: nil)
  }

  mutating func integer(
    _ label: String? = nil, default preset: Int?, _ range: ClosedRange<Int>
  ) throws(ArchitectureError) -> Int {
    let value = next(label)
    if value == nil, let preset { return preset }
    guard case .integer(let number)? = value, range.contains(number) else {
      throw failure(label, "an integer in \(range)")
    }
    return number
  }

  mutating func size(_ label: String? = nil, default preset: Int? = nil) throws(ArchitectureError) -> Int {
    try integer(label, default: preset, 1...(1 << 31))
  }

  mutating func flag(_ label: String, default preset: Bool) throws(ArchitectureError) -> Bool {
    switch next(label) {
    case nil: return preset
    case .flag(let flag)?: return flag
    default: throw failure(label, "true or false")
    }
  }

  mutating func number(
    _ label: String? = nil, default preset: Double, _ range: ClosedRange<Double>
  ) throws(ArchitectureError) -> Double {
    guard let number = try optionalNumber(label, default: preset, range) else { throw failure(label, "a number") }
    return number
  }

  mutating func optionalNumber(
    _ label: String?, default preset: Double, _ range: ClosedRange<Double>
  ) throws(ArchitectureError) -> Double? {
    switch next(label) {
    case nil: return preset
    case Architecture.Value.none?: return nil
    case .integer(let number)? where range.contains(Double(number)): return Double(number)
    case .number(let number)? where range.contains(number): return number
    default: throw failure(label, "a number in \(range)")
    }
  }

  mutating func pair(
    _ label: String?, _ range: ClosedRange<Int>, default preset: (Int, Int)? = nil
  ) throws(ArchitectureError) -> (Int, Int) {
    switch next(label) {
    case nil:
      if let preset { return preset }
    case .integer(let size)? where range.contains(size):
      return (size, size)
    case .integers(let sizes)? where sizes.count == 2 && sizes.allSatisfy(range.contains):
      return (sizes[0], sizes[1])
    default: break
    }
    throw failure(label, "a size or two in \(range)")
  }

  /// The layer that the argument is, nil where it is not there.
  mutating func layer(_ label: String) throws(ArchitectureError) -> Architecture? {
    switch next(label) {
    case nil: return nil
    case .layer(let layer)?: return layer
    default: throw failure(label, "a layer")
    }
  }

  /// Whether the argument is the choice `.same`; it is then taken.
  mutating func takesSame(_ label: String) -> Bool {
    guard position < layer.arguments.count, layer.arguments[position].label == label,
      layer.arguments[position].value == .choice("same")
    else { return false }
    position += 1
    return true
  }

  mutating func padding(_ label: String) throws(ArchitectureError) -> Padding2d {
    if position < layer.arguments.count, layer.arguments[position].label == label {
      switch layer.arguments[position].value {
      case .choice("same"):
        position += 1
        return .same
      case .choice("valid"):
        position += 1
        return .valid
      default: break
      }
    }
    let sizes = try pair(label, 0...(1 << 20), default: (0, 0))
    return Padding2d.explicit(sizes.0, sizes.1)
  }

  /// One extent, or a list of up to 16, whose product is no more than 2³¹.
  mutating func extents() throws(ArchitectureError) -> Shape {
    let largest = 1 << 31
    let sizes: [Int]
    switch next(nil) {
    case .integer(let size)?: sizes = [size]
    case .integers(let several)?: sizes = several
    default: sizes = []
    }
    var count = 1
    for size in sizes {
      let (product, overflow) = count.multipliedReportingOverflow(by: size)
      guard size > 0, !overflow, product <= largest else { throw failure(nil, "extents of at most \(largest) numbers") }
      count = product
    }
    guard (1...16).contains(sizes.count) else { throw failure(nil, "an extent or several") }
    return Shape(sizes)
  }

  /// A layer as an argument.
  mutating func inner() throws(ArchitectureError) -> Architecture {
    guard case .layer(let inner)? = next(nil) else { throw failure(nil, "a layer") }
    return inner
  }

  /// The number of the choice that is named; 0 when none is.
  mutating func choice(_ label: String, _ names: [String]) throws(ArchitectureError) -> Int {
    guard let value = next(label) else { return 0 }
    guard let number = names.firstIndex(of: value.description) else {
      throw failure(label, names.joined(separator: " or "))
    }
    return number
  }
}
