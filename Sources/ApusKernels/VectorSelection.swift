// Choosing lanes by a comparison, and asking whether any or all of them hold. Each is one instruction, or a comparison fused with it.

#if hasFeature(BuiltinModule)
  import Builtin

  #if APUS_AVX512
    extension SIMD16<Float> {
      @inline(__always)
      func replacing(with other: Self, where mask: SIMDMask<MaskStorage>) -> Self {
        let mask = mask._storage._storage._value
        let inverse = Builtin.xor_Vec16xInt32(mask, MaskStorage(repeating: -1)._storage._value)
        return Builtin.reinterpretCast(
          Builtin.or_Vec16xInt32(
            Builtin.and_Vec16xInt32(mask, Builtin.reinterpretCast(other)),
            Builtin.and_Vec16xInt32(inverse, Builtin.reinterpretCast(self))))
      }

      /// One bit for each lane that is true.
      @inline(__always)
      private static func bits(_ mask: SIMDMask<MaskStorage>) -> Builtin.Int16 {
        Builtin.bitcast_Vec16xInt1_Int16(
          Builtin.cmp_slt_Vec16xInt32(mask._storage._storage._value, Builtin.zeroInitializer()))
      }

      @inline(__always)
      static func any(_ mask: SIMDMask<MaskStorage>) -> Bool {
        Bool(Builtin.cmp_ne_Int16(bits(mask), Builtin.zeroInitializer()))
      }

      @inline(__always)
      static func all(_ mask: SIMDMask<MaskStorage>) -> Bool { !any(.!mask) }
    }

    extension SIMD8<Double> {
      @inline(__always)
      func replacing(with other: Self, where mask: SIMDMask<MaskStorage>) -> Self {
        let mask = mask._storage._storage._value
        let inverse = Builtin.xor_Vec8xInt64(mask, MaskStorage(repeating: -1)._storage._value)
        return Builtin.reinterpretCast(
          Builtin.or_Vec8xInt64(
            Builtin.and_Vec8xInt64(mask, Builtin.reinterpretCast(other)),
            Builtin.and_Vec8xInt64(inverse, Builtin.reinterpretCast(self))))
      }

      /// One bit for each lane that is true.
      @inline(__always)
      private static func bits(_ mask: SIMDMask<MaskStorage>) -> Builtin.Int8 {
        Builtin.bitcast_Vec8xInt1_Int8(
          Builtin.cmp_slt_Vec8xInt64(mask._storage._storage._value, Builtin.zeroInitializer()))
      }

      @inline(__always)
      static func any(_ mask: SIMDMask<MaskStorage>) -> Bool {
        Bool(Builtin.cmp_ne_Int8(bits(mask), Builtin.zeroInitializer()))
      }

      @inline(__always)
      static func all(_ mask: SIMDMask<MaskStorage>) -> Bool { !any(.!mask) }
    }
  #elseif APUS_AVX2
    extension SIMD8<Float> {
      @inline(__always)
      func replacing(with other: Self, where mask: SIMDMask<MaskStorage>) -> Self {
        let mask = mask._storage._storage._value
        let inverse = Builtin.xor_Vec8xInt32(mask, MaskStorage(repeating: -1)._storage._value)
        return Builtin.reinterpretCast(
          Builtin.or_Vec8xInt32(
            Builtin.and_Vec8xInt32(mask, Builtin.reinterpretCast(other)),
            Builtin.and_Vec8xInt32(inverse, Builtin.reinterpretCast(self))))
      }

      /// One bit for each lane that is true.
      @inline(__always)
      private static func bits(_ mask: SIMDMask<MaskStorage>) -> Builtin.Int8 {
        Builtin.bitcast_Vec8xInt1_Int8(
          Builtin.cmp_slt_Vec8xInt32(mask._storage._storage._value, Builtin.zeroInitializer()))
      }

      @inline(__always)
      static func any(_ mask: SIMDMask<MaskStorage>) -> Bool {
        Bool(Builtin.cmp_ne_Int8(bits(mask), Builtin.zeroInitializer()))
      }

      @inline(__always)
      static func all(_ mask: SIMDMask<MaskStorage>) -> Bool { !any(.!mask) }
    }

    extension SIMD4<Double> {
      @inline(__always)
      func replacing(with other: Self, where mask: SIMDMask<MaskStorage>) -> Self {
        let mask = mask._storage._storage._value
        let inverse = Builtin.xor_Vec4xInt64(mask, MaskStorage(repeating: -1)._storage._value)
        return Builtin.reinterpretCast(
          Builtin.or_Vec4xInt64(
            Builtin.and_Vec4xInt64(mask, Builtin.reinterpretCast(other)),
            Builtin.and_Vec4xInt64(inverse, Builtin.reinterpretCast(self))))
      }

      /// One bit for each lane that is true.
      @inline(__always)
      private static func bits(_ mask: SIMDMask<MaskStorage>) -> Builtin.Int4 {
        Builtin.bitcast_Vec4xInt1_Int4(
          Builtin.cmp_slt_Vec4xInt64(mask._storage._storage._value, Builtin.zeroInitializer()))
      }

      @inline(__always)
      static func any(_ mask: SIMDMask<MaskStorage>) -> Bool {
        Bool(Builtin.cmp_ne_Int4(bits(mask), Builtin.zeroInitializer()))
      }

      @inline(__always)
      static func all(_ mask: SIMDMask<MaskStorage>) -> Bool { !any(.!mask) }
    }
  #else
    extension SIMD4<Float> {
      @inline(__always)
      func replacing(with other: Self, where mask: SIMDMask<MaskStorage>) -> Self {
        let mask = mask._storage._storage._value
        let inverse = Builtin.xor_Vec4xInt32(mask, MaskStorage(repeating: -1)._storage._value)
        return Builtin.reinterpretCast(
          Builtin.or_Vec4xInt32(
            Builtin.and_Vec4xInt32(mask, Builtin.reinterpretCast(other)),
            Builtin.and_Vec4xInt32(inverse, Builtin.reinterpretCast(self))))
      }

      /// One bit for each lane that is true.
      @inline(__always)
      private static func bits(_ mask: SIMDMask<MaskStorage>) -> Builtin.Int4 {
        Builtin.bitcast_Vec4xInt1_Int4(
          Builtin.cmp_slt_Vec4xInt32(mask._storage._storage._value, Builtin.zeroInitializer()))
      }

      @inline(__always)
      static func any(_ mask: SIMDMask<MaskStorage>) -> Bool {
        Bool(Builtin.cmp_ne_Int4(bits(mask), Builtin.zeroInitializer()))
      }

      @inline(__always)
      static func all(_ mask: SIMDMask<MaskStorage>) -> Bool { !any(.!mask) }
    }

    extension SIMD2<Double> {
      @inline(__always)
      func replacing(with other: Self, where mask: SIMDMask<MaskStorage>) -> Self {
        let mask = mask._storage._storage._value
        let inverse = Builtin.xor_Vec2xInt64(mask, MaskStorage(repeating: -1)._storage._value)
        return Builtin.reinterpretCast(
          Builtin.or_Vec2xInt64(
            Builtin.and_Vec2xInt64(mask, Builtin.reinterpretCast(other)),
            Builtin.and_Vec2xInt64(inverse, Builtin.reinterpretCast(self))))
      }

      /// One bit for each lane that is true.
      @inline(__always)
      private static func bits(_ mask: SIMDMask<MaskStorage>) -> Builtin.Int2 {
        Builtin.bitcast_Vec2xInt1_Int2(
          Builtin.cmp_slt_Vec2xInt64(mask._storage._storage._value, Builtin.zeroInitializer()))
      }

      @inline(__always)
      static func any(_ mask: SIMDMask<MaskStorage>) -> Bool {
        Bool(Builtin.cmp_ne_Int2(bits(mask), Builtin.zeroInitializer()))
      }

      @inline(__always)
      static func all(_ mask: SIMDMask<MaskStorage>) -> Bool { !any(.!mask) }
    }
  #endif
#else
  extension SIMD {
    /// Whether any lane is true. The standard library's function of that name goes by way of a minimum of integers, which is a
    /// call with the whole register passed in memory.
    @inline(__always)
    static func any(_ mask: SIMDMask<MaskStorage>) -> Bool {
      let lanes = unsafeBitCast(mask, to: MaskStorage.self)
      var result = lanes[0]
      for lane in 1..<lanes.scalarCount { result |= lanes[lane] }
      return result != 0
    }

    /// Whether all lanes are true.
    @inline(__always)
    static func all(_ mask: SIMDMask<MaskStorage>) -> Bool {
      let lanes = unsafeBitCast(mask, to: MaskStorage.self)
      var result = lanes[0]
      for lane in 1..<lanes.scalarCount { result &= lanes[lane] }
      return result != 0
    }
  }
#endif
