import Synchronization

// A convolution of an inference program by Winograd's transform (Winograd.swift), with the kernels transformed when the program
// is made.
//
// *Images in lanes*: a number of all images is a register's worth of what the transforms call channels, so they run over an activation
// as it lies, one input channel at a time: V[ξ] is [input channel][lane], a packed panel of B, and M[ξ] = U[ξ]ᵀ · V[ξ].
// One tile of 4×4 pixels goes through all stages, and through the pooling behind, while it is in the level-2 cache.
//
// *One image*: threads share the output channels. Each transforms the input for itself, which costs less than
// to wait for one another, and reads its part of U alone, which so stays in its core's cache.

/// A 3×3 convolution of a plan by Winograd's transform.
struct PlannedWinograd {
  /// Of one image.
  private let geometry: ConvolutionGeometry
  /// The same for Winograd's stages; nil where one image is faster without.
  private let image: Winograd<Float>?
  /// Whether images in lanes are faster with it.
  private let suitsLanes: Bool
  /// Transformed kernels, `[36][input channel][output channel]`, output channels rounded up to whole registers.
  private let u: UnsafePointer<Float>
  private let rowStride: Int
  private let positionStride: Int
  /// Where the rows of B lie: in V of images in lanes, and in U.
  private let laneOffsets: UnsafePointer<Int>
  private let kernelOffsets: UnsafePointer<Int>
  /// Biases up to whole registers, and each repeated in every lane.
  private let bias: UnsafePointer<Float>
  private let laneBias: UnsafePointer<Float>
  /// Poolings of a row of one window and of two, as kernels want them.
  private let oneWindow: UnsafePointer<Int>
  private let twoWindows: UnsafePointer<Int>

  /// The convolution, or nil where Winograd's transform saves nothing.
  init?(
    _ table: FloatTable, _ memory: PlanMemory, _ geometry: ConvolutionGeometry, weight: UnsafePointer<Float>,
    bias: [Float]?
  ) {
    let lanes = table.tileColumns
    var group = geometry
    group.batch = lanes
    image = Winograd(geometry)
    let lane = Winograd<Float>(group)
    let (inputs, outputs) = (geometry.inputChannels, geometry.outputChannels)
    // V and M of a tile have to stay in a core's cache. U, which each tile reads once from front to back, may come from the last level:
    // of 32 -> 64 channels and 16 lanes, 0.3 MB for 150,000 cycles of multiply-adds.
    let (tile, kernels) = (36 * lanes * (inputs + outputs), 36 * inputs * outputs)
    let processor = Processor.current
    suitsLanes =
      lane != nil && tile * MemoryLayout<Float>.stride <= processor.level2Cache / 4 * 3
      && kernels * MemoryLayout<Float>.stride <= max(processor.level3Cache / 4, processor.level2Cache / 4)
    guard let winograd = image ?? (suitsLanes ? lane : nil) else { return nil }
    self.geometry = geometry
    rowStride = winograd.outputLanes
    positionStride = winograd.kernelPositionStride
    let u = memory.scalars(winograd.kernelSize)
    winograd.transformKernels(
      weight, .plain, inputs: 0..<inputs, outputs: 0..<outputs, into: u, rowStride: rowStride,
      positionStride: positionStride)
    self.u = UnsafePointer(u)
    laneOffsets = memory.integers((0..<inputs).map { $0 * lanes })
    kernelOffsets = memory.integers((0..<inputs).map { [rowStride] in $0 * rowStride })
    let bias = bias ?? [Float](repeating: 0, count: outputs)
    self.bias = memory.scalars(bias + [Float](repeating: 0, count: rowStride - outputs))
    laneBias = memory.scalars(bias.flatMap { [Float](repeating: $0, count: lanes) })
    oneWindow = memory.integers([2, 2, 2, 2, 2, 2, 0, 0, 1, 1, 1, 1])
    twoWindows = memory.integers([2, 4, 2, 2, 2, 2, 0, 0, 1, 1, 1, 2])
  }

  /// Whether it can do what stands behind the convolution as well.
  private func takes(_ activation: Int, _ pooling: PoolingGeometry?) -> Bool {
    activation <= 1 && pooling?.isTwoByTwo ?? true
  }

  private func floor(_ activation: Int) -> Float { activation == 1 ? 0 : -.infinity }

  // MARK: Images in lanes

  func scratchForLanes(_ table: FloatTable, _ lanes: Int) -> Int {
    guard suitsLanes else { return 0 }
    let tile = lanes * (geometry.inputChannels + geometry.outputChannels) + 32
    return 36 * tile + (36 + 16) * lanes + roundUp(table.winogradRoom, 16)
  }

  /// False, with a result that counts for nothing, where another way has to be taken: with an activation or a pooling that is not
  /// known here, and with a value that is not finite.
  func runLanes(
    _ table: FloatTable, _ lanes: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>,
    _ scratch: UnsafeMutablePointer<Float>, activation: Int, pooling: PoolingGeometry?
  ) -> Bool {
    guard suitsLanes, takes(activation, pooling) else { return false }
    let g = geometry
    let floor = floor(activation)
    let (strideV, strideM) = (g.inputChannels * lanes + 16, g.outputChannels * lanes + 16)
    let v = scratch
    let m = v + 36 * strideV
    let square = m + 36 * strideM
    let pixels = square + 36 * lanes
    let room = pixels + 16 * lanes
    let rows = pooling.map { 2 * $0.outputHeight } ?? g.outputHeight
    let columns = pooling.map { 2 * $0.outputWidth } ?? g.outputWidth
    let plane = g.inputPixels * lanes
    var isFinite = true
    for top in stride(from: 0, to: rows, by: 4) {
      for left in stride(from: 0, to: columns, by: 4) {
        let (row, column) = (top - g.padding.top, left - g.padding.left)
        let isInside = row >= 0 && column >= 0 && row + 6 <= g.inputHeight && column + 6 <= g.inputWidth
        for channel in 0..<g.inputChannels {
          var source = x + channel * plane + (row * g.inputWidth + column) * lanes
          if !isInside {
            cutSquare(x + channel * plane, lanes, row: row, column: column, into: square)
            source = UnsafePointer(square)
          }
          table.winogradInput(
            source, rowStride: (isInside ? g.inputWidth : 6) * lanes, pixelStride: lanes, channels: lanes, tiles: 1,
            into: v + channel * lanes, positionStride: strideV, room: room)
        }
        for position in 0..<36 {
          table.gemmDirect(
            m: g.outputChannels, n: lanes, depth: g.inputChannels, a: u + position * positionStride, rowStrideA: 1,
            depthStrideA: rowStride, panelStrideA: table.tileRows, b: v + position * strideV,
            panelStrideB: table.tileColumns, offsets: laneOffsets, c: m + position * strideM, rowStride: lanes,
            alpha: 1, beta: 0, rowBias: nil, columnBias: nil, activation: 0, slope: 0, rowsOutside: false)
        }
        for channel in 0..<g.outputChannels {
          let isDone = table.winogradOutput(
            m + channel * lanes, positionStride: strideM, pixelStride: lanes, channels: lanes, tiles: 1,
            bias: laneBias + channel * lanes, floor: floor, into: pixels, rowStride: 4 * lanes, room: room)
          isFinite = isFinite && isDone
          let (down, across) = (min(4, rows - top), min(4, columns - left))
          guard let pooling else {
            for row in 0..<down {
              (y + (channel * g.outputPixels + (top + row) * g.outputWidth + left) * lanes).update(
                from: pixels + 4 * row * lanes, count: across * lanes)
            }
            continue
          }
          for row in 0..<down / 2 {
            let window = (channel * pooling.outputHeight + top / 2 + row) * pooling.outputWidth + left / 2
            table.poolLanes(
              pixels + 8 * row * lanes, rowStride: 4 * lanes, y + window * lanes, across == 4 ? twoWindows : oneWindow,
              isMaximum: true, countsPadding: true)
          }
        }
      }
    }
    return isFinite
  }

  /// The 6×6 pixels of a channel that begin at a place, with zeros around the image.
  private func cutSquare(
    _ plane: UnsafePointer<Float>, _ lanes: Int, row: Int, column: Int, into square: UnsafeMutablePointer<Float>
  ) {
    let (height, width) = (geometry.inputHeight, geometry.inputWidth)
    let inside = max(0, column)..<max(0, column, min(width, column + 6))
    let before = min(6, max(0, -column))
    let used = min(inside.count, 6 - before)
    for line in 0..<6 {
      let to = square + line * 6 * lanes
      guard row + line >= 0, row + line < height else {
        to.update(repeating: 0, count: 6 * lanes)
        continue
      }
      to.update(repeating: 0, count: before * lanes)
      (to + before * lanes).update(
        from: plane + ((row + line) * width + inside.lowerBound) * lanes, count: used * lanes)
      (to + (before + used) * lanes).update(repeating: 0, count: (6 - before - used) * lanes)
    }
  }

  // MARK: One image

  /// Output channels of each of some parts: whole registers.
  private func channelsPerPart(_ winograd: Winograd<Float>, _ parts: Int) -> Int {
    roundUp((geometry.outputChannels + parts - 1) / parts, winograd.lanes)
  }

  /// Scratch of a part: V, M, room of the transforms, and the lines that a pooling reads, which may read over their end.
  private func partSize(_ winograd: Winograd<Float>, _ channels: Int) -> Int {
    let tiles = winograd.tilesDown * winograd.tilesAcross
    let lines = roundUp(channels * geometry.outputPixels, 16) + PatchLayout.slack
    let room = roundUp(max(winograd.imageRoom, winograd.stripRoom(channels: channels)), 16)
    return 36 * (tiles * (winograd.inputLanes + channels) + 32) + room + lines
  }

  func scratchForImage(parts: Int) -> Int {
    guard let image else { return 0 }
    return (1...max(1, parts)).map { $0 * partSize(image, channelsPerPart(image, $0)) }.max() ?? 0
  }

  /// False as for `runLanes`. `parts` threads share the channels when there is enough to compute.
  func runImage(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ scratch: UnsafeMutablePointer<Float>, parts: Int,
    activation: Int, pooling: PoolingGeometry?
  ) -> Bool {
    guard let image, takes(activation, pooling) else { return false }
    let channels = channelsPerPart(image, geometry.operations < 300_000 ? 1 : parts)
    let isFinite = Atomic<Bool>(true)
    parallelFor((geometry.outputChannels + channels - 1) / channels) { part in
      let first = part * channels
      let isDone = runPart(
        image, first..<min(first + channels, geometry.outputChannels), x, y,
        scratch + part * partSize(image, channels), floor: floor(activation), pooling)
      if !isDone { isFinite.store(false, ordering: .relaxed) }
    }
    return isFinite.load(ordering: .relaxed)
  }

  private func runPart(
    _ image: Winograd<Float>, _ channels: Range<Int>, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>,
    _ v: UnsafeMutablePointer<Float>, floor: Float, _ pooling: PoolingGeometry?
  ) -> Bool {
    let table = image.table
    let block = Winograd<Float>.Block(images: 0..<1, strips: 0..<image.tilesDown)
    let tiles = image.tilesDown * image.tilesAcross
    let columns = roundUp(channels.count, image.lanes)
    let (strideV, strideM) = (tiles * image.inputLanes + 16, tiles * columns + 16)
    let m = v + 36 * strideV
    let room = m + 36 * strideM
    image.transformImage(x, into: v, positionStride: strideV, room: room)
    for position in 0..<36 {
      table.gemmDirect(
        m: tiles, n: columns, depth: geometry.inputChannels, a: v + position * strideV, rowStrideA: image.inputLanes,
        depthStrideA: 1, panelStrideA: table.tileRows * image.inputLanes,
        b: u + position * positionStride + channels.lowerBound, panelStrideB: table.tileColumns,
        offsets: kernelOffsets, c: m + position * strideM, rowStride: columns, alpha: 1, beta: 0, rowBias: nil,
        columnBias: nil, activation: 0, slope: 0, rowsOutside: false)
    }
    let plane = geometry.outputPixels
    let lines = room + roundUp(max(image.imageRoom, image.stripRoom(channels: columns)), 16)
    let output = pooling == nil ? y : lines - channels.lowerBound * plane
    var isFinite = true
    for strip in 0..<image.tilesDown {
      let isDone = image.putStrip(
        m, strip, block, positionStride: strideM, channels: channels, bias: bias + channels.lowerBound, floor: floor,
        room: room, into: output)
      isFinite = isFinite && isDone
    }
    guard let pooling else { return isFinite }
    let pooled = pooling.outputHeight * pooling.outputWidth
    for channel in channels {
      table.maxPoolPairs(
        output + channel * plane, rowStride: geometry.outputWidth, y + channel * pooled, rows: pooling.outputHeight,
        columns: pooling.outputWidth)
    }
    return isFinite
  }
}
