/// What a product on bytes does to its sums.
///
/// With x = (q − z) s and w = p t, the sum Σ w x is s t (Σ p q − z Σ p): the second sum is known beforehand and goes into an
/// integer bias, together with the layer's own. The result is scaled by s t, one factor for each output, and, on the way to
/// the next layer's bytes, by the inverse of their scale in the same multiplication. What lies outside of the image is z.
package struct ProductConstants {
  /// Added to the sums, one for each output.
  package private(set) var bias: [Int32] = []
  /// Multiplies what that gives.
  package private(set) var multiplier: [Float] = []

  /// The constants of a layer; its weights are row by row, a row for each output.
  ///
  /// - Parameter to: What the bytes that go out stand for; nil for numbers.
  package init(weight: [Int8], weightScales: [Float], bias: [Float], from: ByteScale, to: ByteScale?) {
    let row = weight.count / weightScales.count
    for (output, weightScale) in weightScales.enumerated() {
      let sum = weight[output * row..<(output + 1) * row].reduce(0) { $0 + Int($1) }
      let scale = Double(from.scale) * Double(weightScale)
      // Beyond this no sum of bytes reaches, and the result is at its limit anyway.
      let own = max(-0x3000_0000, min(0x3000_0000, (Double(bias[output]) / scale).rounded()))
      self.bias.append(Int32(Int(own) - Int(from.zero) * sum))
      multiplier.append(Float(to.map { scale / Double($0.scale) } ?? scale))
    }
  }
}

/// A convolution or a dense layer on bytes.
struct QuantizedProducts {
  private let geometry: ConvolutionGeometry
  /// [groups, outputs of a group, depth], a patch's bytes in the order in which they are gathered.
  private let weight: UnsafePointer<Int8>
  private let bias: UnsafePointer<Int32>
  private let multiplier: UnsafePointer<Float>
  /// Where the runs of a patch begin, from its first byte on.
  private let runs: UnsafePointer<Int>
  private let runCount: Int
  private let runLength: Int
  private let depth: Int
  private let inputZero: UInt8
  /// nil when the results are numbers.
  private let output: ByteScale?
  private let floor: Float
  private let isRectified: Bool

  init(
    _ kernels: any IntegerTable.Type, _ memory: PlanMemory, _ geometry: ConvolutionGeometry, weight: [Int8],
    weightScales: [Float], bias: [Float], from: ByteScale, to: ByteScale?, isRectified: Bool
  ) {
    self.geometry = geometry
    let g = geometry
    let channels = g.inputChannelsPerGroup
    let taps = g.kernelHeight * g.kernelWidth
    // Where a row of the kernel reads neighbours with all their channels, it is one run of bytes.
    let isWhole = g.dilation.1 == 1 && g.groups == 1
    runCount = isWhole ? g.kernelHeight : taps
    runLength = isWhole ? g.kernelWidth * channels : channels
    depth = roundUp(taps * channels, kernels.depthUnit())
    let width = g.inputWidth + g.padding.left + g.padding.right
    runs = memory.integers(
      (0..<runCount).map { run in
        let (row, column) = isWhole ? (run, 0) : (run / g.kernelWidth, run % g.kernelWidth)
        return (row * g.dilation.0 * width + column * g.dilation.1) * g.inputChannels
      })
    let packed = memory.zeroBytes(g.outputChannels * depth)
    for channel in 0..<g.outputChannels {
      for tap in 0..<taps {
        for c in 0..<channels {
          packed[channel * depth + tap * channels + c] = UInt8(
            bitPattern: weight[(channel * channels + c) * taps + tap])
        }
      }
    }
    let constants = ProductConstants(weight: weight, weightScales: weightScales, bias: bias, from: from, to: to)
    self.weight = UnsafePointer(
      UnsafeMutableRawPointer(packed).bindMemory(to: Int8.self, capacity: g.outputChannels * depth))
    self.bias = memory.integers(constants.bias)
    multiplier = memory.scalars(constants.multiplier)
    inputZero = from.zero
    output = to
    floor = isRectified ? Float(to?.zero ?? 0) : 0
    self.isRectified = isRectified
  }

  var givesNumbers: Bool { output == nil }
  var outputCount: Int { geometry.outputCount }

  /// Whether the image is one patch: then the images of a group share each row of weights.
  private var isDense: Bool { geometry.outputPixels == 1 && !isPadded && geometry.groups == 1 }
  private var isPadded: Bool { geometry.padding != (0, 0, 0, 0) }
  private var paddedWidth: Int { geometry.inputWidth + geometry.padding.left + geometry.padding.right }

  /// Patches that are multiplied at a time: those of a row of the output, or the images of a group.
  private func rows(_ images: Int) -> Int { isDense ? images : geometry.outputWidth }

  // Scratch holds the patches, their sums, and the padded image.
  private func patchBytes(_ images: Int) -> Int { roundUp(rows(images) * depth + 64, 64) }
  private func sumBytes(_ images: Int) -> Int { roundUp(rows(images) * geometry.outputChannelsPerGroup * 4, 64) }

  func scratchCount(group: Int) -> Int {
    let rows = geometry.inputHeight + geometry.padding.top + geometry.padding.bottom
    let padded = isPadded ? rows * paddedWidth * geometry.inputChannels + 64 : 0
    return patchBytes(group) + sumBytes(group) + padded
  }

  /// Computes `images` images, `imageStride` bytes apart, into bytes at `y` or numbers at `numbers`.
  func run(
    _ kernels: any IntegerTable.Type, _ x: UnsafePointer<UInt8>, _ y: UnsafeMutablePointer<UInt8>,
    _ numbers: UnsafeMutablePointer<Float>, _ scratch: UnsafeMutableRawPointer, images: Int, imageStride: Int
  ) {
    let g = geometry
    let patches = scratch.assumingMemoryBound(to: UInt8.self)
    let sums = (scratch + patchBytes(images)).assumingMemoryBound(to: Int32.self)
    if isDense {
      kernels.gatherRuns(
        x, runs, runs: runCount, length: runLength, pixels: images, pixelStride: imageStride, patches, yStride: depth)
      kernels.products(
        patches, rows: images, xStride: depth, weight, outputs: g.outputChannels, depth: depth, sums)
      return finish(kernels, sums, rows: images, group: 0, y, numbers)
    }
    let padded = (scratch + patchBytes(images) + sumBytes(images)).assumingMemoryBound(to: UInt8.self)
    for image in 0..<images {
      let source = isPadded ? pad(x + image * imageStride, into: padded) : x + image * imageStride
      for row in 0..<g.outputHeight {
        let place = (image * g.outputHeight + row) * g.outputWidth * g.outputChannels
        for group in 0..<g.groups {
          // Behind a patch its row holds anything; the weights there are zero.
          kernels.gatherRuns(
            source + row * g.stride.0 * paddedWidth * g.inputChannels + group * g.inputChannelsPerGroup, runs,
            runs: runCount, length: runLength, pixels: g.outputWidth, pixelStride: g.stride.1 * g.inputChannels,
            patches, yStride: depth)
          kernels.products(
            patches, rows: g.outputWidth, xStride: depth, weight + group * g.outputChannelsPerGroup * depth,
            outputs: g.outputChannelsPerGroup, depth: depth, sums)
          finish(kernels, sums, rows: g.outputWidth, group: group, y + place, numbers + place)
        }
      }
    }
  }

  /// Sums as the next layer's bytes, or as numbers.
  private func finish(
    _ kernels: any IntegerTable.Type, _ sums: UnsafePointer<Int32>, rows: Int, group: Int,
    _ y: UnsafeMutablePointer<UInt8>, _ numbers: UnsafeMutablePointer<Float>
  ) {
    let outputs = geometry.outputChannelsPerGroup
    let first = group * outputs
    if let output {
      return kernels.requantize(
        sums, rows: rows, outputs: outputs, bias: bias + first, multiplier: multiplier + first,
        zero: Float(output.zero), floor: floor, y + first, yStride: geometry.outputChannels)
    }
    kernels.dequantize(sums, rows: rows, outputs: outputs, bias: bias, multiplier: multiplier, numbers)
    if isRectified { for index in 0..<rows * outputs where numbers[index] < 0 { numbers[index] = 0 } }
  }

  /// The image with a frame of the byte that means 0.
  private func pad(_ x: UnsafePointer<UInt8>, into target: UnsafeMutablePointer<UInt8>) -> UnsafePointer<UInt8> {
    let g = geometry
    let line = paddedWidth * g.inputChannels
    let rows = g.inputHeight + g.padding.top + g.padding.bottom
    target.update(repeating: inputZero, count: rows * line)
    for row in 0..<g.inputHeight {
      (target + (row + g.padding.top) * line + g.padding.left * g.inputChannels).update(
        from: x + row * g.inputWidth * g.inputChannels, count: g.inputWidth * g.inputChannels)
    }
    return UnsafePointer(target)
  }
}
