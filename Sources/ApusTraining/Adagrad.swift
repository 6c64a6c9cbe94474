import ApusCompute
import ApusNN
import ApusTensor

/// Adagrad (Duchi et al. 2011): steps divided by the root of the sum of all squared gradients so far.
///
///     s += g²,  parameter −= learningRate / (1 + (t − 1) · learningRateDecay) · g / (√s + epsilon)
///
/// with g = gradient + weightDecay · parameter.
public final class Adagrad<Scalar: TensorScalar>: Optimizer {
  /// The parameters that it moves.
  public var parameters: [Parameter<Scalar>] { memory.parameters }
  /// The factor of a step; may be changed between steps.
  public var learningRate: Double
  /// How fast the learning rate falls.
  public var learningRateDecay: Double
  /// The factor of the L2 penalty λ/2 Σ w², added to the gradient.
  public var weightDecay: Double
  /// What the sum of squares begins with; read when the optimizer is made.
  public var initialAccumulator: Double
  /// Added to the denominator.
  public var epsilon: Double
  private let memory: OptimizerMemory<Scalar>

  /// Makes an optimizer of `parameters`, as `model.parameters`.
  ///
  /// - Precondition: There are parameters, none twice; decay rates lie in 0 ..< 1; no other setting is negative.
  public init(
    _ parameters: [Parameter<Scalar>], learningRate: Double = 1e-2, learningRateDecay: Double = 0,
    weightDecay: Double = 0, initialAccumulator: Double = 0, epsilon: Double = 1e-10
  ) {
    checkAdaptive(
      "Adagrad", parameters, learningRate, decayRates: [],
      notNegative: [learningRateDecay, weightDecay, initialAccumulator, epsilon])
    self.learningRate = learningRate
    self.learningRateDecay = learningRateDecay
    self.weightDecay = weightDecay
    self.initialAccumulator = initialAccumulator
    self.epsilon = epsilon
    memory = OptimizerMemory(parameters, arrays: 1, initialValue: Scalar(initialAccumulator))
  }

  /// Moves every parameter that has a gradient.
  public func step() {
    memory.forEach { _, arrays, memory, step in
      adagradStep(
        arrays, sums: memory(0), learningRate: learningRate / (1 + Double(step - 1) * learningRateDecay),
        epsilon: epsilon, weightDecay: weightDecay)
    }
  }
}
