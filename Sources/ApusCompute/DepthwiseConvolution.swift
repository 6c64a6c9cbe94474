// Depthwise convolutions: groups of one input channel with a few output channels each. A product of matrices with one to three
// rows would leave most of the register tile empty, so planes are correlated one by one (ApusKernels/PlaneCorrelation.swift).
// A plane is laid out, padded and cut into the phases of the stride, where the core that uses it next finds it in its cache.
//
// The gradient of the input is the same with the phases of InputGradientPhase.swift; that of the weight is the direct way of
// ConvolutionWeightGradient.swift, a dot product of two planes for each tap.

extension ConvolutionGeometry {
  /// Whether planes are correlated one by one: with four output channels a group, the register tile takes over.
  var isDepthwise: Bool { inputChannelsPerGroup == 1 && outputChannelsPerGroup <= 3 }
}

/// Calls `body` for every plane and with `scratch` scalars, several planes to a chunk, on the team. `work` is the number of
/// multiply-adds a plane takes.
private func forEachPlane<T: ComputeScalar>(
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
  let layout = g.inputLayout
  let m = g.outputChannelsPerGroup
  let taps = g.kernelHeight * g.kernelWidth
  let offsets = g.inputOffsets(layout)
  let planes = g.batch * g.groups
  offsets.withUnsafeBufferPointer { offsets in
    let offsets = offsets.baseAddress!
    forEachPlane(planes, work: m * taps * g.outputPixels, scratch: layout.size) { plane, copy in
      var source = input + plane * g.inputPixels
      // The kernel reads a little over a plane's end: into the next one, if there is a next one.
      if !layout.isIdentity || (planes - 1 - plane) * g.inputPixels < PatchLayout.slack {
        layout.layOut(source, into: copy)
        source = UnsafePointer(copy)
      }
      for index in 0..<m {
        let channel = plane % g.groups * m + index
        table.correlatePlane(
          source, offsets: offsets, weights: weight + channel * taps, taps: taps, rows: g.outputHeight,
          columns: g.outputWidth, rowStride: layout.columns, bias: bias.map { $0[channel] } ?? 0,
          activation: epilogue.activationCode, slope: epilogue.slope,
          into: output + (plane * m + index) * g.outputPixels)
      }
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
  let phases = g.inputGradientPhases
  let m = g.outputChannelsPerGroup
  let taps = g.kernelHeight * g.kernelWidth
  let copySize = phases.map(\.layout.size).max() ?? 0
  let denseSize = phases.map { roundUp($0.rows * $0.columns, 16) }.max() ?? 0
  forEachPlane(g.batch * g.groups, work: m * taps * g.outputPixels, scratch: copySize + denseSize + m * taps) {
    (plane: Int, copy: UnsafeMutablePointer<T>) in
    let target = inputGradient + plane * g.inputPixels
    let dense = copy + copySize
    let weights = dense + denseSize
    for phase in phases {
      phase.layout.layOut(outputGradient + plane * m * g.outputPixels, into: copy)
      var count = 0
      for index in 0..<m {
        for tap in phase.taps {
          weights[count] = weight[(plane % g.groups * m + index) * taps + tap]
          count += 1
        }
      }
      let isWhole = g.stride == (1, 1)
      phase.offsets.withUnsafeBufferPointer { offsets in
        withUnsafeTemporaryAllocation(of: Int.self, capacity: 1) { none in
          table.correlatePlane(
            copy, offsets: offsets.baseAddress ?? UnsafePointer(none.baseAddress!), weights: weights, taps: count,
            rows: phase.rows, columns: phase.columns, rowStride: phase.layout.columns, bias: 0, activation: 0,
            slope: 0,
            into: isWhole ? target : dense)
        }
      }
      if !isWhole { phase.spread(dense, over: target, g, pixels: 0..<phase.rows * phase.columns) }
    }
  }
}
