import ApusCompute

// Comparisons and choices, element by element, broadcasting. A condition is a tensor of zeros and ones (anything that is
// not 0 counts as true); it has no gradient.

infix operator .< : ComparisonPrecedence
infix operator .<= : ComparisonPrecedence
infix operator .> : ComparisonPrecedence
infix operator .>= : ComparisonPrecedence
infix operator .== : ComparisonPrecedence
infix operator .!= : ComparisonPrecedence

extension Tensor {
  /// 1 where a < b, 0 elsewhere. Has no gradient.
  public static func .< (a: Tensor, b: Tensor) -> Tensor { combined(.less, ".<", a, b) }
  /// 1 where a ≤ b, 0 elsewhere. Has no gradient.
  public static func .<= (a: Tensor, b: Tensor) -> Tensor { combined(.lessEqual, ".<=", a, b) }
  /// 1 where a > b, 0 elsewhere. Has no gradient.
  public static func .> (a: Tensor, b: Tensor) -> Tensor { combined(.greater, ".>", a, b) }
  /// 1 where a ≥ b, 0 elsewhere. Has no gradient.
  public static func .>= (a: Tensor, b: Tensor) -> Tensor { combined(.greaterEqual, ".>=", a, b) }
  /// 1 where a = b, 0 elsewhere. Has no gradient.
  public static func .== (a: Tensor, b: Tensor) -> Tensor { combined(.equal, ".==", a, b) }
  /// 1 where a ≠ b, 0 elsewhere. Has no gradient.
  public static func .!= (a: Tensor, b: Tensor) -> Tensor { combined(.notEqual, ".!=", a, b) }

  /// 1 where x < s, 0 elsewhere. Has no gradient.
  public static func .< (x: Tensor, scalar: Scalar) -> Tensor { x .< Tensor(scalar) }
  /// 1 where x ≤ s, 0 elsewhere. Has no gradient.
  public static func .<= (x: Tensor, scalar: Scalar) -> Tensor { x .<= Tensor(scalar) }
  /// 1 where x > s, 0 elsewhere. Has no gradient.
  public static func .> (x: Tensor, scalar: Scalar) -> Tensor { x .> Tensor(scalar) }
  /// 1 where x ≥ s, 0 elsewhere. Has no gradient.
  public static func .>= (x: Tensor, scalar: Scalar) -> Tensor { x .>= Tensor(scalar) }
  /// 1 where x = s, 0 elsewhere. Has no gradient.
  public static func .== (x: Tensor, scalar: Scalar) -> Tensor { x .== Tensor(scalar) }
  /// 1 where x ≠ s, 0 elsewhere. Has no gradient.
  public static func .!= (x: Tensor, scalar: Scalar) -> Tensor { x .!= Tensor(scalar) }
}

/// a to the power b, element by element, broadcasting. ∂/∂a = b aᵇ⁻¹, ∂/∂b = aᵇ log a (0 where aᵇ is 0).
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
public func pow<Scalar: ComputeScalar>(_ a: Tensor<Scalar>, _ b: Tensor<Scalar>) -> Tensor<Scalar> {
  let (first, second) = (a.recordedNode, b.recordedNode)
  let (a, b) = (a.withoutHistory, b.withoutHistory)
  var y = combined(.power, "pow", a, b)
  guard first != nil || second != nil else { return y }
  let kept = y
  y.record("pow", first, second) { upstream, operands in
    if operands.wants(1) {
      // Where a is 0 and b positive, aᵇ is 0 for all b near: the product 0 · −∞ must not become NaN.
      let slope = kept * select(where: kept .== 0, kept, a.log())
      operands.send(1, (upstream * slope).reduced(to: b.shape))
    }
    if operands.wants(0) {
      let power = b * combined(.power, "pow", a, b - 1)
      let slope = select(where: b .== 0, Tensor(0), power)
      operands.send(0, (upstream * slope).reduced(to: a.shape))
    }
  }
  return y
}

/// The larger of two numbers, element by element, broadcasting. The gradient goes to the larger, half to each of equals.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
public func maximum<Scalar: ComputeScalar>(_ a: Tensor<Scalar>, _ b: Tensor<Scalar>) -> Tensor<Scalar> {
  extremum(.maximum, "maximum", a, b)
}

/// The smaller of two numbers, element by element, broadcasting. The gradient goes to the smaller, half to each of equals.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
public func minimum<Scalar: ComputeScalar>(_ a: Tensor<Scalar>, _ b: Tensor<Scalar>) -> Tensor<Scalar> {
  extremum(.minimum, "minimum", a, b)
}

@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func extremum<Scalar: ComputeScalar>(
  _ function: BinaryFunction, _ name: String, _ a: Tensor<Scalar>, _ b: Tensor<Scalar>
) -> Tensor<Scalar> {
  let (first, second) = (a.recordedNode, b.recordedNode)
  let (a, b) = (a.withoutHistory, b.withoutHistory)
  var y = combined(function, name, a, b)
  guard first != nil || second != nil else { return y }
  y.record(name, first, second) { upstream, operands in
    let wins = combined(function == .maximum ? .greater : .less, name, a, b)
    let share = wins + combined(.equal, name, a, b) * 0.5
    if operands.wants(1) { operands.send(1, (upstream * (1 - share)).reduced(to: b.shape)) }
    if operands.wants(0) { operands.send(0, (upstream * share).reduced(to: a.shape)) }
  }
  return y
}

/// a where the condition holds (is not 0), b elsewhere; element by element, broadcasting. Each gets the gradient of the
/// elements that were taken from it.
///
/// - Precondition: The three shapes broadcast.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
public func select<Scalar: ComputeScalar>(
  where condition: Tensor<Scalar>, _ a: Tensor<Scalar>, _ b: Tensor<Scalar>
) -> Tensor<Scalar> {
  let shape = Shape.broadcast(
    condition.shape, Shape.broadcast(a.shape, b.shape, "select(where:)"), "select(where:)")
  let chosen = condition.withoutHistory.expandedView(shape).packed()
  var y = selection(chosen, a.withoutHistory.expandedView(shape), b.withoutHistory.expandedView(shape))
  let (first, second) = (a.recordedNode, b.recordedNode)
  guard first != nil || second != nil else { return y }
  let (aShape, bShape) = (a.shape, b.shape)
  y.record("select", first, second) { upstream, operands in
    let nothing = Tensor<Scalar>(0).expandedView(shape)
    if operands.wants(1) { operands.send(1, selection(chosen, nothing, upstream).reduced(to: bShape)) }
    if operands.wants(0) { operands.send(0, selection(chosen, upstream, nothing).reduced(to: aShape)) }
  }
  return y
}

/// The choice between tensors of one shape. Records nothing.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func selection<Scalar: ComputeScalar>(
  _ condition: Tensor<Scalar>, _ a: Tensor<Scalar>, _ b: Tensor<Scalar>
) -> Tensor<Scalar> {
  let y = Tensor<Scalar>(uninitialized: condition.shape)
  let b = b.withoutHistory.packed()
  withPointers(condition, a.withoutHistory.packed()) { condition, a in
    withPointer(b) { ApusCompute.select(condition, a, $0, into: y.pointer, count: y.elementCount) }
  }
  return y
}

extension Tensor {
  /// This tensor with `value` where the mask holds (is not 0). The mask broadcasts to the tensor; the gradient of what was
  /// replaced is 0.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func maskedFill(_ mask: Tensor, _ value: Scalar) -> Tensor {
    check(mask.shape.broadcasts(to: shape), "maskedFill", "the mask does not broadcast", shape, mask.shape)
    return select(where: mask, Tensor(value), self)
  }

  /// This tensor with `value` where the mask holds (is not 0).
  public func maskedFill(_ mask: IndexTensor, _ value: Scalar) -> Tensor { maskedFill(Tensor(integers: mask), value) }

  /// The lower triangle of the last two dimensions: zeros above the diagonal.
  ///
  /// - Parameter diagonal: How far above (below, if negative) the main diagonal the last kept one lies.
  public func tril(_ diagonal: Int = 0) -> Tensor { triangle("tril") { row, column in column - row <= diagonal } }

  /// The upper triangle of the last two dimensions: zeros below the diagonal.
  ///
  /// - Parameter diagonal: How far above (below, if negative) the main diagonal the first kept one lies.
  public func triu(_ diagonal: Int = 0) -> Tensor { triangle("triu") { row, column in column - row >= diagonal } }

  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private func triangle(_ name: String, _ keeps: (_ row: Int, _ column: Int) -> Bool) -> Tensor {
    check(rank >= 2, name, "it needs a matrix", shape)
    let (rows, columns) = (shape[-2], shape[-1])
    let mask = Tensor(shape: [rows, columns]) { elements in
      for row in 0..<rows {
        for column in 0..<columns { elements[row * columns + column] = keeps(row, column) ? 1 : 0 }
      }
    }
    return select(where: mask, self, Tensor(0))
  }
}
