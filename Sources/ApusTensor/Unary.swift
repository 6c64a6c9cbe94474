import ApusCompute

/// y = f(x), element by element.
///
/// The backward pass is upstream · f′, with f′ computed from what is at hand anyway: from y where that is possible, so
/// that x is not kept and y may even be written over it, and from x elsewhere.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
func unary<Scalar: ComputeScalar>(
  _ function: UnaryFunction, _ name: String, _ x: consuming Tensor<Scalar>
) -> Tensor<Scalar> {
  let node = x.recordedNode
  var x = x.packed()
  let readsOutput = function.gradientReadsOutput
  var y = (node == nil || readsOutput) && x.canOverwrite ? x : Tensor(uninitialized: x.shape)
  withPointer(x) { apply(function, $0, into: y.pointer, count: x.elementCount) }
  guard let node else { return y }
  let kept = readsOutput ? y : x
  y.record(name, node) { upstream, operands in
    var upstream = upstream.packed()
    let gradient = upstream.canOverwrite ? upstream : Tensor(uninitialized: kept.shape)
    withPointers(kept, upstream) { kept, upstream in
      applyGradient(function, at: kept, upstream: upstream, into: gradient.pointer, count: gradient.elementCount)
    }
    operands.send(0, gradient)
  }
  return y
}
