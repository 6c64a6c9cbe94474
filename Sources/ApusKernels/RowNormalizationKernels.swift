// Layer normalisation and its relatives: each row is normalised by moments of its own, each number has its own weight.
//
// A row is read three times, the second and third time from the level-1 cache: mean, deviation, result. Folding sum and
// squares at once would save a reading and lose the digits of rows that lie far from 0.

extension MathVector {
  /// y = (x − mean) · inverse · weight + bias for each row, with inverse = 1 / √(variance + epsilon). With `centers` false
  /// the mean is taken for 0, which makes it the root mean square's normalisation.
  @inline(__always)
  static func normalizeRows(
    _ x: UnsafePointer<Scalar>, _ weight: UnsafePointer<Scalar>?, _ bias: UnsafePointer<Scalar>?,
    _ y: UnsafeMutablePointer<Scalar>, _ means: UnsafeMutablePointer<Scalar>, _ inverses: UnsafeMutablePointer<Scalar>,
    _ rows: Int, _ count: Int, _ epsilon: Double, _ centers: Bool
  ) {
    for row in 0..<rows {
      let source = x + row * count
      let target = y + row * count
      let (mean, inverse) = rowMoments(source, count, epsilon, centers)
      means[row] = mean
      inverses[row] = inverse
      let center = Self(repeating: mean)
      let scale = Self(repeating: inverse)
      if let weight, let bias {
        mapIndexedRow(source, target, count) { x, i, n in
          load(upTo: n, bias + i).adding((x - center) * scale, times: load(upTo: n, weight + i))
        }
      } else if let weight {
        mapIndexedRow(source, target, count) { x, i, n in (x - center) * scale * load(upTo: n, weight + i) }
      } else if let bias {
        mapIndexedRow(source, target, count) { x, i, n in load(upTo: n, bias + i).adding(x - center, times: scale) }
      } else {
        mapRow(source, target, count) { ($0 - center) * scale }
      }
    }
  }

  /// The mean of a row and 1 / √(variance + epsilon).
  @inline(never)
  static func rowMoments(
    _ x: UnsafePointer<Scalar>, _ count: Int, _ epsilon: Double, _ centers: Bool
  ) -> (mean: Scalar, inverse: Scalar) {
    var mean: Scalar = 0
    if centers {
      let sum = SumFold<Self>.row(count) {
        load(x + $0)
      } rest: {
        load(x + $0, count: $1)
      }
      mean = Scalar(sum / Double(count))
    }
    let variance = squaredDeviations(x, count, mean) / Double(count)
    return (mean, Scalar(1 / (variance + epsilon).squareRoot()))
  }

  /// The backward pass of `normalizeRows`. With x̂ = (x − mean) · inverse and d = upstream · weight:
  ///
  ///     gradient = inverse · (d − mean(d) − x̂ · mean(d · x̂)),  weightGradient += upstream · x̂,  biasGradient += upstream
  ///
  /// where mean(d) is left out unless `centers`.
  @inline(__always)
  static func normalizeGradientRows(
    _ x: UnsafePointer<Scalar>, _ upstream: UnsafePointer<Scalar>, _ weight: UnsafePointer<Scalar>?,
    _ means: UnsafePointer<Scalar>, _ inverses: UnsafePointer<Scalar>, _ gradient: UnsafeMutablePointer<Scalar>,
    _ weightGradient: UnsafeMutablePointer<Scalar>?, _ biasGradient: UnsafeMutablePointer<Scalar>?, _ rows: Int,
    _ count: Int, _ centers: Bool
  ) {
    for row in 0..<rows {
      let start = row * count
      let center = Self(repeating: means[row])
      let inverse = Self(repeating: inverses[row])
      let (sum, dot) = gradientMoments(
        x + start, upstream + start, weight, center, inverse, weightGradient, biasGradient, count)
      let shift = Self(repeating: centers ? Scalar(sum / Double(count)) : 0)
      let slope = Self(repeating: Scalar(dot / Double(count)))
      if let weight {
        mapIndexedRow(x + start, gradient + start, count) { x, i, n in
          let d = load(upTo: n, upstream + start + i) * load(upTo: n, weight + i)
          return (d - shift - (x - center) * inverse * slope) * inverse
        }
      } else {
        mapRow(x + start, upstream + start, gradient + start, count) { x, d in
          (d - shift - (x - center) * inverse * slope) * inverse
        }
      }
    }
  }

  /// Σ d and Σ d · x̂ of a row; adds to the gradients of weight and bias on the way.
  @inline(never)
  private static func gradientMoments(
    _ x: UnsafePointer<Scalar>, _ upstream: UnsafePointer<Scalar>, _ weight: UnsafePointer<Scalar>?, _ center: Self,
    _ inverse: Self, _ weightGradient: UnsafeMutablePointer<Scalar>?, _ biasGradient: UnsafeMutablePointer<Scalar>?,
    _ count: Int
  ) -> (sum: Double, dot: Double) {
    var sum = 0.0
    var dot = 0.0
    var i = 0
    while i < count {
      // 64 registers in the scalar's own precision, then `Double`.
      let end = min(count, i + 64 * width)
      var partSum = Self(repeating: 0)
      var partDot = partSum
      while i < end {
        let n = min(width, end - i)
        let g = load(upTo: n, upstream + i)
        // The lanes behind the end hold −mean · inverse, but their upstream is 0.
        let normalized = (load(upTo: n, x + i) - center) * inverse
        var d = g
        if let weight { d = g * load(upTo: n, weight + i) }
        partSum = partSum + d
        partDot = partDot.adding(d, times: normalized)
        if let weightGradient {
          load(upTo: n, weightGradient + i).adding(g, times: normalized).store(upTo: n, weightGradient + i)
        }
        if let biasGradient { (load(upTo: n, biasGradient + i) + g).store(upTo: n, biasGradient + i) }
        i += n
      }
      sum += SumFold<Self>.lanes(partSum)
      dot += SumFold<Self>.lanes(partDot)
    }
    return (sum, dot)
  }

  /// y = body(x, i, n) for one row, where the register holds the n numbers from position i on. y may be x.
  @inline(__always)
  static func mapIndexedRow(
    _ x: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>, _ count: Int,
    _ body: (_ x: Self, _ position: Int, _ count: Int) -> Self
  ) {
    var i = 0
    while i + width <= count {
      body(load(x + i), i, width).store(y + i)
      i += width
    }
    if i < count { body(load(x + i, count: count - i), i, count - i).store(y + i, count: count - i) }
  }
}
