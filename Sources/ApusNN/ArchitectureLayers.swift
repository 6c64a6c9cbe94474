import ApusTensor

extension ArchitectureBuilder {
  /// The activation functions beyond the most common ones; nil when the name is none of them.
  func pointwise(
    _ name: String, _ arguments: inout ArchitectureArguments
  ) throws(ArchitectureError) -> Layers<Scalar>.Step? {
    let layer: Layers<Scalar>.Step
    switch name {
    case "ELU": layer = Layers<Scalar>.ELU(alpha: try arguments.number("alpha", default: 1, -1e6...1e6))
    case "SELU": layer = Layers<Scalar>.SELU()
    case "CELU": layer = Layers<Scalar>.CELU(alpha: try arguments.number("alpha", default: 1, 1e-6...1e6))
    case "SiLU": layer = Layers<Scalar>.SiLU()
    case "Mish": layer = Layers<Scalar>.Mish()
    case "Hardswish": layer = Layers<Scalar>.Hardswish()
    case "Hardsigmoid": layer = Layers<Scalar>.Hardsigmoid()
    case "ReLU6": layer = Layers<Scalar>.ReLU6()
    case "LogSigmoid": layer = Layers<Scalar>.LogSigmoid()
    case "Softsign": layer = Layers<Scalar>.Softsign()
    case "Tanhshrink": layer = Layers<Scalar>.Tanhshrink()
    case "Softshrink": layer = Layers<Scalar>.Softshrink(try arguments.number(default: 0.5, 0...1e6))
    case "Hardshrink": layer = Layers<Scalar>.Hardshrink(try arguments.number(default: 0.5, 0...1e6))
    case "Softplus":
      let beta = try arguments.number("beta", default: 1, 1e-6...1e6)
      layer = Layers<Scalar>.Softplus(beta: beta, threshold: try arguments.number("threshold", default: 20, -1e6...1e6))
    case "Hardtanh":
      let low = try arguments.number(default: -1, -1e6...1e6)
      layer = Layers<Scalar>.Hardtanh(low, try arguments.number(default: 1, -1e6...1e6))
    case "Threshold":
      let threshold = try arguments.number(default: 0, -1e6...1e6)
      layer = Layers<Scalar>.Threshold(threshold, try arguments.number(default: 0, -1e6...1e6))
    case "GLU": layer = Layers<Scalar>.GLU(dim: try arguments.integer("dim", default: -1, -16...16))
    default: return nil
    }
    return layer
  }

  /// Layers whose sizes must be paid for, or that change the sizes of what they are given; nil when the name is none of
  /// them.
  mutating func sized(
    _ name: String, _ arguments: inout ArchitectureArguments
  ) throws(ArchitectureError) -> Layers<Scalar>.Step? {
    let sizes = 1...Self.largestSize
    switch name {
    case "PReLU":
      let channels = try arguments.size()
      let slope = try arguments.number("initialSlope", default: 0.25, -1e6...1e6)
      try arguments.end()
      try pay([channels])
      return Layers<Scalar>.PReLU(channels, initialSlope: slope)
    case "Unflatten":
      let extents = try arguments.extents()
      try arguments.end()
      return Layers<Scalar>.Unflatten(extents)
    case "LayerNorm", "RMSNorm":
      return try rowNormalization(name, &arguments)
    case "GroupNorm":
      let (groups, channels) = (try arguments.size(), try arguments.size())
      let epsilon = try arguments.number("epsilon", default: 1e-5, 0...1)
      let affine = try arguments.flag("affine", default: true)
      try arguments.end()
      guard channels % groups == 0 else {
        throw ArchitectureError(
          reason: "GroupNorm: \(channels) channels do not fall into \(groups) groups", offset: nil)
      }
      try pay([channels, affine ? 2 : 0])
      return Layers<Scalar>.GroupNorm(groups, channels, epsilon: epsilon, affine: affine)
    case "InstanceNorm1d", "InstanceNorm2d":
      let features = try arguments.size()
      let epsilon = try arguments.number("epsilon", default: 1e-5, 0...1)
      let affine = try arguments.flag("affine", default: false)
      try arguments.end()
      try pay([features, affine ? 2 : 0])
      return name == "InstanceNorm1d"
        ? Layers<Scalar>.InstanceNorm1d(features, epsilon: epsilon, affine: affine)
        : Layers<Scalar>.InstanceNorm2d(features, epsilon: epsilon, affine: affine)
    case "Conv1d", "ConvTranspose1d", "ConvTranspose2d":
      return try convolution(name, &arguments)
    case "MaxPool1d", "AvgPool1d":
      return try pooling1d(name, &arguments)
    case "Upsample":
      let scale = try arguments.pair(nil, sizes)
      let mode = try arguments.choice("mode", [".nearest", ".bilinear", ".bilinearAlignedCorners"])
      try arguments.end()
      return Layers<Scalar>.Upsample(scale, mode: mode == 0 ? .nearest : .bilinear(alignCorners: mode == 2))
    default:
      if let layer = try adaptive(name, &arguments) { return layer }
      if let layer = try recurrent(name, &arguments) { return layer }
      return try attention(name, &arguments)
    }
  }

  /// Poolings to a given size.
  private func adaptive(
    _ name: String, _ arguments: inout ArchitectureArguments
  ) throws(ArchitectureError) -> Layers<Scalar>.Step? {
    let sizes = 1...Self.largestSize
    let layer: Layers<Scalar>.Step
    switch name {
    case "AdaptiveAvgPool2d": layer = Layers<Scalar>.AdaptiveAvgPool2d(try arguments.pair(nil, sizes))
    case "AdaptiveMaxPool2d": layer = Layers<Scalar>.AdaptiveMaxPool2d(try arguments.pair(nil, sizes))
    case "AdaptiveAvgPool1d": layer = Layers<Scalar>.AdaptiveAvgPool1d(try arguments.integer(default: nil, sizes))
    case "AdaptiveMaxPool1d": layer = Layers<Scalar>.AdaptiveMaxPool1d(try arguments.integer(default: nil, sizes))
    case "GlobalAvgPool2d": layer = Layers<Scalar>.GlobalAvgPool2d()
    case "GlobalMaxPool2d": layer = Layers<Scalar>.GlobalMaxPool2d()
    case "GlobalAvgPool1d": layer = Layers<Scalar>.GlobalAvgPool1d()
    case "GlobalMaxPool1d": layer = Layers<Scalar>.GlobalMaxPool1d()
    default: return nil
    }
    try arguments.end()
    return layer
  }

  /// Recurrent layers whose last state is used, and what makes images sequences.
  private mutating func recurrent(
    _ name: String, _ arguments: inout ArchitectureArguments
  ) throws(ArchitectureError) -> Layers<Scalar>.Step? {
    if name == "Rows" {
      try arguments.end()
      return Layers<Scalar>.Rows()
    }
    guard name == "LastState" else { return nil }
    let inner = try arguments.inner()
    try arguments.end()
    let gateCounts = ["RNN": 1, "LSTM": 4, "GRU": 3]
    guard let gates = gateCounts[inner.name] else {
      throw ArchitectureError(reason: "LastState holds RNN, LSTM or GRU, not \(inner.name)", offset: nil)
    }
    var parts = ArchitectureArguments(inner)
    let (inputs, size) = (try parts.size(), try parts.size())
    let layers = try parts.integer("layers", default: 1, 1...1024)
    let isReLU = inner.name == "RNN" ? try parts.choice("nonlinearity", [".tanh", ".relu"]) == 1 : false
    let bias = try parts.flag("bias", default: true)
    let batchFirst = try parts.flag("batchFirst", default: false)
    let dropout = try parts.number("dropout", default: 0, 0...1)
    let bidirectional = try parts.flag("bidirectional", default: false)
    try parts.end()
    let directions = bidirectional ? 2 : 1
    try pay(
      [directions, gates, size, inputs], [directions, gates, size, size, 2 * layers - 1],
      [directions, layers - 1, gates, size, (directions - 1), size], [directions, layers, gates, size, bias ? 2 : 0])
    switch inner.name {
    case "RNN":
      return Layers<Scalar>.LastState(
        Layers<Scalar>.RNN(
          inputs, size, layers: layers, nonlinearity: isReLU ? .relu : .tanh, bias: bias, batchFirst: batchFirst,
          dropout: dropout, bidirectional: bidirectional))
    case "LSTM":
      return Layers<Scalar>.LastState(
        Layers<Scalar>.LSTM(
          inputs, size, layers: layers, bias: bias, batchFirst: batchFirst, dropout: dropout,
          bidirectional: bidirectional))
    default:
      return Layers<Scalar>.LastState(
        Layers<Scalar>.GRU(
          inputs, size, layers: layers, bias: bias, batchFirst: batchFirst, dropout: dropout,
          bidirectional: bidirectional))
    }
  }

  private mutating func rowNormalization(
    _ name: String, _ arguments: inout ArchitectureArguments
  ) throws(ArchitectureError) -> Layers<Scalar>.Step {
    let extents = try arguments.extents()
    if name == "RMSNorm" {
      let epsilon = try arguments.number("epsilon", default: -1, -1...1)
      let affine = try arguments.flag("elementwiseAffine", default: true)
      try arguments.end()
      try pay(affine ? Array(extents) : [0])
      return Layers<Scalar>.RMSNorm(extents, epsilon: epsilon < 0 ? nil : epsilon, elementwiseAffine: affine)
    }
    let epsilon = try arguments.number("epsilon", default: 1e-5, 0...1)
    let affine = try arguments.flag("elementwiseAffine", default: true)
    let bias = try arguments.flag("bias", default: true)
    try arguments.end()
    try pay(affine ? Array(extents) + [2] : [0])
    return Layers<Scalar>.LayerNorm(extents, epsilon: epsilon, elementwiseAffine: affine, bias: bias)
  }

  private mutating func convolution(
    _ name: String, _ arguments: inout ArchitectureArguments
  ) throws(ArchitectureError) -> Layers<Scalar>.Step {
    let sizes = 1...Self.largestSize
    let rest = 0...Self.largestSize
    let (inputs, outputs) = (try arguments.size(), try arguments.size())
    let kernel = try arguments.pair("kernelSize", sizes)
    let stride = try arguments.pair("stride", sizes, default: (1, 1))
    let isSame = name == "Conv1d" && arguments.takesSame("padding")
    let padding = isSame ? (0, 0) : try arguments.pair("padding", rest, default: (0, 0))
    let isTransposed = name != "Conv1d"
    // The order of the arguments is PyTorch's, which is not the same for both.
    let extra = isTransposed ? try arguments.pair("outputPadding", rest, default: (0, 0)) : (0, 0)
    var dilation = isTransposed ? (1, 1) : try arguments.pair("dilation", sizes, default: (1, 1))
    let groups = try arguments.size("groups", default: 1)
    let bias = try arguments.flag("bias", default: true)
    if isTransposed { dilation = try arguments.pair("dilation", sizes, default: (1, 1)) }
    try arguments.end()
    guard inputs % groups == 0, outputs % groups == 0 else {
      throw ArchitectureError(
        reason: "\(name) of \(inputs) to \(outputs) channels cannot be cut into \(groups) groups", offset: nil)
    }
    guard !isSame || stride.0 == 1, extra.0 < max(stride.0, dilation.0) || extra.0 == 0,
      extra.1 < max(stride.1, dilation.1) || extra.1 == 0
    else {
      throw ArchitectureError(reason: "\(name): stride \(stride) does not go with the padding", offset: nil)
    }
    let channels = isTransposed ? [inputs, outputs / groups] : [outputs, inputs / groups]
    try pay(
      channels + (name == "ConvTranspose2d" ? [kernel.0, kernel.1] : [kernel.0]), bias ? [outputs] : [0])
    switch name {
    case "Conv1d":
      return Layers<Scalar>.Conv1d(
        inputs, outputs, kernelSize: kernel.0, stride: stride.0, padding: isSame ? .same : .explicit(padding.0),
        dilation: dilation.0, groups: groups, bias: bias)
    case "ConvTranspose1d":
      return Layers<Scalar>.ConvTranspose1d(
        inputs, outputs, kernelSize: kernel.0, stride: stride.0, padding: padding.0, outputPadding: extra.0,
        groups: groups, bias: bias, dilation: dilation.0)
    default:
      return Layers<Scalar>.ConvTranspose2d(
        inputs, outputs, kernelSize: kernel, stride: stride, padding: padding, outputPadding: extra, groups: groups,
        bias: bias, dilation: dilation)
    }
  }

  private func pooling1d(
    _ name: String, _ arguments: inout ArchitectureArguments
  ) throws(ArchitectureError) -> Layers<Scalar>.Step {
    let sizes = 1...Self.largestSize
    let kernel = try arguments.integer(default: nil, sizes)
    let stride = try arguments.integer("stride", default: kernel, sizes)
    let padding = try arguments.integer("padding", default: 0, 0...Self.largestSize)
    guard padding <= kernel / 2 else {
      throw ArchitectureError(reason: "\(name): padding \(padding) is more than half of \(kernel)", offset: nil)
    }
    if name == "MaxPool1d" {
      let dilation = try arguments.integer("dilation", default: 1, sizes)
      let ceilMode = try arguments.flag("ceilMode", default: false)
      try arguments.end()
      return Layers<Scalar>.MaxPool1d(kernel, stride: stride, padding: padding, dilation: dilation, ceilMode: ceilMode)
    }
    let ceilMode = try arguments.flag("ceilMode", default: false)
    let countsPadding = try arguments.flag("countIncludePad", default: true)
    try arguments.end()
    return Layers<Scalar>.AvgPool1d(
      kernel, stride: stride, padding: padding, ceilMode: ceilMode, countIncludePad: countsPadding)
  }

  private mutating func attention(
    _ name: String, _ arguments: inout ArchitectureArguments
  ) throws(ArchitectureError) -> Layers<Scalar>.Step? {
    if name == "TransformerEncoder" { return try encoder(&arguments) }
    guard ["MultiheadAttention", "TransformerEncoderLayer", "PositionalEncoding"].contains(name) else { return nil }
    let size = try arguments.size()
    if name == "PositionalEncoding" {
      let length = try arguments.size("maximumLength", default: 5000)
      let learned = try arguments.flag("learned", default: false)
      let batchFirst = try arguments.flag("batchFirst", default: false)
      try arguments.end()
      guard learned || size % 2 == 0 else {
        throw ArchitectureError(reason: "PositionalEncoding: the width \(size) is odd", offset: nil)
      }
      try pay([size, length])
      return Layers<Scalar>.PositionalEncoding(size, maximumLength: length, learned: learned, batchFirst: batchFirst)
    }
    let heads = try arguments.size()
    guard size % heads == 0 else {
      throw ArchitectureError(reason: "\(name): \(heads) heads do not divide \(size)", offset: nil)
    }
    if name == "MultiheadAttention" {
      let dropout = try arguments.number("dropout", default: 0, 0...1)
      let bias = try arguments.flag("bias", default: true)
      let batchFirst = try arguments.flag("batchFirst", default: false)
      try arguments.end()
      try pay([size, size, 4], [size, 4])
      return Layers<Scalar>.MultiheadAttention(size, heads, dropout: dropout, bias: bias, batchFirst: batchFirst)
    }
    let feedForward = try arguments.size("feedForwardSize", default: 2048)
    let dropout = try arguments.number("dropout", default: 0.1, 0...1)
    let isGELU = try arguments.choice("activation", [".relu", ".gelu"]) == 1
    let epsilon = try arguments.number("normEpsilon", default: 1e-5, 0...1)
    let batchFirst = try arguments.flag("batchFirst", default: false)
    let normFirst = try arguments.flag("normFirst", default: false)
    let bias = try arguments.flag("bias", default: true)
    try arguments.end()
    try pay([size, size, 4], [size, feedForward, 2], [size, 9], [feedForward])
    return Layers<Scalar>.TransformerEncoderLayer(
      size, heads, feedForwardSize: feedForward, dropout: dropout, activation: isGELU ? .gelu : .relu,
      normEpsilon: epsilon, batchFirst: batchFirst, normFirst: normFirst, bias: bias)
  }

  private mutating func encoder(
    _ arguments: inout ArchitectureArguments
  ) throws(ArchitectureError) -> Layers<Scalar>.Step {
    let count = try arguments.size()
    let norm = try arguments.layer("norm")
    let layer = try arguments.layer("layer")
    try arguments.end()
    guard let layer, layer.name == "TransformerEncoderLayer", norm.map({ $0.name == "LayerNorm" }) ?? true else {
      throw ArchitectureError(
        reason: "TransformerEncoder: layer must be a TransformerEncoderLayer, norm a LayerNorm", offset: nil)
    }
    // Each layer is paid for before the next is made, so a large count ends early.
    var layers: [Layers<Scalar>.TransformerEncoderLayer] = []
    for _ in 0..<count {
      guard
        let made = try steps(Architecture("Sequential", [.init(nil, .layer(layer))])).first
          as? Layers<Scalar>.TransformerEncoderLayer
      else { break }
      layers.append(made)
    }
    var last: Layers<Scalar>.LayerNorm?
    if let norm {
      last = try steps(Architecture("Sequential", [.init(nil, .layer(norm))])).first as? Layers<Scalar>.LayerNorm
    }
    let size = layers[0].linear1.inFeatures
    guard last.map({ $0.normalizedShape == [size] }) ?? true else {
      throw ArchitectureError(reason: "TransformerEncoder: the norm is not of size \(size)", offset: nil)
    }
    var next = layers.makeIterator()
    return Layers<Scalar>.TransformerEncoder(count, norm: last) { next.next()! }
  }
}
