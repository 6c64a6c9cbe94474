// Pooling of one image at a time. Windows of 2 × 2 that touch without overlapping, the usual case, have loops of their
// own in which a register holds one window in each lane.

/// Where the windows lie: the numbers of the drivers' `PoolingGeometry`, in its order.
struct PoolingLayout {
  let height, width: Int
  let kernelHeight, kernelWidth, strideHeight, strideWidth: Int
  let paddingHeight, paddingWidth, dilationHeight, dilationWidth: Int
  let outputHeight, outputWidth: Int

  @inline(__always)
  init(_ numbers: UnsafePointer<Int>) {
    height = numbers[0]
    width = numbers[1]
    kernelHeight = numbers[2]
    kernelWidth = numbers[3]
    strideHeight = numbers[4]
    strideWidth = numbers[5]
    paddingHeight = numbers[6]
    paddingWidth = numbers[7]
    dilationHeight = numbers[8]
    dilationWidth = numbers[9]
    outputHeight = numbers[10]
    outputWidth = numbers[11]
  }

  /// Whether the windows are 2 × 2, next to each other, and all inside the image.
  @inline(__always)
  var isTwoByTwo: Bool {
    kernelHeight == 2 && kernelWidth == 2 && strideHeight == 2 && strideWidth == 2 && paddingHeight == 0
      && paddingWidth == 0 && dilationHeight == 1 && dilationWidth == 1 && 2 * outputHeight <= height
      && 2 * outputWidth <= width
  }

  /// The rows or columns of a window that lie in the image: `first ..< end` in steps of `dilation`.
  @inline(__always)
  static func clip(_ start: Int, _ kernel: Int, _ dilation: Int, _ extent: Int) -> (first: Int, end: Int) {
    let first = start >= 0 ? start : start + (dilation - 1 - start) / dilation * dilation
    return (first, min(start + kernel * dilation, extent))
  }
}

extension MathVector {
  /// The largest of each window and, where wanted, its position in the image. A NaN counts as largest.
  @inline(__always)
  static func maxPool(
    _ x: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>, _ indices: UnsafeMutablePointer<Int32>?,
    _ layout: PoolingLayout
  ) {
    let l = layout
    for row in 0..<l.outputHeight {
      let out = y + row * l.outputWidth
      let places = indices.map { $0 + row * l.outputWidth }
      var column = 0
      if l.isTwoByTwo {
        column = maxPoolTwoByTwo(x, 2 * row * l.width, l.width, out, places, l.outputWidth)
      }
      let (top, bottom) = PoolingLayout.clip(
        row * l.strideHeight - l.paddingHeight, l.kernelHeight, l.dilationHeight, l.height)
      while column < l.outputWidth {
        let (left, right) = PoolingLayout.clip(
          column * l.strideWidth - l.paddingWidth, l.kernelWidth, l.dilationWidth, l.width)
        var best = -Scalar.infinity
        var place = top * l.width + left
        var r = top
        while r < bottom {
          var c = left
          while c < right {
            let value = x[r * l.width + c]
            if value > best || value != value {
              best = value
              place = r * l.width + c
            }
            c += l.dilationWidth
          }
          r += l.dilationHeight
        }
        out[column] = best
        if let places { places[column] = Int32(truncatingIfNeeded: place) }
        column += 1
      }
    }
  }

  /// One row of 2 × 2 windows, as many as fill registers; returns how many.
  @inline(__always)
  static func maxPoolTwoByTwo(
    _ x: UnsafePointer<Scalar>, _ start: Int, _ imageWidth: Int, _ y: UnsafeMutablePointer<Scalar>,
    _ indices: UnsafeMutablePointer<Int32>?, _ count: Int
  ) -> Int {
    let top = x + start
    let bottom = top + imageWidth
    // Offsets within the window, and the windows' own positions, as integers in the lanes.
    let right = Self(bits: Bits(repeating: 1))
    let below = Self(bits: Bits(repeating: Bits.Word(truncatingIfNeeded: imageWidth)))
    let belowRight = Self(bits: Bits(repeating: Bits.Word(truncatingIfNeeded: imageWidth + 1)))
    let positions = evenNumbers
    var c = 0
    while c + width <= count {
      let (a, b) = load(top + 2 * c).unzipped(with: load(top + 2 * c + width))
      let (d, e) = load(bottom + 2 * c).unzipped(with: load(bottom + 2 * c + width))
      if let indices {
        var best = a
        var offset = Self(bits: Bits(repeating: 0))
        (best, offset) = best.larger(b, offset, right)
        (best, offset) = best.larger(d, offset, below)
        (best, offset) = best.larger(e, offset, belowRight)
        best.store(y + c)
        let first = Bits(repeating: Bits.Word(truncatingIfNeeded: start + 2 * c))
        storeIndices(offset.bits &+ positions &+ first, indices + c)
      } else {
        a.maximum(b).maximum(d.maximum(e)).store(y + c)
      }
      c += width
    }
    return c
  }

  /// The larger of two numbers with what belongs to it; the second where it is NaN.
  @inline(__always)
  func larger(_ other: Self, _ mark: Self, _ otherMark: Self) -> (Self, Self) {
    let isLarger = self .< other
    let isNaN = other .!= other
    return (
      replacing(with: other, where: isLarger).replacing(with: other, where: isNaN),
      mark.replacing(with: otherMark, where: isLarger).replacing(with: otherMark, where: isNaN)
    )
  }

  /// 0, 2, 4 … as integers in the lanes.
  @inline(__always)
  static var evenNumbers: Bits {
    let threshold = Self(repeating: integerThreshold)
    return (laneNumbers + laneNumbers + threshold).bits &- threshold.bits
  }

  /// The backward pass of `maxPool`.
  @inline(__always)
  static func maxPoolGradient(
    _ upstream: UnsafePointer<Scalar>, _ indices: UnsafePointer<Int32>, _ gradient: UnsafeMutablePointer<Scalar>,
    _ layout: PoolingLayout
  ) {
    let l = layout
    guard l.isTwoByTwo else {
      gradient.update(repeating: 0, count: l.height * l.width)
      for i in 0..<l.outputHeight * l.outputWidth {
        gradient[Int(indices[i])] += upstream[i]
      }
      return
    }
    // Every element of the gradient lies in one window at most: each row is written once, from registers.
    for row in 0..<l.outputHeight {
      let start = 2 * row * l.width
      let top = gradient + start
      let bottom = top + l.width
      let d = upstream + row * l.outputWidth
      let places = indices + row * l.outputWidth
      let column = spreadTwoByTwo(d, places, start, l.width, top, bottom, l.outputWidth)
      let rest = l.width - 2 * column
      (top + 2 * column).update(repeating: 0, count: rest)
      (bottom + 2 * column).update(repeating: 0, count: rest)
      for c in column..<l.outputWidth { gradient[Int(places[c])] = d[c] }
    }
    let used = 2 * l.outputHeight * l.width
    (gradient + used).update(repeating: 0, count: l.height * l.width - used)
  }

  /// Writes both rows of the gradient for as many windows as fill registers; returns how many.
  @inline(__always)
  static func spreadTwoByTwo(
    _ upstream: UnsafePointer<Scalar>, _ indices: UnsafePointer<Int32>, _ start: Int, _ imageWidth: Int,
    _ top: UnsafeMutablePointer<Scalar>, _ bottom: UnsafeMutablePointer<Scalar>, _ count: Int
  ) -> Int {
    let zero = Self(repeating: 0)
    let positions = evenNumbers
    let below = Bits.Word(truncatingIfNeeded: imageWidth)
    var c = 0
    while c + width <= count {
      let d = load(upstream + c)
      let first = Bits(repeating: Bits.Word(truncatingIfNeeded: start + 2 * c))
      let offset = loadIndices(indices + c) &- positions &- first
      let (topLow, topHigh) = zero.replacing(with: d, where: equal(offset, Bits(repeating: 0)))
        .zipped(with: zero.replacing(with: d, where: equal(offset, Bits(repeating: 1))))
      let (bottomLow, bottomHigh) = zero.replacing(with: d, where: equal(offset, Bits(repeating: below)))
        .zipped(with: zero.replacing(with: d, where: equal(offset, Bits(repeating: below &+ 1))))
      topLow.store(top + 2 * c)
      topHigh.store(top + 2 * c + width)
      bottomLow.store(bottom + 2 * c)
      bottomHigh.store(bottom + 2 * c + width)
      c += width
    }
    return c
  }

  /// The mean of each window.
  @inline(__always)
  static func averagePool(
    _ x: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>, _ layout: PoolingLayout, _ countsPadding: Bool
  ) {
    let l = layout
    for row in 0..<l.outputHeight {
      let out = y + row * l.outputWidth
      var column = 0
      if l.isTwoByTwo {
        let top = x + 2 * row * l.width
        let bottom = top + l.width
        while column + width <= l.outputWidth {
          let (a, b) = load(top + 2 * column).unzipped(with: load(top + 2 * column + width))
          let (d, e) = load(bottom + 2 * column).unzipped(with: load(bottom + 2 * column + width))
          ((a + b + d + e) * Self(repeating: 0.25)).store(out + column)
          column += width
        }
      }
      while column < l.outputWidth {
        let window = l.window(row, column)
        var total: Scalar = 0
        for r in window.top..<window.bottom {
          for c in window.left..<window.right { total += x[r * l.width + c] }
        }
        out[column] = total / Scalar(countsPadding ? window.paddedCount : window.count)
        column += 1
      }
    }
  }

  /// The backward pass of `averagePool`.
  @inline(__always)
  static func averagePoolGradient(
    _ upstream: UnsafePointer<Scalar>, _ gradient: UnsafeMutablePointer<Scalar>, _ layout: PoolingLayout,
    _ countsPadding: Bool
  ) {
    let l = layout
    gradient.update(repeating: 0, count: l.height * l.width)
    for row in 0..<l.outputHeight {
      let d = upstream + row * l.outputWidth
      var column = 0
      if l.isTwoByTwo {
        let top = gradient + 2 * row * l.width
        let bottom = top + l.width
        while column + width <= l.outputWidth {
          let share = load(d + column) * Self(repeating: 0.25)
          let (low, high) = share.zipped(with: share)
          low.store(top + 2 * column)
          high.store(top + 2 * column + width)
          low.store(bottom + 2 * column)
          high.store(bottom + 2 * column + width)
          column += width
        }
      }
      while column < l.outputWidth {
        let window = l.window(row, column)
        let share = d[column] / Scalar(countsPadding ? window.paddedCount : window.count)
        for r in window.top..<window.bottom {
          for c in window.left..<window.right { gradient[r * l.width + c] += share }
        }
        column += 1
      }
    }
  }
}

extension PoolingLayout {
  /// An undilated window cut to the image, and how many elements it has with padding.
  ///
  /// The padded window ends at the far edge of the padding, which a last window in ceiling mode may pass: PyTorch's rule.
  @inline(__always)
  func window(_ row: Int, _ column: Int) -> (
    top: Int, bottom: Int, left: Int, right: Int, count: Int, paddedCount: Int
  ) {
    let firstRow = row * strideHeight - paddingHeight
    let firstColumn = column * strideWidth - paddingWidth
    let lastRow = min(firstRow + kernelHeight, height + paddingHeight)
    let lastColumn = min(firstColumn + kernelWidth, width + paddingWidth)
    let top = max(firstRow, 0)
    let left = max(firstColumn, 0)
    let bottom = max(min(lastRow, height), top)
    let right = max(min(lastColumn, width), left)
    return (
      top, bottom, left, right, (bottom - top) * (right - left), (lastRow - firstRow) * (lastColumn - firstColumn)
    )
  }
}
