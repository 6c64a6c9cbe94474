import Accuracy
import Testing

@testable import ApusCompute

extension PerKernelSet {
  /// A sample of what `apus-bench accuracy` measures over every `Float`: the bounds that Docs/Numerics.md states.
  @Suite struct AccuracyTests {
    @Test(arguments: AccuracyCase.all)
    func errorsStayWithinTheirBounds(_ one: AccuracyCase) {
      // A prime, so that every exponent and many significands take part.
      let sweep = AccuracySweep(one.function, stride: 200_003, sets: InstructionSet.available, usesLibraryOnly: true)
      let result = sweep.run()
      for (set, measure) in zip(sweep.sets, result.measures) {
        #expect(
          measure.worst.ulps <= one.bound,
          "\(one.name)(\(measure.worst.argument)) on \(set): \(measure.worst.result), \(measure.worst.ulps) ULP off")
        #expect(measure.wrongSpecials == 0, "\(one.name) on \(set): \(measure)")
      }
    }

    /// Zeros and the smallest denormal numbers, which a sample of all numbers does not meet.
    @Test(arguments: [UnaryFunction.sin, .cos, .tanh, .erf, .gelu, .geluTanh, .silu])
    func theSmallestNumbersKeepTheirSigns(_ function: UnaryFunction) {
      let x = (0..<40).flatMap { [Float(bitPattern: $0), -Float(bitPattern: $0)] }
      forEachKernelSet { set in
        var y = [Float](repeating: -7, count: x.count)
        apply(function, x, into: &y, count: x.count)
        var measure = ErrorMeasure()
        for (x, y) in zip(x, y) { measure.add(x, y, exact: exactValue(function, Double(x))) }
        #expect(measure.wrongSpecials == 0 && measure.worst.ulps <= 2, "\(function) on \(set): \(measure)")
      }
    }

    @Test func everyUnaryFunctionHasABound() {
      for function in unaryFunctions where !AccuracyCase.all.contains(where: { $0.function.isLike(function) }) {
        Issue.record("\(function) has no bound")
      }
    }

    /// The measure itself: what is wrong on purpose must be seen.
    @Test func theMeasureSeesErrors() {
      var measure = ErrorMeasure()
      measure.add(1, 1, exact: 1)
      measure.add(1, 1, exact: 1 + 0x1p-24)
      #expect(measure.misrounded == 0 && measure.worst.ulps == 0)
      measure.add(2, Float(1).nextUp, exact: 1 - 0x1p-25)
      #expect(measure.misrounded == 1 && measure.worst.ulps == 2.5 && measure.worst.argument == 2)
      measure.add(3, 0, exact: 0x1p-149)
      #expect(measure.flushed == 1 && measure.worstDenormal.ulps == 1)
      measure.add(4, -0.0, exact: 0)
      #expect(measure.wrongZero == 1)
      measure.add(5, .nan, exact: 1)
      measure.add(5, 1, exact: .nan)
      measure.add(5, .nan, exact: .nan)
      #expect(measure.wrongNaN == 2)
      measure.add(6, .infinity, exact: 1e38)
      measure.add(6, 1e38, exact: .infinity)
      measure.add(6, .infinity, exact: 0x1.fffffep127)
      #expect(measure.wrongInfinity == 2)
      var sum = ErrorMeasure()
      sum.merge(measure)
      #expect(sum.wrongSpecials == 6 && sum.worst.ulps == 2.5)
    }
  }
}

extension UnaryFunction {
  /// The same function, be it with other constants.
  fileprivate func isLike(_ other: UnaryFunction) -> Bool { kernelArguments.code == other.kernelArguments.code }
}
