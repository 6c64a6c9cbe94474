/// The rows and columns of a convolution's input with one rest modulo the stride.
///
/// Input pixel (y, x) gathers `outputGradient[(y + top − ky · dilation) / stride, …]` over the taps for which the division leaves
/// no rest. All pixels of a phase share these taps, so the gradient of a phase is a convolution of the output
/// gradient with stride 1, and nothing is scattered.
struct InputGradientPhase {
  /// The first row and column.
  let row: Int
  let column: Int
  /// Pixels down and across.
  let rows: Int
  let columns: Int
  /// The output gradient of a group, padded so far that every shift stays inside.
  let layout: PatchLayout
  /// Numbers of the taps, within a kernel, that reach the phase.
  let taps: [Int]
  /// Where each output channel of the group and tap lies in the laid-out gradient.
  let offsets: [Int]

  init(_ g: ConvolutionGeometry, row: Int, column: Int) {
    self.row = row
    self.column = column
    let down = Self.shifts(
      kernel: g.kernelHeight, stride: g.stride.0, dilation: g.dilation.0, padding: g.padding.top, phase: row)
    let across = Self.shifts(
      kernel: g.kernelWidth, stride: g.stride.1, dilation: g.dilation.1, padding: g.padding.left, phase: column)
    rows = (g.inputHeight - row + g.stride.0 - 1) / g.stride.0
    columns = (g.inputWidth - column + g.stride.1 - 1) / g.stride.1
    let top = max(0, -(down.map(\.shift).min() ?? 0))
    let left = max(0, -(across.map(\.shift).min() ?? 0))
    layout = PatchLayout(
      channels: g.outputChannelsPerGroup, height: g.outputHeight, width: g.outputWidth, top: top, left: left,
      stride: (1, 1), rows: max(g.outputHeight + top, top + rows + (down.map(\.shift).max() ?? 0)),
      columns: max(g.outputWidth + left, left + columns + (across.map(\.shift).max() ?? 0)))
    taps = down.flatMap { y in across.map { x in y.tap * g.kernelWidth + x.tap } }
    var offsets: [Int] = []
    offsets.reserveCapacity(g.outputChannelsPerGroup * taps.count)
    for channel in 0..<g.outputChannelsPerGroup {
      for y in down {
        for x in across { offsets.append(layout.offset(channel: channel, y: top + y.shift, x: left + x.shift)) }
      }
    }
    self.offsets = offsets
  }

  /// The taps along one axis that reach the pixels of one phase, each with the output position that pixel 0 meets.
  private static func shifts(
    kernel: Int, stride: Int, dilation: Int, padding: Int, phase: Int
  ) -> [(tap: Int, shift: Int)] {
    (0..<kernel).compactMap { tap in
      let position = phase + padding - tap * dilation
      // Rest of a division that rounds down, so that negative positions belong to the right phase.
      let rest = (position % stride + stride) % stride
      return rest == 0 ? (tap, (position - rest) / stride) : nil
    }
  }

  /// Puts pixels of the phase, which follow one another in `dense` without gaps, to their places `stride` apart in a plane of
  /// the input gradient.
  func spread<T: ComputeScalar>(
    _ dense: UnsafePointer<T>, over plane: UnsafeMutablePointer<T>, _ g: ConvolutionGeometry, pixels: Range<Int>
  ) {
    let table = kernels(T.self)
    var pixel = pixels.lowerBound
    while pixel < pixels.upperBound {
      let (y, x) = pixel.quotientAndRemainder(dividingBy: columns)
      let count = min(columns - x, pixels.upperBound - pixel)
      table.copy(
        dense + pixel, 1, plane + (y * g.stride.0 + row) * g.inputWidth + x * g.stride.1 + column, g.stride.1, count)
      pixel += count
    }
  }
}

extension ConvolutionGeometry {
  /// All phases of the input.
  var inputGradientPhases: [InputGradientPhase] {
    (0..<min(stride.0, inputHeight)).flatMap { row in
      (0..<min(stride.1, inputWidth)).map { column in InputGradientPhase(self, row: row, column: column) }
    }
  }
}
