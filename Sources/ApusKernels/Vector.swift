// The one SIMD type that each build of the kernels works in: a full register of Float and one of Double.
//
// What was learnt from the disassembly, and what this file hides:
// - Arithmetic, selection, memory and shuffles are whole registers' from the beginning, in the compiler's own words
//   (VectorArithmetic.swift, VectorSelection.swift, VectorMemory.swift, Shuffles.swift). The standard library has such words for
//   comparisons and for integers' sums; the rest it writes as loops over lanes.
// - Generic kernels must reach these through the requirements of `KernelVector`, whose witnesses are concrete.
// - A fused multiply-add is one `vfmadd` where the target has FMA, and a call to `fmaf` per lane where it has not.

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
    loadRegister(source)
  }

  /// Reads `count <= width` scalars; the other lanes are 0.
  @inline(__always)
  static func load(_ source: UnsafePointer<Scalar>, count: Int) -> Self {
    load(source, count: count, filler: 0)
  }

  /// Writes the register to any address.
  @inline(__always)
  func store(_ target: UnsafeMutablePointer<Scalar>) {
    storeRegister(self, target)
  }
}

extension FloatVector: KernelVector {
  @inline(__always) static var width: Int { scalarCount }

  /// The operator of `protocol SIMD` subtracts from +0, lane by lane.
  @inline(__always) static prefix func - (a: Self) -> Self { Self(repeating: -0.0) - a }

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

  #if APUS_AVX512
    @inline(__always)
    func zipped(with other: Self) -> (low: Self, high: Self) {
      let low = Self.shuffled(self, other, .init(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23))
      return (low, Self.shuffled(self, other, .init(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)))
    }

    @inline(__always)
    func evens(_ next: Self) -> Self {
      Self.shuffled(self, next, .init(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30))
    }

    @inline(__always)
    func odds(_ next: Self) -> Self {
      Self.shuffled(self, next, .init(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31))
    }

    @inline(__always)
    var laneSum: Scalar {
      let sums8 = self + Self.shuffled(self, self, .init(8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15))
      let sums4 = sums8 + Self.shuffled(sums8, sums8, .init(4, 5, 6, 7, 4, 5, 6, 7, 4, 5, 6, 7, 4, 5, 6, 7))
      let sums2 = sums4 + Self.shuffled(sums4, sums4, .init(2, 3, 2, 3, 2, 3, 2, 3, 2, 3, 2, 3, 2, 3, 2, 3))
      return sums2[0] + sums2[1]
    }
  #elseif APUS_AVX2
    @inline(__always)
    func zipped(with other: Self) -> (low: Self, high: Self) {
      let low = Self.shuffled(self, other, .init(0, 8, 1, 9, 2, 10, 3, 11))
      return (low, Self.shuffled(self, other, .init(4, 12, 5, 13, 6, 14, 7, 15)))
    }

    @inline(__always)
    func evens(_ next: Self) -> Self {
      Self.shuffled(self, next, .init(0, 2, 4, 6, 8, 10, 12, 14))
    }

    @inline(__always)
    func odds(_ next: Self) -> Self {
      Self.shuffled(self, next, .init(1, 3, 5, 7, 9, 11, 13, 15))
    }

    @inline(__always)
    var laneSum: Scalar {
      let sums4 = self + Self.shuffled(self, self, .init(4, 5, 6, 7, 4, 5, 6, 7))
      let sums2 = sums4 + Self.shuffled(sums4, sums4, .init(2, 3, 2, 3, 2, 3, 2, 3))
      return sums2[0] + sums2[1]
    }
  #else
    @inline(__always)
    func zipped(with other: Self) -> (low: Self, high: Self) {
      let low = Self.shuffled(self, other, .init(0, 4, 1, 5))
      return (low, Self.shuffled(self, other, .init(2, 6, 3, 7)))
    }

    @inline(__always)
    func evens(_ next: Self) -> Self {
      Self.shuffled(self, next, .init(0, 2, 4, 6))
    }

    @inline(__always)
    func odds(_ next: Self) -> Self {
      Self.shuffled(self, next, .init(1, 3, 5, 7))
    }

    @inline(__always)
    var laneSum: Scalar {
      let sums2 = self + Self.shuffled(self, self, .init(2, 3, 2, 3))
      return sums2[0] + sums2[1]
    }
  #endif
}

extension DoubleVector: KernelVector {
  @inline(__always) static var width: Int { scalarCount }

  /// The operator of `protocol SIMD` subtracts from +0, lane by lane.
  @inline(__always) static prefix func - (a: Self) -> Self { Self(repeating: -0.0) - a }

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

  #if APUS_AVX512
    @inline(__always)
    func zipped(with other: Self) -> (low: Self, high: Self) {
      let low = Self.shuffled(self, other, .init(0, 8, 1, 9, 2, 10, 3, 11))
      return (low, Self.shuffled(self, other, .init(4, 12, 5, 13, 6, 14, 7, 15)))
    }

    @inline(__always)
    func evens(_ next: Self) -> Self {
      Self.shuffled(self, next, .init(0, 2, 4, 6, 8, 10, 12, 14))
    }

    @inline(__always)
    func odds(_ next: Self) -> Self {
      Self.shuffled(self, next, .init(1, 3, 5, 7, 9, 11, 13, 15))
    }

    @inline(__always)
    var laneSum: Scalar {
      let sums4 = self + Self.shuffled(self, self, .init(4, 5, 6, 7, 4, 5, 6, 7))
      let sums2 = sums4 + Self.shuffled(sums4, sums4, .init(2, 3, 2, 3, 2, 3, 2, 3))
      return sums2[0] + sums2[1]
    }
  #elseif APUS_AVX2
    @inline(__always)
    func zipped(with other: Self) -> (low: Self, high: Self) {
      let low = Self.shuffled(self, other, .init(0, 4, 1, 5))
      return (low, Self.shuffled(self, other, .init(2, 6, 3, 7)))
    }

    @inline(__always)
    func evens(_ next: Self) -> Self {
      Self.shuffled(self, next, .init(0, 2, 4, 6))
    }

    @inline(__always)
    func odds(_ next: Self) -> Self {
      Self.shuffled(self, next, .init(1, 3, 5, 7))
    }

    @inline(__always)
    var laneSum: Scalar {
      let sums2 = self + Self.shuffled(self, self, .init(2, 3, 2, 3))
      return sums2[0] + sums2[1]
    }
  #else
    @inline(__always)
    func zipped(with other: Self) -> (low: Self, high: Self) {
      let low = Self.shuffled(self, other, .init(0, 2))
      return (low, Self.shuffled(self, other, .init(1, 3)))
    }

    @inline(__always)
    func evens(_ next: Self) -> Self {
      Self.shuffled(self, next, .init(0, 2))
    }

    @inline(__always)
    func odds(_ next: Self) -> Self {
      Self.shuffled(self, next, .init(1, 3))
    }

    @inline(__always)
    var laneSum: Scalar {
      self[0] + self[1]
    }
  #endif
}
