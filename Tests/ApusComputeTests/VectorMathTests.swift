import Testing

@testable import ApusCompute

/// Every unary function, with constants where it has some.
let unaryFunctions: [UnaryFunction] = [
  .abs, .negate, .sign, .square, .sqrt, .rsqrt, .reciprocal, .exp, .expm1, .log, .log1p, .sin, .cos, .tanh, .sigmoid,
  .erf, .pow(2.5), .pow(-2), .pow(3), .pow(0), .clamp(min: -0.5, max: 1.25), .relu, .leakyRelu(slope: 0.25),
  .elu(alpha: 1.5), .selu, .gelu, .geluTanh, .silu, .mish, .softplus(beta: 2, threshold: 20), .hardSigmoid,
  .hardSwish,
  .logSigmoid,
]

/// Numbers at the ends and the edges of a format.
func specialNumbers<T: ComputeScalar>(_: T.Type) -> [T] {
  let positive: [T] = [
    0, T.leastNonzeroMagnitude, T.leastNormalMagnitude / 2, T.leastNormalMagnitude, T.ulpOfOne / 4, T.ulpOfOne, 0.1,
    0.25, 0.5, 0.70710678, 0.70710679, 1, T(1).nextUp, T(1).nextDown, 1.4142135, 2, 3, 4.5, 10, 40, 87, 88, 88.5, 89,
    104,
    500, 709, 710, 745, 1000, 12_000, 12_001, 100_000.5, 0x1p23, 0x1p24 + 2, 1e10, 1e30, T.greatestFiniteMagnitude,
    .infinity,
  ]
  return positive + positive.map { -$0 } + [.nan]
}

extension PerKernelSet {
  @Suite struct VectorMathTests {
    /// Units in the last place that a function may be off, and what difference does not matter. (In `Double` the twin is
    /// as inexact as the kernel: where it loses digits by its own formula, more is allowed.)
    func tolerance<T: ComputeScalar>(_ function: UnaryFunction, _: T.Type) -> (units: T, floor: T) {
      let tiny = T.leastNormalMagnitude * 4
      let isDouble = T.self == Double.self
      switch function {
      case .erf: return (4, tiny)
      case .gelu: return (isDouble ? 12 : 4, tiny)
      case .geluTanh: return (isDouble ? 4000 : 4, tiny)
      case .silu, .mish, .softplus, .selu, .elu: return (isDouble ? 8 : 4, tiny)
      default: return (isDouble ? 4 : 2.6, tiny)
      }
    }

    func checkValues<T: ComputeScalar>(_: T.Type, _ set: InstructionSet) {
      var random = TestRandom(1)
      let x: [T] =
        specialNumbers(T.self) + random.numbers(3000, in: -4..<4) + random.numbers(3000, in: -110..<110)
        + random.numbers(500, in: 0.7..<1.42) + (1..<200).map { T(Double($0) * Double.pi / 2) }
      for function in unaryFunctions {
        var y = [T](repeating: -7, count: x.count)
        apply(function, x, into: &y, count: x.count)
        let expected = x.map { ScalarTwin.value(function, $0) }
        let (units, floor) = tolerance(function, T.self)
        expectAgreement(y, expected, units: units, floor: floor, "\(function) \(T.self) \(set)")
      }
    }

    @Test func valuesAgreeWithTheCLibrary() {
      forEachKernelSet { set in
        checkValues(Float.self, set)
        checkValues(Double.self, set)
      }
    }

    func checkGradients<T: ComputeScalar>(_: T.Type, tolerance: T, _ set: InstructionSet) {
      var random = TestRandom(2)
      let x: [T] = random.numbers(2001, in: -6..<6).map { $0 == 0 ? 1 : $0 } + [25, -25, 0.001, -0.001]
      let upstream: [T] = random.numbers(x.count)
      for function in unaryFunctions {
        let value = function.gradientReadsOutput ? x.map { ScalarTwin.value(function, $0) } : x
        var gradient = [T](repeating: -7, count: x.count)
        applyGradient(function, at: value, upstream: upstream, into: &gradient, count: x.count)
        for i in x.indices {
          let expected = upstream[i] * ScalarTwin.derivative(function, value[i])
          let isRight =
            (expected.isNaN && gradient[i].isNaN) || gradient[i] == expected
            || (gradient[i] - expected).magnitude <= tolerance * max(1, expected.magnitude)
          guard isRight else {
            Issue.record("\(function)′(\(x[i])) \(set): \(gradient[i]) instead of \(expected)")
            break
          }
        }
      }
    }

    @Test func gradientsAgreeWithTheDerivatives() {
      forEachKernelSet { set in
        checkGradients(Float.self, tolerance: 2e-6, set)
        checkGradients(Double.self, tolerance: 1e-14, set)
      }
    }

    /// The position in the array, and the array's length, must not show in the result.
    @Test func everyCountGivesTheSameNumbers() {
      var random = TestRandom(3)
      // Every 37th far from 0, where a function may take another way than for its neighbours.
      let near: [Float] = random.numbers(40009)
      let x = near.indices.map { $0 % 37 == 5 ? near[$0] * 40 : near[$0] }
      forEachKernelSet { set in
        for function in [UnaryFunction.exp, .relu, .gelu, .geluTanh] {
          var whole = [Float](repeating: 0, count: x.count)
          apply(function, x, into: &whole, count: x.count)
          for count in awkwardCounts {
            var part = [Float](repeating: -7, count: count + 1)
            apply(function, x, into: &part, count: count)
            #expect(Array(part[..<count]) == Array(whole[..<count]), "\(function) \(count) \(set)")
            #expect(part[count] == -7, "\(function) wrote beyond \(count) on \(set)")
            var inPlace = Array(x[..<count]) + [-7]
            inPlace.withUnsafeMutableBufferPointer {
              apply(function, UnsafePointer($0.baseAddress!), into: $0.baseAddress!, count: count)
            }
            #expect(inPlace == part, "\(function) in place \(count) \(set)")
          }
        }
      }
    }

    /// A forced set must be the one whose code runs: each build says its own name.
    @Test func theForcedSetIsTheOneThatRuns() {
      #expect(InstructionSet.available.first == .baseline)
      forEachKernelSet { set in
        #expect(InstructionSet.active == set)
        #expect(kernels(Float.self).compiledName() == set.rawValue)
        #expect(kernels(Double.self).compiledName() == set.rawValue)
      }
    }

    @Test func sameBitsAtAnyThreadCount() {
      var random = TestRandom(4)
      let x: [Float] = random.numbers(100_003)
      expectSameBits("gelu") {
        var y = x
        apply(.gelu, x, into: &y, count: x.count)
        return y
      }
    }

    /// Reduction of huge angles, among them the `Double` that comes closest to a multiple of π/2; there the C library's own
    /// result is some units off.
    @Test func hugeAnglesKeepTheirDigits() {
      var random = TestRandom(5)
      let x: [Double] =
        (0..<2000).map { _ in Double(bitPattern: random.next()) }.filter(\.isFinite)
        + [0x1.6ac5b262ca1ffp+849, 1e22, 1.6e6, 1_600_001, 0x1p1023]
      forEachKernelSet { set in
        for function in [UnaryFunction.sin, .cos] {
          var y = x
          apply(function, x, into: &y, count: x.count)
          expectAgreement(
            y, x.map { ScalarTwin.value(function, $0) }, units: 16, floor: 1e-300, "\(function) \(set)")
          let singles = x.map { Float($0) }
          var z = singles
          apply(function, singles, into: &z, count: z.count)
          expectAgreement(z, singles.map { ScalarTwin.value(function, $0) }, units: 2, "\(function) \(set)")
        }
      }
    }
  }
}
