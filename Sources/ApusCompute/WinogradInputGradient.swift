import Synchronization

// The gradient of the input of Winograd's convolution as the transpose of its formula in d,
//
//     dd = Σ over tiles of B [ Z[ξ] · U[ξ]ᵀ ] Bᵀ          Z = A dY Aᵀ, U = G g Gᵀ
//
// each tile of the output giving 6×6 pixels of the input, which overlap and are added. The other way is a convolution of the output's
// gradient with the kernels turned round: its tiles are those of the input, and no pixel is written twice. Without padding the output
// is two rows and columns smaller, and where these begin a tile of their own there are many fewer here: 11×11 pixels are 3×3 tiles,
// the 13×13 that they come from 4×4.

extension Winograd {
  /// Whether this way is taken: where it has three quarters of the tiles of the other or less, and a block holds whole images.
  var scattersInputGradient: Bool {
    let tiles = tilesDown * tilesAcross
    let others = ((height + 3) / 4) * ((width + 3) / 4)
    return !goesByChannels && 4 * tiles <= 3 * others && tiles <= tilesPerBlock
  }

  /// The gradient of the input, from that of the output and weights `[output, input, 3, 3]`. False, with a result that counts for
  /// nothing, when a value is not finite.
  func inputGradient(
    _ outputGradient: UnsafePointer<T>, weight: UnsafePointer<T>, into inputGradient: UnsafeMutablePointer<T>
  ) -> Bool {
    let isFinite = Atomic<Bool>(true)
    // U as a product from the output back to the input takes it, [36][output channel][input channel].
    let back = exchanged
    Scratch.withScalars(back.kernelSize, of: T.self) { u in
      back.transformKernels(weight, .exchanged, into: u)
      eachBlock { block in
        let tiles = block.stripCount * tilesAcross
        let (strideZ, strideM) = (tiles * outputLanes + 16, tiles * inputLanes + 16)
        Scratch.withScalars(36 * (strideZ + strideM), of: T.self) { z in
          transformGradient(outputGradient, block, into: z, positionStride: strideZ)
          let isDone = putInputGradient(
            block, z, positionStride: strideZ, u, m: z + 36 * strideZ, mPositionStride: strideM, into: inputGradient)
          if !isDone { isFinite.store(false, ordering: .relaxed) }
        }
      }
    }
    return isFinite.load(ordering: .relaxed)
  }

  /// The gradient of the input for a block of whole images, from Z and U; `m` is room for the products. False when a value is not finite.
  func putInputGradient(
    _ block: Block, _ z: UnsafePointer<T>, positionStride strideZ: Int, _ u: UnsafePointer<T>,
    m: UnsafeMutablePointer<T>, mPositionStride strideM: Int, into inputGradient: UnsafeMutablePointer<T>
  ) -> Bool {
    let (rows, columns) = (tilesDown * 4 + 2, tilesAcross * 4 + 2)
    let isFinite = Atomic<Bool>(true)
    multiply(
      z, rows: block.stripCount * tilesAcross, rowStride: outputLanes, depth: outputChannels, depthStride: 1,
      positionStride: strideZ, u, rowStride: inputLanes, positionStride: exchanged.kernelPositionStride,
      columns: inputLanes, into: m, positionStride: strideM, adds: false)
    parallelFor(block.images.count) { image in
      Scratch.withScalars(rows * columns * inputLanes + table.winogradRoom, of: T.self) { pixels in
        let isDone = addTiles(
          m + image * tilesDown * tilesAcross * inputLanes, positionStride: strideM, columns: columns, into: pixels,
          room: pixels + rows * columns * inputLanes)
        if !isDone { isFinite.store(false, ordering: .relaxed) }
        turnBack(
          pixels, columns: columns,
          into: inputGradient + (block.images.lowerBound + image) * inputChannels * height * width)
      }
    }
    return isFinite.load(ordering: .relaxed)
  }

  /// Adds up the tiles of one image, channels innermost, with what falls outside of it around it.
  private func addTiles(
    _ m: UnsafePointer<T>, positionStride: Int, columns: Int, into pixels: UnsafeMutablePointer<T>,
    room: UnsafeMutablePointer<T>
  ) -> Bool {
    pixels.update(repeating: 0, count: (tilesDown * 4 + 2) * columns * inputLanes)
    var isFinite = true
    for strip in 0..<tilesDown {
      let isDone = table.winogradInputGradient(
        m + strip * tilesAcross * inputLanes, positionStride: positionStride, pixelStride: inputLanes,
        channels: inputLanes, tiles: tilesAcross, addingTo: pixels + strip * 4 * columns * inputLanes,
        rowStride: columns * inputLanes, room: room)
      isFinite = isFinite && isDone
    }
    return isFinite
  }

  /// Moves the rows of an image together, over what is around it, and turns it round into its planes.
  private func turnBack(
    _ pixels: UnsafeMutablePointer<T>, columns: Int, into target: UnsafeMutablePointer<T>
  ) {
    for y in 0..<height {
      let from = pixels + ((y + top) * columns + left) * inputLanes
      // Both begin at the same place at the earliest, and rows get shorter: none is written over before it has been moved.
      (pixels + y * width * inputLanes).update(from: from, count: width * inputLanes)
    }
    table.transpose(pixels, inputLanes, target, height * width, inputChannels, height * width)
  }
}
