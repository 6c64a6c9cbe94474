// What attention does to a tile of scores between its products: Docs of the driver, ApusCompute/Attention.swift.

extension MathVector {
  /// One tile of the softmax that is computed tile by tile (Milakov and Gimelshein 2018).
  ///
  /// Row r of `scores` becomes exp(score − maximum) with the largest score so far, `maxima[r]`; `sums[r]` and the row of
  /// `output`, which hold sums over earlier tiles, are scaled from the maximum before to the new one. Scores from
  /// `firstVisible + r · visibleStep` on are hidden.
  @inline(__always)
  static func attentionTile(
    _ scores: UnsafeMutablePointer<Scalar>, _ rows: Int, _ columns: Int, _ mask: UnsafePointer<Scalar>?,
    _ maskStride: Int, _ firstVisible: Int, _ visibleStep: Int, _ maxima: UnsafeMutablePointer<Scalar>,
    _ sums: UnsafeMutablePointer<Scalar>, _ output: UnsafeMutablePointer<Scalar>, _ width: Int
  ) {
    for row in 0..<rows {
      let s = scores + row * columns
      let visible = max(0, min(columns, firstVisible + row * visibleStep))
      if let mask {
        let m = mask + row * maskStride
        mapIndexedRow(s, s, visible) { x, i, n in x + load(upTo: n, m + i) }
      }
      (s + visible).update(repeating: 0, count: columns - visible)
      let before = maxima[row]
      let maximum = Swift.max(before, rowMaximum(s, visible))
      // All that has been seen is hidden.
      if maximum == -Scalar.infinity {
        s.update(repeating: 0, count: visible)
        continue
      }
      maxima[row] = maximum
      let sum = Scalar(sumOfExponentials(s, visible, shift: maximum, keep: s))
      if before == maximum {
        sums[row] += sum
        continue
      }
      let factor = (Self(repeating: before) - Self(repeating: maximum)).exponential()
      sums[row] = sums[row] * factor[0] + sum
      let o = output + row * width
      mapRow(o, o, width) { $0 * factor }
    }
  }

  /// The end of `attentionTile`: divides each row of the output by its sum; `maxima` becomes log Σ exp of the scores.
  @inline(__always)
  static func attentionFinish(
    _ maxima: UnsafeMutablePointer<Scalar>, _ sums: UnsafePointer<Scalar>, _ output: UnsafeMutablePointer<Scalar>,
    _ rows: Int, _ width: Int
  ) {
    for row in 0..<rows where sums[row] > 0 {
      let inverse = Self(repeating: 1 / sums[row])
      let o = output + row * width
      mapRow(o, o, width) { $0 * inverse }
      maxima[row] += Self(repeating: sums[row]).logarithm()[0]
    }
  }

  /// The backward pass of one tile: `scores` becomes the weights p = exp(score − logSumExp), and `slopes`, which comes as
  /// the gradient of the weights, that of the scores: p · (slope − delta) · scale.
  @inline(__always)
  static func attentionGradientTile(
    _ scores: UnsafeMutablePointer<Scalar>, _ slopes: UnsafeMutablePointer<Scalar>, _ rows: Int, _ columns: Int,
    _ mask: UnsafePointer<Scalar>?, _ maskStride: Int, _ firstVisible: Int, _ visibleStep: Int,
    _ logSumExps: UnsafePointer<Scalar>, _ deltas: UnsafePointer<Scalar>, _ scale: Scalar
  ) {
    let scale = Self(repeating: scale)
    for row in 0..<rows {
      let p = scores + row * columns
      let d = slopes + row * columns
      let isHidden = logSumExps[row] == -Scalar.infinity
      let visible = isHidden ? 0 : max(0, min(columns, firstVisible + row * visibleStep))
      let shift = Self(repeating: logSumExps[row])
      if let mask {
        let m = mask + row * maskStride
        mapIndexedRow(p, p, visible) { x, i, n in (x + load(upTo: n, m + i) - shift).exponential() }
      } else {
        mapRow(p, p, visible) { ($0 - shift).exponential() }
      }
      let delta = Self(repeating: deltas[row])
      mapRow(p, d, d, visible) { p, d in p * (d - delta) * scale }
      (p + visible).update(repeating: 0, count: columns - visible)
      (d + visible).update(repeating: 0, count: columns - visible)
    }
  }

  /// Σ a · b.
  @inline(__always)
  static func dotRow(_ a: UnsafePointer<Scalar>, _ b: UnsafePointer<Scalar>, _ count: Int) -> Double {
    SumFold<Self>.row(count) {
      load(a + $0) * load(b + $0)
    } rest: {
      load(a + $0, count: $1) * load(b + $0, count: $1)
    }
  }
}
