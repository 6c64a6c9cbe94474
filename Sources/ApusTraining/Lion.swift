import ApusCompute
import ApusNN
import ApusTensor

/// Lion (Chen et al. 2023): steps of the size of the learning rate, in the direction of the sign of a mean gradient. It wants a
/// smaller learning rate and a larger weight decay than AdamW.
///
///     parameter ·= 1 − learningRate · weightDecay
///     parameter −= learningRate · sign(β₁ m + (1 − β₁) gradient)
///     m = β₂ m + (1 − β₂) gradient
public final class Lion<Scalar: TensorScalar>: Optimizer {
  /// The parameters that it moves.
  public var parameters: [Parameter<Scalar>] { memory.parameters }
  /// The factor of a step; may be changed between steps.
  public var learningRate: Double
  /// How much of the mean gradient enters a step, and how much is kept.
  public var betas: (Double, Double)
  /// The part of a parameter, times the learning rate, that every step takes away.
  public var weightDecay: Double
  private let memory: OptimizerMemory<Scalar>

  /// Makes an optimizer of `parameters`, as `model.parameters`.
  ///
  /// - Precondition: There are parameters, none twice; decay rates lie in 0 ..< 1; no other setting is negative.
  public init(
    _ parameters: [Parameter<Scalar>], learningRate: Double = 1e-4, betas: (Double, Double) = (0.9, 0.99),
    weightDecay: Double = 0
  ) {
    checkAdaptive("Lion", parameters, learningRate, decayRates: [betas.0, betas.1], notNegative: [weightDecay])
    self.learningRate = learningRate
    self.betas = betas
    self.weightDecay = weightDecay
    memory = OptimizerMemory(parameters, arrays: 1)
  }

  /// Moves every parameter that has a gradient.
  public func step() {
    memory.forEach { _, arrays, memory, _ in
      lionStep(arrays, means: memory(0), learningRate: learningRate, betas: betas, weightDecay: weightDecay)
    }
  }
}
