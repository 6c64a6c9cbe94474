import Testing

@testable import ApusCompute

extension PerKernelSet {
  @Suite struct SoftmaxTests {
    static let shapes: [(outer: Int, count: Int, inner: Int)] = [
      (1, 1, 1), (5, 10, 1), (3, 15, 1), (3, 16, 1), (3, 17, 1), (2, 1009, 1), (1, 40009, 1), (2, 10, 3), (2, 7, 16),
      (3, 5, 33), (1, 10, 1000), (300, 100, 1), (0, 3, 1), (2, 3, 0),
    ]

    func check<T: ComputeScalar>(_: T.Type, tolerance: T, _ set: InstructionSet) {
      var random = TestRandom(31)
      for (outer, count, inner) in Self.shapes {
        let total = outer * count * inner
        let label = "[\(outer), \(count), \(inner)] \(T.self) \(set)"
        // A large offset that softmax must not feel.
        let x: [T] = random.numbers(total, in: 90..<100)
        let upstream: [T] = random.numbers(total)
        var logs = [T](repeating: 0, count: outer * inner)
        var expected = x, expectedLog = x, expectedGradient = x, expectedLogGradient = x
        var i = 0
        x.withUnsafeBufferPointer { x in
          ScalarTwin.forEachColumn(outer, count, inner) { at in
            let lse = ScalarTwin.logSumExp(x.baseAddress! + at, count, inner)
            logs[i] = T(lse)
            i += 1
            let places = (0..<count).map { at + $0 * inner }
            // Shifted by the maximum, as the digits of x − log Σ exp x would be lost to the offset.
            let high = places.map { Double(x[$0]) }.max() ?? 0
            let e = places.map { ScalarTwin.value(.exp, Double(x[$0]) - high) }
            let total = e.reduce(0, +)
            let logarithm = ScalarTwin.value(.log, total)
            let p = e.map { $0 / total }
            let dot = zip(places, p).reduce(0) { $0 + Double(upstream[$1.0]) * $1.1 }
            let sum = places.reduce(0) { $0 + Double(upstream[$1]) }
            for (place, p) in zip(places, p) {
              expected[place] = T(p)
              expectedLog[place] = T(Double(x[place]) - high - logarithm)
              expectedGradient[place] = T(p * (Double(upstream[place]) - dot))
              expectedLogGradient[place] = T(Double(upstream[place]) - p * sum)
            }
          }
        }
        var y = x
        softmax(x, into: &y, outer: outer, count: count, inner: inner)
        expectAgreement(y, expected, units: 8, floor: tolerance, "softmax \(label)")
        var gradient = x
        softmaxGradient(output: y, upstream: upstream, into: &gradient, outer: outer, count: count, inner: inner)
        expectAgreement(gradient, expectedGradient, units: 8, floor: tolerance * 8, "softmax gradient \(label)")
        logSoftmax(x, into: &y, outer: outer, count: count, inner: inner)
        expectAgreement(y, expectedLog, units: 8, floor: tolerance * 16, "logSoftmax \(label)")
        logSoftmaxGradient(output: y, upstream: upstream, into: &gradient, outer: outer, count: count, inner: inner)
        let scale = T(count).squareRoot()
        expectAgreement(gradient, expectedLogGradient, units: 8, floor: tolerance * 16 * scale, "its gradient \(label)")
        var sums = [T](repeating: -7, count: outer * inner + 1)
        logSumExp(x, into: &sums, outer: outer, count: count, inner: inner)
        expectAgreement(sums, logs + [-7], units: 4, "logSumExp \(label)")
        // In place.
        var inPlace = x
        inPlace.withUnsafeMutableBufferPointer {
          guard let base = $0.baseAddress else { return }
          softmax(UnsafePointer(base), into: base, outer: outer, count: count, inner: inner)
        }
        expectAgreement(inPlace, expected, units: 8, floor: tolerance, "softmax in place \(label)")
      }
    }

    @Test func everyLayout() {
      forEachKernelSet { set in
        check(Float.self, tolerance: 1e-6, set)
        check(Double.self, tolerance: 1e-15, set)
      }
    }

    @Test func extremeNumbers() {
      forEachKernelSet { set in
        var y = [Float](repeating: 0, count: 4)
        softmax([1e30, -1e30, 1e30, -.infinity], into: &y, outer: 1, count: 4, inner: 1)
        #expect(y == [0.5, 0, 0.5, 0], "\(set)")
        logSoftmax([1e4, 0, -1e4, 1e4], into: &y, outer: 1, count: 4, inner: 1)
        expectAgreement(y, [-0.6931472, -10000.693, -20000.693, -0.6931472], units: 1, "\(set)")
        for inner in [1, 2] {
          var sums = [Float](repeating: 0, count: 2)
          logSumExp([-.infinity, -.infinity], into: &sums, outer: 1, count: 2 / inner, inner: inner)
          #expect(sums[0] == -.infinity, "\(set)")
          logSumExp([.infinity, .infinity], into: &sums, outer: 1, count: 2 / inner, inner: inner)
          #expect(sums[0] == .infinity, "\(set)")
          logSumExp([.nan, .nan], into: &sums, outer: 1, count: 2 / inner, inner: inner)
          #expect(sums[0].isNaN, "\(set)")
        }
        var sums: [Float] = [5, 5]
        logSumExp([0], into: &sums, outer: 2, count: 0, inner: 1)
        #expect(sums == [-.infinity, -.infinity])
      }
    }

    @Test(arguments: [1, 2, 10, 15, 16, 17, 1000])
    func crossEntropyOfRows(_ classes: Int) {
      var random = TestRandom(32)
      let rows = 37
      let logits: [Double] = random.numbers(rows * classes, in: -20..<20)
      var targets = (0..<rows).map { _ in Int.random(in: 0..<classes, using: &random) }
      targets[3] = -100
      targets[5] = classes
      let scales: [Double] = random.numbers(rows)
      forEachKernelSet { set in
        var losses = [Double](repeating: -7, count: rows)
        var sums = losses
        crossEntropy(
          logits: logits, targets: targets, rows: rows, classes: classes, losses: &losses, logSumExps: &sums)
        var gradient = logits
        crossEntropyGradient(
          logits: logits, targets: targets, logSumExps: sums, scales: scales, rows: rows, classes: classes,
          into: &gradient)
        for row in 0..<rows {
          let x = Array(logits[row * classes..<(row + 1) * classes])
          let lse = x.withUnsafeBufferPointer { ScalarTwin.logSumExp($0.baseAddress!, classes, 1) }
          let isUsed = (0..<classes).contains(targets[row])
          #expect(abs(losses[row] - (isUsed ? lse - x[targets[row]] : 0)) < 1e-13, "\(set)")
          for k in 0..<classes {
            let p = ScalarTwin.value(.exp, x[k] - lse)
            let expected = isUsed ? scales[row] * (p - (k == targets[row] ? 1 : 0)) : 0
            #expect(abs(gradient[row * classes + k] - expected) < 1e-13, "row \(row) class \(k) \(set)")
          }
        }
      }
    }

    @Test func sameBitsAtAnyThreadCount() {
      var random = TestRandom(33)
      let x: [Float] = random.numbers(200_000)
      for (outer, count, inner) in [(20_000, 10, 1), (2, 100_000, 1), (20, 10, 1000)] {
        expectSameBits("softmax [\(outer), \(count), \(inner)]") {
          var y = x
          softmax(x, into: &y, outer: outer, count: count, inner: inner)
          return y
        }
      }
    }
  }
}
