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

/// Both packed: the columns of A and the rows of B follow one another. With each step a line is asked for, into level 2.
struct PackedOperands<Vector: KernelVector>: OperandSource {
  var column: UnsafePointer<Vector.Scalar>
  var rows: UnsafePointer<Vector.Scalar>
  var ahead: UnsafePointer<Vector.Scalar>
  var aheadStride: Int

  @inline(__always) var columnStride: Int { 1 }

  @inline(__always)
  init(_ task: UnsafePointer<TileTask<Vector>>) {
    column = task.pointee.a
    rows = task.pointee.b
    ahead = task.pointee.ahead
    aheadStride = task.pointee.aheadStride
  }

  @inline(__always)
  func row(vectors: Int) -> RowOfB<Vector> {
    prefetchToLevel2(ahead)
    return RowOfB(rows, vectors: vectors)
  }

  @inline(__always)
  mutating func advance() {
    column += registerTileRows
    rows += 2 * Vector.width
    ahead += aheadStride
  }
}

/// A packed, B where it lies, and packed on the way: each row of B that is read is written to its panel too, for the
/// tiles below, which find it there. Among the tile's multiply-adds the two stores cost nothing, where a pass of its own
/// waits for memory with idle multipliers.
///
/// Two lines of each row are too short a stream for the hardware to see what comes next, and B may lie far away: rows are asked
/// for some steps ahead, and at the panel's end those that the next one begins with.
struct PackingOperands<Vector: KernelVector>: OperandSource {
  var column: UnsafePointer<Vector.Scalar>
  var source: UnsafePointer<Vector.Scalar>
  var rowStride: Int
  var panel: UnsafeMutablePointer<Vector.Scalar>
  /// The row to ask for, and how many steps from now it is one of the next panel.
  var ahead: UnsafePointer<Vector.Scalar>
  var next: UnsafePointer<Vector.Scalar>
  var rowsLeft: Int

  @inline(__always) var columnStride: Int { 1 }

  /// Steps from asking for a row to reading it: of 14 to 28 cycles each, while memory takes 300 to 400.
  @inline(__always) private static var lead: Int { 20 }

  @inline(__always)
  init(_ task: UnsafePointer<TileTask<Vector>>) {
    column = task.pointee.a
    source = task.pointee.b
    rowStride = task.pointee.rowStrideB
    panel = task.pointee.panel
    let lead = min(Self.lead, task.pointee.depth)
    ahead = source + lead * rowStride
    next = source + 2 * Vector.width
    rowsLeft = task.pointee.depth - lead
  }

  @inline(__always)
  func row(vectors: Int) -> RowOfB<Vector> {
    // Of the lines that a row touches, the first is there from the panel before: the last byte of each register counts.
    prefetch(ahead + (Vector.width - 1))
    prefetch(ahead + (2 * Vector.width - 1))
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
    rowsLeft -= 1
    ahead = rowsLeft == 0 ? next : ahead + rowStride
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
