// The weight gradient of a depthwise convolution: dW[tap] = Σ dY[row, column] · x[offset(tap) + row · rowStride + column].
//
// The transpose of PlaneCorrelation.swift in the taps: there weights stay in registers and sums come and go, here sums stay, one
// register of partial sums for each tap, and dY comes. Four rows at once share what they load of x (SquareTaps.swift).

/// What a weight gradient of one plane works on.
private struct TapGradientTask<V: KernelVector> {
  var source: UnsafePointer<V.Scalar>
  var offsets: UnsafePointer<Int>
  var taps: Int
  var gradient: UnsafePointer<V.Scalar>
  var rows: Int
  var columns: Int
  var rowStride: Int
  var sums: UnsafeMutablePointer<V.Scalar>

  /// Only the lanes before the end of a row: what stands behind it may be infinite, and zero times infinity is no zero.
  @inline(__always)
  private func lanes(_ count: Int) -> V.Mask {
    var numbers = V(repeating: 0)
    for lane in 0..<V.width { numbers[lane] = V.Scalar(lane) }
    return numbers .< V(repeating: V.Scalar(count))
  }

  /// The rows, four at a time, of a square kernel; what is left of them tap by tap.
  @inline(__always)
  func runSquare<Rows: SharedRows>(_: Rows.Type) where Rows.Taps.Vector == V {
    let layout = TapRows<V>(offsets, size: Rows.Taps.size, step: Rows.step, rowStride: rowStride)
    let w = V.width
    let whole = columns / w * w
    let mask = lanes(columns - whole)
    var row = 0
    withUnsafeTemporaryAllocation(of: V.Scalar.self, capacity: 4 * w) { room in
      let part = room.baseAddress.unsafelyUnwrapped
      while row + 4 <= rows {
        let from = source + row * rowStride
        let dy = gradient + row * columns
        if whole > 0 { Rows.addWhole(dy, stride: columns, layout, from, registers: whole / w, to: sums) }
        if whole < columns {
          for r in 0..<4 { V.load(dy + r * columns + whole, count: columns - whole).store(part + r * w) }
          Rows.addPart(part, stride: w, layout, from + whole, mask: mask, to: sums)
        }
        row += 4
      }
    }
    if row < rows { runAnyTaps(from: row, mask) }
  }

  @inline(never)
  private func runAnyTaps(from first: Int, _ mask: V.Mask) {
    let w = V.width
    let whole = columns / w * w
    for tap in 0..<taps {
      var sum = V.load(sums + tap * w)
      var row = first
      while row < rows {
        let from = source + offsets[tap] + row * rowStride
        let dy = gradient + row * columns
        var column = 0
        while column < whole {
          sum = sum.adding(V.load(dy + column), times: V.load(from + column))
          column += w
        }
        if whole < columns {
          let x = V(repeating: 0).replacing(with: V.load(from + whole), where: mask)
          sum = sum.adding(V.load(dy + whole, count: columns - whole), times: x)
        }
        row += 1
      }
      sum.store(sums + tap * w)
    }
  }

  @inline(__always)
  func runAnyTaps() { runAnyTaps(from: 0, lanes(columns % V.width)) }
}

@inline(__always)
private func addProducts<V: KernelVector>(_ task: TapGradientTask<V>, kernelColumns: Int) {
  let step = rowStep(task.offsets, taps: task.taps, kernelColumns: kernelColumns, rowStride: task.rowStride)
  switch (kernelColumns, step) {
  case (_, 0): task.runAnyTaps()
  case (3, 1): task.runSquare(EveryRow<NineTaps<V>>.self)
  case (3, _): task.runSquare(EverySecondRow<NineTaps<V>>.self)
  case (_, 1): task.runSquare(EveryRow<TwentyFiveTaps<V>>.self)
  default: task.runSquare(EverySecondRow<TwentyFiveTaps<V>>.self)
  }
}

@inline(__always)
private func addLanes<V: KernelVector>(
  _: V.Type, _ sums: UnsafePointer<V.Scalar>, _ count: Int, into target: UnsafeMutablePointer<V.Scalar>
) {
  for index in 0..<count { target[index] = V.load(sums + index * V.width).laneSum }
}

extension FloatKernels {
  /// `sums[t] += Σ gradient[row · columns + column] · source[offsets[t] + row · rowStride + column]`, where `sums` holds a register
  /// of partial sums for each tap.
  ///
  /// Taps stand in rows of `kernelColumns`, from the top to the bottom. Reads up to a register behind the last value of the source
  /// that is wanted, and nothing behind the gradient.
  public static func accumulateTaps(
    _ source: UnsafePointer<Float>, offsets: UnsafePointer<Int>, taps: Int, kernelColumns: Int,
    gradient: UnsafePointer<Float>, rows: Int, columns: Int, rowStride: Int, into sums: UnsafeMutablePointer<Float>
  ) {
    addProducts(
      TapGradientTask<FloatVector>(
        source: source, offsets: offsets, taps: taps, gradient: gradient, rows: rows, columns: columns,
        rowStride: rowStride, sums: sums), kernelColumns: kernelColumns)
  }

  /// `target[i]` = the sum of the lanes of register i, for `count` registers.
  public static func sumLanes(_ sums: UnsafePointer<Float>, _ count: Int, into target: UnsafeMutablePointer<Float>) {
    addLanes(FloatVector.self, sums, count, into: target)
  }
}

extension DoubleKernels {
  /// The same for Double, the general way for any taps; see `FloatKernels.accumulateTaps`.
  public static func accumulateTaps(
    _ source: UnsafePointer<Double>, offsets: UnsafePointer<Int>, taps: Int, kernelColumns: Int,
    gradient: UnsafePointer<Double>, rows: Int, columns: Int, rowStride: Int, into sums: UnsafeMutablePointer<Double>
  ) {
    TapGradientTask<DoubleVector>(
      source: source, offsets: offsets, taps: taps, gradient: gradient, rows: rows, columns: columns,
      rowStride: rowStride, sums: sums
    ).runAnyTaps()
  }

  /// `target[i]` = the sum of the lanes of register i, for `count` registers.
  public static func sumLanes(_ sums: UnsafePointer<Double>, _ count: Int, into target: UnsafeMutablePointer<Double>) {
    addLanes(DoubleVector.self, sums, count, into: target)
  }
}
