import Testing

@testable import ApusCompute

extension PerKernelSet {
  @Suite struct StridedCopyTests {
    /// Row-major strides of `shape`, brought into the order `axes`: the view that a permutation makes.
    func permuted(_ shape: [Int], _ axes: [Int]) -> (shape: [Int], strides: [Int]) {
      var strides = shape
      var step = 1
      for d in shape.indices.reversed() {
        strides[d] = step
        step *= shape[d]
      }
      return (axes.map { shape[$0] }, axes.map { strides[$0] })
    }

    @Test(arguments: [
      ([7], [0]), ([5, 9], [1, 0]), ([64, 64], [1, 0]), ([131, 257], [1, 0]), ([3, 17, 33], [0, 2, 1]),
      ([3, 17, 33], [2, 1, 0]), ([3, 17, 33], [1, 0, 2]), ([3, 17, 33], [1, 2, 0]), ([2, 3, 4, 5], [3, 1, 2, 0]),
      ([2, 3, 4, 5], [0, 2, 3, 1]), ([8, 5, 6, 7], [0, 3, 1, 2]), ([1, 1, 5], [2, 0, 1]), ([], []), ([0, 4], [1, 0]),
      ([300, 70], [1, 0]),
    ])
    func permutations(_ source: [Int], _ axes: [Int]) {
      let (shape, strides) = permuted(source, axes)
      let count = source.reduce(1, *)
      let x = (0..<max(count, 1)).map(Double.init)
      var expected: [Double] = []
      ScalarTwin.forEachIndex(shape) { index in expected.append(x[ScalarTwin.offset(index, strides)]) }
      forEachKernelSet { set in
        var y = [Double](repeating: -7, count: count + 1)
        copyStrided(x, strides: strides, into: &y, shape: shape)
        #expect(y == expected + [-7], "\(set)")
        var single = [Float](repeating: -7, count: count + 1)
        copyStrided(x.map { Float($0) }, strides: strides, into: &single, shape: shape)
        #expect(single == expected.map { Float($0) } + [-7], "\(set)")
        // And back: writing through the strides.
        var back = [Double](repeating: -7, count: count + 1)
        let (_, rowMajor) = permuted(shape, Array(shape.indices))
        copyStrided(expected + [0], strides: rowMajor, into: &back, strides: strides, shape: shape)
        #expect(back == (count == 0 ? [] : x) + [-7], "\(set)")
      }
    }

    @Test func repeatsAndReversals() {
      let x: [Float] = (0..<12).map(Float.init)
      var y = [Float](repeating: 0, count: 12)
      copyStrided(x, strides: [0, 1], into: &y, shape: [4, 3])
      #expect(y == [0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2])
      copyStrided(x, strides: [1, 0], into: &y, shape: [4, 3])
      #expect(y == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3])
      x.withUnsafeBufferPointer { copyStrided($0.baseAddress! + 11, strides: [-1], into: &y, shape: [12]) }
      #expect(y == x.reversed())
      copyStrided(x, strides: [2], into: &y, strides: [3], shape: [4])
      #expect([y[0], y[3], y[6], y[9]] == [0, 2, 4, 6])
    }

    @Test func accumulation() {
      let x: [Float] = (0..<77).map(Float.init)
      forEachKernelSet { set in
        var y = [Float](repeating: 1, count: 77)
        accumulateStrided(x, strides: [1, 7], into: &y, strides: [11, 1], shape: [7, 11])
        for i in 0..<7 {
          for j in 0..<11 { #expect(y[11 * i + j] == 1 + x[i + 7 * j], "\(set)") }
        }
        accumulateStrided(x, strides: [1], into: &y, strides: [1], shape: [77])
        #expect(y[76] == 1 + x[76] + x[76], "\(set)")
      }
    }
  }
}
