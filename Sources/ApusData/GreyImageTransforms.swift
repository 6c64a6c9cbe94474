extension GreyImage {
  /// Black for white.
  public var inverted: GreyImage {
    GreyImage(width: width, height: height, pixels: pixels.map { 1 - $0 })
  }

  /// The rectangle of the given columns and rows; what lies outside of the image is `background`.
  public func cropped(columns: Range<Int>, rows: Range<Int>, background: Float = 0) -> GreyImage {
    var result: [Float] = []
    result.reserveCapacity(columns.count * rows.count)
    for row in rows {
      for column in columns {
        let isInside = row >= 0 && row < height && column >= 0 && column < width
        result.append(isInside ? pixels[row * width + column] : background)
      }
    }
    return GreyImage(width: columns.count, height: rows.count, pixels: result)
  }

  /// The image in another size: shrunk by the mean over the area that a new pixel covers, enlarged by linear
  /// interpolation; the two axes apart.
  ///
  /// - Precondition: the new extents are positive, and so are the old ones.
  public func resized(width newWidth: Int, height newHeight: Int) -> GreyImage {
    precondition(
      newWidth > 0 && newHeight > 0 && width > 0 && height > 0,
      "resized: from \(width)x\(height) to \(newWidth)x\(newHeight)")
    let columns = GreyImage.weights(from: width, to: newWidth)
    let rows = GreyImage.weights(from: height, to: newHeight)
    var across = [Float](repeating: 0, count: newWidth * height)
    for row in 0..<height {
      for (place, taps) in columns.enumerated() {
        var sum: Float = 0
        for (offset, weight) in taps.weights.enumerated() { sum += weight * pixels[row * width + taps.first + offset] }
        across[row * newWidth + place] = sum
      }
    }
    var result = [Float](repeating: 0, count: newWidth * newHeight)
    for (place, taps) in rows.enumerated() {
      for (offset, weight) in taps.weights.enumerated() {
        let row = taps.first + offset
        for column in 0..<newWidth { result[place * newWidth + column] += weight * across[row * newWidth + column] }
      }
    }
    return GreyImage(width: newWidth, height: newHeight, pixels: result)
  }

  /// Which old samples, from the first on, make up each new one: a triangle as wide as two samples of the coarser grid.
  private static func weights(from old: Int, to new: Int) -> [(first: Int, weights: [Float])] {
    let scale = Double(old) / Double(new)
    let reach = max(scale, 1)
    return (0..<new).map { place in
      let center = (Double(place) + 0.5) * scale - 0.5
      let first = max(0, Int((center - reach).rounded(.up)))
      let last = max(first, min(old - 1, Int((center + reach).rounded(.down))))
      let weights = (first...last).map { max(0, 1 - abs(Double($0) - center) / reach) }
      let sum = weights.reduce(0, +)
      return (first, weights.map { Float(sum > 0 ? $0 / sum : 1 / Double(weights.count)) })
    }
  }

  /// The image as MNIST prepares its digits, whatever size and paper it comes with: bright ink on black, the ink's box
  /// scaled to fit 20×20 with its proportions kept, and its centre of mass in the middle of 28×28.
  ///
  /// An image whose border is brighter than its middle grey is taken for dark ink on light paper and inverted. The
  /// paper's own grey is removed, and the strongest ink becomes 1. An image without ink becomes black.
  ///
  /// - Parameter side: rows and columns of the result; the ink's box has 5/7 of it.
  /// - Precondition: `side` is at least 7.
  public func digit(side: Int = 28) -> GreyImage {
    precondition(side >= 7, "digit: a side of \(side)")
    let blank = GreyImage(width: side, height: side, pixels: [Float](repeating: 0, count: side * side))
    guard width > 0 && height > 0, let darkest = pixels.min(), let brightest = pixels.max(),
      brightest - darkest > 1 / 255
    else { return blank }

    var border: [Float] = []
    for column in 0..<width { border += [self[column, 0], self[column, height - 1]] }
    for row in 0..<height { border += [self[0, row], self[width - 1, row]] }
    border.sort()
    let paper = border[border.count / 2]
    let isDarkInk = paper > (darkest + brightest) / 2
    let strongest = isDarkInk ? paper - darkest : brightest - paper
    guard strongest > 1 / 255 else { return blank }
    var ink = self
    for place in pixels.indices {
      let strength = (isDarkInk ? paper - pixels[place] : pixels[place] - paper) / strongest
      ink.pixels[place] = max(0, min(1, strength))
    }

    // Specks below an eighth of the strongest ink do not widen the box.
    var (left, right, top, bottom) = (width, -1, height, -1)
    for row in 0..<height {
      for column in 0..<width where ink.pixels[row * width + column] > 0.125 {
        (left, right) = (min(left, column), max(right, column))
        (top, bottom) = (min(top, row), max(bottom, row))
      }
    }
    let box = ink.cropped(columns: left..<right + 1, rows: top..<bottom + 1)
    let room = max(1, side * 5 / 7)
    let scale = Double(room) / Double(max(box.width, box.height))
    let small = box.resized(
      width: max(1, Int((Double(box.width) * scale).rounded())),
      height: max(1, Int((Double(box.height) * scale).rounded())))

    var mass: Float = 0
    var moment: (x: Float, y: Float) = (0, 0)
    for row in 0..<small.height {
      for column in 0..<small.width {
        let value = small.pixels[row * small.width + column]
        mass += value
        moment.x += value * Float(column)
        moment.y += value * Float(row)
      }
    }
    let middle = Float(side - 1) / 2
    let x = Int((moment.x / mass - middle).rounded())
    let y = Int((moment.y / mass - middle).rounded())
    return small.cropped(columns: x..<x + side, rows: y..<y + side)
  }
}
