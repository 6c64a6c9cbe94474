import ApusCompute

/// How an image's pixels in another size are found.
public enum InterpolationMode: Hashable, Sendable {
  /// The source pixel before each place.
  case nearest
  /// A mixture of the four pixels around each place. With `alignCorners` the centres of the outermost pixels coincide,
  /// without it the image's edges.
  case bilinear(alignCorners: Bool = false)
}

/// An image in another size, as PyTorch's `interpolate`. Every output pixel is a weighted sum of input pixels; the gradient
/// goes back by the same weights.
///
/// - Parameters:
///   - x: [batch, channels, height, width].
///   - size: Height and width of the result.
///   - mode: How pixels are found.
/// - Returns: [batch, channels, size.0, size.1].
/// - Precondition: The sizes are positive.
public func interpolate<Scalar: ComputeScalar>(
  _ x: Tensor<Scalar>, size: (Int, Int), mode: InterpolationMode = .nearest
) -> Tensor<Scalar> {
  interpolated(x, size, factors: nil, mode)
}

/// An image enlarged by factors, as PyTorch's `interpolate`: the size is rounded down, and the factors are used as they are
/// for the places of the pixels.
///
/// - Parameters:
///   - x: [batch, channels, height, width].
///   - scale: The factors of height and width.
///   - mode: How pixels are found.
/// - Returns: [batch, channels, ⌊height · scale.0⌋, ⌊width · scale.1⌋].
/// - Precondition: The resulting sizes are positive.
public func interpolate<Scalar: ComputeScalar>(
  _ x: Tensor<Scalar>, scale: (Double, Double), mode: InterpolationMode = .nearest
) -> Tensor<Scalar> {
  check(x.rank == 4, "interpolate", "images need four dimensions", x.shape)
  let size = (Int(Double(x.shape[2]) * scale.0), Int(Double(x.shape[3]) * scale.1))
  return interpolated(x, size, factors: scale, mode)
}

@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func interpolated<Scalar: ComputeScalar>(
  _ x: Tensor<Scalar>, _ size: (Int, Int), factors: (Double, Double)?, _ mode: InterpolationMode
) -> Tensor<Scalar> {
  check(x.rank == 4, "interpolate", "images need four dimensions", x.shape)
  check(
    size.0 > 0 && size.1 > 0 && x.shape[2] > 0 && x.shape[3] > 0, "interpolate",
    "there is no image of size \(size)", x.shape)
  func resampling(_ source: Int, _ count: Int, _ factor: Double?) -> Resampling {
    let step = factor.map { 1 / $0 } ?? Double(source) / Double(count)
    switch mode {
    case .nearest: return .nearest(source, count, step: step)
    case .bilinear(alignCorners: false): return .linear(source, count, step: step, alignsCorners: false)
    case .bilinear(alignCorners: true):
      let step = count > 1 ? Double(source - 1) / Double(count - 1) : 0
      return .linear(source, count, step: step, alignsCorners: true)
    }
  }
  let rows = resampling(x.shape[2], size.0, factors?.0)
  let columns = resampling(x.shape[3], size.1, factors?.1)
  let (node, xShape) = (x.recordedNode, x.shape)
  let planes = xShape[0] * xShape[1]
  var y = Tensor<Scalar>(uninitialized: [xShape[0], xShape[1], size.0, size.1])
  withPointer(x.withoutHistory.packed()) {
    resample($0, into: y.pointer, planes: planes, rows: rows, columns: columns)
  }
  guard let node else { return y }
  y.record("interpolate", node) { upstream, operands in
    let gradient = Tensor<Scalar>(uninitialized: xShape)
    withPointer(upstream.packed()) {
      resampleGradient(upstream: $0, into: gradient.pointer, planes: planes, rows: rows, columns: columns)
    }
    operands.send(0, gradient)
  }
  return y
}

/// The means of as many windows as the result has pixels, as PyTorch's `adaptive_avg_pool2d`: window i of n along an extent e
/// reaches from ⌊i e / n⌋ to ⌈(i + 1) e / n⌉. The gradient is spread evenly over the window.
///
/// - Parameters:
///   - x: [batch, channels, height, width].
///   - size: Height and width of the result; (1, 1) is global average pooling.
/// - Returns: [batch, channels, size.0, size.1].
/// - Precondition: The sizes are positive.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
public func adaptiveAvgPool2d<Scalar: ComputeScalar>(_ x: Tensor<Scalar>, _ size: (Int, Int)) -> Tensor<Scalar> {
  check(x.rank == 4, "adaptiveAvgPool2d", "images need four dimensions", x.shape)
  check(
    size.0 > 0 && size.1 > 0 && x.shape[2] > 0 && x.shape[3] > 0, "adaptiveAvgPool2d",
    "there is no image of size \(size)", x.shape)
  let (node, xShape) = (x.recordedNode, x.shape)
  let (planes, height, width) = (xShape[0] * xShape[1], xShape[2], xShape[3])
  var y = Tensor<Scalar>(uninitialized: [xShape[0], xShape[1], size.0, size.1])
  withPointer(x.withoutHistory.packed()) {
    adaptiveAverage(
      $0, into: y.pointer, planes: planes, height: height, width: width, rows: size.0, columns: size.1)
  }
  guard let node else { return y }
  y.record("adaptiveAvgPool2d", node) { upstream, operands in
    let gradient = Tensor<Scalar>(uninitialized: xShape)
    withPointer(upstream.packed()) {
      adaptiveAverageGradient(
        upstream: $0, into: gradient.pointer, planes: planes, height: height, width: width, rows: size.0,
        columns: size.1)
    }
    operands.send(0, gradient)
  }
  return y
}
