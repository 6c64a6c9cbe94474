// What a multiply-add of bytes costs in pure Swift, beside one of Float: the table of Docs/Quantization.md. Compile it for a
// processor and run it:
//
//     swiftc -Ounchecked -wmo -parse-as-library -target-cpu skylake-avx512 Benchmarks/Studies/ByteProducts.swift -o study
//     ./study      # the same for haswell; for x86-64, which has no fused multiply-add, add -lm and run: ./study plain

/// Twelve rows by sixteen outputs, products in lanes of 32 bits: `vpmulld`.
@inline(never)
func tile(
  _ x: UnsafePointer<Int32>, _ stride: Int, _ depth: Int, _ w: UnsafePointer<Int8>, _ y: UnsafeMutablePointer<Int32>
) {
  var a0 = SIMD16<Int32>()
  var a1 = SIMD16<Int32>()
  var a2 = SIMD16<Int32>()
  var a3 = SIMD16<Int32>()
  var a4 = SIMD16<Int32>()
  var a5 = SIMD16<Int32>()
  var a6 = SIMD16<Int32>()
  var a7 = SIMD16<Int32>()
  var a8 = SIMD16<Int32>()
  var a9 = SIMD16<Int32>()
  var a10 = SIMD16<Int32>()
  var a11 = SIMD16<Int32>()
  for k in 0..<depth {
    let v = SIMD16<Int32>(truncatingIfNeeded: UnsafeRawPointer(w + k * 16).loadUnaligned(as: SIMD16<Int8>.self))
    a0 &+= SIMD16<Int32>(repeating: x[0 * stride + k]) &* v
    a1 &+= SIMD16<Int32>(repeating: x[1 * stride + k]) &* v
    a2 &+= SIMD16<Int32>(repeating: x[2 * stride + k]) &* v
    a3 &+= SIMD16<Int32>(repeating: x[3 * stride + k]) &* v
    a4 &+= SIMD16<Int32>(repeating: x[4 * stride + k]) &* v
    a5 &+= SIMD16<Int32>(repeating: x[5 * stride + k]) &* v
    a6 &+= SIMD16<Int32>(repeating: x[6 * stride + k]) &* v
    a7 &+= SIMD16<Int32>(repeating: x[7 * stride + k]) &* v
    a8 &+= SIMD16<Int32>(repeating: x[8 * stride + k]) &* v
    a9 &+= SIMD16<Int32>(repeating: x[9 * stride + k]) &* v
    a10 &+= SIMD16<Int32>(repeating: x[10 * stride + k]) &* v
    a11 &+= SIMD16<Int32>(repeating: x[11 * stride + k]) &* v
  }
  UnsafeMutableRawPointer(y + 0).storeBytes(of: a0, as: SIMD16<Int32>.self)
  UnsafeMutableRawPointer(y + 16).storeBytes(of: a1, as: SIMD16<Int32>.self)
  UnsafeMutableRawPointer(y + 32).storeBytes(of: a2, as: SIMD16<Int32>.self)
  UnsafeMutableRawPointer(y + 48).storeBytes(of: a3, as: SIMD16<Int32>.self)
  UnsafeMutableRawPointer(y + 64).storeBytes(of: a4, as: SIMD16<Int32>.self)
  UnsafeMutableRawPointer(y + 80).storeBytes(of: a5, as: SIMD16<Int32>.self)
  UnsafeMutableRawPointer(y + 96).storeBytes(of: a6, as: SIMD16<Int32>.self)
  UnsafeMutableRawPointer(y + 112).storeBytes(of: a7, as: SIMD16<Int32>.self)
  UnsafeMutableRawPointer(y + 128).storeBytes(of: a8, as: SIMD16<Int32>.self)
  UnsafeMutableRawPointer(y + 144).storeBytes(of: a9, as: SIMD16<Int32>.self)
  UnsafeMutableRawPointer(y + 160).storeBytes(of: a10, as: SIMD16<Int32>.self)
  UnsafeMutableRawPointer(y + 176).storeBytes(of: a11, as: SIMD16<Int32>.self)
}

/// The same tile in Float. Without fused multiply-add, `addProduct` would be a call.
@inline(never)
func tile(
  _ x: UnsafePointer<Float>, _ stride: Int, _ depth: Int, _ w: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>,
  isFused: Bool
) {
  var a0 = SIMD16<Float>()
  var a1 = SIMD16<Float>()
  var a2 = SIMD16<Float>()
  var a3 = SIMD16<Float>()
  var a4 = SIMD16<Float>()
  var a5 = SIMD16<Float>()
  var a6 = SIMD16<Float>()
  var a7 = SIMD16<Float>()
  var a8 = SIMD16<Float>()
  var a9 = SIMD16<Float>()
  var a10 = SIMD16<Float>()
  var a11 = SIMD16<Float>()
  @inline(__always)
  func add(_ a: inout SIMD16<Float>, _ x: Float, _ v: SIMD16<Float>) {
    if isFused { a.addProduct(SIMD16(repeating: x), v) } else { a += x * v }
  }
  for k in 0..<depth {
    let v = UnsafeRawPointer(w + k * 16).loadUnaligned(as: SIMD16<Float>.self)
    add(&a0, x[0 * stride + k], v)
    add(&a1, x[1 * stride + k], v)
    add(&a2, x[2 * stride + k], v)
    add(&a3, x[3 * stride + k], v)
    add(&a4, x[4 * stride + k], v)
    add(&a5, x[5 * stride + k], v)
    add(&a6, x[6 * stride + k], v)
    add(&a7, x[7 * stride + k], v)
    add(&a8, x[8 * stride + k], v)
    add(&a9, x[9 * stride + k], v)
    add(&a10, x[10 * stride + k], v)
    add(&a11, x[11 * stride + k], v)
  }
  UnsafeMutableRawPointer(y + 0).storeBytes(of: a0, as: SIMD16<Float>.self)
  UnsafeMutableRawPointer(y + 16).storeBytes(of: a1, as: SIMD16<Float>.self)
  UnsafeMutableRawPointer(y + 32).storeBytes(of: a2, as: SIMD16<Float>.self)
  UnsafeMutableRawPointer(y + 48).storeBytes(of: a3, as: SIMD16<Float>.self)
  UnsafeMutableRawPointer(y + 64).storeBytes(of: a4, as: SIMD16<Float>.self)
  UnsafeMutableRawPointer(y + 80).storeBytes(of: a5, as: SIMD16<Float>.self)
  UnsafeMutableRawPointer(y + 96).storeBytes(of: a6, as: SIMD16<Float>.self)
  UnsafeMutableRawPointer(y + 112).storeBytes(of: a7, as: SIMD16<Float>.self)
  UnsafeMutableRawPointer(y + 128).storeBytes(of: a8, as: SIMD16<Float>.self)
  UnsafeMutableRawPointer(y + 144).storeBytes(of: a9, as: SIMD16<Float>.self)
  UnsafeMutableRawPointer(y + 160).storeBytes(of: a10, as: SIMD16<Float>.self)
  UnsafeMutableRawPointer(y + 176).storeBytes(of: a11, as: SIMD16<Float>.self)
}

/// Two rows by four outputs, sums over a plain loop: `vpmaddwd`.
@inline(never)
func sums(
  _ x: UnsafePointer<UInt8>, _ stride: Int, _ depth: Int, _ w: UnsafePointer<Int8>, _ y: UnsafeMutablePointer<Int32>
) {
  var (a0, a1, a2, a3): (Int32, Int32, Int32, Int32) = (0, 0, 0, 0)
  var (b0, b1, b2, b3): (Int32, Int32, Int32, Int32) = (0, 0, 0, 0)
  for i in 0..<depth {
    let (p, q) = (Int32(x[i]), Int32(x[stride + i]))
    let (w0, w1) = (Int32(w[i]), Int32(w[stride + i]))
    let (w2, w3) = (Int32(w[2 * stride + i]), Int32(w[3 * stride + i]))
    a0 &+= p &* w0
    a1 &+= p &* w1
    a2 &+= p &* w2
    a3 &+= p &* w3
    b0 &+= q &* w0
    b1 &+= q &* w1
    b2 &+= q &* w2
    b3 &+= q &* w3
  }
  (y[0], y[1], y[2], y[3]) = (a0, a1, a2, a3)
  (y[4], y[5], y[6], y[7]) = (b0, b1, b2, b3)
}

@main struct Study {
  static func main() {
    let (stride, count) = (832, 832 * 16)
    let bytes = UnsafeMutablePointer<UInt8>.allocate(capacity: count)
    let weights = UnsafeMutablePointer<Int8>.allocate(capacity: count)
    let integers = UnsafeMutablePointer<Int32>.allocate(capacity: count)
    let numbers = UnsafeMutablePointer<Float>.allocate(capacity: count)
    let factors = UnsafeMutablePointer<Float>.allocate(capacity: count)
    for i in 0..<count {
      (bytes[i], weights[i]) = (UInt8(i % 200), Int8(i % 127))
      (integers[i], numbers[i], factors[i]) = (Int32(i % 200), Float(i % 200), Float(i % 127))
    }
    let y = UnsafeMutablePointer<Int32>.allocate(capacity: 192)
    let z = UnsafeMutablePointer<Float>.allocate(capacity: 192)
    func report(_ name: String, _ products: Int, _ body: () -> Void) {
      let rounds = 400_000_000 / products
      body()
      let time = ContinuousClock().measure { for _ in 0..<rounds { body() } }
      let rate = Double(products * rounds) / (time / .seconds(1)) / 1e9
      print("\(name): \((rate * 10).rounded() / 10) · 10⁹ multiply-adds a second")
    }
    let depth = 800
    report("sums over a plain loop", depth * 8) { sums(bytes, stride, depth, weights, y) }
    report("tile of SIMD16<Int32>", depth * 192) { tile(integers, stride, depth, weights, y) }
    let isFused = CommandLine.arguments.count < 2
    report("tile of SIMD16<Float>", depth * 192) {
      tile(numbers, stride, depth, factors, z, isFused: isFused)
    }
  }
}
