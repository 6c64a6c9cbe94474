// What the elementary functions need of a register beyond arithmetic: its bits, and the constants of its format.

/// The bit patterns of one register, as unsigned integers of the scalar's size. Operations wrap.
protocol BitVector {
  associatedtype Word: FixedWidthInteger & UnsignedInteger

  init(repeating word: Word)

  static func &+ (a: Self, b: Self) -> Self
  static func &- (a: Self, b: Self) -> Self
  static func & (a: Self, b: Self) -> Self
  static func | (a: Self, b: Self) -> Self
  static func ^ (a: Self, b: Self) -> Self

  /// Every lane shifted towards the high bits.
  func shiftedUp(_ count: Int) -> Self

  /// Every lane shifted towards the low bits, zeros coming in.
  func shiftedDown(_ count: Int) -> Self
}

/// A register of numbers whose bits can be looked at, with the constants that the elementary functions are made of.
protocol MathVector: KernelVector {
  associatedtype Bits: BitVector

  var bits: Bits { get }
  init(bits: Bits)

  /// Stored bits of the significand: 23 or 52.
  static var significandBits: Int { get }
  /// The bits of 1.
  static var bitsOfOne: Bits { get }
  /// The sign bit alone.
  static var signBit: Bits { get }
  /// The bits that stay when a number is cut to the upper half of its significand.
  static var upperHalfMask: Bits { get }
  /// 1.5 · 2^significandBits: adding it rounds a small number to an integer, which then stands in the low bits.
  static var roundingMagic: Scalar { get }
  /// 2^significandBits: a number at least that large is an integer.
  static var integerThreshold: Scalar { get }
  /// The smallest normal number.
  static var smallestNormal: Scalar { get }

  /// A power of two that makes every denormal number normal, and its exponent.
  static var denormalScale: Scalar { get }
  static var denormalScaleExponent: Scalar { get }

  /// √self, correctly rounded, by one instruction; NaN below 0.
  func squareRoot() -> Self

  /// Numbers below `limit` have reciprocal roots whose remainders would underflow: they are scaled by `factor` first, and
  /// the root scaled back by `root` = √factor.
  static var rootScale: (limit: Scalar, factor: Scalar, root: Scalar) { get }

  /// The constants and polynomials of each function stand with their values in FloatCoefficients.swift and
  /// DoubleCoefficients.swift, their meaning with the function.
  static var ln2High: Scalar { get }
  static var ln2Low: Scalar { get }
  static var exponentialLimits: (low: Scalar, high: Scalar) { get }
  static var ordinaryExponent: Scalar { get }
  static var ordinarySigmoid: Scalar { get }
  static var hyperbolicLimit: Scalar { get }
  static var reciprocalRootMagic: Bits { get }
  static var reciprocalRootSteps: Int { get }
  static var exponentOffset: (bits: Bits, magic: Bits, value: Scalar) { get }
  static var halfPi: (Scalar, Scalar, Scalar, Scalar, Scalar) { get }
  static var trigonometricLimit: Scalar { get }
  static var tanhGate: (scale: Scalar, scaleLow: Scalar, factor: Scalar, factorLow: Scalar) { get }

  /// 0, 1, 2 … in the lanes.
  static var laneNumbers: Self { get }

  /// Which lanes hold equal integers.
  static func equal(_ a: Bits, _ b: Bits) -> Mask

  /// Reads or writes the lanes' integers, which must fit, as `Int32`.
  static func loadIndices(_ source: UnsafePointer<Int32>) -> Bits
  static func storeIndices(_ indices: Bits, _ target: UnsafeMutablePointer<Int32>)

  /// Reads or writes the lanes' integers, which must fit, as bytes.
  static func loadCodes(_ source: UnsafePointer<UInt8>) -> Bits
  static func storeCodes(_ codes: Bits, _ target: UnsafeMutablePointer<UInt8>)

  /// Whether any lane of a comparison is true.
  static func any(_ mask: Mask) -> Bool

  /// Whether all lanes of a comparison are true.
  static func all(_ mask: Mask) -> Bool

  /// Which lanes are positive normal numbers: not zero, denormal, negative, infinite or NaN.
  var isPositiveNormal: Mask { get }

  /// Functions that a format may compute in a way of its own; see `extension MathVector` for the way that serves both.
  func sine(quarterTurns: Int) -> Self
  func errorFunction() -> Self

  /// Whether the format has ways of its own that are shorter and hold for most numbers. Each of them, and where it holds:
  static var hasShortWays: Bool { get }
  func shortTimesNormalDistribution() -> (value: Self, holds: Mask)
  func shortTimesTanhGate() -> (value: Self, holds: Mask)

  static func exponentialTail(_ r: Self) -> Self
  static func areaTangentTail(_ z: Self) -> Self
  static func sineTail(_ z: Self) -> Self
  static func cosineTail(_ z: Self) -> Self
  static func errorFunctionTail(_ z: Self) -> Self
  /// P(q) = slope · q + constant + constantLow.
  static func normalTailFactor(_ q: Self) -> (slope: Self, constant: Scalar, constantLow: Scalar)
  static func logarithmOfOnePlus(_ f: Self) -> Self
}

extension MathVector {
  /// The lanes of even and of odd number of this register and the next one, taken together.
  @inline(__always)
  func unzipped(with next: Self) -> (even: Self, odd: Self) { (evens(next), odds(next)) }

  @inline(__always) static var hasShortWays: Bool { false }
  @inline(__always) func shortTimesNormalDistribution() -> (value: Self, holds: Mask) { (self, self .!= self) }
  @inline(__always) func shortTimesTanhGate() -> (value: Self, holds: Mask) { (self, self .!= self) }

  /// The short way where it holds, the other where it does not, lane by lane, so that a result never depends on its neighbours.
  @inline(__always)
  static func choose(_ short: (value: Self, holds: Mask), _ general: () -> Self) -> Self {
    guard hasShortWays else { return general() }
    if all(short.holds) { return short.value }
    return general().replacing(with: short.value, where: short.holds)
  }

  /// One step of Horner's rule: `self · x + coefficient`.
  @inline(__always)
  func horner(_ x: Self, _ coefficient: Scalar) -> Self {
    Self(repeating: coefficient).adding(self, times: x)
  }

  /// self − a · b.
  @inline(__always)
  func subtracting(_ a: Self, times b: Self) -> Self { adding(-a, times: b) }

  /// |self|, by clearing the sign.
  @inline(__always)
  var magnitude: Self { Self(bits: (bits | Self.signBit) ^ Self.signBit) }

  /// |self| with the sign of another; self must not be negative.
  @inline(__always)
  func withSign(of other: Self) -> Self { Self(bits: bits | (other.bits & Self.signBit)) }

  /// −self where the integer is odd.
  @inline(__always)
  func negated(whereOdd integers: Bits) -> Self {
    Self(bits: bits ^ integers.shiftedUp(MemoryLayout<Scalar>.size * 8 - 1))
  }

  /// The larger of the two, and self where it is NaN: `other > self ? other : self`.
  @inline(__always)
  func atLeast(_ other: Self) -> Self { replacing(with: other, where: self .< other) }

  /// The smaller of the two, and self where it is NaN.
  @inline(__always)
  func atMost(_ other: Self) -> Self { replacing(with: other, where: other .< self) }

  /// The larger of the two; NaN when either is.
  @inline(__always)
  func maximum(_ other: Self) -> Self { atLeast(other).replacing(with: other, where: other .!= other) }

  /// The smaller of the two; NaN when either is.
  @inline(__always)
  func minimum(_ other: Self) -> Self { atMost(other).replacing(with: other, where: other .!= other) }

  /// What rounding lost of the product `self · other`, which was rounded to `product`. Exact unless it overflows.
  @inline(__always)
  func productError(_ other: Self, _ product: Self) -> Self {
    #if APUS_AVX512 || APUS_AVX2 || arch(arm64)
      (-product).adding(self, times: other)
    #else
      // Dekker: halves of the significands have exact products.
      let a = Self(bits: bits & Self.upperHalfMask)
      let b = Self(bits: other.bits & Self.upperHalfMask)
      let aLow = self - a
      let bLow = other - b
      return ((a * b - product) + a * bLow + aLow * b) + aLow * bLow
    #endif
  }

  /// The bits of the significand.
  @inline(__always)
  static var significandMask: Bits { Bits(repeating: (1 << Bits.Word(truncatingIfNeeded: significandBits)) - 1) }

  @inline(__always)
  static var nan: Self { Self(repeating: Scalar.nan) }

  @inline(__always)
  static var infinity: Self { Self(repeating: Scalar.infinity) }
}

extension FloatVector: MathVector {
  @inline(__always)
  static var laneNumbers: Self {
    #if APUS_AVX512
      Self(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
    #elseif APUS_AVX2
      Self(0, 1, 2, 3, 4, 5, 6, 7)
    #else
      Self(0, 1, 2, 3)
    #endif
  }

  #if APUS_AVX512
    typealias Bits = SIMD16<UInt32>
  #elseif APUS_AVX2
    typealias Bits = SIMD8<UInt32>
  #else
    typealias Bits = SIMD4<UInt32>
  #endif

  @inline(__always) var bits: Bits { unsafeBitCast(self, to: Bits.self) }
  @inline(__always) init(bits: Bits) { self = unsafeBitCast(bits, to: Self.self) }

  @inline(__always)
  var isPositiveNormal: SIMDMask<MaskStorage> {
    (bits &- Bits(repeating: 0x0080_0000)) .< Bits(repeating: 0x7F00_0000)
  }

  @inline(__always) static func equal(_ a: Bits, _ b: Bits) -> SIMDMask<MaskStorage> { a .== b }

  @inline(__always) static func loadIndices(_ source: UnsafePointer<Int32>) -> Bits { loadRegister(source) }
  @inline(__always) static func storeIndices(_ indices: Bits, _ target: UnsafeMutablePointer<Int32>) {
    storeRegister(indices, target)
  }
  @inline(__always) static func loadCodes(_ source: UnsafePointer<UInt8>) -> Bits { widened(source) }
  @inline(__always) static func storeCodes(_ codes: Bits, _ target: UnsafeMutablePointer<UInt8>) {
    storeNarrowed(codes, target)
  }
}

extension DoubleVector: MathVector {
  @inline(__always)
  static var laneNumbers: Self {
    #if APUS_AVX512
      Self(0, 1, 2, 3, 4, 5, 6, 7)
    #elseif APUS_AVX2
      Self(0, 1, 2, 3)
    #else
      Self(0, 1)
    #endif
  }

  #if APUS_AVX512
    typealias Bits = SIMD8<UInt64>
  #elseif APUS_AVX2
    typealias Bits = SIMD4<UInt64>
  #else
    typealias Bits = SIMD2<UInt64>
  #endif

  @inline(__always) var bits: Bits { unsafeBitCast(self, to: Bits.self) }
  @inline(__always) init(bits: Bits) { self = unsafeBitCast(bits, to: Self.self) }

  @inline(__always)
  var isPositiveNormal: SIMDMask<MaskStorage> {
    (bits &- Bits(repeating: 0x0010_0000_0000_0000)) .< Bits(repeating: 0x7FE0_0000_0000_0000)
  }

  @inline(__always) static func equal(_ a: Bits, _ b: Bits) -> SIMDMask<MaskStorage> { a .== b }

  @inline(__always) static func loadIndices(_ source: UnsafePointer<Int32>) -> Bits { widened(source) }
  @inline(__always) static func storeIndices(_ indices: Bits, _ target: UnsafeMutablePointer<Int32>) {
    storeNarrowed(indices, target)
  }
  @inline(__always) static func loadCodes(_ source: UnsafePointer<UInt8>) -> Bits { widened(source) }
  @inline(__always) static func storeCodes(_ codes: Bits, _ target: UnsafeMutablePointer<UInt8>) {
    storeNarrowed(codes, target)
  }
}

extension FloatVector.Bits: BitVector {
  typealias Word = UInt32
  @inline(__always) func shiftedUp(_ count: Int) -> Self { self &<< Self(repeating: UInt32(truncatingIfNeeded: count)) }
  @inline(__always) func shiftedDown(_ count: Int) -> Self {
    self &>> Self(repeating: UInt32(truncatingIfNeeded: count))
  }
}

extension DoubleVector.Bits: BitVector {
  typealias Word = UInt64
  @inline(__always) func shiftedUp(_ count: Int) -> Self { self &<< Self(repeating: UInt64(truncatingIfNeeded: count)) }
  @inline(__always) func shiftedDown(_ count: Int) -> Self {
    self &>> Self(repeating: UInt64(truncatingIfNeeded: count))
  }
}
