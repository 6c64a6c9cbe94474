/// The updates of optimizers.
protocol OptimizerKernels<Scalar>: SendableMetatype {
  associatedtype Scalar

  static func sgdStep(
    _ w: UnsafeMutablePointer<Scalar>, _ g: UnsafePointer<Scalar>, _ count: Int, rate: Scalar, decay: Scalar)

  static func sgdMomentumStep(
    _ w: UnsafeMutablePointer<Scalar>, _ g: UnsafePointer<Scalar>, _ v: UnsafeMutablePointer<Scalar>, _ count: Int,
    isFirst: Bool, rate: Scalar, decay: Scalar, momentum: Scalar, fresh: Scalar, direct: Scalar, carried: Scalar)

  static func adamStep(
    _ w: UnsafeMutablePointer<Scalar>, _ g: UnsafePointer<Scalar>, _ m: UnsafeMutablePointer<Scalar>,
    _ v: UnsafeMutablePointer<Scalar>, _ greatest: UnsafeMutablePointer<Scalar>?, _ count: Int,
    _ constants: UnsafePointer<Scalar>)
}

/// The constants of one step of stochastic gradient descent, as PyTorch's SGD names them.
public struct SGDSettings: Hashable, Sendable {
  /// Factor of the step.
  public var learningRate: Double
  /// Factor of the velocity kept from the step before; 0 for none.
  public var momentum: Double
  /// Part of the gradient that does not enter the velocity.
  public var dampening: Double
  /// Factor of the parameter that is added to its gradient (L2 penalty).
  public var weightDecay: Double
  /// Whether to look ahead along the velocity (Nesterov).
  public var nesterov: Bool

  /// Settings of a step.
  public init(
    learningRate: Double, momentum: Double = 0, dampening: Double = 0, weightDecay: Double = 0, nesterov: Bool = false
  ) {
    self.learningRate = learningRate
    self.momentum = momentum
    self.dampening = dampening
    self.weightDecay = weightDecay
    self.nesterov = nesterov
  }
}

/// One step of stochastic gradient descent on `count` parameters, in one pass over memory.
///
///     d = gradient + weightDecay · parameter
///     velocity = momentum · velocity + (1 − dampening) · d          (the first time: velocity = d)
///     parameter −= learningRate · (nesterov ? d + momentum · velocity : velocity)
///
/// Without momentum, parameter −= learningRate · d.
///
/// - Parameters:
///   - parameters: Read and updated.
///   - gradients: The gradient of the objective with respect to them.
///   - velocities: State, updated; nil exactly when `settings.momentum` is 0.
///   - count: How many.
///   - isFirst: Whether this is the first step: the velocities are then not read.
///   - settings: The constants.
@specialized(where T == Float)
@specialized(where T == Double)
public func sgdStep<T: ComputeScalar>(
  _ parameters: UnsafeMutablePointer<T>, gradients: UnsafePointer<T>, velocities: UnsafeMutablePointer<T>?, count: Int,
  isFirst: Bool, _ settings: SGDSettings
) {
  let s = settings
  let (rate, decay) = (T(s.learningRate), T(s.weightDecay))
  guard let velocities else {
    return forEachChunk(count) { start, length in
      kernels(T.self).sgdStep(parameters + start, gradients + start, length, rate: rate, decay: decay)
    }
  }
  forEachChunk(count) { start, length in
    kernels(T.self).sgdMomentumStep(
      parameters + start, gradients + start, velocities + start, length, isFirst: isFirst, rate: rate, decay: decay,
      momentum: T(s.momentum), fresh: T(1 - s.dampening), direct: s.nesterov ? 1 : 0,
      carried: s.nesterov ? T(s.momentum) : 1)
  }
}

/// The constants of one step of Adam or AdamW, as PyTorch names them.
public struct AdamSettings: Hashable, Sendable {
  /// Factor of the step.
  public var learningRate: Double
  /// How much of the mean gradient is kept from step to step.
  public var beta1: Double
  /// How much of the mean squared gradient is kept from step to step.
  public var beta2: Double
  /// Added to the denominator.
  public var epsilon: Double
  /// Factor of the penalty.
  public var weightDecay: Double
  /// Whether the penalty shrinks the parameters directly (AdamW) or is added to the gradient (Adam).
  public var decouplesWeightDecay: Bool

  /// Settings of a step.
  public init(
    learningRate: Double, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8, weightDecay: Double = 0,
    decouplesWeightDecay: Bool = false
  ) {
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    self.decouplesWeightDecay = decouplesWeightDecay
  }
}

/// One step of Adam or AdamW on `count` parameters, in one pass over memory.
///
///     g = gradient + weightDecay · parameter          (AdamW instead: parameter ·= 1 − learningRate · weightDecay)
///     m = beta1 · m + (1 − beta1) · g
///     v = beta2 · v + (1 − beta2) · g²
///     parameter −= learningRate / (1 − beta1ᵗ) · m / (√(v / (1 − beta2ᵗ)) + epsilon)
///
/// With `greatestSquares` (AMSGrad), the largest v so far stands in the denominator instead of v.
///
/// - Parameters:
///   - parameters: Read and updated.
///   - gradients: The gradient of the objective with respect to them.
///   - means: State m, updated; zeros before the first step.
///   - squares: State v, updated; zeros before the first step.
///   - greatestSquares: State of AMSGrad, updated; zeros before the first step. nil for plain Adam.
///   - count: How many.
///   - step: The number t of this step, from 1.
///   - settings: The constants.
@specialized(where T == Float)
@specialized(where T == Double)
public func adamStep<T: ComputeScalar>(
  _ parameters: UnsafeMutablePointer<T>, gradients: UnsafePointer<T>, means: UnsafeMutablePointer<T>,
  squares: UnsafeMutablePointer<T>, greatestSquares: UnsafeMutablePointer<T>?, count: Int, step: Int,
  _ settings: AdamSettings
) {
  let s = settings
  let correction1 = 1 - integerPower(s.beta1, step)
  let correction2 = 1 - integerPower(s.beta2, step)
  withUnsafeTemporaryAllocation(of: T.self, capacity: 9) { constants in
    constants[0] = s.decouplesWeightDecay ? 0 : T(s.weightDecay)
    constants[1] = s.decouplesWeightDecay ? T(1 - s.learningRate * s.weightDecay) : 1
    constants[2] = T(s.beta1)
    constants[3] = T(1 - s.beta1)
    constants[4] = T(s.beta2)
    constants[5] = T(1 - s.beta2)
    constants[6] = T(s.learningRate / correction1)
    constants[7] = T(1 / correction2.squareRoot())
    constants[8] = T(s.epsilon)
    let address = UnsafePointer(constants.baseAddress!)
    forEachChunk(count) { start, length in
      kernels(T.self).adamStep(
        parameters + start, gradients + start, means + start, squares + start, greatestSquares.map { $0 + start },
        length, address)
    }
  }
}

/// base to a whole power ≥ 0, by squaring.
func integerPower(_ base: Double, _ exponent: Int) -> Double {
  var result = 1.0
  var factor = base
  var rest = exponent
  while rest > 0 {
    if rest & 1 == 1 { result *= factor }
    factor *= factor
    rest >>= 1
  }
  return result
}
