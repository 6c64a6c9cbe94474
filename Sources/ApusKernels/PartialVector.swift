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

extension SIMD4 where Scalar: HalvingScalar, Scalar.Two == SIMD2<Scalar>, Scalar.Four == Self {
  @inline(__always)
  mutating func loadLow(_ source: UnsafePointer<Scalar>, _ count: Int) {
    var (low, high) = (Scalar.low(self), Scalar.high(self))
    if count >= 2 {
      low = loadRegister(source)
      high.loadLow(source + 2, count - 2)
    } else {
      low.loadLow(source, count)
    }
    self = Scalar.whole(low, high)
  }

  @inline(__always)
  func storeLow(_ target: UnsafeMutablePointer<Scalar>, _ count: Int) {
    if count >= 2 {
      storeRegister(Scalar.low(self), target)
      Scalar.high(self).storeLow(target + 2, count - 2)
    } else {
      Scalar.low(self).storeLow(target, count)
    }
  }
}

extension SIMD8
where Scalar: HalvingScalar, Scalar.Two == SIMD2<Scalar>, Scalar.Four == SIMD4<Scalar>, Scalar.Eight == Self {
  @inline(__always)
  mutating func loadLow(_ source: UnsafePointer<Scalar>, _ count: Int) {
    var (low, high) = (Scalar.low(self), Scalar.high(self))
    if count >= 4 {
      low = loadRegister(source)
      high.loadLow(source + 4, count - 4)
    } else {
      low.loadLow(source, count)
    }
    self = Scalar.whole(low, high)
  }

  @inline(__always)
  func storeLow(_ target: UnsafeMutablePointer<Scalar>, _ count: Int) {
    if count >= 4 {
      storeRegister(Scalar.low(self), target)
      Scalar.high(self).storeLow(target + 4, count - 4)
    } else {
      Scalar.low(self).storeLow(target, count)
    }
  }
}

extension SIMD16<Float> {
  @inline(__always)
  mutating func loadLow(_ source: UnsafePointer<Scalar>, _ count: Int) {
    var (low, high) = (Scalar.low(self), Scalar.high(self))
    if count >= 8 {
      low = loadRegister(source)
      high.loadLow(source + 8, count - 8)
    } else {
      low.loadLow(source, count)
    }
    self = Scalar.whole(low, high)
  }

  @inline(__always)
  func storeLow(_ target: UnsafeMutablePointer<Scalar>, _ count: Int) {
    if count >= 8 {
      storeRegister(Scalar.low(self), target)
      Scalar.high(self).storeLow(target + 8, count - 8)
    } else {
      Scalar.low(self).storeLow(target, count)
    }
  }
}
