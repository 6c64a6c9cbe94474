/// A convolution, its bias, an activation, and perhaps a max-pooling behind it, for one image or for images in lanes.
///
/// With pooling, as many rows are computed at a time as a row of windows needs, and pooled while they are in the cache: the
/// convolution's own output never exists.
struct PlannedConvolution {
  /// Of one image.
  let geometry: ConvolutionGeometry
  let layout: PatchLayout
  /// Weights as panels of A, group after group.
  let packed: UnsafePointer<Float>
  let panelStride: Int
  let groupStride: Int
  let taps: Int
  /// Where each tap lies in the laid-out image, and the same in lanes.
  let offsets: UnsafePointer<Int>
  let laneOffsets: UnsafePointer<Int>
  let bias: UnsafePointer<Float>?
  /// Whether one image's patches are read in place, or gathered.
  private(set) var isDirect = false
  var activation = 0
  var slope: Float = 0
  /// The pooling behind, of one image, and the layout of a band of it, which is one row of windows.
  private(set) var pooling: PoolingGeometry?
  private(set) var bandLayout: UnsafePointer<Int>?
  /// The same by Winograd's transform, where that is faster; tried first.
  private let winograd: PlannedWinograd?

  init(
    _ table: FloatTable, _ memory: PlanMemory, _ geometry: ConvolutionGeometry, weight: [Float], bias: [Float]?
  ) {
    self.geometry = geometry
    layout = geometry.inputLayout
    let offsets = geometry.inputOffsets(layout)
    taps = offsets.count
    self.offsets = memory.integers(offsets)
    let lanes = table.tileColumns
    laneOffsets = memory.integers(offsets.map { $0 * lanes })
    self.bias = bias.map { memory.scalars($0) }
    let (m, rows) = (geometry.outputChannelsPerGroup, table.tileRows)
    panelStride = taps * rows + 16
    let panels = (m + rows - 1) / rows
    groupStride = panels * panelStride
    let source = memory.scalars(weight)
    let packed = memory.scalars(geometry.groups * groupStride)
    for group in 0..<geometry.groups {
      for panel in 0..<panels {
        table.packPanel(
          source + (group * m + panel * rows) * taps, lanes: min(rows, m - panel * rows), laneStride: taps,
          depth: taps, depthStride: 1, width: rows, into: packed + group * groupStride + panel * panelStride)
      }
    }
    self.packed = UnsafePointer(packed)
    winograd = PlannedWinograd(table, memory, geometry, weight: source, bias: bias)
    isDirect = isCheaperDirect(lanes)
  }

  /// Whether reading patches in place takes fewer instructions for one image than gathering them: register-wide
  /// multiply-adds of both ways, and three for each register that is moved.
  private func isCheaperDirect(_ lanes: Int) -> Bool {
    let (m, rows, width) = (geometry.outputChannelsPerGroup, units * rowsPerUnit, lanes / 2)
    let length = (rows - 1) * layout.columns + geometry.outputWidth
    let pixels = rows * geometry.outputWidth
    let direct = roundUp(length, width) / width * m
    let gathered = roundUp(pixels, width) / width * m + 3 * (roundUp(pixels, lanes) / width + rows)
    return direct <= gathered
  }

  /// Lets a pooling follow; false, with nothing changed, when its windows do not tile.
  mutating func append(_ table: FloatTable, _ memory: PlanMemory, _ pooling: PoolingGeometry) -> Bool {
    guard self.pooling == nil, pooling.isTiling else { return false }
    self.pooling = pooling
    var band = pooling
    band.height = pooling.kernelHeight
    bandLayout = memory.integers(band.kernelNumbers)
    isDirect = isCheaperDirect(table.tileColumns)
    return true
  }

  /// Rows of the output, or rows of windows.
  fileprivate var units: Int { pooling?.outputHeight ?? geometry.outputHeight }
  /// Rows of the convolution for each.
  private var rowsPerUnit: Int { pooling?.kernelHeight ?? 1 }
  private var laidOutCount: Int { layout.isIdentity ? 0 : roundUp(layout.size, 16) }

  /// `columns` columns of some channels of the output of a group, from patches that are read where they lie, into rows
  /// of which c is the group's first.
  @inline(__always)
  private func multiply(
    _ table: FloatTable, _ group: Int, _ channels: Range<Int>, _ columns: Int, _ source: UnsafePointer<Float>,
    _ offsets: UnsafePointer<Int>, into c: UnsafeMutablePointer<Float>, stride: Int
  ) {
    let (m, mr) = (geometry.outputChannelsPerGroup, table.tileRows)
    var first = channels.lowerBound
    while first < channels.upperBound {
      // A part may begin inside a panel: the rest of that panel is a product of its own.
      let inside = first % mr
      let count = inside == 0 ? channels.upperBound - first : min(mr - inside, channels.upperBound - first)
      table.gemmDirect(
        m: count, n: columns, depth: taps, a: packed + group * groupStride + first / mr * panelStride + inside,
        rowStrideA: 1, depthStrideA: mr, panelStrideA: panelStride, b: source, panelStrideB: table.tileColumns,
        offsets: offsets, c: c + first * stride, rowStride: stride, alpha: 1, beta: 0,
        rowBias: bias.map { $0 + group * m + first }, columnBias: nil, activation: activation, slope: slope,
        rowsOutside: false)
      first += count
    }
  }

  // MARK: Images in lanes

  func scratchForLanes(_ table: FloatTable, _ lanes: Int) -> Int {
    let copy = layout.isIdentity ? 0 : layout.channels * geometry.groups * layout.channelSize * lanes
    let band = geometry.outputChannelsPerGroup * rowsPerUnit * geometry.outputWidth * lanes
    let direct = copy + (pooling == nil ? 0 : band)
    return max(direct, winograd?.scratchForLanes(table, lanes) ?? 0)
  }

  func runLanes(
    _ table: FloatTable, _ lanes: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>,
    _ scratch: UnsafeMutablePointer<Float>
  ) {
    if let winograd, winograd.runLanes(table, lanes, x, y, scratch, activation: activation, pooling: pooling) { return }
    var source = x
    var band = scratch
    if !layout.isIdentity {
      for channel in 0..<layout.channels * geometry.groups {
        layout.layOutLanes(
          x + channel * geometry.inputPixels * lanes, lanes, into: scratch + channel * layout.channelSize * lanes)
      }
      source = UnsafePointer(scratch)
      band += layout.channels * geometry.groups * layout.channelSize * lanes
    }
    let m = geometry.outputChannelsPerGroup
    let row = geometry.outputWidth * lanes
    for group in 0..<geometry.groups {
      let from = source + group * layout.channels * layout.channelSize * lanes
      guard let pooling, let bandLayout else {
        for r in 0..<geometry.outputHeight {
          multiply(
            table, group, 0..<m, row, from + r * layout.columns * lanes, laneOffsets,
            into: y + (group * m * geometry.outputHeight + r) * row, stride: geometry.outputHeight * row)
        }
        continue
      }
      let pooledRow = pooling.outputWidth * lanes
      for unit in 0..<pooling.outputHeight {
        for r in 0..<rowsPerUnit {
          multiply(
            table, group, 0..<m, row, from + (unit * rowsPerUnit + r) * layout.columns * lanes, laneOffsets,
            into: band + r * row, stride: rowsPerUnit * row)
        }
        for channel in 0..<m {
          table.poolLanes(
            band + channel * rowsPerUnit * row, rowStride: row,
            y + ((group * m + channel) * pooling.outputHeight + unit) * pooledRow, bandLayout, isMaximum: true,
            countsPadding: true)
        }
      }
    }
  }

  // MARK: One image

  /// Scratch of one of `parts` parts: the lines that the product writes, and gathered patches.
  private func partSize(_ table: FloatTable, parts: Int) -> Int {
    let rows = (units + parts - 1) / parts * rowsPerUnit
    let lanes = table.tileColumns
    let m = geometry.outputChannelsPerGroup
    if isDirect { return m * roundUp(rows * layout.columns, lanes) + PatchLayout.slack }
    let pixels = roundUp(rows * geometry.outputWidth, lanes)
    return m * pixels + PatchLayout.slack + pixels / lanes * (taps * lanes + 16)
  }

  func scratchForImage(_ table: FloatTable, parts: Int) -> Int {
    let copy = layout.isIdentity ? 0 : geometry.groups * laidOutCount
    let direct = max(partSize(table, parts: 1) + parts * PatchLayout.slack, parts * partSize(table, parts: parts))
    return max(copy + direct, winograd?.scratchForImage(parts: parts) ?? 0)
  }

  /// `parts` threads share the rows when there is enough to compute.
  func runImage(
    _ table: FloatTable, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>,
    _ scratch: UnsafeMutablePointer<Float>, parts: Int
  ) {
    if let winograd, winograd.runImage(x, y, scratch, parts: parts, activation: activation, pooling: pooling) { return }
    var source = x
    var lines = scratch
    var groupSize = layout.channels * layout.channelSize
    if !layout.isIdentity {
      for group in 0..<geometry.groups {
        layout.layOut(x + group * layout.channels * layout.height * layout.width, into: scratch + group * laidOutCount)
      }
      source = UnsafePointer(scratch)
      lines += geometry.groups * laidOutCount
      groupSize = laidOutCount
    }
    // Channels are shared out where there are enough of them: every part then reads the same patches, and the rows of few
    // windows seldom fall into equal parts. (Pooling reads over the end of its lines, so parts keep their distance.)
    let threads = geometry.operations < 300_000 ? 1 : parts
    let splitsChannels = isDirect && geometry.groups == 1 && geometry.outputChannels >= 16 * threads
    let count = splitsChannels ? geometry.outputChannels : units
    let used = min(threads, count)
    let perPart = (count + used - 1) / used
    var share = Share(
      layer: self, table: table, source: source, groupSize: groupSize, y: y, lines: lines,
      size: splitsChannels ? PatchLayout.slack : partSize(table, parts: used), perPart: perPart,
      splitsChannels: splitsChannels)
    parallelFor((count + perPart - 1) / perPart, context: &share) { context, part in
      context.assumingMemoryBound(to: Share.self).pointee.run(part)
    }
  }

  /// What the threads that share an image have in common.
  private struct Share {
    let layer: PlannedConvolution
    let table: FloatTable
    let source: UnsafePointer<Float>
    let groupSize: Int
    let y: UnsafeMutablePointer<Float>
    let lines: UnsafeMutablePointer<Float>
    let size: Int
    let perPart: Int
    let splitsChannels: Bool

    func run(_ part: Int) {
      let m = layer.geometry.outputChannelsPerGroup
      let range = part * perPart..<min((part + 1) * perPart, splitsChannels ? m : layer.units)
      let (units, channels) = splitsChannels ? (0..<layer.units, range) : (range, 0..<m)
      for group in 0..<layer.geometry.groups {
        layer.runUnits(table, units, channels, group, source + group * groupSize, y, lines + part * size)
      }
    }
  }

  /// Some rows of windows, or of the output, of some channels of a group; of all channels where patches are gathered.
  fileprivate func runUnits(
    _ table: FloatTable, _ range: Range<Int>, _ channels: Range<Int>, _ group: Int, _ source: UnsafePointer<Float>,
    _ y: UnsafeMutablePointer<Float>, _ lines: UnsafeMutablePointer<Float>
  ) {
    let m = geometry.outputChannelsPerGroup
    let lanes = table.tileColumns
    let (first, rows) = (range.lowerBound * rowsPerUnit, range.count * rowsPerUnit)
    let pixels = geometry.outputPixels
    // Lines of the product: [m, line], a row of pixels every `pitch`.
    let pitch: Int
    let line: Int
    if isDirect {
      pitch = layout.columns
      let length = (rows - 1) * pitch + geometry.outputWidth
      line = roundUp(length, lanes)
      multiply(table, group, channels, length, source + first * pitch, offsets, into: lines, stride: line)
    } else {
      pitch = geometry.outputWidth
      let count = rows * pitch
      line = pooling == nil ? pixels : roundUp(count, lanes)
      let gathered = lines + m * roundUp(count, lanes) + PatchLayout.slack
      let panelSize = taps * lanes + 16
      for panel in 0..<(count + lanes - 1) / lanes {
        table.packPatches(
          source, offsets: offsets, depth: taps, firstPixel: first * pitch + panel * lanes,
          lanes: min(lanes, count - panel * lanes), columns: pitch, rowStride: layout.columns, width: lanes,
          into: gathered + panel * panelSize)
      }
      table.gemmBlock(
        m: m, n: count, depth: taps, a: packed + group * groupStride, panelStrideA: panelStride, b: gathered,
        panelStrideB: panelSize,
        c: pooling == nil ? y + group * m * pixels + first * pitch : lines, rowStride: line, alpha: 1, beta: 0,
        rowBias: bias.map { $0 + group * m }, columnBias: nil, activation: activation, slope: slope)
      if pooling == nil { return }
    }
    guard let pooling else {
      for channel in channels {
        let to = y + (group * m + channel) * pixels + first * geometry.outputWidth
        for row in 0..<rows {
          (to + row * geometry.outputWidth).update(
            from: lines + channel * line + row * pitch, count: geometry.outputWidth)
        }
      }
      return
    }
    let pooled = pooling.outputHeight * pooling.outputWidth
    let to = y + group * m * pooled + range.lowerBound * pooling.outputWidth
    if pooling.isTwoByTwo {
      for channel in channels {
        table.maxPoolPairs(
          lines + channel * line, rowStride: pitch, to + channel * pooled, rows: range.count,
          columns: pooling.outputWidth)
      }
      return
    }
    withUnsafeTemporaryAllocation(of: Int.self, capacity: 12) { numbers in
      guard let bandLayout, let address = numbers.baseAddress else { return }
      address.initialize(from: bandLayout, count: 12)
      (address[0], address[1], address[10]) = (rows, pitch, range.count)
      for channel in channels { table.maxPool(lines + channel * line, to + channel * pooled, nil, address) }
    }
  }
}
