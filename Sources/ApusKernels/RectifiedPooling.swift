// Max-pooling by 2 × 2 windows and ReLU in one pass, forward and backward: what stands behind the convolutions of most
// image models. Rows of windows are often shorter than a register (12 or 13 of them), so a register may reach into the
// next row, or the next image: what it reads there is of no use, and what it writes there is written over when that row's turn
// comes. Only where it would reach over the end of the last image does it go through a small room.
//
// What the backward pass needs of a window is one byte: which of the four was the largest, of equals the first, or 4
// where none is above 0 (or one is NaN), and no gradient passes.

extension MathVector {
  /// The largest of each window and which it was, for a register of windows whose rows begin at `top` and `bottom`.
  @inline(__always)
  private static func rectifiedMaximum(
    _ top: UnsafePointer<Scalar>, _ bottom: UnsafePointer<Scalar>
  ) -> (value: Self, code: Bits) {
    let (a, b) = load(top).unzipped(with: load(top + width))
    let (c, d) = load(bottom).unzipped(with: load(bottom + width))
    return rectifiedMaximum(a, b, c, d)
  }

  /// The same for a register of windows whose four numbers are given in the order of memory.
  @inline(__always)
  static func rectifiedMaximum(_ a: Self, _ b: Self, _ c: Self, _ d: Self) -> (value: Self, code: Bits) {
    let best = a.maximum(b).maximum(c.maximum(d))
    let zero = Self(repeating: 0)
    let code = Self(bits: Bits(repeating: 3))
      .replacing(with: Self(bits: Bits(repeating: 2)), where: c .== best)
      .replacing(with: Self(bits: Bits(repeating: 1)), where: b .== best)
      .replacing(with: Self(bits: Bits(repeating: 0)), where: a .== best)
    let dead = Self(bits: Bits(repeating: 4))
    // 0 at least, and NaN where it is: `atLeast` keeps the left side where it is NaN.
    return (best.atLeast(zero), dead.replacing(with: code, where: zero .< best).bits)
  }

  /// y = max(largest of the window, 0) for images that follow one another, and the codes of the windows.
  @inline(__always)
  static func rectifiedMaxPool(
    _ x: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>, _ codes: UnsafeMutablePointer<UInt8>, images: Int,
    _ l: PoolingLayout
  ) {
    withUnsafeTemporaryAllocation(of: Scalar.self, capacity: 4 * width) { numbers in
      withUnsafeTemporaryAllocation(of: UInt8.self, capacity: width) { marks in
        let room = numbers.baseAddress.unsafelyUnwrapped
        let bytes = marks.baseAddress.unsafelyUnwrapped
        var (x, y, codes) = (x, y, codes)
        // What there is from this image on: only at the end of the last one must a register not reach over.
        var (pixels, windows) = (images * l.height * l.width, images * l.outputHeight * l.outputWidth)
        for _ in 0..<images {
          for row in 0..<l.outputHeight {
            var column = 0
            while column < l.outputWidth {
              let count = min(width, l.outputWidth - column)
              let from = 2 * row * l.width + 2 * column
              var top = x + from
              var bottom = top + l.width
              if from + l.width + 2 * width > pixels {
                for i in 0..<2 * count {
                  room[i] = top[i]
                  room[2 * width + i] = bottom[i]
                }
                for i in 2 * count..<2 * width {
                  room[i] = 0
                  room[2 * width + i] = 0
                }
                top = UnsafePointer(room)
                bottom = UnsafePointer(room + 2 * width)
              }
              let (value, code) = rectifiedMaximum(top, bottom)
              let place = row * l.outputWidth + column
              if place + width <= windows {
                value.store(y + place)
                storeCodes(code, codes + place)
              } else {
                value.store(room)
                storeCodes(code, bytes)
                for i in 0..<count {
                  y[place + i] = room[i]
                  codes[place + i] = bytes[i]
                }
              }
              column += width
            }
          }
          x += l.height * l.width
          y += l.outputHeight * l.outputWidth
          codes += l.outputHeight * l.outputWidth
          pixels -= l.height * l.width
          windows -= l.outputHeight * l.outputWidth
        }
      }
    }
  }

  /// The backward pass of `rectifiedMaxPool`: every element of the gradient is written.
  @inline(__always)
  static func rectifiedMaxPoolGradient(
    _ upstream: UnsafePointer<Scalar>, _ codes: UnsafePointer<UInt8>, _ gradient: UnsafeMutablePointer<Scalar>,
    images: Int, _ l: PoolingLayout
  ) {
    withUnsafeTemporaryAllocation(of: Scalar.self, capacity: 2 * width) { numbers in
      withUnsafeTemporaryAllocation(of: UInt8.self, capacity: width) { marks in
        var image = SpreadImage<Self>(
          upstream: upstream, codes: codes, gradient: gradient, windows: images * l.outputHeight * l.outputWidth,
          pixels: images * l.height * l.width, room: numbers.baseAddress.unsafelyUnwrapped,
          bytes: marks.baseAddress.unsafelyUnwrapped)
        for _ in 0..<images {
          for row in 0..<l.outputHeight {
            let (place, to) = (row * l.outputWidth, 2 * row * l.width)
            // One line after the other: what a register of the first reaches over its end, the second writes over.
            for line in 0..<2 {
              var column = 0
              while column < l.outputWidth {
                let count = min(width, l.outputWidth - column)
                let (value, code) = image.windows(place + column, count: count)
                image.store(value, where: code, is: 2 * line, to + line * l.width + 2 * column, count: count)
                column += width
              }
            }
            // Columns that no window covers: one, or what fills up a longer row.
            for column in 2 * l.outputWidth..<l.width {
              image.gradient[to + column] = 0
              image.gradient[to + l.width + column] = 0
            }
          }
          // And rows.
          image.clear(2 * l.outputHeight * l.width..<l.height * l.width)
          image.advance(windows: l.outputHeight * l.outputWidth, pixels: l.height * l.width)
        }
      }
    }
  }

  /// The sum of the upstream numbers of windows through which a gradient passes.
  @inline(__always)
  static func passingSum(_ upstream: UnsafePointer<Scalar>, _ codes: UnsafePointer<UInt8>, _ count: Int) -> Scalar {
    let dead = Bits(repeating: 4)
    let zero = Self(repeating: 0)
    var even = zero
    var odd = zero
    var i = 0
    while i + 2 * width <= count {
      even = even + load(upstream + i).replacing(with: zero, where: equal(loadCodes(codes + i), dead))
      odd = odd + load(upstream + i + width).replacing(with: zero, where: equal(loadCodes(codes + i + width), dead))
      i += 2 * width
    }
    var rest: Scalar = 0
    while i < count {
      if codes[i] != 4 { rest += upstream[i] }
      i += 1
    }
    return (even + odd).laneSum + rest
  }
}

/// An image that gradients of windows are spread over, and all that there is from it on: registers may reach into the images behind
/// it, which are written later.
private struct SpreadImage<Vector: MathVector> {
  var upstream: UnsafePointer<Vector.Scalar>
  var codes: UnsafePointer<UInt8>
  var gradient: UnsafeMutablePointer<Vector.Scalar>
  var windows: Int
  var pixels: Int
  /// Room for two registers, and for the codes of one.
  let room: UnsafeMutablePointer<Vector.Scalar>
  let bytes: UnsafeMutablePointer<UInt8>

  /// A register of windows from number `place` on, of which `count` are wanted, and their codes.
  @inline(__always)
  func windows(_ place: Int, count: Int) -> (Vector, Vector.Bits) {
    if place + Vector.width <= windows { return (Vector.load(upstream + place), Vector.loadCodes(codes + place)) }
    for i in 0..<count {
      room[i] = upstream[place + i]
      bytes[i] = codes[place + i]
    }
    for i in count..<Vector.width {
      room[i] = 0
      bytes[i] = 4
    }
    return (Vector.load(room), Vector.loadCodes(bytes))
  }

  /// Two numbers for each of `count` windows: the window's, where its code is `left` or, for the second, one more, and 0 else.
  @inline(__always)
  func store(_ value: Vector, where code: Vector.Bits, is left: Int, _ to: Int, count: Int) {
    let zero = Vector(repeating: 0)
    let left = Vector.Bits.Word(truncatingIfNeeded: left)
    let (low, high) = zero.replacing(with: value, where: Vector.equal(code, Vector.Bits(repeating: left)))
      .zipped(with: zero.replacing(with: value, where: Vector.equal(code, Vector.Bits(repeating: left + 1))))
    if to + 2 * Vector.width <= pixels {
      low.store(gradient + to)
      high.store(gradient + to + Vector.width)
    } else {
      low.store(room)
      high.store(room + Vector.width)
      for i in 0..<2 * count { gradient[to + i] = room[i] }
    }
  }

  @inline(__always)
  func clear(_ range: Range<Int>) {
    var i = range.lowerBound
    while i < range.upperBound && i + Vector.width <= pixels {
      Vector(repeating: 0).store(gradient + i)
      i += Vector.width
    }
    while i < range.upperBound {
      gradient[i] = 0
      i += 1
    }
  }

  /// Goes on to the next image.
  @inline(__always)
  mutating func advance(windows count: Int, pixels area: Int) {
    upstream += count
    codes += count
    gradient += area
    windows -= count
    pixels -= area
  }
}

extension FloatKernels {
  /// The largest of each 2 × 2 window or 0, and the windows' codes, of images that follow one another.
  @inline(never)
  public static func rectifiedMaxPool(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ codes: UnsafeMutablePointer<UInt8>,
    images: Int, _ layout: UnsafePointer<Int>
  ) {
    FloatVector.rectifiedMaxPool(x, y, codes, images: images, PoolingLayout(layout))
  }

  /// The backward pass of `rectifiedMaxPool`.
  @inline(never)
  public static func rectifiedMaxPoolGradient(
    _ upstream: UnsafePointer<Float>, _ codes: UnsafePointer<UInt8>, _ gradient: UnsafeMutablePointer<Float>,
    images: Int, _ layout: UnsafePointer<Int>
  ) {
    FloatVector.rectifiedMaxPoolGradient(upstream, codes, gradient, images: images, PoolingLayout(layout))
  }

  /// The sum of what passes through `rectifiedMaxPool` backward.
  @inline(never)
  public static func passingSum(
    _ upstream: UnsafePointer<Float>, _ codes: UnsafePointer<UInt8>, _ count: Int
  ) -> Float {
    FloatVector.passingSum(upstream, codes, count)
  }
}

extension DoubleKernels {
  /// The largest of each 2 × 2 window or 0, and the windows' codes, of images that follow one another.
  @inline(never)
  public static func rectifiedMaxPool(
    _ x: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>, _ codes: UnsafeMutablePointer<UInt8>,
    images: Int, _ layout: UnsafePointer<Int>
  ) {
    DoubleVector.rectifiedMaxPool(x, y, codes, images: images, PoolingLayout(layout))
  }

  /// The backward pass of `rectifiedMaxPool`.
  @inline(never)
  public static func rectifiedMaxPoolGradient(
    _ upstream: UnsafePointer<Double>, _ codes: UnsafePointer<UInt8>, _ gradient: UnsafeMutablePointer<Double>,
    images: Int, _ layout: UnsafePointer<Int>
  ) {
    DoubleVector.rectifiedMaxPoolGradient(upstream, codes, gradient, images: images, PoolingLayout(layout))
  }

  /// The sum of what passes through `rectifiedMaxPool` backward.
  @inline(never)
  public static func passingSum(
    _ upstream: UnsafePointer<Double>, _ codes: UnsafePointer<UInt8>, _ count: Int
  ) -> Double {
    DoubleVector.passingSum(upstream, codes, count)
  }
}
