import Testing

@testable import ApusCompute

extension PerKernelSet {
  @Suite struct ArithmeticTests {
    func check<T: ComputeScalar>(_: T.Type, _ set: InstructionSet) {
      var random = TestRandom(11)
      for function in BinaryFunction.allCases {
        // Powers need bases that have them, and a little room for rounding.
        let units: T = function == .power ? 2 : 0
        for count in awkwardCounts where count < 20_000 {
          let a: [T] = random.numbers(count, in: function == .power ? 0.1..<3 : -2..<2)
          // Some equal operands, for the comparisons.
          let b = a.map { Bool.random(using: &random) ? $0 : T(Double.random(in: -2..<2, using: &random)) }
          var y = [T](repeating: -7, count: count + 1)
          combine(function, a, b, into: &y, count: count)
          let expected = zip(a, b).map { ScalarTwin.value(function, $0, $1) }
          expectAgreement(y, expected + [-7], units: units, "\(function) \(count) \(set)")
          combine(function, a, scalar: 0.75, into: &y, count: count)
          expectAgreement(
            y, a.map { ScalarTwin.value(function, $0, 0.75) } + [-7], units: units, "\(function) scalar \(count) \(set)"
          )
          combine(function, scalar: 1.25, b, into: &y, count: count)
          expectAgreement(
            y, b.map { ScalarTwin.value(function, 1.25, $0) } + [-7], units: units, "scalar \(function) \(count) \(set)"
          )
          // In place, over the right operand.
          var inPlace = b
          inPlace.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            combine(function, a, UnsafePointer(base), into: base, count: count)
          }
          expectAgreement(inPlace, expected, units: units, "in place \(function) \(count) \(set)")
        }
        let special = specialNumbers(T.self)
        for b in special {
          var y = special
          combine(function, special, [T](repeating: b, count: special.count), into: &y, count: special.count)
          // An exponent of hundreds multiplies the logarithm's error, which stays small in Float alone.
          expectAgreement(
            y, special.map { ScalarTwin.value(function, $0, b) }, units: T.self == Double.self ? 10 * units : units,
            floor: T.leastNormalMagnitude,
            "\(function) of special numbers and \(b) \(set)")
        }
      }
    }

    @Test func functionsOfTwoVariables() {
      forEachKernelSet { set in
        check(Float.self, set)
        check(Double.self, set)
      }
    }

    /// Shapes with, for each operand, which dimensions it repeats along.
    @Test(arguments: [
      ([], [], []), ([7], [], []), ([7], [0], []), ([5, 9], [], [0]), ([5, 9], [0], []), ([5, 9], [], [1]),
      ([5, 9], [1], [0]), ([3, 4, 5], [], [0, 2]), ([3, 4, 5], [1], [0, 2]), ([300, 10], [], [0]),
      ([300, 10], [0], []),
      ([2, 1, 6, 5], [2], [0]), ([40, 300, 7], [], [0, 2]), ([64, 1000], [], [0]), ([0, 5], [], [0]),
      ([5, 0], [], [0]),
      ([2, 3, 2, 3, 2, 3], [1, 3], [0, 2, 4]), ([70000], [], [0]), ([3, 20000], [0], [1]),
    ])
    func broadcasting(_ shape: [Int], _ repeatedA: [Int], _ repeatedB: [Int]) {
      var random = TestRandom(12)
      func strides(_ repeated: [Int]) -> (strides: [Int], count: Int) {
        var strides = [Int](repeating: 0, count: shape.count)
        var step = 1
        for d in shape.indices.reversed() where !repeated.contains(d) {
          strides[d] = step
          step *= shape[d]
        }
        return (strides, step)
      }
      let (aStrides, aCount) = strides(repeatedA)
      let (bStrides, bCount) = strides(repeatedB)
      let a: [Float] = random.numbers(max(aCount, 1))
      let b: [Float] = random.numbers(max(bCount, 1))
      let count = shape.reduce(1, *)
      var expected: [Float] = []
      ScalarTwin.forEachIndex(shape) { index in
        expected.append(a[ScalarTwin.offset(index, aStrides)] - b[ScalarTwin.offset(index, bStrides)])
      }
      forEachKernelSet { set in
        var y = [Float](repeating: -7, count: count + 1)
        combine(.subtract, a, strides: aStrides, b, strides: bStrides, into: &y, shape: shape)
        #expect(y == expected + [-7], "\(set)")
      }
    }

    @Test func operandsWithOddSteps() {
      let a: [Double] = (0..<60).map(Double.init)
      let b: [Double] = (0..<60).map { Double($0) * 100 }
      var y = [Double](repeating: 0, count: 12)
      // a transposed, b backwards.
      combine(.add, a, strides: [1, 3], Array(b), strides: [4, 1], into: &y, shape: [3, 4])
      var expected: [Double] = []
      for i in 0..<3 {
        for j in 0..<4 { expected.append(a[i + 3 * j] + b[4 * i + j]) }
      }
      #expect(y == expected)
      b.withUnsafeBufferPointer { b in
        combine(.add, a, strides: [4, 1], b.baseAddress! + 59, strides: [-4, -1], into: &y, shape: [3, 4])
      }
      #expect(y == (0..<12).map { a[$0] + b[59 - $0] })
    }

    @Test func selectMaskAccumulateFill() {
      var random = TestRandom(13)
      forEachKernelSet { set in
        for count in awkwardCounts {
          let a: [Float] = random.numbers(count)
          let b: [Float] = random.numbers(count)
          let condition = a.map { $0 > 0 ? Float(1) : 0 }
          let keep = a.map { $0 > 0 ? UInt8(1) : 0 }
          var y = [Float](repeating: -7, count: count + 1)
          select(condition, a, b, into: &y, count: count)
          let selected = zip(a, b).map { $0 > 0 ? $0 : $1 }
          #expect(y == selected + [-7], "select \(count) \(set)")
          applyMask(keep, b, scale: 2, into: &y, count: count)
          let masked = zip(a, b).map { $0 > 0 ? 2 * $1 : Float(0) }
          #expect(y == masked + [-7], "mask \(count) \(set)")
          y = b + [-7]
          accumulate(a, scale: 0.5, into: &y, count: count)
          let accumulated = zip(a, b).map { $1 + 0.5 * $0 }
          expectAgreement(y, accumulated + [-7], units: 1, floor: 1e-7, "accumulate \(count) \(set)")
          fill(&y, with: 3, count: count)
          #expect(y == [Float](repeating: 3, count: count) + [-7], "fill \(count) \(set)")
        }
      }
    }
  }
}
