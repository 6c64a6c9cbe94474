import ApusCompute
import ApusNN
import ApusTensor

/// What an optimizer remembers of each parameter from step to step: some numbers for each of its numbers, and how many steps it
/// has taken. A parameter that is frozen, or has no gradient, does not age.
final class OptimizerMemory<Scalar: TensorScalar> {
  let parameters: [Parameter<Scalar>]
  private let arrayCount: Int
  private let initialValue: Scalar
  /// The arrays of one parameter one after the other; empty until its first step.
  private var memories: [[Scalar]]
  private var steps: [Int]

  /// - Parameters:
  ///   - parameters: The parameters.
  ///   - arrays: How many numbers are remembered for each of theirs.
  ///   - initialValue: What these are before the first step.
  init(_ parameters: [Parameter<Scalar>], arrays: Int, initialValue: Scalar = 0) {
    self.parameters = parameters
    arrayCount = arrays
    self.initialValue = initialValue
    memories = Array(repeating: [], count: parameters.count)
    steps = Array(repeating: 0, count: parameters.count)
  }

  /// Calls `body` for every parameter that moves.
  ///
  /// - Parameter body: Takes the parameter's number, its arrays, the function from an array's number to the array, and the
  ///   number of this step, from 1.
  func forEach(
    _ body: (
      _ index: Int, _ arrays: StepArrays<Scalar>, _ memory: (Int) -> UnsafeMutablePointer<Scalar>, _ step: Int
    ) -> Void
  ) {
    updateParameters(parameters) { index, values, gradient, count in
      if steps[index] == 0 { memories[index] = Array(repeating: initialValue, count: arrayCount * count) }
      steps[index] += 1
      let arrays = StepArrays(parameters: values, gradients: gradient, count: count)
      memories[index].withUnsafeMutableBufferPointer { numbers in
        guard let start = numbers.baseAddress else { return }
        body(index, arrays, { start + $0 * count }, steps[index])
      }
    }
  }
}

/// Stops on settings that no adaptive optimizer can work with.
func checkAdaptive<Scalar>(
  _ name: String, _ parameters: [Parameter<Scalar>], _ learningRate: Double, decayRates: [Double], notNegative: [Double]
) {
  checkParameters(name, parameters, learningRate: learningRate)
  demand(decayRates.allSatisfy { (0..<1).contains($0) }, "\(name): the decay rates \(decayRates) must lie in 0..<1")
  demand(notNegative.allSatisfy { $0 >= 0 }, "\(name): a setting is negative: \(notNegative)")
}
