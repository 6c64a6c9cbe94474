import Testing

@testable import ApusCompute

@Suite struct ImageWarpTests {
  /// The map in Double, a pixel at a time: what `warpImage` does by rows.
  private func naive(
    _ source: [Float], _ channels: Int, _ height: Int, _ width: Int, _ warp: ImageWarp, _ grid: DisplacementGrid?,
    _ points: [Float]
  ) -> [Float] {
    func weight(_ distance: Double) -> Double {
      let t = abs(distance)
      return t < 1 ? (4 - 6 * t * t + 3 * t * t * t) / 6 : t < 2 ? (2 - t) * (2 - t) * (2 - t) / 6 : 0
    }
    func displacement(_ x: Int, _ y: Int, _ part: Int) -> Double {
      guard let grid else { return 0 }
      var sum = 0.0
      for row in 0..<grid.rows {
        for column in 0..<grid.columns {
          // Control point 1 lies on pixel 0.
          let (u, v) = (Double(x) / Double(grid.spacing) + 1, Double(y) / Double(grid.spacing) + 1)
          sum +=
            weight(u - Double(column)) * weight(v - Double(row))
            * Double(points[part * grid.count + row * grid.columns + column])
        }
      }
      return sum
    }
    let (cx, cy) = (Double(width - 1) / 2, Double(height - 1) / 2)
    func pixel(_ channel: Int, _ x: Int, _ y: Int) -> Double {
      Double(source[(channel * height + max(0, min(height - 1, y))) * width + max(0, min(width - 1, x))])
    }
    var result: [Float] = []
    for channel in 0..<channels {
      for y in 0..<height {
        for x in 0..<width {
          let (dx, dy) = (Double(x) - cx, Double(y) - cy)
          let sx =
            cx + Double(warp.matrix.xx) * dx + Double(warp.matrix.xy) * dy + Double(warp.offset.x)
            + displacement(x, y, 0)
          let sy =
            cy + Double(warp.matrix.yx) * dx + Double(warp.matrix.yy) * dy + Double(warp.offset.y)
            + displacement(x, y, 1)
          let (px, py) = (max(0, min(Double(width - 1), sx)), max(0, min(Double(height - 1), sy)))
          let (left, top) = (Int(px), Int(py))
          let (fx, fy) = (px - Double(left), py - Double(top))
          let upper = pixel(channel, left, top) * (1 - fx) + pixel(channel, left + 1, top) * fx
          let lower = pixel(channel, left, top + 1) * (1 - fx) + pixel(channel, left + 1, top + 1) * fx
          result.append(Float(upper * (1 - fy) + lower * fy))
        }
      }
    }
    return result
  }

  private func warped(
    _ source: [Float], _ channels: Int, _ height: Int, _ width: Int, _ warp: ImageWarp, _ grid: DisplacementGrid?,
    _ points: [Float]
  ) -> [Float] {
    var target = [Float](repeating: .nan, count: source.count)
    warpImage(
      source, into: &target, channels: channels, height: height, width: width, warp: warp, grid: grid, points: points)
    return target
  }

  @Test(arguments: [(1, 28, 28), (3, 5, 9), (2, 1, 7), (1, 6, 1), (1, 1, 1)])
  func isWhatTheMapSays(_ channels: Int, _ height: Int, _ width: Int) {
    var random = TestRandom(7)
    for spacing: Float in [1, 2.5, 7, 100] {
      let source: [Float] = random.numbers(channels * height * width)
      let numbers: [Float] = random.numbers(6, in: -1.5..<1.5)
      var warp = ImageWarp()
      warp.matrix = (numbers[0], numbers[1], numbers[2], numbers[3])
      warp.offset = (numbers[4], numbers[5])
      let grid = DisplacementGrid(height: height, width: width, spacing: spacing)
      let points: [Float] = random.numbers(2 * grid.count)
      for grid in [grid, nil] {
        let result = warped(source, channels, height, width, warp, grid, points)
        let expected = naive(source, channels, height, width, warp, grid, points)
        #expect(worstDifference(result, expected) < 2e-5, "\(channels)x\(height)x\(width), spacing \(spacing)")
      }
    }
  }

  @Test func theIdentityIsExact() {
    var random = TestRandom(8)
    let source: [Float] = random.numbers(2 * 11 * 13)
    #expect(warped(source, 2, 11, 13, ImageWarp(), nil, []) == source)
    let grid = DisplacementGrid(height: 11, width: 13, spacing: 4)
    #expect(warped(source, 2, 11, 13, ImageWarp(), grid, Array(repeating: 0, count: 2 * grid.count)) == source)
  }
}

@Suite struct AdaptiveMaximumTests {
  private func check<T: ComputeScalar>(_: T.Type) {
    var random = TestRandom(9)
    for (height, width, rows, columns) in [(7, 5, 3, 2), (6, 40, 4, 3), (9, 50, 1, 1), (3, 3, 5, 4), (1, 1, 1, 1)] {
      let planes = 5
      let x: [T] = random.numbers(planes * height * width)
      let upstream: [T] = random.numbers(planes * rows * columns)
      expectSameBits("adaptiveMaximum") {
        var (y, gradient) = (upstream, x)
        var places = [Int32](repeating: -1, count: upstream.count)
        adaptiveMaximum(
          x, into: &y, places: &places, planes: planes, height: height, width: width, rows: rows, columns: columns)
        adaptiveMaximumGradient(
          upstream: upstream, places: places, into: &gradient, planes: planes, size: height * width,
          windows: rows * columns)
        var expected: [T] = []
        var expectedGradient = [T](repeating: 0, count: x.count)
        for plane in 0..<planes {
          for row in 0..<rows {
            for column in 0..<columns {
              let ys = row * height / rows..<((row + 1) * height + rows - 1) / rows
              let xs = column * width / columns..<((column + 1) * width + columns - 1) / columns
              let window = ys.flatMap { y in xs.map { plane * height * width + y * width + $0 } }
              let best = window.max { x[$0] < x[$1] }!
              expectedGradient[best] += upstream[expected.count]
              expected.append(x[best])
            }
          }
        }
        #expect(y == expected && gradient == expectedGradient)
        return y + gradient
      }
    }
  }

  @Test func isTheLargestOfEveryWindow() {
    check(Float.self)
    check(Double.self)
  }

  @Test func ofEqualsTheFirstAndNaNAboveAll() {
    var y: [Float] = [0, 0]
    var places: [Int32] = [0, 0]
    adaptiveMaximum(
      [2, 3, 3, 1, 5, .nan, 7, .nan], into: &y, places: &places, planes: 2, height: 2, width: 2, rows: 1, columns: 1)
    #expect(y[0] == 3 && y[1].isNaN && places == [1, 1])
  }
}
