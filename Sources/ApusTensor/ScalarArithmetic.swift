import ApusCompute

// Elementwise operations of a tensor and a number.

/// y = f(x, s) or f(s, x) for a number s, in x's place where that is allowed. Records nothing.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func combined<Scalar: ComputeScalar>(
  _ function: BinaryFunction, _ x: consuming Tensor<Scalar>, _ scalar: Scalar, scalarFirst: Bool = false
) -> Tensor<Scalar> {
  var x = x.packed()
  let y = x.canOverwrite ? x : Tensor(uninitialized: x.shape)
  withPointer(x) { source in
    if scalarFirst {
      combine(function, scalar: scalar, source, into: y.pointer, count: x.elementCount)
    } else {
      combine(function, source, scalar: scalar, into: y.pointer, count: x.elementCount)
    }
  }
  return y
}

extension Tensor {
  /// x + s for every element x. d/dx = 1.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func + (x: consuming Tensor, scalar: Scalar) -> Tensor {
    let node = x.recordedNode
    var y = combined(.add, x, scalar)
    if let node { y.record("addScalar", node) { upstream, operands in operands.send(0, upstream) } }
    return y
  }

  /// s + x for every element x. d/dx = 1.
  public static func + (scalar: Scalar, x: consuming Tensor) -> Tensor { x + scalar }

  /// x − s for every element x. d/dx = 1.
  public static func - (x: consuming Tensor, scalar: Scalar) -> Tensor { x + -scalar }

  /// s − x for every element x. d/dx = −1.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func - (scalar: Scalar, x: consuming Tensor) -> Tensor {
    let node = x.recordedNode
    var y = combined(.subtract, x, scalar, scalarFirst: true)
    if let node { y.record("scalarSubtract", node) { upstream, operands in operands.send(0, -upstream) } }
    return y
  }

  /// x · s for every element x. d/dx = s.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func * (x: consuming Tensor, scalar: Scalar) -> Tensor {
    let node = x.recordedNode
    var y = combined(.multiply, x, scalar)
    if let node { y.record("multiplyScalar", node) { upstream, operands in operands.send(0, upstream * scalar) } }
    return y
  }

  /// s · x for every element x. d/dx = s.
  public static func * (scalar: Scalar, x: consuming Tensor) -> Tensor { x * scalar }

  /// x / s for every element x. d/dx = 1 / s.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func / (x: consuming Tensor, scalar: Scalar) -> Tensor {
    let node = x.recordedNode
    var y = combined(.divide, x, scalar)
    if let node { y.record("divideScalar", node) { upstream, operands in operands.send(0, upstream / scalar) } }
    return y
  }

  /// s / x for every element x. d/dx = −s/x² = −y/x.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func / (scalar: Scalar, x: consuming Tensor) -> Tensor {
    let node = x.recordedNode
    guard let node else { return combined(.divide, x, scalar, scalarFirst: true) }
    let kept = x.detached()
    var y = combined(.divide, copy kept, scalar, scalarFirst: true)
    let result = y
    y.record("scalarDivide", node) { upstream, operands in operands.send(0, -(upstream * result / kept)) }
    return y
  }

  /// Adds a number to every element.
  public static func += (x: inout Tensor, scalar: Scalar) { x = consume x + scalar }
  /// Subtracts a number from every element.
  public static func -= (x: inout Tensor, scalar: Scalar) { x = consume x - scalar }
  /// Multiplies every element by a number.
  public static func *= (x: inout Tensor, scalar: Scalar) { x = consume x * scalar }
  /// Divides every element by a number.
  public static func /= (x: inout Tensor, scalar: Scalar) { x = consume x / scalar }
}
