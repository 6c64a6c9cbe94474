// Batch normalisation of rows: each row belongs to one channel.

extension MathVector {
  /// Σ (x − mean)².
  @inline(__always)
  static func squaredDeviations(_ x: UnsafePointer<Scalar>, _ count: Int, _ mean: Scalar) -> Double {
    let mean = Self(repeating: mean)
    return SumFold<Self>.row(count) {
      let d = load(x + $0) - mean
      return d * d
    } rest: {
      let d = load(x + $0, count: $1) - mean
      return Self(repeating: 0).replacingFirst($1, with: d * d)
    }
  }

  /// Σ upstream · (x − mean).
  @inline(__always)
  static func centeredDot(
    _ x: UnsafePointer<Scalar>, _ upstream: UnsafePointer<Scalar>, _ count: Int, _ mean: Scalar
  ) -> Double {
    let mean = Self(repeating: mean)
    return SumFold<Self>.row(count) {
      load(upstream + $0) * (load(x + $0) - mean)
    } rest: {
      Self(repeating: 0).replacingFirst($1, with: load(upstream + $0, count: $1) * (load(x + $0, count: $1) - mean))
    }
  }

  /// y = (x − mean) · scale + shift.
  @inline(__always)
  static func normalizeRow(
    _ x: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>, _ count: Int, _ mean: Scalar, _ scale: Scalar,
    _ shift: Scalar
  ) {
    let mean = Self(repeating: mean)
    let scale = Self(repeating: scale)
    let shift = Self(repeating: shift)
    mapRow(x, y, count) { shift.adding($0 - mean, times: scale) }
  }

  /// gradient = upstream · scale + (x − mean) · slope + shift.
  @inline(__always)
  static func normalizeGradientRow(
    _ x: UnsafePointer<Scalar>, _ upstream: UnsafePointer<Scalar>, _ gradient: UnsafeMutablePointer<Scalar>,
    _ count: Int, _ mean: Scalar, _ scale: Scalar, _ slope: Scalar, _ shift: Scalar
  ) {
    let mean = Self(repeating: mean)
    let scale = Self(repeating: scale)
    let slope = Self(repeating: slope)
    let shift = Self(repeating: shift)
    mapRow(x, upstream, gradient, count) { x, d in
      shift.adding(x - mean, times: slope).adding(d, times: scale)
    }
  }
}
