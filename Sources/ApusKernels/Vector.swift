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
///
/// `BitwiseCopyable` decides which of two `loadUnaligned` is called: that of a plain builtin, which is always inlined, and
/// not the general one, which becomes a call that hands registers over in quarters wherever a function has grown large.
protocol KernelVector: BitwiseCopyable {
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

  /// Reads `count <= width` scalars; the other lanes are `filler`. Nothing behind them is touched.
  static func load(_ source: UnsafePointer<Scalar>, count: Int, filler: Scalar) -> Self

  /// Writes the first `count <= width` lanes. Nothing behind them is touched.
  func store(_ target: UnsafeMutablePointer<Scalar>, count: Int)

  /// The lanes of the two lower halves in turn, and those of the two upper halves: a0 b0 a1 b1 … | … a₇ b₇.
  func zipped(with other: Self) -> (low: Self, high: Self)

  /// The lanes 0, 2, 4 … of the two, one after the other: every second scalar of twice a register's width.
  func evens(_ next: Self) -> Self

  /// The lanes 1, 3, 5 … of the two, one after the other.
  func odds(_ next: Self) -> Self

  /// The sum of the lanes, halves first: an order that does not depend on anything but the width.
  var laneSum: Scalar { get }

  subscript(lane: Int) -> Scalar { get set }
}

extension KernelVector {
  /// Reads a register from any address.
  @inline(__always)
  static func load(_ source: UnsafePointer<Scalar>) -> Self {
    UnsafeRawPointer(source).loadUnaligned(as: Self.self)
  }

  /// Reads `count <= width` scalars; the other lanes are 0.
  @inline(__always)
  static func load(_ source: UnsafePointer<Scalar>, count: Int) -> Self {
    load(source, count: count, filler: 0)
  }

  /// Writes the register to any address.
  @inline(__always)
  func store(_ target: UnsafeMutablePointer<Scalar>) {
    UnsafeMutableRawPointer(target).storeBytes(of: self, as: Self.self)
  }
}

// `adding(_:times:)` is written out per type: through a generic it would lose the single instruction.

extension FloatVector: KernelVector {
  @inline(__always) static var width: Int { scalarCount }

  /// The operator of `protocol SIMD` subtracts from +0, lane by lane.
  @inline(__always) static prefix func - (a: Self) -> Self { Self(repeating: -0.0) - a }

  @inline(__always)
  func adding(_ a: Self, times b: Self) -> Self {
    #if APUS_AVX512 || APUS_AVX2 || arch(arm64)
      addingProduct(a, b)
    #else
      self + a * b
    #endif
  }

  @inline(__always)
  static func load(_ source: UnsafePointer<Float>, count: Int, filler: Float) -> Self {
    var vector = Self(repeating: filler)
    vector.loadLow(source, count)
    return vector
  }

  @inline(__always)
  func store(_ target: UnsafeMutablePointer<Float>, count: Int) {
    storeLow(target, count)
  }

  @inline(__always)
  func zipped(with other: Self) -> (low: Self, high: Self) {
    var low = self
    low.evenHalf = lowHalf
    low.oddHalf = other.lowHalf
    var high = self
    high.evenHalf = highHalf
    high.oddHalf = other.highHalf
    return (low, high)
  }

  @inline(__always)
  func evens(_ next: Self) -> Self {
    var evens = self
    evens.lowHalf = evenHalf
    evens.highHalf = next.evenHalf
    return evens
  }

  @inline(__always)
  func odds(_ next: Self) -> Self {
    var odds = self
    odds.lowHalf = oddHalf
    odds.highHalf = next.oddHalf
    return odds
  }

  @inline(__always)
  var laneSum: Float {
    #if APUS_AVX512
      let halves8 = lowHalf + highHalf
      let halves4 = halves8.lowHalf + halves8.highHalf
      let halves2 = halves4.lowHalf + halves4.highHalf
      return halves2[0] + halves2[1]
    #elseif APUS_AVX2
      let halves4 = lowHalf + highHalf
      let halves2 = halves4.lowHalf + halves4.highHalf
      return halves2[0] + halves2[1]
    #else
      let halves2 = lowHalf + highHalf
      return halves2[0] + halves2[1]
    #endif
  }
}

extension DoubleVector: KernelVector {
  @inline(__always) static var width: Int { scalarCount }

  /// The operator of `protocol SIMD` subtracts from +0, lane by lane.
  @inline(__always) static prefix func - (a: Self) -> Self { Self(repeating: -0.0) - a }

  @inline(__always)
  func adding(_ a: Self, times b: Self) -> Self {
    #if APUS_AVX512 || APUS_AVX2 || arch(arm64)
      addingProduct(a, b)
    #else
      self + a * b
    #endif
  }

  @inline(__always)
  static func load(_ source: UnsafePointer<Double>, count: Int, filler: Double) -> Self {
    var vector = Self(repeating: filler)
    vector.loadLow(source, count)
    return vector
  }

  @inline(__always)
  func store(_ target: UnsafeMutablePointer<Double>, count: Int) {
    storeLow(target, count)
  }

  @inline(__always)
  func zipped(with other: Self) -> (low: Self, high: Self) {
    #if APUS_AVX512 || APUS_AVX2
      var low = self
      low.evenHalf = lowHalf
      low.oddHalf = other.lowHalf
      var high = self
      high.evenHalf = highHalf
      high.oddHalf = other.highHalf
      return (low, high)
    #else
      return (Self(self[0], other[0]), Self(self[1], other[1]))
    #endif
  }

  @inline(__always)
  func evens(_ next: Self) -> Self {
    #if APUS_AVX512 || APUS_AVX2
      var evens = self
      evens.lowHalf = evenHalf
      evens.highHalf = next.evenHalf
      return evens
    #else
      return Self(self[0], next[0])
    #endif
  }

  @inline(__always)
  func odds(_ next: Self) -> Self {
    #if APUS_AVX512 || APUS_AVX2
      var odds = self
      odds.lowHalf = oddHalf
      odds.highHalf = next.oddHalf
      return odds
    #else
      return Self(self[1], next[1])
    #endif
  }

  @inline(__always)
  var laneSum: Double {
    #if APUS_AVX512
      let halves4 = lowHalf + highHalf
      let halves2 = halves4.lowHalf + halves4.highHalf
      return halves2[0] + halves2[1]
    #elseif APUS_AVX2
      let halves2 = lowHalf + highHalf
      return halves2[0] + halves2[1]
    #else
      return self[0] + self[1]
    #endif
  }
}
