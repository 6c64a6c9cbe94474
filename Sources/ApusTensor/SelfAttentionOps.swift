import ApusCompute

/// Attention of several heads of sequences to themselves, from queries, keys and values that one product made side by side.
///
/// The same as cutting `projections` into queries, keys and values, each of these into heads, `scaledDotProductAttention`, and
/// putting the heads back side by side; but nothing between is recorded, and each number is moved once each way.
///
/// - Parameters:
///   - projections: [batch, positions, 3 · embed], or [positions, batch, 3 · embed]: queries, keys, values.
///   - heads: Heads, which share `embed` out.
///   - batchFirst: Whether the batch is the first dimension.
///   - isCausal: Whether a position sees only itself and those before it.
/// - Returns: [batch, positions, embed], or [positions, batch, embed].
/// - Precondition: Three dimensions, the last of which 3 · `heads` divides.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
public func selfAttention<Scalar: ComputeScalar>(
  _ projections: Tensor<Scalar>, heads: Int, batchFirst: Bool = false, isCausal: Bool = false
) -> Tensor<Scalar> {
  let name = "selfAttention"
  check(
    projections.rank == 3 && heads > 0 && projections.shape[2] % (3 * heads) == 0, name,
    "the last dimension does not hold three times \(heads) heads", projections.shape)
  let order = HeadOrder(projections.shape, heads: heads, batchFirst: batchFirst)
  let attention = order.layout(isCausal: isCausal)
  let own = projections.withoutHistory.packed()
  let cut = [Tensor<Scalar>](repeatedly: 3) { Tensor(uninitialized: order.cutShape) }
  order.move(cut.map(\.pointer), own.pointer, width: 3, joins: false)
  let mixed = Tensor<Scalar>(uninitialized: order.cutShape)
  let logSumExps = Storage<Scalar>(count: attention.count * attention.queries)
  ApusCompute.attention(
    attention, q: cut[0].pointer, k: cut[1].pointer, v: cut[2].pointer, mask: nil, into: mixed.pointer,
    logSumExps: logSumExps.pointer)
  var y = Tensor<Scalar>(uninitialized: Shape([projections.shape[0], projections.shape[1], projections.shape[2] / 3]))
  order.move([mixed.pointer], y.pointer, width: 1, joins: true)
  withExtendedLifetime((own, cut, mixed, logSumExps)) {}
  guard let node = projections.recordedNode else { return y }
  let shape = projections.shape
  y.record(name, node) { upstream, operands in
    let upstream = upstream.packed()
    let slope = Tensor<Scalar>(uninitialized: order.cutShape)
    order.move([slope.pointer], upstream.pointer, width: 1, joins: false)
    let gradients = [Tensor<Scalar>](repeatedly: 3) { Tensor(uninitialized: order.cutShape) }
    attentionGradient(
      attention, q: cut[0].pointer, k: cut[1].pointer, v: cut[2].pointer, mask: nil, output: mixed.pointer,
      logSumExps: logSumExps.pointer, upstream: slope.pointer, dq: gradients[0].pointer, dk: gradients[1].pointer,
      dv: gradients[2].pointer)
    let result = Tensor<Scalar>(uninitialized: shape)
    order.move(gradients.map(\.pointer), result.pointer, width: 3, joins: true)
    withExtendedLifetime((upstream, cut, mixed, logSumExps, slope, gradients, result)) {}
    operands.send(0, result)
  }
  return y
}

extension Array {
  fileprivate init(repeatedly count: Int, _ make: () -> Element) { self = (0..<count).map { _ in make() } }
}

/// Where the numbers of a head lie: in rows that hold all heads side by side, and cut, [batch, heads, positions, width].
private struct HeadOrder {
  let batch: Int
  let positions: Int
  let heads: Int
  /// Numbers of a head in a row.
  let width: Int
  let batchFirst: Bool

  init(_ shape: Shape, heads: Int, batchFirst: Bool) {
    batch = shape[batchFirst ? 0 : 1]
    positions = shape[batchFirst ? 1 : 0]
    self.heads = heads
    width = shape[2] / (3 * heads)
    self.batchFirst = batchFirst
  }

  var cutShape: Shape { [batch, heads, positions, width] }

  func layout(isCausal: Bool) -> AttentionLayout {
    AttentionLayout(
      count: batch * heads, queries: positions, keys: positions, width: width, valueWidth: width,
      scale: 1 / Double(width).squareRoot(), isCausal: isCausal)
  }

  /// Moves numbers between `cut` tensors and rows that hold all of them, each with all its heads, side by side.
  ///
  /// - Parameters:
  ///   - count: How many cut tensors a row holds.
  ///   - joins: Whether the rows are written, or the cut tensors.
  func move<Scalar>(
    _ cut: [UnsafeMutablePointer<Scalar>], _ rows: UnsafeMutablePointer<Scalar>, width count: Int, joins: Bool
  ) {
    let length = count * heads * width
    let (batchStep, step) = batchFirst ? (positions * length, length) : (length, batch * length)
    parallelFor(batch * heads) { chunk in
      let (sample, head) = (chunk / heads, chunk % heads)
      for (part, tensor) in cut.enumerated() {
        var row = rows + sample * batchStep + (part * heads + head) * width
        var own = tensor + chunk * positions * width
        for _ in 0..<positions {
          if joins { row.update(from: own, count: width) } else { own.update(from: row, count: width) }
          row += step
          own += width
        }
      }
    }
  }
}
