// dW[o, (i, ky, kx)] = Σ over images and pixels of dY[o, pixel] · x[i, pixel · stride + (ky, kx)]: a product whose depth
// runs over all pixels of all images. There are two ways to it, as with the forward pass, and a third for
// depthwise convolutions (DepthwiseConvolution.swift):
//
// - *Packed*: taps are the columns of B, so the patches are packed the other way round, transposed in registers.
// - *Direct*: with the rows of dY as long as those of the laid-out x, the sum is a dot product of two contiguous
//   stretches of memory for every pair of output channel and tap (CorrelatedWeightGradient.swift).

/// The gradient of the loss with respect to a convolution's weight, from its input and the gradient with respect to
/// its output. The result is overwritten.
///
/// The rows of all images are cut into parts by the sizes alone; each part has a sum of its own, and the sums are added in
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
  if let inLanes = LaneConvolution<T>(g, .weightGradient) {
    return inLanes.gradients(
      input: input, weight: nil, .whole(outputGradient), weightGradient: weightGradient, biasGradient: nil,
      inputGradient: nil)
  }
  if g.sumsTapsOfPlanes {
    depthwiseWeightGradient(g, input: input, outputGradient: outputGradient, weightGradient: weightGradient)
    return
  }
  if g.correlatesTaps {
    correlatedWeightGradient(g, input: input, .whole(outputGradient), weightGradient: weightGradient)
    return
  }
  let nr = kernels(T.self).tileColumns
  let layout = g.inputLayout
  let offsets = g.inputOffsets(layout)
  let m = g.outputChannelsPerGroup
  let n = offsets.count
  let parts = WeightGradientParts(g, byImages: false, scalarBytes: MemoryLayout<T>.stride)
  // Columns are cut only as far as the team needs: this does not change any sum.
  let panels = (n + nr - 1) / nr
  let columnParts = min(panels, max(1, (4 * Threads.count + parts.count * g.groups - 1) / (parts.count * g.groups)))
  let columnsPerPart = (panels + columnParts - 1) / columnParts * nr
  let images = g.batch * g.groups
  let copySize = LaidOutBatch<T>.scratchCount(layout, count: images, readsBehind: true)
  let sumsSize = parts.count > 1 ? parts.count * g.weightCount : 0
  Scratch.withScalars(copySize + sumsSize, of: T.self) { scratch in
    let source = LaidOutBatch(layout, input, count: images, readsBehind: true, copy: scratch)
    let sums = parts.count > 1 ? scratch + copySize : weightGradient
    parallelFor(parts.count * g.groups * columnParts) { index in
      let columnPart = index % columnParts
      let group = index / columnParts % g.groups
      let part = index / columnParts / g.groups
      let first = columnPart * columnsPerPart
      let columns = min(columnsPerPart, n - first)
      guard columns > 0 else { return }
      offsets.withUnsafeBufferPointer { offsets in
        TapProduct(geometry: g, group: group, taps: columns).run(
          rows: parts.rows(part), source, offsets: offsets.baseAddress! + first, outputGradient,
          into: sums + part * g.weightCount + group * m * n + first, rowStride: n)
      }
    }
    if parts.count > 1 { parts.add(sums, into: weightGradient, count: g.weightCount) }
  }
}

/// How the sum over all pixels is cut: in runs of rows of the output, counted through all images. By sizes alone, so that the
/// order of summation is the same at any number of threads.
struct WeightGradientParts {
  let count: Int
  private let rowsPerPart: Int
  private let total: Int

  /// At most four parts, of at least 256 pixels, so that it does not show what adding them up costs, and no more than 16 MiB
  /// of sums; only whole images where `byImages`.
  init(_ g: ConvolutionGeometry, byImages: Bool, scalarBytes: Int) {
    total = g.batch * g.outputHeight
    let affordable = max(1, min(4, (16 << 20) / (g.weightCount * scalarBytes)))
    let unit = byImages || g.batch >= 4 ? g.outputHeight : 1
    let wanted = unit == 1 ? max(1, min(affordable, total * g.outputWidth / 256)) : affordable
    let units = total / unit
    rowsPerPart = (units + wanted - 1) / wanted * unit
    count = (total + rowsPerPart - 1) / rowsPerPart
  }

  func rows(_ part: Int) -> Range<Int> { part * rowsPerPart..<min((part + 1) * rowsPerPart, total) }

  /// `target = sums[0] + sums[1] + …`, element by element, where each part has left a sum of `size` numbers.
  func add<T: ComputeScalar>(_ sums: UnsafePointer<T>, into target: UnsafeMutablePointer<T>, count size: Int) {
    let table = kernels(T.self)
    let perChunk = 16384
    parallelFor((size + perChunk - 1) / perChunk) { chunk in
      let first = chunk * perChunk
      let length = min(perChunk, size - first)
      (target + first).update(from: sums + first, count: length)
      for part in 1..<count { table.accumulate(sums + part * size + first, 1, target + first, 1, length) }
    }
  }
}

/// The part of a weight gradient that belongs to some taps of one group, summed over some rows of the output.
private struct TapProduct {
  var geometry: ConvolutionGeometry
  var group: Int
  var taps: Int

  /// `c = Σ over rows of outputGradient · patches`, the rows being counted through all images.
  ///
  /// Taps are packed, turned round in registers. The output gradient is read where it lies, a scalar at a time, unless the
  /// images are so small that several share a block.
  func run<T: ComputeScalar>(
    rows: Range<Int>, _ source: LaidOutBatch<T>, offsets: UnsafePointer<Int>, _ outputGradient: UnsafePointer<T>,
    into c: UnsafeMutablePointer<T>, rowStride: Int
  ) {
    let g = geometry
    let kernels = kernels(T.self)
    let mr = kernels.tileRows
    let nr = kernels.tileColumns
    let m = g.outputChannelsPerGroup
    let kc = Blocking.shortDepth(tileColumns: nr, scalarBytes: MemoryLayout<T>.stride)
    let rowsPerBlock = min(g.outputHeight, max(1, kc / g.outputWidth))
    let isInPlace = rows.count <= g.outputHeight || g.outputPixels >= 128
    let capacity = isInPlace ? rowsPerBlock * g.outputWidth : max(kc, rowsPerBlock * g.outputWidth)
    let panelsA = isInPlace ? 0 : (m + mr - 1) / mr
    let panelsB = (taps + nr - 1) / nr
    // One register's worth of pixels more, because packing works in square blocks.
    let panelA = (capacity + 16) * mr + 16
    let panelB = (capacity + 16) * nr
    // Few pixels: rows of C are long then, and written one after the other. Else each packed panel is read while it is near.
    let rowsOutside = panelsB * panelB * MemoryLayout<T>.stride <= Processor.current.level2Cache / 2
    let steps = (0..<capacity).map { $0 * nr }
    Scratch.withScalars(panelsA * panelA + panelsB * panelB, of: T.self) { packedA in
      let packedB = packedA + panelsA * panelA
      var depth = 0
      var isFirst = true
      func multiply(_ gradient: UnsafePointer<T>) {
        let beta: T = isFirst ? 0 : 1
        if isInPlace {
          steps.withUnsafeBufferPointer { steps in
            kernels.gemmDirect(
              m: m, n: taps, depth: depth, a: gradient, rowStrideA: g.outputPixels, depthStrideA: 1,
              panelStrideA: mr * g.outputPixels, b: packedB, panelStrideB: panelB, offsets: steps.baseAddress!, c: c,
              rowStride: rowStride, alpha: 1, beta: beta, rowBias: nil, columnBias: nil, activation: 0, slope: 0,
              rowsOutside: rowsOutside)
          }
        } else {
          kernels.gemmBlock(
            m: m, n: taps, depth: depth, a: packedA, panelStrideA: panelA, b: packedB, panelStrideB: panelB, c: c,
            rowStride: rowStride, alpha: 1, beta: beta, rowBias: nil, columnBias: nil, activation: 0, slope: 0)
        }
        isFirst = false
        depth = 0
      }
      var next = rows.lowerBound
      while next < rows.upperBound {
        let (image, row) = next.quotientAndRemainder(dividingBy: g.outputHeight)
        let count = min(rowsPerBlock, g.outputHeight - row, rows.upperBound - next)
        let pixels = count * g.outputWidth
        let index = image * g.groups + group
        let gradient = outputGradient + index * m * g.outputPixels + row * g.outputWidth
        if depth > 0 && depth + pixels > capacity { multiply(packedA) }
        for panel in 0..<panelsA {
          kernels.packPanel(
            gradient + panel * mr * g.outputPixels, lanes: min(mr, m - panel * mr), laneStride: g.outputPixels,
            depth: pixels, depthStride: 1, width: mr, into: packedA + panel * panelA + depth * mr)
        }
        for panel in 0..<panelsB {
          kernels.packTaps(
            source.pointer(index), offsets: offsets + panel * nr, lanes: min(nr, taps - panel * nr), firstRow: row,
            rows: count, columns: g.outputWidth, rowStride: source.layout.columns, width: nr,
            into: packedB + panel * panelB + depth * nr)
        }
        depth += pixels
        next += count
        if isInPlace { multiply(gradient) }
      }
      if depth > 0 { multiply(packedA) }
    }
  }
}
