// A convolution of a batch with images in the lanes: `lanes` images (the columns of the register tile: 32 with AVX-512) are
// transposed, so that the same number of all of them lies side by side, and one group of images after the other goes through.
//
// Layers of small images are what this is for. Where pixels stand in the lanes (PatchProduct.swift), a row of 8 or 12 pixels fills
// half of a register, and what a register computes behind the row's end is dropped; images in the lanes fill every register, forward
// (LaneCorrelation.swift) and backward. The weight gradient is a dot product along stretches of memory (TapCorrelation.swift), a row
// of pixels of all images being one. Transposing costs a quarter of a shuffle for each number and way.

/// The passes of a convolution with images in lanes.
struct LaneConvolution<T: ComputeScalar> {
  let geometry: ConvolutionGeometry
  /// Those of the forward pass: the backward pass finds what it wrote only with the same.
  let table: any Kernels<T>.Type

  /// The convolution of `g`, or nil where another way is faster in this pass.
  ///
  /// For Float alone: Double serves to check gradients, and is not worth the code. (What this says about the type is known when a pass
  /// is compiled for it.)
  init?(_ g: ConvolutionGeometry, _ pass: ConvolutionPass) {
    guard T.self == Float.self, g.suitsLanes(pass, T.self) else { return nil }
    self.init(unchecked: g)
  }

  /// The convolution of `g`, be it faster or not, if `fitsLanes`.
  init(unchecked g: ConvolutionGeometry) {
    geometry = g
    table = kernels(T.self)
  }

  var lanes: Int { table.tileColumns }
  var groups: Int { (geometry.batch + lanes - 1) / lanes }
  /// Images of a group.
  func images(_ group: Int) -> Int { min(lanes, geometry.batch - group * lanes) }

  // MARK: Stages

  /// Transposes `depth` numbers of each image into lanes, group after group; surplus lanes become 0.
  @inline(never)
  func pack(_ source: UnsafePointer<T>, depth: Int, into target: UnsafeMutablePointer<T>) {
    let perPart = 256
    let parts = (depth + perPart - 1) / perPart
    parallelFor(groups * parts) { index in
      let (group, first) = (index / parts, index % parts * perPart)
      let (count, length) = (images(group), min(perPart, depth - first))
      let to = target + (group * depth + first) * lanes
      table.packPanel(
        source + group * lanes * depth + first, lanes: count, laneStride: depth, depth: length, depthStride: 1,
        width: lanes, into: to)
      if count < lanes {
        for k in 0..<length { (to + k * lanes + count).update(repeating: 0, count: lanes - count) }
      }
    }
  }

  /// Scalars of scratch for `pack`, whose last store may reach over the end.
  func packedCount(depth: Int) -> Int { groups * depth * lanes + 16 }

  /// Calls `body` for parts of each group: `units` of it, cut only as far as the team needs, which must not change a sum.
  func forEachBand(_ units: Int, _ body: (_ group: Int, _ band: Range<Int>) -> Void) {
    let bands = max(1, min(units, (2 * Threads.count + groups - 1) / groups))
    let perBand = (units + bands - 1) / bands
    parallelFor(groups * bands) { index in
      let first = index % bands * perBand
      if first < units { body(index / bands, first..<min(first + perBand, units)) }
    }
  }

  /// Puts rows of pixels of each of some channels back to their places in images of `channels` × `height` × `width`.
  @inline(never)
  private func unpack(
    _ band: UnsafePointer<T>, _ group: Int, _ rows: Range<Int>, channels: Int, height: Int, width: Int,
    into target: UnsafeMutablePointer<T>
  ) {
    let to = target + group * lanes * channels * height * width
    let isWhole = rows.count == height
    let depth = rows.count * width
    for channel in 0..<(isWhole ? 1 : channels) {
      table.unpackPanel(
        band + channel * depth * lanes, lanes: images(group), depth: isWhole ? channels * depth : depth, width: lanes,
        into: to + (channel * height + rows.lowerBound) * width, laneStride: channels * height * width)
    }
  }

  // MARK: Forward

  private var correlation: LaneCorrelation<T> {
    let g = geometry
    return LaneCorrelation(
      table, rows: g.outputChannels, channels: g.inputChannels, source: (g.inputHeight, g.inputWidth),
      target: (g.outputHeight, g.outputWidth), down: (0..<g.kernelHeight).map { $0 * g.dilation.0 - g.padding.top },
      across: (0..<g.kernelWidth).map { $0 * g.dilation.1 - g.padding.left })
  }

  /// As `convolutionForward`.
  func forward(
    _ input: UnsafePointer<T>, weight: UnsafePointer<T>, bias: UnsafePointer<T>?, output: UnsafeMutablePointer<T>,
    activation: Int, slope: T
  ) {
    let g = geometry
    let row = g.outputWidth * lanes
    withForwardOperands(input, weight) { correlation, source, packed in
      forEachBand(g.outputHeight) { group, band in
        Scratch.withScalars(g.outputChannels * band.count * row, of: T.self) { result in
          for y in band {
            correlation.run(
              y: y, columns: 0..<g.outputWidth, source + group * g.inputChannels * g.inputPixels * lanes, packed,
              into: result + (y - band.lowerBound) * row, rowStride: band.count * row, bias: bias,
              activation: activation, slope: slope)
          }
          unpack(
            result, group, band, channels: g.outputChannels, height: g.outputHeight, width: g.outputWidth, into: output)
        }
      }
    }
  }

  private func withForwardOperands(
    _ input: UnsafePointer<T>, _ weight: UnsafePointer<T>,
    _ body: (LaneCorrelation<T>, _ source: UnsafePointer<T>, _ packed: UnsafePointer<T>) -> Void
  ) {
    let g = geometry
    let depth = g.inputChannels * g.inputPixels
    let correlation = correlation
    Scratch.withScalars(packedCount(depth: depth), of: T.self) { source in
      Scratch.withScalars(correlation.packedCount, of: T.self) { packed in
        let kernelSize = g.kernelHeight * g.kernelWidth
        correlation.pack(
          weight, rowStride: g.inputChannels * kernelSize, channelStride: kernelSize, into: packed)
        pack(input, depth: depth, into: source)
        body(correlation, source, packed)
      }
    }
  }

  // MARK: Forward with pooling behind

  private var windowsDown: Int { geometry.outputHeight / 2 }
  private var windowsAcross: Int { geometry.outputWidth / 2 }
  /// Windows of an image, in all channels.
  private var windows: Int { geometry.outputChannels * windowsDown * windowsAcross }

  /// Codes that `pooledForward` writes: those of whole groups.
  var codeCount: Int { groups * windows * lanes }

  /// As `RectifiedPoolConvolution.forward`. Codes stay in lanes.
  func pooledForward(
    _ input: UnsafePointer<T>, weight: UnsafePointer<T>, bias: UnsafePointer<T>?, into y: UnsafeMutablePointer<T>,
    codes: UnsafeMutablePointer<UInt8>
  ) {
    let g = geometry
    let m = g.outputChannels
    // As many windows at a time as leave half of the level-1 cache to A and the source.
    let affordable = Processor.current.level1DataCache / 2 / (4 * m * lanes * MemoryLayout<T>.stride)
    let perStep = max(1, min(windowsAcross, affordable))
    let row = 2 * perStep * lanes
    withForwardOperands(input, weight) { correlation, source, packed in
      forEachBand(windowsDown) { group, band in
        let pooledSize = m * band.count * windowsAcross * lanes
        Scratch.withScalars(pooledSize + 2 * m * row, of: T.self) { pooled in
          let pixels = pooled + pooledSize
          for line in band {
            for first in stride(from: 0, to: windowsAcross, by: perStep) {
              let count = min(perStep, windowsAcross - first)
              for r in 0..<2 {
                correlation.run(
                  y: 2 * line + r, columns: 2 * first..<2 * (first + count),
                  source + group * g.inputChannels * g.inputPixels * lanes, packed, into: pixels + r * row,
                  rowStride: 2 * row, bias: bias)
              }
              table.rectifiedMaxPoolLanes(
                pixels, channels: m, channelStride: 2 * row, rowStride: row, windows: count,
                pooled + ((line - band.lowerBound) * windowsAcross + first) * lanes,
                yStride: band.count * windowsAcross * lanes,
                codes + (group * windows + line * windowsAcross + first) * lanes,
                codeStride: windowsDown * windowsAcross * lanes)
            }
          }
          unpack(pooled, group, band, channels: m, height: windowsDown, width: windowsAcross, into: y)
        }
      }
    }
  }

  // MARK: Backward

  /// The gradients of a loss with respect to weight, bias and input, each where there is a place for it.
  ///
  /// - Parameters:
  ///   - input: As given to the forward pass; not read without `weightGradient`.
  ///   - weight: As given to the forward pass; not read without `inputGradient`.
  ///   - outputGradient: The gradient with respect to the output, or what came back to the pooling behind it.
  ///   - biasGradient: Only with pooling.
  func gradients(
    input: UnsafePointer<T>?, weight: UnsafePointer<T>?, _ outputGradient: OutputGradient<T>,
    weightGradient: UnsafeMutablePointer<T>?, biasGradient: UnsafeMutablePointer<T>?,
    inputGradient: UnsafeMutablePointer<T>?
  ) {
    let g = geometry
    let depth =
      switch outputGradient {
      case .whole: g.outputChannels * g.outputPixels
      case .pooled: windows
      }
    Scratch.withScalars(packedCount(depth: depth), of: T.self) { upstream in
      let isSpread: Bool
      switch outputGradient {
      case .whole(let gradient):
        pack(gradient, depth: depth, into: upstream)
        isSpread = true
      case .pooled(let gradient, _):
        pack(gradient, depth: depth, into: upstream)
        isSpread = false
      }
      // With pooling, the gradient of the output is made for the weights' sake a few channels at a time; all of it exists only where
      // the input wants it too.
      let wholeCount = isSpread || inputGradient == nil ? 0 : groups * g.outputChannels * g.outputPixels * lanes
      Scratch.withScalars(wholeCount, of: T.self) { room in
        let codes: UnsafePointer<UInt8>? =
          switch outputGradient {
          case .whole: nil
          case .pooled(_, let codes): codes
          }
        weightGradients(
          input: input, upstream, codes: codes, whole: wholeCount > 0 ? room : nil, into: weightGradient,
          bias: biasGradient)
        if let inputGradient, let weight {
          inputGradients(isSpread ? upstream : room, weight, into: inputGradient)
        }
      }
    }
  }

  /// The gradients of weight and bias, with the output's gradient `upstream`, or `codes` and what came back to the pooling; `whole`
  /// receives the output's gradient.
  private func weightGradients(
    input: UnsafePointer<T>?, _ upstream: UnsafePointer<T>, codes: UnsafePointer<UInt8>?,
    whole: UnsafeMutablePointer<T>?, into weightGradient: UnsafeMutablePointer<T>?, bias: UnsafeMutablePointer<T>?
  ) {
    let g = geometry
    guard weightGradient != nil || bias != nil || whole != nil else { return }
    let m = g.outputChannels
    let layout = g.inputLayout
    // In lanes, and with all taps inside: what padding adds is zeros.
    let offsets = g.inputOffsets(layout).map { $0 * lanes }
    let taps = offsets.count
    let inputSize = g.inputChannels * layout.rows * layout.columns
    let isPadded = !layout.isIdentity
    let unpadded = g.inputChannels * g.inputPixels
    // A multiple of the tile's rows: four, or three where registers are few. The cut does not change a sum.
    let channelsPerBlock = table.tileRows == 14 ? 4 : 6
    let blocks = (m + channelsPerBlock - 1) / channelsPerBlock
    let row = g.outputWidth * lanes
    let plane = g.outputHeight * row
    let windowPlane = windowsDown * windowsAcross * lanes
    let sourceCount = weightGradient == nil ? 0 : packedCount(depth: unpadded)
    let paddedCount = weightGradient == nil || !isPadded ? 0 : groups * inputSize * lanes
    // Each group has sums of its own, which are added in order.
    let sumsCount = groups * (g.weightCount + m)
    Scratch.withScalars(sourceCount + paddedCount + sumsCount, of: T.self) { scratch in
      var source = UnsafePointer(scratch)
      let sums = scratch + sourceCount + paddedCount
      if let input, weightGradient != nil {
        pack(input, depth: unpadded, into: scratch)
        if isPadded {
          let padded = scratch + sourceCount
          parallelFor(groups * g.inputChannels) { channel in
            layout.layOutLanes(
              scratch + channel * g.inputPixels * lanes, lanes,
              into: padded + channel * layout.rows * layout.columns * lanes)
          }
          source = UnsafePointer(padded)
        }
      }
      let biasSums = sums + groups * g.weightCount
      parallelFor(groups * blocks) { index in
        let (group, first) = (index / blocks, index % blocks * channelsPerBlock)
        let channels = min(channelsPerBlock, m - first)
        Scratch.withScalars(codes == nil || whole != nil ? 0 : channels * plane, of: T.self) { room in
          var gradient = upstream + (group * m + first) * plane
          if let codes {
            let windowsBefore = (group * m + first) * windowPlane
            let spread = whole.map { $0 + (group * m + first) * plane } ?? room
            if weightGradient != nil || whole != nil {
              table.rectifiedMaxPoolLanesGradient(
                upstream + windowsBefore, codes + windowsBefore, channels: channels, height: g.outputHeight,
                columns: g.outputWidth, spread)
            }
            gradient = UnsafePointer(spread)
            if bias != nil {
              for channel in 0..<channels {
                biasSums[group * m + first + channel] = table.passingSum(
                  upstream + windowsBefore + channel * windowPlane, codes + windowsBefore + channel * windowPlane,
                  windowPlane)
              }
            }
          }
          guard weightGradient != nil else { return }
          withUnsafeTemporaryAllocation(of: UnsafePointer<T>.self, capacity: g.outputHeight) { rows in
            for y in 0..<g.outputHeight {
              rows.initializeElement(at: y, to: source + (group * inputSize + y * layout.columns) * lanes)
            }
            offsets.withUnsafeBufferPointer { offsets in
              table.correlateTaps(
                channels: channels, taps: taps, images: g.outputHeight,
                sources: UnsafePointer(rows.baseAddress.unsafelyUnwrapped),
                offsets: offsets.baseAddress.unsafelyUnwrapped, gradient: gradient, imageStride: row, rowStride: plane,
                length: row, into: sums + group * g.weightCount + first * taps, targetStride: taps)
            }
          }
        }
      }
      if let weightGradient { addGroups(sums, g.weightCount, into: weightGradient) }
      if let bias { addGroups(biasSums, m, into: bias) }
    }
  }

  /// `target = sums[0] + sums[1] + …`, where each group has left `count` sums.
  private func addGroups(_ sums: UnsafePointer<T>, _ count: Int, into target: UnsafeMutablePointer<T>) {
    target.update(from: sums, count: count)
    for group in 1..<groups { table.accumulate(sums + group * count, 1, target, 1, count) }
  }

  /// The gradient of the input from that of the output in lanes.
  private func inputGradients(
    _ gradient: UnsafePointer<T>, _ weight: UnsafePointer<T>, into target: UnsafeMutablePointer<T>
  ) {
    let g = geometry
    let correlation = LaneCorrelation(
      table, rows: g.inputChannels, channels: g.outputChannels, source: (g.outputHeight, g.outputWidth),
      target: (g.inputHeight, g.inputWidth), down: (0..<g.kernelHeight).map { g.padding.top - $0 * g.dilation.0 },
      across: (0..<g.kernelWidth).map { g.padding.left - $0 * g.dilation.1 })
    let row = g.inputWidth * lanes
    Scratch.withScalars(correlation.packedCount, of: T.self) { packed in
      let kernelSize = g.kernelHeight * g.kernelWidth
      correlation.pack(weight, rowStride: kernelSize, channelStride: g.inputChannels * kernelSize, into: packed)
      forEachBand(g.inputHeight) { group, band in
        Scratch.withScalars(g.inputChannels * band.count * row, of: T.self) { result in
          for y in band {
            correlation.run(
              y: y, columns: 0..<g.inputWidth, gradient + group * g.outputChannels * g.outputPixels * lanes, packed,
              into: result + (y - band.lowerBound) * row, rowStride: band.count * row, bias: nil)
          }
          unpack(
            result, group, band, channels: g.inputChannels, height: g.inputHeight, width: g.inputWidth, into: target)
        }
      }
    }
  }
}

/// What a convolution computes when it is asked whether images should go in the lanes.
enum ConvolutionPass {
  case forward, inputGradient, weightGradient
  /// Forward, and for the weight gradient backward, with max-pooling by 2 × 2 windows behind.
  case pooled
}

extension ConvolutionGeometry {
  /// Whether images can go in the lanes: small images, of which there are enough.
  func fitsLanes<T: ComputeScalar>(_: T.Type) -> Bool {
    let lanes = kernels(T.self).tileColumns
    let cache = Processor.current.level2Cache / MemoryLayout<T>.stride
    let layout = inputLayout
    // At most a quarter of the lanes stay empty; a group's input stays in half of the level-2 cache, the weights in a quarter.
    return groups == 1 && stride == (1, 1) && outputChannels > 3 && outputCount > 0 && inputCount > 0
      && (batch + lanes - 1) / lanes * lanes <= batch + batch / 3
      && inputChannels * layout.rows * layout.columns * lanes <= cache / 2 && weightCount <= cache / 4
  }

  /// Whether images go in the lanes: where they can, and where transposing them costs less than what pixels in the lanes would
  /// waste in this pass, and Winograd's way is not taken.
  ///
  /// Counted in cycles for each number of the result, a multiply-add of a register and the transposition of one number taking a cycle
  /// each.
  func suitsLanes<T: ComputeScalar>(_ pass: ConvolutionPass, _: T.Type) -> Bool {
    guard fitsLanes(T.self), !suitsWinograd(T.self) else { return false }
    let lanes = kernels(T.self).tileColumns
    let layout = inputLayout
    // Copying pixels out of lines that are too long costs a third of a cycle.
    let copy = 1.0 / 3
    let depth = Double(inputChannels * kernelHeight * kernelWidth)
    let (inputs, outputs) = (Double(inputChannels * inputPixels), Double(outputChannels * outputPixels))
    let perRegister = Double(lanes / 2)
    // By lines or, where that is better, by rows, of which a last single register takes a third longer than half of two.
    func waste(columns: Int, of rowStride: Int) -> Double {
      let registers = (columns + lanes / 2 - 1) / (lanes / 2)
      let byRows = (Double(registers) + Double(registers % 2) / 3) * perRegister
      return min(Double(rowStride), byRows) / Double(columns) - 1
    }
    let forward = depth / perRegister * waste(columns: outputWidth, of: layout.columns)
    switch pass {
    case .forward: return forward + copy > (inputs + outputs) / outputs
    case .weightGradient: return forward > (inputs + outputs) / outputs
    case .pooled: return 2 * (forward + copy) > 2 * (inputs + outputs / 4) / outputs
    case .inputGradient:
      // Pixels in the lanes also meet the zeros around the gradient.
      let reach = (kernelWidth - 1) * dilation.1
      let all = Double(outputChannels * kernelHeight * kernelWidth) / perRegister
      let met = all * Double(outputPixels) / Double(inputPixels)
      return all * (1 + waste(columns: inputWidth, of: inputWidth + reach)) + copy - met > (inputs + outputs) / inputs
    }
  }
}
