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

/// Where a tile stands, and what is done to it: the same for every tile shape.
struct TileTask<Vector: KernelVector> {
  var depth: Int
  var a: UnsafePointer<Vector.Scalar>
  /// For `DirectOperands`: scalars from one row of A to the next, and from one column to the next.
  var rowStrideA: Int
  var depthStrideA: Int
  var b: UnsafePointer<Vector.Scalar>
  /// For `DirectOperands`: where each row of B begins, counted from `b`.
  var offsets: UnsafePointer<Int>?
  /// For `PackingOperands`: scalars from one row of B to the next, and the panel that it is packed to. The next panel begins
  /// behind the row of this one.
  var rowStrideB = 0
  var panel: UnsafeMutablePointer<Vector.Scalar>
  /// For `PackedOperands`: one line for each step to ask for, of what the next panel is packed from.
  var ahead: UnsafePointer<Vector.Scalar>
  var aheadStride = 0
  var c: UnsafeMutablePointer<Vector.Scalar>
  var rowStride: Int
  /// Columns of the tile that exist.
  var columns: Int
  /// Whether the whole tile may be written: all its columns exist, or what hangs over is written again later.
  var isWhole = true
  /// The tile's first row and column in C, which the biases count from.
  var row: Int
  var column: Int
  /// Tiles of one shape that lie at equal distances, computed one after the other, and how much further each stands than the one
  /// before. With a depth of 9, entering and leaving a function for each would take as long as its multiply-adds.
  var count = 1
  var step = Step()

  struct Step {
    var a = 0
    var b = 0
    var c = 0
    var rows = 0
    var columns = 0
  }

  /// Goes on to the next of the tiles.
  @inline(__always)
  mutating func advance() {
    count -= 1
    a += step.a
    b += step.b
    c += step.c
    row += step.rows
    column += step.columns
  }
  /// Zeros for a tile without a bias, and room for one tile.
  var zeros: UnsafePointer<Vector.Scalar>
  var scratch: UnsafeMutablePointer<Vector.Scalar>

  /// Zeros at the beginning of the room: as many as a row or a column of a tile has.
  static var maximumSide: Int { max(registerTileRows, 2 * Vector.width) }

  /// A task at the first tile.
  @inline(__always)
  init(
    depth: Int, a: UnsafePointer<Vector.Scalar>, rowStrideA: Int = 1, depthStrideA: Int = registerTileRows,
    b: UnsafePointer<Vector.Scalar>, offsets: UnsafePointer<Int>? = nil, c: UnsafeMutablePointer<Vector.Scalar>,
    rowStride: Int, room: UnsafeMutablePointer<Vector.Scalar>
  ) {
    for index in 0..<Self.maximumSide { room[index] = 0 }
    (self.depth, self.a, self.rowStrideA, self.depthStrideA) = (depth, a, rowStrideA, depthStrideA)
    (self.b, self.offsets, self.c, self.rowStride) = (b, offsets, c, rowStride)
    (columns, row, column) = (2 * Vector.width, 0, 0)
    zeros = UnsafePointer(room)
    scratch = room + Self.maximumSide
    panel = room
    ahead = b
  }
}

/// Computes the tiles of a task, each over `depth` steps, and writes them.
///
/// Not inlined: each shape is a function of its own, small enough for the register allocator to do it justice.
@inline(never)
private func microKernel<Tile: RegisterTile, Source: OperandSource>(
  _: Tile.Type, _: Source.Type, _ task: UnsafeMutablePointer<TileTask<Tile.Vector>>,
  _ update: UnsafePointer<TileUpdate<Tile.Vector>>
) where Source.Vector == Tile.Vector {
  typealias V = Tile.Vector
  let nr = 2 * V.width
  while true {
    var tile = Tile()
    // C is wanted when the loop is through: it has that long to come.
    for row in 0..<Tile.rows {
      let last = task.pointee.c + (row * task.pointee.rowStride + V.width - 1)
      prefetchForWriting(last)
      if Tile.vectors == 2 { prefetchForWriting(last + V.width) }
    }
    var source = Source(UnsafePointer(task))
    for _ in 0..<task.pointee.depth {
      tile.accumulate(source.column, stride: source.columnStride, source.row(vectors: Tile.vectors))
      source.advance()
    }
    let c = task.pointee.c
    let rowStride = task.pointee.rowStride
    switch task.pointee.isWhole ? update.pointee.way : .general {
    case .plain:
      tile.store(c, rowStride: rowStride)
    case .sum:
      tile.add(to: c, rowStride: rowStride)
    case .rowBias:
      tile.store(c, rowStride: rowStride, rowBias: update.pointee.rowBias.unsafelyUnwrapped + task.pointee.row)
    case .layer:
      let column =
        (update.pointee.columnBias ?? task.pointee.zeros) + (update.pointee.columnBias == nil ? 0 : task.pointee.column)
      let left = V.load(column)
      tile.store(
        c, rowStride: rowStride,
        rowBias: update.pointee.rowBias.map { $0 + task.pointee.row } ?? task.pointee.zeros,
        columnBias: RowOfB(left: left, right: Tile.vectors == 2 ? V.load(column + V.width) : left),
        floor: V(repeating: update.pointee.activation == 1 ? 0 : -.infinity))
    case .general:
      tile.store(task.pointee.scratch, rowStride: nr)
      update.pointee.finish(
        task.pointee.scratch, tileStride: nr, rows: Tile.rows, columns: task.pointee.columns, c: c,
        rowStride: rowStride, row: task.pointee.row, column: task.pointee.column)
    }
    guard task.pointee.count > 1 else { return }
    task.pointee.advance()
  }
}

#if APUS_AVX512 || arch(arm64)
  /// The tile that fills the registers.
  private typealias FullTile<V: KernelVector> = Twice<
    Plus<Twice<Twice<WideRow<V>>>, Plus<Twice<WideRow<V>>, WideRow<V>>>
  >
#else
  /// The tile that fills the registers.
  private typealias FullTile<V: KernelVector> = Twice<Plus<Twice<WideRow<V>>, WideRow<V>>>
#endif

/// Chooses the tile whose height is the number of rows that exist, so that an edge of A costs no idle rows.
@inline(__always)
private func anyHeight<Row: RegisterTile, Source: OperandSource>(
  _: Row.Type, _: Source.Type, rows: Int, _ task: UnsafeMutablePointer<TileTask<Row.Vector>>,
  _ update: UnsafePointer<TileUpdate<Row.Vector>>
) where Source.Vector == Row.Vector {
  typealias R2 = Twice<Row>
  typealias R3 = Plus<R2, Row>
  typealias R4 = Twice<R2>
  typealias R6 = Twice<R3>
  typealias R7 = Plus<R4, R3>

  @inline(__always)
  func run<Tile: RegisterTile>(_: Tile.Type) where Tile.Vector == Row.Vector {
    microKernel(Tile.self, Source.self, task, update)
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

/// Loops 2 and 1 of the five: every tile of an `m × n` block of C, or of several `lines`.
@inline(__always)
func macroKernel<V: KernelVector, Source: OperandSource>(
  _: V.Type, _: Source.Type, m: Int, n: Int, depth: Int, a: UnsafePointer<V.Scalar>, rowStrideA: Int,
  depthStrideA: Int, panelStrideA: Int, b: UnsafePointer<V.Scalar>, panelStrideB: Int, offsets: UnsafePointer<Int>?,
  c: UnsafeMutablePointer<V.Scalar>, rowStride: Int, alpha: V.Scalar, beta: V.Scalar,
  rowBias: UnsafePointer<V.Scalar>?, columnBias: UnsafePointer<V.Scalar>?, activation: Int, slope: V.Scalar,
  rowsOutside: Bool, movesLeft: Bool, lines: ProductLines = ProductLines()
) where Source.Vector == V {
  let nr = 2 * V.width
  let mr = registerTileRows
  var update = TileUpdate<V>(
    alpha: alpha, beta: beta, rowBias: rowBias, columnBias: columnBias, activation: activation, slope: slope)
  // A narrow C without gaps: what a tile writes behind its last column is the beginning of the next row, which is written
  // later. Only the last rows of the block, behind which is nothing of ours, take the way of a tile in part.
  let isNarrow = n < nr && rowStride == n && beta == 0 && lines.count == 1
  withTileRoom(of: V.self) { room in
    var task = TileTask<V>(
      depth: depth, a: a, rowStrideA: rowStrideA, depthStrideA: depthStrideA, b: b, offsets: offsets, c: c,
      rowStride: rowStride, room: room)
    if isNarrow, let columnBias {
      // A whole tile reads a bias for each of its columns.
      let bias = task.scratch + mr * nr
      for column in 0..<nr { bias[column] = column < n ? columnBias[column] : 0 }
      update.columnBias = UnsafePointer(bias)
    }
    // Loop 2 over panels of B, each of which stays in the level-1 cache while all of A's panels pass by from level 2 in
    // loop 1: the usual order. Where B is the smaller one, loop 1 is outside, and each panel of A is fetched once. Of several
    // lines the same tile is computed in one after the other. In every order the innermost tiles of one shape are one task.
    let panelsA = (m + mr - 1) / mr
    let whole = n / nr
    let edges = ColumnEdges(n, lanes: V.width, movesLeft: movesLeft)
    let order = lines.count > 1 ? InnerLoop.lines : rowsOutside ? .columns : .rows
    let (outer, inner) =
      switch order {
      case .lines: (panelsA, whole + edges.count)
      case .columns: (panelsA, min(whole, 1) + edges.count)
      case .rows: (whole + edges.count, isNarrow ? panelsA : min(m / mr, 1) + min(m % mr, 1))
      }
    for i in 0..<outer {
      for j in 0..<inner {
        var (panelA, piece) = (i, j)
        switch order {
        case .lines:
          task.count = lines.count
          task.step = TileTask<V>.Step(b: lines.strideB, c: lines.strideC)
        case .columns:
          let isWhole = j == 0 && whole > 0
          task.count = isWhole ? whole : 1
          task.step = TileTask<V>.Step(b: panelStrideB, c: nr, columns: nr)
          piece = isWhole ? 0 : j - min(whole, 1) + whole
        case .rows:
          task.count = isNarrow || j > 0 ? 1 : max(1, m / mr)
          task.step = TileTask<V>.Step(a: panelStrideA, c: mr * rowStride, rows: mr)
          (panelA, piece) = (isNarrow ? j : j * (m / mr), i)
        }
        let (first, columns) = piece < whole ? (piece * nr, nr) : edges[piece - whole]
        let rows = min(mr, m - panelA * mr)
        task.row = panelA * mr
        task.a = a + panelA * panelStrideA
        task.column = first
        task.columns = columns
        task.b = b + (first % nr == 0 ? first / nr * panelStrideB : first)
        task.c = c + task.row * rowStride + first
        let width = columns > V.width ? nr : V.width
        task.isWhole = columns == width || (isNarrow && (m - task.row - rows + 1) * n >= width)
        if width == nr {
          anyHeight(WideRow<V>.self, Source.self, rows: rows, &task, &update)
        } else {
          anyHeight(NarrowRow<V>.self, Source.self, rows: rows, &task, &update)
        }
      }
    }
  }
}

/// What the innermost loop of the macro-kernel runs along.
private enum InnerLoop {
  case rows, columns, lines
}

/// Bs and Cs of one product with the same A, at equal distances: the rows of an image.
struct ProductLines {
  var count = 1
  var strideB = 0
  var strideC = 0
}

/// The tiles of the last columns, behind the whole ones.
///
/// A part of a tile where B is packed. Where it is not, the tile moves to the left, over columns that were computed already, and
/// gets the same values again: whole registers, and nothing behind B is read.
private struct ColumnEdges {
  let count: Int
  private let first: Int
  private let columns: Int

  @inline(__always)
  init(_ n: Int, lanes: Int, movesLeft: Bool) {
    let left = n % (2 * lanes)
    let overlaps = movesLeft && n >= lanes
    // Of between one and two registers of columns without a tile before them, each register is one.
    count = left == 0 ? 0 : overlaps && n == left && left > lanes ? 2 : 1
    columns = !overlaps ? left : left > lanes && n > left ? 2 * lanes : lanes
    first = n - columns
  }

  /// Where the tile begins, and how many of its columns exist.
  @inline(__always)
  subscript(_ index: Int) -> (first: Int, columns: Int) { (index == count - 1 ? first : 0, columns) }
}

/// Loops 2 and 1 for a B that is not packed yet: each panel is packed when it is met, by the first tile itself where its
/// rows are contiguous. With `panelStrideB` 0 all panels are packed to the same place: enough when A is this block alone.
@inline(__always)
func packingMacroKernel<V: TransposableVector>(
  _: V.Type, m: Int, n: Int, depth: Int, a: UnsafePointer<V.Scalar>, panelStrideA: Int, b: UnsafePointer<V.Scalar>,
  rowStrideB: Int, columnStrideB: Int, packed: UnsafeMutablePointer<V.Scalar>, panelStrideB: Int,
  c: UnsafeMutablePointer<V.Scalar>, rowStride: Int, alpha: V.Scalar, beta: V.Scalar,
  rowBias: UnsafePointer<V.Scalar>?, columnBias: UnsafePointer<V.Scalar>?, activation: Int, slope: V.Scalar
) {
  let nr = 2 * V.width
  let mr = registerTileRows
  var update = TileUpdate<V>(
    alpha: alpha, beta: beta, rowBias: rowBias, columnBias: columnBias, activation: activation, slope: slope)
  withTileRoom(of: V.self) { room in
    var task = TileTask<V>(depth: depth, a: a, b: b, c: c, rowStride: rowStride, room: room)
    task.rowStrideB = rowStrideB
    for panelB in 0..<(n + nr - 1) / nr {
      let source = b + panelB * nr * columnStrideB
      task.panel = packed + panelB * panelStrideB
      task.column = panelB * nr
      task.columns = min(nr, n - task.column)
      let width = task.columns > V.width ? nr : V.width
      task.isWhole = task.columns == width
      let packsInTile = m >= mr && task.columns == nr && columnStrideB == 1
      if !packsInTile {
        packLanes(
          V.self, source, lanes: task.columns, laneStride: columnStrideB, depth: depth, depthStride: rowStrideB,
          width: nr, into: task.panel)
      }
      for panelA in 0..<(m + mr - 1) / mr {
        task.row = panelA * mr
        task.a = a + panelA * panelStrideA
        task.c = c + task.row * rowStride + task.column
        if panelA == 0 && packsInTile {
          task.b = source
          microKernel(FullTile<V>.self, PackingOperands<V>.self, &task, &update)
          continue
        }
        task.b = UnsafePointer(task.panel)
        // The first two tiles from the packed panel ask for the next one's lines, a left and a right one to each row: all that comes
        // from memory while one tile packs would be more than a core can have under way.
        let asks = packsInTile && (panelA == 1 || panelA == 2)
        task.ahead = asks ? source + (nr + panelA * V.width - 1) : task.b
        task.aheadStride = asks ? rowStrideB : 0
        let rows = min(mr, m - task.row)
        if width == nr {
          anyHeight(WideRow<V>.self, PackedOperands<V>.self, rows: rows, &task, &update)
        } else {
          anyHeight(NarrowRow<V>.self, PackedOperands<V>.self, rows: rows, &task, &update)
        }
      }
    }
  }
}

/// Calls `body` with room on the stack for a tile, the zeros of a tile without a bias and a row.
///
/// The room is a variable: a temporary allocation of this size would be made on the heap, which a small product feels.
@inline(__always)
private func withTileRoom<V: KernelVector>(of _: V.Type, _ body: (UnsafeMutablePointer<V.Scalar>) -> Void) {
  var room = Twice<FullTile<V>>()
  withUnsafeMutablePointer(to: &room) { body(UnsafeMutableRawPointer($0).assumingMemoryBound(to: V.Scalar.self)) }
}
