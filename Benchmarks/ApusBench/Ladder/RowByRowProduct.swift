/// The two inner loops exchanged: B and C are walked along their rows.
public func rowByRowProduct(
  _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ c: UnsafeMutablePointer<Float>, _ m: Int, _ n: Int, _ k: Int
) {
  c.update(repeating: 0, count: m * n)
  for i in 0..<m {
    for p in 0..<k {
      let factor = a[i * k + p]
      for j in 0..<n { c[i * n + j] += factor * b[p * n + j] }
    }
  }
}
