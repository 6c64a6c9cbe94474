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
  // Both operands have to stay in a core's own cache for as long as the product takes.
  let affordable = Processor.current.level2Cache * 3 / 4 / MemoryLayout<T>.stride
  guard k > 0 && k <= 4096 && (m + n) * k <= affordable else { return false }
  let width = kernels(T.self).tileColumns / 2
  let toPack = b.columnStride == 1 && n >= width && beta == 0 ? 0 : k * n
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
  let kernels = kernels(T.self)
  let (mr, nr) = (kernels.tileRows, kernels.tileColumns)
  let (m, n, k) = (a.rows, b.columns, a.columns)
  let panelB = packsB ? k * nr + 16 : nr
  let panels = packsB ? (n + nr - 1) / nr : 0
  Scratch.withScalars(panels * panelB, of: T.self) { packedB in
    if packsB { packColumns(b, into: packedB, panelStride: panelB) }
    let source = packsB ? UnsafePointer(packedB) : b.pointer
    withUnsafeTemporaryAllocation(of: Int.self, capacity: k) { offsets in
      let step = packsB ? nr : b.rowStride
      for index in 0..<k { offsets[index] = index * step }
      let offsets = UnsafePointer(offsets.baseAddress!)
      let split = split(rows: m, columns: n, depth: k, mr: mr, nr: nr, scalarBytes: MemoryLayout<T>.stride)
      // A last part of less than one register of columns is done by its neighbour, for B may not be read behind its end.
      let columnParts = max(1, (n - nr / 2) / split.columnsPerPart + 1)
      parallelFor(split.rowParts * columnParts) { part in
        let (down, across) = (part / columnParts, part % columnParts)
        let (row, column) = (down * split.rowsPerPart, across * split.columnsPerPart)
        let columns = across == columnParts - 1 ? n - column : split.columnsPerPart
        kernels.gemmDirect(
          m: min(split.rowsPerPart, m - row), n: columns, depth: k, a: a.pointer + row * a.rowStride,
          rowStrideA: a.rowStride, depthStrideA: a.columnStride, panelStrideA: mr * a.rowStride,
          b: source + column / nr * panelB, panelStrideB: panelB, offsets: offsets,
          c: c + row * rowStride + column, rowStride: rowStride, alpha: alpha, beta: beta,
          rowBias: epilogue.rowBias.map { $0 + row }, columnBias: epilogue.columnBias.map { $0 + column },
          activation: epilogue.activationCode, slope: epilogue.slope, rowsOutside: false)
      }
    }
  }
}

/// How a product is shared out: see `Blocking.split`. It does not influence results.
///
/// A product of some tens of microseconds falls into one part of rows a thread, always the same: where C is a weight's
/// gradient or A the weight itself, a core meets in its own cache what it wrote in the step before. (Which of more
/// parts a core gets changes from step to step, and what is in the other core's cache costs more than it saves.)
@inline(__always)
private func split(
  rows: Int, columns: Int, depth: Int, mr: Int, nr: Int, scalarBytes: Int
) -> (rowParts: Int, rowsPerPart: Int, columnsPerPart: Int) {
  let work = rows * columns * max(depth, 1)
  let threads = min(Threads.count, work / 100_000)
  if threads > 1 && work <= 16_000_000 && rows >= 2 * mr * threads {
    let perPart = (rows + threads - 1) / threads
    return ((rows + perPart - 1) / perPart, perPart, roundUp(columns, nr))
  }
  let blocking = Blocking(tileRows: mr, tileColumns: nr, scalarBytes: scalarBytes)
  let split = blocking.split(rows: rows, columns: columns, depth: depth, mc: roundUp(rows, mr))
  return (split.rowParts, split.rowsPerPart, split.columnsPerPart)
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
