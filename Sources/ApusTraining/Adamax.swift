import ApusCompute
import ApusNN
import ApusTensor

/// Adamax (Kingma and Ba 2015): Adam with the largest gradient, fading, in the place of the root of the mean square.
///
///     m = β₁ m + (1 − β₁) g,  u = max(β₂ u, |g| + epsilon)
///     parameter −= learningRate / (1 − β₁ᵗ) · m / u
///
/// with g = gradient + weightDecay · parameter.
public final class Adamax<Scalar: TensorScalar>: Optimizer {
  /// The parameters that it moves.
  public var parameters: [Parameter<Scalar>] { memory.parameters }
  /// The factor of a step; may be changed between steps.
  public var learningRate: Double
  /// How much of the mean gradient and of the mean square are kept from step to step.
  public var betas: (Double, Double)
  /// Added to the size of the gradient.
  public var epsilon: Double
  /// The factor of the L2 penalty λ/2 Σ w², added to the gradient.
  public var weightDecay: Double
  private let memory: OptimizerMemory<Scalar>

  /// Makes an optimizer of `parameters`, as `model.parameters`.
  ///
  /// - Precondition: There are parameters, none twice; decay rates lie in 0 ..< 1; no other setting is negative.
  public init(
    _ parameters: [Parameter<Scalar>], learningRate: Double = 2e-3, betas: (Double, Double) = (0.9, 0.999),
    epsilon: Double = 1e-8, weightDecay: Double = 0
  ) {
    checkAdaptive(
      "Adamax", parameters, learningRate, decayRates: [betas.0, betas.1], notNegative: [epsilon, weightDecay])
    self.learningRate = learningRate
    self.betas = betas
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    memory = OptimizerMemory(parameters, arrays: 2)
  }

  /// Moves every parameter that has a gradient.
  public func step() {
    let settings = AdamSettings(
      learningRate: learningRate, beta1: betas.0, beta2: betas.1, epsilon: epsilon, weightDecay: weightDecay)
    memory.forEach { _, arrays, memory, step in
      adamaxStep(arrays, means: memory(0), norms: memory(1), step: step, settings)
    }
  }
}
