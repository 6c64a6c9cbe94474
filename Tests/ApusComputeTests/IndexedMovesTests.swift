import Testing

@testable import ApusCompute

@Suite struct IndexedMovesTests {
  private let x: [Double] = (0..<2 * 5 * 3).map { Double($0 * $0 % 17) }

  @Test(arguments: [[], [4], [0, 4, 4, 2], [1, 1, 1]])
  func slicesAndTheirSums(_ indices: [Int]) {
    var y = [Double](repeating: .nan, count: 2 * indices.count * 3)
    selectSlices(x, indices: indices, into: &y, outer: 2, count: 5, inner: 3)
    var sums = [Double](repeating: 1, count: x.count)
    accumulateSlices(y, indices: indices, into: &sums, outer: 2, count: 5, inner: 3)
    var expectedSums = [Double](repeating: 1, count: x.count)
    for o in 0..<2 {
      for (k, index) in indices.enumerated() {
        for i in 0..<3 {
          #expect(y[(o * indices.count + k) * 3 + i] == x[(o * 5 + index) * 3 + i])
          expectedSums[(o * 5 + index) * 3 + i] += x[(o * 5 + index) * 3 + i]
        }
      }
    }
    #expect(sums == expectedSums)
  }

  @Test(arguments: [0, 1, 2])
  func gatheredNumbersAndTheirSums(_ axis: Int) {
    let extents = [2, 5, 3]
    let strides = [15, 3, 1]
    var shape = [2, 4, 2]
    shape[axis] = 6
    let indices = (0..<shape.reduce(1, *)).map { $0 * 7 % extents[axis] }
    var y = [Double](repeating: .nan, count: indices.count)
    gather(x, strides: strides, axis: axis, indices: indices, into: &y, shape: shape)
    var sums = [Double](repeating: 0, count: x.count)
    scatterAdd(y, strides: strides, axis: axis, indices: indices, into: &sums, shape: shape)
    var expectedSums = [Double](repeating: 0, count: x.count)
    var position = 0
    for i in 0..<shape[0] {
      for j in 0..<shape[1] {
        for k in 0..<shape[2] {
          var place = [i, j, k]
          place[axis] = indices[position]
          let source = place[0] * 15 + place[1] * 3 + place[2]
          #expect(y[position] == x[source])
          expectedSums[source] += x[source]
          position += 1
        }
      }
    }
    #expect(sums == expectedSums)
  }

  @Test func runningSums() {
    for (outer, count, inner) in [(2, 5, 3), (1, 30, 1), (30, 1, 1), (1, 1, 30), (0, 3, 2), (3, 0, 2)] {
      for reversed in [false, true] {
        var y = Array(x[..<(outer * count * inner)])
        let source = y
        cumulativeSum(y, into: &y, outer: outer, count: count, inner: inner, reversed: reversed)
        for o in 0..<outer {
          for k in 0..<count {
            for i in 0..<inner {
              let range = reversed ? k..<count : 0..<k + 1
              let expected = range.reduce(0.0) { $0 + source[(o * count + $1) * inner + i] }
              #expect(y[(o * count + k) * inner + i] == expected)
            }
          }
        }
      }
    }
  }
}
