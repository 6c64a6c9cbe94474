// Softmax and its relatives along columns: `count` numbers a step of `inner` apart, for `columns` neighbours at once.
// A register holds neighbouring columns, so no lane ever has to be exchanged.

extension MathVector {
  /// Calls `body` for blocks of up to `width` columns.
  @inline(__always)
  static func forEachColumnBlock(_ columns: Int, _ body: (_ column: Int, _ count: Int) -> Void) {
    var c = 0
    while c < columns {
      body(c, min(width, columns - c))
      c += width
    }
  }

  @inline(__always)
  static func load(upTo count: Int, _ source: UnsafePointer<Scalar>) -> Self {
    count == width ? load(source) : load(source, count: count)
  }

  @inline(__always)
  func store(upTo count: Int, _ target: UnsafeMutablePointer<Scalar>) {
    if count == Self.width { store(target) } else { store(target, count: count) }
  }

  /// The largest of each column, and Σ exp(x − largest); `keep` receives the exponentials, or nothing.
  @inline(never)
  static func columnSums(
    _ x: UnsafePointer<Scalar>, _ count: Int, _ inner: Int, _ n: Int, keep: UnsafeMutablePointer<Scalar>?
  ) -> (maximum: Self, sum: Self) {
    var maximum = -infinity
    for k in 0..<count { maximum = maximum.maximum(load(upTo: n, x + k * inner)) }
    var sum = Self(repeating: 0)
    for k in 0..<count {
      let e = (load(upTo: n, x + k * inner) - maximum).exponential()
      if let keep { e.store(upTo: n, keep + k * inner) }
      sum = sum + e
    }
    return (maximum, sum)
  }

  @inline(__always)
  static func softmaxColumns(
    _ x: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>, _ count: Int, _ inner: Int, _ columns: Int
  ) {
    forEachColumnBlock(columns) { c, n in
      let (_, sum) = columnSums(x + c, count, inner, n, keep: y + c)
      let inverse = Self(repeating: 1) / sum
      for k in 0..<count {
        let place = y + c + k * inner
        (load(upTo: n, place) * inverse).store(upTo: n, place)
      }
    }
  }

  @inline(__always)
  static func logSoftmaxColumns(
    _ x: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>, _ count: Int, _ inner: Int, _ columns: Int
  ) {
    forEachColumnBlock(columns) { c, n in
      let (maximum, sum) = columnSums(x + c, count, inner, n, keep: nil)
      let logarithm = sum.logarithm()
      for k in 0..<count {
        let at = c + k * inner
        ((load(upTo: n, x + at) - maximum) - logarithm).store(upTo: n, y + at)
      }
    }
  }

  @inline(__always)
  static func logSumExpColumns(
    _ x: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>, _ count: Int, _ inner: Int, _ columns: Int
  ) {
    forEachColumnBlock(columns) { c, n in
      let (maximum, sum) = columnSums(x + c, count, inner, n, keep: nil)
      let result = (maximum + sum.logarithm()).replacing(with: maximum, where: maximum.magnitude .== infinity)
      result.store(upTo: n, y + c)
    }
  }

  @inline(__always)
  static func softmaxGradientColumns(
    _ output: UnsafePointer<Scalar>, _ upstream: UnsafePointer<Scalar>, _ gradient: UnsafeMutablePointer<Scalar>,
    _ count: Int, _ inner: Int, _ columns: Int
  ) {
    forEachColumnBlock(columns) { c, n in
      var mean = Self(repeating: 0)
      for k in 0..<count {
        let at = c + k * inner
        mean = mean.adding(load(upTo: n, output + at), times: load(upTo: n, upstream + at))
      }
      for k in 0..<count {
        let at = c + k * inner
        (load(upTo: n, output + at) * (load(upTo: n, upstream + at) - mean)).store(upTo: n, gradient + at)
      }
    }
  }

  @inline(__always)
  static func logSoftmaxGradientColumns(
    _ output: UnsafePointer<Scalar>, _ upstream: UnsafePointer<Scalar>, _ gradient: UnsafeMutablePointer<Scalar>,
    _ count: Int, _ inner: Int, _ columns: Int
  ) {
    forEachColumnBlock(columns) { c, n in
      var total = Self(repeating: 0)
      for k in 0..<count { total = total + load(upTo: n, upstream + c + k * inner) }
      for k in 0..<count {
        let at = c + k * inner
        (load(upTo: n, upstream + at) - load(upTo: n, output + at).exponential() * total)
          .store(upTo: n, gradient + at)
      }
    }
  }
}
