import Testing

@testable import ApusCompute

extension PerKernelSet {
  @Suite struct NormalizationTests {
    /// [batch, channels, spatial].
    static let shapes = [
      (4, 3, 1), (64, 128, 1), (2, 5, 7), (3, 2, 31), (3, 2, 32), (2, 7, 33), (2, 3, 1009), (1, 1, 5),
    ]

    func check<T: ComputeScalar>(_: T.Type, tolerance: T, _ set: InstructionSet) {
      var random = TestRandom(51)
      for (batch, channels, spatial) in Self.shapes {
        let label = "[\(batch), \(channels), \(spatial)] \(T.self) \(set)"
        let total = batch * channels * spatial
        // Off-centre: a careless variance would lose its digits here.
        let x: [T] = random.numbers(total, in: 20..<23)
        let upstream: [T] = random.numbers(total)
        let weight: [T] = random.numbers(channels)
        let bias: [T] = random.numbers(channels)
        let count = Double(batch * spatial)
        func places(_ c: Int) -> [Int] {
          (0..<batch).flatMap { n in (0..<spatial).map { (n * channels + c) * spatial + $0 } }
        }
        var mean = [T](repeating: 0, count: channels)
        var variance = mean
        channelStatistics(
          x, batch: batch, channels: channels, spatial: spatial, mean: &mean, variance: &variance)
        var expectedMean = mean, expectedVariance = mean
        for c in 0..<channels {
          let values = places(c).map { Double(x[$0]) }
          // The rounding of a long sum would be the twin's own error: the mean is refined once.
          let rough = values.reduce(0, +) / count
          let center = rough + values.reduce(0) { $0 + ($1 - rough) } / count
          expectedMean[c] = T(center)
          expectedVariance[c] = T(values.reduce(0) { $0 + ($1 - center) * ($1 - center) } / count)
        }
        expectAgreement(mean, expectedMean, units: 4, "mean \(label)")
        expectAgreement(variance, expectedVariance, units: 16, floor: tolerance, "variance \(label)")

        let inverse = variance.map { 1 / ($0 + 1e-5).squareRoot() }
        for affine in [true, false] {
          var y = x
          weight.withUnsafeBufferPointer { weight in
            bias.withUnsafeBufferPointer { bias in
              normalizeChannels(
                x, batch: batch, channels: channels, spatial: spatial, mean: mean, inverseDeviation: inverse,
                weight: affine ? weight.baseAddress! : nil, bias: affine ? bias.baseAddress! : nil, into: &y)
            }
          }
          var expected = x
          for c in 0..<channels {
            for i in places(c) {
              expected[i] = (x[i] - mean[c]) * inverse[c] * (affine ? weight[c] : 1) + (affine ? bias[c] : 0)
            }
          }
          expectAgreement(y, expected, units: 8, floor: tolerance, "normalised \(label)")
        }

        for training in [true, false] {
          var gradient = x, weightGradient = mean, biasGradient = mean
          normalizeChannelsGradient(
            x, upstream: upstream, batch: batch, channels: channels, spatial: spatial, mean: mean,
            inverseDeviation: inverse, weight: weight, usesBatchStatistics: training, into: &gradient,
            weightGradient: &weightGradient, biasGradient: &biasGradient)
          for c in 0..<channels {
            let inverse = Double(inverse[c])
            let centered = places(c).map { (Double(x[$0]) - Double(mean[c])) * inverse }
            let d = places(c).map { Double(upstream[$0]) }
            let total = d.reduce(0, +)
            let dot = zip(d, centered).reduce(0) { $0 + $1.0 * $1.1 }
            let scale = T(count).squareRoot()
            #expect((biasGradient[c] - T(total)).magnitude <= tolerance * 8 * scale, "\(label)")
            #expect((weightGradient[c] - T(dot)).magnitude <= tolerance * 8 * scale, "\(label)")
            for (k, i) in places(c).enumerated() {
              let correction = training ? (total + centered[k] * dot) / count : 0
              let expected = T(Double(weight[c]) * inverse * (d[k] - correction))
              guard (gradient[i] - expected).magnitude <= tolerance * 8 * max(1, expected.magnitude) else {
                Issue.record("gradient \(label) training \(training): \(gradient[i]) instead of \(expected)")
                break
              }
            }
          }
        }
      }
    }

    @Test func everyLayout() {
      forEachKernelSet { set in
        check(Float.self, tolerance: 4e-6, set)
        check(Double.self, tolerance: 1e-14, set)
      }
    }

    @Test func sameBitsAtAnyThreadCount() {
      var random = TestRandom(52)
      let x: [Float] = random.numbers(400_000)
      for (batch, channels, spatial) in [(40_000, 10, 1), (4, 10, 10_000)] {
        expectSameBits("variance of [\(batch), \(channels), \(spatial)]") {
          var mean = [Float](repeating: 0, count: channels)
          var variance = mean
          channelStatistics(
            x, batch: batch, channels: channels, spatial: spatial, mean: &mean, variance: &variance)
          return mean + variance
        }
      }
    }
  }
}
