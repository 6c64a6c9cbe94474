import Testing

@testable import ApusCompute

extension PerKernelSet {
  @Suite struct RowNormalizationTests {
    static let layouts = [
      GroupLayout(batch: 5, channels: 7, spatial: 1, groups: 1, epsilon: 1e-5),
      GroupLayout(batch: 300, channels: 33, spatial: 1, groups: 1, epsilon: 1e-5),
      GroupLayout(batch: 3, channels: 1500, spatial: 1, groups: 1, epsilon: 1e-5, centers: false),
      GroupLayout(batch: 4, channels: 6, spatial: 5, groups: 2, epsilon: 1e-3),
      GroupLayout(batch: 2, channels: 6, spatial: 35, groups: 3, epsilon: 1e-5),
      GroupLayout(batch: 3, channels: 4, spatial: 40, groups: 4, epsilon: 1e-5),
      GroupLayout(batch: 1, channels: 1, spatial: 1, groups: 1, epsilon: 0.5),
    ]

    func check<T: ComputeScalar>(_: T.Type, tolerance: T, _ set: InstructionSet) {
      var random = TestRandom(71)
      for layout in Self.layouts {
        for affine in [true, false] {
          let label = "\(layout) affine \(affine) \(T.self) \(set)"
          let count = layout.batch * layout.channels * layout.spatial
          let x: [T] = random.numbers(count, in: 3..<5)
          let upstream: [T] = random.numbers(count)
          let weight: [T] = random.numbers(layout.channels)
          let bias: [T] = random.numbers(layout.channels)
          var y = x
          var means = [T](repeating: 0, count: layout.rows)
          var inverses = means
          var gradient = x
          var weightGradient = weight
          var biasGradient = bias
          weight.withUnsafeBufferPointer { weight in
            bias.withUnsafeBufferPointer { bias in
              normalizeGroups(
                x, layout, weight: affine ? weight.baseAddress! : nil, bias: affine ? bias.baseAddress! : nil, into: &y,
                means: &means, inverseDeviations: &inverses)
              normalizeGroupsGradient(
                x, upstream: upstream, layout, weight: affine ? weight.baseAddress! : nil, means: means,
                inverseDeviations: inverses, into: &gradient, weightGradient: &weightGradient,
                biasGradient: &biasGradient)
            }
          }
          var expected = x, expectedGradient = x
          var expectedWeight = [Double](repeating: 0, count: layout.channels), expectedBias = expectedWeight
          let length = layout.channels / layout.groups * layout.spatial
          for row in 0..<layout.rows {
            let places = row * length..<(row + 1) * length
            let values = places.map { Double(x[$0]) }
            let mean = layout.centers ? values.reduce(0, +) / Double(length) : 0
            let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(length)
            let inverse = 1 / (variance + layout.epsilon).squareRoot()
            let channels = places.map { $0 / layout.spatial % layout.channels }
            let normalized = values.map { ($0 - mean) * inverse }
            let d = zip(places, channels).map { Double(upstream[$0]) * (affine ? Double(weight[$1]) : 1) }
            let sum = layout.centers ? d.reduce(0, +) / Double(length) : 0
            let dot = zip(d, normalized).reduce(0) { $0 + $1.0 * $1.1 } / Double(length)
            for (k, i) in places.enumerated() {
              let c = channels[k]
              expected[i] = T(normalized[k] * (affine ? Double(weight[c]) : 1) + (affine ? Double(bias[c]) : 0))
              expectedGradient[i] = T(inverse * (d[k] - sum - normalized[k] * dot))
              expectedWeight[c] += Double(upstream[i]) * normalized[k]
              expectedBias[c] += Double(upstream[i])
            }
          }
          expectAgreement(y, expected, units: 16, floor: tolerance, "value \(label)")
          expectAgreement(gradient, expectedGradient, units: 16, floor: 4 * tolerance, "gradient \(label)")
          let spread = tolerance * T(layout.batch * layout.spatial).squareRoot() * 4
          expectAgreement(weightGradient, expectedWeight.map { T($0) }, units: 16, floor: spread, "weight \(label)")
          expectAgreement(biasGradient, expectedBias.map { T($0) }, units: 16, floor: spread, "bias \(label)")
        }
      }
    }

    @Test func everyLayout() {
      forEachKernelSet { set in
        check(Float.self, tolerance: 1e-5, set)
        check(Double.self, tolerance: 2e-14, set)
      }
    }

    /// The moments are gathered about a guess from the beginning of a row, which may be far off.
    @Test func rowsThatBeginUnlikeTheRest() {
      forEachKernelSet { set in
        let layout = GroupLayout(batch: 3, channels: 1000, spatial: 1, groups: 1, epsilon: 1e-5)
        var random = TestRandom(73)
        var x: [Float] = random.numbers(3000, in: 1000..<1001)
        for i in 0..<16 { x[i] = -5000 }
        for i in 1000..<1016 { x[i] = 1002 }
        var y = x
        var means = [Float](repeating: 0, count: 3), inverses = means
        normalizeGroups(x, layout, weight: nil, bias: nil, into: &y, means: &means, inverseDeviations: &inverses)
        for row in 0..<3 {
          let values = x[row * 1000..<(row + 1) * 1000].map { Double($0) }
          let mean = values.reduce(0, +) / 1000
          let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 1000
          #expect(abs(Double(means[row]) - mean) < 1e-4, "\(set)")
          #expect(abs(Double(inverses[row]) * variance.squareRoot() - 1) < 1e-4, "\(set)")
        }
      }
    }

    @Test func sameBitsAtAnyThreadCount() {
      var random = TestRandom(72)
      let layout = GroupLayout(batch: 1000, channels: 300, spatial: 1, groups: 1, epsilon: 1e-5)
      let x: [Float] = random.numbers(300_000)
      expectSameBits("layer normalisation") {
        var y = x, gradient = x
        var means = [Float](repeating: 0, count: 1000), inverses = means
        var sums = [Float](repeating: 0, count: 600)
        normalizeGroups(x, layout, weight: nil, bias: nil, into: &y, means: &means, inverseDeviations: &inverses)
        sums.withUnsafeMutableBufferPointer { sums in
          normalizeGroupsGradient(
            x, upstream: y, layout, weight: nil, means: means, inverseDeviations: inverses, into: &gradient,
            weightGradient: sums.baseAddress!, biasGradient: sums.baseAddress! + 300)
        }
        return y + gradient + sums
      }
    }
  }
}
