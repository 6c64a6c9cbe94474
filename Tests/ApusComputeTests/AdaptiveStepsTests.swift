import Testing

@testable import ApusCompute

extension PerKernelSet {
  /// Each update against the same rule written for one number; the constants of whole optimizers are held against PyTorch's
  /// in the conformance tests.
  @Suite struct AdaptiveStepsTests {
    /// Runs three steps of a rule on numbers of awkward counts and holds them against its twin.
    func check<T: ComputeScalar>(
      _ name: String, _: T.Type, tolerance: T, memories: Int, _ set: InstructionSet,
      step: (_ arrays: StepArrays<T>, _ memory: (Int) -> UnsafeMutablePointer<T>) -> Void,
      twin: (_ w: inout Double, _ g: Double, _ memory: inout [Double]) -> Void
    ) {
      var random = TestRandom(111)
      for count in [1, 3, 16, 17, 1009, 20011] {
        var w: [T] = random.numbers(count)
        var memory = [T](repeating: 0, count: memories * count)
        var expected = w.map { Double($0) }
        var states = Array(repeating: [Double](repeating: 0, count: memories), count: count)
        for _ in 0..<3 {
          let g: [T] = random.numbers(count)
          w.withUnsafeMutableBufferPointer { w in
            memory.withUnsafeMutableBufferPointer { memory in
              g.withUnsafeBufferPointer { g in
                let start = memory.baseAddress!
                step(
                  StepArrays(parameters: w.baseAddress!, gradients: g.baseAddress!, count: count),
                  { start + $0 * count })
              }
            }
          }
          for i in 0..<count { twin(&expected[i], Double(g[i]), &states[i]) }
        }
        expectAgreement(w, expected.map { T($0) }, units: 8, floor: tolerance, "\(name) \(count) \(set)")
      }
    }

    func checkAll<T: ComputeScalar>(_: T.Type, tolerance: T, _ set: InstructionSet) {
      for centered in [false, true] {
        check("rmsprop", T.self, tolerance: tolerance, memories: 3, set) { arrays, memory in
          rmspropStep(
            arrays, squares: memory(0), means: centered ? memory(1) : nil, velocities: centered ? memory(2) : nil,
            learningRate: 0.1, alpha: 0.7, epsilon: 0.1, weightDecay: 0.2, momentum: 0.5)
        } twin: { w, g, m in
          let g = g + 0.2 * w
          m[0] = 0.7 * m[0] + 0.3 * g * g
          m[1] = 0.7 * m[1] + 0.3 * g
          let step = g / ((centered ? m[0] - m[1] * m[1] : m[0]).squareRoot() + 0.1)
          m[2] = 0.5 * m[2] + step
          w -= 0.1 * (centered ? m[2] : step)
        }
      }
      check("adagrad", T.self, tolerance: tolerance, memories: 1, set) { arrays, memory in
        adagradStep(arrays, sums: memory(0), learningRate: 0.1, epsilon: 0.1, weightDecay: 0.2)
      } twin: { w, g, m in
        let g = g + 0.2 * w
        m[0] += g * g
        w -= 0.1 * g / (m[0].squareRoot() + 0.1)
      }
      check("adadelta", T.self, tolerance: tolerance, memories: 2, set) { arrays, memory in
        adadeltaStep(
          arrays, squares: memory(0), stepSquares: memory(1), learningRate: 0.5, rho: 0.8, epsilon: 0.01,
          weightDecay: 0.2)
      } twin: { w, g, m in
        let g = g + 0.2 * w
        m[0] = 0.8 * m[0] + 0.2 * g * g
        let step = ((m[1] + 0.01) / (m[0] + 0.01)).squareRoot() * g
        m[1] = 0.8 * m[1] + 0.2 * step * step
        w -= 0.5 * step
      }
      let settings = AdamSettings(learningRate: 0.1, beta1: 0.8, beta2: 0.9, epsilon: 0.01, weightDecay: 0.2)
      check("adamax", T.self, tolerance: tolerance, memories: 2, set) { arrays, memory in
        adamaxStep(arrays, means: memory(0), norms: memory(1), step: 2, settings)
      } twin: { w, g, m in
        let g = g + 0.2 * w
        m[0] = 0.8 * m[0] + 0.2 * g
        m[1] = max(0.9 * m[1], abs(g) + 0.01)
        w -= 0.1 / (1 - 0.64) * m[0] / m[1]
      }
      for decoupled in [false, true] {
        var settings = settings
        settings.decouplesWeightDecay = decoupled
        check("moment", T.self, tolerance: tolerance, memories: 2, set) { arrays, memory in
          momentStep(
            arrays, means: memory(0), squares: memory(1), settings,
            MomentStep(direct: 0.3, rate: 0.4, scale: 1.5, epsilon: 0.2))
        } twin: { w, g, m in
          let g = decoupled ? g : g + 0.2 * w
          m[0] = 0.8 * m[0] + 0.2 * g
          m[1] = 0.9 * m[1] + 0.1 * g * g
          if decoupled { w *= 1 - 0.1 * 0.2 }
          w -= (0.3 * g + 0.4 * m[0]) / (m[1].squareRoot() * 1.5 + 0.2)
        }
      }
      check("lion", T.self, tolerance: tolerance, memories: 1, set) { arrays, memory in
        lionStep(arrays, means: memory(0), learningRate: 0.1, betas: (0.9, 0.7), weightDecay: 0.2)
      } twin: { w, g, m in
        let direction = 0.9 * m[0] + 0.1 * g
        w = w * (1 - 0.1 * 0.2) - (direction > 0 ? 0.1 : direction < 0 ? -0.1 : 0)
        m[0] = 0.7 * m[0] + 0.3 * g
      }
    }

    @Test func everyRule() {
      forEachKernelSet { set in
        checkAll(Float.self, tolerance: 1e-5, set)
        checkAll(Double.self, tolerance: 1e-13, set)
      }
    }
  }
}
