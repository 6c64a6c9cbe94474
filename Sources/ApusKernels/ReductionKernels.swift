// Reductions of rows and of columns, and the search for an extreme.

extension MathVector {
  /// The fold of `count` numbers that `code` names; a mean is folded as a sum.
  @inline(__always)
  static func reduceRow(_ code: Int, _ x: UnsafePointer<Scalar>, _ count: Int) -> Double {
    switch ReductionCode(rawValue: code)! {
    case .sum, .mean: foldRow(SumFold<Self>.self, x, count) { $0 }
    case .product: product(x, count)
    case .maximum: extremeOfRow(MaximumFold<Self>.self, x, count)
    case .minimum: extremeOfRow(MinimumFold<Self>.self, x, count)
    case .sumOfSquares: foldRow(SumFold<Self>.self, x, count) { $0 * $0 }
    case .sumOfMagnitudes: foldRow(SumFold<Self>.self, x, count) { $0.magnitude }
    case .maximumMagnitude: max0(foldRow(MaximumFold<Self>.self, x, count) { $0.magnitude })
    }
  }

  /// Magnitudes begin at 0, not at −∞; of NaN this is NaN. (A short register's filler counts as magnitude too.)
  @inline(__always)
  static func max0(_ value: Double) -> Double { value < 0 ? 0 : value }

  /// The product in `Double` throughout: unlike those of a sum, its rounding errors do not cancel, and what overflows
  /// half-way may come back.
  @inline(__always)
  static func product(_ x: UnsafePointer<Scalar>, _ count: Int) -> Double {
    var even = 1.0
    var odd = 1.0
    var i = 0
    while i + 2 <= count {
      even *= Double(x[i])
      odd *= Double(x[i + 1])
      i += 2
    }
    return even * odd * (i < count ? Double(x[i]) : 1)
  }

  /// The largest or the smallest of a row; NaN when there is one.
  ///
  /// Whether there is one shows in the sum of 0 · x, which also an infinity makes NaN: then the row is folded once more, by
  /// instructions that look at each number.
  @inline(never)
  static func extremeOfRow<F: ExtremeFold>(
    _: F.Type, _ x: UnsafePointer<Scalar>, _ count: Int
  ) -> Double where F.Vector == Self {
    let zero = Self(repeating: 0)
    var (a, b, c, d) = (
      Self(repeating: F.neutral), Self(repeating: F.neutral), Self(repeating: F.neutral), Self(repeating: F.neutral)
    )
    var (e, f, g, h) = (zero, zero, zero, zero)
    var i = 0
    while i + 4 * width <= count {
      let (p, q, r, s) = (load(x + i), load(x + i + width), load(x + i + 2 * width), load(x + i + 3 * width))
      a = F.pick(a, p)
      b = F.pick(b, q)
      c = F.pick(c, r)
      d = F.pick(d, s)
      e = e.adding(p, times: zero)
      f = f.adding(q, times: zero)
      g = g.adding(r, times: zero)
      h = h.adding(s, times: zero)
      i += 4 * width
    }
    while i < count {
      let n = min(width, count - i)
      let p = n == width ? load(x + i) : load(x + i, count: n, filler: x[i])
      a = F.pick(a, p)
      e = e.adding(p, times: zero)
      i += width
    }
    e = (e + f) + (g + h)
    if any(e .!= e) { return foldRow(F.self, x, count) { $0 } }
    var best = F.pick(F.pick(a, b), F.pick(c, d))
    var result = F.neutral
    best.withScalars { scalars in
      var half = width / 2
      while half > 0 {
        for lane in 0..<half { scalars[lane] = F.pick(scalars[lane], scalars[lane + half]) }
        half /= 2
      }
      result = scalars[0]
    }
    return Double(result)
  }

  @inline(never)
  static func foldRow<F: Fold>(
    _: F.Type, _ x: UnsafePointer<Scalar>, _ count: Int, _ term: (Self) -> Self
  ) -> Double where F.Vector == Self {
    F.row(count) {
      term(load(x + $0))
    } rest: {
      // The filler's term must be neutral: for squares and magnitudes 0 is.
      let neutralTerm = Self(repeating: F.neutral)
      return neutralTerm.replacingFirst($1, with: term(load(x + $0, count: $1)))
    }
  }

  /// The first `count` lanes of another register, and these behind them.
  @inline(__always)
  func replacingFirst(_ count: Int, with other: Self) -> Self {
    replacing(with: other, where: Self.laneNumbers .< Self(repeating: Scalar(count)))
  }

  /// Folds each of `columns` columns over `rows` rows, `rowStride` apart, onto `totals`.
  @inline(__always)
  static func reduceColumns(
    _ code: Int, _ x: UnsafePointer<Scalar>, _ rowStride: Int, _ rows: Int, _ columns: Int,
    _ totals: UnsafeMutablePointer<Double>
  ) {
    switch ReductionCode(rawValue: code)! {
    case .sum, .mean: foldColumns(SumFold<Self>.self, x, rowStride, rows, columns, totals) { $0 }
    case .product:
      for r in 0..<rows {
        for c in 0..<columns { totals[c] *= Double(x[r * rowStride + c]) }
      }
    case .maximum: foldColumns(MaximumFold<Self>.self, x, rowStride, rows, columns, totals) { $0 }
    case .minimum: foldColumns(MinimumFold<Self>.self, x, rowStride, rows, columns, totals) { $0 }
    case .sumOfSquares: foldColumns(SumFold<Self>.self, x, rowStride, rows, columns, totals) { $0 * $0 }
    case .sumOfMagnitudes: foldColumns(SumFold<Self>.self, x, rowStride, rows, columns, totals) { $0.magnitude }
    case .maximumMagnitude: foldColumns(MaximumFold<Self>.self, x, rowStride, rows, columns, totals) { $0.magnitude }
    }
  }

  @inline(__always)
  static func foldColumns<F: Fold>(
    _: F.Type, _ x: UnsafePointer<Scalar>, _ rowStride: Int, _ rows: Int, _ columns: Int,
    _ totals: UnsafeMutablePointer<Double>, _ term: (Self) -> Self
  ) where F.Vector == Self {
    F.columns(rows, columns, totals) {
      term(load(x + $0 * rowStride + $1))
    } rest: {
      term(load(x + $0 * rowStride + $1, count: $2))
    }
  }

  /// The position of the first number that equals `value`, or, when that is NaN, of the first NaN; `count` if there is
  /// none.
  @inline(__always)
  static func firstIndex(of value: Scalar, _ x: UnsafePointer<Scalar>, _ count: Int) -> Int {
    let target = Self(repeating: value)
    var i = 0
    if value == value {
      while i + width <= count && !any(load(x + i) .== target) { i += width }
      while i < count && x[i] != value { i += 1 }
    } else {
      while i < count && x[i] == x[i] { i += 1 }
    }
    return i
  }
}

extension FloatKernels {
  /// The fold of `count` numbers; see `ReductionCode`.
  public static func reduceRow(_ code: Int, _ x: UnsafePointer<Float>, _ count: Int) -> Double {
    FloatVector.reduceRow(code, x, count)
  }

  /// The fold of each column, onto `totals`.
  public static func reduceColumns(
    _ code: Int, _ x: UnsafePointer<Float>, _ rowStride: Int, _ rows: Int, _ columns: Int,
    _ totals: UnsafeMutablePointer<Double>
  ) {
    FloatVector.reduceColumns(code, x, rowStride, rows, columns, totals)
  }

  /// The position of the first number that equals `value` (or is NaN, as it is).
  public static func firstIndex(of value: Float, _ x: UnsafePointer<Float>, _ count: Int) -> Int {
    FloatVector.firstIndex(of: value, x, count)
  }
}

extension DoubleKernels {
  /// The fold of `count` numbers; see `ReductionCode`.
  public static func reduceRow(_ code: Int, _ x: UnsafePointer<Double>, _ count: Int) -> Double {
    DoubleVector.reduceRow(code, x, count)
  }

  /// The fold of each column, onto `totals`.
  public static func reduceColumns(
    _ code: Int, _ x: UnsafePointer<Double>, _ rowStride: Int, _ rows: Int, _ columns: Int,
    _ totals: UnsafeMutablePointer<Double>
  ) {
    DoubleVector.reduceColumns(code, x, rowStride, rows, columns, totals)
  }

  /// The position of the first number that equals `value` (or is NaN, as it is).
  public static func firstIndex(of value: Double, _ x: UnsafePointer<Double>, _ count: Int) -> Int {
    DoubleVector.firstIndex(of: value, x, count)
  }
}
