import ApusCompute
import ApusNN
import ApusTensor

/// Adadelta (Zeiler 2012): steps in the unit of the parameters, by the ratio of the roots of mean squares of steps and gradients.
///
///     v = rho · v + (1 − rho) · g²
///     step = √(u + epsilon) / √(v + epsilon) · g
///     u = rho · u + (1 − rho) · step²
///     parameter −= learningRate · step
///
/// with g = gradient + weightDecay · parameter.
public final class Adadelta<Scalar: TensorScalar>: Optimizer {
  /// The parameters that it moves.
  public var parameters: [Parameter<Scalar>] { memory.parameters }
  /// The factor of a step; may be changed between steps.
  public var learningRate: Double
  /// How much of the mean squares is kept from step to step.
  public var rho: Double
  /// Added to the mean squares.
  public var epsilon: Double
  /// The factor of the L2 penalty λ/2 Σ w², added to the gradient.
  public var weightDecay: Double
  private let memory: OptimizerMemory<Scalar>

  /// Makes an optimizer of `parameters`, as `model.parameters`.
  ///
  /// - Precondition: There are parameters, none twice; decay rates lie in 0 ..< 1; no other setting is negative.
  public init(
    _ parameters: [Parameter<Scalar>], learningRate: Double = 1, rho: Double = 0.9, epsilon: Double = 1e-6,
    weightDecay: Double = 0
  ) {
    checkAdaptive(
      "Adadelta", parameters, learningRate, decayRates: [rho], notNegative: [epsilon, weightDecay])
    self.learningRate = learningRate
    self.rho = rho
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    memory = OptimizerMemory(parameters, arrays: 2)
  }

  /// Moves every parameter that has a gradient.
  public func step() {
    memory.forEach { _, arrays, memory, _ in
      adadeltaStep(
        arrays, squares: memory(0), stepSquares: memory(1), learningRate: learningRate, rho: rho, epsilon: epsilon,
        weightDecay: weightDecay)
    }
  }
}
