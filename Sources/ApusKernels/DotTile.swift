// Products with few columns: C = A · Bᵀ where the rows of both are contiguous along k, and the registers lie along k.
//
// A register tile has as many columns as its registers have lanes, so a product of ten columns, the last layer of many a small
// network, leaves six of sixteen lanes idle. Here each number of C is a dot product whose lanes are added up at the end, and no lane
// is idle, whatever n is. Two rows of A meet up to five rows of Bᵀ (ten where there are 32 registers): ten multiply-adds for seven
// loads, and as many chains as hide their latency.

/// The dot products of two rows with some columns.
private protocol DotTile {
  associatedtype Vector: KernelVector

  static var columns: Int { get }

  init()

  /// Adds the products of one register of either row and one of each column; columns are `stride` apart.
  mutating func accumulate(_ upper: Vector, _ lower: Vector, _ b: UnsafePointer<Vector.Scalar>, stride: Int)

  /// The same with the first `count` lanes of the columns; the other lanes of the rows must be 0.
  mutating func accumulate(_ upper: Vector, _ lower: Vector, _ b: UnsafePointer<Vector.Scalar>, stride: Int, count: Int)

  /// Writes a sum for each row and column.
  func store(_ upper: UnsafeMutablePointer<Vector.Scalar>, _ lower: UnsafeMutablePointer<Vector.Scalar>)
}

private struct DotColumn<Vector: KernelVector>: DotTile {
  var upper: Vector
  var lower: Vector

  @inline(__always) static var columns: Int { 1 }

  @inline(__always)
  init() {
    upper = Vector(repeating: 0)
    lower = Vector(repeating: 0)
  }

  @inline(__always)
  mutating func accumulate(_ upper: Vector, _ lower: Vector, _ b: UnsafePointer<Vector.Scalar>, stride: Int) {
    let column = Vector.load(b)
    self.upper = self.upper.adding(upper, times: column)
    self.lower = self.lower.adding(lower, times: column)
  }

  @inline(__always)
  mutating func accumulate(
    _ upper: Vector, _ lower: Vector, _ b: UnsafePointer<Vector.Scalar>, stride: Int, count: Int
  ) {
    let column = Vector.load(b, count: count)
    self.upper = self.upper.adding(upper, times: column)
    self.lower = self.lower.adding(lower, times: column)
  }

  @inline(__always)
  func store(_ upper: UnsafeMutablePointer<Vector.Scalar>, _ lower: UnsafeMutablePointer<Vector.Scalar>) {
    upper.pointee = self.upper.laneSum
    lower.pointee = self.lower.laneSum
  }
}

/// Two groups of columns, one beside the other.
private struct Beside<Left: DotTile, Right: DotTile>: DotTile where Left.Vector == Right.Vector {
  typealias Vector = Left.Vector

  var left: Left
  var right: Right

  @inline(__always) static var columns: Int { Left.columns + Right.columns }

  @inline(__always)
  init() {
    left = Left()
    right = Right()
  }

  @inline(__always)
  mutating func accumulate(_ upper: Vector, _ lower: Vector, _ b: UnsafePointer<Vector.Scalar>, stride: Int) {
    left.accumulate(upper, lower, b, stride: stride)
    right.accumulate(upper, lower, b + Left.columns * stride, stride: stride)
  }

  @inline(__always)
  mutating func accumulate(
    _ upper: Vector, _ lower: Vector, _ b: UnsafePointer<Vector.Scalar>, stride: Int, count: Int
  ) {
    left.accumulate(upper, lower, b, stride: stride, count: count)
    right.accumulate(upper, lower, b + Left.columns * stride, stride: stride, count: count)
  }

  @inline(__always)
  func store(_ upper: UnsafeMutablePointer<Vector.Scalar>, _ lower: UnsafeMutablePointer<Vector.Scalar>) {
    left.store(upper, lower)
    right.store(upper + Left.columns, lower + Left.columns)
  }
}

/// Two rows of A, the columns of B that a tile begins at, and where their sums go.
private struct DotTask<V: KernelVector> {
  var depth: Int
  var upper: UnsafePointer<V.Scalar>
  var lower: UnsafePointer<V.Scalar>
  var b: UnsafePointer<V.Scalar>
  var columnStride: Int
  var upperSums: UnsafeMutablePointer<V.Scalar>
  var lowerSums: UnsafeMutablePointer<V.Scalar>

  /// Not inlined: each width is a function of its own, as with the register tiles.
  @inline(never)
  private func run<Tile: DotTile>(_: Tile.Type) where Tile.Vector == V {
    var tile = Tile()
    var k = 0
    while k + V.width <= depth {
      tile.accumulate(V.load(upper + k), V.load(lower + k), b + k, stride: columnStride)
      k += V.width
    }
    if k < depth {
      let rest = depth - k
      tile.accumulate(
        V.load(upper + k, count: rest), V.load(lower + k, count: rest), b + k, stride: columnStride, count: rest)
    }
    tile.store(upperSums, lowerSums)
  }

  /// Columns that a tile has at most.
  @inline(__always)
  static var maximumColumns: Int {
    #if APUS_AVX512 || arch(arm64)
      10
    #else
      5
    #endif
  }

  @inline(__always)
  func run(columns: Int) {
    typealias C1 = DotColumn<V>
    typealias C2 = Beside<C1, C1>
    typealias C3 = Beside<C2, C1>
    typealias C4 = Beside<C2, C2>
    typealias C5 = Beside<C3, C2>
    switch columns {
    case 1: run(C1.self)
    case 2: run(C2.self)
    case 3: run(C3.self)
    case 4: run(C4.self)
    #if APUS_AVX512 || arch(arm64)
      case 5: run(C5.self)
      case 6: run(Beside<C3, C3>.self)
      case 7: run(Beside<C4, C3>.self)
      case 8: run(Beside<C4, C4>.self)
      case 9: run(Beside<C5, C4>.self)
      default: run(Beside<C5, C5>.self)
    #else
      default: run(C5.self)
    #endif
    }
  }
}

/// Columns that `multiplyDots` takes at most: as many sums as it has room for.
private var maximumDotColumns: Int { 64 }

@inline(__always)
private func multiplyDots<V: KernelVector>(
  _: V.Type, m: Int, n: Int, depth: Int, a: UnsafePointer<V.Scalar>, rowStrideA: Int, b: UnsafePointer<V.Scalar>,
  columnStrideB: Int, c: UnsafeMutablePointer<V.Scalar>, rowStride: Int, update: TileUpdate<V>
) {
  // Two rows of sums for what is done to them on their way to C, and for a row that does not exist.
  withUnsafeTemporaryAllocation(of: V.Scalar.self, capacity: 2 * maximumDotColumns + V.width) { room in
    let sums = room.baseAddress!
    let parts = (n + DotTask<V>.maximumColumns - 1) / DotTask<V>.maximumColumns
    var row = 0
    while row < m {
      let rows = min(2, m - row)
      let upper = a + row * rowStrideA
      let (upperRow, lowerRow) =
        update.way == .plain
        ? (c + row * rowStride, rows == 2 ? c + (row + 1) * rowStride : sums) : (sums, sums + maximumDotColumns)
      for part in 0..<parts {
        // As equal as they can be: a tile of one column would wait for its own sums.
        let column = part * n / parts
        DotTask<V>(
          depth: depth, upper: upper, lower: rows == 2 ? upper + rowStrideA : upper, b: b + column * columnStrideB,
          columnStride: columnStrideB, upperSums: upperRow + column, lowerSums: lowerRow + column
        ).run(columns: (part + 1) * n / parts - column)
      }
      if update.way != .plain {
        update.finish(
          sums, tileStride: maximumDotColumns, rows: rows, columns: n, c: c + row * rowStride, rowStride: rowStride,
          row: row, column: 0)
      }
      row += 2
    }
  }
}

extension FloatKernels {
  /// Columns that `gemmDots` takes at most.
  public static var dotColumns: Int { maximumDotColumns }

  /// `C = activation(alpha · A · B + beta · C + bias)` for at most `dotColumns` columns of B, which, as the rows of A, are
  /// contiguous along k.
  public static func gemmDots(
    m: Int, n: Int, depth: Int, a: UnsafePointer<Float>, rowStrideA: Int, b: UnsafePointer<Float>, columnStrideB: Int,
    c: UnsafeMutablePointer<Float>, rowStride: Int, alpha: Float, beta: Float, rowBias: UnsafePointer<Float>?,
    columnBias: UnsafePointer<Float>?, activation: Int, slope: Float
  ) {
    multiplyDots(
      FloatVector.self, m: m, n: n, depth: depth, a: a, rowStrideA: rowStrideA, b: b, columnStrideB: columnStrideB,
      c: c,
      rowStride: rowStride,
      update: TileUpdate(
        alpha: alpha, beta: beta, rowBias: rowBias, columnBias: columnBias, activation: activation, slope: slope))
  }
}

extension DoubleKernels {
  /// Columns that `gemmDots` takes at most.
  public static var dotColumns: Int { maximumDotColumns }

  /// `C = activation(alpha · A · B + beta · C + bias)` for few columns; see `FloatKernels.gemmDots`.
  public static func gemmDots(
    m: Int, n: Int, depth: Int, a: UnsafePointer<Double>, rowStrideA: Int, b: UnsafePointer<Double>, columnStrideB: Int,
    c: UnsafeMutablePointer<Double>, rowStride: Int, alpha: Double, beta: Double, rowBias: UnsafePointer<Double>?,
    columnBias: UnsafePointer<Double>?, activation: Int, slope: Double
  ) {
    multiplyDots(
      DoubleVector.self, m: m, n: n, depth: depth, a: a, rowStrideA: rowStrideA, b: b, columnStrideB: columnStrideB,
      c: c,
      rowStride: rowStride,
      update: TileUpdate(
        alpha: alpha, beta: beta, rowBias: rowBias, columnBias: columnBias, activation: activation, slope: slope))
  }
}
