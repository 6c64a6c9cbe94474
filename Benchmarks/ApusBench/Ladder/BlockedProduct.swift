/// The product cut into blocks that the caches hold: of B, kc rows of one tile's columns stay in level 1 while a block of
/// A, mc × kc, passes by out of level 2.
public func blockedProduct(
  _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ c: UnsafeMutablePointer<Float>, _ m: Int, _ n: Int, _ k: Int
) {
  let (mr, nr) = (FourRows.rows, 2 * width)
  let (mc, kc) = (128, 256)
  let (wholeRows, wholeColumns) = (m / mr * mr, n / nr * nr)
  for pc in stride(from: 0, to: k, by: kc) {
    let depth = min(kc, k - pc)
    for ic in stride(from: 0, to: wholeRows, by: mc) {
      for jr in stride(from: 0, to: wholeColumns, by: nr) {
        for ir in stride(from: ic, to: min(ic + mc, wholeRows), by: mr) {
          accumulate(FourRows.self, a + ir * k + pc, aRow: k, aStep: 1, b + pc * n + jr, bStep: n, depth: depth)
            .put(c + ir * n + jr, n, adding: pc > 0)
        }
      }
    }
    cornerProduct(a, b, c, n, k, rows: 0..<wholeRows, columns: wholeColumns..<n, depth: pc..<pc + depth)
    cornerProduct(a, b, c, n, k, rows: wholeRows..<m, columns: 0..<n, depth: pc..<pc + depth)
  }
}
