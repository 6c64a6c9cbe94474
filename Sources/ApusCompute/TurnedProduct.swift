/// A patch product with its operands exchanged: `Cᵀ[pixels × m] = patchesᵀ[pixels × taps] · Aᵀ[taps × m]`.
///
/// In the lanes of a register then stand channels and not pixels. Deep layers have hundreds of channels and few pixels, 7×7 for
/// example, which fill three registers of sixteen lanes and begin a fourth: a quarter of the multiply-adds would be
/// computed for nothing. The price is that the weights are turned round as they are packed, and the result once more. Each
/// panel of weights is packed right before it is multiplied with all pixels, so the weights are read from memory once and never
/// written back.
struct TurnedProduct<T: ComputeScalar> {
  let product: PatchProduct
  /// The weight of row i of A, channel o, tap t stands at `i · laneStride + o · outerStride + t`.
  let laneStride: Int
  let outerStride: Int
  let taps: Int
  private let table: any Kernels<T>.Type
  /// Channels whose taps make up one block of the depth.
  private let outersPerBlock: Int

  /// A product with `[m, channels · taps]` weights at the given strides, for `images` images, or nil where it would be slower.
  init?(_ product: PatchProduct, laneStride: Int, outerStride: Int, taps: Int, images: Int) {
    guard taps > 0 && product.isFasterTurned(T.self, images: images) else { return nil }
    self.product = product
    self.laneStride = laneStride
    self.outerStride = outerStride
    self.taps = taps
    table = kernels(T.self)
    // A panel of weights fills three quarters of the level-1 cache, and whole registers where channels follow one another.
    let depth = Processor.current.level1DataCache * 3 / 4 / (table.tileColumns * MemoryLayout<T>.stride)
    let outers = max(1, depth / taps)
    outersPerBlock = taps == 1 && outers > 16 ? outers / 16 * 16 : outers
  }

  private var outers: Int { product.offsets.count / taps }
  private var blocks: Int { (outers + outersPerBlock - 1) / outersPerBlock }
  private var pixels: Int { product.rows * product.columns }
  private var pixelPanels: Int { (pixels + table.tileRows - 1) / table.tileRows }
  /// Scalars of a packed panel of patches, and of one image's.
  private var panelSize: Int { outersPerBlock * taps * table.tileRows + 16 }
  private var imageSize: Int { blocks * pixelPanels * panelSize }
  /// Images whose patches are packed at a time: four MiB of them.
  private func imagesAtATime(_ images: Int) -> Int {
    max(1, min(images, (4 << 20) / (imageSize * MemoryLayout<T>.stride)))
  }

  /// Computes all of C for `images` images, `[m, pixels]` each.
  func run(
    _ source: LaidOutBatch<T>, weight: UnsafePointer<T>, images: Int, into c: UnsafeMutablePointer<T>,
    bias: UnsafePointer<T>?, activation: Int, slope: T
  ) {
    let atATime = imagesAtATime(images)
    let nr = table.tileColumns
    Scratch.withScalars(atATime * imageSize, of: T.self) { packed in
      for first in stride(from: 0, to: images, by: atATime) {
        let range = first..<min(first + atATime, images)
        packPixels(source, range, into: packed)
        parallelFor((product.m + nr - 1) / nr) { panel in
          runPanel(
            panel * nr, range, packed, weight, into: c, bias: bias, activation: activation, slope: slope)
        }
      }
    }
  }

  /// Packs the patches of some images as panels of rows: image by image, block by block, panel by panel.
  private func packPixels(_ source: LaidOutBatch<T>, _ images: Range<Int>, into packed: UnsafeMutablePointer<T>) {
    let mr = table.tileRows
    let units = images.count * blocks * pixelPanels
    let perPart = max(1, 16384 / panelSize)
    product.offsets.withUnsafeBufferPointer { offsets in
      let offsets = offsets.baseAddress!
      parallelFor((units + perPart - 1) / perPart) { part in
        for unit in part * perPart..<min((part + 1) * perPart, units) {
          let (image, rest) = (unit / (blocks * pixelPanels), unit % (blocks * pixelPanels))
          let (block, panel) = (rest / pixelPanels, rest % pixelPanels)
          let first = block * outersPerBlock * taps
          table.packPixels(
            source.pointer(images.lowerBound + image), offsets: offsets + first,
            depth: min(outersPerBlock * taps, product.offsets.count - first), firstPixel: panel * mr,
            lanes: min(mr, pixels - panel * mr), columns: product.columns, rowStride: product.rowStride, width: mr,
            into: packed + unit * panelSize)
        }
      }
    }
  }

  /// The rows `row …` of C, as many as a panel is wide.
  private func runPanel(
    _ row: Int, _ images: Range<Int>, _ packed: UnsafePointer<T>, _ weight: UnsafePointer<T>,
    into c: UnsafeMutablePointer<T>, bias: UnsafePointer<T>?, activation: Int, slope: T
  ) {
    let nr = table.tileColumns
    let lanes = min(nr, product.m - row)
    let isContiguous = outerStride == taps
    let resultSize = pixels * nr
    Scratch.withScalars((outersPerBlock * taps + 16) * nr + images.count * resultSize, of: T.self) { panel in
      let results = panel + (outersPerBlock * taps + 16) * nr
      for block in 0..<blocks {
        let first = block * outersPerBlock
        let count = min(outersPerBlock, outers - first)
        let isLast = block == blocks - 1
        table.packWeights(
          weight + row * laneStride + first * outerStride, lanes: lanes, laneStride: laneStride,
          outers: isContiguous ? 1 : count, outerStride: outerStride, depth: isContiguous ? count * taps : taps,
          isLast: isContiguous || isLast, width: nr, into: panel)
        for image in 0..<images.count {
          table.gemmBlock(
            m: pixels, n: lanes, depth: count * taps, a: packed + (image * blocks + block) * pixelPanels * panelSize,
            panelStrideA: panelSize, b: panel, panelStrideB: 0, c: results + image * resultSize, rowStride: nr,
            alpha: 1, beta: block == 0 ? 0 : 1, rowBias: nil, columnBias: isLast ? bias.map { $0 + row } : nil,
            activation: isLast ? activation : 0, slope: slope)
        }
      }
      for image in 0..<images.count {
        table.transpose(
          results + image * resultSize, nr, c + ((images.lowerBound + image) * product.m + row) * pixels, pixels, lanes,
          pixels)
      }
    }
  }
}

extension PatchProduct {
  /// Whether the turned way takes clearly fewer cycles than the direct or the gathered one, counted in multiply-adds of a
  /// register, of which a core does about one a cycle.
  ///
  /// - A tile costs about two steps beyond its depth.
  /// - Direct: dropped pixels are computed too, and the others copied, unless the way goes by rows.
  /// - Gathered: a load and a store for each register of patches, and one more for each row that a panel touches.
  /// - Turned: the same for patches; seven cycles to turn a register of weights round and store it, and as much for the result.
  func isFasterTurned<T: ComputeScalar>(_: T.Type, images: Int) -> Bool {
    let table = kernels(T.self)
    let w = Double(table.tileColumns / 2)
    let (depth, m, pixels) = (Double(offsets.count), Double(self.m), Double(rows * columns))
    guard depth > 0 else { return false }
    func registers(_ count: Double) -> Double { (count / w).rounded(.up) }
    let gathering = 3 * depth * (pixels / w + Double(rows))
    let straight: Double
    if !isDirect {
      straight = m * registers(pixels) * (depth + 2) + gathering
    } else if goesByRows(T.self) {
      straight = m * Double(rows) * registers(Double(columns)) * (depth + 3)
    } else {
      straight = m * registers(Double((rows - 1) * rowStride + columns)) * (depth + (columns == rowStride ? 2 : 5))
    }
    let turned =
      registers(m) * (pixels * (depth + 2) + 7 * depth / Double(images) + 8 * pixels) + gathering
    return turned < 0.95 * straight
  }
}
