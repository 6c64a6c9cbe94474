// Packing: copying a part of A or B into panels that the micro-kernel reads from front to back.
//
//   A, MC × KC                     packed A: one panel for each MR rows
//   ┌──────────────┐               ┌─┬─┬─┬─ …
//   │ panel 0      │ MR rows       │ │ │ │      each column of a panel is MR scalars that follow one another:
//   ├──────────────┤        →      │k│k│k│      panel[k · MR + r] = A[row + r, k]
//   │ panel 1      │               │=│=│=│
//   └──────────────┘               │0│1│2│
//
// B is packed likewise, NR columns to a panel: panel[k · NR + c] = B[k, column + c]. The two differ only in which
// stride goes where, so one routine packs both: a panel of `lanes` vectors of the matrix, `width` places wide.

/// Packs one panel: `panel[k · width + lane] = source[lane · laneStride + k · depthStride]`.
///
/// Places from `lanes` to `width` hold anything: what the micro-kernel makes of them is never stored. The panel needs
/// room for `depth · width` scalars and one register more, because the last store of a narrow panel reaches over it.
@inline(__always)
func packLanes<V: TransposableVector>(
  _: V.Type, _ source: UnsafePointer<V.Scalar>, lanes: Int, laneStride: Int, depth: Int, depthStride: Int,
  width: Int, into panel: UnsafeMutablePointer<V.Scalar>
) {
  if laneStride == 1 {
    packContiguousLanes(V.self, source, lanes: lanes, depth: depth, depthStride: depthStride, width: width, into: panel)
  } else if depthStride == 1 {
    packTransposing(V.self, source, lanes: lanes, laneStride: laneStride, depth: depth, width: width, into: panel)
  } else {
    packGathering(
      V.self, source, lanes: lanes, laneStride: laneStride, depth: 0..<depth, depthStride: depthStride, width: width,
      into: panel)
  }
}

/// The lanes lie next to each other: each step of k is a copy of `lanes` scalars.
@inline(__always)
private func packContiguousLanes<V: KernelVector>(
  _: V.Type, _ source: UnsafePointer<V.Scalar>, lanes: Int, depth: Int, depthStride: Int, width: Int,
  into panel: UnsafeMutablePointer<V.Scalar>
) {
  let whole = lanes / V.width * V.width
  let rest = lanes - whole
  for k in 0..<depth {
    let from = source + k * depthStride
    let to = panel + k * width
    // Rows far apart are no stream that the hardware follows.
    prefetch(from + 32 * depthStride)
    var lane = 0
    while lane < whole {
      V.load(from + lane).store(to + lane)
      lane += V.width
    }
    if rest > 0 { V.load(from + lane, count: rest).store(to + lane, count: rest) }
  }
}

/// Each lane is contiguous in k: square blocks are transposed in registers.
@inline(__always)
private func packTransposing<V: TransposableVector>(
  _: V.Type, _ source: UnsafePointer<V.Scalar>, lanes: Int, laneStride: Int, depth: Int, width: Int,
  into panel: UnsafeMutablePointer<V.Scalar>
) {
  let whole = depth / V.width * V.width
  var k = 0
  while k < whole {
    // More rows than the hardware follows as streams, and less to do on them than memory takes to answer.
    for lane in 0..<lanes { prefetch(source + lane * laneStride + k + 4 * V.width) }
    // The last block of lanes first: it may reach over the panel's width and spoil the first lanes of the next k,
    // which the blocks before it, or the next round, then overwrite.
    var lane = (lanes - 1) / V.width * V.width
    while lane >= 0 {
      V.transposeBlock(
        source + lane * laneStride + k, stride: laneStride, count: min(V.width, lanes - lane),
        into: panel + k * width + lane, targetStride: width)
      lane -= V.width
    }
    k += V.width
  }
  packGathering(
    V.self, source, lanes: lanes, laneStride: laneStride, depth: whole..<depth, depthStride: 1, width: width,
    into: panel)
}

/// Packs the weights of a convolution with channels as lanes: `panel[(o · depth + k) · width + lane] =
/// source[lane · laneStride + o · outerStride + k]` for `outers` channels o and `depth` taps k of each.
///
/// Taps are few and seldom fill a register, so the last block of each channel reads into the next channel's taps, and what it
/// stores too much the next channel overwrites; `isLast` says that behind the last one there is nothing to read. The panel
/// needs room for a square block more.
@inline(__always)
private func packChannels<V: TransposableVector>(
  _: V.Type, _ source: UnsafePointer<V.Scalar>, lanes: Int, laneStride: Int, outers: Int, outerStride: Int, depth: Int,
  isLast: Bool, width: Int, into panel: UnsafeMutablePointer<V.Scalar>
) {
  let whole = depth / V.width * V.width
  for outer in 0..<outers {
    let from = source + outer * outerStride
    let to = panel + outer * depth * width
    let mayReach = outerStride >= V.width && (!isLast || outer < outers - 1)
    var k = 0
    while k < (mayReach ? depth : whole) {
      var lane = (lanes - 1) / V.width * V.width
      while lane >= 0 {
        V.transposeBlock(
          from + lane * laneStride + k, stride: laneStride, count: min(V.width, lanes - lane),
          into: to + k * width + lane, targetStride: width)
        lane -= V.width
      }
      k += V.width
    }
    if !mayReach {
      packGathering(
        V.self, from, lanes: lanes, laneStride: laneStride, depth: whole..<depth, depthStride: 1, width: width, into: to
      )
    }
  }
}

/// Any strides: one scalar at a time.
@inline(__always)
private func packGathering<V: KernelVector>(
  _: V.Type, _ source: UnsafePointer<V.Scalar>, lanes: Int, laneStride: Int, depth: Range<Int>, depthStride: Int,
  width: Int, into panel: UnsafeMutablePointer<V.Scalar>
) {
  for k in depth {
    let from = source + k * depthStride
    let to = panel + k * width
    for lane in 0..<lanes { to[lane] = from[lane * laneStride] }
  }
}

/// The reverse of `packLanes`: `target[lane · laneStride + k] = panel[k · width + lane]`.
///
/// Where the depth does not fill the last square block, that one moves back and writes some numbers a second time.
@inline(__always)
private func unpackLanes<V: TransposableVector>(
  _: V.Type, _ panel: UnsafePointer<V.Scalar>, lanes: Int, depth: Int, width: Int,
  into target: UnsafeMutablePointer<V.Scalar>, laneStride: Int
) {
  let whole = depth < V.width ? 0 : lanes / V.width * V.width
  var k = 0
  while k < depth && whole > 0 {
    let first = min(k, depth - V.width)
    var lane = 0
    while lane < whole {
      V.transposeBlock(
        panel + first * width + lane, stride: width, count: V.width, into: target + lane * laneStride + first,
        targetStride: laneStride)
      lane += V.width
    }
    k += V.width
  }
  for lane in whole..<lanes {
    for k in 0..<depth { target[lane * laneStride + k] = panel[k * width + lane] }
  }
}

extension FloatKernels {
  /// Takes a panel apart into lanes that are contiguous; see `unpackLanes`.
  public static func unpackPanel(
    _ panel: UnsafePointer<Float>, lanes: Int, depth: Int, width: Int, into target: UnsafeMutablePointer<Float>,
    laneStride: Int
  ) {
    unpackLanes(
      FloatVector.self, panel, lanes: lanes, depth: depth, width: width, into: target, laneStride: laneStride)
  }

  /// Packs weights with channels as lanes; see `packChannels`.
  public static func packWeights(
    _ source: UnsafePointer<Float>, lanes: Int, laneStride: Int, outers: Int, outerStride: Int, depth: Int,
    isLast: Bool,
    width: Int, into panel: UnsafeMutablePointer<Float>
  ) {
    packChannels(
      FloatVector.self, source, lanes: lanes, laneStride: laneStride, outers: outers, outerStride: outerStride,
      depth: depth,
      isLast: isLast, width: width, into: panel)
  }

  /// Packs one panel of A or B; see `packLanes`.
  public static func packPanel(
    _ source: UnsafePointer<Float>, lanes: Int, laneStride: Int, depth: Int, depthStride: Int, width: Int,
    into panel: UnsafeMutablePointer<Float>
  ) {
    packLanes(
      FloatVector.self, source, lanes: lanes, laneStride: laneStride, depth: depth, depthStride: depthStride,
      width: width, into: panel)
  }
}

extension DoubleKernels {
  /// Takes a panel apart into lanes that are contiguous; see `unpackLanes`.
  public static func unpackPanel(
    _ panel: UnsafePointer<Double>, lanes: Int, depth: Int, width: Int, into target: UnsafeMutablePointer<Double>,
    laneStride: Int
  ) {
    unpackLanes(
      DoubleVector.self, panel, lanes: lanes, depth: depth, width: width, into: target, laneStride: laneStride)
  }

  /// Packs weights with channels as lanes; see `packChannels`.
  public static func packWeights(
    _ source: UnsafePointer<Double>, lanes: Int, laneStride: Int, outers: Int, outerStride: Int, depth: Int,
    isLast: Bool,
    width: Int, into panel: UnsafeMutablePointer<Double>
  ) {
    packChannels(
      DoubleVector.self, source, lanes: lanes, laneStride: laneStride, outers: outers, outerStride: outerStride,
      depth: depth,
      isLast: isLast, width: width, into: panel)
  }

  /// Packs one panel of A or B; see `packLanes`.
  public static func packPanel(
    _ source: UnsafePointer<Double>, lanes: Int, laneStride: Int, depth: Int, depthStride: Int, width: Int,
    into panel: UnsafeMutablePointer<Double>
  ) {
    packLanes(
      DoubleVector.self, source, lanes: lanes, laneStride: laneStride, depth: depth, depthStride: depthStride,
      width: width, into: panel)
  }
}
