import ApusCompute

/// softmax(scale · q kᵀ + mask) v, as PyTorch's `scaled_dot_product_attention` (Vaswani et al. 2017).
///
/// Computed in tiles, forward and backward: the scores of all queries with all keys are never there together, so memory grows
/// with the length and not with its square; see `ApusCompute.attention` for the derivation. A query that sees no key gets
/// zeros.
///
/// - Parameters:
///   - q: [.., queries, width].
///   - k: [.., keys, width].
///   - v: [.., keys, values].
///   - mask: A summand for the scores, broadcast to [.., queries, keys]; −∞ hides. Where it requires a gradient, the scores
///     are there as a whole.
///   - isCausal: Whether query i sees the keys 0 … i only, also where the lengths differ.
///   - scale: The factor of the scores, 1 / √width unless given.
/// - Returns: [.., queries, values].
/// - Precondition: The shapes fit; the dimensions before the last two are equal.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
public func scaledDotProductAttention<Scalar: ComputeScalar>(
  _ q: Tensor<Scalar>, _ k: Tensor<Scalar>, _ v: Tensor<Scalar>, mask: Tensor<Scalar>? = nil, isCausal: Bool = false,
  scale: Double? = nil
) -> Tensor<Scalar> {
  let name = "scaledDotProductAttention"
  check(q.rank >= 2 && q.rank == k.rank, name, "queries and keys need the same dimensions", q.shape, k.shape)
  check(
    q.shape[-1] == k.shape[-1] && q.shape.dropLast(2).elementsEqual(k.shape.dropLast(2)), name,
    "queries and keys do not fit", q.shape, k.shape)
  check(
    k.shape.dropLast().elementsEqual(v.shape.dropLast()), name, "there is not one value for each key", k.shape, v.shape)
  if mask?.recordedNode != nil {
    return matmul(attentionWeights(q, k, mask: mask, isCausal: isCausal, scale: scale), v)
  }
  let heads = Shape(q.shape.dropLast(2))
  let layout = AttentionLayout(
    count: heads.elementCount, queries: q.shape[-2], keys: k.shape[-2], width: q.shape[-1], valueWidth: v.shape[-1],
    scale: scale ?? 1 / Double(q.shape[-1]).squareRoot(), isCausal: isCausal)
  let summands = mask.map { $0.attentionMask(heads: heads, layout, name) }
  let (queries, keys, values) = (q.withoutHistory.packed(), k.withoutHistory.packed(), v.withoutHistory.packed())
  var y = Tensor<Scalar>(uninitialized: Shape(Array(q.shape.dropLast()) + [v.shape[-1]]))
  let logSumExps = Storage<Scalar>(count: layout.count * layout.queries)
  attention(
    layout, q: queries.pointer, k: keys.pointer, v: values.pointer, mask: summands?.mask, into: y.pointer,
    logSumExps: logSumExps.pointer)
  withExtendedLifetime((queries, keys, values, summands, logSumExps)) {}
  let nodes = [q.recordedNode, k.recordedNode, v.recordedNode]
  if nodes.allSatisfy({ $0 == nil }) { return y }
  let kept = y
  y.record(name, nodes) { upstream, operands in
    let upstream = upstream.packed()
    let (dq, dk, dv) = (
      Tensor<Scalar>(uninitialized: queries.shape), Tensor<Scalar>(uninitialized: keys.shape),
      Tensor<Scalar>(uninitialized: values.shape)
    )
    attentionGradient(
      layout, q: queries.pointer, k: keys.pointer, v: values.pointer, mask: summands?.mask, output: kept.pointer,
      logSumExps: logSumExps.pointer, upstream: upstream.pointer, dq: dq.pointer, dk: dk.pointer, dv: dv.pointer)
    withExtendedLifetime((queries, keys, values, summands, kept, logSumExps, upstream)) {}
    operands.send(2, dv)
    operands.send(1, dk)
    operands.send(0, dq)
  }
  return y
}

/// softmax(scale · q kᵀ + mask), all weights at once: what `scaledDotProductAttention` mixes the values by.
///
/// - Returns: [.., queries, keys].
/// - Precondition: As for `scaledDotProductAttention`.
public func attentionWeights<Scalar: ComputeScalar>(
  _ q: Tensor<Scalar>, _ k: Tensor<Scalar>, mask: Tensor<Scalar>? = nil, isCausal: Bool = false, scale: Double? = nil
) -> Tensor<Scalar> {
  var scores = matmul(q, k.transposed()) * Scalar(scale ?? 1 / Double(q.shape[-1]).squareRoot())
  if let mask { scores = scores + mask }
  if isCausal { scores = scores + .causalMask(q.shape[-2], keys: k.shape[-2]) }
  return softmax(scores, dim: -1)
}

/// A mask as the driver sees it, with what keeps its numbers alive.
private struct KeptMask<Scalar: ComputeScalar> {
  let numbers: Tensor<Scalar>
  let mask: AttentionMask<Scalar>
}

extension Tensor {
  /// This tensor as a mask for heads of the given shape.
  @inline(__always)
  fileprivate func attentionMask(heads: Shape, _ layout: AttentionLayout, _ name: String) -> KeptMask<Scalar> {
    let full = Shape(Array(heads) + [layout.queries, layout.keys])
    check(shape.broadcasts(to: full), name, "the mask does not broadcast to the scores", shape, full)
    // A row must lie without gaps; before it, extents of 1 are repeated by a stride of 0.
    var numbers = withoutHistory
    if numbers.rank == 0 || numbers.shape[-1] != layout.keys {
      numbers = numbers.expandedView(Shape(Array(shape.dropLast()) + [layout.keys]))
    }
    numbers = numbers.packed()
    let strides = numbers.expandedView(full).strides
    var offsets = [0]
    for d in 0..<heads.rank {
      offsets = offsets.flatMap { start in (0..<heads[d]).map { start + $0 * strides[d] } }
    }
    let rowStride = strides[heads.rank]
    return KeptMask(
      numbers: numbers, mask: AttentionMask(numbers.pointer, offsets: offsets, rowStride: rowStride))
  }

  /// 0 where the mask is 0, and −∞ where it is not: what hides the scores that a mask of ones marks.
  public static func hiding(_ mask: IndexTensor) -> Tensor {
    Tensor(mask.values.map { $0 == 0 ? 0 : -Scalar.infinity }, shape: mask.shape)
  }

  /// The mask [queries, keys] that hides from every position those after it: −∞ above the diagonal, 0 elsewhere.
  ///
  /// - Parameter keys: As many as queries unless given.
  public static func causalMask(_ queries: Int, keys: Int? = nil) -> Tensor {
    full([queries, keys ?? queries], -Scalar.infinity).triu(1)
  }
}
