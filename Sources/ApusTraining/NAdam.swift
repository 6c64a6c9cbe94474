import ApusCompute
import ApusNN
import ApusTensor

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// NAdam (Dozat 2016): Adam that looks ahead along the mean gradient, as Nesterov's momentum does.
///
///     μₜ = β₁ (1 − ½ · 0.96^(t · momentumDecay)),  p = Π μ
///     parameter −= learningRate · ((1 − μₜ) / (1 − p) · g + μₜ₊₁ / (1 − p μₜ₊₁) · m) / (√(v / (1 − β₂ᵗ)) + epsilon)
///
/// with g, m and v as in Adam.
public final class NAdam<Scalar: TensorScalar>: Optimizer {
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
  /// How fast the momentum comes to β₁.
  public var momentumDecay: Double
  /// Whether the penalty shrinks the parameters directly, as in AdamW.
  public var decoupledWeightDecay: Bool
  private let memory: OptimizerMemory<Scalar>
  /// Π μ of each parameter.
  private var momentumProducts: [Double]

  /// Makes an optimizer of `parameters`, as `model.parameters`.
  ///
  /// - Precondition: There are parameters, none twice; decay rates lie in 0 ..< 1; no other setting is negative.
  public init(
    _ parameters: [Parameter<Scalar>], learningRate: Double = 2e-3, betas: (Double, Double) = (0.9, 0.999),
    epsilon: Double = 1e-8, weightDecay: Double = 0, momentumDecay: Double = 4e-3, decoupledWeightDecay: Bool = false
  ) {
    checkAdaptive(
      "NAdam", parameters, learningRate, decayRates: [betas.0, betas.1],
      notNegative: [epsilon, weightDecay, momentumDecay])
    self.learningRate = learningRate
    self.betas = betas
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    self.momentumDecay = momentumDecay
    self.decoupledWeightDecay = decoupledWeightDecay
    memory = OptimizerMemory(parameters, arrays: 2)
    momentumProducts = Array(repeating: 1, count: parameters.count)
  }

  /// Moves every parameter that has a gradient.
  public func step() {
    let settings = AdamSettings(
      learningRate: learningRate, beta1: betas.0, beta2: betas.1, epsilon: epsilon, weightDecay: weightDecay,
      decouplesWeightDecay: decoupledWeightDecay)
    memory.forEach { index, arrays, memory, step in
      let now = momentum(step)
      let next = momentum(step + 1)
      momentumProducts[index] *= now
      let product = momentumProducts[index]
      momentStep(
        arrays, means: memory(0), squares: memory(1), settings,
        MomentStep(
          direct: learningRate * (1 - now) / (1 - product), rate: learningRate * next / (1 - product * next),
          scale: 1 / (1 - pow(betas.1, Double(step))).squareRoot(), epsilon: epsilon))
    }
  }

  private func momentum(_ step: Int) -> Double {
    betas.0 * (1 - 0.5 * pow(0.96, Double(step) * momentumDecay))
  }
}
