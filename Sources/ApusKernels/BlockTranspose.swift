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

#if APUS_AVX512
  extension FloatVector: ExchangingVector, TransposableVector {
    typealias Block = SixteenRows<Self>

    @inline(__always)
    func exchanged(with other: Self, distance: Int) -> (Self, Self) {
      switch distance {
      case 8:
        let upper = Self.shuffled(self, other, .init(0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23))
        return (upper, Self.shuffled(self, other, .init(8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31)))
      case 4:
        let upper = Self.shuffled(self, other, .init(0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27))
        return (upper, Self.shuffled(self, other, .init(4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31)))
      case 2:
        let upper = Self.shuffled(self, other, .init(0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29))
        return (upper, Self.shuffled(self, other, .init(2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31)))
      default:
        let upper = Self.shuffled(self, other, .init(0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30))
        return (upper, Self.shuffled(self, other, .init(1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31)))
      }
    }
  }

  extension DoubleVector: ExchangingVector, TransposableVector {
    typealias Block = EightRows<Self>

    @inline(__always)
    func exchanged(with other: Self, distance: Int) -> (Self, Self) {
      switch distance {
      case 4:
        let upper = Self.shuffled(self, other, .init(0, 1, 2, 3, 8, 9, 10, 11))
        return (upper, Self.shuffled(self, other, .init(4, 5, 6, 7, 12, 13, 14, 15)))
      case 2:
        let upper = Self.shuffled(self, other, .init(0, 1, 8, 9, 4, 5, 12, 13))
        return (upper, Self.shuffled(self, other, .init(2, 3, 10, 11, 6, 7, 14, 15)))
      default:
        let upper = Self.shuffled(self, other, .init(0, 8, 2, 10, 4, 12, 6, 14))
        return (upper, Self.shuffled(self, other, .init(1, 9, 3, 11, 5, 13, 7, 15)))
      }
    }
  }
#elseif APUS_AVX2
  extension FloatVector: ExchangingVector, TransposableVector {
    typealias Block = EightRows<Self>

    @inline(__always)
    func exchanged(with other: Self, distance: Int) -> (Self, Self) {
      switch distance {
      case 4:
        let upper = Self.shuffled(self, other, .init(0, 1, 2, 3, 8, 9, 10, 11))
        return (upper, Self.shuffled(self, other, .init(4, 5, 6, 7, 12, 13, 14, 15)))
      case 2:
        let upper = Self.shuffled(self, other, .init(0, 1, 8, 9, 4, 5, 12, 13))
        return (upper, Self.shuffled(self, other, .init(2, 3, 10, 11, 6, 7, 14, 15)))
      default:
        let upper = Self.shuffled(self, other, .init(0, 8, 2, 10, 4, 12, 6, 14))
        return (upper, Self.shuffled(self, other, .init(1, 9, 3, 11, 5, 13, 7, 15)))
      }
    }
  }

  extension DoubleVector: ExchangingVector, TransposableVector {
    typealias Block = FourRows<Self>

    @inline(__always)
    func exchanged(with other: Self, distance: Int) -> (Self, Self) {
      switch distance {
      case 2:
        let upper = Self.shuffled(self, other, .init(0, 1, 4, 5))
        return (upper, Self.shuffled(self, other, .init(2, 3, 6, 7)))
      default:
        let upper = Self.shuffled(self, other, .init(0, 4, 2, 6))
        return (upper, Self.shuffled(self, other, .init(1, 5, 3, 7)))
      }
    }
  }
#else
  extension FloatVector: ExchangingVector, TransposableVector {
    typealias Block = FourRows<Self>

    @inline(__always)
    func exchanged(with other: Self, distance: Int) -> (Self, Self) {
      switch distance {
      case 2:
        let upper = Self.shuffled(self, other, .init(0, 1, 4, 5))
        return (upper, Self.shuffled(self, other, .init(2, 3, 6, 7)))
      default:
        let upper = Self.shuffled(self, other, .init(0, 4, 2, 6))
        return (upper, Self.shuffled(self, other, .init(1, 5, 3, 7)))
      }
    }
  }

  extension DoubleVector: ExchangingVector, TransposableVector {
    typealias Block = TwoRows<Self>

    @inline(__always)
    func exchanged(with other: Self, distance: Int) -> (Self, Self) {
      let upper = Self.shuffled(self, other, .init(0, 2))
      return (upper, Self.shuffled(self, other, .init(1, 3)))
    }
  }
#endif
