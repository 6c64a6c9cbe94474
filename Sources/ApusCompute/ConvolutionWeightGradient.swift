// dW[o, (i, ky, kx)] = Σ over images and pixels of dY[o, pixel] · x[i, pixel · stride + (ky, kx)]: a product whose depth
// runs over all pixels of all images. Taps are its columns, so the patches are packed the other way round.

/// The gradient of the loss with respect to a convolution's weight, from its input and the gradient with respect to
/// its output. The result is overwritten.
///
/// The images are cut into parts by their number alone; each part has a sum of its own, and the sums are added in
/// order: bit-identical at any number of threads.
@specialized(where T == Float)
@specialized(where T == Double)
public func convolutionWeightGradient<T: ComputeScalar>(
  _ geometry: ConvolutionGeometry, input: UnsafePointer<T>, outputGradient: UnsafePointer<T>,
  weightGradient: UnsafeMutablePointer<T>
) {
  let g = geometry
  guard g.weightCount > 0 else { return }
  guard g.outputCount > 0 else {
    weightGradient.update(repeating: 0, count: g.weightCount)
    return
  }
  let kernels = kernels(T.self)
  let nr = kernels.tileColumns
  let layout = g.inputLayout
  let offsets = g.inputOffsets(layout)
  let m = g.outputChannelsPerGroup
  let n = offsets.count
  // At most eight sums of all weights, and no more than 16 MiB of them.
  let affordable = max(1, (16 << 20) / (g.weightCount * MemoryLayout<T>.stride))
  let imagesPerPart = (g.batch + min(8, affordable) - 1) / min(8, affordable)
  let imageParts = (g.batch + imagesPerPart - 1) / imagesPerPart
  // Columns are cut only as far as the team needs: this does not change any sum.
  let panels = (n + nr - 1) / nr
  let columnParts = min(panels, max(1, (4 * Threads.count + imageParts * g.groups - 1) / (imageParts * g.groups)))
  let columnsPerPart = (panels + columnParts - 1) / columnParts * nr
  let images = g.batch * g.groups
  let copySize = LaidOutBatch<T>.scratchCount(layout, count: images)
  let sumsSize = imageParts > 1 ? imageParts * g.weightCount : 0
  Scratch.withScalars(copySize + sumsSize, of: T.self) { scratch in
    let source = LaidOutBatch(layout, input, count: images, copy: scratch)
    let sums = imageParts > 1 ? scratch + copySize : weightGradient
    parallelFor(imageParts * g.groups * columnParts) { index in
      let columnPart = index % columnParts
      let group = index / columnParts % g.groups
      let part = index / columnParts / g.groups
      let first = columnPart * columnsPerPart
      let columns = min(columnsPerPart, n - first)
      guard columns > 0 else { return }
      let task = TapProduct(geometry: g, group: group, firstTap: first, taps: columns)
      offsets.withUnsafeBufferPointer { offsets in
        task.run(
          images: part * imagesPerPart..<min((part + 1) * imagesPerPart, g.batch), source,
          offsets: offsets.baseAddress! + first, outputGradient,
          into: sums + part * g.weightCount + group * m * n + first, rowStride: n)
      }
    }
    if imageParts > 1 {
      addInOrder(sums, count: imageParts, stride: g.weightCount, into: weightGradient)
    }
  }
}

/// `target = parts[0] + parts[1] + …`, element by element.
private func addInOrder<T: ComputeScalar>(
  _ parts: UnsafePointer<T>, count: Int, stride: Int, into target: UnsafeMutablePointer<T>
) {
  target.update(from: parts, count: stride)
  for part in 1..<count {
    let from = parts + part * stride
    for index in 0..<stride { target[index] += from[index] }
  }
}

/// The part of a weight gradient that belongs to some taps of one group, summed over some images.
private struct TapProduct {
  var geometry: ConvolutionGeometry
  var group: Int
  var firstTap: Int
  var taps: Int

  /// Pixels that are packed before they are multiplied: as deep as the panels of a matrix product.
  private func rowsPerBlock(_ kc: Int) -> Int {
    min(geometry.outputHeight, max(1, kc / geometry.outputWidth))
  }

  /// `c = Σ over images and pixels of outputGradient · patches`. Pixels of several images share a block when they are
  /// few, so that the register tile runs over a decent depth.
  func run<T: ComputeScalar>(
    images: Range<Int>, _ source: LaidOutBatch<T>, offsets: UnsafePointer<Int>, _ outputGradient: UnsafePointer<T>,
    into c: UnsafeMutablePointer<T>, rowStride: Int
  ) {
    let g = geometry
    let kernels = kernels(T.self)
    let mr = kernels.tileRows
    let nr = kernels.tileColumns
    let m = g.outputChannelsPerGroup
    let kc = Blocking(tileRows: mr, tileColumns: nr, scalarBytes: MemoryLayout<T>.stride).kc
    let rowsPerBlock = rowsPerBlock(kc)
    let capacity = max(kc, rowsPerBlock * g.outputWidth)
    let panelsA = (m + mr - 1) / mr
    let panelsB = (taps + nr - 1) / nr
    // One register's worth of pixels more, because packing works in square blocks.
    let panelA = (capacity + 16) * mr + 16
    let panelB = (capacity + 16) * nr
    Scratch.withScalars(panelsA * panelA + panelsB * panelB, of: T.self) { packedA in
      let packedB = packedA + panelsA * panelA
      var depth = 0
      var isFirst = true
      func multiply() {
        kernels.gemmBlock(
          m: m, n: taps, depth: depth, a: packedA, panelStrideA: panelA, b: packedB, panelStrideB: panelB, c: c,
          rowStride: rowStride, alpha: 1, beta: isFirst ? 0 : 1, rowBias: nil, columnBias: nil, activation: 0, slope: 0)
        isFirst = false
        depth = 0
      }
      for image in images {
        let index = image * g.groups + group
        let gradient = outputGradient + index * m * g.outputPixels
        let patches = source.pointer(index)
        var row = 0
        while row < g.outputHeight {
          let rows = min(rowsPerBlock, g.outputHeight - row)
          let pixels = rows * g.outputWidth
          if depth + pixels > capacity { multiply() }
          for panel in 0..<panelsA {
            kernels.packPanel(
              gradient + panel * mr * g.outputPixels + row * g.outputWidth, lanes: min(mr, m - panel * mr),
              laneStride: g.outputPixels, depth: pixels, depthStride: 1, width: mr,
              into: packedA + panel * panelA + depth * mr)
          }
          for panel in 0..<panelsB {
            kernels.packTaps(
              patches, offsets: offsets + panel * nr, lanes: min(nr, taps - panel * nr), firstRow: row, rows: rows,
              columns: g.outputWidth, rowStride: source.layout.columns, width: nr,
              into: packedB + panel * panelB + depth * nr)
          }
          depth += pixels
          row += rows
        }
      }
      multiply()
    }
  }
}
