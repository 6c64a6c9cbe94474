// The transforms of Winograd's minimal filtering F(4×4, 3×3): S. Winograd, "Arithmetic Complexity of Computations" (1980);
// Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (2016). ApusCompute/Winograd.swift says what for.
//
//     Y = Aᵀ [ (G g Gᵀ) ⊙ (Bᵀ d B) ] A          d: 6×6 of the input, g: 3×3 kernel, Y: 4×4 of the output
//     dg = Gᵀ [ (A dY Aᵀ) ⊙ (Bᵀ d B) ] G        its transpose in g: the gradient of the kernel
//     dd = B [ (G g Gᵀ) ⊙ (A dY Aᵀ) ] Bᵀ        its transpose in d: the gradient of the input, to be added up where tiles overlap
//
// with the points 0, ±1, ±2 and ∞:
//
//          ⎡ 4  0 −5  0 1 0 ⎤        ⎡  1/4    0     0  ⎤        ⎡ 1 1  1 1  1 0 ⎤
//          ⎢ 0 −4 −4  1 1 0 ⎥        ⎢ −1/6  −1/6  −1/6 ⎥   Aᵀ = ⎢ 0 1 −1 2 −2 0 ⎥
//     Bᵀ = ⎢ 0  4 −4 −1 1 0 ⎥    G = ⎢ −1/6   1/6  −1/6 ⎥        ⎢ 0 1  1 4  4 0 ⎥
//          ⎢ 0 −2 −1  2 1 0 ⎥        ⎢ 1/24  1/12   1/6 ⎥        ⎣ 0 1 −1 8 −8 1 ⎦
//          ⎢ 0  2 −1 −2 1 0 ⎥        ⎢ 1/24 −1/12   1/6 ⎥
//          ⎣ 0  4  0 −5 0 1 ⎦        ⎣   0    0     1   ⎦
//
// Every lane of a register is another channel. A transform of a square is one of its columns, put down in `room`, and one of
// the rows of that: 36 values do not fit the registers.

/// Six registers: a column or a row of a 6×6 square.
private typealias Six<V> = (V, V, V, V, V, V)

extension KernelVector {
  /// Bᵀ times a column.
  @inline(__always)
  fileprivate static func inputTransform(_ d: Six<Self>) -> Six<Self> {
    let four = Self(repeating: 4)
    let minusFour = Self(repeating: -4)
    let minusFive = Self(repeating: -5)
    let two = Self(repeating: 2)
    let outer = d.4.adding(minusFour, times: d.2)
    let inner = d.3.adding(minusFour, times: d.1)
    let even = d.4 - d.2
    let odd = two * (d.3 - d.1)
    return (
      d.4.adding(minusFive, times: d.2).adding(four, times: d.0), outer + inner, outer - inner, even + odd,
      even - odd, d.5.adding(minusFive, times: d.3).adding(four, times: d.1)
    )
  }

  /// Aᵀ times a column.
  @inline(__always)
  fileprivate static func outputTransform(_ m: Six<Self>) -> (Self, Self, Self, Self) {
    let (sum1, difference1) = (m.1 + m.2, m.1 - m.2)
    let (sum2, difference2) = (m.3 + m.4, m.3 - m.4)
    return (
      m.0 + sum1 + sum2, difference1.adding(Self(repeating: 2), times: difference2),
      sum1.adding(Self(repeating: 4), times: sum2),
      (difference1 + m.5).adding(Self(repeating: 8), times: difference2)
    )
  }

  /// A times a column: the transpose of `outputTransform`.
  @inline(__always)
  fileprivate static func gradientTransform(_ y: (Self, Self, Self, Self)) -> Six<Self> {
    let (even1, odd1) = (y.0 + y.2, y.1 + y.3)
    let even2 = y.0.adding(Self(repeating: 4), times: y.2)
    let odd2 = Self(repeating: 2) * y.1.adding(Self(repeating: 4), times: y.3)
    return (y.0, even1 + odd1, even1 - odd1, even2 + odd2, even2 - odd2, y.3)
  }

  /// B times a column: the transpose of `inputTransform`.
  @inline(__always)
  fileprivate static func inputGradientTransform(_ m: Six<Self>) -> Six<Self> {
    let four = Self(repeating: 4)
    let minusFour = Self(repeating: -4)
    let minusFive = Self(repeating: -5)
    let two = Self(repeating: 2)
    let (sum1, difference1) = (m.1 + m.2, m.1 - m.2)
    let (sum2, difference2) = (m.3 + m.4, m.3 - m.4)
    return (
      four * m.0, (minusFour * (difference1 - m.5)).adding(Self(repeating: -2), times: difference2),
      (minusFive * m.0).adding(minusFour, times: sum1) - sum2,
      difference1.adding(two, times: difference2).adding(minusFive, times: m.5), m.0 + sum1 + sum2, m.5
    )
  }

  /// G times a column.
  @inline(__always)
  fileprivate static func kernelTransform(_ g: (Self, Self, Self)) -> Six<Self> {
    let sixth = Self(repeating: 1 / 6)
    let outer = (g.0 + g.2) * Self(repeating: -1 / 6)
    let inner = g.1 * sixth
    let even = (g.2 * sixth).adding(g.0, times: Self(repeating: 1 / 24))
    let odd = g.1 * Self(repeating: 1 / 12)
    return (g.0 * Self(repeating: 1 / 4), outer - inner, outer + inner, even + odd, even - odd, g.2)
  }

  /// Gᵀ times a column.
  @inline(__always)
  fileprivate static func kernelGradientTransform(_ u: Six<Self>) -> (Self, Self, Self) {
    let sixth = Self(repeating: 1 / 6)
    let (sum1, sum2) = (u.1 + u.2, u.3 + u.4)
    return (
      (u.0 * Self(repeating: 1 / 4)).adding(sum1, times: -sixth).adding(sum2, times: Self(repeating: 1 / 24)),
      ((u.2 - u.1) * sixth).adding(u.3 - u.4, times: Self(repeating: 1 / 12)),
      (u.5 + (sum2 - sum1) * sixth)
    )
  }

  /// Six registers, `stride` scalars apart.
  @inline(__always)
  fileprivate static func six(_ source: UnsafePointer<Scalar>, _ stride: Int) -> Six<Self> {
    (
      load(source), load(source + stride), load(source + 2 * stride), load(source + 3 * stride),
      load(source + 4 * stride), load(source + 5 * stride)
    )
  }

  @inline(__always)
  fileprivate static func put(_ v: Six<Self>, _ target: UnsafeMutablePointer<Scalar>, _ stride: Int) {
    v.0.store(target)
    v.1.store(target + stride)
    v.2.store(target + 2 * stride)
    v.3.store(target + 3 * stride)
    v.4.store(target + 4 * stride)
    v.5.store(target + 5 * stride)
  }
}

/// Bᵀ d B for `tiles` tiles of a strip, next to each other, each 4 pixels to the right of the last.
@inline(__always)
private func transformInput<V: KernelVector>(
  _: V.Type, _ source: UnsafePointer<V.Scalar>, rowStride: Int, pixelStride: Int, channels: Int, tiles: Int,
  into target: UnsafeMutablePointer<V.Scalar>, positionStride: Int, room: UnsafeMutablePointer<V.Scalar>
) {
  let w = V.width
  for tile in 0..<tiles {
    var channel = 0
    while channel < channels {
      let from = source + 4 * tile * pixelStride + channel
      let to = target + tile * pixelStride + channel
      for x in 0..<6 { V.put(V.inputTransform(V.six(from + x * pixelStride, rowStride)), room + x * w, 6 * w) }
      for y in 0..<6 {
        V.put(V.inputTransform(V.six(room + 6 * y * w, w)), to + 6 * y * positionStride, positionStride)
      }
      channel += w
    }
  }
}

/// Aᵀ M A, plus bias, activated, for `tiles` tiles of a strip. False when a value is infinite or no number.
@inline(__always)
private func transformOutput<V: KernelVector>(
  _: V.Type, _ source: UnsafePointer<V.Scalar>, positionStride: Int, pixelStride: Int, channels: Int, tiles: Int,
  bias: UnsafePointer<V.Scalar>?, floor: V.Scalar, into target: UnsafeMutablePointer<V.Scalar>, rowStride: Int,
  room: UnsafeMutablePointer<V.Scalar>
) -> Bool {
  let w = V.width
  let zero = V(repeating: 0)
  let low = V(repeating: floor)
  // What is not finite makes NaN of a product with zero, and stays one.
  var check = zero
  for tile in 0..<tiles {
    var channel = 0
    while channel < channels {
      let from = source + tile * pixelStride + channel
      let to = target + 4 * tile * pixelStride + channel
      let offset = bias.map { V.load($0 + channel) } ?? zero
      for x in 0..<6 {
        let y = V.outputTransform(V.six(from + x * positionStride, 6 * positionStride))
        y.0.store(room + x * w)
        y.1.store(room + (6 + x) * w)
        y.2.store(room + (12 + x) * w)
        y.3.store(room + (18 + x) * w)
      }
      for row in 0..<4 {
        let y = V.outputTransform(V.six(room + 6 * row * w, w))
        let line = to + row * rowStride
        check = check.adding(y.0, times: zero).adding(y.1, times: zero).adding(y.2, times: zero)
          .adding(y.3, times: zero)
        (y.0 + offset).raised(to: low).store(line)
        (y.1 + offset).raised(to: low).store(line + pixelStride)
        (y.2 + offset).raised(to: low).store(line + 2 * pixelStride)
        (y.3 + offset).raised(to: low).store(line + 3 * pixelStride)
      }
      channel += w
    }
  }
  return check.laneSum == 0
}

/// A dY Aᵀ for `tiles` tiles of a strip.
@inline(__always)
private func transformGradient<V: KernelVector>(
  _: V.Type, _ source: UnsafePointer<V.Scalar>, rowStride: Int, pixelStride: Int, channels: Int, tiles: Int,
  into target: UnsafeMutablePointer<V.Scalar>, positionStride: Int, room: UnsafeMutablePointer<V.Scalar>
) {
  let w = V.width
  for tile in 0..<tiles {
    var channel = 0
    while channel < channels {
      let from = source + 4 * tile * pixelStride + channel
      let to = target + tile * pixelStride + channel
      for x in 0..<4 {
        let column = from + x * pixelStride
        V.put(
          V.gradientTransform(
            (
              V.load(column), V.load(column + rowStride), V.load(column + 2 * rowStride),
              V.load(column + 3 * rowStride)
            )), room + x * w, 4 * w)
      }
      for y in 0..<6 {
        let line = room + 4 * y * w
        V.put(
          V.gradientTransform((V.load(line), V.load(line + w), V.load(line + 2 * w), V.load(line + 3 * w))),
          to + 6 * y * positionStride, positionStride)
      }
      channel += w
    }
  }
}

/// Adds B M Bᵀ of `tiles` tiles of a strip to the squares of 6×6 pixels that they overlap in. False when a value is infinite or no
/// number.
@inline(__always)
private func transformInputGradient<V: KernelVector>(
  _: V.Type, _ source: UnsafePointer<V.Scalar>, positionStride: Int, pixelStride: Int, channels: Int, tiles: Int,
  addingTo target: UnsafeMutablePointer<V.Scalar>, rowStride: Int, room: UnsafeMutablePointer<V.Scalar>
) -> Bool {
  let w = V.width
  let zero = V(repeating: 0)
  var check = zero
  for tile in 0..<tiles {
    var channel = 0
    while channel < channels {
      let from = source + tile * pixelStride + channel
      let to = target + 4 * tile * pixelStride + channel
      for x in 0..<6 {
        V.put(V.inputGradientTransform(V.six(from + x * positionStride, 6 * positionStride)), room + x * w, 6 * w)
      }
      for y in 0..<6 {
        let line = to + y * rowStride
        let d = V.inputGradientTransform(V.six(room + 6 * y * w, w))
        let before = V.six(line, pixelStride)
        let sums = (
          before.0 + d.0, before.1 + d.1, before.2 + d.2, before.3 + d.3, before.4 + d.4, before.5 + d.5
        )
        check = check.adding(sums.0, times: zero).adding(sums.1, times: zero).adding(sums.2, times: zero)
          .adding(sums.3, times: zero).adding(sums.4, times: zero).adding(sums.5, times: zero)
        V.put(sums, line, pixelStride)
      }
      channel += w
    }
  }
  return check.laneSum == 0
}

/// G g Gᵀ of `lanes` kernels, `laneStride` scalars apart, one in each lane; zero in the other lanes. `flips` turns the kernels
/// round. Taps may be read up to a register far unless `isLast`.
@inline(__always)
private func transformKernel<V: TransposableVector>(
  _: V.Type, _ source: UnsafePointer<V.Scalar>, laneStride: Int, lanes: Int, flips: Bool, isLast: Bool,
  into target: UnsafeMutablePointer<V.Scalar>, positionStride: Int, room: UnsafeMutablePointer<V.Scalar>
) {
  let w = V.width
  // The taps first, each a register: 9, rounded up to whole square blocks.
  let taps = room + 36 * w
  if isLast || lanes < w {
    for tap in 0..<9 {
      for lane in 0..<w { taps[tap * w + lane] = lane < lanes ? source[lane * laneStride + tap] : 0 }
    }
  } else {
    var tap = 0
    while tap < 9 {
      V.transposeBlock(source + tap, stride: laneStride, count: w, into: taps + tap * w, targetStride: w)
      tap += w
    }
  }
  let (first, step) = flips ? (taps + 8 * w, -w) : (taps, w)
  for x in 0..<3 {
    let g = first + x * step
    V.put(V.kernelTransform((V.load(g), V.load(g + 3 * step), V.load(g + 6 * step))), room + x * w, 3 * w)
  }
  for y in 0..<6 {
    let line = room + 3 * y * w
    V.put(
      V.kernelTransform((V.load(line), V.load(line + w), V.load(line + 2 * w))), target + 6 * y * positionStride,
      positionStride)
  }
}

/// Gᵀ U G: the kernels of `lanes` lanes, `laneStride` scalars apart. False when a value is infinite or no number.
@inline(__always)
private func transformKernelGradient<V: TransposableVector>(
  _: V.Type, _ source: UnsafePointer<V.Scalar>, positionStride: Int, into target: UnsafeMutablePointer<V.Scalar>,
  laneStride: Int, lanes: Int, room: UnsafeMutablePointer<V.Scalar>
) -> Bool {
  let w = V.width
  let zero = V(repeating: 0)
  var check = zero
  let taps = room + 36 * w
  for x in 0..<6 {
    let g = V.kernelGradientTransform(V.six(source + x * positionStride, 6 * positionStride))
    g.0.store(room + x * w)
    g.1.store(room + (6 + x) * w)
    g.2.store(room + (12 + x) * w)
  }
  for y in 0..<3 {
    let g = V.kernelGradientTransform(V.six(room + 6 * y * w, w))
    check = check.adding(g.0, times: zero).adding(g.1, times: zero).adding(g.2, times: zero)
    g.0.store(taps + 3 * y * w)
    g.1.store(taps + (3 * y + 1) * w)
    g.2.store(taps + (3 * y + 2) * w)
  }
  for lane in 0..<lanes {
    let to = target + lane * laneStride
    for tap in 0..<9 { to[tap] = taps[tap * w + lane] }
  }
  return check.laneSum == 0
}

extension FloatKernels {
  /// Scalars that the transforms want as room to work in.
  public static var winogradRoom: Int { (36 + 9 + FloatVector.width) * FloatVector.width }

  /// Bᵀ d B; see `transformInput`.
  public static func winogradInput(
    _ source: UnsafePointer<Float>, rowStride: Int, pixelStride: Int, channels: Int, tiles: Int,
    into target: UnsafeMutablePointer<Float>, positionStride: Int, room: UnsafeMutablePointer<Float>
  ) {
    transformInput(
      FloatVector.self, source, rowStride: rowStride, pixelStride: pixelStride, channels: channels, tiles: tiles,
      into: target, positionStride: positionStride, room: room)
  }

  /// Aᵀ M A; see `transformOutput`.
  public static func winogradOutput(
    _ source: UnsafePointer<Float>, positionStride: Int, pixelStride: Int, channels: Int, tiles: Int,
    bias: UnsafePointer<Float>?, floor: Float, into target: UnsafeMutablePointer<Float>, rowStride: Int,
    room: UnsafeMutablePointer<Float>
  ) -> Bool {
    transformOutput(
      FloatVector.self, source, positionStride: positionStride, pixelStride: pixelStride, channels: channels,
      tiles: tiles, bias: bias, floor: floor, into: target, rowStride: rowStride, room: room)
  }

  /// A dY Aᵀ; see `transformGradient`.
  public static func winogradGradient(
    _ source: UnsafePointer<Float>, rowStride: Int, pixelStride: Int, channels: Int, tiles: Int,
    into target: UnsafeMutablePointer<Float>, positionStride: Int, room: UnsafeMutablePointer<Float>
  ) {
    transformGradient(
      FloatVector.self, source, rowStride: rowStride, pixelStride: pixelStride, channels: channels, tiles: tiles,
      into: target, positionStride: positionStride, room: room)
  }

  /// B M Bᵀ; see `transformInputGradient`.
  public static func winogradInputGradient(
    _ source: UnsafePointer<Float>, positionStride: Int, pixelStride: Int, channels: Int, tiles: Int,
    addingTo target: UnsafeMutablePointer<Float>, rowStride: Int, room: UnsafeMutablePointer<Float>
  ) -> Bool {
    transformInputGradient(
      FloatVector.self, source, positionStride: positionStride, pixelStride: pixelStride, channels: channels,
      tiles: tiles, addingTo: target, rowStride: rowStride, room: room)
  }

  /// G g Gᵀ; see `transformKernel`.
  public static func winogradKernel(
    _ source: UnsafePointer<Float>, laneStride: Int, lanes: Int, flips: Bool, isLast: Bool,
    into target: UnsafeMutablePointer<Float>, positionStride: Int, room: UnsafeMutablePointer<Float>
  ) {
    transformKernel(
      FloatVector.self, source, laneStride: laneStride, lanes: lanes, flips: flips, isLast: isLast, into: target,
      positionStride: positionStride, room: room)
  }

  /// Gᵀ U G; see `transformKernelGradient`.
  public static func winogradKernelGradient(
    _ source: UnsafePointer<Float>, positionStride: Int, into target: UnsafeMutablePointer<Float>, laneStride: Int,
    lanes: Int, room: UnsafeMutablePointer<Float>
  ) -> Bool {
    transformKernelGradient(
      FloatVector.self, source, positionStride: positionStride, into: target, laneStride: laneStride, lanes: lanes,
      room: room)
  }
}

extension DoubleKernels {
  /// Scalars that the transforms want as room to work in.
  public static var winogradRoom: Int { (36 + 9 + DoubleVector.width) * DoubleVector.width }

  /// Bᵀ d B; see `transformInput`.
  public static func winogradInput(
    _ source: UnsafePointer<Double>, rowStride: Int, pixelStride: Int, channels: Int, tiles: Int,
    into target: UnsafeMutablePointer<Double>, positionStride: Int, room: UnsafeMutablePointer<Double>
  ) {
    transformInput(
      DoubleVector.self, source, rowStride: rowStride, pixelStride: pixelStride, channels: channels, tiles: tiles,
      into: target, positionStride: positionStride, room: room)
  }

  /// Aᵀ M A; see `transformOutput`.
  public static func winogradOutput(
    _ source: UnsafePointer<Double>, positionStride: Int, pixelStride: Int, channels: Int, tiles: Int,
    bias: UnsafePointer<Double>?, floor: Double, into target: UnsafeMutablePointer<Double>, rowStride: Int,
    room: UnsafeMutablePointer<Double>
  ) -> Bool {
    transformOutput(
      DoubleVector.self, source, positionStride: positionStride, pixelStride: pixelStride, channels: channels,
      tiles: tiles, bias: bias, floor: floor, into: target, rowStride: rowStride, room: room)
  }

  /// A dY Aᵀ; see `transformGradient`.
  public static func winogradGradient(
    _ source: UnsafePointer<Double>, rowStride: Int, pixelStride: Int, channels: Int, tiles: Int,
    into target: UnsafeMutablePointer<Double>, positionStride: Int, room: UnsafeMutablePointer<Double>
  ) {
    transformGradient(
      DoubleVector.self, source, rowStride: rowStride, pixelStride: pixelStride, channels: channels, tiles: tiles,
      into: target, positionStride: positionStride, room: room)
  }

  /// B M Bᵀ; see `transformInputGradient`.
  public static func winogradInputGradient(
    _ source: UnsafePointer<Double>, positionStride: Int, pixelStride: Int, channels: Int, tiles: Int,
    addingTo target: UnsafeMutablePointer<Double>, rowStride: Int, room: UnsafeMutablePointer<Double>
  ) -> Bool {
    transformInputGradient(
      DoubleVector.self, source, positionStride: positionStride, pixelStride: pixelStride, channels: channels,
      tiles: tiles, addingTo: target, rowStride: rowStride, room: room)
  }

  /// G g Gᵀ; see `transformKernel`.
  public static func winogradKernel(
    _ source: UnsafePointer<Double>, laneStride: Int, lanes: Int, flips: Bool, isLast: Bool,
    into target: UnsafeMutablePointer<Double>, positionStride: Int, room: UnsafeMutablePointer<Double>
  ) {
    transformKernel(
      DoubleVector.self, source, laneStride: laneStride, lanes: lanes, flips: flips, isLast: isLast, into: target,
      positionStride: positionStride, room: room)
  }

  /// Gᵀ U G; see `transformKernelGradient`.
  public static func winogradKernelGradient(
    _ source: UnsafePointer<Double>, positionStride: Int, into target: UnsafeMutablePointer<Double>, laneStride: Int,
    lanes: Int, room: UnsafeMutablePointer<Double>
  ) -> Bool {
    transformKernelGradient(
      DoubleVector.self, source, positionStride: positionStride, into: target, laneStride: laneStride, lanes: lanes,
      room: room)
  }
}
