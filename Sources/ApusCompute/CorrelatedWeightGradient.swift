// The direct way to a convolution's weight gradient: sums of products along stretches of memory
// (ApusKernels/TapCorrelation.swift), for which the planes of the output gradient are laid out with rows as long as those of
// the laid-out input, and zeros where there is no pixel.
//
// A few channels of a part of the batch are laid out at a time, and used while they are in the cache: laid out as a whole they would
// be the largest array of a training step. Where max-pooling stands behind the convolution, they are made of the windows' codes
// at once, and the gradient of the convolution's output never exists as a whole.

/// The gradient with respect to a convolution's output, as it is there.
enum OutputGradient<T: ComputeScalar> {
  /// A number for each output.
  case whole(UnsafePointer<T>)
  /// What came back to max-pooling by 2 × 2 windows and ReLU behind the convolution, and what `rectifiedMaxPool` wrote.
  case pooled(upstream: UnsafePointer<T>, codes: UnsafePointer<UInt8>)
}

extension ConvolutionGeometry {
  /// Whether the weight gradient goes the direct way. With few channels, always: a register tile of one to three rows would
  /// leave most of the registers empty.
  var correlatesTaps: Bool {
    let (m, columns) = (outputChannelsPerGroup, inputLayout.columns)
    return m <= 3 || (m <= 32 && 5 * outputWidth >= 3 * columns && outputHeight * columns <= 1 << 12)
  }
}

/// The weight gradient by correlation. Needs a weight and an output that are not empty.
@specialized(where T == Float)
@specialized(where T == Double)
func correlatedWeightGradient<T: ComputeScalar>(
  _ g: ConvolutionGeometry, input: UnsafePointer<T>, _ outputGradient: OutputGradient<T>,
  weightGradient: UnsafeMutablePointer<T>
) {
  let kernels = kernels(T.self)
  let layout = g.inputLayout
  let offsets = g.inputOffsets(layout)
  let (m, n) = (g.outputChannelsPerGroup, offsets.count)
  let parts = WeightGradientParts(g, byImages: true, scalarBytes: MemoryLayout<T>.stride)
  let planes = CorrelationPlanes(g, outputGradient, columns: layout.columns)
  // A multiple of the tile's rows. Neither this cut nor that of the taps changes any sum.
  let channelsPerBlock = InstructionSet.active == .avx512 ? 4 : 6
  let blocks = (m + channelsPerBlock - 1) / channelsPerBlock
  // Each part of the taps lays the planes out for itself: there are several only where the team would else be idle.
  let jobs = parts.count * g.groups * blocks
  let panels = (n + 4) / 5
  let tapParts = min(panels, max(1, 2 * Threads.count / jobs))
  let tapsPerPart = (panels + tapParts - 1) / tapParts * 5
  let images = g.batch * g.groups
  let copySize = LaidOutBatch<T>.scratchCount(layout, count: images, readsBehind: true)
  let sumsSize = parts.count > 1 ? parts.count * g.weightCount : 0
  Scratch.withScalars(copySize + sumsSize, of: T.self) { scratch in
    let source = LaidOutBatch(layout, input, count: images, readsBehind: true, copy: scratch)
    let sums = parts.count > 1 ? scratch + copySize : weightGradient
    parallelFor(jobs * tapParts) { index in
      let firstTap = index % tapParts * tapsPerPart
      let taps = min(tapsPerPart, n - firstTap)
      guard taps > 0 else { return }
      let firstChannel = index / tapParts % blocks * channelsPerBlock
      let channels = min(channelsPerBlock, m - firstChannel)
      let group = index / (tapParts * blocks) % g.groups
      let part = index / (tapParts * blocks * g.groups)
      let rows = parts.rows(part)
      let range = rows.lowerBound / g.outputHeight..<rows.upperBound / g.outputHeight
      let sources = range.map { source.pointer($0 * g.groups + group) }
      Scratch.withScalars(range.count * channels * planes.size, of: T.self) { room in
        for image in range {
          for channel in 0..<channels {
            planes.layOut(
              (image * g.groups + group) * m + firstChannel + channel,
              into: room + ((image - range.lowerBound) * channels + channel) * planes.size)
          }
        }
        offsets.withUnsafeBufferPointer { offsets in
          kernels.correlateTaps(
            channels: channels, taps: taps, images: range.count, sources: sources,
            offsets: offsets.baseAddress! + firstTap, gradient: room, imageStride: channels * planes.size,
            rowStride: planes.size, length: planes.size,
            into: sums + part * g.weightCount + (group * m + firstChannel) * n + firstTap, targetStride: n)
        }
      }
    }
    if parts.count > 1 { parts.add(sums, into: weightGradient, count: g.weightCount) }
  }
}

/// The planes of the output gradient, laid out for the correlation.
private struct CorrelationPlanes<T: ComputeScalar> {
  /// Scalars of a plane, a multiple of every register's width.
  let size: Int
  private let gradient: OutputGradient<T>
  private let height: Int
  private let width: Int
  /// Of a row.
  private let columns: Int
  /// A pooling's numbers as kernels want them, with rows of `columns`: what no window covers becomes 0, as it has to.
  private let pooling: [Int]

  init(_ g: ConvolutionGeometry, _ gradient: OutputGradient<T>, columns: Int) {
    self.gradient = gradient
    self.columns = columns
    (height, width) = (g.outputHeight, g.outputWidth)
    size = roundUp(height * columns, 16)
    pooling = [height, columns, 2, 2, 2, 2, 0, 0, 1, 1, height / 2, width / 2]
  }

  /// Lays out a plane, counted through the channels of all images.
  func layOut(_ plane: Int, into target: UnsafeMutablePointer<T>) {
    switch gradient {
    case .whole(let source):
      kernels(T.self).layOutChannel(
        source + plane * height * width, height: height, width: width, top: 0, left: 0, strideY: 1, strideX: 1,
        rows: height, columns: columns, into: target)
    case .pooled(let upstream, let codes):
      let first = plane * (height / 2) * (width / 2)
      pooling.withUnsafeBufferPointer {
        kernels(T.self).rectifiedMaxPoolGradient(upstream + first, codes + first, target, images: 1, $0.baseAddress!)
      }
    }
    let filled = height * columns
    (target + filled).update(repeating: 0, count: size - filled)
  }
}
