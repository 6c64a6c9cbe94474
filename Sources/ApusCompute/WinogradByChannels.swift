import Synchronization

// Winograd's convolution for few tiles and many channels, as deep layers have them at batch 1.
//
// 256 → 256 channels at 14×14 are 16 tiles, and 9.4 MB of transformed kernels. Stage by stage, these would be written by one core and
// read by another, through a cache that is far away, if the two have one in common at all. So the work is cut by output channels
// instead: a core transforms the kernels of a slice of them, as many as its own cache holds, multiplies them with the tiles while
// they lie there, and drops them. Only V, the transformed tiles, is shared. The gradient of the kernels is cut likewise: a core
// computes a piece of U, and takes it back to 3×3 at once.

extension Winograd {
  /// Whether the work is cut by output channels: tiles are few beside them, and V stays within a quarter of the level-3 cache.
  /// Depends on sizes alone.
  var goesByChannels: Bool {
    let tiles = images * tilesDown * tilesAcross
    return tiles < outputChannels
      && 36 * tiles * inputLanes * MemoryLayout<T>.stride <= Processor.current.level3Cache / 4
  }

  /// Output channels of a slice: two registers, the width of the tile.
  private var sliceWidth: Int { table.tileColumns }
  private var slices: Int { (outputChannels + sliceWidth - 1) / sliceWidth }

  /// Input channels whose kernels, for a slice, fill five eighths of a core's level-2 cache at most.
  private var inputsAtATime: Int {
    let perInput = 36 * sliceWidth * MemoryLayout<T>.stride
    let limit = max(lanes, Processor.current.level2Cache * 5 / 8 / perInput)
    let parts = (inputChannels + limit - 1) / limit
    return (inputChannels + parts - 1) / parts
  }

  /// The whole batch.
  private var everything: Block { Block(images: 0..<images, strips: 0..<tilesDown) }

  /// `convolve`, by output channels.
  func convolveByChannels(
    _ input: UnsafePointer<T>, weight: UnsafePointer<T>, flips: Bool, bias: UnsafePointer<T>?, floor: T,
    into output: UnsafeMutablePointer<T>
  ) -> Bool {
    let isFinite = Atomic<Bool>(true)
    let block = everything
    let tiles = block.stripCount * tilesAcross
    let strideV = tiles * inputLanes + 16
    let depth = inputsAtATime
    Scratch.withScalars(36 * strideV, of: T.self) { v in
      transformInput(input, block, into: v, positionStride: strideV)
      parallelFor(slices) { slice in
        let outputs = slice * sliceWidth..<min((slice + 1) * sliceWidth, outputChannels)
        let columns = roundUp(outputs.count, lanes)
        let (strideU, strideM) = (depth * columns + 16, tiles * columns + 16)
        Scratch.withScalars(36 * (strideU + strideM) + columns, of: T.self) { u in
          let m = u + 36 * strideU
          for first in stride(from: 0, to: inputChannels, by: depth) {
            let inputs = first..<min(first + depth, inputChannels)
            transformKernels(
              weight, flips ? .turned : .plain, inputs: inputs, outputs: outputs, into: u, rowStride: columns,
              positionStride: strideU)
            multiply(
              v + first, rows: tiles, rowStride: inputLanes, depth: inputs.count, depthStride: 1,
              positionStride: strideV, u, rowStride: columns, positionStride: strideU, columns: columns, into: m,
              positionStride: strideM, adds: first > 0)
          }
          let paddedBias = bias.map { pad($0, outputs, into: m + 36 * strideM) }
          for index in 0..<block.stripCount {
            let isDone = putStrip(
              m, index, block, positionStride: strideM, channels: outputs, bias: paddedBias, floor: floor, room: nil,
              into: output)
            if !isDone { isFinite.store(false, ordering: .relaxed) }
          }
        }
      }
    }
    return isFinite.load(ordering: .relaxed)
  }

  /// `kernelGradient`, by output channels, and for each slice of them by input channels.
  func kernelGradientByChannels(
    _ input: UnsafePointer<T>, outputGradient: UnsafePointer<T>, into gradient: UnsafeMutablePointer<T>
  ) -> Bool {
    let isFinite = Atomic<Bool>(true)
    let block = everything
    let tiles = block.stripCount * tilesAcross
    let (strideV, strideZ) = (tiles * inputLanes + 16, tiles * outputLanes + 16)
    let depth = inputsAtATime
    let parts = (inputChannels + depth - 1) / depth
    Scratch.withScalars(36 * (strideV + strideZ), of: T.self) { v in
      let z = v + 36 * strideV
      transformInput(input, block, into: v, positionStride: strideV)
      transformGradient(outputGradient, block, into: z, positionStride: strideZ)
      parallelFor(slices * parts) { index in
        let (slice, part) = (index / parts, index % parts)
        let outputs = slice * sliceWidth..<min((slice + 1) * sliceWidth, outputChannels)
        let inputs = part * depth..<min((part + 1) * depth, inputChannels)
        let columns = roundUp(outputs.count, lanes)
        let strideU = inputs.count * columns + 16
        Scratch.withScalars(36 * strideU, of: T.self) { u in
          multiply(
            v + inputs.lowerBound, rows: inputs.count, rowStride: 1, depth: tiles, depthStride: inputLanes,
            positionStride: strideV, z + outputs.lowerBound, rowStride: outputLanes, positionStride: strideZ,
            columns: columns, into: u, positionStride: strideU, adds: false)
          let isDone = putKernelGradients(
            u, rowStride: columns, positionStride: strideU, inputs: inputs, outputs: outputs, into: gradient)
          if !isDone { isFinite.store(false, ordering: .relaxed) }
        }
      }
    }
    return isFinite.load(ordering: .relaxed)
  }
}
