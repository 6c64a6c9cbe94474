import ApusCompute

/// The largest number of each of as many windows as the result has pixels, as PyTorch's `adaptive_max_pool2d`: window i of n
/// along an extent e reaches from ⌊i e / n⌋ to ⌈(i + 1) e / n⌉. The gradient goes to the number that was taken, of equals the
/// first.
///
/// - Parameters:
///   - x: [batch, channels, height, width].
///   - size: Height and width of the result; (1, 1) is global maximum pooling.
/// - Returns: [batch, channels, size.0, size.1].
/// - Precondition: The sizes are positive.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
public func adaptiveMaxPool2d<Scalar: ComputeScalar>(_ x: Tensor<Scalar>, _ size: (Int, Int)) -> Tensor<Scalar> {
  check(x.rank == 4, "adaptiveMaxPool2d", "images need four dimensions", x.shape)
  check(
    size.0 > 0 && size.1 > 0 && x.shape[2] > 0 && x.shape[3] > 0, "adaptiveMaxPool2d",
    "there is no image of size \(size)", x.shape)
  let (node, xShape) = (x.recordedNode, x.shape)
  let (planes, height, width) = (xShape[0] * xShape[1], xShape[2], xShape[3])
  var y = Tensor<Scalar>(uninitialized: [xShape[0], xShape[1], size.0, size.1])
  guard let node else {
    withPointer(x.withoutHistory.packed()) {
      adaptiveMaximum(
        $0, into: y.pointer, places: nil, planes: planes, height: height, width: width, rows: size.0, columns: size.1)
    }
    return y
  }
  let places = Storage<Int32>(count: y.elementCount)
  withPointer(x.withoutHistory.packed()) {
    adaptiveMaximum(
      $0, into: y.pointer, places: places.pointer, planes: planes, height: height, width: width, rows: size.0,
      columns: size.1)
  }
  y.record("adaptiveMaxPool2d", node) { upstream, operands in
    let gradient = Tensor<Scalar>(uninitialized: xShape)
    withPointer(upstream.packed()) {
      adaptiveMaximumGradient(
        upstream: $0, places: places.pointer, into: gradient.pointer, planes: planes, size: height * width,
        windows: size.0 * size.1)
    }
    withExtendedLifetime(places) {}
    operands.send(0, gradient)
  }
  return y
}
