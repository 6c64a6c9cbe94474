// Layer normalisation and its relatives: each row is normalised by moments of its own, each number has its own weight.
//
// A row is read twice, the second time from the level-1 cache: its moments, and the result.

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
      // Loops of their own: with a closure for the two operands the vectors would pass through memory.
      if let weight, let bias {
        var i = 0
        while i + width <= count {
          let normalized = (load(source + i) - center) * scale
          load(bias + i).adding(normalized, times: load(weight + i)).store(target + i)
          i += width
        }
        if i < count {
          let n = count - i
          let normalized = (load(source + i, count: n) - center) * scale
          load(bias + i, count: n).adding(normalized, times: load(weight + i, count: n)).store(target + i, count: n)
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
    func inverse(_ variance: Double) -> Scalar { Scalar(1 / (variance + epsilon).squareRoot()) }
    guard centers else { return (0, inverse(squaredDeviations(x, count, 0) / Double(count))) }
    if count >= 8 * width {
      // Both at once, about a first guess of the mean. The digits that are lost where it lies apart from the mean are those of
      // (distance / deviation)², so a row whose beginning is unlike the rest takes the long way.
      let guess = Scalar(SumFold<Self>.lanes(load(x)) / Double(width))
      let (sum, squares) = shiftedMoments(x, count, guess)
      let distance = sum / Double(count)
      let variance = squares / Double(count) - distance * distance
      if distance * distance <= 4 * variance { return (Scalar(Double(guess) + distance), inverse(variance)) }
    }
    let sum = SumFold<Self>.row(count) {
      load(x + $0)
    } rest: {
      load(x + $0, count: $1)
    }
    let mean = Scalar(sum / Double(count))
    return (mean, inverse(squaredDeviations(x, count, mean) / Double(count)))
  }

  /// Σ (x − shift) and Σ (x − shift)².
  @inline(__always)
  private static func shiftedMoments(
    _ x: UnsafePointer<Scalar>, _ count: Int, _ shift: Scalar
  ) -> (sum: Double, squares: Double) {
    let shift = Self(repeating: shift)
    let zero = Self(repeating: 0)
    var sum = 0.0
    var squares = 0.0
    var i = 0
    while i + 4 * width <= count {
      // 64 registers in the scalar's own precision, then `Double`.
      let end = min(count, i + 64 * width)
      var (s0, s1, s2, s3) = (zero, zero, zero, zero)
      var (q0, q1, q2, q3) = (zero, zero, zero, zero)
      repeat {
        let d0 = load(x + i) - shift
        let d1 = load(x + i + width) - shift
        let d2 = load(x + i + 2 * width) - shift
        let d3 = load(x + i + 3 * width) - shift
        s0 = s0 + d0
        s1 = s1 + d1
        s2 = s2 + d2
        s3 = s3 + d3
        q0 = q0.adding(d0, times: d0)
        q1 = q1.adding(d1, times: d1)
        q2 = q2.adding(d2, times: d2)
        q3 = q3.adding(d3, times: d3)
        i += 4 * width
      } while i + 4 * width <= end
      sum += SumFold<Self>.lanes((s0 + s1) + (s2 + s3))
      squares += SumFold<Self>.lanes((q0 + q1) + (q2 + q3))
    }
    while i < count {
      let n = min(width, count - i)
      let d = zero.replacingFirst(n, with: load(upTo: n, x + i) - shift)
      sum += SumFold<Self>.lanes(d)
      squares += SumFold<Self>.lanes(d * d)
      i += n
    }
    return (sum, squares)
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
      guard let weight else {
        mapRow(x + start, upstream + start, gradient + start, count) { x, d in
          (d - shift - (x - center) * inverse * slope) * inverse
        }
        continue
      }
      var i = 0
      while i + width <= count {
        let d = load(upstream + start + i) * load(weight + i)
        let normalized = (load(x + start + i) - center) * inverse
        ((d - shift - normalized * slope) * inverse).store(gradient + start + i)
        i += width
      }
      if i < count {
        let n = count - i
        let d = load(upstream + start + i, count: n) * load(weight + i, count: n)
        let normalized = (load(x + start + i, count: n) - center) * inverse
        ((d - shift - normalized * slope) * inverse).store(gradient + start + i, count: n)
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
      while i + width <= end {
        let g = load(upstream + i)
        let normalized = (load(x + i) - center) * inverse
        var d = g
        if let weight { d = g * load(weight + i) }
        partSum = partSum + d
        partDot = partDot.adding(d, times: normalized)
        if let weightGradient { load(weightGradient + i).adding(g, times: normalized).store(weightGradient + i) }
        if let biasGradient { (load(biasGradient + i) + g).store(biasGradient + i) }
        i += width
      }
      if i < end {
        let n = end - i
        let g = load(upstream + i, count: n)
        // The lanes behind the end hold −mean · inverse, but their upstream is 0.
        let normalized = (load(x + i, count: n) - center) * inverse
        var d = g
        if let weight { d = g * load(weight + i, count: n) }
        partSum = partSum + d
        partDot = partDot.adding(d, times: normalized)
        if let weightGradient {
          load(weightGradient + i, count: n).adding(g, times: normalized).store(weightGradient + i, count: n)
        }
        if let biasGradient { (load(biasGradient + i, count: n) + g).store(biasGradient + i, count: n) }
        i = end
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
