import ApusCompute

/// eˣ / Σ eˣ along one dimension: positive numbers that sum to 1.
///
/// ∂yᵢ/∂xⱼ = yᵢ ([i = j] − yⱼ), so the gradient is y (g − Σ g y).
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
public func softmax<Scalar: ComputeScalar>(_ x: consuming Tensor<Scalar>, dim: Int = -1) -> Tensor<Scalar> {
  let (outer, count, inner) = x.shape.around(x.shape.axis(dim, "softmax"))
  let node = x.recordedNode
  var x = x.packed()
  var y = x.canOverwrite ? x : Tensor(uninitialized: x.shape)
  withPointer(x) { softmax($0, into: y.pointer, outer: outer, count: count, inner: inner) }
  guard let node else { return y }
  let kept = y
  y.record("softmax", node) { upstream, operands in
    var upstream = upstream.packed()
    let gradient = upstream.canOverwrite ? upstream : Tensor(uninitialized: kept.shape)
    withPointers(kept, upstream) {
      softmaxGradient(output: $0, upstream: $1, into: gradient.pointer, outer: outer, count: count, inner: inner)
    }
    operands.send(0, gradient)
  }
  return y
}

/// The logarithm of softmax, x − log Σ eˣ, along one dimension, exact where softmax underflows.
///
/// ∂yᵢ/∂xⱼ = [i = j] − exp yⱼ, so the gradient is g − exp(y) Σ g.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
public func logSoftmax<Scalar: ComputeScalar>(_ x: consuming Tensor<Scalar>, dim: Int = -1) -> Tensor<Scalar> {
  let (outer, count, inner) = x.shape.around(x.shape.axis(dim, "logSoftmax"))
  let node = x.recordedNode
  var x = x.packed()
  var y = x.canOverwrite ? x : Tensor(uninitialized: x.shape)
  withPointer(x) { logSoftmax($0, into: y.pointer, outer: outer, count: count, inner: inner) }
  guard let node else { return y }
  let kept = y
  y.record("logSoftmax", node) { upstream, operands in
    var upstream = upstream.packed()
    let gradient = upstream.canOverwrite ? upstream : Tensor(uninitialized: kept.shape)
    withPointers(kept, upstream) {
      logSoftmaxGradient(output: $0, upstream: $1, into: gradient.pointer, outer: outer, count: count, inner: inner)
    }
    operands.send(0, gradient)
  }
  return y
}

extension Tensor {
  /// eˣ / Σ eˣ along one dimension; see the free function.
  public consuming func softmax(dim: Int = -1) -> Tensor { ApusTensor.softmax(self, dim: dim) }

  /// The logarithm of softmax along one dimension; see the free function.
  public consuming func logSoftmax(dim: Int = -1) -> Tensor { ApusTensor.logSoftmax(self, dim: dim) }

  /// Running sums along one dimension: yₖ = Σ_{j≤k} xⱼ. xⱼ is part of every yₖ with k ≥ j, so its gradient is the running
  /// sum of g from the end.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public consuming func cumsum(_ dim: Int) -> Tensor {
    let (outer, count, inner) = shape.around(shape.axis(dim, "cumsum"))
    let node = recordedNode
    var x = packed()
    var y = x.canOverwrite ? x : Tensor(uninitialized: x.shape)
    withPointer(x) { cumulativeSum($0, into: y.pointer, outer: outer, count: count, inner: inner) }
    guard let node else { return y }
    y.record("cumsum", node) { upstream, operands in
      let upstream = upstream.packed()
      let gradient = Tensor(uninitialized: upstream.shape)
      withPointer(upstream) {
        cumulativeSum($0, into: gradient.pointer, outer: outer, count: count, inner: inner, reversed: true)
      }
      operands.send(0, gradient)
    }
    return y
  }
}
