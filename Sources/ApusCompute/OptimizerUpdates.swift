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

/// An array of parameters with what one step of stochastic gradient descent needs beside it.
public struct SGDArrays<T: ComputeScalar> {
  /// Read and updated.
  public var parameters: UnsafeMutablePointer<T>
  /// The gradient of the objective with respect to them.
  public var gradients: UnsafePointer<T>
  /// State, updated; nil exactly when the momentum is 0.
  public var velocities: UnsafeMutablePointer<T>?
  /// How many.
  public var count: Int
  /// Whether this is the first step: the velocities are then not read.
  public var isFirst: Bool

  /// An array of parameters.
  public init(
    _ parameters: UnsafeMutablePointer<T>, gradients: UnsafePointer<T>, velocities: UnsafeMutablePointer<T>?,
    count: Int, isFirst: Bool
  ) {
    self.parameters = parameters
    self.gradients = gradients
    self.velocities = velocities
    self.count = count
    self.isFirst = isFirst
  }
}

/// One step of stochastic gradient descent on all parameters of a model, in one pass over memory that the team shares.
///
///     d = gradient + weightDecay · parameter
///     velocity = momentum · velocity + (1 − dampening) · d          (the first time: velocity = d)
///     parameter −= learningRate · (nesterov ? d + momentum · velocity : velocity)
///
/// Without momentum, parameter −= learningRate · d.
///
/// - Parameters:
///   - arrays: The parameters.
///   - settings: The constants.
@specialized(where T == Float)
@specialized(where T == Double)
public func sgdStep<T: ComputeScalar>(_ arrays: [SGDArrays<T>], _ settings: SGDSettings) {
  let s = settings
  let (rate, decay, momentum, fresh) = (T(s.learningRate), T(s.weightDecay), T(s.momentum), T(1 - s.dampening))
  let (direct, carried): (T, T) = s.nesterov ? (1, momentum) : (0, 1)
  let table = kernels(T.self)
  forEachPart(of: arrays.map { $0.count }) { index, start, length in
    let array = arrays[index]
    if let velocities = array.velocities {
      table.sgdMomentumStep(
        array.parameters + start, array.gradients + start, velocities + start, length, isFirst: array.isFirst,
        rate: rate, decay: decay, momentum: momentum, fresh: fresh, direct: direct, carried: carried)
    } else {
      table.sgdStep(array.parameters + start, array.gradients + start, length, rate: rate, decay: decay)
    }
  }
}

/// Runs arrays of the given lengths in one fork of the team.
///
/// One part a thread, and the caller always takes the first: from step to step the same numbers meet the same core, in
/// whose cache they still are. What is computed for a number does not depend on the cut.
@inline(__always)
private func forEachPart(
  of counts: [Int], _ body: (_ array: Int, _ start: Int, _ length: Int) -> Void
) {
  let total = counts.reduce(0, +)
  let parts = max(1, min(Threads.count, total / 8192))
  let size = roundUp((total + parts - 1) / parts, 64)
  parallelFor(parts) { part in
    let (low, high) = (part * size, min((part + 1) * size, total))
    var first = 0
    for array in counts.indices {
      let (start, end) = (max(low, first), min(high, first + counts[array]))
      if start < end { body(array, start - first, end - start) }
      first += counts[array]
    }
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

/// An array of parameters with what one step of Adam needs beside it.
public struct AdamArrays<T: ComputeScalar> {
  /// Read and updated.
  public var parameters: UnsafeMutablePointer<T>
  /// The gradient of the objective with respect to them.
  public var gradients: UnsafePointer<T>
  /// State m, updated; zeros before the first step.
  public var means: UnsafeMutablePointer<T>
  /// State v, updated; zeros before the first step.
  public var squares: UnsafeMutablePointer<T>
  /// State of AMSGrad, updated; zeros before the first step. nil for plain Adam.
  public var greatestSquares: UnsafeMutablePointer<T>?
  /// How many.
  public var count: Int
  /// The number t of this step, from 1.
  public var step: Int

  /// An array of parameters.
  public init(
    _ parameters: UnsafeMutablePointer<T>, gradients: UnsafePointer<T>, means: UnsafeMutablePointer<T>,
    squares: UnsafeMutablePointer<T>, greatestSquares: UnsafeMutablePointer<T>?, count: Int, step: Int
  ) {
    self.parameters = parameters
    self.gradients = gradients
    self.means = means
    self.squares = squares
    self.greatestSquares = greatestSquares
    self.count = count
    self.step = step
  }
}

/// One step of Adam or AdamW on all parameters of a model, in one pass over memory that the team shares.
///
///     g = gradient + weightDecay · parameter          (AdamW instead: parameter ·= 1 − learningRate · weightDecay)
///     m = beta1 · m + (1 − beta1) · g
///     v = beta2 · v + (1 − beta2) · g²
///     parameter −= learningRate / (1 − beta1ᵗ) · m / (√(v / (1 − beta2ᵗ)) + epsilon)
///
/// With `greatestSquares` (AMSGrad), the largest v so far stands in the denominator instead of v. An m below the smallest
/// normal number becomes 0.
///
/// - Parameters:
///   - arrays: The parameters.
///   - settings: The constants.
@specialized(where T == Float)
@specialized(where T == Double)
public func adamStep<T: ComputeScalar>(_ arrays: [AdamArrays<T>], _ settings: AdamSettings) {
  let s = settings
  let table = kernels(T.self)
  withUnsafeTemporaryAllocation(of: T.self, capacity: 9 * max(arrays.count, 1)) { constants in
    for (index, array) in arrays.enumerated() {
      let correction1 = 1 - integerPower(s.beta1, array.step)
      let correction2 = 1 - integerPower(s.beta2, array.step)
      let own = constants.baseAddress! + 9 * index
      own[0] = s.decouplesWeightDecay ? 0 : T(s.weightDecay)
      own[1] = s.decouplesWeightDecay ? T(1 - s.learningRate * s.weightDecay) : 1
      own[2] = T(s.beta1)
      own[3] = T(1 - s.beta1)
      own[4] = T(s.beta2)
      own[5] = T(1 - s.beta2)
      own[6] = T(s.learningRate / correction1)
      own[7] = T(1 / correction2.squareRoot())
      own[8] = T(s.epsilon)
    }
    let address = UnsafePointer(constants.baseAddress!)
    forEachPart(of: arrays.map { $0.count }) { index, start, length in
      let array = arrays[index]
      table.adamStep(
        array.parameters + start, array.gradients + start, array.means + start, array.squares + start,
        array.greatestSquares.map { $0 + start }, length, address + 9 * index)
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
