// Max-pooling by 2 × 2 windows and ReLU in one pass, forward and backward: what stands behind the convolutions of most
// image models. Rows of windows are often shorter than a register (12 or 13 of them), so a register may reach into the
// next row: what it reads there is of no use, and what it writes there is written over when that row's turn comes. Only
// where it would reach over the end of the image does it go through a small room.
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

  /// y = max(largest of the window, 0) for one image, and the codes of the windows.
  @inline(__always)
  static func rectifiedMaxPool(
    _ x: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>, _ codes: UnsafeMutablePointer<UInt8>,
    _ l: PoolingLayout
  ) {
    let (pixels, windows) = (l.height * l.width, l.outputHeight * l.outputWidth)
    withUnsafeTemporaryAllocation(of: Scalar.self, capacity: 4 * width) { numbers in
      withUnsafeTemporaryAllocation(of: UInt8.self, capacity: width) { marks in
        let room = numbers.baseAddress.unsafelyUnwrapped
        let bytes = marks.baseAddress.unsafelyUnwrapped
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
      }
    }
  }

  /// The backward pass of `rectifiedMaxPool`: every element of the gradient is written.
  @inline(__always)
  static func rectifiedMaxPoolGradient(
    _ upstream: UnsafePointer<Scalar>, _ codes: UnsafePointer<UInt8>, _ gradient: UnsafeMutablePointer<Scalar>,
    _ l: PoolingLayout
  ) {
    let (pixels, windows) = (l.height * l.width, l.outputHeight * l.outputWidth)
    let zero = Self(repeating: 0)
    withUnsafeTemporaryAllocation(of: Scalar.self, capacity: 2 * width) { numbers in
      withUnsafeTemporaryAllocation(of: UInt8.self, capacity: width) { marks in
        let room = numbers.baseAddress.unsafelyUnwrapped
        let bytes = marks.baseAddress.unsafelyUnwrapped
        for line in 0..<2 * l.outputHeight {
          let left = Bits(repeating: Bits.Word(truncatingIfNeeded: line % 2 * 2))
          let right = Bits(repeating: Bits.Word(truncatingIfNeeded: line % 2 * 2 + 1))
          var column = 0
          while column < l.outputWidth {
            let count = min(width, l.outputWidth - column)
            let place = line / 2 * l.outputWidth + column
            var d = upstream + place
            var marked = codes + place
            if place + width > windows {
              for i in 0..<count {
                room[i] = d[i]
                bytes[i] = marked[i]
              }
              for i in count..<width {
                room[i] = 0
                bytes[i] = 4
              }
              d = UnsafePointer(room)
              marked = UnsafePointer(bytes)
            }
            let (value, code) = (load(d), loadCodes(marked))
            let (low, high) = zero.replacing(with: value, where: equal(code, left))
              .zipped(with: zero.replacing(with: value, where: equal(code, right)))
            let to = line * l.width + 2 * column
            if to + 2 * width <= pixels {
              low.store(gradient + to)
              high.store(gradient + to + width)
            } else {
              low.store(room)
              high.store(room + width)
              for i in 0..<2 * count { gradient[to + i] = room[i] }
            }
            column += width
          }
          // A last column that no window covers.
          for i in 2 * l.outputWidth..<l.width { gradient[line * l.width + i] = 0 }
        }
      }
    }
    let used = 2 * l.outputHeight * l.width
    for i in used..<pixels { gradient[i] = 0 }
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

extension FloatKernels {
  /// The largest of each 2 × 2 window or 0, and the windows' codes.
  @inline(never)
  public static func rectifiedMaxPool(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ codes: UnsafeMutablePointer<UInt8>,
    _ layout: UnsafePointer<Int>
  ) {
    FloatVector.rectifiedMaxPool(x, y, codes, PoolingLayout(layout))
  }

  /// The backward pass of `rectifiedMaxPool`.
  @inline(never)
  public static func rectifiedMaxPoolGradient(
    _ upstream: UnsafePointer<Float>, _ codes: UnsafePointer<UInt8>, _ gradient: UnsafeMutablePointer<Float>,
    _ layout: UnsafePointer<Int>
  ) {
    FloatVector.rectifiedMaxPoolGradient(upstream, codes, gradient, PoolingLayout(layout))
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
  /// The largest of each 2 × 2 window or 0, and the windows' codes.
  @inline(never)
  public static func rectifiedMaxPool(
    _ x: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>, _ codes: UnsafeMutablePointer<UInt8>,
    _ layout: UnsafePointer<Int>
  ) {
    DoubleVector.rectifiedMaxPool(x, y, codes, PoolingLayout(layout))
  }

  /// The backward pass of `rectifiedMaxPool`.
  @inline(never)
  public static func rectifiedMaxPoolGradient(
    _ upstream: UnsafePointer<Double>, _ codes: UnsafePointer<UInt8>, _ gradient: UnsafeMutablePointer<Double>,
    _ layout: UnsafePointer<Int>
  ) {
    DoubleVector.rectifiedMaxPoolGradient(upstream, codes, gradient, PoolingLayout(layout))
  }

  /// The sum of what passes through `rectifiedMaxPool` backward.
  @inline(never)
  public static func passingSum(
    _ upstream: UnsafePointer<Double>, _ codes: UnsafePointer<UInt8>, _ count: Int
  ) -> Double {
    DoubleVector.passingSum(upstream, codes, count)
  }
}
