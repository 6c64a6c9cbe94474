import ApusCompute
import ApusNN
import ApusTensor

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// RAdam (Liu et al. 2020): Adam without adaptive steps while too few gradients were seen to know their mean square.
///
///     ρ = ρ∞ − 2 t β₂ᵗ / (1 − β₂ᵗ),  ρ∞ = 2 / (1 − β₂) − 1
///     parameter −= learningRate / (1 − β₁ᵗ) · m · r · √(1 − β₂ᵗ) / (√v + epsilon)      where ρ > 5,
///     parameter −= learningRate / (1 − β₁ᵗ) · m                                        before,
///     r² = (ρ − 4) (ρ − 2) ρ∞ / ((ρ∞ − 4) (ρ∞ − 2) ρ)
///
/// with m and v as in Adam.
public final class RAdam<Scalar: TensorScalar>: Optimizer {
  /// The parameters that it moves.
  public var parameters: [Parameter<Scalar>] { memory.parameters }
  /// The factor of a step; may be changed between steps.
  public var learningRate: Double
  /// How much of the mean gradient and of the mean square are kept from step to step.
  public var betas: (Double, Double)
  /// Added to the denominator.
  public var epsilon: Double
  /// The factor of the L2 penalty λ/2 Σ w², or of what is taken off the parameter itself.
  public var weightDecay: Double
  /// Whether the penalty shrinks the parameters directly, as in AdamW.
  public var decoupledWeightDecay: Bool
  private let memory: OptimizerMemory<Scalar>

  /// Makes an optimizer of `parameters`, as `model.parameters`.
  ///
  /// - Precondition: There are parameters, none twice; decay rates lie in 0 ..< 1; no other setting is negative.
  public init(
    _ parameters: [Parameter<Scalar>], learningRate: Double = 1e-3, betas: (Double, Double) = (0.9, 0.999),
    epsilon: Double = 1e-8, weightDecay: Double = 0, decoupledWeightDecay: Bool = false
  ) {
    checkAdaptive(
      "RAdam", parameters, learningRate, decayRates: [betas.0, betas.1], notNegative: [epsilon, weightDecay])
    self.learningRate = learningRate
    self.betas = betas
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    self.decoupledWeightDecay = decoupledWeightDecay
    memory = OptimizerMemory(parameters, arrays: 2)
  }

  /// Moves every parameter that has a gradient.
  public func step() {
    let settings = AdamSettings(
      learningRate: learningRate, beta1: betas.0, beta2: betas.1, epsilon: epsilon, weightDecay: weightDecay,
      decouplesWeightDecay: decoupledWeightDecay)
    memory.forEach { _, arrays, memory, step in
      momentStep(arrays, means: memory(0), squares: memory(1), settings, factors(step))
    }
  }

  private func factors(_ step: Int) -> MomentStep {
    let rate = learningRate / (1 - pow(betas.0, Double(step)))
    let power = pow(betas.1, Double(step))
    let limit = 2 / (1 - betas.1) - 1
    let length = limit - 2 * Double(step) * power / (1 - power)
    // Without the root in the denominator: √v · 0 + 1.
    guard length > 5 else { return MomentStep(direct: 0, rate: rate, scale: 0, epsilon: 1) }
    let square = (length - 4) * (length - 2) * limit / ((limit - 4) * (limit - 2) * length)
    return MomentStep(
      direct: 0, rate: rate * (square * (1 - power)).squareRoot(), scale: 1, epsilon: epsilon)
  }
}
