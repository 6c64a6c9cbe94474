// Where the micro-kernel takes A and B from: packed, packed on the way, or read where they lie.

/// Where A and B come from while the loop over k runs.
protocol OperandSource {
  associatedtype Vector: KernelVector
  init(_ task: UnsafePointer<TileTask<Vector>>)
  /// The column of A at this step.
  var column: UnsafePointer<Vector.Scalar> { get }
  /// Scalars from one row of A to the next.
  var columnStride: Int { get }
  /// The row of B at this step, `vectors` registers of it.
  func row(vectors: Int) -> RowOfB<Vector>
  /// Goes on to the next step.
  mutating func advance()
}

/// Both packed: the columns of A and the rows of B follow one another.
struct PackedOperands<Vector: KernelVector>: OperandSource {
  var column: UnsafePointer<Vector.Scalar>
  var rows: UnsafePointer<Vector.Scalar>

  @inline(__always) var columnStride: Int { 1 }

  @inline(__always)
  init(_ task: UnsafePointer<TileTask<Vector>>) {
    column = task.pointee.a
    rows = task.pointee.b
  }

  @inline(__always)
  func row(vectors: Int) -> RowOfB<Vector> { RowOfB(rows, vectors: vectors) }

  @inline(__always)
  mutating func advance() {
    column += registerTileRows
    rows += 2 * Vector.width
  }
}

/// A packed, B where it lies, and packed on the way: each row of B that is read is written to its panel too, for the
/// tiles below, which find it there. Among the tile's multiply-adds the two stores cost nothing, where a pass of its own
/// waits for memory with idle multipliers.
struct PackingOperands<Vector: KernelVector>: OperandSource {
  var column: UnsafePointer<Vector.Scalar>
  var source: UnsafePointer<Vector.Scalar>
  var rowStride: Int
  var panel: UnsafeMutablePointer<Vector.Scalar>

  @inline(__always) var columnStride: Int { 1 }

  @inline(__always)
  init(_ task: UnsafePointer<TileTask<Vector>>) {
    column = task.pointee.a
    source = task.pointee.b
    rowStride = task.pointee.rowStrideB
    panel = task.pointee.panel
  }

  @inline(__always)
  func row(vectors: Int) -> RowOfB<Vector> {
    let row = RowOfB<Vector>(source, vectors: 2)
    row.left.store(panel)
    row.right.store(panel + Vector.width)
    return row
  }

  @inline(__always)
  mutating func advance() {
    column += registerTileRows
    source += rowStride
    panel += 2 * Vector.width
  }
}

/// Both read where they lie: A at any strides, row k of B at `b + offsets[k]`.
///
/// What packing costs is only earned back when it is read several times, so this serves small products, and
/// convolutions: the rows of B are then the pixels of an image, seen through one tap of the kernel each.
struct DirectOperands<Vector: KernelVector>: OperandSource {
  var column: UnsafePointer<Vector.Scalar>
  var columnStride: Int
  var depthStride: Int
  var rows: UnsafePointer<Vector.Scalar>
  var offset: UnsafePointer<Int>

  @inline(__always)
  init(_ task: UnsafePointer<TileTask<Vector>>) {
    column = task.pointee.a
    columnStride = task.pointee.rowStrideA
    depthStride = task.pointee.depthStrideA
    rows = task.pointee.b
    offset = task.pointee.offsets.unsafelyUnwrapped
  }

  @inline(__always)
  func row(vectors: Int) -> RowOfB<Vector> { RowOfB(rows + offset.pointee, vectors: vectors) }

  @inline(__always)
  mutating func advance() {
    column += depthStride
    offset += 1
  }
}
