// 2-D convolution, forward and both gradients, each a matrix product with patches that are gathered as it needs them
// ("implicit im2col"). Docs/Convolution.md shows how; Im2Col.swift holds the plain form that a reader may start from.

/// The part of the kernel table that convolutions use.
protocol ConvolutionKernels<Scalar> {
  associatedtype Scalar
  static func correlateTaps(
    channels: Int, taps: Int, images: Int, sources: UnsafePointer<UnsafePointer<Scalar>>,
    offsets: UnsafePointer<Int>, gradient: UnsafePointer<Scalar>, imageStride: Int, rowStride: Int, length: Int,
    into target: UnsafeMutablePointer<Scalar>, targetStride: Int)
  static func packPatches(
    _ source: UnsafePointer<Scalar>, offsets: UnsafePointer<Int>, depth: Int, firstPixel: Int, lanes: Int,
    columns: Int, rowStride: Int, width: Int, into panel: UnsafeMutablePointer<Scalar>)
  static func packPixels(
    _ source: UnsafePointer<Scalar>, offsets: UnsafePointer<Int>, depth: Int, firstPixel: Int, lanes: Int,
    columns: Int, rowStride: Int, width: Int, into panel: UnsafeMutablePointer<Scalar>)
  static func packWeights(
    _ source: UnsafePointer<Scalar>, lanes: Int, laneStride: Int, outers: Int, outerStride: Int, depth: Int,
    isLast: Bool, width: Int, into panel: UnsafeMutablePointer<Scalar>)
  static func correlatePlane(
    _ source: UnsafePointer<Scalar>, offsets: UnsafePointer<Int>, weights: UnsafePointer<Scalar>, taps: Int,
    kernelColumns: Int, rows: Int, columns: Int, rowStride: Int, bias: Scalar, activation: Int, slope: Scalar,
    into target: UnsafeMutablePointer<Scalar>)
  static func accumulateTaps(
    _ source: UnsafePointer<Scalar>, offsets: UnsafePointer<Int>, taps: Int, kernelColumns: Int,
    gradient: UnsafePointer<Scalar>, rows: Int, columns: Int, rowStride: Int, into sums: UnsafeMutablePointer<Scalar>)
  static func sumLanes(_ sums: UnsafePointer<Scalar>, _ count: Int, into target: UnsafeMutablePointer<Scalar>)
  static var stridedColumns: Int { get }
  static func correlateStrided(
    _ source: UnsafePointer<Scalar>, sizes: UnsafePointer<Int>, zeros: UnsafePointer<Scalar>,
    weights: UnsafePointer<Scalar>, bias: Scalar, activation: Int, slope: Scalar,
    into target: UnsafeMutablePointer<Scalar>)
  static func accumulateStrided(
    _ source: UnsafePointer<Scalar>, sizes: UnsafePointer<Int>, zeros: UnsafePointer<Scalar>,
    gradient: UnsafePointer<Scalar>, into sums: UnsafeMutablePointer<Scalar>)
  static func spreadStrided(
    _ gradient: UnsafePointer<Scalar>, sizes: UnsafePointer<Int>, zeros: UnsafePointer<Scalar>,
    weights: UnsafePointer<Scalar>, outputs: Int, spare: UnsafeMutablePointer<Scalar>,
    into target: UnsafeMutablePointer<Scalar>)
  static func interleaveColumns(
    _ evens: UnsafePointer<Scalar>, _ odds: UnsafePointer<Scalar>, rows: Int, width: Int,
    into target: UnsafeMutablePointer<Scalar>, targetStride: Int)
  static func packTaps(
    _ source: UnsafePointer<Scalar>, offsets: UnsafePointer<Int>, lanes: Int, firstRow: Int, rows: Int, columns: Int,
    rowStride: Int, width: Int, into panel: UnsafeMutablePointer<Scalar>)
  static func copyPlanes(
    _ source: UnsafePointer<Scalar>, channels: Int, channelStride: Int, rows: Int, rowStride: Int, columns: Int,
    into target: UnsafeMutablePointer<Scalar>, targetChannelStride: Int)
  static func layOutChannel(
    _ source: UnsafePointer<Scalar>, height: Int, width: Int, top: Int, left: Int, strideY: Int, strideX: Int,
    rows: Int, columns: Int, into target: UnsafeMutablePointer<Scalar>)
}

extension ConvolutionGeometry {
  /// The input of one group as the forward pass and the weight gradient read it.
  var inputLayout: PatchLayout {
    PatchLayout(
      channels: inputChannelsPerGroup, height: inputHeight, width: inputWidth, top: padding.top, left: padding.left,
      stride: stride,
      rows: (inputHeight + padding.top + padding.bottom + stride.0 - 1) / stride.0,
      columns: (inputWidth + padding.left + padding.right + stride.1 - 1) / stride.1)
  }

  /// The offsets of all taps of a group, in the order of the weight's memory.
  func inputOffsets(_ layout: PatchLayout) -> [Int] {
    var offsets: [Int] = []
    offsets.reserveCapacity(inputChannelsPerGroup * kernelHeight * kernelWidth)
    for channel in 0..<inputChannelsPerGroup {
      for ky in 0..<kernelHeight {
        for kx in 0..<kernelWidth {
          offsets.append(layout.offset(channel: channel, y: ky * dilation.0, x: kx * dilation.1))
        }
      }
    }
    return offsets
  }
}

/// `output = activation(input ⋆ weight + bias)`: the forward pass.
///
/// `bias` has one value for each output channel, or is nil. The output need not be initialised and must not overlap
/// the other buffers. Bit-identical at any number of threads. O(`geometry.operations`).
@specialized(where T == Float)
@specialized(where T == Double)
public func convolutionForward<T: ComputeScalar>(
  _ geometry: ConvolutionGeometry, input: UnsafePointer<T>, weight: UnsafePointer<T>, bias: UnsafePointer<T>?,
  output: UnsafeMutablePointer<T>, activation: Epilogue<T>.Activation = .identity
) {
  let g = geometry
  guard g.outputCount > 0 else { return }
  let m = g.outputChannelsPerGroup
  let pixels = g.outputPixels
  if let winograd = Winograd<T>(g), activation.isRectifierOrNone {
    let isDone = winograd.convolve(
      input, weight: weight, flips: false, bias: bias, floor: activation.floor(), into: output)
    if isDone { return }
  }
  let epilogue = Epilogue<T>(activation: activation)
  if let inLanes = LaneConvolution<T>(g, .forward) {
    return inLanes.forward(
      input, weight: weight, bias: bias, output: output, activation: epilogue.activationCode, slope: epilogue.slope)
  }
  if g.isDepthwise {
    return depthwiseForward(g, input: input, weight: weight, bias: bias, output: output, epilogue: epilogue)
  }
  let layout = g.inputLayout
  let product = PatchProduct(
    m: m, offsets: g.inputOffsets(layout), rows: g.outputHeight, columns: g.outputWidth, rowStride: layout.columns)
  let taps = product.offsets.count
  if g.groups == 1 && g.batch == 1, let odd = OddPixelProduct<T>(product) {
    let copySize = LaidOutBatch<T>.scratchCount(layout, count: 1, readsBehind: true)
    return Scratch.withScalars(copySize, of: T.self) { scratch in
      odd.run(
        LaidOutBatch(layout, input, count: 1, readsBehind: true, copy: scratch).pointer(0), weight: weight,
        into: output, bias: bias, activation: epilogue.activationCode, slope: epilogue.slope)
    }
  }
  if g.groups == 1,
    let turned = TurnedProduct<T>(product, laneStride: taps, outerStride: 1, taps: 1, images: g.batch)
  {
    let copySize = LaidOutBatch<T>.scratchCount(layout, count: g.batch, readsBehind: true)
    return Scratch.withScalars(copySize, of: T.self) { scratch in
      turned.run(
        LaidOutBatch(layout, input, count: g.batch, readsBehind: true, copy: scratch), weight: weight, images: g.batch,
        into: output, bias: bias, activation: epilogue.activationCode, slope: epilogue.slope)
    }
  }
  let packing = product.packing(T.self)
  let images = g.batch * g.groups
  let packs = product.packs(images: images)
  let readsBehind = product.readsBehind(T.self)
  let copySize = LaidOutBatch<T>.scratchCount(layout, count: images, readsBehind: readsBehind)
  Scratch.withScalars(copySize + (packs ? g.groups * packing.size : 0), of: T.self) { scratch in
    let packed = scratch + copySize
    if packs {
      for group in 0..<g.groups {
        product.pack(weight + group * m * product.offsets.count, into: packed + group * packing.size)
      }
    }
    let source = LaidOutBatch(layout, input, count: images, readsBehind: readsBehind, copy: scratch)
    let parts = product.parts(T.self, images: images)
    parallelFor(images * parts.count) { index in
      let (image, part) = (index / parts.count, index % parts.count)
      let group = image % g.groups
      let operand =
        packs
        ? product.operand(packed: packed + group * packing.size)
        : product.operand(inPlace: weight + group * m * product.offsets.count)
      product.run(
        operand, source.pointer(image), part: parts.part(part, rows: m, pixels: pixels),
        into: output + image * m * pixels, stride: pixels, bias: bias.map { $0 + group * m },
        activation: epilogue.activationCode, slope: epilogue.slope)
    }
  }
}

/// The gradient of the loss with respect to a convolution's input, from that with respect to its output.
///
/// Nothing is scattered: input pixel (y, x) gathers `outputGradient[(y + top − ky · dilation) / stride, …]` over the taps
/// for which the division leaves no rest. The rows y with the same rest modulo the stride share their taps, so each such
/// phase is a product with patches of its own. The result is overwritten.
@specialized(where T == Float)
@specialized(where T == Double)
public func convolutionInputGradient<T: ComputeScalar>(
  _ geometry: ConvolutionGeometry, outputGradient: UnsafePointer<T>, weight: UnsafePointer<T>,
  inputGradient: UnsafeMutablePointer<T>
) {
  let g = geometry
  guard g.inputCount > 0 else { return }
  guard g.outputCount > 0 else {
    inputGradient.update(repeating: 0, count: g.inputCount)
    return
  }
  if let winograd = Winograd<T>(g) {
    let isDone =
      winograd.scattersInputGradient
      ? winograd.inputGradient(outputGradient, weight: weight, into: inputGradient)
      : winograd.exchanged.convolve(
        outputGradient, weight: weight, flips: true, bias: nil, floor: -.infinity, into: inputGradient)
    if isDone { return }
  }
  if let inLanes = LaneConvolution<T>(g, .inputGradient) {
    return inLanes.gradients(
      input: nil, weight: weight, .whole(outputGradient), weightGradient: nil, biasGradient: nil,
      inputGradient: inputGradient)
  }
  if g.isDepthwise {
    return depthwiseInputGradient(
      g, outputGradient: outputGradient, weight: weight, inputGradient: inputGradient)
  }
  for phase in g.inputGradientPhases { run(phase, g, outputGradient, weight, inputGradient) }
}

/// The input gradient of one phase: a product of the weights with input and output channels exchanged, only the taps of this
/// phase, `[mIn, mOut · taps]`, with patches of the output gradient.
private func run<T: ComputeScalar>(
  _ phase: InputGradientPhase, _ g: ConvolutionGeometry, _ outputGradient: UnsafePointer<T>,
  _ weight: UnsafePointer<T>, _ inputGradient: UnsafeMutablePointer<T>
) {
  let (mOut, mIn) = (g.outputChannelsPerGroup, g.inputChannelsPerGroup)
  let layout = phase.layout
  let product = PatchProduct(
    m: mIn, offsets: phase.offsets, rows: phase.rows, columns: phase.columns, rowStride: layout.columns)
  let images = g.batch * g.groups
  let pixels = phase.rows * phase.columns
  let kernelSize = g.kernelHeight * g.kernelWidth
  if g.groups == 1 && g.stride == (1, 1),
    let turned = TurnedProduct<T>(
      product, laneStride: kernelSize, outerStride: mIn * kernelSize, taps: kernelSize, images: g.batch)
  {
    let copySize = LaidOutBatch<T>.scratchCount(layout, count: g.batch, readsBehind: true)
    return Scratch.withScalars(copySize, of: T.self) { scratch in
      turned.run(
        LaidOutBatch(layout, outputGradient, count: g.batch, readsBehind: true, copy: scratch), weight: weight,
        images: g.batch, into: inputGradient, bias: nil, activation: 0, slope: 0)
    }
  }
  let packing = product.packing(T.self)
  let readsBehind = product.readsBehind(T.self)
  let copySize = LaidOutBatch<T>.scratchCount(layout, count: images, readsBehind: readsBehind)
  Scratch.withScalars(copySize + g.groups * packing.size, of: T.self) { scratch in
    let packed = scratch + copySize
    for group in 0..<g.groups {
      product.pack(
        weight + group * mOut * mIn * kernelSize, laneStride: kernelSize, outerStride: mIn * kernelSize,
        inner: phase.taps, into: packed + group * packing.size)
    }
    let source = LaidOutBatch(layout, outputGradient, count: images, readsBehind: readsBehind, copy: scratch)
    let parts = product.parts(T.self, images: images)
    parallelFor(images * parts.count) { index in
      let image = index / parts.count
      let part = parts.part(index % parts.count, rows: mIn, pixels: pixels)
      let target = inputGradient + image * mIn * g.inputPixels
      let operand = product.operand(packed: packed + image % g.groups * packing.size)
      if g.stride == (1, 1) {
        product.run(
          operand, source.pointer(image), part: part, into: target, stride: pixels, bias: nil, activation: 0, slope: 0)
        return
      }
      // A phase's pixels lie `stride` apart: they are computed side by side and then put in their places.
      Scratch.withScalars(mIn * pixels, of: T.self) { dense in
        product.run(
          operand, source.pointer(image), part: part, into: dense, stride: pixels, bias: nil, activation: 0, slope: 0)
        for channel in part.rows {
          phase.spread(
            dense + channel * pixels, over: target + channel * g.inputPixels, g, pixels: part.pixels)
        }
      }
    }
  }
}
