/// How the channels of a group are laid out so that patches can be gathered without a case to distinguish: padded, and
/// for a stride s cut into its s·s phases (see ApusKernels/PatchPacking.swift).
struct PatchLayout {
  /// Sizes of the source's channels.
  var channels: Int
  var height: Int
  var width: Int
  /// Zeros before the first row and column.
  var top: Int
  var left: Int
  var stride: (Int, Int)
  /// Rows and columns of one phase.
  var rows: Int
  var columns: Int

  /// Scalars of one laid-out channel.
  var channelSize: Int { stride.0 * stride.1 * rows * columns }

  /// Whether the source is its own layout.
  var isIdentity: Bool {
    stride == (1, 1) && top == 0 && left == 0 && rows == height && columns == width
  }

  /// Room that reading may touch behind the last value, and that holds zeros: a register tile's width.
  static let slack = 64

  /// Scalars of a laid-out group, slack included.
  var size: Int { channels * channelSize + PatchLayout.slack }

  /// Where the value of a tap stands for output pixel (0, 0): `y`, `x` count from the padded corner.
  func offset(channel: Int, y: Int, x: Int) -> Int {
    let phase = y % stride.0 * stride.1 + x % stride.1
    return channel * channelSize + phase * rows * columns + y / stride.0 * columns + x / stride.1
  }

  /// Lays one image's group out at `target`.
  func layOut<T: ComputeScalar>(_ source: UnsafePointer<T>, into target: UnsafeMutablePointer<T>) {
    for channel in 0..<channels { layOut(channel, source, into: target) }
  }

  /// Lays one channel of a group out, and behind the last one the slack.
  func layOut<T: ComputeScalar>(_ channel: Int, _ source: UnsafePointer<T>, into target: UnsafeMutablePointer<T>) {
    kernels(T.self).layOutChannel(
      source + channel * height * width, height: height, width: width, top: top, left: left, strideY: stride.0,
      strideX: stride.1, rows: rows, columns: columns, into: target + channel * channelSize)
    if channel == channels - 1 {
      (target + channels * channelSize).update(repeating: 0, count: PatchLayout.slack)
    }
  }

  /// Lays one channel of images in lanes out: as `layOutChannel` does, with a row of `lanes` numbers in the place of each number.
  func layOutLanes<T: ComputeScalar>(
    _ channel: UnsafePointer<T>, _ lanes: Int, into target: UnsafeMutablePointer<T>
  ) {
    var to = target
    for phase in 0..<stride.0 * stride.1 {
      for row in 0..<rows {
        let y = row * stride.0 + phase / stride.1 - top
        for column in 0..<columns {
          let x = column * stride.1 + phase % stride.1 - left
          if y >= 0 && y < height && x >= 0 && x < width {
            to.update(from: channel + (y * width + x) * lanes, count: lanes)
          } else {
            to.update(repeating: 0, count: lanes)
          }
          to += lanes
        }
      }
    }
  }
}

/// The laid-out groups of a whole batch: the source itself where the layout is the identity, a copy elsewhere.
struct LaidOutBatch<T: ComputeScalar> {
  let layout: PatchLayout
  let source: UnsafePointer<T>
  let copy: UnsafeMutablePointer<T>
  let count: Int

  private let readsBehind: Bool

  /// Scalars of scratch that the layout of `count` groups needs.
  static func scratchCount(_ layout: PatchLayout, count: Int, readsBehind: Bool) -> Int {
    layout.isIdentity ? (readsBehind ? layout.size : 0) : layout.size * count
  }

  /// Lays out `count` groups that follow one another in `source`; `copy` has room for `scratchCount` scalars.
  init(
    _ layout: PatchLayout, _ source: UnsafePointer<T>, count: Int, readsBehind: Bool, copy: UnsafeMutablePointer<T>
  ) {
    self.layout = layout
    self.readsBehind = readsBehind
    self.source = source
    self.copy = copy
    self.count = count
    if layout.isIdentity {
      // Where reading may reach over the last value, the last group, and only that, is copied to where it may.
      guard readsBehind else { return }
      layout.layOut(source + (count - 1) * layout.channels * layout.height * layout.width, into: copy)
      return
    }
    let channels = count * layout.channels
    let perPart = max(1, 16384 / max(1, layout.channelSize))
    parallelFor((channels + perPart - 1) / perPart) { part in
      for index in part * perPart..<min((part + 1) * perPart, channels) {
        let (group, channel) = (index / layout.channels, index % layout.channels)
        layout.layOut(
          channel, source + group * layout.channels * layout.height * layout.width, into: copy + group * layout.size)
      }
    }
  }

  /// Where group number `index` begins.
  func pointer(_ index: Int) -> UnsafePointer<T> {
    if layout.isIdentity {
      return readsBehind && index == count - 1
        ? UnsafePointer(copy) : source + index * layout.channels * layout.height * layout.width
    }
    return UnsafePointer(copy + index * layout.size)
  }
}
