import ApusTensor

/// Layers that stand next to each other in a `Sequential`, as they are computed: by an operation that does the work of
/// several in one pass where there is one, else one by one.
///
/// ReLU and a maximum may be exchanged, and so may either and a factor that is not negative, such as that of
/// `Dropout2d`: `Conv2d, Dropout2d, MaxPool2d, ReLU` is computed as the first, third and fourth together, and dropout on
/// a quarter of the numbers.
enum LayerRun<Scalar: TensorScalar> {
  typealias L = Layers<Scalar>

  /// A layer by itself.
  case single(L.Step)
  /// A convolution, dropout of channels or none, then max-pooling by 2 × 2 windows and ReLU in either order.
  case pooledConvolution(L.Conv2d, L.Dropout2d?, inSteps: [L.Step])
  /// A dense layer and ReLU.
  case rectifiedLinear(L.Linear, inSteps: [L.Step])

  /// The runs of a chain of layers.
  static func cut(_ layers: [L.Step]) -> [LayerRun] {
    var runs: [LayerRun] = []
    var position = 0
    while position < layers.count {
      let rest = layers[position...]
      let run = pooledConvolution(rest) ?? rectifiedLinear(rest) ?? (.single(layers[position]), 1)
      runs.append(run.run)
      position += run.count
    }
    return runs
  }

  private static func pooledConvolution(_ layers: ArraySlice<L.Step>) -> (run: LayerRun, count: Int)? {
    guard let convolution = layers.first as? L.Conv2d, convolution.padding != .same else { return nil }
    var rest = layers.dropFirst()
    let dropout = rest.first as? L.Dropout2d
    if dropout != nil { rest = rest.dropFirst() }
    guard rest.count >= 2 else { return nil }
    let (first, second) = (rest[rest.startIndex], rest[rest.startIndex + 1])
    guard
      (isTwoByTwo(first) && second is L.ReLU) || (first is L.ReLU && isTwoByTwo(second))
    else { return nil }
    let count = dropout == nil ? 3 : 4
    return (.pooledConvolution(convolution, dropout, inSteps: Array(layers.prefix(count))), count)
  }

  private static func isTwoByTwo(_ layer: L.Step) -> Bool {
    guard let pooling = layer as? L.MaxPool2d else { return false }
    return pooling.kernelSize == (2, 2) && pooling.stride == (2, 2) && pooling.padding == (0, 0)
      && pooling.dilation == (1, 1) && !pooling.ceilMode
  }

  private static func rectifiedLinear(_ layers: ArraySlice<L.Step>) -> (run: LayerRun, count: Int)? {
    guard layers.count >= 2, let linear = layers.first as? L.Linear, layers[layers.startIndex + 1] is L.ReLU
    else { return nil }
    return (.rectifiedLinear(linear, inSteps: Array(layers.prefix(2))), 2)
  }

  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> {
    switch self {
    case .single(let layer): return layer(input)
    case .pooledConvolution(let convolution, let dropout, let steps):
      guard convolution.canPool(input.shape) else { return steps.reduce(input) { $1($0) } }
      let result = convolution.rectifiedAndPooled(input)
      return dropout.map { $0(result) } ?? result
    case .rectifiedLinear(let linear, let steps):
      guard input.shape.last == linear.inFeatures else { return steps.reduce(input) { $1($0) } }
      return ApusTensor.rectifiedLinear(input, linear.weight.value, linear.bias?.value)
    }
  }
}

extension Layers.Conv2d {
  /// Whether the layer takes images of this shape, and leaves two rows and two columns at least.
  fileprivate func canPool(_ shape: Shape) -> Bool {
    guard shape.rank == 4, shape[1] == inChannels, case .explicit(let rows, let columns) = padding else { return false }
    return shape[2] + 2 * rows > dilation.0 * (kernelSize.0 - 1) + stride.0
      && shape[3] + 2 * columns > dilation.1 * (kernelSize.1 - 1) + stride.1
  }

  /// This layer, ReLU and max-pooling by 2 × 2 windows.
  fileprivate func rectifiedAndPooled(_ input: Tensor<Scalar>) -> Tensor<Scalar> {
    guard case .explicit(let rows, let columns) = padding else { preconditionFailure("the padding is not explicit") }
    return rectifiedPooledConv2d(
      input, weight.value, bias?.value, stride: stride, padding: (rows, columns), dilation: dilation, groups: groups)
  }
}
