// Products with few columns, which would leave much of the register tile idle: registers lie along k instead of along the columns
// (ApusKernels/DotTile.swift).

/// Computes `C = activation(alpha · A · B + beta · C + bias)` by dot products, when that leaves fewer lanes idle than the register
/// tile; false, with nothing done, otherwise.
///
/// The rows of A must be contiguous.
@inline(__always)
func gemmNarrow<T: ComputeScalar>(
  _ a: Matrix<T>, _ b: Matrix<T>, into c: MutableMatrix<T>, alpha: T, beta: T, epilogue: Epilogue<T>
) -> Bool {
  let kernels = kernels(T.self)
  let (m, n, k) = (c.rows, c.columns, a.columns)
  let width = kernels.tileColumns / 2
  guard a.columnStride == 1 && n > 1 && n <= kernels.dotColumns && m > 1 else { return false }
  // In steps of the loop over k, a register each: adding up the lanes of a sum takes about as long as four of them, and a step has
  // more to load than that of the register tile.
  guard n * (k + 4 * width) * 9 < roundUp(n, width) * k * 8 else { return false }
  // Columns of B that are not contiguous are copied.
  guard n * k * MemoryLayout<T>.stride <= Processor.current.level2Cache / 4 && (b.rowStride == 1 || m >= 16) else {
    return false
  }
  // A part of less than about 100,000 multiply-adds costs less than handing it over. Pairs of rows stay together.
  let parts = min(Threads.count, max(1, m * n * k / 100_000))
  let rowsPerPart = roundUp((m + parts - 1) / parts, 2)
  parallelFor((m + rowsPerPart - 1) / rowsPerPart) { part in
    let rows = part * rowsPerPart..<min(m, (part + 1) * rowsPerPart)
    if b.rowStride == 1 {
      multiplyRows(
        rows, of: a, b.pointer, columnStride: b.columnStride, into: c, alpha: alpha, beta: beta, epilogue: epilogue)
      return
    }
    // Each thread makes a copy of its own: to fetch what another core has just written takes longer.
    Scratch.withScalars(n * k, of: T.self) { columns in
      copyStrided(b.pointer, strides: [b.columnStride, b.rowStride], into: columns, strides: [k, 1], shape: [n, k])
      multiplyRows(
        rows, of: a, UnsafePointer(columns), columnStride: k, into: c, alpha: alpha, beta: beta, epilogue: epilogue)
    }
  }
  return true
}

/// Some rows of the product.
@inline(__always)
private func multiplyRows<T: ComputeScalar>(
  _ rows: Range<Int>, of a: Matrix<T>, _ b: UnsafePointer<T>, columnStride: Int, into c: MutableMatrix<T>, alpha: T,
  beta: T, epilogue: Epilogue<T>
) {
  let row = rows.lowerBound
  kernels(T.self).gemmDots(
    m: rows.count, n: c.columns, depth: a.columns, a: a.pointer + row * a.rowStride, rowStrideA: a.rowStride, b: b,
    columnStrideB: columnStride, c: c.pointer + row * c.rowStride, rowStride: c.rowStride, alpha: alpha, beta: beta,
    rowBias: epilogue.rowBias.map { $0 + row }, columnBias: epilogue.columnBias,
    activation: epilogue.activationCode, slope: epilogue.slope)
}
