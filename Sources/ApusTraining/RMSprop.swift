import ApusCompute
import ApusNN
import ApusTensor

/// RMSprop (Hinton 2012): steps divided by the root of the mean squared gradient.
///
///     g = gradient + weightDecay · parameter
///     v = alpha · v + (1 − alpha) · g²
///     step = g / (√v + epsilon)               (centred: √(v − a²), with a = alpha · a + (1 − alpha) · g)
///     parameter −= learningRate · step        (with momentum: b = momentum · b + step in the place of step)
public final class RMSprop<Scalar: TensorScalar>: Optimizer {
  /// The parameters that it moves.
  public var parameters: [Parameter<Scalar>] { memory.parameters }
  /// The factor of a step; may be changed between steps.
  public var learningRate: Double
  /// How much of the mean square is kept from step to step.
  public var alpha: Double
  /// Added to the denominator.
  public var epsilon: Double
  /// The factor of the L2 penalty λ/2 Σ w², added to the gradient.
  public var weightDecay: Double
  /// How much of the velocity is kept from step to step.
  public var momentum: Double
  /// Whether the variance of the gradient takes the place of its mean square.
  public var centered: Bool
  private let memory: OptimizerMemory<Scalar>

  /// Makes an optimizer of `parameters`, as `model.parameters`.
  ///
  /// - Precondition: There are parameters, none twice; decay rates lie in 0 ..< 1; no other setting is negative.
  public init(
    _ parameters: [Parameter<Scalar>], learningRate: Double = 1e-2, alpha: Double = 0.99, epsilon: Double = 1e-8,
    weightDecay: Double = 0, momentum: Double = 0, centered: Bool = false
  ) {
    checkAdaptive(
      "RMSprop", parameters, learningRate, decayRates: [alpha], notNegative: [epsilon, weightDecay, momentum])
    self.learningRate = learningRate
    self.alpha = alpha
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    self.momentum = momentum
    self.centered = centered
    memory = OptimizerMemory(parameters, arrays: 3)
  }

  /// Moves every parameter that has a gradient.
  public func step() {
    memory.forEach { _, arrays, memory, _ in
      rmspropStep(
        arrays, squares: memory(0), means: centered ? memory(1) : nil, velocities: momentum > 0 ? memory(2) : nil,
        learningRate: learningRate, alpha: alpha, epsilon: epsilon, weightDecay: weightDecay, momentum: momentum)
    }
  }
}
