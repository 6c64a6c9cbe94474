// One output plane from one or a few input planes, one weight for each tap: what a depthwise convolution is made of.
//
//     y[row, column] = Σ over taps of weight[tap] · x[offset(tap) + row · rowStride + column]
//
// There is no product of matrices in it: every weight meets one plane. What decides is that sums stay in registers over all
// taps and that several of them are under way at once, because a multiply-add takes four cycles.
//
// - Kernels of 3×3 and 5×5 taps with a stride of 1 or 2 down (SquareTaps.swift): four rows at once, and a register that was loaded
//   feeds the taps of all the rows that it belongs to: 18 loads for 36 multiply-adds.
// - All others: a load for each multiply-add, four registers at a time, down a column.

/// What is done to a sum before it is stored.
struct PlaneFinish<Vector: KernelVector> {
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

  /// Four at once, with one branch behind all of them: with a branch for each, LLVM computes a sum only after the branch of the one
  /// before it, and the four chains of multiply-adds run one after the other.
  @inline(__always)
  func callAsFunction(_ sums: (Vector, Vector, Vector, Vector)) -> (Vector, Vector, Vector, Vector) {
    var (v0, v1, v2, v3) = (sums.0 + bias, sums.1 + bias, sums.2 + bias, sums.3 + bias)
    let zero = Vector(repeating: 0)
    if activation == 1 {
      v0 = v0.replacing(with: zero, where: v0 .< zero)
      v1 = v1.replacing(with: zero, where: v1 .< zero)
      v2 = v2.replacing(with: zero, where: v2 .< zero)
      v3 = v3.replacing(with: zero, where: v3 .< zero)
    } else if activation == 2 {
      v0 = v0.replacing(with: v0 * slope, where: v0 .< zero)
      v1 = v1.replacing(with: v1 * slope, where: v1 .< zero)
      v2 = v2.replacing(with: v2 * slope, where: v2 .< zero)
      v3 = v3.replacing(with: v3 * slope, where: v3 .< zero)
    }
    return (v0, v1, v2, v3)
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

/// What a correlation works on.
private struct PlaneTask<V: KernelVector> {
  var source: UnsafePointer<V.Scalar>
  var offsets: UnsafePointer<Int>
  var weights: UnsafePointer<V.Scalar>
  var taps: Int
  var rows: Int
  var columns: Int
  var rowStride: Int
  var finish: PlaneFinish<V>
  var target: UnsafeMutablePointer<V.Scalar>

  /// Rows shorter than a register are stored whole where the rows below write over the surplus, and in part at the end.
  @inline(__always)
  func storeShort(_ value: V, _ row: Int) {
    let to = target + row * columns
    if (rows - row) * columns >= V.width { finish(value).store(to) } else { finish(value).store(to, count: columns) }
  }

  /// Registers of the rows `row` … `row + 3`; that of the first belongs at `to`.
  @inline(__always)
  func storeFour(_ sums: (V, V, V, V), _ row: Int, _ to: UnsafeMutablePointer<V.Scalar>) {
    if columns < V.width {
      storeShort(sums.0, row)
      storeShort(sums.1, row + 1)
      storeShort(sums.2, row + 2)
      storeShort(sums.3, row + 3)
    } else {
      let values = finish(sums)
      values.0.store(to)
      values.1.store(to + columns)
      values.2.store(to + 2 * columns)
      values.3.store(to + 3 * columns)
    }
  }

  /// Any taps: four rows at a time, then what is left of them along the row.
  @inline(__always)
  func runAnyTaps() {
    let w = V.width
    var row = 0
    while row + 4 <= rows {
      let from = source + row * rowStride
      let to = target + row * columns
      var column = 0
      repeat {
        // The last register moves to the left, over sums that are there already.
        let first = columns < w ? 0 : min(column, columns - w)
        let sums: (V, V, V, V) = fourSums(
          from + first, step: rowStride, offsets: offsets, weights: weights, taps: taps)
        storeFour(sums, row, to + first)
        column += w
      } while column < columns
      row += 4
    }
    while row < rows {
      let from = source + row * rowStride
      let to = target + row * columns
      if columns < w {
        storeShort(oneSum(from, offsets: offsets, weights: weights, taps: taps), row)
        row += 1
        continue
      }
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
        let first = min(column, columns - w)
        finish(oneSum(from + first, offsets: offsets, weights: weights, taps: taps)).store(to + first)
        column += w
      }
      row += 1
    }
  }

  /// All rows, of which there are four or more, of a square kernel; the last four move up, over rows that are there already.
  @inline(__always)
  func runSquare<Rows: SharedRows>(_: Rows.Type) where Rows.Taps.Vector == V {
    let taps = Rows.Taps(broadcasting: weights)
    let layout = TapRows<V>(offsets, size: Rows.Taps.size, step: Rows.step, rowStride: rowStride)
    let w = V.width
    var row = 0
    repeat {
      let top = min(row, rows - 4)
      let from = source + top * rowStride
      var column = 0
      repeat {
        let first = columns < w ? 0 : min(column, columns - w)
        let sums = Rows.sums(taps, layout, from + first)
        storeFour(sums, top, target + top * columns + first)
        column += w
      } while column < columns
      row += 4
    } while row < rows
  }
}

@inline(__always)
private func correlate<V: KernelVector>(_ task: PlaneTask<V>, kernelColumns: Int) {
  let step = rowStep(task.offsets, taps: task.taps, kernelColumns: kernelColumns, rowStride: task.rowStride)
  if task.rows >= 4 && step > 0 {
    switch (kernelColumns, step) {
    case (3, 1): return task.runSquare(EveryRow<NineTaps<V>>.self)
    case (3, _): return task.runSquare(EverySecondRow<NineTaps<V>>.self)
    case (_, 1): return task.runSquare(EveryRow<TwentyFiveTaps<V>>.self)
    default: return task.runSquare(EverySecondRow<TwentyFiveTaps<V>>.self)
    }
  }
  task.runAnyTaps()
}

extension FloatKernels {
  /// `target[row · columns + column] = activation(Σ weights[t] · source[offsets[t] + row · rowStride + column] + bias)`.
  ///
  /// Taps stand in rows of `kernelColumns`, from the top to the bottom. Reads up to a register behind the last value wanted;
  /// writes `rows · columns` scalars and nothing else. `activation` is 0 (none), 1 (ReLU) or 2 (leaky ReLU with `slope`).
  public static func correlatePlane(
    _ source: UnsafePointer<Float>, offsets: UnsafePointer<Int>, weights: UnsafePointer<Float>, taps: Int,
    kernelColumns: Int, rows: Int, columns: Int, rowStride: Int, bias: Float, activation: Int, slope: Float,
    into target: UnsafeMutablePointer<Float>
  ) {
    let finish = PlaneFinish<FloatVector>(
      bias: .init(repeating: bias), activation: activation, slope: .init(repeating: slope))
    correlate(
      PlaneTask(
        source: source, offsets: offsets, weights: weights, taps: taps, rows: rows, columns: columns,
        rowStride: rowStride, finish: finish, target: target), kernelColumns: kernelColumns)
  }
}

extension DoubleKernels {
  /// The same for Double; see `FloatKernels.correlatePlane`. Any taps take the general way: Double is for checks, and kernels of its
  /// own for squares would take longer to compile than they would ever save.
  public static func correlatePlane(
    _ source: UnsafePointer<Double>, offsets: UnsafePointer<Int>, weights: UnsafePointer<Double>, taps: Int,
    kernelColumns: Int, rows: Int, columns: Int, rowStride: Int, bias: Double, activation: Int, slope: Double,
    into target: UnsafeMutablePointer<Double>
  ) {
    let finish = PlaneFinish<DoubleVector>(
      bias: .init(repeating: bias), activation: activation, slope: .init(repeating: slope))
    PlaneTask(
      source: source, offsets: offsets, weights: weights, taps: taps, rows: rows, columns: columns,
      rowStride: rowStride, finish: finish, target: target
    ).runAnyTaps()
  }
}
