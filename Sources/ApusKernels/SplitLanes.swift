// Taking rows apart in registers: columns 0, 2, 4 … and 1, 3, 5 …, and what stands one place before.
//
// AVX2 moves lanes within halves of a register in one instruction and across halves in several. So what is taken apart may stand in
// another order, "split order": all operands of a sum share it, and only results are put in order again.
//
// The compiler's own module `Builtin` has the shuffle of two registers. Written lane by lane, as `evens` is, LLVM makes single loads
// of a shuffle of what was loaded.

#if hasFeature(BuiltinModule)
  import Builtin
#endif

/// A register that rows can be taken apart in.
protocol SplittingVector: KernelVector {
  /// The lanes 0, 2, 4 … of the two, in split order.
  func splitEvens(_ next: Self) -> Self
  /// The lanes 1, 3, 5 … of the two, in split order.
  func splitOdds(_ next: Self) -> Self
  /// From an ordinary register to split order, and back: an exchange of lanes.
  var reordered: Self { get }
  /// Writes the lanes of both in turn, twice a register: what `zipped` makes.
  func storeZipped(with other: Self, _ target: UnsafeMutablePointer<Scalar>)
  /// The lanes one place further, behind the last one of `previous`.
  func movedUp(after previous: Self) -> Self
  /// The lanes one place to the front, before the first one of `next`.
  func movedDown(before next: Self) -> Self
  /// What stands at `row` − 1, + 1 … in split order; `odds` are the scalars at `row` + 1, + 3 …
  static func loadBefore(_ row: UnsafePointer<Scalar>, odds: Self) -> Self
  /// The same with `first` in the place of the first scalar.
  static func loadBehind(_ first: Self, _ row: UnsafePointer<Scalar>, odds: Self) -> Self
  /// The same as `adding(_:times:)`, on whole registers from the beginning. Operators of the standard library work lane by lane until
  /// LLVM puts lanes together, and beside shuffles it puts others together than were meant.
  func accumulating(_ a: Self, times b: Self) -> Self
}

extension FloatVector: SplittingVector {
  #if APUS_AVX512
    @inline(__always)
    func splitEvens(_ next: Self) -> Self {
      Self.shuffled(self, next, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30)
    }
    @inline(__always)
    func splitOdds(_ next: Self) -> Self {
      Self.shuffled(self, next, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31)
    }
    @inline(__always)
    var reordered: Self {
      self
    }
    @inline(__always)
    func storeZipped(with other: Self, _ target: UnsafeMutablePointer<Float>) {
      Self.shuffled(self, other, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23).store(target)
      Self.shuffled(self, other, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31).store(target + 16)
    }
    @inline(__always)
    func movedUp(after previous: Self) -> Self {
      Self.shuffled(previous, self, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30)
    }
    @inline(__always)
    func movedDown(before next: Self) -> Self {
      Self.shuffled(self, next, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16)
    }
    /// A load would cross the end of a line, almost always.
    @inline(__always)
    static func loadBefore(_ row: UnsafePointer<Float>, odds: Self) -> Self {
      odds.movedUp(after: Self(repeating: row[-1]))
    }
    @inline(__always)
    static func loadBehind(_ first: Self, _ row: UnsafePointer<Float>, odds: Self) -> Self {
      odds.movedUp(after: first)
    }
    @inline(__always)
    func accumulating(_ a: Self, times b: Self) -> Self {
      #if hasFeature(BuiltinModule)
        let result = Builtin.int_fma_Vec16xFPIEEE32(
          unsafeBitCast(a, to: Builtin.Vec16xFPIEEE32.self), unsafeBitCast(b, to: Builtin.Vec16xFPIEEE32.self),
          unsafeBitCast(self, to: Builtin.Vec16xFPIEEE32.self))
        return unsafeBitCast(result, to: Self.self)
      #else
        return adding(a, times: b)
      #endif
    }
    /// The lanes of `a` and `b`, counted through both, that the numbers name, which are known when this is compiled.
    @inline(__always)
    private static func shuffled(
      _ a: Self, _ b: Self, _ l0: Int32, _ l1: Int32, _ l2: Int32, _ l3: Int32, _ l4: Int32, _ l5: Int32, _ l6: Int32,
      _ l7: Int32, _ l8: Int32, _ l9: Int32, _ l10: Int32, _ l11: Int32, _ l12: Int32, _ l13: Int32, _ l14: Int32,
      _ l15: Int32
    ) -> Self {
      #if hasFeature(BuiltinModule)
        var lanes: Builtin.Vec16xInt32 = Builtin.zeroInitializer()
        lanes = Builtin.insertelement_Vec16xInt32_Int32_Int32(lanes, l0._value, Int32(0)._value)
        lanes = Builtin.insertelement_Vec16xInt32_Int32_Int32(lanes, l1._value, Int32(1)._value)
        lanes = Builtin.insertelement_Vec16xInt32_Int32_Int32(lanes, l2._value, Int32(2)._value)
        lanes = Builtin.insertelement_Vec16xInt32_Int32_Int32(lanes, l3._value, Int32(3)._value)
        lanes = Builtin.insertelement_Vec16xInt32_Int32_Int32(lanes, l4._value, Int32(4)._value)
        lanes = Builtin.insertelement_Vec16xInt32_Int32_Int32(lanes, l5._value, Int32(5)._value)
        lanes = Builtin.insertelement_Vec16xInt32_Int32_Int32(lanes, l6._value, Int32(6)._value)
        lanes = Builtin.insertelement_Vec16xInt32_Int32_Int32(lanes, l7._value, Int32(7)._value)
        lanes = Builtin.insertelement_Vec16xInt32_Int32_Int32(lanes, l8._value, Int32(8)._value)
        lanes = Builtin.insertelement_Vec16xInt32_Int32_Int32(lanes, l9._value, Int32(9)._value)
        lanes = Builtin.insertelement_Vec16xInt32_Int32_Int32(lanes, l10._value, Int32(10)._value)
        lanes = Builtin.insertelement_Vec16xInt32_Int32_Int32(lanes, l11._value, Int32(11)._value)
        lanes = Builtin.insertelement_Vec16xInt32_Int32_Int32(lanes, l12._value, Int32(12)._value)
        lanes = Builtin.insertelement_Vec16xInt32_Int32_Int32(lanes, l13._value, Int32(13)._value)
        lanes = Builtin.insertelement_Vec16xInt32_Int32_Int32(lanes, l14._value, Int32(14)._value)
        lanes = Builtin.insertelement_Vec16xInt32_Int32_Int32(lanes, l15._value, Int32(15)._value)
        let result = Builtin.shufflevector_Vec16xFPIEEE32_Vec16xInt32(
          unsafeBitCast(a, to: Builtin.Vec16xFPIEEE32.self), unsafeBitCast(b, to: Builtin.Vec16xFPIEEE32.self), lanes)
        return unsafeBitCast(result, to: Self.self)
      #else
        func lane(_ number: Int32) -> Float {
          let number = Int(truncatingIfNeeded: number)
          return number < 16 ? a[number] : b[number - 16]
        }
        return Self(
          lane(l0), lane(l1), lane(l2), lane(l3), lane(l4), lane(l5), lane(l6), lane(l7), lane(l8), lane(l9), lane(l10),
          lane(l11), lane(l12), lane(l13), lane(l14), lane(l15))
      #endif
    }
  #elseif APUS_AVX2
    @inline(__always)
    func splitEvens(_ next: Self) -> Self {
      Self.shuffled(self, next, 0, 2, 8, 10, 4, 6, 12, 14)
    }
    @inline(__always)
    func splitOdds(_ next: Self) -> Self {
      Self.shuffled(self, next, 1, 3, 9, 11, 5, 7, 13, 15)
    }
    @inline(__always)
    var reordered: Self {
      Self.shuffled(self, self, 0, 1, 4, 5, 2, 3, 6, 7)
    }
    /// By halves, which need not be brought together then.
    @inline(__always)
    func storeZipped(with other: Self, _ target: UnsafeMutablePointer<Float>) {
      let low = Self.shuffled(self, other, 0, 8, 1, 9, 4, 12, 5, 13)
      let high = Self.shuffled(self, other, 2, 10, 3, 11, 6, 14, 7, 15)
      low.storeHalf(0, 1, 2, 3, target)
      high.storeHalf(0, 1, 2, 3, target + 4)
      low.storeHalf(4, 5, 6, 7, target + 8)
      high.storeHalf(4, 5, 6, 7, target + 12)
    }
    /// Writes four lanes with numbers that are known when this is compiled.
    @inline(__always)
    private func storeHalf(_ l0: Int32, _ l1: Int32, _ l2: Int32, _ l3: Int32, _ target: UnsafeMutablePointer<Float>) {
      #if hasFeature(BuiltinModule)
        var lanes: Builtin.Vec4xInt32 = Builtin.zeroInitializer()
        lanes = Builtin.insertelement_Vec4xInt32_Int32_Int32(lanes, l0._value, Int32(0)._value)
        lanes = Builtin.insertelement_Vec4xInt32_Int32_Int32(lanes, l1._value, Int32(1)._value)
        lanes = Builtin.insertelement_Vec4xInt32_Int32_Int32(lanes, l2._value, Int32(2)._value)
        lanes = Builtin.insertelement_Vec4xInt32_Int32_Int32(lanes, l3._value, Int32(3)._value)
        let whole = unsafeBitCast(self, to: Builtin.Vec8xFPIEEE32.self)
        let half = Builtin.shufflevector_Vec8xFPIEEE32_Vec4xInt32(whole, whole, lanes)
        UnsafeMutableRawPointer(target).storeBytes(
          of: unsafeBitCast(half, to: SIMD4<Float>.self), as: SIMD4<Float>.self)
      #else
        UnsafeMutableRawPointer(target).storeBytes(of: l0 == 0 ? lowHalf : highHalf, as: SIMD4<Float>.self)
      #endif
    }
    @inline(__always)
    func movedUp(after previous: Self) -> Self {
      Self.shuffled(previous, self, 7, 8, 9, 10, 11, 12, 13, 14)
    }
    @inline(__always)
    func movedDown(before next: Self) -> Self {
      Self.shuffled(self, next, 1, 2, 3, 4, 5, 6, 7, 8)
    }
    @inline(__always)
    static func loadBefore(_ row: UnsafePointer<Float>, odds: Self) -> Self {
      load(row - 1).splitEvens(load(row + width - 1))
    }
    @inline(__always)
    static func loadBehind(_ first: Self, _ row: UnsafePointer<Float>, odds: Self) -> Self {
      load(row).movedUp(after: first).splitEvens(load(row + width - 1))
    }
    @inline(__always)
    func accumulating(_ a: Self, times b: Self) -> Self {
      #if hasFeature(BuiltinModule)
        let result = Builtin.int_fma_Vec8xFPIEEE32(
          unsafeBitCast(a, to: Builtin.Vec8xFPIEEE32.self), unsafeBitCast(b, to: Builtin.Vec8xFPIEEE32.self),
          unsafeBitCast(self, to: Builtin.Vec8xFPIEEE32.self))
        return unsafeBitCast(result, to: Self.self)
      #else
        return adding(a, times: b)
      #endif
    }
    /// The lanes of `a` and `b`, counted through both, that the numbers name, which are known when this is compiled.
    @inline(__always)
    private static func shuffled(
      _ a: Self, _ b: Self, _ l0: Int32, _ l1: Int32, _ l2: Int32, _ l3: Int32, _ l4: Int32, _ l5: Int32, _ l6: Int32,
      _ l7: Int32
    ) -> Self {
      #if hasFeature(BuiltinModule)
        var lanes: Builtin.Vec8xInt32 = Builtin.zeroInitializer()
        lanes = Builtin.insertelement_Vec8xInt32_Int32_Int32(lanes, l0._value, Int32(0)._value)
        lanes = Builtin.insertelement_Vec8xInt32_Int32_Int32(lanes, l1._value, Int32(1)._value)
        lanes = Builtin.insertelement_Vec8xInt32_Int32_Int32(lanes, l2._value, Int32(2)._value)
        lanes = Builtin.insertelement_Vec8xInt32_Int32_Int32(lanes, l3._value, Int32(3)._value)
        lanes = Builtin.insertelement_Vec8xInt32_Int32_Int32(lanes, l4._value, Int32(4)._value)
        lanes = Builtin.insertelement_Vec8xInt32_Int32_Int32(lanes, l5._value, Int32(5)._value)
        lanes = Builtin.insertelement_Vec8xInt32_Int32_Int32(lanes, l6._value, Int32(6)._value)
        lanes = Builtin.insertelement_Vec8xInt32_Int32_Int32(lanes, l7._value, Int32(7)._value)
        let result = Builtin.shufflevector_Vec8xFPIEEE32_Vec8xInt32(
          unsafeBitCast(a, to: Builtin.Vec8xFPIEEE32.self), unsafeBitCast(b, to: Builtin.Vec8xFPIEEE32.self), lanes)
        return unsafeBitCast(result, to: Self.self)
      #else
        func lane(_ number: Int32) -> Float {
          let number = Int(truncatingIfNeeded: number)
          return number < 8 ? a[number] : b[number - 8]
        }
        return Self(lane(l0), lane(l1), lane(l2), lane(l3), lane(l4), lane(l5), lane(l6), lane(l7))
      #endif
    }
  #else
    @inline(__always)
    func splitEvens(_ next: Self) -> Self {
      Self.shuffled(self, next, 0, 2, 4, 6)
    }
    @inline(__always)
    func splitOdds(_ next: Self) -> Self {
      Self.shuffled(self, next, 1, 3, 5, 7)
    }
    @inline(__always)
    var reordered: Self {
      self
    }
    @inline(__always)
    func storeZipped(with other: Self, _ target: UnsafeMutablePointer<Float>) {
      Self.shuffled(self, other, 0, 4, 1, 5).store(target)
      Self.shuffled(self, other, 2, 6, 3, 7).store(target + 4)
    }
    @inline(__always)
    func movedUp(after previous: Self) -> Self {
      Self.shuffled(previous, self, 3, 4, 5, 6)
    }
    @inline(__always)
    func movedDown(before next: Self) -> Self {
      Self.shuffled(self, next, 1, 2, 3, 4)
    }
    @inline(__always)
    static func loadBefore(_ row: UnsafePointer<Float>, odds: Self) -> Self {
      load(row - 1).splitEvens(load(row + width - 1))
    }
    @inline(__always)
    static func loadBehind(_ first: Self, _ row: UnsafePointer<Float>, odds: Self) -> Self {
      load(row).movedUp(after: first).splitEvens(load(row + width - 1))
    }
    @inline(__always)
    func accumulating(_ a: Self, times b: Self) -> Self {
      #if hasFeature(BuiltinModule)
        let (x, y) = (
          unsafeBitCast(a, to: Builtin.Vec4xFPIEEE32.self), unsafeBitCast(b, to: Builtin.Vec4xFPIEEE32.self)
        )
        let sum = unsafeBitCast(self, to: Builtin.Vec4xFPIEEE32.self)
        #if arch(arm64)
          let result = Builtin.int_fma_Vec4xFPIEEE32(x, y, sum)
        #else
          let result = Builtin.fadd_Vec4xFPIEEE32(sum, Builtin.fmul_Vec4xFPIEEE32(x, y))
        #endif
        return unsafeBitCast(result, to: Self.self)
      #else
        return adding(a, times: b)
      #endif
    }
    /// The lanes of `a` and `b`, counted through both, that the numbers name, which are known when this is compiled.
    @inline(__always)
    private static func shuffled(_ a: Self, _ b: Self, _ l0: Int32, _ l1: Int32, _ l2: Int32, _ l3: Int32) -> Self {
      #if hasFeature(BuiltinModule)
        var lanes: Builtin.Vec4xInt32 = Builtin.zeroInitializer()
        lanes = Builtin.insertelement_Vec4xInt32_Int32_Int32(lanes, l0._value, Int32(0)._value)
        lanes = Builtin.insertelement_Vec4xInt32_Int32_Int32(lanes, l1._value, Int32(1)._value)
        lanes = Builtin.insertelement_Vec4xInt32_Int32_Int32(lanes, l2._value, Int32(2)._value)
        lanes = Builtin.insertelement_Vec4xInt32_Int32_Int32(lanes, l3._value, Int32(3)._value)
        let result = Builtin.shufflevector_Vec4xFPIEEE32_Vec4xInt32(
          unsafeBitCast(a, to: Builtin.Vec4xFPIEEE32.self), unsafeBitCast(b, to: Builtin.Vec4xFPIEEE32.self), lanes)
        return unsafeBitCast(result, to: Self.self)
      #else
        func lane(_ number: Int32) -> Float {
          let number = Int(truncatingIfNeeded: number)
          return number < 4 ? a[number] : b[number - 4]
        }
        return Self(lane(l0), lane(l1), lane(l2), lane(l3))
      #endif
    }
  #endif
}
