/// A plane laid out in bands of rows that fit in half of the level-1 cache, one after the other in the same place: what a
/// depthwise convolution reads is then read where it has just been written.
struct PlaneBands {
  /// A band; `rows` are those that it reads, for every band the same number.
  let layout: PatchLayout
  /// Rows of the result.
  private let rows: Int
  private let rowsPerBand: Int

  /// Scalars that a band takes, with room for reading behind it.
  var size: Int { layout.size }

  /// Bands for `rows` rows of a result that read `reach` further rows of a phase.
  init(_ layout: PatchLayout, rows: Int, reach: Int, scalarBytes: Int) {
    let bytesPerRow = layout.channels * layout.stride.0 * layout.stride.1 * layout.columns * scalarBytes
    let affordable = Processor.current.level1DataCache / 2 / max(1, bytesPerRow) - reach
    // Fours of rows, which the kernels take together, and all bands of nearly the same size.
    let bands = max(1, (rows + max(4, affordable) - 1) / max(4, affordable))
    let perBand = min(rows, roundUp((rows + bands - 1) / bands, 4))
    self.rows = rows
    rowsPerBand = perBand
    var band = layout
    band.rows = perBand + reach
    self.layout = band
  }

  /// Lays band after band out at `target` and calls `body` with the rows of the result that it serves.
  @inline(__always)
  func forEach<T: ComputeScalar>(
    of plane: UnsafePointer<T>, laidOutAt target: UnsafeMutablePointer<T>, _ body: (Range<Int>) -> Void
  ) {
    let table = kernels(T.self)
    let pitch = layout.height * layout.width
    for first in stride(from: 0, to: rows, by: rowsPerBand) {
      // The source row that the band's first one is, negative in the padding.
      let y = first * layout.stride.0 - layout.top
      for channel in 0..<layout.channels {
        table.layOutChannel(
          plane + channel * pitch + min(layout.height, max(0, y)) * layout.width, height: layout.height - max(0, y),
          width: layout.width, top: max(0, -y), left: layout.left, strideY: layout.stride.0,
          strideX: layout.stride.1, rows: layout.rows, columns: layout.columns,
          into: target + channel * layout.channelSize)
      }
      body(first..<min(first + rowsPerBand, rows))
    }
  }
}
