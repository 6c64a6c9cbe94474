// A correlation of images in lanes, as a product without packing of B: a convolution's forward pass, or the gradient of its input.
//
//     target[r, y, x] = Σ over taps (ky, kx) and channels c of weight[r, c, ky, kx] · source[c, y + down[ky], x + across[kx]]
//
// With `lanes` images side by side (PatchLayout.swift has the other way, pixels side by side), a number of the source is a row of a
// panel of B, which the register tile reads where it lies. No patch is gathered, no column of a tile is wasted at the end of an
// image's row, and taps that fall outside the image are left out of the depth instead of being multiplied with zeros: a pixel's
// taps are a rectangle of the kernel, so columns with the same rectangle share a list of places and a copy of A.

/// What a correlation in lanes needs of the sizes and the weights.
struct LaneCorrelation<T: ComputeScalar> {
  /// Rows of the product: channels of the target.
  let rows: Int
  /// Columns of the target, pixels.
  let columns: Int
  private let table: any Kernels<T>.Type
  private let channels: Int
  private let sourceHeight: Int
  private let sourceWidth: Int
  /// For each row of the target the rows of the kernel that meet the source.
  private let tapRows: [Range<Int>]
  /// Columns of the target that meet the same columns of the kernel, from left to right.
  private let runs: [Run]
  private let reaches: [Reach]
  /// For all reaches: where each step of the depth lies, counted from the target pixel's place in the source.
  private let offsets: [Int]
  private let kernel: (height: Int, width: Int)

  private struct Run {
    let columns: Range<Int>
    let reach: Int
  }

  /// A range of kernel columns; the depth runs over the kernel's rows, these columns, and the channels.
  private struct Reach {
    let taps: Range<Int>
    let firstOffset: Int
    /// Of A.
    let firstScalar: Int
    let panelStride: Int
  }

  /// How shifts along one axis meet `length` numbers of a source, for each of `count` numbers of a target.
  private static func reach(_ shifts: [Int], count: Int, length: Int) -> [Range<Int>] {
    (0..<count).map { position in
      let meeting = shifts.indices.filter { (0..<length).contains(position + shifts[$0]) }
      // Shifts rise or fall, so those that meet follow one another.
      return meeting.isEmpty ? 0..<0 : meeting[0]..<meeting[meeting.count - 1] + 1
    }
  }

  /// - Parameters:
  ///   - rows: Channels of the target.
  ///   - channels: Channels of the source.
  ///   - source: Its rows and columns.
  ///   - target: Rows and columns of the target.
  ///   - down: For each row of the kernel, how far below its target the source lies. Rises or falls.
  ///   - across: The same for columns.
  init(
    _ table: any Kernels<T>.Type, rows: Int, channels: Int, source: (height: Int, width: Int),
    target: (height: Int, width: Int), down: [Int], across: [Int]
  ) {
    (self.table, self.rows, self.channels, columns) = (table, rows, channels, target.width)
    (sourceHeight, sourceWidth) = source
    kernel = (down.count, across.count)
    tapRows = Self.reach(down, count: target.height, length: source.height)
    let tapColumns = Self.reach(across, count: target.width, length: source.width)
    let (lanes, mr) = (table.tileColumns, table.tileRows)
    let panels = (rows + mr - 1) / mr
    var (runs, reaches, offsets): ([Run], [Reach], [Int]) = ([], [], [])
    var scalars = 0
    func append(_ taps: Range<Int>) {
      let depth = down.count * taps.count * channels
      reaches.append(
        Reach(taps: taps, firstOffset: offsets.count, firstScalar: scalars, panelStride: depth * mr + 16))
      scalars += panels * (depth * mr + 16)
      for y in down {
        for x in across[taps] {
          for channel in 0..<channels {
            offsets.append(((channel * source.height + y) * source.width + x) * lanes)
          }
        }
      }
    }
    // The whole kernel's panels are what the others are copied from.
    append(0..<across.count)
    var column = 0
    while column < target.width {
      let end = tapColumns[column...].firstIndex { $0 != tapColumns[column] } ?? target.width
      var reach = reaches.firstIndex { $0.taps == tapColumns[column] }
      if reach == nil {
        append(tapColumns[column])
        reach = reaches.count - 1
      }
      runs.append(Run(columns: column..<end, reach: reach ?? 0))
      column = end
    }
    // `run` points behind the last list where a row meets nothing.
    offsets.append(0)
    (self.runs, self.reaches, self.offsets) = (runs, reaches, offsets)
  }

  /// Scalars that the packed weights take.
  var packedCount: Int {
    let panels = (rows + table.tileRows - 1) / table.tileRows
    return reaches.reduce(0) { $0 + panels * $1.panelStride }
  }

  /// Packs the weights: that of row r, channel c and tap t stands at `weight[r · rowStride + c · channelStride + t]`.
  func pack(
    _ weight: UnsafePointer<T>, rowStride: Int, channelStride: Int, into packed: UnsafeMutablePointer<T>
  ) {
    let mr = table.tileRows
    let whole = reaches[0]
    for panel in 0..<(rows + mr - 1) / mr {
      let lanes = min(mr, rows - panel * mr)
      let to = packed + panel * whole.panelStride
      for tap in 0..<kernel.height * kernel.width {
        table.packPanel(
          weight + panel * mr * rowStride + tap, lanes: lanes, laneStride: rowStride, depth: channels,
          depthStride: channelStride, width: mr, into: to + tap * channels * mr)
      }
      for reach in reaches.dropFirst() {
        var next = packed + reach.firstScalar + panel * reach.panelStride
        let count = reach.taps.count * channels * mr
        for row in 0..<kernel.height {
          next.update(from: to + (row * kernel.width + reach.taps.lowerBound) * channels * mr, count: count)
          next += count
        }
      }
    }
  }

  /// Some columns of row y of the target, in all its channels, `rowStride` scalars from one channel to the next.
  func run(
    y: Int, columns: Range<Int>, _ source: UnsafePointer<T>, _ packed: UnsafePointer<T>,
    into target: UnsafeMutablePointer<T>, rowStride: Int, bias: UnsafePointer<T>?, activation: Int = 0, slope: T = 0
  ) {
    let (lanes, mr) = (table.tileColumns, table.tileRows)
    let taps = tapRows[y]
    // What a row of the target needs of the source is read again for each panel of A, if it stays near.
    let reads = channels * taps.count * sourceWidth * lanes * MemoryLayout<T>.stride
    let rowsOutside = reads <= Processor.current.level1DataCache / 2
    offsets.withUnsafeBufferPointer { offsets in
      for run in runs {
        let part = run.columns.clamped(to: columns)
        if part.isEmpty { continue }
        let reach = reaches[run.reach]
        let first = taps.lowerBound * reach.taps.count * channels
        table.gemmDirect(
          m: rows, n: part.count * lanes, depth: taps.count * reach.taps.count * channels,
          a: packed + reach.firstScalar + first * mr, rowStrideA: 1, depthStrideA: mr, panelStrideA: reach.panelStride,
          b: source + (y * sourceWidth + part.lowerBound) * lanes, panelStrideB: lanes,
          offsets: offsets.baseAddress.unsafelyUnwrapped + reach.firstOffset + first,
          c: target + (part.lowerBound - columns.lowerBound) * lanes, rowStride: rowStride, alpha: 1, beta: 0,
          rowBias: bias, columnBias: nil, activation: activation, slope: slope, rowsOutside: rowsOutside)
      }
    }
  }
}
