// Products that are too small, or whose operands are too seldom read, to earn back what packing costs. The register tile
// reads A and B where they lie: one scalar of A is broadcast at a time, so A may have any strides, and rows of B
// that are contiguous are as good as packed ones while they stay in the cache.

/// Computes `C = activation(alpha · A · B + beta · C + bias)` from operands where they lie, when that is worth it;
/// false, with nothing done, otherwise. The rows of C are contiguous.
///
/// Rows of B that are not contiguous are packed, B alone. When B is the larger operand, the transposed product
/// `Cᵀ = Bᵀ · Aᵀ`, which then needs at most A packed, and C turned round at the end, moves fewer scalars:
/// `x · Wᵀ` for a batch x that is smaller than the weights W is such a product.
@inline(__always)
func gemmInPlace<T: ComputeScalar>(
  _ a: Matrix<T>, _ b: Matrix<T>, into c: MutableMatrix<T>, alpha: T, beta: T, epilogue: Epilogue<T>
) -> Bool {
  let (m, n, k) = (c.rows, c.columns, a.columns)
  let (mr, nr) = (kernels(T.self).tileRows, kernels(T.self).tileColumns)
  let width = nr / 2
  let toPack = b.columnStride == 1 && (n < width || beta == 0) ? 0 : k * n
  // Both operands have to stay in a core's own cache for as long as the product takes, or one of them, the larger, has to be
  // read but once.
  let affordable = Processor.current.level2Cache * 3 / 4 / MemoryLayout<T>.stride
  let readsOnce = m <= mr && toPack == 0 || n <= nr && n * k <= affordable
  guard k > 0 && k <= 4096 && ((m + n) * k <= affordable || readsOnce) else { return false }
  let toPackTransposed = a.rowStride == 1 && m >= width ? 0 : k * m
  if beta == 0 && n > 1 && 2 * (toPackTransposed + m * n) < toPack {
    Scratch.withScalars(m * n, of: T.self) { scratch in
      multiply(
        b.transposed, a.transposed, packsB: toPackTransposed > 0, into: scratch, rowStride: m, alpha: alpha, beta: 0,
        epilogue: epilogue.transposed)
      copyStrided(UnsafePointer(scratch), strides: [1, m], into: c.pointer, strides: [c.rowStride, 1], shape: [m, n])
    }
  } else {
    multiply(
      a, b, packsB: toPack > 0, into: c.pointer, rowStride: c.rowStride, alpha: alpha, beta: beta, epilogue: epilogue)
  }
  return true
}

/// The product itself: B packed or in place, the tiles shared out over the team.
private func multiply<T: ComputeScalar>(
  _ a: Matrix<T>, _ b: Matrix<T>, packsB: Bool, into c: UnsafeMutablePointer<T>, rowStride: Int, alpha: T, beta: T,
  epilogue: Epilogue<T>
) {
  let nr = kernels(T.self).tileColumns
  if packsB {
    let panelB = b.rows * nr + 16
    Scratch.withScalars((b.columns + nr - 1) / nr * panelB, of: T.self) { packedB in
      packColumns(b, into: packedB, panelStride: panelB)
      withUnsafeTemporaryAllocation(of: Int.self, capacity: b.rows) { offsets in
        for index in 0..<b.rows { offsets[index] = index * nr }
        multiplyTiles(
          a, UnsafePointer(packedB), panelStride: panelB, offsets, columns: b.columns, into: c, rowStride: rowStride,
          alpha: alpha, beta: beta, epilogue: epilogue)
      }
    }
    return
  }
  // A B narrower than a register is read in whole registers all the same: into the next row, and nothing comes of what is
  // read there. Only the last rows, behind which B ends, are copied to a place with room behind it.
  let width = nr / 2
  let spare = b.columns < width ? min(b.rows, (width - b.columns - 1) / max(1, b.rowStride) + 1) : 0
  withUnsafeTemporaryAllocation(of: T.self, capacity: spare * width) { copies in
    withUnsafeTemporaryAllocation(of: Int.self, capacity: b.rows) { offsets in
      for index in 0..<b.rows - spare { offsets[index] = index * b.rowStride }
      for index in 0..<spare {
        let row = b.rows - spare + index
        let copy = copies.baseAddress! + index * width
        for column in 0..<width { copy[column] = column < b.columns ? b.pointer[row * b.rowStride + column] : 0 }
        // The distance of two places that belong to different blocks of memory: counted in scalars, both being aligned so.
        offsets[row] = (Int(bitPattern: copy) - Int(bitPattern: b.pointer)) / MemoryLayout<T>.stride
      }
      multiplyTiles(
        a, b.pointer, panelStride: nr, offsets, columns: b.columns, into: c, rowStride: rowStride, alpha: alpha,
        beta: beta, epilogue: epilogue)
    }
  }
}

/// Shares out the tiles of C. Row k of panel p of B begins at `b + p · panelStride + offsets[k]`.
@inline(__always)
private func multiplyTiles<T: ComputeScalar>(
  _ a: Matrix<T>, _ b: UnsafePointer<T>, panelStride: Int, _ offsets: UnsafeMutableBufferPointer<Int>, columns n: Int,
  into c: UnsafeMutablePointer<T>, rowStride: Int, alpha: T, beta: T, epilogue: Epilogue<T>
) {
  let kernels = kernels(T.self)
  let (mr, nr) = (kernels.tileRows, kernels.tileColumns)
  let (m, k) = (a.rows, a.columns)
  // Where the offsets stand, as a value that threads may share.
  let offsets = UnsafePointer(offsets.baseAddress!)
  let split = TileSplit(rows: m, columns: n, depth: k, tileRows: mr, tileColumns: nr)
  // A last part of less than one register of columns is done by its neighbour, for B may not be read behind its end.
  let columnParts = max(1, (n - nr / 2) / split.columnsPerPart + 1)
  parallelFor(split.rowParts * columnParts) { part in
    let (down, across) = (part / columnParts, part % columnParts)
    let (row, column) = (down * split.rowsPerPart, across * split.columnsPerPart)
    let columns = across == columnParts - 1 ? n - column : split.columnsPerPart
    kernels.gemmDirect(
      m: min(split.rowsPerPart, m - row), n: columns, depth: k, a: a.pointer + row * a.rowStride,
      rowStrideA: a.rowStride, depthStrideA: a.columnStride, panelStrideA: mr * a.rowStride,
      b: b + column / nr * panelStride, panelStrideB: panelStride, offsets: offsets,
      c: c + row * rowStride + column, rowStride: rowStride, alpha: alpha, beta: beta,
      rowBias: epilogue.rowBias.map { $0 + row }, columnBias: epilogue.columnBias.map { $0 + column },
      activation: epilogue.activationCode, slope: epilogue.slope, rowsOutside: false)
  }
}

/// How a C is shared out in blocks of whole tiles. It does not influence results, so it may depend on the number of threads.
private struct TileSplit {
  var rowParts = 1
  let rowsPerPart: Int
  let columnsPerPart: Int

  init(rows: Int, columns: Int, depth: Int, tileRows mr: Int, tileColumns nr: Int) {
    let tilesDown = (rows + mr - 1) / mr
    let tilesAcross = (columns + nr - 1) / nr
    // A part of less than about 100,000 multiply-adds costs less than handing it over.
    let threads = min(Threads.count, max(1, rows * columns * max(depth, 1) / 100_000))
    if threads <= 1 {
      rowsPerPart = rows
      columnsPerPart = tilesAcross * nr
      return
    }
    // A product of some tens of microseconds falls into one part of rows a thread, always the same: where C is a weight's
    // gradient or A the weight itself, a core meets in its own cache what it wrote in the step before. (Which of more
    // parts a core gets changes from step to step, and what is in the other core's cache costs more than it saves.)
    if rows * columns * max(depth, 1) <= 16_000_000 && rows >= 2 * mr * threads {
      rowsPerPart = (rows + threads - 1) / threads
      columnsPerPart = tilesAcross * nr
      rowParts = (rows + rowsPerPart - 1) / rowsPerPart
      return
    }
    var columnParts = 1
    // Four parts a thread even out what other programs take; along the longer side, so that panels stay shared.
    let wanted = 4 * threads
    if tilesDown >= tilesAcross {
      rowParts = min(tilesDown, wanted)
      columnParts = min(tilesAcross, (wanted + rowParts - 1) / rowParts)
    } else {
      columnParts = min(tilesAcross, wanted)
      if columnParts < threads { rowParts = min(tilesDown, wanted) }
    }
    rowsPerPart = (tilesDown + rowParts - 1) / rowParts * mr
    columnsPerPart = (tilesAcross + columnParts - 1) / columnParts * nr
    rowParts = (rows + rowsPerPart - 1) / rowsPerPart
  }
}

/// Packs all panels of B.
private func packColumns<T: ComputeScalar>(
  _ b: Matrix<T>, into packed: UnsafeMutablePointer<T>, panelStride: Int
) {
  let kernels = kernels(T.self)
  let nr = kernels.tileColumns
  let panels = (b.columns + nr - 1) / nr
  // Few and deep panels are cut along their depth too, or they would leave threads without work. The cuts lie where a
  // register of depth ends; NR is a number of whole registers, so no part writes over its end.
  let parallel = Threads.count > 1 && panels < Threads.count && b.rows * nr > 8192
  let depth = parallel ? roundUp((b.rows + Threads.count - 1) / Threads.count, 16) : max(1, b.rows)
  let cuts = (b.rows + depth - 1) / depth
  let perPart = parallel ? 1 : max(1, 16384 / (depth * nr))
  parallelFor((panels * cuts + perPart - 1) / perPart) { part in
    for index in part * perPart..<min((part + 1) * perPart, panels * cuts) {
      let (panel, first) = (index / cuts, index % cuts * depth)
      kernels.packPanel(
        b.pointer + panel * nr * b.columnStride + first * b.rowStride, lanes: min(nr, b.columns - panel * nr),
        laneStride: b.columnStride, depth: min(depth, b.rows - first), depthStride: b.rowStride, width: nr,
        into: packed + panel * panelStride + first * nr)
    }
  }
}
