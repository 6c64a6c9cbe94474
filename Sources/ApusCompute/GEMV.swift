// Products with a vector are bound by the memory that A takes: it is read once, so packing it would double the work.

/// Computes C = epilogue(A · B) when it is a product with a vector and A's layout allows it; false otherwise.
@inline(__always)
func gemv<T: ComputeScalar>(
  _ a: Matrix<T>, _ b: Matrix<T>, into c: MutableMatrix<T>, epilogue: Epilogue<T>
) -> Bool {
  if c.columns == 1 && (c.rowStride == 1 || c.rows == 1) {
    return gemvColumn(a, b, c.pointer, epilogue)
  }
  if c.rows == 1 {
    // yᵀ = xᵀ B is y = Bᵀ x.
    return gemvColumn(b.transposed, a.transposed, c.pointer, epilogue.transposed)
  }
  return false
}

/// y = epilogue(A · x), y contiguous.
private func gemvColumn<T: ComputeScalar>(
  _ a: Matrix<T>, _ x: Matrix<T>, _ y: UnsafeMutablePointer<T>, _ epilogue: Epilogue<T>
) -> Bool {
  let kernels = kernels(T.self)
  let (m, k) = (a.rows, a.columns)
  guard k > 0 else { return false }
  // Parts of about 32,000 scalars of A; cut along m only, so that no sum depends on the number of threads.
  let rowsPerPart = max(64, (32768 / k + 15) / 16 * 16)
  let parts = (m + rowsPerPart - 1) / rowsPerPart
  if a.columnStride == 1 && x.rowStride == 1 {
    parallelFor(parts) { part in
      let first = part * rowsPerPart
      let rows = min(rowsPerPart, m - first)
      kernels.gemvRows(
        m: rows, k: k, a: a.pointer + first * a.rowStride, rowStride: a.rowStride, x: x.pointer, y: y + first)
      finish(y + first, rows, first, epilogue)
    }
    return true
  }
  if a.rowStride == 1 {
    // Long stretches of each column, one a thread, as far as y stays in the level-1 cache.
    let threads = min(Threads.count, max(1, m * k / 32768))
    let rowsPerPart = min(4096, max(64, roundUp((m + threads - 1) / threads, 16)))
    parallelFor((m + rowsPerPart - 1) / rowsPerPart) { part in
      let first = part * rowsPerPart
      let rows = min(rowsPerPart, m - first)
      kernels.gemvColumns(
        m: rows, k: k, a: a.pointer + first, columnStride: a.columnStride, x: x.pointer, xStride: x.rowStride,
        y: y + first)
      finish(y + first, rows, first, epilogue)
    }
    return true
  }
  return false
}

/// Bias and activation over a part of y that was just written.
private func finish<T: ComputeScalar>(
  _ y: UnsafeMutablePointer<T>, _ count: Int, _ first: Int, _ epilogue: Epilogue<T>
) {
  if let bias = epilogue.rowBias {
    for index in 0..<count { y[index] += bias[first + index] }
  }
  if let bias = epilogue.columnBias {
    for index in 0..<count { y[index] += bias[0] }
  }
  let slope = epilogue.slope
  if epilogue.activationCode != 0 {
    for index in 0..<count where y[index] < 0 { y[index] = epilogue.activationCode == 1 ? 0 : slope * y[index] }
  }
}
