// Lanes in another order: the shuffle of two registers, and registers cut into halves.
//
// Written lane by lane, LLVM has to find the shuffle again, and now and then makes single loads of a shuffle of what was loaded. So
// these are words of the compiler's module `Builtin`; where the feature `BuiltinModule` is off, lanes are moved one by one.
//
// `shuffled(a, b, lanes)` takes the lanes of a and b, counted through both, that `lanes` names. The numbers must be known when this is
// compiled: they are part of the instruction. So it must never stand as a function of its own, not even where a debug build keeps all
// functions for tests: that is what `@_alwaysEmitIntoClient` is for.

/// A scalar whose registers can be cut into halves and put together again.
protocol HalvingScalar {
  /// Registers of two, four and eight of these scalars.
  associatedtype Two: BitwiseCopyable
  associatedtype Four: BitwiseCopyable
  associatedtype Eight: BitwiseCopyable

  static func low(_ whole: Four) -> Two
  static func high(_ whole: Four) -> Two
  static func whole(_ low: Two, _ high: Two) -> Four
  static func low(_ whole: Eight) -> Four
  static func high(_ whole: Eight) -> Four
  static func whole(_ low: Four, _ high: Four) -> Eight
}

extension Float: HalvingScalar {
  typealias Two = SIMD2<Float>
  typealias Four = SIMD4<Float>
  typealias Eight = SIMD8<Float>
}

extension Double: HalvingScalar {
  typealias Two = SIMD2<Double>
  typealias Four = SIMD4<Double>
  typealias Eight = SIMD8<Double>
}

#if hasFeature(BuiltinModule)
  import Builtin

  #if APUS_AVX512
    extension SIMD16<Float> {
      @_alwaysEmitIntoClient @inline(__always)
      static func shuffled(_ a: Self, _ b: Self, _ lanes: SIMD16<Int32>) -> Self {
        Builtin.reinterpretCast(
          Builtin.shufflevector_Vec16xFPIEEE32_Vec16xInt32(a._storage._value, b._storage._value, lanes._storage._value))
      }
    }

    extension SIMD8<Double> {
      @_alwaysEmitIntoClient @inline(__always)
      static func shuffled(_ a: Self, _ b: Self, _ lanes: SIMD8<Int32>) -> Self {
        Builtin.reinterpretCast(
          Builtin.shufflevector_Vec8xFPIEEE64_Vec8xInt32(a._storage._value, b._storage._value, lanes._storage._value))
      }
    }
  #elseif APUS_AVX2
    extension SIMD8<Float> {
      @_alwaysEmitIntoClient @inline(__always)
      static func shuffled(_ a: Self, _ b: Self, _ lanes: SIMD8<Int32>) -> Self {
        Builtin.reinterpretCast(
          Builtin.shufflevector_Vec8xFPIEEE32_Vec8xInt32(a._storage._value, b._storage._value, lanes._storage._value))
      }
    }

    extension SIMD4<Double> {
      @_alwaysEmitIntoClient @inline(__always)
      static func shuffled(_ a: Self, _ b: Self, _ lanes: SIMD4<Int32>) -> Self {
        Builtin.reinterpretCast(
          Builtin.shufflevector_Vec4xFPIEEE64_Vec4xInt32(a._storage._value, b._storage._value, lanes._storage._value))
      }
    }
  #else
    extension SIMD4<Float> {
      @_alwaysEmitIntoClient @inline(__always)
      static func shuffled(_ a: Self, _ b: Self, _ lanes: SIMD4<Int32>) -> Self {
        Builtin.reinterpretCast(
          Builtin.shufflevector_Vec4xFPIEEE32_Vec4xInt32(a._storage._value, b._storage._value, lanes._storage._value))
      }
    }

    extension SIMD2<Double> {
      @_alwaysEmitIntoClient @inline(__always)
      static func shuffled(_ a: Self, _ b: Self, _ lanes: SIMD2<Int32>) -> Self {
        Builtin.reinterpretCast(
          Builtin.shufflevector_Vec2xFPIEEE64_Vec2xInt32(a._storage._value, b._storage._value, lanes._storage._value))
      }
    }
  #endif

  extension Float {
    @inline(__always)
    static func low(_ whole: SIMD16<Self>) -> SIMD8<Self> {
      let lanes = SIMD8<Int32>(0, 1, 2, 3, 4, 5, 6, 7)._storage._value
      return Builtin.reinterpretCast(
        Builtin.shufflevector_Vec16xFPIEEE32_Vec8xInt32(whole._storage._value, whole._storage._value, lanes))
    }

    @inline(__always)
    static func high(_ whole: SIMD16<Self>) -> SIMD8<Self> {
      let lanes = SIMD8<Int32>(8, 9, 10, 11, 12, 13, 14, 15)._storage._value
      return Builtin.reinterpretCast(
        Builtin.shufflevector_Vec16xFPIEEE32_Vec8xInt32(whole._storage._value, whole._storage._value, lanes))
    }

    @inline(__always)
    static func whole(_ low: SIMD8<Self>, _ high: SIMD8<Self>) -> SIMD16<Self> {
      let lanes = SIMD16<Int32>(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)._storage._value
      return Builtin.reinterpretCast(
        Builtin.shufflevector_Vec8xFPIEEE32_Vec16xInt32(low._storage._value, high._storage._value, lanes))
    }

    @inline(__always)
    static func low(_ whole: SIMD8<Self>) -> SIMD4<Self> {
      let lanes = SIMD4<Int32>(0, 1, 2, 3)._storage._value
      return Builtin.reinterpretCast(
        Builtin.shufflevector_Vec8xFPIEEE32_Vec4xInt32(whole._storage._value, whole._storage._value, lanes))
    }

    @inline(__always)
    static func high(_ whole: SIMD8<Self>) -> SIMD4<Self> {
      let lanes = SIMD4<Int32>(4, 5, 6, 7)._storage._value
      return Builtin.reinterpretCast(
        Builtin.shufflevector_Vec8xFPIEEE32_Vec4xInt32(whole._storage._value, whole._storage._value, lanes))
    }

    @inline(__always)
    static func whole(_ low: SIMD4<Self>, _ high: SIMD4<Self>) -> SIMD8<Self> {
      let lanes = SIMD8<Int32>(0, 1, 2, 3, 4, 5, 6, 7)._storage._value
      return Builtin.reinterpretCast(
        Builtin.shufflevector_Vec4xFPIEEE32_Vec8xInt32(low._storage._value, high._storage._value, lanes))
    }

    @inline(__always)
    static func low(_ whole: SIMD4<Self>) -> SIMD2<Self> {
      let lanes = SIMD2<Int32>(0, 1)._storage._value
      return Builtin.reinterpretCast(
        Builtin.shufflevector_Vec4xFPIEEE32_Vec2xInt32(whole._storage._value, whole._storage._value, lanes))
    }

    @inline(__always)
    static func high(_ whole: SIMD4<Self>) -> SIMD2<Self> {
      let lanes = SIMD2<Int32>(2, 3)._storage._value
      return Builtin.reinterpretCast(
        Builtin.shufflevector_Vec4xFPIEEE32_Vec2xInt32(whole._storage._value, whole._storage._value, lanes))
    }

    @inline(__always)
    static func whole(_ low: SIMD2<Self>, _ high: SIMD2<Self>) -> SIMD4<Self> {
      let lanes = SIMD4<Int32>(0, 1, 2, 3)._storage._value
      return Builtin.reinterpretCast(
        Builtin.shufflevector_Vec2xFPIEEE32_Vec4xInt32(low._storage._value, high._storage._value, lanes))
    }
  }

  extension Double {
    @inline(__always)
    static func low(_ whole: SIMD8<Self>) -> SIMD4<Self> {
      let lanes = SIMD4<Int32>(0, 1, 2, 3)._storage._value
      return Builtin.reinterpretCast(
        Builtin.shufflevector_Vec8xFPIEEE64_Vec4xInt32(whole._storage._value, whole._storage._value, lanes))
    }

    @inline(__always)
    static func high(_ whole: SIMD8<Self>) -> SIMD4<Self> {
      let lanes = SIMD4<Int32>(4, 5, 6, 7)._storage._value
      return Builtin.reinterpretCast(
        Builtin.shufflevector_Vec8xFPIEEE64_Vec4xInt32(whole._storage._value, whole._storage._value, lanes))
    }

    @inline(__always)
    static func whole(_ low: SIMD4<Self>, _ high: SIMD4<Self>) -> SIMD8<Self> {
      let lanes = SIMD8<Int32>(0, 1, 2, 3, 4, 5, 6, 7)._storage._value
      return Builtin.reinterpretCast(
        Builtin.shufflevector_Vec4xFPIEEE64_Vec8xInt32(low._storage._value, high._storage._value, lanes))
    }

    @inline(__always)
    static func low(_ whole: SIMD4<Self>) -> SIMD2<Self> {
      let lanes = SIMD2<Int32>(0, 1)._storage._value
      return Builtin.reinterpretCast(
        Builtin.shufflevector_Vec4xFPIEEE64_Vec2xInt32(whole._storage._value, whole._storage._value, lanes))
    }

    @inline(__always)
    static func high(_ whole: SIMD4<Self>) -> SIMD2<Self> {
      let lanes = SIMD2<Int32>(2, 3)._storage._value
      return Builtin.reinterpretCast(
        Builtin.shufflevector_Vec4xFPIEEE64_Vec2xInt32(whole._storage._value, whole._storage._value, lanes))
    }

    @inline(__always)
    static func whole(_ low: SIMD2<Self>, _ high: SIMD2<Self>) -> SIMD4<Self> {
      let lanes = SIMD4<Int32>(0, 1, 2, 3)._storage._value
      return Builtin.reinterpretCast(
        Builtin.shufflevector_Vec2xFPIEEE64_Vec4xInt32(low._storage._value, high._storage._value, lanes))
    }
  }
#else
  extension SIMD {
    @inline(__always)
    fileprivate static func lane(_ a: Self, _ b: Self, _ number: Int32) -> Scalar {
      let number = Int(truncatingIfNeeded: number)
      return number < a.scalarCount ? a[number] : b[number - a.scalarCount]
    }
  }

  extension SIMD2 {
    @inline(__always)
    static func shuffled(_ a: Self, _ b: Self, _ lanes: SIMD2<Int32>) -> Self {
      var result = a
      for index in 0..<2 { result[index] = lane(a, b, lanes[index]) }
      return result
    }
  }

  extension SIMD4 {
    @inline(__always)
    static func shuffled(_ a: Self, _ b: Self, _ lanes: SIMD4<Int32>) -> Self {
      var result = a
      for index in 0..<4 { result[index] = lane(a, b, lanes[index]) }
      return result
    }
  }

  extension SIMD8 {
    @inline(__always)
    static func shuffled(_ a: Self, _ b: Self, _ lanes: SIMD8<Int32>) -> Self {
      var result = a
      for index in 0..<8 { result[index] = lane(a, b, lanes[index]) }
      return result
    }
  }

  extension SIMD16 {
    @inline(__always)
    static func shuffled(_ a: Self, _ b: Self, _ lanes: SIMD16<Int32>) -> Self {
      var result = a
      for index in 0..<16 { result[index] = lane(a, b, lanes[index]) }
      return result
    }
  }

  extension Float {
    @inline(__always) static func low(_ whole: SIMD16<Float>) -> SIMD8<Float> { whole.lowHalf }
    @inline(__always) static func high(_ whole: SIMD16<Float>) -> SIMD8<Float> { whole.highHalf }
    @inline(__always) static func whole(_ low: SIMD8<Float>, _ high: SIMD8<Float>) -> SIMD16<Float> {
      SIMD16(lowHalf: low, highHalf: high)
    }
    @inline(__always) static func low(_ whole: SIMD8<Float>) -> SIMD4<Float> { whole.lowHalf }
    @inline(__always) static func high(_ whole: SIMD8<Float>) -> SIMD4<Float> { whole.highHalf }
    @inline(__always) static func whole(_ low: SIMD4<Float>, _ high: SIMD4<Float>) -> SIMD8<Float> {
      SIMD8(lowHalf: low, highHalf: high)
    }
    @inline(__always) static func low(_ whole: SIMD4<Float>) -> SIMD2<Float> { whole.lowHalf }
    @inline(__always) static func high(_ whole: SIMD4<Float>) -> SIMD2<Float> { whole.highHalf }
    @inline(__always) static func whole(_ low: SIMD2<Float>, _ high: SIMD2<Float>) -> SIMD4<Float> {
      SIMD4(lowHalf: low, highHalf: high)
    }
  }

  extension Double {
    @inline(__always) static func low(_ whole: SIMD8<Double>) -> SIMD4<Double> { whole.lowHalf }
    @inline(__always) static func high(_ whole: SIMD8<Double>) -> SIMD4<Double> { whole.highHalf }
    @inline(__always) static func whole(_ low: SIMD4<Double>, _ high: SIMD4<Double>) -> SIMD8<Double> {
      SIMD8(lowHalf: low, highHalf: high)
    }
    @inline(__always) static func low(_ whole: SIMD4<Double>) -> SIMD2<Double> { whole.lowHalf }
    @inline(__always) static func high(_ whole: SIMD4<Double>) -> SIMD2<Double> { whole.highHalf }
    @inline(__always) static func whole(_ low: SIMD2<Double>, _ high: SIMD2<Double>) -> SIMD4<Double> {
      SIMD4(lowHalf: low, highHalf: high)
    }
  }
#endif
