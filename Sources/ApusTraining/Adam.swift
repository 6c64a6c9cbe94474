import ApusCompute
import ApusNN
import ApusTensor

/// Adam (Kingma and Ba, 2015): steps of about the learning rate, whatever the size of the gradients.
///
///     g = gradient + weightDecay · parameter
///     m = β₁ m + (1 − β₁) g,  v = β₂ v + (1 − β₂) g²
///     parameter −= learningRate / (1 − β₁ᵗ) · m / (√(v / (1 − β₂ᵗ)) + epsilon)
///
/// With `amsgrad`, the largest v so far stands in the place of v.
public final class Adam<Scalar: TensorScalar>: Optimizer {
  /// The parameters that it moves.
  public var parameters: [Parameter<Scalar>] { state.parameters }
  /// The factor of a step; may be changed between steps.
  public var learningRate: Double
  /// How much of the mean gradient and of the mean square are kept from step to step.
  public var betas: (Double, Double)
  /// Added to the denominator.
  public var epsilon: Double
  /// The factor of the L2 penalty λ/2 Σ w², added to the gradient.
  public var weightDecay: Double
  private let state: AdamState<Scalar>

  /// Makes an optimizer of `parameters`, as `model.parameters`.
  ///
  /// - Precondition: There are parameters, none twice; the betas lie in 0 ..< 1; no other setting is negative.
  public init(
    _ parameters: [Parameter<Scalar>], learningRate: Double = 1e-3, betas: (Double, Double) = (0.9, 0.999),
    epsilon: Double = 1e-8, weightDecay: Double = 0, amsgrad: Bool = false
  ) {
    checkAdam("Adam", parameters, learningRate, betas, epsilon, weightDecay)
    self.learningRate = learningRate
    self.betas = betas
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    state = AdamState(parameters, amsgrad: amsgrad)
  }

  /// Moves every parameter that has a gradient.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func step() {
    state.step(
      AdamSettings(
        learningRate: learningRate, beta1: betas.0, beta2: betas.1, epsilon: epsilon, weightDecay: weightDecay))
  }
}

/// Adam with the weight decay taken off the parameter itself (Loshchilov and Hutter, 2019), so that it does not pass
/// through the adaptive denominator: before Adam's step, parameter ·= 1 − learningRate · weightDecay.
public final class AdamW<Scalar: TensorScalar>: Optimizer {
  /// The parameters that it moves.
  public var parameters: [Parameter<Scalar>] { state.parameters }
  /// The factor of a step; may be changed between steps.
  public var learningRate: Double
  /// How much of the mean gradient and of the mean square are kept from step to step.
  public var betas: (Double, Double)
  /// Added to the denominator.
  public var epsilon: Double
  /// The part of a parameter, times the learning rate, that every step takes away.
  public var weightDecay: Double
  private let state: AdamState<Scalar>

  /// Makes an optimizer of `parameters`, as `model.parameters`.
  ///
  /// - Precondition: There are parameters, none twice; the betas lie in 0 ..< 1; no other setting is negative.
  public init(
    _ parameters: [Parameter<Scalar>], learningRate: Double = 1e-3, betas: (Double, Double) = (0.9, 0.999),
    epsilon: Double = 1e-8, weightDecay: Double = 1e-2, amsgrad: Bool = false
  ) {
    checkAdam("AdamW", parameters, learningRate, betas, epsilon, weightDecay)
    self.learningRate = learningRate
    self.betas = betas
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    state = AdamState(parameters, amsgrad: amsgrad)
  }

  /// Moves every parameter that has a gradient.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func step() {
    state.step(
      AdamSettings(
        learningRate: learningRate, beta1: betas.0, beta2: betas.1, epsilon: epsilon, weightDecay: weightDecay,
        decouplesWeightDecay: true))
  }
}

/// What Adam remembers of each parameter from step to step.
final class AdamState<Scalar: TensorScalar> {
  let parameters: [Parameter<Scalar>]
  private let amsgrad: Bool
  /// m, v and, for AMSGrad, the largest v of all parameters, one after the other.
  private let memory: Tensor<Scalar>.Workspace
  /// Where each parameter's m begins; v and the largest v follow it.
  private let starts: [Int]
  /// Steps that each parameter has taken: one without a gradient does not age.
  private var steps: [Int]
  private var arrays: [AdamArrays<Scalar>] = []

  init(_ parameters: [Parameter<Scalar>], amsgrad: Bool) {
    self.parameters = parameters
    self.amsgrad = amsgrad
    var starts: [Int] = []
    var total = 0
    for parameter in parameters {
      starts.append(total)
      total += Self.room(parameter.shape.elementCount) * (amsgrad ? 3 : 2)
    }
    self.starts = starts
    memory = Tensor<Scalar>.Workspace(count: total)
    steps = Array(repeating: 0, count: parameters.count)
  }

  /// Numbers of a parameter, rounded up to whole cache lines.
  private static func room(_ count: Int) -> Int { (count + 15) / 16 * 16 }

  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func step(_ settings: AdamSettings) {
    arrays.removeAll(keepingCapacity: true)
    updateParameters(parameters) { index, values, gradient, count in
      let room = Self.room(count)
      let means = memory.pointer + starts[index]
      steps[index] += 1
      arrays.append(
        AdamArrays(
          values, gradients: gradient, means: means, squares: means + room,
          greatestSquares: amsgrad ? means + 2 * room : nil, count: count, step: steps[index]))
    } finally: {
      adamStep(arrays, settings)
    }
  }
}

private func checkAdam<Scalar>(
  _ name: String, _ parameters: [Parameter<Scalar>], _ learningRate: Double, _ betas: (Double, Double),
  _ epsilon: Double, _ weightDecay: Double
) {
  checkParameters(name, parameters, learningRate: learningRate)
  demand(
    (0..<1).contains(betas.0) && (0..<1).contains(betas.1), "\(name): the betas \(betas) must lie in 0..<1")
  demand(epsilon >= 0 && weightDecay >= 0, "\(name): epsilon \(epsilon) or weight decay \(weightDecay) < 0")
}
