// The loops that all elementwise kernels share.
//
// Only whole registers are processed: the last one ends at the last element and overlaps its predecessor. So that this
// also holds when the result overwrites an operand, a register is loaded before the one ahead of it is stored. The
// entry points bring arrays shorter than a register up to its length.

extension MathVector {
  /// y = body(x) for `count` ≥ width numbers. y may be x.
  @inline(__always)
  static func map(
    _ x: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>, _ count: Int, _ body: (Self) -> Self
  ) {
    let last = count - width
    var i = 0
    var next = load(x)
    while i < last {
      let result = body(next)
      let following = min(i + width, last)
      next = load(x + following)
      result.store(y + i)
      i = following
    }
    body(next).store(y + last)
  }

  /// y = body(a, b) for `count` ≥ width numbers. y may be a or b.
  @inline(__always)
  static func map(
    _ a: UnsafePointer<Scalar>, _ b: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>, _ count: Int,
    _ body: (Self, Self) -> Self
  ) {
    let last = count - width
    var i = 0
    var nextA = load(a)
    var nextB = load(b)
    while i < last {
      let result = body(nextA, nextB)
      let following = min(i + width, last)
      nextA = load(a + following)
      nextB = load(b + following)
      result.store(y + i)
      i = following
    }
    body(nextA, nextB).store(y + last)
  }

  /// Hands `body` a copy of `count` < width numbers in a register's worth of memory, and copies the register to y.
  @inline(__always)
  static func padded(
    _ x: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>, _ count: Int,
    _ body: (UnsafeMutablePointer<Scalar>) -> Void
  ) {
    var register = load(x, count: count, filler: 1)
    register.withScalars(body)
    register.store(y, count: count)
  }

  /// The register's memory.
  @inline(__always)
  mutating func withScalars(_ body: (UnsafeMutablePointer<Scalar>) -> Void) {
    withUnsafeMutableBytes(of: &self) { bytes in
      body(bytes.baseAddress!.assumingMemoryBound(to: Scalar.self))
    }
  }
}
