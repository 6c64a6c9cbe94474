/// A patch product whose weights are read where they lie, and whose pixels are whole registers and one or two more.
///
/// 7×7 pixels are three registers of sixteen lanes and one pixel. A fourth register would be computed for that one, a quarter of
/// the work; with channels in the lanes (TurnedProduct.swift) no lane is idle, but every weight is turned round. Here the whole
/// registers are a product of the weights, a scalar at a time, with packed patches; and the odd pixel is a product of the same rows of
/// weights, which lie in the level-2 cache then, with a vector. Weights come from memory once and are never copied.
struct OddPixelProduct<T: ComputeScalar> {
  let product: PatchProduct
  private let table: any Kernels<T>.Type
  /// Pixels in whole registers.
  private let even: Int

  private var depth: Int { product.offsets.count }
  private var pixels: Int { product.rows * product.columns }
  private var panels: Int { (even + table.tileColumns - 1) / table.tileColumns }
  private var panelSize: Int { depth * table.tileColumns + 16 }
  /// Rows of the product that are computed together.
  private var rowsPerPart: Int { table.tileRows }

  /// The product of one image, or nil where the turned way is faster or memory would not follow.
  ///
  /// Counted in multiply-adds of a register as in `isFasterTurned`: a vector's product takes half as much again, for each of its
  /// multiply-adds waits for a load.
  init?(_ product: PatchProduct) {
    table = kernels(T.self)
    self.product = product
    let w = table.tileColumns / 2
    let pixels = product.rows * product.columns
    let (registers, odd) = pixels.quotientAndRemainder(dividingBy: w)
    even = registers * w
    let depth = product.offsets.count
    // The rows of weights that wait for the odd pixel fill at most half of the level-2 cache.
    guard
      odd > 0, odd <= 2, registers > 0, product.m >= 4 * table.tileRows,
      table.tileRows * depth * MemoryLayout<T>.stride <= Processor.current.level2Cache / 2
    else { return nil }
    let here = Double(registers) * Double(depth + 2) + 1.5 * Double(odd * depth) / Double(w)
    let turned = (Double(pixels) * Double(depth + 2) + 7 * Double(depth) + 8 * Double(pixels)) / Double(w)
    guard here < 0.97 * turned else { return nil }
  }

  /// Computes all of C, `[m, pixels]`, of one laid-out image.
  func run(
    _ source: UnsafePointer<T>, weight: UnsafePointer<T>, into c: UnsafeMutablePointer<T>, bias: UnsafePointer<T>?,
    activation: Int, slope: T
  ) {
    let nr = table.tileColumns
    let odd = pixels - even
    let steps = (0..<depth).map { $0 * nr }
    Scratch.withScalars(panels * panelSize + odd * depth, of: T.self) { packed in
      let vectors = packed + panels * panelSize
      product.offsets.withUnsafeBufferPointer { offsets in
        pack(source, offsets.baseAddress!, into: packed, vectors: vectors)
      }
      steps.withUnsafeBufferPointer { steps in
        parallelFor((product.m + rowsPerPart - 1) / rowsPerPart) { part in
          let row = part * rowsPerPart
          let rows = min(rowsPerPart, product.m - row)
          let a = weight + row * depth
          let target = c + row * pixels
          table.gemmDirect(
            m: rows, n: even, depth: depth, a: a, rowStrideA: depth, depthStrideA: 1, panelStrideA: 0, b: packed,
            panelStrideB: panelSize, offsets: steps.baseAddress!, c: target, rowStride: pixels, alpha: 1, beta: 0,
            rowBias: bias.map { $0 + row }, columnBias: nil, activation: activation, slope: slope, rowsOutside: false)
          withUnsafeTemporaryAllocation(of: T.self, capacity: rows) { sums in
            for index in 0..<odd {
              table.gemvRows(
                m: rows, k: depth, a: a, rowStride: depth, x: vectors + index * depth, y: sums.baseAddress!)
              for r in 0..<rows {
                let value = sums[r] + (bias.map { $0[row + r] } ?? 0)
                target[r * pixels + even + index] =
                  value < 0 && activation > 0 ? (activation == 1 ? 0 : slope * value) : value
              }
            }
          }
        }
      }
    }
  }

  /// Packs the patches of the whole registers as panels, and those of each odd pixel as a vector.
  private func pack(
    _ source: UnsafePointer<T>, _ offsets: UnsafePointer<Int>, into packed: UnsafeMutablePointer<T>,
    vectors: UnsafeMutablePointer<T>
  ) {
    let nr = table.tileColumns
    let perPart = 512
    parallelFor((depth + perPart - 1) / perPart) { part in
      let first = part * perPart
      let count = min(perPart, depth - first)
      for panel in 0..<panels {
        table.packPatches(
          source, offsets: offsets + first, depth: count, firstPixel: panel * nr, lanes: min(nr, even - panel * nr),
          columns: product.columns, rowStride: product.rowStride, width: nr,
          into: packed + panel * panelSize + first * nr)
      }
      for pixel in even..<pixels {
        let (row, column) = pixel.quotientAndRemainder(dividingBy: product.columns)
        let from = source + row * product.rowStride + column
        let vector = vectors + (pixel - even) * depth
        for k in first..<first + count { vector[k] = from[offsets[k]] }
      }
    }
  }
}
