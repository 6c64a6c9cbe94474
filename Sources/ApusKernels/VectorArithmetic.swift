// Arithmetic on whole registers, in the words of the compiler's own module `Builtin`, in which the standard library is written.
//
// The standard library adds and multiplies lane by lane, and leaves it to LLVM to find out that sixteen additions are one
// instruction. It does, nearly always. But a tile of 28 registers is thousands of operations until then, each of which every pass of the
// compiler looks at: the kernels took several times as long to compile, and beside a shuffle LLVM put other lanes together than
// were meant. Where the feature `BuiltinModule` is off, the standard library's operators serve, and the results are the same.

#if hasFeature(BuiltinModule)
  import Builtin

  #if APUS_AVX512
    extension SIMD16<Float> {
      @inline(__always)
      static func + (a: Self, b: Self) -> Self {
        Builtin.reinterpretCast(Builtin.fadd_Vec16xFPIEEE32(a._storage._value, b._storage._value))
      }

      @inline(__always)
      static func - (a: Self, b: Self) -> Self {
        Builtin.reinterpretCast(Builtin.fsub_Vec16xFPIEEE32(a._storage._value, b._storage._value))
      }

      @inline(__always)
      static func * (a: Self, b: Self) -> Self {
        Builtin.reinterpretCast(Builtin.fmul_Vec16xFPIEEE32(a._storage._value, b._storage._value))
      }

      @inline(__always)
      static func / (a: Self, b: Self) -> Self {
        Builtin.reinterpretCast(Builtin.fdiv_Vec16xFPIEEE32(a._storage._value, b._storage._value))
      }

      @inline(__always)
      func adding(_ a: Self, times b: Self) -> Self {
        Builtin.reinterpretCast(Builtin.int_fma_Vec16xFPIEEE32(a._storage._value, b._storage._value, _storage._value))
      }

      @inline(__always)
      func squareRoot() -> Self { Builtin.reinterpretCast(Builtin.int_sqrt_Vec16xFPIEEE32(_storage._value)) }
    }

    extension SIMD16<UInt32> {
      @inline(__always)
      static func &<< (a: Self, counts: Self) -> Self {
        Builtin.reinterpretCast(Builtin.shl_Vec16xInt32(a._storage._value, counts._storage._value))
      }

      @inline(__always)
      static func &>> (a: Self, counts: Self) -> Self {
        Builtin.reinterpretCast(Builtin.lshr_Vec16xInt32(a._storage._value, counts._storage._value))
      }
    }

    extension SIMD8<Double> {
      @inline(__always)
      static func + (a: Self, b: Self) -> Self {
        Builtin.reinterpretCast(Builtin.fadd_Vec8xFPIEEE64(a._storage._value, b._storage._value))
      }

      @inline(__always)
      static func - (a: Self, b: Self) -> Self {
        Builtin.reinterpretCast(Builtin.fsub_Vec8xFPIEEE64(a._storage._value, b._storage._value))
      }

      @inline(__always)
      static func * (a: Self, b: Self) -> Self {
        Builtin.reinterpretCast(Builtin.fmul_Vec8xFPIEEE64(a._storage._value, b._storage._value))
      }

      @inline(__always)
      static func / (a: Self, b: Self) -> Self {
        Builtin.reinterpretCast(Builtin.fdiv_Vec8xFPIEEE64(a._storage._value, b._storage._value))
      }

      @inline(__always)
      func adding(_ a: Self, times b: Self) -> Self {
        Builtin.reinterpretCast(Builtin.int_fma_Vec8xFPIEEE64(a._storage._value, b._storage._value, _storage._value))
      }

      @inline(__always)
      func squareRoot() -> Self { Builtin.reinterpretCast(Builtin.int_sqrt_Vec8xFPIEEE64(_storage._value)) }
    }

    extension SIMD8<UInt64> {
      @inline(__always)
      static func &<< (a: Self, counts: Self) -> Self {
        Builtin.reinterpretCast(Builtin.shl_Vec8xInt64(a._storage._value, counts._storage._value))
      }

      @inline(__always)
      static func &>> (a: Self, counts: Self) -> Self {
        Builtin.reinterpretCast(Builtin.lshr_Vec8xInt64(a._storage._value, counts._storage._value))
      }
    }
  #elseif APUS_AVX2
    extension SIMD8<Float> {
      @inline(__always)
      static func + (a: Self, b: Self) -> Self {
        Builtin.reinterpretCast(Builtin.fadd_Vec8xFPIEEE32(a._storage._value, b._storage._value))
      }

      @inline(__always)
      static func - (a: Self, b: Self) -> Self {
        Builtin.reinterpretCast(Builtin.fsub_Vec8xFPIEEE32(a._storage._value, b._storage._value))
      }

      @inline(__always)
      static func * (a: Self, b: Self) -> Self {
        Builtin.reinterpretCast(Builtin.fmul_Vec8xFPIEEE32(a._storage._value, b._storage._value))
      }

      @inline(__always)
      static func / (a: Self, b: Self) -> Self {
        Builtin.reinterpretCast(Builtin.fdiv_Vec8xFPIEEE32(a._storage._value, b._storage._value))
      }

      @inline(__always)
      func adding(_ a: Self, times b: Self) -> Self {
        Builtin.reinterpretCast(Builtin.int_fma_Vec8xFPIEEE32(a._storage._value, b._storage._value, _storage._value))
      }

      @inline(__always)
      func squareRoot() -> Self { Builtin.reinterpretCast(Builtin.int_sqrt_Vec8xFPIEEE32(_storage._value)) }
    }

    extension SIMD8<UInt32> {
      @inline(__always)
      static func &<< (a: Self, counts: Self) -> Self {
        Builtin.reinterpretCast(Builtin.shl_Vec8xInt32(a._storage._value, counts._storage._value))
      }

      @inline(__always)
      static func &>> (a: Self, counts: Self) -> Self {
        Builtin.reinterpretCast(Builtin.lshr_Vec8xInt32(a._storage._value, counts._storage._value))
      }
    }

    extension SIMD4<Double> {
      @inline(__always)
      static func + (a: Self, b: Self) -> Self {
        Builtin.reinterpretCast(Builtin.fadd_Vec4xFPIEEE64(a._storage._value, b._storage._value))
      }

      @inline(__always)
      static func - (a: Self, b: Self) -> Self {
        Builtin.reinterpretCast(Builtin.fsub_Vec4xFPIEEE64(a._storage._value, b._storage._value))
      }

      @inline(__always)
      static func * (a: Self, b: Self) -> Self {
        Builtin.reinterpretCast(Builtin.fmul_Vec4xFPIEEE64(a._storage._value, b._storage._value))
      }

      @inline(__always)
      static func / (a: Self, b: Self) -> Self {
        Builtin.reinterpretCast(Builtin.fdiv_Vec4xFPIEEE64(a._storage._value, b._storage._value))
      }

      @inline(__always)
      func adding(_ a: Self, times b: Self) -> Self {
        Builtin.reinterpretCast(Builtin.int_fma_Vec4xFPIEEE64(a._storage._value, b._storage._value, _storage._value))
      }

      @inline(__always)
      func squareRoot() -> Self { Builtin.reinterpretCast(Builtin.int_sqrt_Vec4xFPIEEE64(_storage._value)) }
    }

    extension SIMD4<UInt64> {
      @inline(__always)
      static func &<< (a: Self, counts: Self) -> Self {
        Builtin.reinterpretCast(Builtin.shl_Vec4xInt64(a._storage._value, counts._storage._value))
      }

      @inline(__always)
      static func &>> (a: Self, counts: Self) -> Self {
        Builtin.reinterpretCast(Builtin.lshr_Vec4xInt64(a._storage._value, counts._storage._value))
      }
    }
  #else
    extension SIMD4<Float> {
      @inline(__always)
      static func + (a: Self, b: Self) -> Self {
        Builtin.reinterpretCast(Builtin.fadd_Vec4xFPIEEE32(a._storage._value, b._storage._value))
      }

      @inline(__always)
      static func - (a: Self, b: Self) -> Self {
        Builtin.reinterpretCast(Builtin.fsub_Vec4xFPIEEE32(a._storage._value, b._storage._value))
      }

      @inline(__always)
      static func * (a: Self, b: Self) -> Self {
        Builtin.reinterpretCast(Builtin.fmul_Vec4xFPIEEE32(a._storage._value, b._storage._value))
      }

      @inline(__always)
      static func / (a: Self, b: Self) -> Self {
        Builtin.reinterpretCast(Builtin.fdiv_Vec4xFPIEEE32(a._storage._value, b._storage._value))
      }

      @inline(__always)
      func adding(_ a: Self, times b: Self) -> Self {
        #if arch(arm64)
          Builtin.reinterpretCast(Builtin.int_fma_Vec4xFPIEEE32(a._storage._value, b._storage._value, _storage._value))
        #else
          self + a * b
        #endif
      }

      @inline(__always)
      func squareRoot() -> Self { Builtin.reinterpretCast(Builtin.int_sqrt_Vec4xFPIEEE32(_storage._value)) }
    }

    extension SIMD4<UInt32> {
      @inline(__always)
      static func &<< (a: Self, counts: Self) -> Self {
        Builtin.reinterpretCast(Builtin.shl_Vec4xInt32(a._storage._value, counts._storage._value))
      }

      @inline(__always)
      static func &>> (a: Self, counts: Self) -> Self {
        Builtin.reinterpretCast(Builtin.lshr_Vec4xInt32(a._storage._value, counts._storage._value))
      }
    }

    extension SIMD2<Double> {
      @inline(__always)
      static func + (a: Self, b: Self) -> Self {
        Builtin.reinterpretCast(Builtin.fadd_Vec2xFPIEEE64(a._storage._value, b._storage._value))
      }

      @inline(__always)
      static func - (a: Self, b: Self) -> Self {
        Builtin.reinterpretCast(Builtin.fsub_Vec2xFPIEEE64(a._storage._value, b._storage._value))
      }

      @inline(__always)
      static func * (a: Self, b: Self) -> Self {
        Builtin.reinterpretCast(Builtin.fmul_Vec2xFPIEEE64(a._storage._value, b._storage._value))
      }

      @inline(__always)
      static func / (a: Self, b: Self) -> Self {
        Builtin.reinterpretCast(Builtin.fdiv_Vec2xFPIEEE64(a._storage._value, b._storage._value))
      }

      @inline(__always)
      func adding(_ a: Self, times b: Self) -> Self {
        #if arch(arm64)
          Builtin.reinterpretCast(Builtin.int_fma_Vec2xFPIEEE64(a._storage._value, b._storage._value, _storage._value))
        #else
          self + a * b
        #endif
      }

      @inline(__always)
      func squareRoot() -> Self { Builtin.reinterpretCast(Builtin.int_sqrt_Vec2xFPIEEE64(_storage._value)) }
    }

    extension SIMD2<UInt64> {
      @inline(__always)
      static func &<< (a: Self, counts: Self) -> Self {
        Builtin.reinterpretCast(Builtin.shl_Vec2xInt64(a._storage._value, counts._storage._value))
      }

      @inline(__always)
      static func &>> (a: Self, counts: Self) -> Self {
        Builtin.reinterpretCast(Builtin.lshr_Vec2xInt64(a._storage._value, counts._storage._value))
      }
    }
  #endif
#else
  extension SIMD where Scalar: FloatingPoint {
    @inline(__always)
    func adding(_ a: Self, times b: Self) -> Self {
      #if APUS_AVX512 || APUS_AVX2 || arch(arm64)
        addingProduct(a, b)
      #else
        self + a * b
      #endif
    }
  }
#endif
