/// A product of a matrix with the patches of an image: `C[m × pixels] = A[m × taps] · patches[taps × pixels]`.
///
/// The forward pass is one, with the weights as A; the input gradient is one for each phase of the stride, with the
/// weights turned round. There are two ways to it:
///
/// - *Packed*: the patches are gathered panel by panel, as the product needs them. Gathering costs some loads and stores
///   for each value, which many rows of A share.
/// - *Direct*: the tile reads the patches where they lie. Pixels that follow one another in a row of the image do so in
///   memory, for every tap; at a row's end the tile runs on through the padding, computes a few pixels that do not
///   exist, and drops them. For few rows of A that is less than what gathering costs.
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

  /// How A is packed.
  func packing<T: ComputeScalar>(_: T.Type) -> PackedMatrix {
    let kernels = kernels(T.self)
    let blocking = Blocking(
      tileRows: kernels.tileRows, tileColumns: kernels.tileColumns, scalarBytes: MemoryLayout<T>.stride)
    let depth = isDirect ? max(1, offsets.count) : blocking.depth(of: offsets.count)
    return PackedMatrix(
      blocks: max(1, (offsets.count + depth - 1) / depth), depth: depth,
      panels: (m + kernels.tileRows - 1) / kernels.tileRows, panelSize: depth * kernels.tileRows + 16)
  }

  /// Packs A, row-major `[m, taps]`, into `packed`.
  func pack<T: ComputeScalar>(_ a: UnsafePointer<T>, into packed: UnsafeMutablePointer<T>) {
    let kernels = kernels(T.self)
    let mr = kernels.tileRows
    let packing = packing(T.self)
    let taps = offsets.count
    let perPart = max(1, 16384 / packing.panelSize)
    let total = packing.blocks * packing.panels
    parallelFor((total + perPart - 1) / perPart) { part in
      for index in part * perPart..<min((part + 1) * perPart, total) {
        let (block, panel) = (index / packing.panels, index % packing.panels)
        let first = block * packing.depth
        kernels.packPanel(
          a + panel * mr * taps + first, lanes: min(mr, m - panel * mr), laneStride: taps,
          depth: min(packing.depth, taps - first), depthStride: 1, width: mr, into: packed + index * packing.panelSize)
      }
    }
  }

  /// Whether the direct way is the faster one. Measured: up to 28 rows, two register tiles, unless more than 40 % of
  /// the pixels would be dropped.
  var isDirect: Bool { m <= 28 && 5 * columns >= 3 * rowStride && offsets.count <= 1024 }

  /// Pixels that one piece of work covers: so many that their patches fill a quarter of the level-2 cache, fewer when
  /// `images` are too few to keep the team busy. Does not influence results.
  func pixelsPerPart<T: ComputeScalar>(_: T.Type, images: Int) -> Int {
    // The direct way works in whole rows.
    let nr = isDirect ? columns : kernels(T.self).tileColumns
    let pixels = rows * columns
    let depth = packing(T.self).depth
    var perPart = max(nr, Processor.current.level2Cache / 4 / (depth * MemoryLayout<T>.stride) / nr * nr)
    let wanted = 4 * Threads.count
    if Threads.count > 1 && images * ((pixels + perPart - 1) / perPart) < wanted {
      let parts = min((wanted + images - 1) / images, max(1, pixels * offsets.count * m / 50_000))
      perPart = min(perPart, max(nr, roundUp((pixels + parts - 1) / parts, nr)))
    }
    // Parts of equal size: a last part of a few pixels would leave a core waiting.
    let parts = max(1, (pixels + perPart - 1) / perPart)
    return roundUp((pixels + parts - 1) / parts, nr)
  }

  /// Computes pixels `range` of C, whose rows are `stride` scalars apart.
  @specialized(where T == Float)
  @specialized(where T == Double)
  func run<T: ComputeScalar>(
    _ packedA: UnsafePointer<T>, _ source: UnsafePointer<T>, pixels range: Range<Int>,
    into c: UnsafeMutablePointer<T>, stride: Int, bias: UnsafePointer<T>?, activation: Int, slope: T
  ) {
    if isDirect {
      runDirect(
        packedA, source, rows: range.lowerBound / columns..<range.upperBound / columns, into: c, stride: stride,
        bias: bias, activation: activation, slope: slope)
    } else {
      runPacked(
        packedA, source, pixels: range, into: c, stride: stride, bias: bias, activation: activation, slope: slope)
    }
  }

  @inline(__always)
  private func runDirect<T: ComputeScalar>(
    _ packedA: UnsafePointer<T>, _ source: UnsafePointer<T>, rows range: Range<Int>,
    into c: UnsafeMutablePointer<T>, stride: Int, bias: UnsafePointer<T>?, activation: Int, slope: T
  ) {
    let kernels = kernels(T.self)
    let packing = packing(T.self)
    // From the first pixel of the first row to the last one of the last, the dropped ones between them included.
    let length = (range.count - 1) * rowStride + columns
    let lineLength = roundUp(length, kernels.tileColumns)
    Scratch.withScalars(m * lineLength, of: T.self) { lines in
      offsets.withUnsafeBufferPointer { offsets in
        kernels.gemmPatches(
          m: m, n: length, depth: offsets.count, a: packedA, panelStrideA: packing.panelSize,
          source: source + range.lowerBound * rowStride, offsets: offsets.baseAddress!, c: lines,
          rowStride: lineLength, rowBias: bias, activation: activation, slope: slope)
      }
      for row in 0..<m {
        kernels.layOutChannel(
          lines + row * lineLength, height: range.count, width: rowStride, top: 0, left: 0, strideY: 1, strideX: 1,
          rows: range.count, columns: columns, into: c + row * stride + range.lowerBound * columns)
      }
    }
  }

  @inline(__always)
  private func runPacked<T: ComputeScalar>(
    _ packedA: UnsafePointer<T>, _ source: UnsafePointer<T>, pixels range: Range<Int>,
    into c: UnsafeMutablePointer<T>, stride: Int, bias: UnsafePointer<T>?, activation: Int, slope: T
  ) {
    let kernels = kernels(T.self)
    let nr = kernels.tileColumns
    let packing = packing(T.self)
    let panels = (range.count + nr - 1) / nr
    let panelB = packing.depth * nr + 16
    Scratch.withScalars(panels * panelB, of: T.self) { packedB in
      offsets.withUnsafeBufferPointer { offsets in
        for block in 0..<packing.blocks {
          let first = block * packing.depth
          let depth = min(packing.depth, offsets.count - first)
          for panel in 0..<panels {
            let pixel = range.lowerBound + panel * nr
            kernels.packPatches(
              source, offsets: offsets.baseAddress! + first, depth: depth, firstPixel: pixel,
              lanes: min(nr, range.upperBound - pixel), columns: columns, rowStride: rowStride, width: nr,
              into: packedB + panel * panelB)
          }
          let isLast = block == packing.blocks - 1
          kernels.gemmBlock(
            m: m, n: range.count, depth: depth, a: packedA + block * packing.panels * packing.panelSize,
            panelStrideA: packing.panelSize, b: packedB, panelStrideB: panelB, c: c + range.lowerBound,
            rowStride: stride, alpha: 1, beta: block == 0 ? 0 : 1, rowBias: isLast ? bias : nil, columnBias: nil,
            activation: isLast ? activation : 0, slope: slope)
        }
      }
    }
  }
}
