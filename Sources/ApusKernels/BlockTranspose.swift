// Transposing a square block of w×w scalars in w registers, w being the register's width.
//
// The block is cut into four quarters; the two off the diagonal change places, and each quarter is transposed likewise:
//
//     ⎡ A B ⎤ᵀ   ⎡ Aᵀ Cᵀ ⎤
//     ⎣ C D ⎦  = ⎣ Bᵀ Dᵀ ⎦
//
// So step by step, rows that are w/2, w/4, … 1 apart exchange half of their scalars. An exchange is one instruction for each of the
// two rows: log2(w) steps, 64 instructions for a 16×16 block of Float, a quarter of one for each scalar.
//
// As with the register tile, the rows live in a type and not in an array, because only a type stays in registers.

/// Some rows of a block, held in registers.
protocol RowStack {
  associatedtype Vector: ExchangingVector
  static var rows: Int { get }

  /// Reads row r at `source + r · stride`; a row from `count` on is read in place of the first (its lanes are unused).
  init(_ source: UnsafePointer<Vector.Scalar>, stride: Int, first: Int, count: Int)
  /// Reads row r at `source + offsets[r]`, likewise.
  init(_ source: UnsafePointer<Vector.Scalar>, offsets: UnsafePointer<Int>, first: Int, count: Int)
  /// Writes the rows `stride` scalars apart.
  func store(_ target: UnsafeMutablePointer<Vector.Scalar>, stride: Int)
  /// Each row after the exchange with the same row of `other`, which lies `distance` rows further down.
  func exchanged(with other: Self, distance: Int) -> (Self, Self)
  /// The rows with every square of `rows` scalars along them transposed.
  var transposed: Self { get }
}

/// One row.
struct SingleRow<Vector: ExchangingVector>: RowStack {
  var value: Vector

  @inline(__always) static var rows: Int { 1 }
  @inline(__always) init(_ value: Vector) { self.value = value }

  @inline(__always)
  init(_ source: UnsafePointer<Vector.Scalar>, stride: Int, first: Int, count: Int) {
    value = Vector.load(source + (first < count ? first * stride : 0))
  }

  @inline(__always)
  init(_ source: UnsafePointer<Vector.Scalar>, offsets: UnsafePointer<Int>, first: Int, count: Int) {
    value = Vector.load(source + offsets[first < count ? first : 0])
  }

  @inline(__always)
  func store(_ target: UnsafeMutablePointer<Vector.Scalar>, stride: Int) { value.store(target) }

  @inline(__always)
  func exchanged(with other: Self, distance: Int) -> (Self, Self) {
    let (upper, lower) = value.exchanged(with: other.value, distance: distance)
    return (Self(upper), Self(lower))
  }

  @inline(__always) var transposed: Self { self }
}

/// Two equal stacks, one above the other.
struct Stacked<Half: RowStack>: RowStack {
  typealias Vector = Half.Vector

  var top: Half
  var bottom: Half

  @inline(__always) static var rows: Int { 2 * Half.rows }

  @inline(__always)
  init(top: Half, bottom: Half) {
    self.top = top
    self.bottom = bottom
  }

  @inline(__always)
  init(_ source: UnsafePointer<Vector.Scalar>, stride: Int, first: Int, count: Int) {
    top = Half(source, stride: stride, first: first, count: count)
    bottom = Half(source, stride: stride, first: first + Half.rows, count: count)
  }

  @inline(__always)
  init(_ source: UnsafePointer<Vector.Scalar>, offsets: UnsafePointer<Int>, first: Int, count: Int) {
    top = Half(source, offsets: offsets, first: first, count: count)
    bottom = Half(source, offsets: offsets, first: first + Half.rows, count: count)
  }

  @inline(__always)
  func store(_ target: UnsafeMutablePointer<Vector.Scalar>, stride: Int) {
    top.store(target, stride: stride)
    bottom.store(target + Half.rows * stride, stride: stride)
  }

  @inline(__always)
  func exchanged(with other: Self, distance: Int) -> (Self, Self) {
    let (t1, t2) = top.exchanged(with: other.top, distance: distance)
    let (b1, b2) = bottom.exchanged(with: other.bottom, distance: distance)
    return (Self(top: t1, bottom: b1), Self(top: t2, bottom: b2))
  }

  @inline(__always)
  var transposed: Self {
    let (upper, lower) = top.exchanged(with: bottom, distance: Half.rows)
    return Self(top: upper.transposed, bottom: lower.transposed)
  }
}

/// A register type that knows the square block of its width.
protocol TransposableVector: ExchangingVector {
  /// `width` rows of one register.
  associatedtype Block: RowStack where Block.Vector == Self
}

extension TransposableVector {
  /// Writes the transpose of a block: `count <= width` rows of `width` scalars, `stride` apart, become `width` rows
  /// of `width` scalars, `targetStride` apart, of which the first `count` lanes count.
  @inline(__always)
  static func transposeBlock(
    _ source: UnsafePointer<Scalar>, stride: Int, count: Int, into target: UnsafeMutablePointer<Scalar>,
    targetStride: Int
  ) {
    Block(source, stride: stride, first: 0, count: count).transposed.store(target, stride: targetStride)
  }

  /// The same for rows that start at `source + offsets[row]`.
  @inline(__always)
  static func transposeBlock(
    _ source: UnsafePointer<Scalar>, offsets: UnsafePointer<Int>, count: Int,
    into target: UnsafeMutablePointer<Scalar>, targetStride: Int
  ) {
    Block(source, offsets: offsets, first: 0, count: count).transposed.store(target, stride: targetStride)
  }
}

typealias TwoRows<Vector: ExchangingVector> = Stacked<SingleRow<Vector>>
typealias FourRows<Vector: ExchangingVector> = Stacked<TwoRows<Vector>>
typealias EightRows<Vector: ExchangingVector> = Stacked<FourRows<Vector>>
typealias SixteenRows<Vector: ExchangingVector> = Stacked<EightRows<Vector>>

/// A register that can exchange scalars with another.
protocol ExchangingVector: KernelVector {
  /// Two rows that lie `distance` apart in a square of twice that size, after the squares of `distance` off the diagonal have
  /// changed places: `self` gets from `other` what stands `distance` further to the left there.
  func exchanged(with other: Self, distance: Int) -> (Self, Self)
}

// Even and odd lanes, and halves, are the shuffles that Swift offers and that become single instructions. Every distance is
// one of the two at some width of lane: pairs of Floats are exchanged as Doubles.

extension SIMD2 {
  @inline(__always)
  fileprivate func exchangedHalves(_ other: Self) -> (Self, Self) {
    (Self(self[0], other[0]), Self(self[1], other[1]))
  }
}

extension SIMD4 {
  @inline(__always)
  fileprivate func exchangedHalves(_ other: Self) -> (Self, Self) {
    (Self(lowHalf: lowHalf, highHalf: other.lowHalf), Self(lowHalf: highHalf, highHalf: other.highHalf))
  }

  @inline(__always)
  fileprivate func exchangedLanes(_ other: Self) -> (Self, Self) {
    var (upper, lower) = (self, other)
    upper.oddHalf = other.evenHalf
    lower.evenHalf = oddHalf
    return (upper, lower)
  }
}

extension SIMD8 {
  @inline(__always)
  fileprivate func exchangedHalves(_ other: Self) -> (Self, Self) {
    (Self(lowHalf: lowHalf, highHalf: other.lowHalf), Self(lowHalf: highHalf, highHalf: other.highHalf))
  }

  @inline(__always)
  fileprivate func exchangedQuarters(_ other: Self) -> (Self, Self) {
    let (low1, low2) = lowHalf.exchangedHalves(other.lowHalf)
    let (high1, high2) = highHalf.exchangedHalves(other.highHalf)
    return (Self(lowHalf: low1, highHalf: high1), Self(lowHalf: low2, highHalf: high2))
  }

  @inline(__always)
  fileprivate func exchangedLanes(_ other: Self) -> (Self, Self) {
    var (upper, lower) = (self, other)
    upper.oddHalf = other.evenHalf
    lower.evenHalf = oddHalf
    return (upper, lower)
  }
}

#if APUS_AVX512
  extension FloatVector: ExchangingVector, TransposableVector {
    typealias Block = SixteenRows<Self>

    @inline(__always)
    func exchanged(with other: Self, distance: Int) -> (Self, Self) {
      switch distance {
      case 8:
        return (Self(lowHalf: lowHalf, highHalf: other.lowHalf), Self(lowHalf: highHalf, highHalf: other.highHalf))
      case 4:
        let (low1, low2) = lowHalf.exchangedHalves(other.lowHalf)
        let (high1, high2) = highHalf.exchangedHalves(other.highHalf)
        return (Self(lowHalf: low1, highHalf: high1), Self(lowHalf: low2, highHalf: high2))
      case 2:
        let (upper, lower) = unsafeBitCast(self, to: DoubleVector.self).exchangedLanes(
          unsafeBitCast(other, to: DoubleVector.self))
        return (unsafeBitCast(upper, to: Self.self), unsafeBitCast(lower, to: Self.self))
      default:
        var (upper, lower) = (self, other)
        upper.oddHalf = other.evenHalf
        lower.evenHalf = oddHalf
        return (upper, lower)
      }
    }
  }

  extension DoubleVector: ExchangingVector, TransposableVector {
    typealias Block = EightRows<Self>

    @inline(__always)
    func exchanged(with other: Self, distance: Int) -> (Self, Self) {
      distance == 4
        ? exchangedHalves(other) : distance == 2 ? exchangedQuarters(other) : exchangedLanes(other)
    }
  }
#elseif APUS_AVX2
  extension FloatVector: ExchangingVector, TransposableVector {
    typealias Block = EightRows<Self>

    @inline(__always)
    func exchanged(with other: Self, distance: Int) -> (Self, Self) {
      if distance == 2 {
        let (upper, lower) = unsafeBitCast(self, to: DoubleVector.self).exchangedLanes(
          unsafeBitCast(other, to: DoubleVector.self))
        return (unsafeBitCast(upper, to: Self.self), unsafeBitCast(lower, to: Self.self))
      }
      return distance == 4 ? exchangedHalves(other) : exchangedLanes(other)
    }
  }

  extension DoubleVector: ExchangingVector, TransposableVector {
    typealias Block = FourRows<Self>

    @inline(__always)
    func exchanged(with other: Self, distance: Int) -> (Self, Self) {
      distance == 2 ? exchangedHalves(other) : exchangedLanes(other)
    }
  }
#else
  extension FloatVector: ExchangingVector, TransposableVector {
    typealias Block = FourRows<Self>

    @inline(__always)
    func exchanged(with other: Self, distance: Int) -> (Self, Self) {
      distance == 2 ? exchangedHalves(other) : exchangedLanes(other)
    }
  }

  extension DoubleVector: ExchangingVector, TransposableVector {
    typealias Block = TwoRows<Self>

    @inline(__always)
    func exchanged(with other: Self, distance: Int) -> (Self, Self) { exchangedHalves(other) }
  }
#endif
