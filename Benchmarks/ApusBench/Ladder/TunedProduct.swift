/// Packed, with a tile that fills the registers, and larger blocks: 14 × 2 of the 32 registers of AVX-512 are sums, or 6 × 2
/// of 16.
public func tunedProduct(
  _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ c: UnsafeMutablePointer<Float>, _ m: Int, _ n: Int, _ k: Int
) {
  #if APUS_AVX512
    packedProduct(FourteenRows.self, mc: 14 * 18, kc: 512, nc: 4096, a, b, c, m, n, k)
  #else
    packedProduct(SixRows.self, mc: 6 * 24, kc: 384, nc: 4096, a, b, c, m, n, k)
  #endif
}
