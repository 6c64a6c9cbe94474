// The register tile: the part of C that stays in registers while the loop over k runs.
//
// A tile of MR rows and NR columns does MR·NR multiply-adds for MR + NR loads, so it should be as large as the register
// file allows: with the 32 registers of AVX-512, 14 rows of two registers (28) leave 2 for a row of B and 2 spare.
//
// An array of accumulators, `InlineArray` too, does not stay in registers once a loop walks it. A *type* does: a row is
// a struct of one or two registers, and a taller tile is two shorter ones, one above the other. Every member is forced
// inline, so what is left for the optimizer is straight-line code on named values: 28 `vfmadd231ps` on 28 registers and
// not one spill. The number of rows is part of the type, so one source gives every height that an edge needs.

/// Some rows of a tile of C, held in registers.
protocol RegisterTile {
  associatedtype Vector: KernelVector

  /// Rows in the tile.
  static var rows: Int { get }
  /// Registers in a row.
  static var vectors: Int { get }

  /// A tile of zeros.
  init()

  /// Adds the outer product of one column of A, whose scalars stand at `a`, `a + stride`, …, and one row of B.
  mutating func accumulate(_ a: UnsafePointer<Vector.Scalar>, stride: Int, _ b: RowOfB<Vector>)

  /// Writes the tile to memory.
  func store(_ c: UnsafeMutablePointer<Vector.Scalar>, rowStride: Int)

  /// Adds the tile to what memory holds.
  func add(to c: UnsafeMutablePointer<Vector.Scalar>, rowStride: Int)

  /// Writes `tile + bias`, the bias being one value a row.
  func store(_ c: UnsafeMutablePointer<Vector.Scalar>, rowStride: Int, rowBias: UnsafePointer<Vector.Scalar>)

  /// Writes `max(tile + bias, floor)`, the bias being one value a row plus one value a column.
  func store(
    _ c: UnsafeMutablePointer<Vector.Scalar>, rowStride: Int, rowBias: UnsafePointer<Vector.Scalar>,
    columnBias: RowOfB<Vector>, floor: Vector)
}

/// Up to two registers of a row of B.
struct RowOfB<Vector: KernelVector> {
  var left: Vector
  var right: Vector

  @inline(__always)
  init(left: Vector, right: Vector) {
    self.left = left
    self.right = right
  }

  /// Reads `vectors` registers.
  @inline(__always)
  init(_ source: UnsafePointer<Vector.Scalar>, vectors: Int) {
    left = Vector.load(source)
    right = vectors == 2 ? Vector.load(source + Vector.width) : left
  }
}

/// One row, one register wide: for the last columns of a matrix, and for narrow ones.
struct NarrowRow<Vector: KernelVector>: RegisterTile {
  var value: Vector

  @inline(__always) static var rows: Int { 1 }
  @inline(__always) static var vectors: Int { 1 }
  @inline(__always) init() { value = Vector(repeating: 0) }

  @inline(__always)
  mutating func accumulate(_ a: UnsafePointer<Vector.Scalar>, stride: Int, _ b: RowOfB<Vector>) {
    value = value.adding(Vector(repeating: a[0]), times: b.left)
  }

  @inline(__always)
  func store(_ c: UnsafeMutablePointer<Vector.Scalar>, rowStride: Int) { value.store(c) }

  @inline(__always)
  func add(to c: UnsafeMutablePointer<Vector.Scalar>, rowStride: Int) { (Vector.load(c) + value).store(c) }

  @inline(__always)
  func store(_ c: UnsafeMutablePointer<Vector.Scalar>, rowStride: Int, rowBias: UnsafePointer<Vector.Scalar>) {
    (value + Vector(repeating: rowBias[0])).store(c)
  }

  @inline(__always)
  func store(
    _ c: UnsafeMutablePointer<Vector.Scalar>, rowStride: Int, rowBias: UnsafePointer<Vector.Scalar>,
    columnBias: RowOfB<Vector>, floor: Vector
  ) {
    (value + (columnBias.left + Vector(repeating: rowBias[0]))).raised(to: floor).store(c)
  }
}

/// One row, two registers wide: the full width NR.
struct WideRow<Vector: KernelVector>: RegisterTile {
  var left: Vector
  var right: Vector

  @inline(__always) static var rows: Int { 1 }
  @inline(__always) static var vectors: Int { 2 }
  @inline(__always)
  init() {
    left = Vector(repeating: 0)
    right = Vector(repeating: 0)
  }

  @inline(__always)
  mutating func accumulate(_ a: UnsafePointer<Vector.Scalar>, stride: Int, _ b: RowOfB<Vector>) {
    let factor = Vector(repeating: a[0])
    left = left.adding(factor, times: b.left)
    right = right.adding(factor, times: b.right)
  }

  @inline(__always)
  func store(_ c: UnsafeMutablePointer<Vector.Scalar>, rowStride: Int) {
    left.store(c)
    right.store(c + Vector.width)
  }

  @inline(__always)
  func add(to c: UnsafeMutablePointer<Vector.Scalar>, rowStride: Int) {
    (Vector.load(c) + left).store(c)
    (Vector.load(c + Vector.width) + right).store(c + Vector.width)
  }

  @inline(__always)
  func store(_ c: UnsafeMutablePointer<Vector.Scalar>, rowStride: Int, rowBias: UnsafePointer<Vector.Scalar>) {
    let bias = Vector(repeating: rowBias[0])
    (left + bias).store(c)
    (right + bias).store(c + Vector.width)
  }

  @inline(__always)
  func store(
    _ c: UnsafeMutablePointer<Vector.Scalar>, rowStride: Int, rowBias: UnsafePointer<Vector.Scalar>,
    columnBias: RowOfB<Vector>, floor: Vector
  ) {
    let bias = Vector(repeating: rowBias[0])
    (left + (columnBias.left + bias)).raised(to: floor).store(c)
    (right + (columnBias.right + bias)).raised(to: floor).store(c + Vector.width)
  }
}

/// Two tiles of any height, one above the other.
struct Plus<Top: RegisterTile, Bottom: RegisterTile>: RegisterTile where Top.Vector == Bottom.Vector {
  typealias Vector = Top.Vector

  var top: Top
  var bottom: Bottom

  @inline(__always) static var rows: Int { Top.rows + Bottom.rows }
  @inline(__always) static var vectors: Int { Top.vectors }
  @inline(__always)
  init() {
    top = Top()
    bottom = Bottom()
  }

  @inline(__always)
  mutating func accumulate(_ a: UnsafePointer<Vector.Scalar>, stride: Int, _ b: RowOfB<Vector>) {
    top.accumulate(a, stride: stride, b)
    bottom.accumulate(a + Top.rows * stride, stride: stride, b)
  }

  @inline(__always)
  func store(_ c: UnsafeMutablePointer<Vector.Scalar>, rowStride: Int) {
    top.store(c, rowStride: rowStride)
    bottom.store(c + Top.rows * rowStride, rowStride: rowStride)
  }

  @inline(__always)
  func add(to c: UnsafeMutablePointer<Vector.Scalar>, rowStride: Int) {
    top.add(to: c, rowStride: rowStride)
    bottom.add(to: c + Top.rows * rowStride, rowStride: rowStride)
  }

  @inline(__always)
  func store(_ c: UnsafeMutablePointer<Vector.Scalar>, rowStride: Int, rowBias: UnsafePointer<Vector.Scalar>) {
    top.store(c, rowStride: rowStride, rowBias: rowBias)
    bottom.store(c + Top.rows * rowStride, rowStride: rowStride, rowBias: rowBias + Top.rows)
  }

  @inline(__always)
  func store(
    _ c: UnsafeMutablePointer<Vector.Scalar>, rowStride: Int, rowBias: UnsafePointer<Vector.Scalar>,
    columnBias: RowOfB<Vector>, floor: Vector
  ) {
    top.store(c, rowStride: rowStride, rowBias: rowBias, columnBias: columnBias, floor: floor)
    bottom.store(
      c + Top.rows * rowStride, rowStride: rowStride, rowBias: rowBias + Top.rows, columnBias: columnBias,
      floor: floor)
  }
}

/// Two tiles of the same height, one above the other.
typealias Twice<Half: RegisterTile> = Plus<Half, Half>

extension KernelVector {
  /// `max(self, floor)`, lane by lane; a NaN stays, because it is not less than anything.
  @inline(__always)
  func raised(to floor: Self) -> Self { replacing(with: floor, where: self .< floor) }
}
