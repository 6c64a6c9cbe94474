// Pooling for inference plans: no positions to remember, and two layouts.
//
// *Images in lanes*: a pixel is two registers, `lanes` images side by side, so a window is a handful of whole registers
// and no shape of window needs a case of its own. *One image*: 2 × 2 windows that touch, a register of windows at a time,
// which may read past the row's end.

extension MathVector {
  /// The largest (or the mean) of each window of one channel of images in lanes.
  ///
  /// Rows of `x` are `rowStride` scalars apart; those of `y` follow one another.
  @inline(__always)
  static func poolLanes(
    _ x: UnsafePointer<Scalar>, rowStride: Int, _ y: UnsafeMutablePointer<Scalar>, _ layout: PoolingLayout,
    isMaximum: Bool, countsPadding: Bool
  ) {
    if isMaximum && layout.isTwoByTwo {
      maxPairsLanes(x, rowStride, y, layout)
    } else if isMaximum {
      maxLanes(x, rowStride, y, layout)
    } else {
      meanLanes(x, rowStride, y, layout, countsPadding)
    }
  }

  // Three functions, each small enough that all of it is inlined.

  @inline(never)
  private static func maxPairsLanes(
    _ x: UnsafePointer<Scalar>, _ rowStride: Int, _ y: UnsafeMutablePointer<Scalar>, _ l: PoolingLayout
  ) {
    let pixel = 2 * width
    var to = y
    for row in 0..<l.outputHeight {
      var top = x + 2 * row * rowStride
      for _ in 0..<l.outputWidth {
        let bottom = top + rowStride
        let low = load(top).maximum(load(top + pixel))
        let high = load(top + width).maximum(load(top + width + pixel))
        low.maximum(load(bottom).maximum(load(bottom + pixel))).store(to)
        high.maximum(load(bottom + width).maximum(load(bottom + width + pixel))).store(to + width)
        top += 2 * pixel
        to += pixel
      }
    }
  }

  @inline(never)
  private static func maxLanes(
    _ x: UnsafePointer<Scalar>, _ rowStride: Int, _ y: UnsafeMutablePointer<Scalar>, _ l: PoolingLayout
  ) {
    let pixel = 2 * width
    var to = y
    for row in 0..<l.outputHeight {
      let (top, end) = PoolingLayout.clip(
        row * l.strideHeight - l.paddingHeight, l.kernelHeight, l.dilationHeight, l.height)
      for column in 0..<l.outputWidth {
        let (left, right) = PoolingLayout.clip(
          column * l.strideWidth - l.paddingWidth, l.kernelWidth, l.dilationWidth, l.width)
        var low = -infinity
        var high = low
        var r = top
        while r < end {
          var c = left
          while c < right {
            let from = x + r * rowStride + c * pixel
            low = low.maximum(load(from))
            high = high.maximum(load(from + width))
            c += l.dilationWidth
          }
          r += l.dilationHeight
        }
        low.store(to)
        high.store(to + width)
        to += pixel
      }
    }
  }

  @inline(never)
  private static func meanLanes(
    _ x: UnsafePointer<Scalar>, _ rowStride: Int, _ y: UnsafeMutablePointer<Scalar>, _ l: PoolingLayout,
    _ countsPadding: Bool
  ) {
    let pixel = 2 * width
    var to = y
    for row in 0..<l.outputHeight {
      for column in 0..<l.outputWidth {
        let window = l.window(row, column)
        var low = Self(repeating: 0)
        var high = low
        for r in window.top..<window.bottom {
          for c in window.left..<window.right {
            let from = x + r * rowStride + c * pixel
            low = low + load(from)
            high = high + load(from + width)
          }
        }
        let count = Self(repeating: Scalar(countsPadding ? window.paddedCount : window.count))
        (low / count).store(to)
        (high / count).store(to + width)
        to += pixel
      }
    }
  }

  /// The largest of each 2 × 2 window of one channel of one image, whose rows are `rowStride` scalars apart. Reads up to
  /// two registers behind the last value.
  @inline(__always)
  static func maxPoolPairs(
    _ x: UnsafePointer<Scalar>, rowStride: Int, _ y: UnsafeMutablePointer<Scalar>, rows: Int, columns: Int
  ) {
    for row in 0..<rows {
      let top = x + 2 * row * rowStride
      let bottom = top + rowStride
      let to = y + row * columns
      var column = 0
      while column < columns {
        let at = 2 * column
        let higher = load(top + at).maximum(load(bottom + at))
        let next = load(top + at + width).maximum(load(bottom + at + width))
        let (even, odd) = higher.unzipped(with: next)
        let largest = even.maximum(odd)
        if column + width <= columns {
          largest.store(to + column)
        } else {
          for lane in 0..<columns - column { to[column + lane] = largest[lane] }
        }
        column += width
      }
    }
  }
}

extension FloatKernels {
  /// Pools one channel of images in lanes, `tileColumns` images to a pixel.
  @inline(never)
  public static func poolLanes(
    _ x: UnsafePointer<Float>, rowStride: Int, _ y: UnsafeMutablePointer<Float>, _ layout: UnsafePointer<Int>,
    isMaximum: Bool, countsPadding: Bool
  ) {
    FloatVector.poolLanes(
      x, rowStride: rowStride, y, PoolingLayout(layout), isMaximum: isMaximum, countsPadding: countsPadding)
  }

  /// Pools 2 × 2 windows of one channel of one image.
  @inline(never)
  public static func maxPoolPairs(
    _ x: UnsafePointer<Float>, rowStride: Int, _ y: UnsafeMutablePointer<Float>, rows: Int, columns: Int
  ) {
    FloatVector.maxPoolPairs(x, rowStride: rowStride, y, rows: rows, columns: columns)
  }
}

extension DoubleKernels {
  /// Pools one channel of images in lanes, `tileColumns` images to a pixel.
  @inline(never)
  public static func poolLanes(
    _ x: UnsafePointer<Double>, rowStride: Int, _ y: UnsafeMutablePointer<Double>, _ layout: UnsafePointer<Int>,
    isMaximum: Bool, countsPadding: Bool
  ) {
    DoubleVector.poolLanes(
      x, rowStride: rowStride, y, PoolingLayout(layout), isMaximum: isMaximum, countsPadding: countsPadding)
  }

  /// Pools 2 × 2 windows of one channel of one image.
  @inline(never)
  public static func maxPoolPairs(
    _ x: UnsafePointer<Double>, rowStride: Int, _ y: UnsafeMutablePointer<Double>, rows: Int, columns: Int
  ) {
    DoubleVector.maxPoolPairs(x, rowStride: rowStride, y, rows: rows, columns: columns)
  }
}
