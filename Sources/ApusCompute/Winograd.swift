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
// turned round, or, where that takes fewer tiles, the transpose of the formula (WinogradInputGradient.swift); that of the kernels is
// V[ξ]ᵀ · Z[ξ], Z being the transformed gradient of the output.
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
  static func winogradInputGradient(
    _ source: UnsafePointer<Scalar>, positionStride: Int, pixelStride: Int, channels: Int, tiles: Int,
    addingTo target: UnsafeMutablePointer<Scalar>, rowStride: Int, room: UnsafeMutablePointer<Scalar>
  ) -> Bool
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
  let table: any Kernels<T>.Type

  /// The convolution of `g`, or nil where Winograd would not be faster.
  init?(_ g: ConvolutionGeometry) {
    guard g.suitsWinograd(T.self) else { return nil }
    self.init(
      channels: (g.inputChannels, g.outputChannels), size: (g.inputHeight, g.inputWidth),
      outputSize: (g.outputHeight, g.outputWidth), corner: (g.padding.top, g.padding.left), images: g.batch)
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

  /// The convolution from the output back to the input, which computes the gradient of the input.
  var exchanged: Winograd {
    Winograd(
      channels: (outputChannels, inputChannels), size: (outputHeight, outputWidth), outputSize: (height, width),
      corner: (2 - top, 2 - left), images: images)
  }

  // MARK: Sizes

  var lanes: Int { table.tileColumns / 2 }
  /// Channels, rounded up to whole registers.
  var inputLanes: Int { roundUp(inputChannels, lanes) }
  var outputLanes: Int { roundUp(outputChannels, lanes) }
  var tilesDown: Int { (outputHeight + 3) / 4 }
  var tilesAcross: Int { (outputWidth + 3) / 4 }
  /// Scalars from one position of U to the next. One line more than the values, lest all positions share the cache's sets.
  var kernelPositionStride: Int { inputChannels * outputLanes + 16 }
  /// Scalars of U.
  var kernelSize: Int { 36 * kernelPositionStride }

  /// Some strips (rows of tiles) of some images, which go through the stages together.
  struct Block {
    var images: Range<Int>
    var strips: Range<Int>
    var stripCount: Int { images.count * strips.count }
  }

  /// Tiles for which V and M leave room for the rest in a core's level-2 cache.
  var tilesPerBlock: Int {
    let perTile = 36 * (inputLanes + outputLanes) * MemoryLayout<T>.stride
    return max(28, Processor.current.level2Cache / 2 / perTile)
  }

  /// The batch in blocks: of whole images where they are small, of some strips of one image where they are large.
  func blocks(tiles: Int) -> (images: Int, strips: Int) {
    let perImage = tilesDown * tilesAcross
    if perImage <= tiles { return (min(images, tiles / perImage), tilesDown) }
    let parts = (perImage + tiles - 1) / tiles
    return (1, max(1, (tilesDown + parts - 1) / parts))
  }

  // MARK: Stages

  /// How kernels lie in the weights.
  enum KernelOrder {
    /// `[output, input, 3, 3]`.
    case plain
    /// `[input, output, 3, 3]`: the weights of the convolution that has the channels the other way.
    case exchanged
    /// The same turned round, for the gradient of the input as a convolution.
    case turned
  }

  /// U = G g Gᵀ for every pair of channels, `[36][input channel][output channel]`.
  func transformKernels(_ weight: UnsafePointer<T>, _ order: KernelOrder, into u: UnsafeMutablePointer<T>) {
    let perPart = max(1, 256 * lanes / outputLanes)
    parallelFor((inputChannels + perPart - 1) / perPart) { part in
      let inputs = part * perPart..<min((part + 1) * perPart, inputChannels)
      transformKernels(
        weight, order, inputs: inputs, outputs: 0..<outputChannels,
        into: u + inputs.lowerBound * outputLanes, rowStride: outputLanes, positionStride: kernelPositionStride)
    }
  }

  /// The part of U for some input and output channels.
  func transformKernels(
    _ weight: UnsafePointer<T>, _ order: KernelOrder, inputs: Range<Int>, outputs: Range<Int>,
    into u: UnsafeMutablePointer<T>, rowStride: Int, positionStride: Int
  ) {
    let isPlain = order == .plain
    Scratch.withScalars(table.winogradRoom, of: T.self) { room in
      for input in inputs {
        for output in stride(from: outputs.lowerBound, to: outputs.upperBound, by: lanes) {
          let count = min(lanes, outputs.upperBound - output)
          let isLast = input == inputChannels - 1 && output + count == outputChannels
          table.winogradKernel(
            weight + (isPlain ? (output * inputChannels + input) * 9 : (input * outputChannels + output) * 9),
            laneStride: isPlain ? inputChannels * 9 : 9, lanes: count, flips: order == .turned, isLast: isLast,
            into: u + (input - inputs.lowerBound) * rowStride + output - outputs.lowerBound,
            positionStride: positionStride, room: room)
        }
      }
    }
  }

  /// Turns a part of some images round, channels innermost, with zeros around it: pixel rows `firstRow …` of each image.
  func turnRound(
    _ source: UnsafePointer<T>, images: Range<Int>, channels: Int, height: Int, width: Int, firstRow: Int, rows: Int,
    left: Int, columns: Int, into target: UnsafeMutablePointer<T>
  ) {
    let pixel = roundUp(channels, lanes)
    // Bands of some hundred pixels: in fewer than a register's worth they would be turned round one by one.
    let bands = max(1, rows * width / 256)
    let rowsPerBand = (rows + bands - 1) / bands
    parallelFor(images.count * bands) { unit in
      let (image, band) = (unit / bands, unit % bands * rowsPerBand)
      Scratch.withScalars(rowsPerBand * width * pixel, of: T.self) { dense in
        turnRows(
          source + (images.lowerBound + image) * channels * height * width, channels: channels, height: height,
          width: width, firstRow: firstRow + band, rows: max(0, min(rowsPerBand, rows - band)), left: left,
          columns: columns, dense: dense, into: target + (image * rows + band) * columns * pixel)
      }
    }
  }

  /// Turns some pixel rows of one image round; `dense` has room for them without what is around the image.
  private func turnRows(
    _ plane: UnsafePointer<T>, channels: Int, height: Int, width: Int, firstRow: Int, rows: Int, left: Int,
    columns: Int, dense: UnsafeMutablePointer<T>, into target: UnsafeMutablePointer<T>
  ) {
    let pixel = roundUp(channels, lanes)
    let inside = max(0, firstRow)..<max(0, firstRow, min(height, firstRow + rows))
    // Lanes without a channel must hold something finite.
    if pixel > channels { dense.update(repeating: 0, count: inside.count * width * pixel) }
    table.transpose(
      plane + inside.lowerBound * width, height * width, dense, pixel, inside.count * width, channels)
    for row in 0..<rows {
      let line = target + row * columns * pixel
      let y = firstRow + row
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

  /// V = Bᵀ d B of a block, `[36][tile][input channel]`.
  func transformInput(
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

  /// Scalars of room that `transformImage` wants.
  var imageRoom: Int {
    ((tilesDown * 4 + 2) * (tilesAcross * 4 + 2) + height * width) * inputLanes + table.winogradRoom
  }

  /// `transformInput` for the first image, on this thread, without asking for memory.
  func transformImage(
    _ input: UnsafePointer<T>, into v: UnsafeMutablePointer<T>, positionStride: Int, room: UnsafeMutablePointer<T>
  ) {
    let (rows, columns) = (tilesDown * 4 + 2, tilesAcross * 4 + 2)
    let dense = room + rows * columns * inputLanes
    turnRows(
      input, channels: inputChannels, height: height, width: width, firstRow: -top, rows: rows, left: left,
      columns: columns, dense: dense, into: room)
    for strip in 0..<tilesDown {
      table.winogradInput(
        room + strip * 4 * columns * inputLanes, rowStride: columns * inputLanes, pixelStride: inputLanes,
        channels: inputLanes, tiles: tilesAcross, into: v + strip * tilesAcross * inputLanes,
        positionStride: positionStride, room: dense + height * width * inputLanes)
    }
  }

  /// The convolution: `output = max(input ⋆ weight + bias, floor)`, with weights `[output, input, 3, 3]`, or `[input, output, 3, 3]`
  /// turned round. False, with an output that counts for nothing, when a value is not finite.
  func convolve(
    _ input: UnsafePointer<T>, weight: UnsafePointer<T>, flips: Bool, bias: UnsafePointer<T>?, floor: T,
    into output: UnsafeMutablePointer<T>
  ) -> Bool {
    if goesByChannels {
      return convolveByChannels(input, weight: weight, flips: flips, bias: bias, floor: floor, into: output)
    }
    let isFinite = Atomic<Bool>(true)
    Scratch.withScalars(kernelSize + outputLanes, of: T.self) { u in
      transformKernels(weight, flips ? .turned : .plain, into: u)
      let paddedBias = bias.map { pad($0, 0..<outputChannels, into: u + kernelSize) }
      eachBlock { block in
        let tiles = block.stripCount * tilesAcross
        let (strideV, strideM) = (tiles * inputLanes + 16, tiles * outputLanes + 16)
        Scratch.withScalars(36 * (strideV + strideM), of: T.self) { v in
          let m = v + 36 * strideV
          transformInput(input, block, into: v, positionStride: strideV)
          multiply(
            v, rows: tiles, rowStride: inputLanes, depth: inputChannels, depthStride: 1, positionStride: strideV,
            u, rowStride: outputLanes, positionStride: kernelPositionStride, columns: outputLanes,
            into: m, positionStride: strideM, adds: false)
          parallelFor(block.stripCount) { index in
            let isDone = putStrip(
              m, index, block, positionStride: strideM, channels: 0..<outputChannels, bias: paddedBias, floor: floor,
              room: nil, into: output)
            if !isDone { isFinite.store(false, ordering: .relaxed) }
          }
        }
      }
    }
    return isFinite.load(ordering: .relaxed)
  }

  /// The biases of some channels, with zeros up to whole registers.
  func pad(
    _ bias: UnsafePointer<T>, _ channels: Range<Int>, into target: UnsafeMutablePointer<T>
  ) -> UnsafePointer<T> {
    target.update(from: bias + channels.lowerBound, count: channels.count)
    (target + channels.count).update(repeating: 0, count: roundUp(channels.count, lanes) - channels.count)
    return UnsafePointer(target)
  }

  /// Scalars of room that `putStrip` wants.
  func stripRoom(channels: Int) -> Int { (4 * outputWidth + 4) * roundUp(channels, lanes) + table.winogradRoom }

  /// Y = Aᵀ M A of one strip of a block, some channels, turned round into the output. False when a value is not finite. Without a
  /// `room` it takes scratch of this thread's.
  func putStrip(
    _ m: UnsafePointer<T>, _ index: Int, _ block: Block, positionStride: Int, channels: Range<Int>,
    bias: UnsafePointer<T>?, floor: T, room: UnsafeMutablePointer<T>?, into output: UnsafeMutablePointer<T>
  ) -> Bool {
    guard let pixels = room else {
      return Scratch.withScalars(stripRoom(channels: channels.count), of: T.self) { room in
        putStrip(
          m, index, block, positionStride: positionStride, channels: channels, bias: bias, floor: floor, room: room,
          into: output)
      }
    }
    let image = block.images.lowerBound + index / block.strips.count
    let y = (block.strips.lowerBound + index % block.strips.count) * 4
    let plane = outputHeight * outputWidth
    let pixel = roundUp(channels.count, lanes)
    var isFinite = true
    // The last tile of a row writes up to three pixels too many, over pixels that a tile further left then writes:
    // so tiles go from right to left.
    for tile in (0..<tilesAcross).reversed() {
      let isDone = table.winogradOutput(
        m + (index * tilesAcross + tile) * pixel, positionStride: positionStride, pixelStride: pixel,
        channels: pixel, tiles: 1, bias: bias, floor: floor, into: pixels + 4 * tile * pixel,
        rowStride: outputWidth * pixel, room: pixels + (4 * outputWidth + 4) * pixel)
      isFinite = isFinite && isDone
    }
    table.transpose(
      pixels, pixel, output + (image * outputChannels + channels.lowerBound) * plane + y * outputWidth, plane,
      channels.count, min(4, outputHeight - y) * outputWidth)
    return isFinite
  }

  /// Runs `body` on every block: several at a time on the team when there are enough of them, else one after the other,
  /// larger ones, whose stages use the team. Does not influence results.
  func eachBlock(_ body: (Block) -> Void) {
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
  func multiply(
    _ a: UnsafePointer<T>, rows: Int, rowStride: Int, depth: Int, depthStride: Int, positionStride: Int,
    _ b: UnsafePointer<T>, rowStride rowStrideB: Int, positionStride positionStrideB: Int, columns: Int,
    into c: UnsafeMutablePointer<T>, positionStride positionStrideC: Int, adds: Bool
  ) {
    let mr = table.tileRows
    withUnsafeTemporaryAllocation(of: Int.self, capacity: depth) { offsets in
      for index in 0..<depth { offsets[index] = index * rowStrideB }
      let offsets = UnsafePointer(offsets.baseAddress!)
      parallelFor(36) { position in
        table.gemmDirect(
          m: rows, n: columns, depth: depth, a: a + position * positionStride, rowStrideA: rowStride,
          depthStrideA: depthStride, panelStrideA: mr * rowStride, b: b + position * positionStrideB,
          panelStrideB: table.tileColumns, offsets: offsets, c: c + position * positionStrideC,
          rowStride: columns, alpha: 1, beta: adds ? 1 : 0, rowBias: nil, columnBias: nil, activation: 0, slope: 0,
          rowsOutside: false)
      }
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
    let tiles = batch * ((outputHeight + 3) / 4) * ((outputWidth + 3) / 4)
    // 36 transformed kernels have to be made, and read by every block of tiles, unless these are so few that a core makes and uses
    // up a slice of kernels at a time (WinogradByChannels.swift), in all three passes.
    let (fewer, more) = (min(inputChannels, outputChannels), max(inputChannels, outputChannels))
    let size = MemoryLayout<T>.stride
    guard
      36 * fewer * more * size <= Processor.current.level3Cache / 2
        || tiles < fewer && 36 * tiles * (more + lanes) * size <= Processor.current.level3Cache / 4
    else { return false }
    // Multiply-adds a pair of channels, and what the transforms of tiles and of kernels come to, measured in the same.
    let direct = 9 * batch * outputHeight * outputWidth
    let winograd = 45 * tiles + 250 * tiles * (inputChannels + outputChannels) / (inputChannels * outputChannels)
    return 10 * (winograd + 300) < 9 * direct
  }
}
