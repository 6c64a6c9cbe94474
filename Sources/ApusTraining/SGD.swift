import ApusCompute
import ApusNN
import ApusTensor

/// Stochastic gradient descent, with PyTorch's momentum.
///
///     d = gradient + weightDecay · parameter
///     velocity = momentum · velocity + (1 − dampening) · d          (the first time: velocity = d)
///     parameter −= learningRate · (nesterov ? d + momentum · velocity : velocity)
public final class SGD<Scalar: TensorScalar>: Optimizer {
  /// The parameters that it moves.
  public let parameters: [Parameter<Scalar>]
  /// The factor of a step; may be changed between steps.
  public var learningRate: Double
  /// How much of the velocity is kept from step to step.
  public var momentum: Double
  /// The part of the gradient that does not enter the velocity.
  public var dampening: Double
  /// The factor of the L2 penalty λ/2 Σ w², added to the gradient.
  public var weightDecay: Double
  /// Whether to look ahead along the velocity.
  public var nesterov: Bool

  /// The velocities, nil until a parameter's first step with momentum.
  private var velocities: [Tensor<Scalar>.Workspace?]
  private var arrays: [SGDArrays<Scalar>] = []

  /// Makes an optimizer of `parameters`, as `model.parameters`.
  ///
  /// - Precondition: There are parameters, none twice; no setting is negative; Nesterov's rule has momentum and no
  ///   dampening.
  public init(
    _ parameters: [Parameter<Scalar>], learningRate: Double, momentum: Double = 0, dampening: Double = 0,
    weightDecay: Double = 0, nesterov: Bool = false
  ) {
    checkParameters("SGD", parameters, learningRate: learningRate)
    demand(momentum >= 0 && weightDecay >= 0, "SGD: momentum \(momentum) or weight decay \(weightDecay) < 0")
    demand(!nesterov || (momentum > 0 && dampening == 0), "SGD: Nesterov needs momentum and no dampening")
    self.parameters = parameters
    self.learningRate = learningRate
    self.momentum = momentum
    self.dampening = dampening
    self.weightDecay = weightDecay
    self.nesterov = nesterov
    velocities = Array(repeating: nil, count: parameters.count)
  }

  /// Moves every parameter that has a gradient.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func step() {
    let settings = SGDSettings(
      learningRate: learningRate, momentum: momentum, dampening: dampening, weightDecay: weightDecay,
      nesterov: nesterov)
    arrays.removeAll(keepingCapacity: true)
    updateParameters(parameters) { index, values, gradient, count in
      let isFirst = momentum != 0 && velocities[index] == nil
      if isFirst { velocities[index] = Tensor<Scalar>.Workspace(count: count) }
      arrays.append(
        SGDArrays(
          values, gradients: gradient, velocities: momentum == 0 ? nil : velocities[index]?.pointer, count: count,
          isFirst: isFirst))
    } finally: {
      sgdStep(arrays, settings)
    }
  }
}
