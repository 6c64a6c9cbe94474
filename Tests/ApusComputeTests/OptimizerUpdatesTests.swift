import Testing

@testable import ApusCompute

extension PerKernelSet {
  @Suite struct OptimizerUpdatesTests {
    /// PyTorch's SGD, one parameter at a time.
    func sgdTwin(_ p: inout Double, _ g: Double, _ v: inout Double, _ isFirst: Bool, _ s: SGDSettings) {
      var d = g + s.weightDecay * p
      if s.momentum != 0 {
        v = isFirst ? d : s.momentum * v + (1 - s.dampening) * d
        d = s.nesterov ? d + s.momentum * v : v
      }
      p -= s.learningRate * d
    }

    /// PyTorch's Adam, one parameter at a time.
    func adamTwin(
      _ p: inout Double, _ g: Double, _ m: inout Double, _ v: inout Double, _ greatest: inout Double, amsgrad: Bool,
      _ t: Int, _ s: AdamSettings
    ) {
      var g = g
      if s.decouplesWeightDecay { p *= 1 - s.learningRate * s.weightDecay } else { g += s.weightDecay * p }
      m = s.beta1 * m + (1 - s.beta1) * g
      v = s.beta2 * v + (1 - s.beta2) * g * g
      greatest = max(greatest, v)
      let correction1 = 1 - integerPower(s.beta1, t)
      let correction2 = 1 - integerPower(s.beta2, t)
      let root = ((amsgrad ? greatest : v) / correction2).squareRoot()
      p -= s.learningRate * (m / correction1) / (root + s.epsilon)
    }

    func checkSGD<T: ComputeScalar>(_: T.Type, tolerance: T, _ settings: SGDSettings, _ set: InstructionSet) {
      var random = TestRandom(61)
      for count in [0, 1, 3, 15, 16, 17, 1009, 40009] {
        var p: [T] = random.numbers(count) + [-7]
        // The first step must not read the velocities.
        var v = [T](repeating: .nan, count: count) + [-7]
        var expected = p.map(Double.init)
        var velocity = [Double](repeating: 0, count: count)
        for step in 1...3 {
          let g: [T] = random.numbers(count)
          p.withUnsafeMutableBufferPointer { p in
            v.withUnsafeMutableBufferPointer { v in
              // Two arrays, so that chunks are found in the second as well.
              let cut = count / 3
              g.withUnsafeBufferPointer { g in
                sgdStep(
                  [0..<cut, cut..<count].map { range in
                    SGDArrays(
                      p.baseAddress! + range.lowerBound, gradients: g.baseAddress! + range.lowerBound,
                      velocities: settings.momentum == 0 ? nil : v.baseAddress! + range.lowerBound,
                      count: range.count, isFirst: step == 1)
                  }, settings)
              }
            }
          }
          for i in 0..<count { sgdTwin(&expected[i], Double(g[i]), &velocity[i], step == 1, settings) }
        }
        expectAgreement(p, expected.map { T($0) }, units: 4, floor: tolerance, "\(settings) \(count) \(set)")
        #expect(v.last == -7)
      }
    }

    @Test func stochasticGradientDescent() {
      let settings = [
        SGDSettings(learningRate: 0.1), SGDSettings(learningRate: 0.1, weightDecay: 0.3),
        SGDSettings(learningRate: 0.1, momentum: 0.9),
        SGDSettings(learningRate: 0.1, momentum: 0.9, dampening: 0.25, weightDecay: 0.1),
        SGDSettings(learningRate: 0.1, momentum: 0.9, weightDecay: 0.1, nesterov: true),
      ]
      forEachKernelSet { set in
        for settings in settings {
          checkSGD(Float.self, tolerance: 1e-6, settings, set)
          checkSGD(Double.self, tolerance: 1e-15, settings, set)
        }
      }
    }

    func checkAdam<T: ComputeScalar>(
      _: T.Type, tolerance: T, _ settings: AdamSettings, amsgrad: Bool, _ set: InstructionSet
    ) {
      var random = TestRandom(62)
      for count in [0, 1, 3, 15, 16, 17, 1009, 40009] {
        var p: [T] = random.numbers(count) + [-7]
        var m = [T](repeating: 0, count: count + 1)
        var v = m
        var greatest = m
        var expected = p.map(Double.init)
        var (mean, square, largest) = (expected.map { _ in 0.0 }, expected.map { _ in 0.0 }, expected.map { _ in 0.0 })
        for step in 1...4 {
          // One parameter never gets a gradient, one a tiny one, and the later gradients are smaller than the first.
          var g = random.numbers(count, as: T.self).map { $0 / T(step) }
          if count > 2 { (g[1], g[2]) = (0, 1e-12) }
          let cut = count / 3
          p.withUnsafeMutableBufferPointer { p in
            m.withUnsafeMutableBufferPointer { m in
              v.withUnsafeMutableBufferPointer { v in
                greatest.withUnsafeMutableBufferPointer { greatest in
                  g.withUnsafeBufferPointer { g in
                    adamStep(
                      [0..<cut, cut..<count].map { range in
                        let at = range.lowerBound
                        return AdamArrays(
                          p.baseAddress! + at, gradients: g.baseAddress! + at, means: m.baseAddress! + at,
                          squares: v.baseAddress! + at, greatestSquares: amsgrad ? greatest.baseAddress! + at : nil,
                          count: range.count, step: step)
                      }, settings)
                  }
                }
              }
            }
          }
          for i in 0..<count {
            adamTwin(
              &expected[i], Double(g[i]), &mean[i], &square[i], &largest[i], amsgrad: amsgrad, step, settings)
          }
        }
        expectAgreement(
          p, expected.map { T($0) }, units: 4, floor: tolerance, "\(settings) amsgrad \(amsgrad) \(count) \(set)")
        #expect(m.last == 0 && v.last == 0 && greatest.last == 0)
      }
    }

    @Test func adam() {
      let settings = [
        AdamSettings(learningRate: 0.01), AdamSettings(learningRate: 0.01, beta1: 0.8, beta2: 0.9, epsilon: 1e-3),
        AdamSettings(learningRate: 0.01, weightDecay: 0.1),
        AdamSettings(learningRate: 0.01, weightDecay: 0.1, decouplesWeightDecay: true),
      ]
      forEachKernelSet { set in
        for settings in settings {
          for amsgrad in [false, true] {
            checkAdam(Float.self, tolerance: 1e-6, settings, amsgrad: amsgrad, set)
            checkAdam(Double.self, tolerance: 1e-14, settings, amsgrad: amsgrad, set)
          }
        }
      }
    }
  }
}
