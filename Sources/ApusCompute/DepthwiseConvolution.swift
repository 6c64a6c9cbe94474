// Depthwise convolutions: groups of one input channel with a few output channels each. A product of matrices with one to three
// rows would leave most of the register tile empty, so planes are correlated one by one (ApusKernels/PlaneCorrelation.swift).
// A plane is laid out, padded and cut into the phases of the stride, band by band, where the core that uses it next finds it in
// its level-1 cache. The most usual stride and kernel beside that of 1, 2 with 3×3, goes without (StridedDepthwise.swift).
//
// The gradient of the input is the same with the phases of InputGradientPhase.swift. That of the weight is the transpose for
// square kernels (ApusKernels/PlaneTapGradient.swift), and for others the direct way of CorrelatedWeightGradient.swift, a
// dot product of two planes for each tap.

extension ConvolutionGeometry {
  /// Whether planes are correlated one by one: with four output channels a group, the register tile takes over.
  var isDepthwise: Bool { inputChannelsPerGroup == 1 && outputChannelsPerGroup <= 3 }

  /// Whether the weight gradient is summed plane by plane: where rows of the output share what they read, in fours.
  var sumsTapsOfPlanes: Bool {
    isDepthwise && kernelHeight == kernelWidth && (kernelHeight == 3 || kernelHeight == 5) && outputHeight >= 4
      && (stride.0 == dilation.0 || stride.0 == 2 && dilation.0 == 1)
  }

  /// The input in bands, as the forward pass and the weight gradient of a depthwise convolution read it.
  fileprivate func inputBands(scalarBytes: Int) -> PlaneBands {
    PlaneBands(
      inputLayout, rows: outputHeight, reach: (kernelHeight - 1) * dilation.0 / stride.0, scalarBytes: scalarBytes)
  }
}

/// Calls `body` for every plane and with `scratch` scalars, several planes to a chunk, on the team. `work` is the number of
/// multiply-adds a plane takes.
func forEachPlane<T: ComputeScalar>(
  _ count: Int, work: Int, scratch: Int, _ body: (Int, UnsafeMutablePointer<T>) -> Void
) {
  let perPart = max(1, 20_000 / max(1, work))
  parallelFor((count + perPart - 1) / perPart) { part in
    Scratch.withScalars(scratch, of: T.self) { scratch in
      for plane in part * perPart..<min((part + 1) * perPart, count) { body(plane, scratch) }
    }
  }
}

/// The forward pass of a depthwise convolution.
@specialized(where T == Float)
@specialized(where T == Double)
func depthwiseForward<T: ComputeScalar>(
  _ g: ConvolutionGeometry, input: UnsafePointer<T>, weight: UnsafePointer<T>, bias: UnsafePointer<T>?,
  output: UnsafeMutablePointer<T>, epilogue: Epilogue<T>
) {
  let table = kernels(T.self)
  if let strided = StridedDepthwise<T>(g) {
    return strided.forward(input: input, weight: weight, bias: bias, output: output, epilogue: epilogue)
  }
  let bands = g.inputBands(scalarBytes: MemoryLayout<T>.stride)
  let m = g.outputChannelsPerGroup
  let taps = g.kernelHeight * g.kernelWidth
  let isIdentity = g.inputLayout.isIdentity
  // Without padding and stride a plane is its own layout, and there is one band, of any size.
  let offsets = g.inputOffsets(isIdentity ? g.inputLayout : bands.layout)
  let planes = g.batch * g.groups
  offsets.withUnsafeBufferPointer { offsets in
    let offsets = offsets.baseAddress!
    forEachPlane(planes, work: m * taps * g.outputPixels, scratch: bands.size) { plane, copy in
      let channels = plane % g.groups * m..<(plane % g.groups + 1) * m
      let target = output + plane * m * g.outputPixels
      func correlate(_ source: UnsafePointer<T>, _ rows: Range<Int>) {
        for channel in channels {
          table.correlatePlane(
            source, offsets: offsets, weights: weight + channel * taps, taps: taps, kernelColumns: g.kernelWidth,
            rows: rows.count, columns: g.outputWidth, rowStride: bands.layout.columns,
            bias: bias.map { $0[channel] } ?? 0,
            activation: epilogue.activationCode, slope: epilogue.slope,
            into: target + (channel - channels.lowerBound) * g.outputPixels + rows.lowerBound * g.outputWidth)
        }
      }
      let source = input + plane * g.inputPixels
      // The kernel reads a little over a plane's end: into the next one, if there is a next one.
      if isIdentity && (planes - 1 - plane) * g.inputPixels >= PatchLayout.slack {
        correlate(source, 0..<g.outputHeight)
      } else {
        bands.forEach(of: source, laidOutAt: copy) { correlate(copy, $0) }
      }
    }
  }
}

/// The gradient of a depthwise convolution's weight: for each tap, the sum over a plane of the output's gradient times what the
/// tap met.
///
/// Planes of a channel are added in at most four parts, by sizes alone, and these in order: bit-identical at any number of threads.
@specialized(where T == Float)
@specialized(where T == Double)
func depthwiseWeightGradient<T: ComputeScalar>(
  _ g: ConvolutionGeometry, input: UnsafePointer<T>, outputGradient: UnsafePointer<T>,
  weightGradient: UnsafeMutablePointer<T>
) {
  let table = kernels(T.self)
  let bands = g.inputBands(scalarBytes: MemoryLayout<T>.stride)
  let offsets = g.inputOffsets(bands.layout)
  let m = g.outputChannelsPerGroup
  let taps = g.kernelHeight * g.kernelWidth
  let parts = WeightGradientParts(g, byImages: true, scalarBytes: MemoryLayout<T>.stride)
  // A register of sums for each tap.
  let sumsSize = taps * table.tileColumns / 2
  let strided = StridedDepthwise<T>(g)
  let copySize = strided?.zerosCount ?? bands.size
  let partSums = parts.count > 1 ? parts.count * g.weightCount : 0
  Scratch.withScalars(partSums, of: T.self) { scratch in
    let partial = parts.count > 1 ? scratch : weightGradient
    offsets.withUnsafeBufferPointer { offsets in
      let offsets = offsets.baseAddress!
      let images = (g.batch + parts.count - 1) / parts.count
      forEachPlane(
        parts.count * g.groups, work: images * m * taps * g.outputPixels, scratch: copySize + m * sumsSize
      ) { (index: Int, copy: UnsafeMutablePointer<T>) in
        let (part, group) = (index / g.groups, index % g.groups)
        let sums = copy + copySize
        sums.update(repeating: 0, count: m * sumsSize)
        if strided != nil { copy.update(repeating: 0, count: copySize) }
        let rows = parts.rows(part)
        for image in rows.lowerBound / g.outputHeight..<rows.upperBound / g.outputHeight {
          let plane = image * g.groups + group
          if let strided {
            for channel in 0..<m {
              strided.accumulate(
                input + plane * g.inputPixels, outputGradient + (plane * m + channel) * g.outputPixels, zeros: copy,
                into: sums + channel * sumsSize)
            }
            continue
          }
          bands.forEach(of: input + plane * g.inputPixels, laidOutAt: copy) { rows in
            for channel in 0..<m {
              table.accumulateTaps(
                copy, offsets: offsets, taps: taps, kernelColumns: g.kernelWidth,
                gradient: outputGradient + (plane * m + channel) * g.outputPixels + rows.lowerBound * g.outputWidth,
                rows: rows.count, columns: g.outputWidth, rowStride: bands.layout.columns,
                into: sums + channel * sumsSize)
            }
          }
        }
        for channel in 0..<m {
          table.sumLanes(
            sums + channel * sumsSize, taps, into: partial + part * g.weightCount + (group * m + channel) * taps)
        }
      }
    }
    if parts.count > 1 { parts.add(partial, into: weightGradient, count: g.weightCount) }
  }
}

/// All phases of the input's gradient as correlations with one layout of the output's gradient.
private struct SharedPhases {
  let phases: [InputGradientPhase]
  let bands: PlaneBands
  /// For each phase: its taps and where they lie, from the top of the laid-out gradient to the bottom.
  let taps: [[Int]]
  let offsets: [[Int]]
  /// Taps in a row of a phase's kernel.
  let kernelColumns: [Int]

  init(_ g: ConvolutionGeometry, scalarBytes: Int) {
    let phases = g.inputGradientPhases
    // Where the taps of a phase lie: row and column, from its first pixel's place in the unpadded gradient.
    let places = phases.map { phase in
      phase.offsets.map { offset -> (channel: Int, y: Int, x: Int) in
        let rest = offset % phase.layout.channelSize
        return (
          offset / phase.layout.channelSize, rest / phase.layout.columns - phase.layout.top,
          rest % phase.layout.columns - phase.layout.left
        )
      }
    }
    let all = places.flatMap { $0 }
    let (top, left) = (max(0, -(all.map(\.y).min() ?? 0)), max(0, -(all.map(\.x).min() ?? 0)))
    let reach = top + max(0, all.map(\.y).max() ?? 0)
    let width = phases.map(\.columns).max() ?? 0
    let layout = PatchLayout(
      channels: g.outputChannelsPerGroup, height: g.outputHeight, width: g.outputWidth, top: top, left: left,
      stride: (1, 1), rows: 0, columns: left + max(g.outputWidth, width + max(0, all.map(\.x).max() ?? 0)))
    let bands = PlaneBands(
      layout, rows: phases.map(\.rows).max() ?? 0, reach: reach, scalarBytes: scalarBytes)
    self.phases = phases
    self.bands = bands
    taps = phases.map { $0.taps.reversed() }
    offsets = places.map { places in
      places.reversed().map { bands.layout.offset(channel: $0.channel, y: top + $0.y, x: left + $0.x) }
    }
    kernelColumns = phases.map { phase in
      phase.taps.prefix { $0 / g.kernelWidth == phase.taps[0] / g.kernelWidth }.count
    }
  }
}

/// The gradient of a depthwise convolution's input: phase by phase, each a correlation of the output gradient's planes with the
/// taps that reach the phase.
@specialized(where T == Float)
@specialized(where T == Double)
func depthwiseInputGradient<T: ComputeScalar>(
  _ g: ConvolutionGeometry, outputGradient: UnsafePointer<T>, weight: UnsafePointer<T>,
  inputGradient: UnsafeMutablePointer<T>
) {
  let table = kernels(T.self)
  if let strided = StridedDepthwise<T>(g) {
    return strided.inputGradient(outputGradient: outputGradient, weight: weight, inputGradient: inputGradient)
  }
  let shared = SharedPhases(g, scalarBytes: MemoryLayout<T>.stride)
  let bands = shared.bands
  let m = g.outputChannelsPerGroup
  let taps = g.kernelHeight * g.kernelWidth
  let isWhole = g.stride == (1, 1)
  // The phases of one row, each dense; two of them are put together in whole registers.
  let denseSize = isWhole ? 0 : roundUp((bands.layout.rows) * (shared.phases.map(\.columns).max() ?? 0), 16)
  let across = min(g.stride.1, g.inputWidth)
  forEachPlane(
    g.batch * g.groups, work: m * taps * g.outputPixels, scratch: bands.size + across * denseSize + m * taps
  ) { (plane: Int, copy: UnsafeMutablePointer<T>) in
    let target = inputGradient + plane * g.inputPixels
    let weights = copy + bands.size + across * denseSize
    var count = 0
    for phaseTaps in shared.taps {
      for index in (0..<m).reversed() {
        for tap in phaseTaps {
          weights[count] = weight[(plane % g.groups * m + index) * taps + tap]
          count += 1
        }
      }
    }
    bands.forEach(of: outputGradient + plane * m * g.outputPixels, laidOutAt: copy) { band in
      var first = 0
      for (index, phase) in shared.phases.enumerated() {
        let rows = band.clamped(to: 0..<phase.rows)
        let dense = copy + bands.size + index % across * denseSize
        shared.offsets[index].withUnsafeBufferPointer { offsets in
          withUnsafeTemporaryAllocation(of: Int.self, capacity: 1) { none in
            table.correlatePlane(
              copy, offsets: offsets.baseAddress ?? UnsafePointer(none.baseAddress!), weights: weights + first,
              taps: offsets.count, kernelColumns: shared.kernelColumns[index], rows: rows.count, columns: phase.columns,
              rowStride: bands.layout.columns, bias: 0, activation: 0, slope: 0,
              into: isWhole ? target + rows.lowerBound * phase.columns : dense)
          }
          first += offsets.count
        }
        if isWhole { continue }
        let rowOfPhase = target + (rows.lowerBound * g.stride.0 + phase.row) * g.inputWidth
        if g.stride.1 == 2 && across == 2 {
          if phase.column == 1 {
            table.interleaveColumns(
              dense - denseSize, dense, rows: rows.count, width: g.inputWidth, into: rowOfPhase,
              targetStride: g.stride.0 * g.inputWidth)
          }
        } else {
          for row in 0..<rows.count {
            table.copy(
              dense + row * phase.columns, 1, rowOfPhase + row * g.stride.0 * g.inputWidth + phase.column, g.stride.1,
              phase.columns)
          }
        }
      }
    }
  }
}
