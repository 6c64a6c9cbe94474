// The one SIMD type that each build of the kernels works in: a full register of Float and one of Double.
//
// What was learnt from the disassembly, and what this file hides:
// - Concrete operators (`+ - * /`, comparisons, `replacing(with:where:)`, shuffles through `lowHalf`, `evenHalf` …)
//   become single instructions. The generic ones of `protocol SIMD` become a loop over lanes. Generic kernels must
//   therefore reach the operators through the requirements of `KernelVector`, whose witnesses are concrete.
// - `addingProduct` becomes one `vfmadd` where the target has FMA, and a call to `fmaf` per lane where it has not.
// - `squareRoot()` and `rounded()` become calls per lane without SSE4.1 and worse; kernels use arithmetic instead.

#if APUS_AVX512
  typealias FloatVector = SIMD16<Float>
  typealias DoubleVector = SIMD8<Double>
#elseif APUS_AVX2
  typealias FloatVector = SIMD8<Float>
  typealias DoubleVector = SIMD4<Double>
#else
  typealias FloatVector = SIMD4<Float>
  typealias DoubleVector = SIMD2<Double>
#endif

/// One SIMD register of scalars, with the operations that kernels need, each known to be a single instruction.
protocol KernelVector {
  associatedtype Scalar: BinaryFloatingPoint
  associatedtype Mask

  /// Lanes in the register.
  static var width: Int { get }

  init(repeating value: Scalar)

  static func + (a: Self, b: Self) -> Self
  static func - (a: Self, b: Self) -> Self
  static func * (a: Self, b: Self) -> Self
  static func / (a: Self, b: Self) -> Self
  static prefix func - (a: Self) -> Self

  static func .< (a: Self, b: Self) -> Mask
  static func .<= (a: Self, b: Self) -> Mask
  static func .== (a: Self, b: Self) -> Mask
  static func .!= (a: Self, b: Self) -> Mask

  /// This vector with the lanes of `other` where `mask` is true.
  func replacing(with other: Self, where mask: Mask) -> Self

  /// `self + a * b`: fused where the target has FMA, rounded twice where it has not.
  func adding(_ a: Self, times b: Self) -> Self

  subscript(lane: Int) -> Scalar { get set }
}

extension KernelVector {
  /// Reads a register from any address.
  @inline(__always)
  static func load(_ source: UnsafePointer<Scalar>) -> Self {
    UnsafeRawPointer(source).loadUnaligned(as: Self.self)
  }

  /// Reads `count < width` scalars; the other lanes are `filler`.
  @inline(__always)
  static func load(_ source: UnsafePointer<Scalar>, count: Int, filler: Scalar = 0) -> Self {
    var vector = Self(repeating: filler)
    withUnsafeMutableBytes(of: &vector) { bytes in
      bytes.baseAddress!.copyMemory(from: source, byteCount: count * MemoryLayout<Scalar>.stride)
    }
    return vector
  }

  /// Writes the register to any address.
  @inline(__always)
  func store(_ target: UnsafeMutablePointer<Scalar>) {
    UnsafeMutableRawPointer(target).storeBytes(of: self, as: Self.self)
  }

  /// Writes the first `count < width` lanes.
  @inline(__always)
  func store(_ target: UnsafeMutablePointer<Scalar>, count: Int) {
    withUnsafeBytes(of: self) { bytes in
      UnsafeMutableRawPointer(target).copyMemory(
        from: bytes.baseAddress!, byteCount: count * MemoryLayout<Scalar>.stride)
    }
  }
}

// `adding(_:times:)` is written out per type: through a generic it would lose the single instruction.

extension FloatVector: KernelVector {
  @inline(__always) static var width: Int { scalarCount }

  @inline(__always)
  func adding(_ a: Self, times b: Self) -> Self {
    #if APUS_AVX512 || APUS_AVX2 || arch(arm64)
      addingProduct(a, b)
    #else
      self + a * b
    #endif
  }
}

extension DoubleVector: KernelVector {
  @inline(__always) static var width: Int { scalarCount }

  @inline(__always)
  func adding(_ a: Self, times b: Self) -> Self {
    #if APUS_AVX512 || APUS_AVX2 || arch(arm64)
      addingProduct(a, b)
    #else
      self + a * b
    #endif
  }
}
