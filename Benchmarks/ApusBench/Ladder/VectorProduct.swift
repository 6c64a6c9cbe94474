/// Strips of four vectors of a row of C stay in registers while k goes by.
public func vectorProduct(
  _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ c: UnsafeMutablePointer<Float>, _ m: Int, _ n: Int, _ k: Int
) {
  let strip = 4 * width
  let whole = n / strip * strip
  for i in 0..<m {
    for j in stride(from: 0, to: whole, by: strip) {
      var (s0, s1, s2, s3) = (Vector(), Vector(), Vector(), Vector())
      for p in 0..<k {
        let factor = a[i * k + p]
        let row = b + p * n + j
        s0 = multiplyAdd(s0, factor, load(row))
        s1 = multiplyAdd(s1, factor, load(row + width))
        s2 = multiplyAdd(s2, factor, load(row + 2 * width))
        s3 = multiplyAdd(s3, factor, load(row + 3 * width))
      }
      let target = c + i * n + j
      store(s0, target)
      store(s1, target + width)
      store(s2, target + 2 * width)
      store(s3, target + 3 * width)
    }
  }
  cornerProduct(a, b, c, n, k, rows: 0..<m, columns: whole..<n, depth: 0..<k)
}

/// The part of C that no whole strip or tile covers, by definition.
func cornerProduct(
  _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ c: UnsafeMutablePointer<Float>, _ n: Int, _ k: Int,
  rows: Range<Int>, columns: Range<Int>, depth: Range<Int>
) {
  for i in rows {
    for j in columns {
      var sum: Float = depth.lowerBound == 0 ? 0 : c[i * n + j]
      for p in depth { sum += a[i * k + p] * b[p * n + j] }
      c[i * n + j] = sum
    }
  }
}
