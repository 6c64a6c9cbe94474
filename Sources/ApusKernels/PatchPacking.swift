// im2col as a packing routine: the patches of an image are gathered straight into the panels of B, and the matrix that
// im2col would make, kernel-area times as large as the image, never exists.
//
// The image is first laid out so that no case is left to distinguish (`layOutChannel`): padded with zeros, and for a
// stride s cut into its s·s phases, so that neighbouring output pixels read neighbouring scalars at every stride. Then
//
//     patch value (k, pixel) = source[offsets[k] + row(pixel) · rowStride + column(pixel)]
//
// with one offset for each k = (channel, kernel row, kernel column). Reading may reach one register over the last
// value wanted, so a laid-out image has that much room behind it.

/// Packs `lanes` pixels from `firstPixel` on, all `depth` taps: `panel[k · width + lane]`. For products with patches as
/// columns: the forward pass and the input gradient.
@inline(__always)
private func gatherPatches<V: KernelVector>(
  _: V.Type, _ source: UnsafePointer<V.Scalar>, offsets: UnsafePointer<Int>, depth: Int, firstPixel: Int, lanes: Int,
  columns: Int, rowStride: Int, width: Int, into panel: UnsafeMutablePointer<V.Scalar>
) {
  var lane = 0
  while lane < lanes {
    // A run: pixels of one row, which lie next to each other for every tap.
    let pixel = firstPixel + lane
    let row = pixel / columns
    let column = pixel - row * columns
    let run = min(columns - column, lanes - lane)
    let base = source + row * rowStride + column
    let target = panel + lane
    var done = 0
    while done < run {
      let room = width - lane - done
      let from = base + done
      let to = target + done
      if room >= V.width {
        // A whole register, though it may reach over the run: the next run overwrites the surplus.
        for k in 0..<depth { V.load(from + offsets[k]).store(to + k * width) }
      } else {
        for k in 0..<depth { V.load(from + offsets[k]).store(to + k * width, count: room) }
      }
      done += V.width
    }
    lane += run
  }
}

/// Packs `lanes` pixels from `firstPixel` on as the rows of a product, all `depth` taps: `panel[k · width + lane]`, for a panel
/// narrower than two registers. Tap by tap, and within a tap from left to right, so that whole registers can be stored: what
/// reaches over a run of pixels is overwritten by the next run or by the next tap. The panel needs a register of room behind.
@inline(__always)
private func gatherPixels<V: KernelVector>(
  _: V.Type, _ source: UnsafePointer<V.Scalar>, offsets: UnsafePointer<Int>, depth: Int, firstPixel: Int, lanes: Int,
  columns: Int, rowStride: Int, width: Int, into panel: UnsafeMutablePointer<V.Scalar>
) {
  withUnsafeTemporaryAllocation(of: Int.self, capacity: 2 * lanes) { pieces in
    // Pieces of neighbouring pixels, of a register's width at most: where they stand in the source and in the panel.
    var count = 0
    var lane = 0
    while lane < lanes {
      let (row, column) = (firstPixel + lane).quotientAndRemainder(dividingBy: columns)
      pieces[2 * count] = row * rowStride + column
      pieces[2 * count + 1] = lane
      lane += min(columns - column, lanes - lane, V.width)
      count += 1
    }
    for k in 0..<depth {
      let from = source + offsets[k]
      let to = panel + k * width
      for piece in 0..<count { V.load(from + pieces[2 * piece]).store(to + pieces[2 * piece + 1]) }
    }
  }
}

/// Packs `lanes` taps as columns and the pixels of `rows` output rows as depth: `panel[pixel · width + lane]`. For the
/// weight gradient, whose sum runs over the pixels. Square blocks of taps × pixels are transposed in registers.
///
/// The panel needs room for one register's worth of pixels more than `rows · columns`.
@inline(__always)
private func gatherTaps<V: TransposableVector>(
  _: V.Type, _ source: UnsafePointer<V.Scalar>, offsets: UnsafePointer<Int>, lanes: Int, firstRow: Int, rows: Int,
  columns: Int, rowStride: Int, width: Int, into panel: UnsafeMutablePointer<V.Scalar>
) {
  for row in 0..<rows {
    let base = source + (firstRow + row) * rowStride
    var column = 0
    while column < columns {
      let target = panel + (row * columns + column) * width
      var lane = 0
      while lane < lanes {
        V.transposeBlock(
          base + column, offsets: offsets + lane, count: min(V.width, lanes - lane), into: target + lane,
          targetStride: width)
        lane += V.width
      }
      // A block that reaches over the row's end is overwritten by the next row.
      column += V.width
    }
  }
}

/// Copies a row, mostly a short one: the last register overlaps the one before it, and nothing is called.
@inline(__always)
private func copyRow<V: KernelVector>(
  _: V.Type, _ source: UnsafePointer<V.Scalar>, _ target: UnsafeMutablePointer<V.Scalar>, _ count: Int
) {
  guard count >= V.width else { return copyShortRow(V.self, source, target, count) }
  var done = 0
  while done < count {
    let first = min(done, count - V.width)
    V.load(source + first).store(target + first)
    done += V.width
  }
}

/// Functions of their own: where a caller has grown large, the loads and stores of its registers become calls.
@inline(never)
private func copyShortRow<V: KernelVector>(
  _: V.Type, _ source: UnsafePointer<V.Scalar>, _ target: UnsafeMutablePointer<V.Scalar>, _ count: Int
) {
  V.load(source, count: count).store(target, count: count)
}

@inline(never)
private func clearShortRow<V: KernelVector>(_: V.Type, _ target: UnsafeMutablePointer<V.Scalar>, _ count: Int) {
  V(repeating: 0).store(target, count: count)
}

/// Zeros, mostly one or two of them.
@inline(__always)
private func clearRow<V: KernelVector>(_: V.Type, _ target: UnsafeMutablePointer<V.Scalar>, _ count: Int) {
  let zero = V(repeating: 0)
  var done = 0
  while done + V.width <= count {
    zero.store(target + done)
    done += V.width
  }
  if count - done == 1 {
    target[done] = 0
  } else if done < count {
    clearShortRow(V.self, target + done, count - done)
  }
}

/// Takes a row apart: its scalars 0, 2, 4 … and 1, 3, 5 …
@inline(__always)
private func splitRow<V: KernelVector>(
  _: V.Type, _ source: UnsafePointer<V.Scalar>, evens: UnsafeMutablePointer<V.Scalar>, _ evenCount: Int,
  odds: UnsafeMutablePointer<V.Scalar>, _ oddCount: Int
) {
  let pairs = min(evenCount, oddCount)
  var done = 0
  if pairs >= V.width {
    while done < pairs {
      let first = min(done, pairs - V.width)
      let (a, b) = (V.load(source + 2 * first), V.load(source + 2 * first + V.width))
      a.evens(b).store(evens + first)
      a.odds(b).store(odds + first)
      done += V.width
    }
    done = pairs
  }
  while done < evenCount {
    evens[done] = source[2 * done]
    if done < oddCount { odds[done] = source[2 * done + 1] }
    done += 1
  }
  while done < oddCount {
    odds[done] = source[2 * done + 1]
    done += 1
  }
}

/// Both phases of every second row of a source with a stride of 2 across; the source's first column is an even one of the phase that
/// it falls into.
@inline(never)
private func layOutPairs<V: KernelVector>(
  _: V.Type, _ source: UnsafePointer<V.Scalar>, height: Int, width: Int, firstRow: Int, rowStep: Int, left: Int,
  rows: Int, columns: Int, into phases: UnsafeMutablePointer<V.Scalar>
) {
  let evens = phases + (left & 1) * rows * columns
  let odds = phases + (1 - (left & 1)) * rows * columns
  let (firstEven, firstOdd) = (min(columns, left / 2), min(columns, (left + 1) / 2))
  let evenCount = min(columns - firstEven, (width + 1) / 2)
  let oddCount = min(columns - firstOdd, width / 2)
  for row in 0..<rows {
    let y = row * rowStep + firstRow
    let (toEven, toOdd) = (evens + row * columns, odds + row * columns)
    if y < 0 || y >= height {
      clearRow(V.self, toEven, columns)
      clearRow(V.self, toOdd, columns)
      continue
    }
    clearRow(V.self, toEven, firstEven)
    clearRow(V.self, toOdd, firstOdd)
    splitRow(V.self, source + y * width, evens: toEven + firstEven, evenCount, odds: toOdd + firstOdd, oddCount)
    clearRow(V.self, toEven + firstEven + evenCount, columns - firstEven - evenCount)
    clearRow(V.self, toOdd + firstOdd + oddCount, columns - firstOdd - oddCount)
  }
}

/// One phase with any stride across, of the rows `firstRow`, `firstRow + rowStep` … of the source.
@inline(never)
private func layOutPhase<V: KernelVector>(
  _: V.Type, _ source: UnsafePointer<V.Scalar>, height: Int, width: Int, firstRow: Int, rowStep: Int, shift: Int,
  stride: Int, rows: Int, columns: Int, into target: UnsafeMutablePointer<V.Scalar>
) {
  // Columns i of this phase for which the source's column lies inside: 0 <= i · stride + shift < width.
  let first = min(columns, shift >= 0 ? 0 : (-shift + stride - 1) / stride)
  let end = min(columns, max(first, width - shift <= 0 ? 0 : (width - shift + stride - 1) / stride))
  var to = target
  for row in 0..<rows {
    let y = row * rowStep + firstRow
    if y < 0 || y >= height || first >= end {
      clearRow(V.self, to, columns)
    } else {
      let from = source + y * width + shift
      clearRow(V.self, to, first)
      if stride == 1 {
        copyRow(V.self, from + first, to + first, end - first)
      } else {
        for column in first..<end { to[column] = from[column * stride] }
      }
      clearRow(V.self, to + end, columns - end)
    }
    to += columns
  }
}

/// Lays one channel out: `target[phase][j][i] = source[j · strideY + phaseY − top][i · strideX + phaseX − left]`, zero
/// outside the source. `rows` and `columns` are those of a phase in the target.
@inline(__always)
private func layOut<V: KernelVector>(
  _: V.Type, _ source: UnsafePointer<V.Scalar>, height: Int, width: Int, top: Int, left: Int, strideY: Int,
  strideX: Int,
  rows: Int, columns: Int, into target: UnsafeMutablePointer<V.Scalar>
) {
  for phaseY in 0..<strideY {
    let phases = target + phaseY * strideX * rows * columns
    if strideX == 2 {
      layOutPairs(
        V.self, source, height: height, width: width, firstRow: phaseY - top, rowStep: strideY, left: left, rows: rows,
        columns: columns, into: phases)
      continue
    }
    for phaseX in 0..<strideX {
      layOutPhase(
        V.self, source, height: height, width: width, firstRow: phaseY - top, rowStep: strideY, shift: phaseX - left,
        stride: strideX, rows: rows, columns: columns, into: phases + phaseX * rows * columns)
    }
  }
}

/// The opposite of taking rows apart: `target[y · targetStride + 2x] = evens[y, x]`, and one further `odds[y, x]`, for rows of
/// `width` scalars of both together.
@inline(__always)
private func interleave<V: KernelVector>(
  _: V.Type, evens: UnsafePointer<V.Scalar>, odds: UnsafePointer<V.Scalar>, rows: Int, width: Int,
  into target: UnsafeMutablePointer<V.Scalar>, targetStride: Int
) {
  let (evenCount, oddCount) = ((width + 1) / 2, width / 2)
  for row in 0..<rows {
    let (a, b) = (evens + row * evenCount, odds + row * oddCount)
    let to = target + row * targetStride
    var done = 0
    if oddCount >= V.width {
      while done < oddCount {
        let first = min(done, oddCount - V.width)
        let (low, high) = V.load(a + first).zipped(with: V.load(b + first))
        low.store(to + 2 * first)
        high.store(to + 2 * first + V.width)
        done += V.width
      }
    } else {
      for column in 0..<oddCount {
        to[2 * column] = a[column]
        to[2 * column + 1] = b[column]
      }
    }
    if evenCount > oddCount { to[width - 1] = a[oddCount] }
  }
}

/// Copies `channels` planes of `rows` rows, of which only the first `columns` scalars count, to where they are dense.
@inline(__always)
private func copyDense<V: KernelVector>(
  _: V.Type, _ source: UnsafePointer<V.Scalar>, channels: Int, channelStride: Int, rows: Int, rowStride: Int,
  columns: Int, into target: UnsafeMutablePointer<V.Scalar>, targetChannelStride: Int
) {
  for channel in 0..<channels {
    var from = source + channel * channelStride
    var to = target + channel * targetChannelStride
    for _ in 0..<rows {
      copyRow(V.self, from, to, columns)
      from += rowStride
      to += columns
    }
  }
}

extension FloatKernels {
  /// Packs a panel of patches as rows of a product; see `gatherPixels`.
  public static func packPixels(
    _ source: UnsafePointer<Float>, offsets: UnsafePointer<Int>, depth: Int, firstPixel: Int, lanes: Int,
    columns: Int, rowStride: Int, width: Int, into panel: UnsafeMutablePointer<Float>
  ) {
    gatherPixels(
      FloatVector.self, source, offsets: offsets, depth: depth, firstPixel: firstPixel, lanes: lanes,
      columns: columns, rowStride: rowStride, width: width, into: panel)
  }

  /// Packs a panel of patches, pixels across, taps down; see `gatherPatches`.
  public static func packPatches(
    _ source: UnsafePointer<Float>, offsets: UnsafePointer<Int>, depth: Int, firstPixel: Int, lanes: Int,
    columns: Int, rowStride: Int, width: Int, into panel: UnsafeMutablePointer<Float>
  ) {
    gatherPatches(
      FloatVector.self, source, offsets: offsets, depth: depth, firstPixel: firstPixel, lanes: lanes,
      columns: columns, rowStride: rowStride, width: width, into: panel)
  }

  /// Packs a panel of patches, taps across, pixels down; see `gatherTaps`.
  public static func packTaps(
    _ source: UnsafePointer<Float>, offsets: UnsafePointer<Int>, lanes: Int, firstRow: Int, rows: Int, columns: Int,
    rowStride: Int, width: Int, into panel: UnsafeMutablePointer<Float>
  ) {
    gatherTaps(
      FloatVector.self, source, offsets: offsets, lanes: lanes, firstRow: firstRow, rows: rows, columns: columns,
      rowStride: rowStride, width: width, into: panel)
  }

  /// Copies planes whose rows are longer than what counts of them; see `copyDense`.
  public static func copyPlanes(
    _ source: UnsafePointer<Float>, channels: Int, channelStride: Int, rows: Int, rowStride: Int, columns: Int,
    into target: UnsafeMutablePointer<Float>, targetChannelStride: Int
  ) {
    copyDense(
      FloatVector.self, source, channels: channels, channelStride: channelStride, rows: rows, rowStride: rowStride,
      columns: columns, into: target, targetChannelStride: targetChannelStride)
  }

  /// Pads a channel and cuts it into phases; see `layOut`.
  public static func layOutChannel(
    _ source: UnsafePointer<Float>, height: Int, width: Int, top: Int, left: Int, strideY: Int, strideX: Int,
    rows: Int, columns: Int, into target: UnsafeMutablePointer<Float>
  ) {
    layOut(
      FloatVector.self, source, height: height, width: width, top: top, left: left, strideY: strideY, strideX: strideX,
      rows: rows,
      columns: columns, into: target)
  }

  /// Puts two planes of columns together; see `interleave`.
  public static func interleaveColumns(
    _ evens: UnsafePointer<Float>, _ odds: UnsafePointer<Float>, rows: Int, width: Int,
    into target: UnsafeMutablePointer<Float>, targetStride: Int
  ) {
    interleave(
      FloatVector.self, evens: evens, odds: odds, rows: rows, width: width, into: target, targetStride: targetStride)
  }
}

extension DoubleKernels {
  /// Packs a panel of patches as rows of a product; see `gatherPixels`.
  public static func packPixels(
    _ source: UnsafePointer<Double>, offsets: UnsafePointer<Int>, depth: Int, firstPixel: Int, lanes: Int,
    columns: Int, rowStride: Int, width: Int, into panel: UnsafeMutablePointer<Double>
  ) {
    gatherPixels(
      DoubleVector.self, source, offsets: offsets, depth: depth, firstPixel: firstPixel, lanes: lanes,
      columns: columns, rowStride: rowStride, width: width, into: panel)
  }

  /// Packs a panel of patches, pixels across, taps down; see `gatherPatches`.
  public static func packPatches(
    _ source: UnsafePointer<Double>, offsets: UnsafePointer<Int>, depth: Int, firstPixel: Int, lanes: Int,
    columns: Int, rowStride: Int, width: Int, into panel: UnsafeMutablePointer<Double>
  ) {
    gatherPatches(
      DoubleVector.self, source, offsets: offsets, depth: depth, firstPixel: firstPixel, lanes: lanes,
      columns: columns, rowStride: rowStride, width: width, into: panel)
  }

  /// Packs a panel of patches, taps across, pixels down; see `gatherTaps`.
  public static func packTaps(
    _ source: UnsafePointer<Double>, offsets: UnsafePointer<Int>, lanes: Int, firstRow: Int, rows: Int, columns: Int,
    rowStride: Int, width: Int, into panel: UnsafeMutablePointer<Double>
  ) {
    gatherTaps(
      DoubleVector.self, source, offsets: offsets, lanes: lanes, firstRow: firstRow, rows: rows, columns: columns,
      rowStride: rowStride, width: width, into: panel)
  }

  /// Copies planes whose rows are longer than what counts of them; see `copyDense`.
  public static func copyPlanes(
    _ source: UnsafePointer<Double>, channels: Int, channelStride: Int, rows: Int, rowStride: Int, columns: Int,
    into target: UnsafeMutablePointer<Double>, targetChannelStride: Int
  ) {
    copyDense(
      DoubleVector.self, source, channels: channels, channelStride: channelStride, rows: rows, rowStride: rowStride,
      columns: columns, into: target, targetChannelStride: targetChannelStride)
  }

  /// Pads a channel and cuts it into phases; see `layOut`.
  public static func layOutChannel(
    _ source: UnsafePointer<Double>, height: Int, width: Int, top: Int, left: Int, strideY: Int, strideX: Int,
    rows: Int, columns: Int, into target: UnsafeMutablePointer<Double>
  ) {
    layOut(
      DoubleVector.self, source, height: height, width: width, top: top, left: left, strideY: strideY, strideX: strideX,
      rows: rows,
      columns: columns, into: target)
  }

  /// Puts two planes of columns together; see `interleave`.
  public static func interleaveColumns(
    _ evens: UnsafePointer<Double>, _ odds: UnsafePointer<Double>, rows: Int, width: Int,
    into target: UnsafeMutablePointer<Double>, targetStride: Int
  ) {
    interleave(
      DoubleVector.self, evens: evens, odds: odds, rows: rows, width: width, into: target, targetStride: targetStride)
  }
}
