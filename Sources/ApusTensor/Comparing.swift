extension Tensor: Equatable {
  /// Whether two tensors have the same shape and equal elements. Histories do not count; NaN is not equal to itself.
  public static func == (a: Tensor, b: Tensor) -> Bool {
    guard a.shape == b.shape else { return false }
    return a.withUnsafeScalars { a in b.withUnsafeScalars { b in a.elementsEqual(b) } }
  }

  /// Whether two tensors have the same shape and elements that differ by no more than rounding would explain:
  /// |a − b| ≤ `absoluteTolerance` + `relativeTolerance` · |b|.
  ///
  /// Equal infinities are close; NaN is close to nothing.
  public func isClose(
    to other: Tensor, relativeTolerance: Double = 1e-5, absoluteTolerance: Double = 1e-8
  ) -> Bool {
    guard shape == other.shape else { return false }
    for (x, y) in zip(scalars, other.scalars) where x != y {
      let (x, y) = (Double(x), Double(y))
      let allowed = absoluteTolerance + relativeTolerance * y.magnitude
      // Written so that NaN fails; an infinity would allow anything.
      guard y.isFinite, (x - y).magnitude <= allowed else { return false }
    }
    return true
  }
}
