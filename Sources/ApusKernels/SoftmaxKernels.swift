// Softmax and its relatives along rows (contiguous) and along columns (a fixed step apart, many side by side).
//
// All subtract the largest number first, so that no exponential overflows. A row is read three times at most, from the
// cache.

extension MathVector {
  /// The largest of a row; NaN when there is one.
  @inline(__always)
  static func rowMaximum(_ x: UnsafePointer<Scalar>, _ count: Int) -> Scalar {
    Scalar(extremeOfRow(MaximumFold<Self>.self, x, count))
  }

  /// Σ exp(x − shift) over a row; `keep` receives the exponentials, or nothing.
  @inline(never)
  static func sumOfExponentials(
    _ x: UnsafePointer<Scalar>, _ count: Int, shift: Scalar, keep: UnsafeMutablePointer<Scalar>?
  ) -> Double {
    let shift = Self(repeating: shift)
    @inline(__always) func term(_ i: Int) -> Self {
      let e = (load(x + i) - shift).exponential()
      if let keep { e.store(keep + i) }
      return e
    }
    @inline(__always) func rest(_ i: Int, _ n: Int) -> Self {
      let e = (load(x + i, count: n) - shift).exponential()
      if let keep { e.store(keep + i, count: n) }
      return Self(repeating: 0).replacingFirst(n, with: e)
    }
    return SumFold<Self>.row(count, term, rest: rest)
  }

  /// log Σ exp(x) over a row.
  @inline(__always)
  static func logSumExp(_ x: UnsafePointer<Scalar>, _ count: Int) -> (maximum: Scalar, logarithm: Scalar) {
    let maximum = rowMaximum(x, count)
    let sum = sumOfExponentials(x, count, shift: maximum, keep: nil)
    return (maximum, Scalar(DoubleVector(repeating: sum).logarithm()[0]))
  }

  /// y = body(x) for one row; y may be x.
  @inline(__always)
  static func mapRow(
    _ x: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>, _ count: Int, _ body: (Self) -> Self
  ) {
    var i = 0
    while i + width <= count {
      body(load(x + i)).store(y + i)
      i += width
    }
    if i < count { body(load(x + i, count: count - i)).store(y + i, count: count - i) }
  }

  @inline(__always)
  static func softmaxRows(_ x: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>, _ rows: Int, _ count: Int) {
    for row in 0..<rows {
      let (x, y) = (x + row * count, y + row * count)
      let sum = sumOfExponentials(x, count, shift: rowMaximum(x, count), keep: y)
      let inverse = Self(repeating: Scalar(1 / sum))
      mapRow(y, y, count) { $0 * inverse }
    }
  }

  @inline(__always)
  static func logSoftmaxRows(
    _ x: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>, _ rows: Int, _ count: Int
  ) {
    for row in 0..<rows {
      let (x, y) = (x + row * count, y + row * count)
      let (maximum, logarithm) = logSumExp(x, count)
      // Not x − (maximum + logarithm): the sum would lose the logarithm's digits to a large maximum.
      mapRow(x, y, count) { ($0 - Self(repeating: maximum)) - Self(repeating: logarithm) }
    }
  }

  /// y = log Σ exp of each row.
  @inline(__always)
  static func logSumExpRows(_ x: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>, _ rows: Int, _ count: Int) {
    for row in 0..<rows {
      let (maximum, logarithm) = logSumExp(x + row * count, count)
      y[row] = maximum.isInfinite ? maximum : maximum + logarithm
    }
  }

  /// Σ a · b over a row.
  @inline(never)
  static func dot(_ a: UnsafePointer<Scalar>, _ b: UnsafePointer<Scalar>, _ count: Int) -> Double {
    @inline(__always) func term(_ i: Int) -> Self { load(a + i) * load(b + i) }
    @inline(__always) func rest(_ i: Int, _ n: Int) -> Self { load(a + i, count: n) * load(b + i, count: n) }
    return SumFold<Self>.row(count, term, rest: rest)
  }

  /// gradient = body(output, upstream) for one row; gradient may be either.
  @inline(__always)
  static func mapRow(
    _ a: UnsafePointer<Scalar>, _ b: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>, _ count: Int,
    _ body: (Self, Self) -> Self
  ) {
    var i = 0
    while i + width <= count {
      body(load(a + i), load(b + i)).store(y + i)
      i += width
    }
    if i < count {
      let n = count - i
      body(load(a + i, count: n), load(b + i, count: n)).store(y + i, count: n)
    }
  }

  @inline(__always)
  static func softmaxGradientRows(
    _ output: UnsafePointer<Scalar>, _ upstream: UnsafePointer<Scalar>, _ gradient: UnsafeMutablePointer<Scalar>,
    _ rows: Int, _ count: Int
  ) {
    for row in 0..<rows {
      let (y, d, g) = (output + row * count, upstream + row * count, gradient + row * count)
      let mean = Self(repeating: Scalar(dot(y, d, count)))
      mapRow(y, d, g, count) { $0 * ($1 - mean) }
    }
  }

  @inline(__always)
  static func logSoftmaxGradientRows(
    _ output: UnsafePointer<Scalar>, _ upstream: UnsafePointer<Scalar>, _ gradient: UnsafeMutablePointer<Scalar>,
    _ rows: Int, _ count: Int
  ) {
    for row in 0..<rows {
      let (y, d, g) = (output + row * count, upstream + row * count, gradient + row * count)
      let total = Self(repeating: Scalar(foldRow(SumFold<Self>.self, d, count) { $0 }))
      @inline(__always) func body(_ y: Self, _ d: Self) -> Self { d - y.exponential() * total }
      mapRow(y, d, g, count, body)
    }
  }

  /// Losses logSumExp − logit of the target, and the logSumExps. A target out of range has loss 0.
  @inline(__always)
  static func crossEntropyRows(
    _ logits: UnsafePointer<Scalar>, _ targets: UnsafePointer<Int>, _ rows: Int, _ classes: Int,
    _ losses: UnsafeMutablePointer<Scalar>, _ logSumExps: UnsafeMutablePointer<Scalar>
  ) {
    for row in 0..<rows {
      let x = logits + row * classes
      let (maximum, logarithm) = logSumExp(x, classes)
      logSumExps[row] = maximum + logarithm
      let target = targets[row]
      losses[row] = target >= 0 && target < classes ? logarithm - (x[target] - maximum) : 0
    }
  }

  /// gradient = scale · (exp(logit − logSumExp) − onehot(target)).
  @inline(__always)
  static func crossEntropyGradientRows(
    _ logits: UnsafePointer<Scalar>, _ targets: UnsafePointer<Int>, _ logSumExps: UnsafePointer<Scalar>,
    _ scales: UnsafePointer<Scalar>, _ rows: Int, _ classes: Int, _ gradient: UnsafeMutablePointer<Scalar>
  ) {
    for row in 0..<rows {
      let g = gradient + row * classes
      let target = targets[row]
      if target >= 0 && target < classes {
        let shift = Self(repeating: logSumExps[row])
        let scale = Self(repeating: scales[row])
        @inline(__always) func body(_ x: Self) -> Self { scale * (x - shift).exponential() }
        mapRow(logits + row * classes, g, classes, body)
        g[target] -= scales[row]
      } else {
        g.update(repeating: 0, count: classes)
      }
    }
  }
}
