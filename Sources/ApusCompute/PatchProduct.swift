/// A product of a matrix with the patches of an image: `C[m × pixels] = A[m × taps] · patches[taps × pixels]`.
///
/// The forward pass is one, with the weights as A; the input gradient is one for each phase of the stride, with the
/// weights turned round. There are two ways to it:
///
/// - *Direct*: the tile reads the patches where they lie. Pixels that follow one another in a row of the image do so in
///   memory, for every tap; at a row's end the tile runs on through the padding, computes a few pixels that do not
///   exist, and drops them.
/// - *Packed*: the patches are gathered panel by panel, as the product needs them. For layouts in which the direct way
///   would drop more than it keeps.
struct PatchProduct {
  /// Rows of A and C.
  var m: Int
  /// One offset into the laid-out source for each tap.
  var offsets: [Int]
  /// Output pixels down and across.
  var rows: Int
  var columns: Int
  /// Scalars from one row of the laid-out source to the next.
  var rowStride: Int

  /// A, cut along the taps and packed for the register tile.
  struct PackedMatrix {
    var blocks: Int
    var depth: Int
    var panels: Int
    var panelSize: Int
    var size: Int { blocks * panels * panelSize }
  }

  /// One group's A as the register tile reads it: packed, or where it lies.
  struct Operand<T: ComputeScalar> {
    var pointer: UnsafePointer<T>
    var rowStride: Int
    var depthStride: Int
    var panelStride: Int
  }

  /// Whether the direct way is taken: unless more than 40 % of the pixels would be dropped.
  var isDirect: Bool { 5 * columns >= 3 * rowStride }

  /// Whether the direct way computes rows of the image, each straight into C: where rows fill their registers so well that this
  /// takes no more multiply-adds than to compute some pixels too many and to copy the others.
  func goesByRows<T: ComputeScalar>(_: T.Type) -> Bool {
    let lanes = kernels(T.self).tileColumns / 2
    guard columns >= lanes else { return false }
    let (wide, narrow) = (columns / (2 * lanes), (columns % (2 * lanes) + lanes - 1) / lanes)
    // A tile costs some cycles beyond its multiply-adds: as much as two steps of a wide one, four of a narrow one.
    let byRows = lanes * (wide * 2 * (offsets.count + 2) + narrow * (offsets.count + 4))
    return byRows <= rowStride * (offsets.count + 2) + 3 * columns
  }

  /// Whether the rows of the image follow one another without a gap: then any pixels form one long row.
  private var isContiguous: Bool { columns == rowStride }

  /// Scalars from one tap's pixels to the next one's where a panel of them is worth packing: the image of a kernel of one pixel,
  /// whose channels lie so far apart that every row of a panel is a page, and often a set of the cache, of its own. Nil where A has few
  /// rows, which read a panel once or twice, or panel or A are too large to stay in the level-2 cache.
  private func spacingWorthPacking<T: ComputeScalar>(_: T.Type) -> Int? {
    let kernels = kernels(T.self)
    let cache = Processor.current.level2Cache / MemoryLayout<T>.stride
    guard isContiguous, offsets.count > 16, m >= 3 * kernels.tileRows, offsets.count * kernels.tileColumns <= cache / 8,
      offsets.count * m <= cache / 2
    else { return nil }
    let spacing = offsets[1] - offsets[0]
    return zip(offsets, offsets.dropFirst()).allSatisfy { $1 - $0 == spacing } ? spacing : nil
  }

  /// Whether A is worth packing for so many images: for the direct way that takes some hundred pixels.
  func packs(images: Int) -> Bool { !isDirect || images * rows * columns >= 128 }

  /// Whether the source is read behind its last value: by rows shorter than a register.
  func readsBehind<T: ComputeScalar>(_: T.Type) -> Bool {
    let lanes = kernels(T.self).tileColumns / 2
    return !isDirect || (isContiguous ? rows * columns : columns) < lanes
  }

  /// How A is packed.
  func packing<T: ComputeScalar>(_: T.Type) -> PackedMatrix {
    let kernels = kernels(T.self)
    let limit = Blocking.shortDepth(tileColumns: kernels.tileColumns, scalarBytes: MemoryLayout<T>.stride)
    let depth = isDirect ? max(1, offsets.count) : Blocking.equalDepth(of: offsets.count, limit: limit)
    return PackedMatrix(
      blocks: max(1, (offsets.count + depth - 1) / depth), depth: depth,
      panels: (m + kernels.tileRows - 1) / kernels.tileRows, panelSize: depth * kernels.tileRows + 16)
  }

  /// A that was packed at `packed`.
  func operand<T: ComputeScalar>(packed: UnsafePointer<T>) -> Operand<T> {
    Operand(
      pointer: packed, rowStride: 1, depthStride: kernels(T.self).tileRows, panelStride: packing(T.self).panelSize)
  }

  /// A where it lies, row-major `[m, taps]`.
  func operand<T: ComputeScalar>(inPlace a: UnsafePointer<T>) -> Operand<T> {
    Operand(
      pointer: a, rowStride: offsets.count, depthStride: 1, panelStride: kernels(T.self).tileRows * offsets.count)
  }

  /// Packs A, row-major `[m, taps]`, into `packed`.
  func pack<T: ComputeScalar>(_ a: UnsafePointer<T>, into packed: UnsafeMutablePointer<T>) {
    let kernels = kernels(T.self)
    let mr = kernels.tileRows
    let taps = offsets.count
    eachPanel(T.self, into: packed) { row, first, depth, panel in
      kernels.packPanel(
        a + row * taps + first, lanes: min(mr, m - row), laneStride: taps, depth: depth, depthStride: 1, width: mr,
        into: panel)
    }
  }

  /// Packs an A whose tap k of row i is `a[i · laneStride + outer · outerStride + inner[k % inner.count]]` with
  /// `outer = k / inner.count`: weights turned round, some of the taps of each kernel.
  func pack<T: ComputeScalar>(
    _ a: UnsafePointer<T>, laneStride: Int, outerStride: Int, inner: [Int], into packed: UnsafeMutablePointer<T>
  ) {
    let kernels = kernels(T.self)
    let mr = kernels.tileRows
    let isWhole = inner == Array(0..<inner.count)
    eachPanel(T.self, into: packed) { row, first, depth, panel in
      let lanes = min(mr, m - row)
      var k = first
      while k < first + depth {
        let (outer, tap) = (k / inner.count, k % inner.count)
        let count = isWhole ? min(inner.count - tap, first + depth - k) : 1
        kernels.packPanel(
          a + row * laneStride + outer * outerStride + inner[tap], lanes: lanes, laneStride: laneStride, depth: count,
          depthStride: 1, width: mr, into: panel + (k - first) * mr)
        k += count
      }
    }
  }

  /// Calls `body` with the first row, the first tap, the depth and the place of each packed panel, on the team.
  private func eachPanel<T: ComputeScalar>(
    _: T.Type, into packed: UnsafeMutablePointer<T>,
    _ body: (_ row: Int, _ firstTap: Int, _ depth: Int, _ panel: UnsafeMutablePointer<T>) -> Void
  ) {
    let packing = packing(T.self)
    let mr = kernels(T.self).tileRows
    let perPart = max(1, 16384 / packing.panelSize)
    let total = packing.blocks * packing.panels
    parallelFor((total + perPart - 1) / perPart) { part in
      for index in part * perPart..<min((part + 1) * perPart, total) {
        let (block, panel) = (index / packing.panels, index % packing.panels)
        let first = block * packing.depth
        body(panel * mr, first, min(packing.depth, offsets.count - first), packed + index * packing.panelSize)
      }
    }
  }

  /// How one image's product is shared out: in parts of some rows of A and some pixels. Does not influence results.
  struct Parts {
    var rowParts: Int
    var rowsPerPart: Int
    var pixelParts: Int
    var pixelsPerPart: Int

    var count: Int { rowParts * pixelParts }

    /// Rows of A and pixels of one part.
    func part(_ index: Int, rows: Int, pixels: Int) -> (rows: Range<Int>, pixels: Range<Int>) {
      let (row, pixel) = (index / pixelParts * rowsPerPart, index % pixelParts * pixelsPerPart)
      let isLast = index % pixelParts == pixelParts - 1
      return (row..<min(row + rowsPerPart, rows), pixel..<(isLast ? pixels : pixel + pixelsPerPart))
    }
  }

  /// The parts for `images` images: as few as keep the team busy and the caches warm.
  ///
  /// Pixels are cut in whole rows of the image on the direct way. Where A is larger than the image, which it is in deep
  /// layers, its rows are cut instead: then no part of A is fetched twice.
  func parts<T: ComputeScalar>(_: T.Type, images: Int) -> Parts {
    let kernels = kernels(T.self)
    let (mr, size) = (kernels.tileRows, MemoryLayout<T>.stride)
    let unit = isDirect && !isContiguous ? columns : kernels.tileColumns
    let pixels = rows * columns
    let panels = (m + mr - 1) / mr
    let cache = Processor.current.level2Cache
    // What a part writes, or gathers on the packed way, fills a quarter of the level-2 cache at most.
    let perPixel = (isDirect ? m : packing(T.self).depth) * size
    var pixelParts = max(1, (pixels * perPixel + cache / 4 - 1) / (cache / 4))
    var rowParts = 1
    // Four parts a thread even out what other programs take, if a part is then still worth handing over.
    let worth = max(1, pixels * offsets.count * m / 50_000)
    let wanted = min((4 * Threads.count + images - 1) / images, worth)
    if Threads.count > 1 && pixelParts < wanted {
      if isDirect && m * offsets.count > rowStride * rows * offsets.count / 4 {
        (rowParts, pixelParts) = (min(panels, wanted), 1)
      } else {
        pixelParts = wanted
      }
    }
    // Parts of equal size: a last part of a few pixels would leave a core waiting.
    let pixelsPerPart = max(unit, roundUp((pixels + pixelParts - 1) / pixelParts, unit))
    let rowsPerPart = (panels + rowParts - 1) / rowParts * mr
    // A rest of less than a register goes to the part before it.
    let rest = isDirect && isContiguous ? kernels.tileColumns / 2 : 1
    return Parts(
      rowParts: (m + rowsPerPart - 1) / rowsPerPart, rowsPerPart: rowsPerPart,
      pixelParts: max(1, (pixels - rest) / pixelsPerPart + 1), pixelsPerPart: pixelsPerPart)
  }

  /// Computes a part of C, whose rows are `stride` scalars apart.
  @specialized(where T == Float)
  @specialized(where T == Double)
  func run<T: ComputeScalar>(
    _ a: Operand<T>, _ source: UnsafePointer<T>, part: (rows: Range<Int>, pixels: Range<Int>),
    into c: UnsafeMutablePointer<T>, stride: Int, bias: UnsafePointer<T>?, activation: Int, slope: T
  ) {
    if isDirect {
      var a = a
      a.pointer += part.rows.lowerBound / kernels(T.self).tileRows * a.panelStride
      runDirect(
        a, m: part.rows.count, source, pixels: part.pixels, into: c + part.rows.lowerBound * stride, stride: stride,
        bias: bias.map { $0 + part.rows.lowerBound }, activation: activation, slope: slope)
    } else {
      runGathered(
        a.pointer, source, pixels: part.pixels, into: c, stride: stride, bias: bias, activation: activation,
        slope: slope)
    }
  }

  @inline(__always)
  private func runDirect<T: ComputeScalar>(
    _ a: Operand<T>, m: Int, _ source: UnsafePointer<T>, pixels: Range<Int>, into c: UnsafeMutablePointer<T>,
    stride: Int, bias: UnsafePointer<T>?, activation: Int, slope: T
  ) {
    let kernels = kernels(T.self)
    let byRows = !isContiguous && goesByRows(T.self)
    func multiply(
      from first: Int, count: Int, lines: Int = 1, into target: UnsafeMutablePointer<T>, _ targetStride: Int
    ) {
      offsets.withUnsafeBufferPointer { offsets in
        kernels.gemmDirect(
          m: m, n: count, depth: offsets.count, a: a.pointer, rowStrideA: a.rowStride, depthStrideA: a.depthStride,
          panelStrideA: a.panelStride, b: source + first, panelStrideB: kernels.tileColumns,
          offsets: offsets.baseAddress!, c: target, rowStride: targetStride, alpha: 1, beta: 0, rowBias: bias,
          columnBias: nil, activation: activation, slope: slope,
          // The smaller operand is the one to be read again and again.
          rowsOutside: m > count, lines: lines, lineStrideB: rowStride, lineStrideC: columns)
      }
    }
    if let spacing = spacingWorthPacking(T.self), a.rowStride == 1 {
      // A row of the source is met by many tiles: the first packs it for the others.
      return Scratch.withScalars(offsets.count * kernels.tileColumns + 16, of: T.self) { panel in
        kernels.gemmPackingB(
          m: m, n: pixels.count, depth: offsets.count, a: a.pointer, panelStrideA: a.panelStride,
          b: source + offsets[0] + pixels.lowerBound, rowStrideB: spacing, columnStrideB: 1, packed: panel,
          panelStrideB: 0, c: c + pixels.lowerBound, rowStride: stride, alpha: 1, beta: 0, rowBias: bias,
          columnBias: nil, activation: activation, slope: slope)
      }
    }
    if isContiguous {
      multiply(from: pixels.lowerBound, count: pixels.count, into: c + pixels.lowerBound, stride)
      return
    }
    let rows = pixels.lowerBound / columns..<pixels.upperBound / columns
    if byRows {
      multiply(
        from: rows.lowerBound * rowStride, count: columns, lines: rows.count, into: c + rows.lowerBound * columns,
        stride)
      return
    }
    // Lines hold whole rows of the source, the pixels to be dropped included: as many as half the level-1 cache holds,
    // except where A is so large that it must not be read more often than needed.
    let isHeavy = m * offsets.count * MemoryLayout<T>.stride > Processor.current.level1DataCache
    let affordable = Processor.current.level1DataCache / 2 / (m * rowStride * MemoryLayout<T>.stride)
    let perTurn = isHeavy ? rows.count : min(rows.count, max(1, affordable))
    Scratch.withScalars(m * perTurn * rowStride, of: T.self) { lines in
      var row = rows.lowerBound
      while row < rows.upperBound {
        let count = min(perTurn, rows.upperBound - row)
        // From the first pixel of the first row to the last one of the last.
        let length = (count - 1) * rowStride + columns
        multiply(from: row * rowStride, count: length, into: lines, length)
        kernels.copyPlanes(
          lines, channels: m, channelStride: length, rows: count, rowStride: rowStride, columns: columns,
          into: c + row * columns, targetChannelStride: stride)
        row += count
      }
    }
  }

  /// Panel by panel: what was gathered is multiplied at once, while it lies in the level-1 cache.
  @inline(__always)
  private func runGathered<T: ComputeScalar>(
    _ packedA: UnsafePointer<T>, _ source: UnsafePointer<T>, pixels range: Range<Int>,
    into c: UnsafeMutablePointer<T>, stride: Int, bias: UnsafePointer<T>?, activation: Int, slope: T
  ) {
    let kernels = kernels(T.self)
    let nr = kernels.tileColumns
    let packing = packing(T.self)
    Scratch.withScalars(packing.depth * nr + 16, of: T.self) { panel in
      offsets.withUnsafeBufferPointer { offsets in
        for block in 0..<packing.blocks {
          let first = block * packing.depth
          let depth = min(packing.depth, offsets.count - first)
          let isLast = block == packing.blocks - 1
          for pixel in Swift.stride(from: range.lowerBound, to: range.upperBound, by: nr) {
            let lanes = min(nr, range.upperBound - pixel)
            kernels.packPatches(
              source, offsets: offsets.baseAddress! + first, depth: depth, firstPixel: pixel, lanes: lanes,
              columns: columns, rowStride: rowStride, width: nr, into: panel)
            kernels.gemmBlock(
              m: m, n: lanes, depth: depth, a: packedA + block * packing.panels * packing.panelSize,
              panelStrideA: packing.panelSize, b: panel, panelStrideB: 0, c: c + pixel, rowStride: stride, alpha: 1,
              beta: block == 0 ? 0 : 1, rowBias: isLast ? bias : nil, columnBias: nil,
              activation: isLast ? activation : 0, slope: slope)
          }
        }
      }
    }
  }
}
