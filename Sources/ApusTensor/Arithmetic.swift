import ApusCompute

// Elementwise operations on two tensors. Where the shapes differ, both are repeated to the shape that NumPy's
// broadcasting rule gives; the gradient of an operand that was repeated is the sum over its repetitions (`reduced(to:)`).

extension Tensor {
  /// The sum of two tensors, element by element, broadcasting. ∂/∂a = 1, ∂/∂b = 1.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func + (a: consuming Tensor, b: consuming Tensor) -> Tensor {
    let (first, second) = (a.recordedNode, b.recordedNode)
    let (aShape, bShape) = (a.shape, b.shape)
    var y = combined(.add, "+", a, b)
    guard first != nil || second != nil else { return y }
    y.record("add", first, second) { upstream, operands in
      if operands.wants(1) { operands.send(1, upstream.reduced(to: bShape)) }
      if operands.wants(0) { operands.send(0, upstream.reduced(to: aShape)) }
    }
    return y
  }

  /// The difference of two tensors, element by element, broadcasting. ∂/∂a = 1, ∂/∂b = −1.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func - (a: consuming Tensor, b: consuming Tensor) -> Tensor {
    let (first, second) = (a.recordedNode, b.recordedNode)
    let (aShape, bShape) = (a.shape, b.shape)
    var y = combined(.subtract, "-", a, b)
    guard first != nil || second != nil else { return y }
    y.record("subtract", first, second) { upstream, operands in
      if operands.wants(1) { operands.send(1, -upstream.reduced(to: bShape)) }
      if operands.wants(0) { operands.send(0, upstream.reduced(to: aShape)) }
    }
    return y
  }

  /// The product of two tensors, element by element, broadcasting. ∂/∂a = b, ∂/∂b = a.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func * (a: consuming Tensor, b: consuming Tensor) -> Tensor {
    let (first, second) = (a.recordedNode, b.recordedNode)
    guard first != nil || second != nil else { return combined(.multiply, "*", a, b) }
    let (aShape, bShape) = (a.shape, b.shape)
    // Each is kept only for the other's gradient.
    let keptA = second == nil ? nil : a.withoutHistory
    let keptB = first == nil ? nil : b.withoutHistory
    var y = combined(.multiply, "*", a, b)
    y.record("multiply", first, second) { upstream, operands in
      if let keptA { operands.send(1, (upstream * keptA).reduced(to: bShape)) }
      if let keptB { operands.send(0, (upstream * keptB).reduced(to: aShape)) }
    }
    return y
  }

  /// The quotient of two tensors, element by element, broadcasting. ∂/∂a = 1/b, ∂/∂b = −a/b² = −y/b.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func / (a: consuming Tensor, b: consuming Tensor) -> Tensor {
    let (first, second) = (a.recordedNode, b.recordedNode)
    guard first != nil || second != nil else { return combined(.divide, "/", a, b) }
    let (aShape, bShape) = (a.shape, b.shape)
    let keptB = b.withoutHistory
    var y = combined(.divide, "/", a, b)
    let keptY = second == nil ? nil : y
    y.record("divide", first, second) { upstream, operands in
      let share = upstream / keptB
      if let keptY { operands.send(1, (-(share * keptY)).reduced(to: bShape)) }
      if operands.wants(0) { operands.send(0, share.reduced(to: aShape)) }
    }
    return y
  }

  /// Minus each element.
  public static prefix func - (x: consuming Tensor) -> Tensor { unary(.negate, "negate", x) }

  /// Adds another tensor, which is broadcast to this one's shape.
  public static func += (a: inout Tensor, b: Tensor) { a.update("+=", b) { $0 + $1 } }
  /// Subtracts another tensor, which is broadcast to this one's shape.
  public static func -= (a: inout Tensor, b: Tensor) { a.update("-=", b) { $0 - $1 } }
  /// Multiplies by another tensor, which is broadcast to this one's shape.
  public static func *= (a: inout Tensor, b: Tensor) { a.update("*=", b) { $0 * $1 } }
  /// Divides by another tensor, which is broadcast to this one's shape.
  public static func /= (a: inout Tensor, b: Tensor) { a.update("/=", b) { $0 / $1 } }

  /// Replaces this tensor by the result of an operation, in place where nobody else needs the old numbers.
  @inline(__always)
  private mutating func update(
    _ name: String, _ other: Tensor, _ operation: (consuming Tensor, consuming Tensor) -> Tensor
  ) {
    check(other.shape.broadcasts(to: shape), name, "the right side does not broadcast to the left", shape, other.shape)
    self = operation(consume self, other)
  }
}

/// y = f(a, b) without recording: in a's or b's place where that is allowed, and without looking at strides where the
/// layout is simple.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
func combined<Scalar: ComputeScalar>(
  _ function: BinaryFunction, _ name: String, _ a: consuming Tensor<Scalar>, _ b: consuming Tensor<Scalar>
) -> Tensor<Scalar> {
  a.node = nil
  b.node = nil
  let shape = Shape.broadcast(a.shape, b.shape, name)
  let count = shape.elementCount
  let aFits = a.shape == shape && a.isContiguous
  let bFits = b.shape == shape && b.isContiguous
  if aFits && bFits {
    let y =
      isKnownUniquelyReferenced(&a.storage)
      ? a : isKnownUniquelyReferenced(&b.storage) ? b : Tensor(uninitialized: shape)
    withPointers(a, b) { combine(function, $0, $1, into: y.pointer, count: count) }
    return y
  }
  if aFits && b.elementCount == 1 {
    let y = isKnownUniquelyReferenced(&a.storage) ? a : Tensor(uninitialized: shape)
    withPointers(a, b) { combine(function, $0, scalar: $1.pointee, into: y.pointer, count: count) }
    return y
  }
  if bFits && a.elementCount == 1 {
    let y = isKnownUniquelyReferenced(&b.storage) ? b : Tensor(uninitialized: shape)
    withPointers(a, b) { combine(function, scalar: $0.pointee, $1, into: y.pointer, count: count) }
    return y
  }
  let aStrides = a.strides(broadcastTo: shape).array
  let bStrides = b.strides(broadcastTo: shape).array
  let y = aFits && isKnownUniquelyReferenced(&a.storage) ? a : Tensor(uninitialized: shape)
  withPointers(a, b) {
    combine(
      function, $0, strides: aStrides, $1, strides: bStrides, into: y.pointer, shape: shape.dimensions.array)
  }
  return y
}

extension Tensor {
  /// The steps with which this tensor's elements repeat over a shape that it broadcasts to.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func strides(broadcastTo target: Shape) -> Dimensions {
    var result = Dimensions(repeating: 0, count: target.rank)
    let shift = target.rank - rank
    for d in 0..<rank {
      result[d + shift] = shape.dimensions[d] == 1 && target.dimensions[d + shift] != 1 ? 0 : strides[d]
    }
    return result
  }

  /// The sum over the dimensions along which a tensor of shape `target` was repeated to this one's shape: the gradient
  /// of broadcasting. Records nothing.
  @inline(__always)
  consuming func reduced(to target: Shape) -> Tensor {
    if shape == target { return self }
    return reducedSlowly(to: target)
  }

  @inline(never)
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private func reducedSlowly(to target: Shape) -> Tensor {
    let shift = rank - target.rank
    let axes = (0..<rank).filter { $0 < shift || (target.dimensions[$0 - shift] == 1 && shape.dimensions[$0] != 1) }
    var result = reducing(.sum, detached(), axes)
    result.shape = target
    result.strides = target.rowMajorStrides
    return result
  }
}
