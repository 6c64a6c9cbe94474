// Taking rows apart in registers: columns 0, 2, 4 … and 1, 3, 5 …, and what stands one place before.
//
// AVX2 moves lanes within halves of a register in one instruction and across halves in several. So what is taken apart may stand in
// another order, "split order": all operands of a sum share it, and only results are put in order again.

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
}

// Where one instruction takes lanes from anywhere, split order is the ordinary one.
extension SplittingVector {
  @inline(__always) func splitEvens(_ next: Self) -> Self { evens(next) }
  @inline(__always) func splitOdds(_ next: Self) -> Self { odds(next) }
  @inline(__always) var reordered: Self { self }

  @inline(__always)
  func storeZipped(with other: Self, _ target: UnsafeMutablePointer<Scalar>) {
    let (low, high) = zipped(with: other)
    low.store(target)
    high.store(target + Self.width)
  }

  @inline(__always)
  static func loadBefore(_ row: UnsafePointer<Scalar>, odds: Self) -> Self {
    load(row - 1).splitEvens(load(row + width - 1))
  }

  @inline(__always)
  static func loadBehind(_ first: Self, _ row: UnsafePointer<Scalar>, odds: Self) -> Self {
    load(row).movedUp(after: first).splitEvens(load(row + width - 1))
  }
}

extension FloatVector: SplittingVector {
  #if APUS_AVX512
    @inline(__always)
    func movedUp(after previous: Self) -> Self {
      Self.shuffled(previous, self, .init(15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30))
    }
    @inline(__always)
    func movedDown(before next: Self) -> Self {
      Self.shuffled(self, next, .init(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16))
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
  #elseif APUS_AVX2
    @inline(__always)
    func splitEvens(_ next: Self) -> Self {
      Self.shuffled(self, next, .init(0, 2, 8, 10, 4, 6, 12, 14))
    }
    @inline(__always)
    func splitOdds(_ next: Self) -> Self {
      Self.shuffled(self, next, .init(1, 3, 9, 11, 5, 7, 13, 15))
    }
    @inline(__always)
    var reordered: Self {
      Self.shuffled(self, self, .init(0, 1, 4, 5, 2, 3, 6, 7))
    }
    /// By halves, which need not be brought together then.
    @inline(__always)
    func storeZipped(with other: Self, _ target: UnsafeMutablePointer<Float>) {
      let low = Self.shuffled(self, other, .init(0, 8, 1, 9, 4, 12, 5, 13))
      let high = Self.shuffled(self, other, .init(2, 10, 3, 11, 6, 14, 7, 15))
      storeRegister(Float.low(low), target)
      storeRegister(Float.low(high), target + 4)
      storeRegister(Float.high(low), target + 8)
      storeRegister(Float.high(high), target + 12)
    }
    @inline(__always)
    func movedUp(after previous: Self) -> Self {
      Self.shuffled(previous, self, .init(7, 8, 9, 10, 11, 12, 13, 14))
    }
    @inline(__always)
    func movedDown(before next: Self) -> Self {
      Self.shuffled(self, next, .init(1, 2, 3, 4, 5, 6, 7, 8))
    }
  #else
    @inline(__always)
    func movedUp(after previous: Self) -> Self {
      Self.shuffled(previous, self, .init(3, 4, 5, 6))
    }
    @inline(__always)
    func movedDown(before next: Self) -> Self {
      Self.shuffled(self, next, .init(1, 2, 3, 4))
    }
  #endif
}
