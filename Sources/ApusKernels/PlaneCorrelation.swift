// One output plane from one or a few input planes, one weight for each tap: what a depthwise convolution is made of.
//
//     y[row, column] = Σ over taps of weight[tap] · x[offset(tap) + row · rowStride + column]
//
// There is no product of matrices in it: every weight meets one plane, and every load feeds one multiply-add. What decides is
// that sums stay in registers over all taps and that several of them are under way at once, because a multiply-add takes
// four cycles: four registers, along a row where that is long enough, down a column where it is not.

/// What is done to a sum before it is stored.
private struct PlaneFinish<Vector: KernelVector> {
  var bias: Vector
  /// 0: none; 1: `max(x, 0)`; 2: `x` where positive, `slope · x` elsewhere.
  var activation: Int
  var slope: Vector

  @inline(__always)
  func callAsFunction(_ sum: Vector) -> Vector {
    let value = sum + bias
    if activation == 0 { return value }
    let zero = Vector(repeating: 0)
    return value.replacing(with: activation == 1 ? zero : value * slope, where: value .< zero)
  }
}

/// Four sums, `step` scalars apart in the source.
@inline(__always)
private func fourSums<V: KernelVector>(
  _ source: UnsafePointer<V.Scalar>, step: Int, offsets: UnsafePointer<Int>, weights: UnsafePointer<V.Scalar>, taps: Int
) -> (V, V, V, V) {
  var s0 = V(repeating: 0)
  var (s1, s2, s3) = (s0, s0, s0)
  for tap in 0..<taps {
    let weight = V(repeating: weights[tap])
    let from = source + offsets[tap]
    s0 = s0.adding(weight, times: V.load(from))
    s1 = s1.adding(weight, times: V.load(from + step))
    s2 = s2.adding(weight, times: V.load(from + 2 * step))
    s3 = s3.adding(weight, times: V.load(from + 3 * step))
  }
  return (s0, s1, s2, s3)
}

@inline(__always)
private func oneSum<V: KernelVector>(
  _ source: UnsafePointer<V.Scalar>, offsets: UnsafePointer<Int>, weights: UnsafePointer<V.Scalar>, taps: Int
) -> V {
  var sum = V(repeating: 0)
  for tap in 0..<taps { sum = sum.adding(V(repeating: weights[tap]), times: V.load(source + offsets[tap])) }
  return sum
}

@inline(__always)
private func correlate<V: KernelVector>(
  _: V.Type, _ source: UnsafePointer<V.Scalar>, offsets: UnsafePointer<Int>, weights: UnsafePointer<V.Scalar>,
  taps: Int, rows: Int, columns: Int, rowStride: Int, bias: V.Scalar, activation: Int, slope: V.Scalar,
  into target: UnsafeMutablePointer<V.Scalar>
) {
  let w = V.width
  let finish = PlaneFinish(bias: V(repeating: bias), activation: activation, slope: V(repeating: slope))
  guard columns >= w else {
    // Rows shorter than a register: each is stored whole where the rows below write over the surplus, and in part at the end.
    func store(_ value: V, _ row: Int) {
      let to = target + row * columns
      if (rows - row) * columns >= w { finish(value).store(to) } else { finish(value).store(to, count: columns) }
    }
    var row = 0
    while row + 4 <= rows {
      let sums: (V, V, V, V) = fourSums(
        source + row * rowStride, step: rowStride, offsets: offsets, weights: weights, taps: taps)
      store(sums.0, row)
      store(sums.1, row + 1)
      store(sums.2, row + 2)
      store(sums.3, row + 3)
      row += 4
    }
    while row < rows {
      store(oneSum(source + row * rowStride, offsets: offsets, weights: weights, taps: taps), row)
      row += 1
    }
    return
  }
  for row in 0..<rows {
    let from = source + row * rowStride
    let to = target + row * columns
    var column = 0
    while column + 4 * w <= columns {
      let sums: (V, V, V, V) = fourSums(from + column, step: w, offsets: offsets, weights: weights, taps: taps)
      finish(sums.0).store(to + column)
      finish(sums.1).store(to + column + w)
      finish(sums.2).store(to + column + 2 * w)
      finish(sums.3).store(to + column + 3 * w)
      column += 4 * w
    }
    while column < columns {
      // The last register moves to the left, over sums that are there already.
      let first = min(column, columns - w)
      finish(oneSum(from + first, offsets: offsets, weights: weights, taps: taps)).store(to + first)
      column += w
    }
  }
}

extension FloatKernels {
  /// `target[row · columns + column] = activation(Σ weights[t] · source[offsets[t] + row · rowStride + column] + bias)`.
  ///
  /// Reads up to a register behind the last value wanted; writes `rows · columns` scalars and nothing else. `activation` is
  /// 0 (none), 1 (ReLU) or 2 (leaky ReLU with `slope`).
  public static func correlatePlane(
    _ source: UnsafePointer<Float>, offsets: UnsafePointer<Int>, weights: UnsafePointer<Float>, taps: Int, rows: Int,
    columns: Int, rowStride: Int, bias: Float, activation: Int, slope: Float, into target: UnsafeMutablePointer<Float>
  ) {
    correlate(
      FloatVector.self, source, offsets: offsets, weights: weights, taps: taps, rows: rows, columns: columns,
      rowStride: rowStride, bias: bias, activation: activation, slope: slope, into: target)
  }
}

extension DoubleKernels {
  /// The same for Double; see `FloatKernels.correlatePlane`.
  public static func correlatePlane(
    _ source: UnsafePointer<Double>, offsets: UnsafePointer<Int>, weights: UnsafePointer<Double>, taps: Int, rows: Int,
    columns: Int, rowStride: Int, bias: Double, activation: Int, slope: Double,
    into target: UnsafeMutablePointer<Double>
  ) {
    correlate(
      DoubleVector.self, source, offsets: offsets, weights: weights, taps: taps, rows: rows, columns: columns,
      rowStride: rowStride, bias: bias, activation: activation, slope: slope, into: target)
  }
}
