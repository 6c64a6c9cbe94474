import Testing

@testable import ApusCompute

extension PerKernelSet {
  @Suite struct PoolingTests {
    /// Windows of 2×2 against the general loop, which a dilation of 2 on a stretched image takes.
    @Test func windowsOfTwoByTwo() {
      forEachKernelSet { _ in
        for (height, width) in [
          (2, 2), (4, 6), (5, 7), (24, 24), (11, 11), (26, 26), (3, 67), (2, 32), (2, 33), (2, 64),
        ] {
          for planes in [1, 3] {
            check(Float.self, planes, height, width)
            check(Double.self, planes, height, width)
          }
        }
      }
    }

    private func check<T: ComputeScalar>(_: T.Type, _ planes: Int, _ height: Int, _ width: Int) {
      var x: [T] = testNumbers(planes * height * width, seed: height + width)
      // Ties, infinities and NaN in the places that decide.
      if x.count > 12 {
        x[1] = x[0]
        x[3] = .nan
        x[6] = .infinity
        x[x.count - 1] = -.infinity
      }
      let g = PoolingGeometry(planes: planes, height: height, width: width, kernel: (2, 2))
      var expected: [T] = []
      var places: [Int32] = []
      for plane in 0..<planes {
        for row in 0..<height / 2 {
          for column in 0..<width / 2 {
            var place = 2 * row * width + 2 * column
            for there in [place + 1, place + width, place + width + 1] {
              let (value, best) = (x[plane * height * width + there], x[plane * height * width + place])
              if value > best || (value.isNaN && !best.isNaN) { place = there }
            }
            places.append(Int32(place))
            expected.append(x[plane * height * width + place])
          }
        }
      }
      var y = [T](repeating: 0, count: g.outputCount)
      var indices = [Int32](repeating: -1, count: g.outputCount)
      maxPool(x, into: &y, indices: &indices, g)
      #expect(worstDifference(y, expected) == 0, "\(T.self) \(planes)x\(height)x\(width)")
      #expect(indices == places, "\(T.self) \(planes)x\(height)x\(width)")
      var without = [T](repeating: 0, count: g.outputCount)
      maxPool(x, into: &without, indices: nil, g)
      #expect(worstDifference(without, expected) == 0)

      let upstream: [T] = testNumbers(g.outputCount, seed: 9)
      var gradient = [T](repeating: .nan, count: x.count)
      maxPoolGradient(upstream: upstream, indices: indices, into: &gradient, g)
      var scattered = [T](repeating: 0, count: x.count)
      for (at, place) in places.enumerated() {
        scattered[at / (g.outputCount / planes) * height * width + Int(place)] += upstream[at]
      }
      #expect(gradient == scattered)
    }

    @Test func overlappingPaddedAndDilatedWindows() {
      let x: [Double] = testNumbers(2 * 7 * 6, seed: 3)
      for (kernel, stride, padding, dilation) in [
        ((3, 3), (2, 2), (1, 1), (1, 1)), ((2, 3), (1, 1), (1, 0), (2, 1)), ((3, 2), (3, 1), (0, 1), (1, 3)),
      ] {
        let g = PoolingGeometry(
          planes: 2, height: 7, width: 6, kernel: kernel, stride: stride, padding: padding, dilation: dilation)
        var y = [Double](repeating: 0, count: g.outputCount)
        var indices = [Int32](repeating: 0, count: g.outputCount)
        maxPool(x, into: &y, indices: &indices, g)
        var at = 0
        for plane in 0..<2 {
          for row in 0..<g.outputHeight {
            for column in 0..<g.outputWidth {
              var best = -Double.infinity
              for i in 0..<kernel.0 {
                for j in 0..<kernel.1 {
                  let r = row * stride.0 - padding.0 + i * dilation.0
                  let c = column * stride.1 - padding.1 + j * dilation.1
                  if r >= 0 && r < 7 && c >= 0 && c < 6 { best = max(best, x[plane * 42 + r * 6 + c]) }
                }
              }
              #expect(y[at] == best && x[plane * 42 + Int(indices[at])] == best)
              at += 1
            }
          }
        }
      }
    }

    /// The gradient of a mean is the mean's weights: checked by the dot product of both directions.
    @Test func averageAndItsGradientAreTransposes() {
      forEachKernelSet { _ in
        for (padding, counts) in [((0, 0), true), ((1, 1), true), ((1, 1), false)] {
          let g = PoolingGeometry(planes: 3, height: 9, width: 8, kernel: (3, 2), stride: (2, 2), padding: padding)
          let x: [Double] = testNumbers(g.inputCount, seed: 1)
          let u: [Double] = testNumbers(g.outputCount, seed: 2)
          var y = [Double](repeating: .nan, count: g.outputCount)
          var dx = [Double](repeating: .nan, count: g.inputCount)
          averagePool(x, into: &y, g, countsPadding: counts)
          averagePoolGradient(upstream: u, into: &dx, g, countsPadding: counts)
          let forward = zip(y, u).reduce(0) { $0 + $1.0 * $1.1 }
          let backward = zip(x, dx).reduce(0) { $0 + $1.0 * $1.1 }
          #expect(abs(forward - backward) < 1e-12)
        }
      }
    }

    @Test func theForcedSetIsTheOneThatRuns() {
      forEachKernelSet { set in
        #expect(kernels(Float.self).builtFor.description == set.rawValue)
        #expect(kernels(Double.self).builtFor.description == set.rawValue)
        // On the team's threads too.
        let before = Threads.count
        Threads.count = 4
        defer { Threads.count = before }
        var names = [String](repeating: "", count: 64)
        names.withUnsafeMutableBufferPointer { names in
          nonisolated(unsafe) let names = names
          parallelFor(64) { names[$0] = kernels(Float.self).builtFor.description }
        }
        #expect(names.allSatisfy { $0 == set.rawValue })
      }
    }
  }
}
