import Synchronization

// Winograd's minimal filtering: a 3×3 convolution of stride 1 with a quarter of the multiplications.
//
// The output is cut into tiles of 4×4, each of which depends on 6×6 pixels of the input. The transforms of
// ApusKernels/WinogradTransforms.swift turn a tile of every input channel, and the kernel, into 36 numbers each, for
// which the convolution is a multiplication, position by position. Summed over the input channels that is a product of
// matrices for each of the 36 positions ξ:
//
//     M[ξ] = V[ξ] · U[ξ]          V: tiles × input channels, U: input × output channels, M: tiles × output channels
//
// 36 multiplications for 16 pixels of 9 taps: 144 / 36 = 4 times fewer. The gradient of the input is the same with the kernels
// turned round; that of the kernels is V[ξ]ᵀ · Z[ξ], Z being the transformed gradient of the output.
//
// Everything in between has the channels innermost (NHWC), so that a register holds one pixel of as many channels as it has
// lanes; images are turned round on the way in and out.
//
// Rounding errors grow to about 10⁻⁶ of the largest values in Float. An infinity or a NaN would spread over its tile, so
// results are checked, and one that is not finite is computed anew without Winograd.

/// The part of the kernel table that Winograd's convolution uses.
protocol WinogradKernels<Scalar> {
  associatedtype Scalar
  static var winogradRoom: Int { get }
  static func winogradInput(
    _ source: UnsafePointer<Scalar>, rowStride: Int, pixelStride: Int, channels: Int, tiles: Int,
    into target: UnsafeMutablePointer<Scalar>, positionStride: Int, room: UnsafeMutablePointer<Scalar>)
  static func winogradOutput(
    _ source: UnsafePointer<Scalar>, positionStride: Int, pixelStride: Int, channels: Int, tiles: Int,
    bias: UnsafePointer<Scalar>?, floor: Scalar, into target: UnsafeMutablePointer<Scalar>, rowStride: Int,
    room: UnsafeMutablePointer<Scalar>
  ) -> Bool
  static func winogradGradient(
    _ source: UnsafePointer<Scalar>, rowStride: Int, pixelStride: Int, channels: Int, tiles: Int,
    into target: UnsafeMutablePointer<Scalar>, positionStride: Int, room: UnsafeMutablePointer<Scalar>)
  static func winogradKernel(
    _ source: UnsafePointer<Scalar>, laneStride: Int, lanes: Int, flips: Bool, isLast: Bool,
    into target: UnsafeMutablePointer<Scalar>, positionStride: Int, room: UnsafeMutablePointer<Scalar>)
  static func winogradKernelGradient(
    _ source: UnsafePointer<Scalar>, positionStride: Int, into target: UnsafeMutablePointer<Scalar>, laneStride: Int,
    lanes: Int, room: UnsafeMutablePointer<Scalar>
  ) -> Bool
}

/// A 3×3 convolution of stride 1 as Winograd computes it.
struct Winograd<T: ComputeScalar> {
  /// Sizes of the convolution; for the gradient of the input those of the convolution that computes it.
  let inputChannels: Int
  let outputChannels: Int
  let height: Int
  let width: Int
  let top: Int
  let left: Int
  let outputHeight: Int
  let outputWidth: Int
  let images: Int
  private let table: any Kernels<T>.Type

  /// The convolution of `g`, or nil where Winograd would not be faster.
  init?(_ g: ConvolutionGeometry) {
    guard g.suitsWinograd(T.self) else { return nil }
    self.init(
      channels: (g.inputChannels, g.outputChannels), size: (g.inputHeight, g.inputWidth),
      outputSize: (g.outputHeight, g.outputWidth), corner: (g.padding.top, g.padding.left), images: g.batch)
  }

  /// The convolution that computes the gradient of the input of `g`, or nil.
  init?(inputGradientOf g: ConvolutionGeometry) {
    guard g.suitsWinograd(T.self) else { return nil }
    self.init(
      channels: (g.outputChannels, g.inputChannels), size: (g.outputHeight, g.outputWidth),
      outputSize: (g.inputHeight, g.inputWidth), corner: (2 - g.padding.top, 2 - g.padding.left), images: g.batch)
  }

  private init(
    channels: (Int, Int), size: (Int, Int), outputSize: (Int, Int), corner: (Int, Int), images: Int
  ) {
    (inputChannels, outputChannels) = channels
    (height, width) = size
    (outputHeight, outputWidth) = outputSize
    (top, left) = corner
    self.images = images
    table = kernels(T.self)
  }

  // MARK: Sizes

  private var lanes: Int { table.tileColumns / 2 }
  /// Channels, rounded up to whole registers.
  private var inputLanes: Int { roundUp(inputChannels, lanes) }
  private var outputLanes: Int { roundUp(outputChannels, lanes) }
  private var tilesDown: Int { (outputHeight + 3) / 4 }
  private var tilesAcross: Int { (outputWidth + 3) / 4 }
  /// Scalars from one position of U to the next. One line more than the values, lest all positions share the cache's sets.
  private var kernelPositionStride: Int { inputChannels * outputLanes + 16 }
  /// Scalars of U.
  var kernelSize: Int { 36 * kernelPositionStride }

  /// Some strips (rows of tiles) of some images, which go through the stages together.
  private struct Block {
    var images: Range<Int>
    var strips: Range<Int>
    var stripCount: Int { images.count * strips.count }
  }

  /// Tiles for which V and M leave room for the rest in a core's level-2 cache.
  private var tilesPerBlock: Int {
    let perTile = 36 * (inputLanes + outputLanes) * MemoryLayout<T>.stride
    return max(28, Processor.current.level2Cache / 2 / perTile)
  }

  /// The batch in blocks: of whole images where they are small, of some strips of one image where they are large.
  private func blocks(tiles: Int) -> (images: Int, strips: Int) {
    let perImage = tilesDown * tilesAcross
    if perImage <= tiles { return (min(images, tiles / perImage), tilesDown) }
    let parts = (perImage + tiles - 1) / tiles
    return (1, max(1, (tilesDown + parts - 1) / parts))
  }

  // MARK: Stages

  /// U = G g Gᵀ for every pair of channels, `[36][input channel][output channel]`, from weights `[output, input, 3, 3]`, or
  /// from `[input, output, 3, 3]`, turned round, for the gradient of the input.
  func transformKernels(_ weight: UnsafePointer<T>, flips: Bool, into u: UnsafeMutablePointer<T>) {
    let perPart = max(1, 256 * lanes / outputLanes)
    parallelFor((inputChannels + perPart - 1) / perPart) { part in
      Scratch.withScalars(table.winogradRoom, of: T.self) { room in
        for input in part * perPart..<min((part + 1) * perPart, inputChannels) {
          for output in stride(from: 0, to: outputChannels, by: lanes) {
            let count = min(lanes, outputChannels - output)
            let isLast = input == inputChannels - 1 && output + count == outputChannels
            table.winogradKernel(
              weight + (flips ? (input * outputChannels + output) * 9 : (output * inputChannels + input) * 9),
              laneStride: flips ? 9 : inputChannels * 9, lanes: count, flips: flips, isLast: isLast,
              into: u + input * outputLanes + output, positionStride: kernelPositionStride, room: room)
          }
        }
      }
    }
  }

  /// Turns a part of some images round, channels innermost, with zeros around it: pixel rows `firstRow …` of each image.
  private func turnRound(
    _ source: UnsafePointer<T>, images: Range<Int>, channels: Int, height: Int, width: Int, firstRow: Int, rows: Int,
    left: Int, columns: Int, into target: UnsafeMutablePointer<T>
  ) {
    let pixel = roundUp(channels, lanes)
    // Bands of some hundred pixels: in fewer than a register's worth they would be turned round one by one.
    let bands = max(1, rows * width / 256)
    let rowsPerBand = (rows + bands - 1) / bands
    parallelFor(images.count * bands) { unit in
      let (image, band) = (unit / bands, unit % bands * rowsPerBand)
      let count = max(0, min(rowsPerBand, rows - band))
      let inside = max(0, firstRow + band)..<max(0, firstRow + band, min(height, firstRow + band + count))
      let plane = source + (images.lowerBound + image) * channels * height * width
      let target = target + (image * rows + band) * columns * pixel
      Scratch.withScalars(rowsPerBand * width * pixel, of: T.self) { dense in
        // Lanes without a channel must hold something finite.
        if pixel > channels { dense.update(repeating: 0, count: inside.count * width * pixel) }
        table.transpose(
          plane + inside.lowerBound * width, height * width, dense, pixel, inside.count * width, channels)
        for row in 0..<count {
          let line = target + row * columns * pixel
          let y = firstRow + band + row
          guard inside.contains(y) else {
            line.update(repeating: 0, count: columns * pixel)
            continue
          }
          let used = min(width, columns - left)
          line.update(repeating: 0, count: left * pixel)
          (line + left * pixel).update(from: dense + (y - inside.lowerBound) * width * pixel, count: used * pixel)
          (line + (left + used) * pixel).update(repeating: 0, count: (columns - left - used) * pixel)
        }
      }
    }
  }

  /// V = Bᵀ d B of a block, `[36][tile][input channel]`.
  private func transformInput(
    _ input: UnsafePointer<T>, _ block: Block, into v: UnsafeMutablePointer<T>, positionStride: Int
  ) {
    let rows = block.strips.count * 4 + 2
    let columns = tilesAcross * 4 + 2
    Scratch.withScalars(block.images.count * rows * columns * inputLanes, of: T.self) { pixels in
      turnRound(
        input, images: block.images, channels: inputChannels, height: height, width: width,
        firstRow: block.strips.lowerBound * 4 - top, rows: rows, left: left, columns: columns, into: pixels)
      parallelFor(block.stripCount) { index in
        let (image, strip) = (index / block.strips.count, index % block.strips.count)
        Scratch.withScalars(table.winogradRoom, of: T.self) { room in
          table.winogradInput(
            pixels + (image * rows + strip * 4) * columns * inputLanes, rowStride: columns * inputLanes,
            pixelStride: inputLanes, channels: inputLanes, tiles: tilesAcross,
            into: v + index * tilesAcross * inputLanes, positionStride: positionStride, room: room)
        }
      }
    }
  }

  /// The convolution: `output = max(input ⋆ weight + bias, floor)` with transformed kernels `u`. False, with an output
  /// that counts for nothing, when a value is not finite.
  func convolve(
    _ input: UnsafePointer<T>, kernels u: UnsafePointer<T>, bias: UnsafePointer<T>?, floor: T,
    into output: UnsafeMutablePointer<T>
  ) -> Bool {
    let isFinite = Atomic<Bool>(true)
    eachBlock { block in
      let tiles = block.stripCount * tilesAcross
      let (strideV, strideM) = (tiles * inputLanes + 16, tiles * outputLanes + 16)
      Scratch.withScalars(36 * (strideV + strideM) + outputLanes, of: T.self) { v in
        let m = v + 36 * strideV
        let paddedBias = m + 36 * strideM
        if let bias {
          paddedBias.update(from: bias, count: outputChannels)
          (paddedBias + outputChannels).update(repeating: 0, count: outputLanes - outputChannels)
        }
        transformInput(input, block, into: v, positionStride: strideV)
        multiply(
          v, rows: tiles, rowStride: inputLanes, depth: inputChannels, depthStride: 1, positionStride: strideV,
          u, rowStride: outputLanes, positionStride: kernelPositionStride, into: m, positionStride: strideM, adds: false
        )
        parallelFor(block.stripCount) { index in
          let image = block.images.lowerBound + index / block.strips.count
          let y = (block.strips.lowerBound + index % block.strips.count) * 4
          let plane = outputHeight * outputWidth
          // The last tile of a row writes up to three pixels too many, over pixels that a tile further left then writes:
          // so tiles go from right to left.
          Scratch.withScalars((4 * outputWidth + 4) * outputLanes, of: T.self) { pixels in
            Scratch.withScalars(table.winogradRoom, of: T.self) { room in
              for tile in (0..<tilesAcross).reversed() {
                if !table.winogradOutput(
                  m + (index * tilesAcross + tile) * outputLanes, positionStride: strideM, pixelStride: outputLanes,
                  channels: outputLanes, tiles: 1, bias: bias == nil ? nil : UnsafePointer(paddedBias), floor: floor,
                  into: pixels + 4 * tile * outputLanes, rowStride: outputWidth * outputLanes, room: room)
                {
                  isFinite.store(false, ordering: .relaxed)
                }
              }
            }
            table.transpose(
              pixels, outputLanes, output + image * outputChannels * plane + y * outputWidth, plane, outputChannels,
              min(4, outputHeight - y) * outputWidth)
          }
        }
      }
    }
    return isFinite.load(ordering: .relaxed)
  }

  /// Runs `body` on every block: several at a time on the team when there are enough of them, else one after the other,
  /// larger ones, whose stages use the team. Does not influence results.
  private func eachBlock(_ body: (Block) -> Void) {
    var size = blocks(tiles: tilesPerBlock)
    func count() -> (Int, Int) {
      ((images + size.images - 1) / size.images, (tilesDown + size.strips - 1) / size.strips)
    }
    var (down, across) = count()
    let isParallel = down * across >= 4 * Threads.count
    if !isParallel {
      size = blocks(tiles: 4 * Threads.count * tilesPerBlock)
      (down, across) = count()
    }
    func run(_ index: Int) {
      let (image, strip) = (index / across * size.images, index % across * size.strips)
      body(
        Block(
          images: image..<min(image + size.images, images), strips: strip..<min(strip + size.strips, tilesDown)))
    }
    if isParallel {
      parallelFor(down * across, run)
    } else {
      for index in 0..<down * across { run(index) }
    }
  }

  /// C[ξ] = A[ξ] · B[ξ], or C[ξ] += …, for all 36 positions.
  private func multiply(
    _ a: UnsafePointer<T>, rows: Int, rowStride: Int, depth: Int, depthStride: Int, positionStride: Int,
    _ b: UnsafePointer<T>, rowStride rowStrideB: Int, positionStride positionStrideB: Int,
    into c: UnsafeMutablePointer<T>, positionStride positionStrideC: Int, adds: Bool
  ) {
    let mr = table.tileRows
    withUnsafeTemporaryAllocation(of: Int.self, capacity: depth) { offsets in
      for index in 0..<depth { offsets[index] = index * rowStrideB }
      let offsets = UnsafePointer(offsets.baseAddress!)
      parallelFor(36) { position in
        table.gemmDirect(
          m: rows, n: outputLanes, depth: depth, a: a + position * positionStride, rowStrideA: rowStride,
          depthStrideA: depthStride, panelStrideA: mr * rowStride, b: b + position * positionStrideB,
          panelStrideB: table.tileColumns, offsets: offsets, c: c + position * positionStrideC,
          rowStride: outputLanes, alpha: 1, beta: adds ? 1 : 0, rowBias: nil, columnBias: nil, activation: 0, slope: 0,
          rowsOutside: false)
      }
    }
  }

  // MARK: The gradient of the kernels

  /// Sums over parts of the batch, so that parts can be computed side by side: as many as the sizes alone decide.
  private var sums: Int {
    let tiles = images * tilesDown * tilesAcross
    let affordable = max(1, (8 << 20) / (kernelSize * MemoryLayout<T>.stride))
    return max(1, min(4, affordable, tiles / 128))
  }

  /// dg = Gᵀ [Σ V[ξ]ᵀ · Z[ξ]] G. False, with a result that counts for nothing, when a value is not finite.
  func kernelGradient(
    _ input: UnsafePointer<T>, outputGradient: UnsafePointer<T>, into gradient: UnsafeMutablePointer<T>
  ) -> Bool {
    let sums = sums
    // With one sum, blocks are large, and their stages use the team; with several, each is a core's own.
    let size = blocks(tiles: sums > 1 ? tilesPerBlock : 8 * tilesPerBlock)
    let across = (tilesDown + size.strips - 1) / size.strips
    let count = (images + size.images - 1) / size.images * across
    let perSum = (count + sums - 1) / sums
    let used = (count + perSum - 1) / perSum
    let isFinite = Atomic<Bool>(true)
    Scratch.withScalars(used * kernelSize, of: T.self) { u in
      parallelFor(used) { sum in
        for index in sum * perSum..<min((sum + 1) * perSum, count) {
          let (image, strip) = (index / across * size.images, index % across * size.strips)
          addBlock(
            Block(
              images: image..<min(image + size.images, images), strips: strip..<min(strip + size.strips, tilesDown)),
            input, outputGradient, isFirst: index == sum * perSum, into: u + sum * kernelSize)
        }
      }
      parallelFor(inputChannels) { channel in
        Scratch.withScalars(table.winogradRoom, of: T.self) { room in
          for other in 1..<max(1, used) {
            for position in 0..<36 {
              let to = u + position * kernelPositionStride + channel * outputLanes
              table.accumulate(to + other * kernelSize, 1, to, 1, outputLanes)
            }
          }
          for output in stride(from: 0, to: outputChannels, by: lanes) {
            if !table.winogradKernelGradient(
              u + channel * outputLanes + output, positionStride: kernelPositionStride,
              into: gradient + (output * inputChannels + channel) * 9, laneStride: inputChannels * 9,
              lanes: min(lanes, outputChannels - output), room: room)
            {
              isFinite.store(false, ordering: .relaxed)
            }
          }
        }
      }
    }
    return isFinite.load(ordering: .relaxed)
  }

  /// Adds what a block gives to `u`.
  private func addBlock(
    _ block: Block, _ input: UnsafePointer<T>, _ outputGradient: UnsafePointer<T>, isFirst: Bool,
    into u: UnsafeMutablePointer<T>
  ) {
    let tiles = block.stripCount * tilesAcross
    let (strideV, strideZ) = (tiles * inputLanes + 16, tiles * outputLanes + 16)
    let (rows, columns) = (block.strips.count * 4, tilesAcross * 4)
    Scratch.withScalars(36 * (strideV + strideZ) + block.images.count * rows * columns * outputLanes, of: T.self) { v in
      let z = v + 36 * strideV
      let pixels = z + 36 * strideZ
      transformInput(input, block, into: v, positionStride: strideV)
      turnRound(
        outputGradient, images: block.images, channels: outputChannels, height: outputHeight, width: outputWidth,
        firstRow: block.strips.lowerBound * 4, rows: rows, left: 0, columns: columns, into: pixels)
      parallelFor(block.stripCount) { index in
        Scratch.withScalars(table.winogradRoom, of: T.self) { room in
          table.winogradGradient(
            pixels + index * 4 * columns * outputLanes, rowStride: columns * outputLanes, pixelStride: outputLanes,
            channels: outputLanes, tiles: tilesAcross, into: z + index * tilesAcross * outputLanes,
            positionStride: strideZ, room: room)
        }
      }
      multiply(
        v, rows: inputChannels, rowStride: 1, depth: tiles, depthStride: inputLanes, positionStride: strideV,
        z, rowStride: outputLanes, positionStride: strideZ, into: u, positionStride: kernelPositionStride,
        adds: !isFirst)
    }
  }
}

extension ConvolutionGeometry {
  /// Whether Winograd applies, and saves more than its transforms cost.
  func suitsWinograd<T: ComputeScalar>(_: T.Type) -> Bool {
    guard kernelHeight == 3 && kernelWidth == 3 && stride == (1, 1) && dilation == (1, 1) && groups == 1 else {
      return false
    }
    guard max(padding.top, padding.bottom, padding.left, padding.right) <= 2 else { return false }
    let lanes = kernels(T.self).tileColumns / 2
    guard inputChannels >= lanes && outputChannels >= lanes && batch > 0 else { return false }
    // 36 transformed kernels have to be made, and read by every block of tiles.
    guard 36 * inputChannels * outputChannels * MemoryLayout<T>.stride <= Processor.current.level3Cache / 2 else {
      return false
    }
    // Multiply-adds a pair of channels, and what the transforms of tiles and of kernels come to, measured in the same.
    let tiles = batch * ((outputHeight + 3) / 4) * ((outputWidth + 3) / 4)
    let direct = 9 * batch * outputHeight * outputWidth
    let winograd = 45 * tiles + 250 * tiles * (inputChannels + outputChannels) / (inputChannels * outputChannels)
    return 10 * (winograd + 300) < 9 * direct
  }
}
