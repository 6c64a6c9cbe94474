/// Tiles of four rows and two vectors: each element that is loaded takes part in several multiply-adds.
public func tileProduct(
  _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ c: UnsafeMutablePointer<Float>, _ m: Int, _ n: Int, _ k: Int
) {
  let (mr, nr) = (FourRows.rows, 2 * width)
  let (wholeRows, wholeColumns) = (m / mr * mr, n / nr * nr)
  for i in stride(from: 0, to: wholeRows, by: mr) {
    for j in stride(from: 0, to: wholeColumns, by: nr) {
      accumulate(FourRows.self, a + i * k, aRow: k, aStep: 1, b + j, bStep: n, depth: k)
        .put(c + i * n + j, n, adding: false)
    }
  }
  cornerProduct(a, b, c, n, k, rows: 0..<wholeRows, columns: wholeColumns..<n, depth: 0..<k)
  cornerProduct(a, b, c, n, k, rows: wholeRows..<m, columns: 0..<n, depth: 0..<k)
}
