import Testing

@testable import ApusCompute

/// [outer, count, inner] around the limits of registers, blocks and units of work.
let reductionShapes: [(outer: Int, count: Int, inner: Int)] = [
  (1, 1, 1), (3, 2, 1), (7, 10, 1), (5, 15, 1), (5, 16, 1), (5, 17, 1), (3, 64, 1), (3, 65, 1), (2, 1009, 1),
  (1, 16384, 1), (1, 16385, 1), (2, 40009, 1), (1, 300, 2), (1, 64, 10), (3, 65, 10), (1, 7, 10), (2, 3, 31),
  (2, 5, 32), (2, 130, 33), (1, 129, 64), (1, 1000, 128), (3, 7, 257), (1, 4, 3000), (2, 1, 5), (1, 20011, 3),
  (40, 9, 50), (0, 3, 2), (3, 4, 0),
]

extension PerKernelSet {
  @Suite struct ReductionTests {
    func check<T: ComputeScalar>(_: T.Type, _ set: InstructionSet) {
      var random = TestRandom(21)
      for (outer, count, inner) in reductionShapes {
        let x: [T] = random.numbers(outer * count * inner, in: -1..<1.5)
        for function in ReductionFunction.allCases {
          // Products of many numbers vanish: theirs stay near 1.
          let x = function == .product ? x.map { 1 + $0 / T(16 * count) } : x
          var y = [T](repeating: -7, count: outer * inner + 1)
          reduce(function, x, into: &y, outer: outer, count: count, inner: inner)
          var expected: [T] = []
          x.withUnsafeBufferPointer { x in
            ScalarTwin.forEachColumn(outer, count, inner) { at in
              expected.append(ScalarTwin.reduce(function, x.baseAddress! + at, count, inner))
            }
          }
          let terms = T(function == .product ? 4 + count : 4 + count / 64)
          expectAgreement(
            y, expected + [-7], units: 4, floor: T.ulpOfOne * terms,
            "\(function) of [\(outer), \(count), \(inner)] \(set)")
        }
      }
    }

    @Test func foldsOfEveryLayout() {
      forEachKernelSet { set in
        check(Float.self, set)
        check(Double.self, set)
      }
    }

    @Test func nothingToReduce() {
      var y = [Double](repeating: -7, count: 2)
      let expected: [ReductionFunction: Double] = [
        .sum: 0, .product: 1, .maximum: -.infinity, .minimum: .infinity, .sumOfSquares: 0, .sumOfMagnitudes: 0,
        .maximumMagnitude: 0,
      ]
      for (function, value) in expected {
        reduce(function, [0], into: &y, outer: 2, count: 0, inner: 1)
        #expect(y == [value, value], "\(function)")
      }
      reduce(.mean, [0], into: &y, outer: 2, count: 0, inner: 1)
      #expect(y[0].isNaN && y[1].isNaN)
      #expect(sum([Float](), count: 0) == 0)
    }

    @Test func notANumberWins() {
      forEachKernelSet { set in
        for (count, inner) in [(5, 1), (100, 1), (40000, 1), (5, 3), (100, 70)] {
          for place in [0, count / 2, count - 1] {
            var x = [Float](repeating: 1, count: count * inner)
            x[place * inner] = .nan
            for function in ReductionFunction.allCases {
              var y = [Float](repeating: -7, count: inner)
              reduce(function, x, into: &y, outer: 1, count: count, inner: inner)
              #expect(y[0].isNaN && y.dropFirst().allSatisfy { !$0.isNaN }, "\(function) \(count)×\(inner) \(set)")
            }
            for extreme in [Extreme.maximum, .minimum] {
              var positions = [Int](repeating: -7, count: inner)
              argument(of: extreme, x, into: &positions, outer: 1, count: count, inner: inner)
              let expected = [place] + [Int](repeating: 0, count: inner - 1)
              #expect(positions == expected, "\(extreme) \(set)")
            }
          }
        }
      }
    }

    @Test func positionsOfExtremes() {
      var random = TestRandom(22)
      forEachKernelSet { set in
        for (outer, count, inner) in reductionShapes {
          // Few different values, so that ties occur.
          let x = random.numbers(outer * count * inner, in: 0..<50, as: Float.self).map { $0.rounded() }
          for extreme in [Extreme.maximum, .minimum] {
            var positions = [Int](repeating: -7, count: outer * inner)
            argument(of: extreme, x, into: &positions, outer: outer, count: count, inner: inner)
            var expected: [Int] = []
            ScalarTwin.forEachColumn(outer, count, inner) { at in
              let column = (0..<count).map { x[at + $0 * inner] }
              let best = extreme == .maximum ? column.max()! : column.min()!
              expected.append(column.firstIndex(of: best)!)
            }
            #expect(positions == expected, "\(extreme) of [\(outer), \(count), \(inner)] \(set)")
          }
        }
      }
    }

    /// A million times 0.1 in `Float`: naive addition is off by 1 %.
    @Test func longSumsKeepTheirDigits() {
      let x = [Float](repeating: 0.1, count: 1_000_000)
      forEachKernelSet { set in
        #expect(abs(Double(sum(x, count: x.count)) - 1e6 * Double(Float(0.1))) < 0.1, "\(set)")
        var columns = [Float](repeating: 0, count: 4)
        reduce(.sum, x, into: &columns, outer: 1, count: 250_000, inner: 4)
        for total in columns { #expect(abs(Double(total) - 25e4 * Double(Float(0.1))) < 0.025, "\(set)") }
      }
    }

    @Test func sameBitsAtAnyThreadCount() {
      var random = TestRandom(23)
      let x: [Float] = random.numbers(600_000)
      for (outer, count, inner) in [(1, 600_000, 1), (6, 100_000, 1), (1, 60_000, 10), (1, 200, 3000), (20, 300, 100)] {
        expectSameBits("sum of [\(outer), \(count), \(inner)]") {
          var y = [Float](repeating: 0, count: outer * inner)
          reduce(.sum, x, into: &y, outer: outer, count: count, inner: inner)
          return y
        }
      }
    }
  }
}
