// Transposing a square block of w×w scalars in w registers, w being the register's width.
//
// One step interleaves ("zips") the upper half of the rows with the lower half: row i and row i + w/2 become rows 2i
// and 2i + 1. After log2(w) such steps row i has become column i. Each zip is one two-source permutation, so a 16×16
// block of Float takes 64 instructions, a quarter of one for each scalar.
//
// As with the register tile, the rows live in a type and not in an array, because only a type stays in registers.

/// Some rows of a block, held in registers.
protocol RowStack {
  associatedtype Vector: KernelVector
  static var rows: Int { get }

  /// Reads row r at `source + r · stride`; a row from `count` on is read in place of the first (its lanes are unused).
  init(_ source: UnsafePointer<Vector.Scalar>, stride: Int, first: Int, count: Int)
  /// Reads row r at `source + offsets[r]`, likewise.
  init(_ source: UnsafePointer<Vector.Scalar>, offsets: UnsafePointer<Int>, first: Int, count: Int)
  /// Writes the rows `stride` scalars apart.
  func store(_ target: UnsafeMutablePointer<Vector.Scalar>, stride: Int)
  /// Zips this half of the rows with the other half.
  func zipped(with other: Self) -> Stacked<Self>
}

/// One row.
struct SingleRow<Vector: KernelVector>: RowStack {
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
  func zipped(with other: Self) -> Stacked<Self> {
    let (low, high) = value.zipped(with: other.value)
    return Stacked(top: Self(low), bottom: Self(high))
  }
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
  func zipped(with other: Self) -> Stacked<Self> {
    Stacked<Self>(top: top.zipped(with: other.top), bottom: bottom.zipped(with: other.bottom))
  }

  /// One step of the transposition.
  @inline(__always)
  var interleaved: Self { top.zipped(with: bottom) }
}

/// A register type that knows the square block of its width.
protocol TransposableVector: KernelVector {
  /// `width` rows of one register.
  associatedtype Block: RowStack where Block.Vector == Self
  /// The block with rows and columns exchanged: log2(width) steps.
  static func transposed(_ block: Block) -> Block
}

extension TransposableVector {
  /// Writes the transpose of a block: `count <= width` rows of `width` scalars, `stride` apart, become `width` rows
  /// of `width` scalars, `targetStride` apart, of which the first `count` lanes count.
  @inline(__always)
  static func transposeBlock(
    _ source: UnsafePointer<Scalar>, stride: Int, count: Int, into target: UnsafeMutablePointer<Scalar>,
    targetStride: Int
  ) {
    transposed(Block(source, stride: stride, first: 0, count: count)).store(target, stride: targetStride)
  }

  /// The same for rows that start at `source + offsets[row]`.
  @inline(__always)
  static func transposeBlock(
    _ source: UnsafePointer<Scalar>, offsets: UnsafePointer<Int>, count: Int,
    into target: UnsafeMutablePointer<Scalar>, targetStride: Int
  ) {
    transposed(Block(source, offsets: offsets, first: 0, count: count)).store(target, stride: targetStride)
  }
}

typealias TwoRows<Vector: KernelVector> = Stacked<SingleRow<Vector>>
typealias FourRows<Vector: KernelVector> = Stacked<TwoRows<Vector>>
typealias EightRows<Vector: KernelVector> = Stacked<FourRows<Vector>>
typealias SixteenRows<Vector: KernelVector> = Stacked<EightRows<Vector>>

#if APUS_AVX512
  extension FloatVector: TransposableVector {
    typealias Block = SixteenRows<Self>
    @inline(__always)
    static func transposed(_ block: Block) -> Block { block.interleaved.interleaved.interleaved.interleaved }
  }

  extension DoubleVector: TransposableVector {
    typealias Block = EightRows<Self>
    @inline(__always)
    static func transposed(_ block: Block) -> Block { block.interleaved.interleaved.interleaved }
  }
#elseif APUS_AVX2
  extension FloatVector: TransposableVector {
    typealias Block = EightRows<Self>
    @inline(__always)
    static func transposed(_ block: Block) -> Block { block.interleaved.interleaved.interleaved }
  }

  extension DoubleVector: TransposableVector {
    typealias Block = FourRows<Self>
    @inline(__always)
    static func transposed(_ block: Block) -> Block { block.interleaved.interleaved }
  }
#else
  extension FloatVector: TransposableVector {
    typealias Block = FourRows<Self>
    @inline(__always)
    static func transposed(_ block: Block) -> Block { block.interleaved.interleaved }
  }

  extension DoubleVector: TransposableVector {
    typealias Block = TwoRows<Self>
    @inline(__always)
    static func transposed(_ block: Block) -> Block { block.interleaved }
  }
#endif
