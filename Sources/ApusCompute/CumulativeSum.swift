/// Running sums along the middle dimension of an array [outer, count, inner]: y[o, k, i] = Σ_{j≤k} x[o, j, i].
///
/// - Parameters:
///   - x: outer × count × inner numbers in row-major order.
///   - y: Receives as many. May be x.
///   - outer: The product of the dimensions before.
///   - count: The extent summed along.
///   - inner: The product of the dimensions after.
///   - reversed: Whether to sum from the end, j ≥ k: the backward pass.
@specialized(where T == Float)
@specialized(where T == Double)
public func cumulativeSum<T: ComputeScalar>(
  _ x: UnsafePointer<T>, into y: UnsafeMutablePointer<T>, outer: Int, count: Int, inner: Int, reversed: Bool = false
) {
  guard count > 0 else { return }
  for o in 0..<outer {
    let source = x + o * count * inner
    let target = y + o * count * inner
    let first = reversed ? (count - 1) * inner : 0
    let step = reversed ? -inner : inner
    for i in 0..<inner { target[first + i] = source[first + i] }
    var at = first
    for _ in 1..<count {
      for i in at..<at + inner { target[i + step] = target[i] + source[i + step] }
      at += step
    }
  }
}
