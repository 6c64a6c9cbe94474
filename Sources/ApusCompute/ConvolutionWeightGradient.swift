// dW[o, (i, ky, kx)] = Σ over images and pixels of dY[o, pixel] · x[i, pixel · stride + (ky, kx)]: a product whose depth
// runs over all pixels of all images. There are two ways to it, as with the forward pass:
//
// - *Packed*: taps are the columns of B, so the patches are packed the other way round, transposed in registers.
// - *Direct*: with the rows of dY as long as those of the laid-out x, the sum is a dot product of two contiguous
//   stretches of memory for every pair of output channel and tap (ApusKernels/TapCorrelation.swift).

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
  if let winograd = Winograd<T>(g), winograd.kernelGradient(input, outputGradient: outputGradient, into: weightGradient)
  {
    return
  }
  let kernels = kernels(T.self)
  let nr = kernels.tileColumns
  let layout = g.inputLayout
  let offsets = g.inputOffsets(layout)
  let m = g.outputChannelsPerGroup
  let n = offsets.count
  // At most four sums of all weights, and no more than 16 MiB of them.
  let affordable = max(1, (16 << 20) / (g.weightCount * MemoryLayout<T>.stride))
  let imagesPerPart = (g.batch + min(4, affordable) - 1) / min(4, affordable)
  let imageParts = (g.batch + imagesPerPart - 1) / imagesPerPart
  let isDirect = m <= 32 && 5 * g.outputWidth >= 3 * layout.columns && g.outputHeight * layout.columns <= 1 << 12
  // Columns are cut only as far as the team needs: this does not change any sum.
  let unit = isDirect ? 5 : nr
  let panels = (n + unit - 1) / unit
  let columnParts = min(panels, max(1, (4 * Threads.count + imageParts * g.groups - 1) / (imageParts * g.groups)))
  let columnsPerPart = (panels + columnParts - 1) / columnParts * unit
  let images = g.batch * g.groups
  let copySize = LaidOutBatch<T>.scratchCount(layout, count: images, readsBehind: true)
  let sumsSize = imageParts > 1 ? imageParts * g.weightCount : 0
  // The output gradient with rows as long as those of the input, and zeros where there is no pixel.
  let planeSize = isDirect ? roundUp(g.outputHeight * layout.columns, 16) : 0
  let gradientLayout = PatchLayout(
    channels: m, height: g.outputHeight, width: g.outputWidth, top: 0, left: 0, stride: (1, 1), rows: g.outputHeight,
    columns: layout.columns)
  Scratch.withScalars(copySize + sumsSize + images * m * planeSize, of: T.self) { scratch in
    let planes = scratch + copySize + sumsSize
    if isDirect {
      layOutPlanes(gradientLayout, outputGradient, count: images * m, planeSize: planeSize, into: planes)
    }
    let source = LaidOutBatch(layout, input, count: images, readsBehind: true, copy: scratch)
    let sums = imageParts > 1 ? scratch + copySize : weightGradient
    parallelFor(imageParts * g.groups * columnParts) { index in
      let columnPart = index % columnParts
      let group = index / columnParts % g.groups
      let part = index / columnParts / g.groups
      let first = columnPart * columnsPerPart
      let columns = min(columnsPerPart, n - first)
      guard columns > 0 else { return }
      let task = TapProduct(geometry: g, group: group, firstTap: first, taps: columns)
      let range = part * imagesPerPart..<min((part + 1) * imagesPerPart, g.batch)
      let target = sums + part * g.weightCount + group * m * n + first
      offsets.withUnsafeBufferPointer { offsets in
        let offsets = offsets.baseAddress! + first
        if isDirect {
          let sources = range.map { source.pointer($0 * g.groups + group) }
          kernels.correlateTaps(
            channels: m, taps: columns, images: range.count, sources: sources, offsets: offsets,
            gradient: planes + (range.lowerBound * g.groups + group) * m * planeSize,
            imageStride: g.groups * m * planeSize, rowStride: planeSize, length: planeSize, into: target,
            targetStride: n)
        } else {
          task.run(images: range, source, offsets: offsets, outputGradient, into: target, rowStride: n)
        }
      }
    }
    if imageParts > 1 {
      addInOrder(sums, count: imageParts, stride: g.weightCount, into: weightGradient)
    }
  }
}

/// Lays each of `count` planes out on its own, filled up with zeros to `planeSize`.
private func layOutPlanes<T: ComputeScalar>(
  _ layout: PatchLayout, _ source: UnsafePointer<T>, count: Int, planeSize: Int, into target: UnsafeMutablePointer<T>
) {
  let kernels = kernels(T.self)
  let perPart = max(1, 16384 / planeSize)
  parallelFor((count + perPart - 1) / perPart) { part in
    for plane in part * perPart..<min((part + 1) * perPart, count) {
      let to = target + plane * planeSize
      kernels.layOutChannel(
        source + plane * layout.height * layout.width, height: layout.height, width: layout.width, top: 0, left: 0,
        strideY: 1, strideX: 1, rows: layout.rows, columns: layout.columns, into: to)
      let filled = layout.rows * layout.columns
      (to + filled).update(repeating: 0, count: planeSize - filled)
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
