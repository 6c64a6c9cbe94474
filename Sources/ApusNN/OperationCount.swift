import ApusTensor

/// How many floating-point operations the products of a layer take, a multiply-add being two.
enum OperationCount {
  /// The operations of one call of a layer, read off its output; nil for a layer without products.
  static func of(_ module: any Module, output: Shape) -> Int? {
    (module as? any ProductLayer)?.operations(output: output)
  }
}

/// A layer whose work is a product.
private protocol ProductLayer {
  func operations(output: Shape) -> Int
}

extension Layers.Linear: ProductLayer {
  func operations(output: Shape) -> Int { 2 * inFeatures * output.elementCount }
}

extension Layers.Conv1d: ProductLayer {
  func operations(output: Shape) -> Int { 2 * output.elementCount * (inChannels / groups) * kernelSize }
}

extension Layers.Conv2d: ProductLayer {
  func operations(output: Shape) -> Int {
    2 * output.elementCount * (inChannels / groups) * kernelSize.0 * kernelSize.1
  }
}

extension Layers.ConvTranspose1d: ProductLayer {
  func operations(output: Shape) -> Int {
    let reach = dilation * (kernelSize - 1) + outputPadding + 1
    let length = (output[2] + 2 * padding - reach) / stride + 1
    return 2 * output[0] * inChannels * length * (outChannels / groups) * kernelSize
  }
}

extension Layers.ConvTranspose2d: ProductLayer {
  func operations(output: Shape) -> Int {
    let height = (output[2] + 2 * padding.0 - dilation.0 * (kernelSize.0 - 1) - outputPadding.0 - 1) / stride.0 + 1
    let width = (output[3] + 2 * padding.1 - dilation.1 * (kernelSize.1 - 1) - outputPadding.1 - 1) / stride.1 + 1
    return 2 * output[0] * inChannels * height * width * (outChannels / groups) * kernelSize.0 * kernelSize.1
  }
}

extension Layers.RecurrentLayer: ProductLayer {
  func operations(output: Shape) -> Int {
    // Every number of a weight matrix meets every sample in every step once.
    let weights = children.compactMap { $0.part as? Parameter<Scalar> }.filter { $0.shape.rank == 2 }
    return weights.reduce(0) { $0 + 2 * $1.shape.elementCount } * output[0] * output[1]
  }
}

extension Layers.MultiheadAttention: ProductLayer {
  func operations(output: Shape) -> Int {
    // The four projections, and for self-attention the scores and the mixture of the values.
    let (batch, positions) = batchFirst ? (output[0], output[1]) : (output[1], output[0])
    let projections = 2 * embedSize * (2 * embedSize + keySize + valueSize) * batch * positions
    return projections + 4 * batch * positions * positions * embedSize
  }
}
