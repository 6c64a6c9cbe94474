import Testing

@testable import ApusCompute

extension PerKernelSet {
  @Suite struct PoolingTests {
    /// Geometries of every kind; the fast path, its leftovers, overlap, padding, dilation, ceiling mode.
    static let geometries: [PoolingGeometry] = [
      PoolingGeometry(planes: 3, height: 24, width: 24, kernel: (2, 2)),
      PoolingGeometry(planes: 2, height: 8, width: 66, kernel: (2, 2)),
      PoolingGeometry(planes: 2, height: 5, width: 71, kernel: (2, 2)),
      PoolingGeometry(planes: 1, height: 2, width: 2, kernel: (2, 2)),
      PoolingGeometry(planes: 4, height: 7, width: 9, kernel: (2, 2), ceilMode: true),
      PoolingGeometry(planes: 2, height: 9, width: 8, kernel: (3, 3), stride: (2, 2), padding: (1, 1)),
      PoolingGeometry(planes: 2, height: 9, width: 8, kernel: (3, 3), stride: (1, 1), padding: (1, 1)),
      PoolingGeometry(
        planes: 2, height: 10, width: 11, kernel: (3, 2), stride: (2, 3), padding: (1, 1), ceilMode: true),
      PoolingGeometry(planes: 2, height: 6, width: 6, kernel: (6, 6)),
      PoolingGeometry(planes: 1, height: 1, width: 17, kernel: (1, 4), stride: (1, 3), padding: (0, 2), ceilMode: true),
      PoolingGeometry(planes: 0, height: 4, width: 4, kernel: (2, 2)),
    ]
    static let dilated: [PoolingGeometry] = [
      PoolingGeometry(planes: 2, height: 9, width: 10, kernel: (3, 3), stride: (1, 2), dilation: (2, 3)),
      PoolingGeometry(
        planes: 2, height: 9, width: 10, kernel: (3, 3), stride: (2, 2), padding: (1, 1), dilation: (3, 2)),
    ]

    /// Calls `body` for every window with the places in the image that it covers.
    func forEachWindow(_ g: PoolingGeometry, _ body: (_ result: Int, _ plane: Int, _ places: [Int]) -> Void) {
      var result = 0
      for plane in 0..<g.planes {
        for row in 0..<g.outputHeight {
          for column in 0..<g.outputWidth {
            var places: [Int] = []
            for i in 0..<g.kernelHeight {
              for j in 0..<g.kernelWidth {
                let r = row * g.strideHeight - g.paddingHeight + i * g.dilationHeight
                let c = column * g.strideWidth - g.paddingWidth + j * g.dilationWidth
                if r >= 0 && r < g.height && c >= 0 && c < g.width { places.append(r * g.width + c) }
              }
            }
            body(result, plane, places)
            result += 1
          }
        }
      }
    }

    func checkMaximum<T: ComputeScalar>(_: T.Type, _ g: PoolingGeometry, _ set: InstructionSet) {
      var random = TestRandom(41)
      // Few different values, so that ties occur.
      let x = random.numbers(g.inputCount, in: -5..<5, as: T.self).map { $0.rounded() }
      let upstream: [T] = random.numbers(g.outputCount)
      var expected = [T](repeating: 0, count: g.outputCount)
      var expectedIndices = [Int32](repeating: 0, count: g.outputCount)
      var expectedGradient = [T](repeating: 0, count: g.inputCount)
      let image = g.height * g.width
      forEachWindow(g) { result, plane, places in
        let best = places.map { x[plane * image + $0] }.max()!
        let place = places.first { x[plane * image + $0] == best }!
        expected[result] = best
        expectedIndices[result] = Int32(place)
        expectedGradient[plane * image + place] += upstream[result]
      }
      var y = [T](repeating: -7, count: g.outputCount + 1)
      var indices = [Int32](repeating: -7, count: g.outputCount + 1)
      maxPool(x, into: &y, indices: &indices, g)
      #expect(y == expected + [-7], "\(g) \(T.self) \(set)")
      #expect(indices == expectedIndices + [-7], "\(g) \(T.self) \(set)")
      var withoutIndices = [T](repeating: -7, count: g.outputCount + 1)
      maxPool(x, into: &withoutIndices, indices: nil, g)
      #expect(withoutIndices == y, "\(g) \(T.self) \(set)")
      var gradient = [T](repeating: -7, count: g.inputCount + 1)
      maxPoolGradient(upstream: upstream, indices: indices, into: &gradient, g)
      #expect(gradient == expectedGradient + [-7], "\(g) \(T.self) \(set)")
    }

    @Test func maximum() {
      forEachKernelSet { set in
        for geometry in Self.geometries + Self.dilated {
          checkMaximum(Float.self, geometry, set)
          checkMaximum(Double.self, geometry, set)
        }
      }
    }

    @Test func notANumberIsLargest() {
      forEachKernelSet { set in
        for place in [0, 1, 40, 41] {
          var x = [Float](repeating: 1, count: 80)
          x[place] = .nan
          let g = PoolingGeometry(planes: 1, height: 2, width: 40, kernel: (2, 2))
          var y = [Float](repeating: 0, count: 20)
          var indices = [Int32](repeating: 0, count: 20)
          maxPool(x, into: &y, indices: &indices, g)
          #expect(y[0].isNaN && indices[0] == Int32(place) && y[1] == 1, "\(set)")
          maxPool(x, into: &y, indices: nil, g)
          #expect(y[0].isNaN && y[1] == 1, "\(set)")
        }
      }
    }

    func checkAverage<T: ComputeScalar>(_: T.Type, _ g: PoolingGeometry, _ countsPadding: Bool, _ set: InstructionSet) {
      var random = TestRandom(42)
      let x: [T] = random.numbers(g.inputCount)
      let upstream: [T] = random.numbers(g.outputCount)
      var expected = [T](repeating: 0, count: g.outputCount)
      var expectedGradient = [T](repeating: 0, count: g.inputCount)
      let image = g.height * g.width
      forEachWindow(g) { result, plane, places in
        // A padded window ends with the padding, which a last window in ceiling mode may pass.
        let column = result % g.outputWidth
        let row = result / g.outputWidth % g.outputHeight
        let rows = min(
          g.kernelHeight, g.height + g.paddingHeight - (row * g.strideHeight - g.paddingHeight))
        let columns = min(g.kernelWidth, g.width + g.paddingWidth - (column * g.strideWidth - g.paddingWidth))
        let divisor = T(countsPadding ? rows * columns : places.count)
        expected[result] = places.reduce(0) { $0 + x[plane * image + $1] } / divisor
        for place in places { expectedGradient[plane * image + place] += upstream[result] / divisor }
      }
      var y = [T](repeating: -7, count: g.outputCount + 1)
      averagePool(x, into: &y, g, countsPadding: countsPadding)
      expectAgreement(y, expected + [-7], units: 4, floor: 4 * T.ulpOfOne, "\(g) \(set)")
      var gradient = [T](repeating: -7, count: g.inputCount + 1)
      averagePoolGradient(upstream: upstream, into: &gradient, g, countsPadding: countsPadding)
      expectAgreement(gradient, expectedGradient + [-7], units: 4, floor: 4 * T.ulpOfOne, "\(g) \(set)")
    }

    @Test(arguments: [true, false]) func average(_ countsPadding: Bool) {
      forEachKernelSet { set in
        for geometry in Self.geometries {
          checkAverage(Float.self, geometry, countsPadding, set)
          checkAverage(Double.self, geometry, countsPadding, set)
        }
      }
    }

    @Test func extents() {
      // PyTorch's examples of floor and ceiling.
      #expect(PoolingGeometry(planes: 1, height: 7, width: 7, kernel: (2, 2)).outputHeight == 3)
      #expect(PoolingGeometry(planes: 1, height: 7, width: 7, kernel: (2, 2), ceilMode: true).outputHeight == 4)
      // The last window would start in the right padding: dropped.
      let g = PoolingGeometry(
        planes: 1, height: 4, width: 4, kernel: (2, 2), stride: (3, 3), padding: (1, 1), ceilMode: true)
      #expect(g.outputHeight == 2)
    }
  }
}
