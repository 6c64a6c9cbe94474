import Synchronization

// The gradient of the kernels of Winograd's convolution: the transpose of its formula in g,
//
//     dg = Gᵀ [ Σ over tiles of V[ξ]ᵀ · Z[ξ] ] G          V = Bᵀ d B, Z = A dY Aᵀ
//
// again a product of matrices for each of the 36 positions, summed over the tiles of all images.

extension Winograd {
  /// Sums over parts of the batch, so that parts can be computed side by side: as many as the sizes alone decide.
  private var sums: Int {
    let tiles = images * tilesDown * tilesAcross
    let affordable = max(1, (8 << 20) / (kernelSize * MemoryLayout<T>.stride))
    return max(1, min(4, affordable, tiles / 128))
  }

  /// The gradient of the kernels. False, with a result that counts for nothing, when a value is not finite.
  func kernelGradient(
    _ input: UnsafePointer<T>, outputGradient: UnsafePointer<T>, into gradient: UnsafeMutablePointer<T>
  ) -> Bool {
    if goesByChannels {
      return kernelGradientByChannels(input, outputGradient: outputGradient, into: gradient)
    }
    return kernelGradient(input, outputGradient: outputGradient, into: gradient, alongside: nil)
  }

  /// Both gradients at once, where that of the input is made of the same Z: it is made once then. False, with results that count for
  /// nothing, when a value is not finite.
  func gradients(
    _ input: UnsafePointer<T>, outputGradient: UnsafePointer<T>, weight: UnsafePointer<T>,
    kernels gradient: UnsafeMutablePointer<T>, input inputGradient: UnsafeMutablePointer<T>
  ) -> Bool {
    Scratch.withScalars(exchanged.kernelSize, of: T.self) { u in
      exchanged.transformKernels(weight, .exchanged, into: u)
      return kernelGradient(
        input, outputGradient: outputGradient, into: gradient,
        alongside: InputSide(kernels: UnsafePointer(u), gradient: inputGradient))
    }
  }

  /// What the gradient of the input takes besides Z: the transformed kernels, and the place for it.
  private struct InputSide {
    let kernels: UnsafePointer<T>
    let gradient: UnsafeMutablePointer<T>
  }

  /// dg = Gᵀ [Σ V[ξ]ᵀ · Z[ξ]] G, and the gradient of the input from each Z.
  private func kernelGradient(
    _ input: UnsafePointer<T>, outputGradient: UnsafePointer<T>, into gradient: UnsafeMutablePointer<T>,
    alongside inputSide: InputSide?
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
          let isDone = addBlock(
            Block(
              images: image..<min(image + size.images, images), strips: strip..<min(strip + size.strips, tilesDown)),
            input, outputGradient, isFirst: index == sum * perSum, into: u + sum * kernelSize, alongside: inputSide)
          if !isDone { isFinite.store(false, ordering: .relaxed) }
        }
      }
      parallelFor(inputChannels) { channel in
        for other in 1..<max(1, used) {
          for position in 0..<36 {
            let to = u + position * kernelPositionStride + channel * outputLanes
            table.accumulate(to + other * kernelSize, 1, to, 1, outputLanes)
          }
        }
        let isDone = putKernelGradients(
          u + channel * outputLanes, rowStride: outputLanes, positionStride: kernelPositionStride,
          inputs: channel..<channel + 1, outputs: 0..<outputChannels, into: gradient)
        if !isDone { isFinite.store(false, ordering: .relaxed) }
      }
    }
    return isFinite.load(ordering: .relaxed)
  }

  /// dg = Gᵀ U G for some input and output channels. False when a value is not finite.
  func putKernelGradients(
    _ u: UnsafePointer<T>, rowStride: Int, positionStride: Int, inputs: Range<Int>, outputs: Range<Int>,
    into gradient: UnsafeMutablePointer<T>
  ) -> Bool {
    Scratch.withScalars(table.winogradRoom, of: T.self) { room in
      var isFinite = true
      for input in inputs {
        for output in stride(from: outputs.lowerBound, to: outputs.upperBound, by: lanes) {
          let isDone = table.winogradKernelGradient(
            u + (input - inputs.lowerBound) * rowStride + output - outputs.lowerBound, positionStride: positionStride,
            into: gradient + (output * inputChannels + input) * 9, laneStride: inputChannels * 9,
            lanes: min(lanes, outputs.upperBound - output), room: room)
          isFinite = isFinite && isDone
        }
      }
      return isFinite
    }
  }

  /// Adds what a block gives to `u`, and puts its gradient of the input. False when a value of that is not finite.
  private func addBlock(
    _ block: Block, _ input: UnsafePointer<T>, _ outputGradient: UnsafePointer<T>, isFirst: Bool,
    into u: UnsafeMutablePointer<T>, alongside inputSide: InputSide?
  ) -> Bool {
    let tiles = block.stripCount * tilesAcross
    let (strideV, strideZ) = (tiles * inputLanes + 16, tiles * outputLanes + 16)
    return Scratch.withScalars(36 * (strideV + strideZ), of: T.self) { v in
      let z = v + 36 * strideV
      transformInput(input, block, into: v, positionStride: strideV)
      transformGradient(outputGradient, block, into: z, positionStride: strideZ)
      multiply(
        v, rows: inputChannels, rowStride: 1, depth: tiles, depthStride: inputLanes, positionStride: strideV,
        z, rowStride: outputLanes, positionStride: strideZ, columns: outputLanes,
        into: u, positionStride: kernelPositionStride, adds: !isFirst)
      guard let inputSide else { return true }
      // The products take V's place, which is as large.
      return putInputGradient(
        block, z, positionStride: strideZ, inputSide.kernels, m: v, mPositionStride: strideV, into: inputSide.gradient)
    }
  }

  /// Z = A dY Aᵀ of a block, `[36][tile][output channel]`.
  func transformGradient(
    _ outputGradient: UnsafePointer<T>, _ block: Block, into z: UnsafeMutablePointer<T>, positionStride: Int
  ) {
    let (rows, columns) = (block.strips.count * 4, tilesAcross * 4)
    Scratch.withScalars(block.images.count * rows * columns * outputLanes, of: T.self) { pixels in
      turnRound(
        outputGradient, images: block.images, channels: outputChannels, height: outputHeight, width: outputWidth,
        firstRow: block.strips.lowerBound * 4, rows: rows, left: 0, columns: columns, into: pixels)
      parallelFor(block.stripCount) { index in
        Scratch.withScalars(table.winogradRoom, of: T.self) { room in
          table.winogradGradient(
            pixels + index * 4 * columns * outputLanes, rowStride: columns * outputLanes, pixelStride: outputLanes,
            channels: outputLanes, tiles: tilesAcross, into: z + index * tilesAcross * outputLanes,
            positionStride: positionStride, room: room)
        }
      }
    }
  }
}
