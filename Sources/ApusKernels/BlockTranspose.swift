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
// Squares of four Floats lie within what one instruction reaches cheaply everywhere (128 bits). There rows are interleaved instead:
// a b c d, interleaved with the row two further down, and what comes of it with the row next to it, are the columns. And where moving
// halves of a register is dear, they are loaded where they belong (`HalvedBlock`).
//
// As with the register tile, the rows live in a type and not in an array, because only a type stays in registers.

/// What the registers of a block are read from.
protocol RegisterRows<Vector> {
  associatedtype Vector: KernelVector
  subscript(row: Int) -> Vector { get }
}

/// Rows of a block in memory.
protocol BlockRows<Vector>: RegisterRows {
  /// Where a row begins.
  func start(_ row: Int) -> UnsafePointer<Vector.Scalar>
}

extension BlockRows {
  @inline(__always) subscript(row: Int) -> Vector { Vector.load(start(row)) }
}

/// Rows that are `stride` apart. Those from `count` on are read in place of the first (their lanes are unused).
struct StridedRows<Vector: KernelVector>: BlockRows {
  let source: UnsafePointer<Vector.Scalar>
  let stride: Int
  let count: Int

  @inline(__always)
  func start(_ row: Int) -> UnsafePointer<Vector.Scalar> { source + (row < count ? row * stride : 0) }
}

/// Rows that begin at `source + offsets[row]`, likewise.
struct ScatteredRows<Vector: KernelVector>: BlockRows {
  let source: UnsafePointer<Vector.Scalar>
  let offsets: UnsafePointer<Int>
  let count: Int

  @inline(__always)
  func start(_ row: Int) -> UnsafePointer<Vector.Scalar> { source + offsets[row < count ? row : 0] }
}

/// A square block in registers.
protocol SquareBlock {
  associatedtype Vector: KernelVector
  init(_ source: some BlockRows<Vector>)
  /// The block with rows and columns exchanged.
  var transposed: Self { get }
  /// Writes the rows `stride` scalars apart.
  func store(_ target: UnsafeMutablePointer<Vector.Scalar>, stride: Int)
}

/// Some rows of a block, held in registers.
protocol RowStack: SquareBlock where Vector: ExchangingVector {
  static var rows: Int { get }
  /// Reads the rows from `first` on.
  init(_ source: some RegisterRows<Vector>, first: Int)
  /// Each row after the exchange with the same row of `other`, which lies `distance` rows further down.
  func exchanged(with other: Self, distance: Int) -> (Self, Self)
}

extension RowStack {
  @inline(__always) init(_ source: some BlockRows<Vector>) { self.init(source, first: 0) }
}

/// One row.
struct SingleRow<Vector: ExchangingVector>: RowStack {
  var value: Vector

  @inline(__always) static var rows: Int { 1 }
  @inline(__always) init(_ value: Vector) { self.value = value }

  @inline(__always)
  init(_ source: some RegisterRows<Vector>, first: Int) { value = source[first] }

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
  init(_ source: some RegisterRows<Vector>, first: Int) {
    top = Half(source, first: first)
    bottom = Half(source, first: first + Half.rows)
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

  /// With every square of `rows` scalars along them transposed.
  @inline(__always)
  var transposed: Self {
    let (upper, lower) = top.exchanged(with: bottom, distance: Half.rows)
    return Self(top: upper.transposed, bottom: lower.transposed)
  }
}

/// A register type that knows the square block of its width.
protocol TransposableVector: ExchangingVector {
  /// `width` rows of one register.
  associatedtype Block: SquareBlock where Block.Vector == Self
}

extension TransposableVector {
  /// Writes the transpose of a block: `count <= width` rows of `width` scalars, `stride` apart, become `width` rows
  /// of `width` scalars, `targetStride` apart, of which the first `count` lanes count.
  @inline(__always)
  static func transposeBlock(
    _ source: UnsafePointer<Scalar>, stride: Int, count: Int, into target: UnsafeMutablePointer<Scalar>,
    targetStride: Int
  ) {
    Block(StridedRows(source: source, stride: stride, count: count)).transposed.store(
      target, stride: targetStride)
  }

  /// The same for rows that start at `source + offsets[row]`.
  @inline(__always)
  static func transposeBlock(
    _ source: UnsafePointer<Scalar>, offsets: UnsafePointer<Int>, count: Int,
    into target: UnsafeMutablePointer<Scalar>, targetStride: Int
  ) {
    Block(ScatteredRows(source: source, offsets: offsets, count: count)).transposed.store(
      target, stride: targetStride)
  }
}

typealias TwoRows<Vector: ExchangingVector> = Stacked<SingleRow<Vector>>
typealias FourRows<Vector: ExchangingVector> = Stacked<TwoRows<Vector>>
typealias EightRows<Vector: ExchangingVector> = Stacked<FourRows<Vector>>
typealias SixteenRows<Vector: ExchangingVector> = Stacked<EightRows<Vector>>

#if APUS_AVX2
  /// A register that can be loaded by halves.
  protocol HalvedVector: ExchangingVector {
    static func load(halves low: UnsafePointer<Scalar>, _ high: UnsafePointer<Scalar>) -> Self
  }

  /// Half a register of each row, from `column` on, beside that of the row `distance` further down.
  struct HalvedRows<Rows: BlockRows>: RegisterRows where Rows.Vector: HalvedVector {
    let rows: Rows
    let distance: Int
    let column: Int

    @inline(__always)
    subscript(row: Int) -> Rows.Vector {
      Rows.Vector.load(halves: rows.start(row) + column, rows.start(row + distance) + column)
    }
  }

  /// A block whose first exchange is made by the loads: between halves of registers, every row of it would take an instruction of
  /// eight micro-operations (Zen 1).
  struct HalvedBlock<Half: RowStack>: SquareBlock where Half.Vector: HalvedVector {
    typealias Vector = Half.Vector

    var top: Half
    var bottom: Half

    @inline(__always)
    init(top: Half, bottom: Half) {
      self.top = top
      self.bottom = bottom
    }

    @inline(__always)
    init(_ source: some BlockRows<Half.Vector>) {
      top = Half(HalvedRows(rows: source, distance: Half.rows, column: 0), first: 0)
      bottom = Half(HalvedRows(rows: source, distance: Half.rows, column: Half.rows), first: 0)
    }

    @inline(__always) var transposed: Self { Self(top: top.transposed, bottom: bottom.transposed) }

    @inline(__always)
    func store(_ target: UnsafeMutablePointer<Half.Vector.Scalar>, stride: Int) {
      top.store(target, stride: stride)
      bottom.store(target + Half.rows * stride, stride: stride)
    }
  }
#endif

/// A register that can exchange scalars with another.
protocol ExchangingVector: KernelVector {
  /// Two rows that lie `distance` apart in a square of twice that size, after the squares of `distance` off the diagonal have
  /// changed places: `self` gets from `other` what stands `distance` further to the left there.
  ///
  /// In squares of four Floats (distances of 2 and 1) the first and the second halves of the two rows, scalar by scalar in turns.
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
      default:
        let upper = Self.shuffled(self, other, .init(0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29))
        return (upper, Self.shuffled(self, other, .init(2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31)))
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
  extension FloatVector: ExchangingVector, HalvedVector, TransposableVector {
    typealias Block = HalvedBlock<FourRows<Self>>

    @inline(__always)
    static func load(halves low: UnsafePointer<Float>, _ high: UnsafePointer<Float>) -> Self {
      Float.whole(loadRegister(low) as SIMD4<Float>, loadRegister(high))
    }

    @inline(__always)
    func exchanged(with other: Self, distance: Int) -> (Self, Self) {
      let upper = Self.shuffled(self, other, .init(0, 8, 1, 9, 4, 12, 5, 13))
      return (upper, Self.shuffled(self, other, .init(2, 10, 3, 11, 6, 14, 7, 15)))
    }
  }

  extension DoubleVector: ExchangingVector, HalvedVector, TransposableVector {
    typealias Block = HalvedBlock<TwoRows<Self>>

    @inline(__always)
    static func load(halves low: UnsafePointer<Double>, _ high: UnsafePointer<Double>) -> Self {
      Double.whole(loadRegister(low) as SIMD2<Double>, loadRegister(high))
    }

    @inline(__always)
    func exchanged(with other: Self, distance: Int) -> (Self, Self) {
      (Self.shuffled(self, other, .init(0, 4, 2, 6)), Self.shuffled(self, other, .init(1, 5, 3, 7)))
    }
  }
#elseif APUS_AVX2
  extension FloatVector: ExchangingVector, HalvedVector, TransposableVector {
    typealias Block = HalvedBlock<FourRows<Self>>

    @inline(__always)
    static func load(halves low: UnsafePointer<Float>, _ high: UnsafePointer<Float>) -> Self {
      Float.whole(loadRegister(low) as SIMD4<Float>, loadRegister(high))
    }

    @inline(__always)
    func exchanged(with other: Self, distance: Int) -> (Self, Self) {
      let upper = Self.shuffled(self, other, .init(0, 8, 1, 9, 4, 12, 5, 13))
      return (upper, Self.shuffled(self, other, .init(2, 10, 3, 11, 6, 14, 7, 15)))
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
      (Self.shuffled(self, other, .init(0, 4, 1, 5)), Self.shuffled(self, other, .init(2, 6, 3, 7)))
    }
  }

  extension DoubleVector: ExchangingVector, TransposableVector {
    typealias Block = TwoRows<Self>

    @inline(__always)
    func exchanged(with other: Self, distance: Int) -> (Self, Self) {
      (Self.shuffled(self, other, .init(0, 2)), Self.shuffled(self, other, .init(1, 3)))
    }
  }
#endif
