/// A matrix B that is multiplied from the left many times, packed once: the recurrent weights of a layer meet a new hidden
/// state in every time step, and packing them each time would cost as much as a product with a small batch.
struct PackedProduct<T: ComputeScalar> {
  private let columns: Int
  private let depth: Int
  private let blockDepth: Int
  private let packed: UnsafeMutablePointer<T>
  private let panel: Int
  /// Room for a packed left side.
  private let left: UnsafeMutablePointer<T>
  private let source: Matrix<T>

  /// Calls `body` with B packed for left sides of up to `rows` rows.
  @inline(__always)
  static func with(_ b: Matrix<T>, rows: Int, _ body: (PackedProduct) -> Void) {
    let table = kernels(T.self)
    let (mr, nr) = (table.tileRows, table.tileColumns)
    let limit = Blocking.shortDepth(tileColumns: nr, scalarBytes: MemoryLayout<T>.stride)
    let blockDepth = Blocking.equalDepth(of: b.rows, limit: limit)
    let blocks = max(1, (b.rows + blockDepth - 1) / blockDepth)
    // Packing may store one register over the end of a panel.
    let panel = blockDepth * nr + 16
    let panels = (b.columns + nr - 1) / nr
    let isVector = rows == 1
    let rightCount = isVector ? 0 : blocks * panels * panel
    let leftCount = isVector ? 0 : blocks * ((rows + mr - 1) / mr) * (blockDepth * mr + 16)
    Scratch.withScalars(rightCount + 16 + leftCount, of: T.self) { scratch in
      let product = PackedProduct(
        columns: b.columns, depth: b.rows, blockDepth: blockDepth, packed: scratch, panel: panel,
        left: scratch + roundUp(rightCount, 16), source: b)
      if !isVector {
        for block in 0..<blocks {
          let first = block * blockDepth
          for p in 0..<panels {
            table.packPanel(
              b.pointer + first * b.rowStride + p * nr * b.columnStride, lanes: min(nr, b.columns - p * nr),
              laneStride: b.columnStride, depth: min(blockDepth, b.rows - first), depthStride: b.rowStride, width: nr,
              into: scratch + (block * panels + p) * panel)
          }
        }
      }
      body(product)
    }
  }

  /// C = A B + beta C for `rows` rows of A, `stride` numbers apart, into C without gaps. `beta` is 0 or 1.
  func multiply(_ a: UnsafePointer<T>, rows: Int, stride: Int, into c: UnsafeMutablePointer<T>, beta: T = 0) {
    if rows == 1 {
      // A product with a vector reads B once anyway.
      return gemm(
        Matrix(unchecked: a, rows: 1, columns: depth, rowStride: max(stride, depth), columnStride: 1), source,
        into: MutableMatrix(unchecked: c, rows: 1, columns: columns, rowStride: columns, columnStride: 1), beta: beta)
    }
    let table = kernels(T.self)
    let (mr, nr) = (table.tileRows, table.tileColumns)
    let panels = (columns + nr - 1) / nr
    let panelsA = (rows + mr - 1) / mr
    let panelA = blockDepth * mr + 16
    let blocks = (depth + blockDepth - 1) / blockDepth
    for block in 0..<blocks {
      let first = block * blockDepth
      for p in 0..<panelsA {
        table.packPanel(
          a + p * mr * stride + first, lanes: min(mr, rows - p * mr), laneStride: stride,
          depth: min(blockDepth, depth - first), depthStride: 1, width: mr, into: left + (block * panelsA + p) * panelA)
      }
    }
    // Columns are independent: into how many parts they fall does not change a bit.
    let parts = max(1, min(panels, Threads.count, rows * columns * depth / 100_000))
    let perPart = (panels + parts - 1) / parts
    parallelFor(parts) { part in
      let range = part * perPart..<min(panels, (part + 1) * perPart)
      guard !range.isEmpty else { return }
      for block in 0..<blocks {
        table.gemmBlock(
          m: rows, n: min(columns, range.upperBound * nr) - range.lowerBound * nr,
          depth: min(blockDepth, depth - block * blockDepth), a: left + block * panelsA * panelA, panelStrideA: panelA,
          b: packed + (block * panels + range.lowerBound) * panel, panelStrideB: panel, c: c + range.lowerBound * nr,
          rowStride: columns, alpha: 1, beta: block == 0 ? beta : 1, rowBias: nil, columnBias: nil, activation: 0,
          slope: 0)
      }
    }
  }
}
