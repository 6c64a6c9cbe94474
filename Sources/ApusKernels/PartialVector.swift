// Reading and writing part of a register, by halves: at most one move of each smaller size instead of a loop over
// lanes. The branches depend on the count alone, so they are the same for every row of a tile and predicted well.

extension SIMD2 {
  @inline(__always)
  mutating func loadLow(_ source: UnsafePointer<Scalar>, _ count: Int) {
    if count > 0 { self[0] = source[0] }
    if count > 1 { self[1] = source[1] }
  }

  @inline(__always)
  func storeLow(_ target: UnsafeMutablePointer<Scalar>, _ count: Int) {
    if count > 0 { target[0] = self[0] }
    if count > 1 { target[1] = self[1] }
  }
}

extension SIMD4 where Scalar.SIMD2Storage: BitwiseCopyable {
  @inline(__always)
  mutating func loadLow(_ source: UnsafePointer<Scalar>, _ count: Int) {
    if count >= 2 {
      lowHalf = UnsafeRawPointer(source).loadUnaligned(as: SIMD2<Scalar>.self)
      highHalf.loadLow(source + 2, count - 2)
    } else {
      lowHalf.loadLow(source, count)
    }
  }

  @inline(__always)
  func storeLow(_ target: UnsafeMutablePointer<Scalar>, _ count: Int) {
    if count >= 2 {
      UnsafeMutableRawPointer(target).storeBytes(of: lowHalf, as: SIMD2<Scalar>.self)
      highHalf.storeLow(target + 2, count - 2)
    } else {
      lowHalf.storeLow(target, count)
    }
  }
}

extension SIMD8 where Scalar.SIMD4Storage: BitwiseCopyable, Scalar.SIMD2Storage: BitwiseCopyable {
  @inline(__always)
  mutating func loadLow(_ source: UnsafePointer<Scalar>, _ count: Int) {
    if count >= 4 {
      lowHalf = UnsafeRawPointer(source).loadUnaligned(as: SIMD4<Scalar>.self)
      highHalf.loadLow(source + 4, count - 4)
    } else {
      lowHalf.loadLow(source, count)
    }
  }

  @inline(__always)
  func storeLow(_ target: UnsafeMutablePointer<Scalar>, _ count: Int) {
    if count >= 4 {
      UnsafeMutableRawPointer(target).storeBytes(of: lowHalf, as: SIMD4<Scalar>.self)
      highHalf.storeLow(target + 4, count - 4)
    } else {
      lowHalf.storeLow(target, count)
    }
  }
}

extension SIMD16
where
  Scalar.SIMD8Storage: BitwiseCopyable, Scalar.SIMD4Storage: BitwiseCopyable, Scalar.SIMD2Storage: BitwiseCopyable
{
  @inline(__always)
  mutating func loadLow(_ source: UnsafePointer<Scalar>, _ count: Int) {
    if count >= 8 {
      lowHalf = UnsafeRawPointer(source).loadUnaligned(as: SIMD8<Scalar>.self)
      highHalf.loadLow(source + 8, count - 8)
    } else {
      lowHalf.loadLow(source, count)
    }
  }

  @inline(__always)
  func storeLow(_ target: UnsafeMutablePointer<Scalar>, _ count: Int) {
    if count >= 8 {
      UnsafeMutableRawPointer(target).storeBytes(of: lowHalf, as: SIMD8<Scalar>.self)
      highHalf.storeLow(target + 8, count - 8)
    } else {
      lowHalf.storeLow(target, count)
    }
  }
}
