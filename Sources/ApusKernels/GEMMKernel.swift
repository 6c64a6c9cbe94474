// The micro-kernel and the macro-kernel of C = activation(alpha · A · B + beta · C + bias), in BLIS's terms.
//
// Micro-kernel: one MR × NR tile of C, in registers, over the whole packed depth:
//
//                         NR
//                      ┌──────┐
//                      │ B    │ a row of the panel of B is NR/width registers
//                      │ panel│
//               k →    ├──────┤
//        ┌──────────┐  ├──────┤
//     MR │ A panel  │  │ tile │ MR · NR/width accumulators
//        └──────────┘  └──────┘
//
// Macro-kernel: all tiles of a block of C, from a packed block of A (MC × KC, in the level-2 cache) and a packed block
// of B (KC × NC).

// The tile has as many accumulators as the registers hold: with 32 registers (AVX-512, NEON) 14 rows of two, with 16
// (AVX2, SSE) 6 rows of two.

#if APUS_AVX512 || arch(arm64)
  /// MR: rows of the register tile.
  var registerTileRows: Int { 14 }
#else
  /// MR: rows of the register tile.
  var registerTileRows: Int { 6 }
#endif

/// Where the rows of B come from while the loop over k runs.
protocol RowSource {
  associatedtype Vector: KernelVector
  init(_ task: UnsafePointer<TileTask<Vector>>)
  /// The next row, `vectors` registers of it.
  mutating func next(vectors: Int) -> RowOfB<Vector>
}

/// A packed panel: the rows follow one another.
struct PackedRows<Vector: KernelVector>: RowSource {
  var pointer: UnsafePointer<Vector.Scalar>

  @inline(__always)
  init(_ task: UnsafePointer<TileTask<Vector>>) { pointer = task.pointee.b }

  @inline(__always)
  mutating func next(vectors: Int) -> RowOfB<Vector> {
    let left = Vector.load(pointer)
    let row = RowOfB(left: left, right: vectors == 2 ? Vector.load(pointer + Vector.width) : left)
    pointer += 2 * Vector.width
    return row
  }
}

/// Patches that are read where they lie, without packing: row k begins at `b + offsets[k]`. What packing costs is only
/// earned back when many rows of A use it, so this serves convolutions with few channels.
struct PatchRows<Vector: KernelVector>: RowSource {
  var pointer: UnsafePointer<Vector.Scalar>
  var offset: UnsafePointer<Int>

  @inline(__always)
  init(_ task: UnsafePointer<TileTask<Vector>>) {
    pointer = task.pointee.b
    offset = task.pointee.offsets.unsafelyUnwrapped
  }

  @inline(__always)
  mutating func next(vectors: Int) -> RowOfB<Vector> {
    let from = pointer + offset.pointee
    offset += 1
    let left = Vector.load(from)
    return RowOfB(left: left, right: vectors == 2 ? Vector.load(from + Vector.width) : left)
  }
}

/// Where a tile stands, and what is done to it: the same for every tile shape.
struct TileTask<Vector: KernelVector> {
  var depth: Int
  var a: UnsafePointer<Vector.Scalar>
  var b: UnsafePointer<Vector.Scalar>
  /// For `PatchRows`: where each row of B begins, counted from `b`.
  var offsets: UnsafePointer<Int>?
  var c: UnsafeMutablePointer<Vector.Scalar>
  var rowStride: Int
  var columns: Int
  /// The tile's first row and column in C, which the biases count from.
  var row: Int
  var column: Int
  /// Zeros for a tile without a row bias, and room for one tile.
  var zeros: UnsafePointer<Vector.Scalar>
  var scratch: UnsafeMutablePointer<Vector.Scalar>
}

/// Computes one tile over `depth` steps and writes it.
///
/// Not inlined: each shape is a function of its own, small enough for the register allocator to do it justice.
@inline(never)
private func microKernel<Tile: RegisterTile, Rows: RowSource>(
  _: Tile.Type, _: Rows.Type, _ task: UnsafePointer<TileTask<Tile.Vector>>,
  _ update: UnsafePointer<TileUpdate<Tile.Vector>>
) where Rows.Vector == Tile.Vector {
  typealias V = Tile.Vector
  let nr = 2 * V.width
  var tile = Tile()
  var a = task.pointee.a
  var rows = Rows(task)
  for _ in 0..<task.pointee.depth {
    tile.accumulate(a, rows.next(vectors: Tile.vectors))
    a += registerTileRows
  }
  let c = task.pointee.c
  let rowStride = task.pointee.rowStride
  if task.pointee.columns == Tile.vectors * V.width {
    if update.pointee.isPlain {
      tile.store(c, rowStride: rowStride)
      return
    }
    if update.pointee.isSum {
      tile.add(to: c, rowStride: rowStride)
      return
    }
    if update.pointee.isLayer {
      let column =
        (update.pointee.columnBias ?? task.pointee.zeros) + (update.pointee.columnBias == nil ? 0 : task.pointee.column)
      let left = V.load(column)
      tile.store(
        c, rowStride: rowStride,
        rowBias: update.pointee.rowBias.map { $0 + task.pointee.row } ?? task.pointee.zeros,
        columnBias: RowOfB(left: left, right: Tile.vectors == 2 ? V.load(column + V.width) : left),
        floor: V(repeating: update.pointee.activation == 1 ? 0 : -.infinity))
      return
    }
  }
  tile.store(task.pointee.scratch, rowStride: nr)
  update.pointee.finish(
    task.pointee.scratch, tileStride: nr, rows: Tile.rows, columns: task.pointee.columns, c: c, rowStride: rowStride,
    row: task.pointee.row, column: task.pointee.column)
}

/// Chooses the tile whose height is the number of rows that exist, so that an edge of A costs no idle rows.
@inline(__always)
private func anyHeight<Row: RegisterTile, Rows: RowSource>(
  _: Row.Type, _: Rows.Type, rows: Int, _ task: UnsafePointer<TileTask<Row.Vector>>,
  _ update: UnsafePointer<TileUpdate<Row.Vector>>
) where Rows.Vector == Row.Vector {
  typealias R2 = Twice<Row>
  typealias R3 = Plus<R2, Row>
  typealias R4 = Twice<R2>
  typealias R6 = Twice<R3>
  typealias R7 = Plus<R4, R3>

  @inline(__always)
  func run<Tile: RegisterTile>(_: Tile.Type) where Tile.Vector == Row.Vector {
    microKernel(Tile.self, Rows.self, task, update)
  }

  #if APUS_AVX512 || arch(arm64)
    switch rows {
    case 14: run(Twice<R7>.self)
    case 13: run(Plus<R7, R6>.self)
    case 12: run(Twice<R6>.self)
    case 11: run(Plus<R7, R4>.self)
    case 10: run(Plus<R6, R4>.self)
    case 9: run(Plus<R6, R3>.self)
    case 8: run(Twice<R4>.self)
    case 7: run(R7.self)
    case 6: run(R6.self)
    case 5: run(Plus<R3, R2>.self)
    case 4: run(R4.self)
    case 3: run(R3.self)
    case 2: run(R2.self)
    default: run(Row.self)
    }
  #else
    switch rows {
    case 6: run(R6.self)
    case 5: run(Plus<R3, R2>.self)
    case 4: run(R4.self)
    case 3: run(R3.self)
    case 2: run(R2.self)
    default: run(Row.self)
    }
  #endif
}

/// Loops 2 and 1 of the five: every tile of an `m × n` block of C.
@inline(__always)
private func macroKernel<V: KernelVector, Rows: RowSource>(
  _: V.Type, _: Rows.Type, m: Int, n: Int, depth: Int, a: UnsafePointer<V.Scalar>, panelStrideA: Int,
  b: UnsafePointer<V.Scalar>, panelStrideB: Int, offsets: UnsafePointer<Int>?, c: UnsafeMutablePointer<V.Scalar>,
  rowStride: Int, alpha: V.Scalar, beta: V.Scalar,
  rowBias: UnsafePointer<V.Scalar>?, columnBias: UnsafePointer<V.Scalar>?, activation: Int, slope: V.Scalar
) where Rows.Vector == V {
  let nr = 2 * V.width
  var update = TileUpdate<V>(
    alpha: alpha, beta: beta, rowBias: rowBias, columnBias: columnBias, activation: activation, slope: slope)
  // Zeros, then room for one tile: 14 rows of two registers at most, and the zeros are as many as a row or a column.
  withUnsafeTemporaryAllocation(
    byteCount: (32 + registerTileRows * nr) * MemoryLayout<V.Scalar>.stride, alignment: 64
  ) { room in
    let zeros = room.baseAddress!.assumingMemoryBound(to: V.Scalar.self)
    for index in 0..<32 { zeros[index] = 0 }
    var task = TileTask<V>(
      depth: depth, a: a, b: b, offsets: offsets, c: c, rowStride: rowStride, columns: nr, row: 0, column: 0,
      zeros: zeros,
      scratch: zeros + 32)
    // Loop 2, over panels of B: each stays in the level-1 cache while all of A's panels pass by.
    var jr = 0
    while jr < n {
      task.columns = min(nr, n - jr)
      task.column = jr
      task.b = b + jr / nr * panelStrideB
      // Loop 1, over panels of A: they stream from the level-2 cache.
      var ir = 0
      while ir < m {
        let rows = min(registerTileRows, m - ir)
        task.row = ir
        task.a = a + ir / registerTileRows * panelStrideA
        task.c = c + ir * rowStride + jr
        if task.columns > V.width {
          anyHeight(WideRow<V>.self, Rows.self, rows: rows, &task, &update)
        } else {
          anyHeight(NarrowRow<V>.self, Rows.self, rows: rows, &task, &update)
        }
        ir += registerTileRows
      }
      jr += nr
    }
  }
}

extension FloatKernels {
  /// MR: rows of the register tile, and of a panel of A.
  public static var tileRows: Int { registerTileRows }
  /// NR: columns of the register tile, and of a panel of B.
  public static var tileColumns: Int { 2 * FloatVector.width }

  /// `C = activation(alpha · A · B + beta · C + bias)` for packed A and B; `panelStride` is the distance of two panels.
  /// `activation` is 0 (none), 1 (ReLU) or 2 (leaky ReLU with `slope`).
  public static func gemmBlock(
    m: Int, n: Int, depth: Int, a: UnsafePointer<Float>, panelStrideA: Int, b: UnsafePointer<Float>,
    panelStrideB: Int, c: UnsafeMutablePointer<Float>, rowStride: Int, alpha: Float, beta: Float,
    rowBias: UnsafePointer<Float>?, columnBias: UnsafePointer<Float>?, activation: Int, slope: Float
  ) {
    macroKernel(
      FloatVector.self, PackedRows<FloatVector>.self, m: m, n: n, depth: depth, a: a, panelStrideA: panelStrideA, b: b,
      panelStrideB: panelStrideB,
      offsets: nil, c: c, rowStride: rowStride, alpha: alpha, beta: beta, rowBias: rowBias, columnBias: columnBias,
      activation: activation, slope: slope)
  }

  /// `C = activation(A · patches + row bias)`: `gemmBlock` with the patches read in place, row k of pixel p being
  /// `source[offsets[k] + p]`. Writes `n` columns rounded up to whole tiles, and reads as far.
  public static func gemmPatches(
    m: Int, n: Int, depth: Int, a: UnsafePointer<Float>, panelStrideA: Int, source: UnsafePointer<Float>,
    offsets: UnsafePointer<Int>, c: UnsafeMutablePointer<Float>, rowStride: Int, rowBias: UnsafePointer<Float>?,
    activation: Int, slope: Float
  ) {
    let nr = tileColumns
    macroKernel(
      FloatVector.self, PatchRows<FloatVector>.self, m: m, n: (n + nr - 1) / nr * nr, depth: depth, a: a,
      panelStrideA: panelStrideA, b: source, panelStrideB: nr, offsets: offsets, c: c, rowStride: rowStride, alpha: 1,
      beta: 0, rowBias: rowBias, columnBias: nil, activation: activation, slope: slope)
  }
}

extension DoubleKernels {
  /// MR: rows of the register tile, and of a panel of A.
  public static var tileRows: Int { registerTileRows }
  /// NR: columns of the register tile, and of a panel of B.
  public static var tileColumns: Int { 2 * DoubleVector.width }

  /// `C = activation(alpha · A · B + beta · C + bias)` for packed A and B; see `FloatKernels.gemmBlock`.
  public static func gemmBlock(
    m: Int, n: Int, depth: Int, a: UnsafePointer<Double>, panelStrideA: Int, b: UnsafePointer<Double>,
    panelStrideB: Int, c: UnsafeMutablePointer<Double>, rowStride: Int, alpha: Double, beta: Double,
    rowBias: UnsafePointer<Double>?, columnBias: UnsafePointer<Double>?, activation: Int, slope: Double
  ) {
    macroKernel(
      DoubleVector.self, PackedRows<DoubleVector>.self, m: m, n: n, depth: depth, a: a, panelStrideA: panelStrideA,
      b: b, panelStrideB: panelStrideB,
      offsets: nil, c: c, rowStride: rowStride, alpha: alpha, beta: beta, rowBias: rowBias, columnBias: columnBias,
      activation: activation, slope: slope)
  }

  /// `C = activation(A · patches + row bias)`: `gemmBlock` with the patches read in place, row k of pixel p being
  /// `source[offsets[k] + p]`. Writes `n` columns rounded up to whole tiles, and reads as far.
  public static func gemmPatches(
    m: Int, n: Int, depth: Int, a: UnsafePointer<Double>, panelStrideA: Int, source: UnsafePointer<Double>,
    offsets: UnsafePointer<Int>, c: UnsafeMutablePointer<Double>, rowStride: Int, rowBias: UnsafePointer<Double>?,
    activation: Int, slope: Double
  ) {
    let nr = tileColumns
    macroKernel(
      DoubleVector.self, PatchRows<DoubleVector>.self, m: m, n: (n + nr - 1) / nr * nr, depth: depth, a: a,
      panelStrideA: panelStrideA, b: source, panelStrideB: nr, offsets: offsets, c: c, rowStride: rowStride, alpha: 1,
      beta: 0, rowBias: rowBias, columnBias: nil, activation: activation, slope: slope)
  }
}
