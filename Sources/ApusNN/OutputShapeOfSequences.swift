import ApusTensor

extension Layers.Sequential {
  /// The output's extents of the layers beyond the classifier's, nil when the input does not fit or the layer is not known.
  static func moreExtents(of module: Layers<Scalar>.Step, _ input: [Int]) -> [Int]? {
    switch module {
    case let layer as Layers<Scalar>.Unflatten:
      let fits = input.count == 2 && input[1] == layer.sampleShape.elementCount
      return fits ? [input[0]] + Array(layer.sampleShape) : nil
    case let layer as Layers<Scalar>.LayerNorm:
      return Array(input.suffix(layer.normalizedShape.rank)) == Array(layer.normalizedShape) ? input : nil
    case let layer as Layers<Scalar>.RMSNorm:
      return Array(input.suffix(layer.normalizedShape.rank)) == Array(layer.normalizedShape) ? input : nil
    case let layer as Layers<Scalar>.GroupNorm:
      return input.count >= 2 && input[1] == layer.channels ? input : nil
    case let layer as Layers<Scalar>.InstanceNorm1d:
      return input.count == 3 && input[1] == layer.features ? input : nil
    case let layer as Layers<Scalar>.InstanceNorm2d:
      return input.count == 4 && input[1] == layer.features ? input : nil
    case let layer as Layers<Scalar>.PReLU:
      let channels = layer.weight.shape[0]
      return channels == 1 || (input.count >= 2 && input[1] == channels) ? input : nil
    case let layer as Layers<Scalar>.GLU:
      let axis = layer.dim < 0 ? layer.dim + input.count : layer.dim
      guard input.indices.contains(axis), input[axis] % 2 == 0 else { return nil }
      var result = input
      result[axis] /= 2
      return result
    case let layer as Layers<Scalar>.Upsample:
      guard input.count == 4, input[2] > 0, input[3] > 0 else { return nil }
      let height = input[2].multipliedReportingOverflow(by: layer.scale.0)
      let width = input[3].multipliedReportingOverflow(by: layer.scale.1)
      return height.overflow || width.overflow ? nil : [input[0], input[1], height.partialValue, width.partialValue]
    case let layer as Layers<Scalar>.MultiheadAttention:
      return input.count == 3 && input[2] == layer.embedSize && layer.projections.count == 1 ? input : nil
    case let layer as Layers<Scalar>.TransformerEncoderLayer:
      return input.count == 3 && input[2] == layer.linear1.inFeatures ? input : nil
    case let stack as Layers<Scalar>.TransformerEncoder:
      return input.count == 3 && input[2] == stack.layers[0].linear1.inFeatures ? input : nil
    case let layer as Layers<Scalar>.PositionalEncoding:
      let fits = input.count == 3 && input[2] == layer.width && input[layer.batchFirst ? 1 : 0] <= layer.maximumLength
      return fits ? input : nil
    case is Layers<Scalar>.ELU, is Layers<Scalar>.SELU, is Layers<Scalar>.CELU, is Layers<Scalar>.SiLU,
      is Layers<Scalar>.Mish, is Layers<Scalar>.Hardswish, is Layers<Scalar>.Hardsigmoid, is Layers<Scalar>.ReLU6,
      is Layers<Scalar>.LogSigmoid, is Layers<Scalar>.Softsign, is Layers<Scalar>.Tanhshrink,
      is Layers<Scalar>.Softshrink, is Layers<Scalar>.Hardshrink, is Layers<Scalar>.Softplus,
      is Layers<Scalar>.Hardtanh, is Layers<Scalar>.Threshold:
      return input
    default:
      return sequenceExtents(of: module, input)
    }
  }

  /// Convolutions and poolings of sequences, and transposed convolutions.
  private static func sequenceExtents(of module: Layers<Scalar>.Step, _ input: [Int]) -> [Int]? {
    switch module {
    case let layer as Layers<Scalar>.Conv1d:
      guard input.count == 3, input[1] == layer.inChannels else { return nil }
      guard case .explicit(let padding) = layer.padding else { return [input[0], layer.outChannels, input[2]] }
      return windows(input[2], layer.kernelSize, layer.stride, padding, layer.dilation, ceil: false)
        .map { [input[0], layer.outChannels, $0] }
    case let layer as Layers<Scalar>.MaxPool1d:
      guard input.count == 3 else { return nil }
      return windows(input[2], layer.kernelSize, layer.stride, layer.padding, layer.dilation, ceil: layer.ceilMode)
        .map { [input[0], input[1], $0] }
    case let layer as Layers<Scalar>.AvgPool1d:
      guard input.count == 3 else { return nil }
      return windows(input[2], layer.kernelSize, layer.stride, layer.padding, 1, ceil: layer.ceilMode)
        .map { [input[0], input[1], $0] }
    case let layer as Layers<Scalar>.ConvTranspose1d:
      guard input.count == 3, input[1] == layer.inChannels else { return nil }
      return enlarged(
        input[2], layer.kernelSize, layer.stride, layer.padding, layer.outputPadding, layer.dilation
      ).map { [input[0], layer.outChannels, $0] }
    case let layer as Layers<Scalar>.ConvTranspose2d:
      guard input.count == 4, input[1] == layer.inChannels,
        let height = enlarged(
          input[2], layer.kernelSize.0, layer.stride.0, layer.padding.0, layer.outputPadding.0, layer.dilation.0),
        let width = enlarged(
          input[3], layer.kernelSize.1, layer.stride.1, layer.padding.1, layer.outputPadding.1, layer.dilation.1)
      else { return nil }
      return [input[0], layer.outChannels, height, width]
    default:
      return reducedExtents(of: module, input)
    }
  }

  /// Poolings to a given size, and layers that turn images into sequences and sequences into rows.
  private static func reducedExtents(of module: Layers<Scalar>.Step, _ input: [Int]) -> [Int]? {
    let isImage = input.count == 4 && input[2] > 0 && input[3] > 0
    let isSequence = input.count == 3 && input[2] > 0
    switch module {
    case let layer as Layers<Scalar>.AdaptiveAvgPool2d:
      return isImage ? [input[0], input[1], layer.outputSize.0, layer.outputSize.1] : nil
    case let layer as Layers<Scalar>.AdaptiveMaxPool2d:
      return isImage ? [input[0], input[1], layer.outputSize.0, layer.outputSize.1] : nil
    case let layer as Layers<Scalar>.AdaptiveAvgPool1d:
      return isSequence ? [input[0], input[1], layer.outputSize] : nil
    case let layer as Layers<Scalar>.AdaptiveMaxPool1d:
      return isSequence ? [input[0], input[1], layer.outputSize] : nil
    case is Layers<Scalar>.GlobalAvgPool2d, is Layers<Scalar>.GlobalMaxPool2d:
      return isImage ? [input[0], input[1]] : nil
    case is Layers<Scalar>.GlobalAvgPool1d, is Layers<Scalar>.GlobalMaxPool1d:
      return isSequence ? [input[0], input[1]] : nil
    case is Layers<Scalar>.Rows:
      guard input.count == 4 else { return nil }
      let width = input[1].multipliedReportingOverflow(by: input[3])
      return width.overflow ? nil : [input[0], input[2], width.partialValue]
    case let layer as Layers<Scalar>.LastState:
      let axis = layer.batchFirst ? 1 : 0
      guard input.count == 3, input[2] == layer.inputSize, input[axis] > 0 else { return nil }
      return [input[1 - axis], layer.outputSize]
    default:
      return nil
    }
  }

  /// How far a transposed convolution reaches along one axis; nil when nothing is left.
  private static func enlarged(
    _ size: Int, _ kernel: Int, _ stride: Int, _ padding: Int, _ extra: Int, _ dilation: Int
  ) -> Int? {
    let (steps, overflow) = (size - 1).multipliedReportingOverflow(by: stride)
    guard size > 0, !overflow, steps < 1 << 40 else { return nil }
    let extent = steps - 2 * padding + dilation * (kernel - 1) + extra + 1
    return extent > 0 ? extent : nil
  }
}
