// The loops that all elementwise kernels share.
//
// Only whole registers are processed: the last one ends at the last element and overlaps its predecessor. So that this
// also holds when the result overwrites an operand, a register is loaded before the one ahead of it is stored. Arrays
// shorter than a register are copied into one.
//
// `body` must be a local function marked `@inline(__always)`. A closure that the optimiser does not inline gets its
// register in pieces of 128 bits, and computes on those: four times slower. It is called at one place, so that it is
// compiled once.

extension MathVector {
  /// y = body(x) for `count` ≥ width numbers. y may be x.
  @inline(__always)
  static func map(
    _ x: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>, _ count: Int, _ body: (Self) -> Self
  ) {
    let last = count - width
    var i = 0
    var next = load(x)
    while true {
      let current = next
      let following = min(i + width, last)
      next = load(x + following)
      body(current).store(y + i)
      if i == last { return }
      i = following
    }
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
    while true {
      let (currentA, currentB) = (nextA, nextB)
      let following = min(i + width, last)
      nextA = load(a + following)
      nextB = load(b + following)
      body(currentA, currentB).store(y + i)
      if i == last { return }
      i = following
    }
  }

  /// Calls `body` with the arrays, or, where they are shorter than a register, with copies of that length. One call,
  /// so that `body` is compiled once.
  @inline(__always)
  static func withShortArrays(
    _ x: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>, _ count: Int,
    _ body: (UnsafePointer<Scalar>, UnsafeMutablePointer<Scalar>, Int) -> Void
  ) {
    let isShort = count < width
    var register = Self(repeating: 1)
    if isShort { register = load(x, count: count, filler: 1) }
    register.withScalars { own in
      body(isShort ? UnsafePointer(own) : x, isShort ? own : y, isShort ? width : count)
    }
    if isShort { register.store(y, count: count) }
  }

  /// The same with two operands.
  @inline(__always)
  static func withShortArrays(
    _ a: UnsafePointer<Scalar>, _ b: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>, _ count: Int,
    _ body: (UnsafePointer<Scalar>, UnsafePointer<Scalar>, UnsafeMutablePointer<Scalar>, Int) -> Void
  ) {
    let isShort = count < width
    var first = Self(repeating: 1)
    var second = Self(repeating: 1)
    if isShort {
      first = load(a, count: count, filler: 1)
      second = load(b, count: count, filler: 1)
    }
    first.withScalars { ownA in
      second.withScalars { ownB in
        body(
          isShort ? UnsafePointer(ownA) : a, isShort ? UnsafePointer(ownB) : b, isShort ? ownA : y,
          isShort ? width : count)
      }
    }
    if isShort { first.store(y, count: count) }
  }

  /// The register's memory.
  @inline(__always)
  mutating func withScalars(_ body: (UnsafeMutablePointer<Scalar>) -> Void) {
    withUnsafeMutableBytes(of: &self) { bytes in
      body(bytes.baseAddress!.assumingMemoryBound(to: Scalar.self))
    }
  }
}
