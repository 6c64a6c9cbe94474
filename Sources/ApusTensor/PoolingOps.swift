import ApusCompute

/// The largest number of every window of an image, as PyTorch's `max_pool2d`. The gradient goes to the number that was
/// taken, of equals the first.
///
/// - Parameters:
///   - x: [batch, channels, height, width].
///   - kernel: Rows and columns of a window.
///   - stride: Rows and columns from one window to the next; the kernel unless given.
///   - padding: Rows and columns around the image that are never taken; at most half the kernel.
///   - dilation: Rows and columns from one element of a window to the next.
///   - ceilMode: Whether a last window that reaches over the edge counts.
/// - Returns: [batch, channels, height', width'].
/// - Precondition: A window fits the padded image.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
public func maxPool2d<Scalar: ComputeScalar>(
  _ x: Tensor<Scalar>, _ kernel: (Int, Int), stride: (Int, Int)? = nil, padding: (Int, Int) = (0, 0),
  dilation: (Int, Int) = (1, 1), ceilMode: Bool = false
) -> Tensor<Scalar> {
  let geometry = poolingGeometry(
    "maxPool2d", x.shape, kernel, stride ?? kernel, padding, dilation, ceilMode: ceilMode)
  let (node, xShape) = (x.recordedNode, x.shape)
  var y = Tensor<Scalar>(uninitialized: [xShape[0], xShape[1], geometry.outputHeight, geometry.outputWidth])
  guard let node else {
    withPointer(x.withoutHistory.packed()) { maxPool($0, into: y.pointer, indices: nil, geometry) }
    return y
  }
  let places = Storage<Int32>(count: y.elementCount)
  withPointer(x.withoutHistory.packed()) { maxPool($0, into: y.pointer, indices: places.pointer, geometry) }
  y.record("maxPool2d", node) { upstream, operands in
    let gradient = Tensor<Scalar>(uninitialized: xShape)
    withPointer(upstream.packed()) {
      maxPoolGradient(upstream: $0, indices: places.pointer, into: gradient.pointer, geometry)
    }
    withExtendedLifetime(places) {}
    operands.send(0, gradient)
  }
  return y
}

/// `maxPool2d` with square windows.
public func maxPool2d<Scalar: ComputeScalar>(
  _ x: Tensor<Scalar>, _ kernel: Int, stride: Int? = nil, padding: Int = 0, dilation: Int = 1, ceilMode: Bool = false
) -> Tensor<Scalar> {
  maxPool2d(
    x, (kernel, kernel), stride: stride.map { ($0, $0) }, padding: (padding, padding), dilation: (dilation, dilation),
    ceilMode: ceilMode)
}

/// The mean of every window of an image, as PyTorch's `avg_pool2d`. The gradient is spread evenly over the window.
///
/// - Parameters:
///   - x: [batch, channels, height, width].
///   - kernel: Rows and columns of a window.
///   - stride: Rows and columns from one window to the next; the kernel unless given.
///   - padding: Rows and columns of zeros around the image; at most half the kernel.
///   - ceilMode: Whether a last window that reaches over the edge counts.
///   - countIncludePad: Whether the zeros count in the mean.
/// - Returns: [batch, channels, height', width'].
/// - Precondition: A window fits the padded image.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
public func avgPool2d<Scalar: ComputeScalar>(
  _ x: Tensor<Scalar>, _ kernel: (Int, Int), stride: (Int, Int)? = nil, padding: (Int, Int) = (0, 0),
  ceilMode: Bool = false, countIncludePad: Bool = true
) -> Tensor<Scalar> {
  let geometry = poolingGeometry("avgPool2d", x.shape, kernel, stride ?? kernel, padding, (1, 1), ceilMode: ceilMode)
  let (node, xShape) = (x.recordedNode, x.shape)
  var y = Tensor<Scalar>(uninitialized: [xShape[0], xShape[1], geometry.outputHeight, geometry.outputWidth])
  withPointer(x.withoutHistory.packed()) {
    averagePool($0, into: y.pointer, geometry, countsPadding: countIncludePad)
  }
  guard let node else { return y }
  y.record("avgPool2d", node) { upstream, operands in
    let gradient = Tensor<Scalar>(uninitialized: xShape)
    withPointer(upstream.packed()) {
      averagePoolGradient(upstream: $0, into: gradient.pointer, geometry, countsPadding: countIncludePad)
    }
    operands.send(0, gradient)
  }
  return y
}

/// `avgPool2d` with square windows.
public func avgPool2d<Scalar: ComputeScalar>(
  _ x: Tensor<Scalar>, _ kernel: Int, stride: Int? = nil, padding: Int = 0, ceilMode: Bool = false,
  countIncludePad: Bool = true
) -> Tensor<Scalar> {
  avgPool2d(
    x, (kernel, kernel), stride: stride.map { ($0, $0) }, padding: (padding, padding), ceilMode: ceilMode,
    countIncludePad: countIncludePad)
}

private func poolingGeometry(
  _ name: String, _ x: Shape, _ kernel: (Int, Int), _ stride: (Int, Int), _ padding: (Int, Int),
  _ dilation: (Int, Int), ceilMode: Bool
) -> PoolingGeometry {
  check(x.rank == 4, name, "images need four dimensions", x)
  let settings = "kernel \(kernel), stride \(stride), padding \(padding), dilation \(dilation)"
  check(
    kernel.0 > 0 && kernel.1 > 0 && stride.0 > 0 && stride.1 > 0 && dilation.0 > 0 && dilation.1 > 0
      && padding.0 >= 0 && padding.1 >= 0 && padding.0 <= kernel.0 / 2 && padding.1 <= kernel.1 / 2,
    name, "there is no such pooling: \(settings)", x)
  check(
    dilation.0 * (kernel.0 - 1) < x[2] + 2 * padding.0 && dilation.1 * (kernel.1 - 1) < x[3] + 2 * padding.1, name,
    "the window is larger than the image: \(settings)", x)
  return PoolingGeometry(
    planes: x[0] * x[1], height: x[2], width: x[3], kernel: kernel, stride: stride, padding: padding,
    dilation: dilation, ceilMode: ceilMode)
}
