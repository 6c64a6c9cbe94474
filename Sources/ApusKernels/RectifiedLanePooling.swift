// Max-pooling by 2 × 2 windows and ReLU for images in lanes, forward and backward: what RectifiedPooling.swift does for one
// image. A pixel is two registers, `2 · width` images side by side, so a window is four pairs of registers whatever the width of
// a row, and nothing is taken apart or reaches over an end.

extension MathVector {
  /// Values and codes of one row of `windows` windows in each of some channels.
  ///
  /// Channels of x are `channelStride` scalars apart, its rows `rowStride`, channels of y and of the codes `targetStride`.
  @inline(__always)
  static func rectifiedMaxPoolLanes(
    _ x: UnsafePointer<Scalar>, channels: Int, channelStride: Int, rowStride: Int, windows: Int,
    _ y: UnsafeMutablePointer<Scalar>, yStride: Int, _ codes: UnsafeMutablePointer<UInt8>, codeStride: Int
  ) {
    let pixel = 2 * width
    for channel in 0..<channels {
      var top = x + channel * channelStride
      var to = y + channel * yStride
      var marks = codes + channel * codeStride
      for _ in 0..<windows {
        let bottom = top + rowStride
        // A loop, for in a longer function loads of registers become calls.
        var half = 0
        while half < pixel {
          let (value, code) = rectifiedMaximum(
            load(top + half), load(top + pixel + half), load(bottom + half), load(bottom + pixel + half))
          value.store(to + half)
          storeCodes(code, marks + half)
          half += width
        }
        top += 2 * pixel
        to += pixel
        marks += pixel
      }
    }
  }

  /// The backward pass: the gradient of `height` × `width` pixels in each of some channels, of which every number is written.
  @inline(__always)
  static func rectifiedMaxPoolLanesGradient(
    _ upstream: UnsafePointer<Scalar>, _ codes: UnsafePointer<UInt8>, channels: Int, height: Int, columns: Int,
    _ gradient: UnsafeMutablePointer<Scalar>
  ) {
    let pixel = 2 * width
    let row = columns * pixel
    let zero = Self(repeating: 0)
    var d = upstream
    var marks = codes
    for channel in 0..<channels {
      let plane = gradient + channel * height * row
      for line in 0..<height / 2 {
        var top = plane + 2 * line * row
        for _ in 0..<columns / 2 {
          let bottom = top + row
          var half = 0
          while half < pixel {
            let (value, code) = (load(d + half), loadCodes(marks + half))
            zero.replacing(with: value, where: equal(code, Bits(repeating: 0))).store(top + half)
            zero.replacing(with: value, where: equal(code, Bits(repeating: 1))).store(top + half + pixel)
            zero.replacing(with: value, where: equal(code, Bits(repeating: 2))).store(bottom + half)
            zero.replacing(with: value, where: equal(code, Bits(repeating: 3))).store(bottom + half + pixel)
            half += width
          }
          d += pixel
          marks += pixel
          top += 2 * pixel
        }
        // A last column that no window covers.
        if columns % 2 == 1 {
          top.update(repeating: 0, count: pixel)
          (top + row).update(repeating: 0, count: pixel)
        }
      }
      if height % 2 == 1 { (plane + (height - 1) * row).update(repeating: 0, count: row) }
    }
  }
}

extension FloatKernels {
  /// The largest of each 2 × 2 window or 0, and the windows' codes, for a row of windows in each channel of images in lanes.
  @inline(never)
  public static func rectifiedMaxPoolLanes(
    _ x: UnsafePointer<Float>, channels: Int, channelStride: Int, rowStride: Int, windows: Int,
    _ y: UnsafeMutablePointer<Float>, yStride: Int, _ codes: UnsafeMutablePointer<UInt8>, codeStride: Int
  ) {
    FloatVector.rectifiedMaxPoolLanes(
      x, channels: channels, channelStride: channelStride, rowStride: rowStride, windows: windows, y, yStride: yStride,
      codes, codeStride: codeStride)
  }

  /// The backward pass of `rectifiedMaxPoolLanes`, for whole channels that follow one another.
  @inline(never)
  public static func rectifiedMaxPoolLanesGradient(
    _ upstream: UnsafePointer<Float>, _ codes: UnsafePointer<UInt8>, channels: Int, height: Int, columns: Int,
    _ gradient: UnsafeMutablePointer<Float>
  ) {
    FloatVector.rectifiedMaxPoolLanesGradient(
      upstream, codes, channels: channels, height: height, columns: columns, gradient)
  }
}

extension DoubleKernels {
  /// The largest of each 2 × 2 window or 0, and the windows' codes, for a row of windows in each channel of images in lanes.
  @inline(never)
  public static func rectifiedMaxPoolLanes(
    _ x: UnsafePointer<Double>, channels: Int, channelStride: Int, rowStride: Int, windows: Int,
    _ y: UnsafeMutablePointer<Double>, yStride: Int, _ codes: UnsafeMutablePointer<UInt8>, codeStride: Int
  ) {
    DoubleVector.rectifiedMaxPoolLanes(
      x, channels: channels, channelStride: channelStride, rowStride: rowStride, windows: windows, y, yStride: yStride,
      codes, codeStride: codeStride)
  }

  /// The backward pass of `rectifiedMaxPoolLanes`, for whole channels that follow one another.
  @inline(never)
  public static func rectifiedMaxPoolLanesGradient(
    _ upstream: UnsafePointer<Double>, _ codes: UnsafePointer<UInt8>, channels: Int, height: Int, columns: Int,
    _ gradient: UnsafeMutablePointer<Double>
  ) {
    DoubleVector.rectifiedMaxPoolLanesGradient(
      upstream, codes, channels: channels, height: height, columns: columns, gradient)
  }
}
