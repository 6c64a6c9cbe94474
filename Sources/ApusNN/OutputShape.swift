import ApusTensor

extension Layers.Sequential {
  /// The shape of what the model makes of an input of a shape, worked out without running it.
  ///
  /// Tells for a model from a file whether it takes an input at all: running it on one that does not fit would end the
  /// program.
  ///
  /// - Parameters:
  ///   - input: The input's shape, the batch included.
  ///   - limit: The most numbers that any layer's output may have.
  /// - Throws: `ArchitectureError`, which names the layer that does not fit, or that is not one of those here.
  public func outputShape(for input: Shape, limit: Int = 1 << 28) throws(ArchitectureError) -> Shape {
    var shape = Array(input)
    for (position, module) in modules.enumerated() {
      let before = shape
      let name = (module as? any DescribedModule)?.architecture?.description ?? "\(type(of: module))"
      func failure(_ reason: String) -> ArchitectureError {
        ArchitectureError(reason: "layer \(position), \(name): \(reason)", offset: nil)
      }
      if let nested = module as? Layers<Scalar>.Sequential {
        shape = Array(try nested.outputShape(for: Shape(shape), limit: limit))
        continue
      }
      guard let next = Self.outputExtents(of: module, shape) else {
        throw failure("an input of shape \(before) does not fit")
      }
      var count = 1
      for extent in next {
        let (product, overflow) = count.multipliedReportingOverflow(by: extent)
        guard !overflow, product <= limit else { throw failure("an output of shape \(next) is too large") }
        count = product
      }
      shape = next
    }
    return Shape(shape)
  }

  /// The output's extents, nil when the input does not fit or the layer is not known.
  private static func outputExtents(of module: Layers<Scalar>.Step, _ input: [Int]) -> [Int]? {
    switch module {
    case let layer as Layers<Scalar>.Linear:
      return input.last == layer.inFeatures ? input.dropLast() + [layer.outFeatures] : nil
    case let layer as Layers<Scalar>.Conv2d:
      return convolved(layer, input)
    case let layer as Layers<Scalar>.MaxPool2d:
      return pooled(input, layer.kernelSize, layer.stride, layer.padding, layer.dilation, layer.ceilMode)
    case let layer as Layers<Scalar>.AvgPool2d:
      return pooled(input, layer.kernelSize, layer.stride, layer.padding, (1, 1), layer.ceilMode)
    case let layer as Layers<Scalar>.BatchNorm1d:
      return (2...3).contains(input.count) && input[1] == layer.features ? input : nil
    case let layer as Layers<Scalar>.BatchNorm2d:
      return input.count == 4 && input[1] == layer.features ? input : nil
    case is Layers<Scalar>.Dropout2d:
      return input.count == 4 ? input : nil
    case let layer as Layers<Scalar>.Flatten:
      guard layer.from < input.count else { return nil }
      return input[..<layer.from] + [input[layer.from...].reduce(1, *)]
    case let layer as Layers<Scalar>.Softmax:
      return (-input.count..<input.count).contains(layer.dim) ? input : nil
    case let layer as Layers<Scalar>.LogSoftmax:
      return (-input.count..<input.count).contains(layer.dim) ? input : nil
    case is Layers<Scalar>.ReLU, is Layers<Scalar>.LeakyReLU, is Layers<Scalar>.Sigmoid, is Layers<Scalar>.Tanh,
      is Layers<Scalar>.GELU, is Layers<Scalar>.Identity, is Layers<Scalar>.Dropout:
      return input
    default:
      return moreExtents(of: module, input)
    }
  }

  private static func convolved(_ layer: Layers<Scalar>.Conv2d, _ input: [Int]) -> [Int]? {
    guard input.count == 4, input[1] == layer.inChannels else { return nil }
    guard case .explicit(let rows, let columns) = layer.padding else {
      return [input[0], layer.outChannels, input[2], input[3]]
    }
    guard
      let height = windows(input[2], layer.kernelSize.0, layer.stride.0, rows, layer.dilation.0, ceil: false),
      let width = windows(input[3], layer.kernelSize.1, layer.stride.1, columns, layer.dilation.1, ceil: false)
    else { return nil }
    return [input[0], layer.outChannels, height, width]
  }

  private static func pooled(
    _ input: [Int], _ kernel: (Int, Int), _ stride: (Int, Int), _ padding: (Int, Int), _ dilation: (Int, Int),
    _ ceil: Bool
  ) -> [Int]? {
    guard input.count == 4,
      let height = windows(input[2], kernel.0, stride.0, padding.0, dilation.0, ceil: ceil),
      let width = windows(input[3], kernel.1, stride.1, padding.1, dilation.1, ceil: ceil)
    else { return nil }
    return [input[0], input[1], height, width]
  }

  /// How many windows fit along one axis; nil when none does.
  static func windows(
    _ size: Int, _ kernel: Int, _ stride: Int, _ padding: Int, _ dilation: Int, ceil: Bool
  ) -> Int? {
    let room = size + 2 * padding - dilation * (kernel - 1) - 1
    guard room >= 0 else { return nil }
    var count = room / stride + 1
    // A last window that reaches over the edge counts when it begins in the image or in the padding before it.
    if ceil, room % stride > 0, count * stride < size + padding { count += 1 }
    return count
  }
}
