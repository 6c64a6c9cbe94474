// Reading and writing whole registers at any address, and integers that are narrower in memory than in a register.

#if hasFeature(BuiltinModule)
  import Builtin
#endif

// `loadUnaligned` and `storeBytes` become calls, which hand registers over in quarters, in functions that have grown large. The words
// that they are made of never do.

/// The register at `source`, which may be any address.
@inline(__always)
func loadRegister<Register: BitwiseCopyable, Scalar>(_ source: UnsafePointer<Scalar>) -> Register {
  #if hasFeature(BuiltinModule)
    Builtin.loadRaw(source._rawValue)
  #else
    UnsafeRawPointer(source).loadUnaligned(as: Register.self)
  #endif
}

/// Writes a register to `target`, which may be any address.
@inline(__always)
func storeRegister<Register: BitwiseCopyable, Scalar>(_ register: Register, _ target: UnsafeMutablePointer<Scalar>) {
  #if hasFeature(BuiltinModule)
    Builtin.storeRaw(register, target._rawValue)
  #else
    UnsafeMutableRawPointer(target).storeBytes(of: register, as: Register.self)
  #endif
}

#if hasFeature(BuiltinModule)
  #if APUS_AVX512
    extension SIMD16<Float> {
      @inline(__always)
      static func widened(_ source: UnsafePointer<UInt8>) -> SIMD16<UInt32> {
        Builtin.reinterpretCast(Builtin.zext_Vec16xInt8_Vec16xInt32(Builtin.loadRaw(source._rawValue)))
      }

      @inline(__always)
      static func storeNarrowed(_ integers: SIMD16<UInt32>, _ target: UnsafeMutablePointer<UInt8>) {
        Builtin.storeRaw(Builtin.trunc_Vec16xInt32_Vec16xInt8(integers._storage._value), target._rawValue)
      }
    }

    extension SIMD8<Double> {
      @inline(__always)
      static func widened(_ source: UnsafePointer<UInt8>) -> SIMD8<UInt64> {
        Builtin.reinterpretCast(Builtin.zext_Vec8xInt8_Vec8xInt64(Builtin.loadRaw(source._rawValue)))
      }

      @inline(__always)
      static func storeNarrowed(_ integers: SIMD8<UInt64>, _ target: UnsafeMutablePointer<UInt8>) {
        Builtin.storeRaw(Builtin.trunc_Vec8xInt64_Vec8xInt8(integers._storage._value), target._rawValue)
      }

      @inline(__always)
      static func widened(_ source: UnsafePointer<Int32>) -> SIMD8<UInt64> {
        Builtin.reinterpretCast(Builtin.zext_Vec8xInt32_Vec8xInt64(Builtin.loadRaw(source._rawValue)))
      }

      @inline(__always)
      static func storeNarrowed(_ integers: SIMD8<UInt64>, _ target: UnsafeMutablePointer<Int32>) {
        Builtin.storeRaw(Builtin.trunc_Vec8xInt64_Vec8xInt32(integers._storage._value), target._rawValue)
      }
    }
  #elseif APUS_AVX2
    extension SIMD8<Float> {
      @inline(__always)
      static func widened(_ source: UnsafePointer<UInt8>) -> SIMD8<UInt32> {
        Builtin.reinterpretCast(Builtin.zext_Vec8xInt8_Vec8xInt32(Builtin.loadRaw(source._rawValue)))
      }

      @inline(__always)
      static func storeNarrowed(_ integers: SIMD8<UInt32>, _ target: UnsafeMutablePointer<UInt8>) {
        Builtin.storeRaw(Builtin.trunc_Vec8xInt32_Vec8xInt8(integers._storage._value), target._rawValue)
      }
    }

    extension SIMD4<Double> {
      @inline(__always)
      static func widened(_ source: UnsafePointer<UInt8>) -> SIMD4<UInt64> {
        Builtin.reinterpretCast(Builtin.zext_Vec4xInt8_Vec4xInt64(Builtin.loadRaw(source._rawValue)))
      }

      @inline(__always)
      static func storeNarrowed(_ integers: SIMD4<UInt64>, _ target: UnsafeMutablePointer<UInt8>) {
        Builtin.storeRaw(Builtin.trunc_Vec4xInt64_Vec4xInt8(integers._storage._value), target._rawValue)
      }

      @inline(__always)
      static func widened(_ source: UnsafePointer<Int32>) -> SIMD4<UInt64> {
        Builtin.reinterpretCast(Builtin.zext_Vec4xInt32_Vec4xInt64(Builtin.loadRaw(source._rawValue)))
      }

      @inline(__always)
      static func storeNarrowed(_ integers: SIMD4<UInt64>, _ target: UnsafeMutablePointer<Int32>) {
        Builtin.storeRaw(Builtin.trunc_Vec4xInt64_Vec4xInt32(integers._storage._value), target._rawValue)
      }
    }
  #else
    extension SIMD4<Float> {
      @inline(__always)
      static func widened(_ source: UnsafePointer<UInt8>) -> SIMD4<UInt32> {
        Builtin.reinterpretCast(Builtin.zext_Vec4xInt8_Vec4xInt32(Builtin.loadRaw(source._rawValue)))
      }

      @inline(__always)
      static func storeNarrowed(_ integers: SIMD4<UInt32>, _ target: UnsafeMutablePointer<UInt8>) {
        Builtin.storeRaw(Builtin.trunc_Vec4xInt32_Vec4xInt8(integers._storage._value), target._rawValue)
      }
    }

    extension SIMD2<Double> {
      @inline(__always)
      static func widened(_ source: UnsafePointer<UInt8>) -> SIMD2<UInt64> {
        Builtin.reinterpretCast(Builtin.zext_Vec2xInt8_Vec2xInt64(Builtin.loadRaw(source._rawValue)))
      }

      @inline(__always)
      static func storeNarrowed(_ integers: SIMD2<UInt64>, _ target: UnsafeMutablePointer<UInt8>) {
        Builtin.storeRaw(Builtin.trunc_Vec2xInt64_Vec2xInt8(integers._storage._value), target._rawValue)
      }

      @inline(__always)
      static func widened(_ source: UnsafePointer<Int32>) -> SIMD2<UInt64> {
        Builtin.reinterpretCast(Builtin.zext_Vec2xInt32_Vec2xInt64(Builtin.loadRaw(source._rawValue)))
      }

      @inline(__always)
      static func storeNarrowed(_ integers: SIMD2<UInt64>, _ target: UnsafeMutablePointer<Int32>) {
        Builtin.storeRaw(Builtin.trunc_Vec2xInt64_Vec2xInt32(integers._storage._value), target._rawValue)
      }
    }
  #endif
#else
  extension MathVector where Bits: SIMD, Bits.Scalar == Bits.Word {
    @inline(__always)
    static func widened<Narrow: FixedWidthInteger>(_ source: UnsafePointer<Narrow>) -> Bits {
      var integers = Bits(repeating: 0)
      for lane in 0..<width {
        integers[lane] = Bits.Word(Narrow.Magnitude(truncatingIfNeeded: source[lane]))
      }
      return integers
    }

    @inline(__always)
    static func storeNarrowed<Narrow: FixedWidthInteger>(_ integers: Bits, _ target: UnsafeMutablePointer<Narrow>) {
      for lane in 0..<width { target[lane] = Narrow(truncatingIfNeeded: integers[lane]) }
    }
  }
#endif
