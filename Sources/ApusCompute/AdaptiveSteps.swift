/// The updates of the less common optimizers.
protocol AdaptiveStepKernels<Scalar>: SendableMetatype {
  associatedtype Scalar

  static func rmspropStep(
    _ w: UnsafeMutablePointer<Scalar>, _ g: UnsafePointer<Scalar>, _ square: UnsafeMutablePointer<Scalar>,
    _ mean: UnsafeMutablePointer<Scalar>?, _ velocity: UnsafeMutablePointer<Scalar>?, _ count: Int,
    _ c: UnsafePointer<Scalar>)

  static func adagradStep(
    _ w: UnsafeMutablePointer<Scalar>, _ g: UnsafePointer<Scalar>, _ sum: UnsafeMutablePointer<Scalar>, _ count: Int,
    _ c: UnsafePointer<Scalar>)

  static func adadeltaStep(
    _ w: UnsafeMutablePointer<Scalar>, _ g: UnsafePointer<Scalar>, _ square: UnsafeMutablePointer<Scalar>,
    _ stepSquare: UnsafeMutablePointer<Scalar>, _ count: Int, _ c: UnsafePointer<Scalar>)

  static func adamaxStep(
    _ w: UnsafeMutablePointer<Scalar>, _ g: UnsafePointer<Scalar>, _ m: UnsafeMutablePointer<Scalar>,
    _ norm: UnsafeMutablePointer<Scalar>, _ count: Int, _ c: UnsafePointer<Scalar>)

  static func momentStep(
    _ w: UnsafeMutablePointer<Scalar>, _ g: UnsafePointer<Scalar>, _ m: UnsafeMutablePointer<Scalar>,
    _ v: UnsafeMutablePointer<Scalar>, _ count: Int, _ c: UnsafePointer<Scalar>)

  static func lionStep(
    _ w: UnsafeMutablePointer<Scalar>, _ g: UnsafePointer<Scalar>, _ m: UnsafeMutablePointer<Scalar>, _ count: Int,
    _ c: UnsafePointer<Scalar>)
}

/// The arrays of one optimizer step: `count` parameters, their gradients, and what the optimizer remembers of each.
public struct StepArrays<Scalar: ComputeScalar> {
  /// Read and updated.
  public var parameters: UnsafeMutablePointer<Scalar>
  /// The gradient of the objective with respect to them.
  public var gradients: UnsafePointer<Scalar>
  /// How many.
  public var count: Int

  /// Arrays of `count` numbers.
  public init(parameters: UnsafeMutablePointer<Scalar>, gradients: UnsafePointer<Scalar>, count: Int) {
    self.parameters = parameters
    self.gradients = gradients
    self.count = count
  }

  /// Calls `body` with the constants in the scalar type, and every chunk's kernels and start and length.
  @inline(__always)
  fileprivate func forEachPart(
    _ constants: InlineArray<10, Double>,
    _ body: (_ table: any Kernels<Scalar>.Type, _ start: Int, _ length: Int, _ c: UnsafePointer<Scalar>) -> Void
  ) {
    withUnsafeTemporaryAllocation(of: Scalar.self, capacity: 10) { buffer in
      for i in 0..<10 { buffer[i] = Scalar(constants[i]) }
      let c = UnsafePointer(buffer.baseAddress!)
      forEachChunk(count) { body(kernels(Scalar.self), $0, $1, c) }
    }
  }
}

/// One step of RMSprop (Hinton 2012), as PyTorch has it.
///
///     g = gradient + weightDecay · parameter
///     v = alpha · v + (1 − alpha) · g²
///     step = g / (√v + epsilon)               (centred: √(v − a²), with a = alpha · a + (1 − alpha) · g)
///     parameter −= learningRate · step        (with momentum: b = momentum · b + step in the place of step)
///
/// - Parameters:
///   - arrays: Parameters and gradients.
///   - squares: State v, updated; zeros before the first step.
///   - means: State a, updated; nil for the plain rule.
///   - velocities: State b, updated; nil without momentum.
@specialized(where T == Float)
@specialized(where T == Double)
public func rmspropStep<T: ComputeScalar>(
  _ arrays: StepArrays<T>, squares: UnsafeMutablePointer<T>, means: UnsafeMutablePointer<T>?,
  velocities: UnsafeMutablePointer<T>?, learningRate: Double, alpha: Double, epsilon: Double, weightDecay: Double,
  momentum: Double
) {
  arrays.forEachPart([weightDecay, alpha, 1 - alpha, momentum, learningRate, epsilon, 0, 0, 0, 0]) {
    table, start, length, c in
    table.rmspropStep(
      arrays.parameters + start, arrays.gradients + start, squares + start, means.map { $0 + start },
      velocities.map { $0 + start }, length, c)
  }
}

/// One step of Adagrad (Duchi et al. 2011): s += g²; parameter −= learningRate · g / (√s + epsilon).
///
/// - Parameters:
///   - arrays: Parameters and gradients.
///   - sums: State s, updated.
///   - learningRate: The rate of this step, its decay included.
@specialized(where T == Float)
@specialized(where T == Double)
public func adagradStep<T: ComputeScalar>(
  _ arrays: StepArrays<T>, sums: UnsafeMutablePointer<T>, learningRate: Double, epsilon: Double, weightDecay: Double
) {
  arrays.forEachPart([weightDecay, learningRate, epsilon, 0, 0, 0, 0, 0, 0, 0]) { table, start, length, c in
    table.adagradStep(arrays.parameters + start, arrays.gradients + start, sums + start, length, c)
  }
}

/// One step of Adadelta (Zeiler 2012).
///
///     v = rho · v + (1 − rho) · g²
///     step = √(u + epsilon) / √(v + epsilon) · g
///     u = rho · u + (1 − rho) · step²
///     parameter −= learningRate · step
///
/// - Parameters:
///   - arrays: Parameters and gradients.
///   - squares: State v, updated; zeros before the first step.
///   - stepSquares: State u, updated; zeros before the first step.
@specialized(where T == Float)
@specialized(where T == Double)
public func adadeltaStep<T: ComputeScalar>(
  _ arrays: StepArrays<T>, squares: UnsafeMutablePointer<T>, stepSquares: UnsafeMutablePointer<T>, learningRate: Double,
  rho: Double, epsilon: Double, weightDecay: Double
) {
  arrays.forEachPart([weightDecay, rho, 1 - rho, learningRate, epsilon, 0, 0, 0, 0, 0]) { table, start, length, c in
    table.adadeltaStep(
      arrays.parameters + start, arrays.gradients + start, squares + start, stepSquares + start, length, c)
  }
}

/// One step of Adamax (Kingma and Ba 2015): Adam with the largest gradient in the place of the mean square.
///
///     m = beta1 · m + (1 − beta1) · g
///     u = max(beta2 · u, |g| + epsilon)
///     parameter −= learningRate / (1 − beta1ᵗ) · m / u
///
/// - Parameters:
///   - arrays: Parameters and gradients.
///   - means: State m, updated; zeros before the first step.
///   - norms: State u, updated; zeros before the first step.
///   - step: The number t of this step, from 1.
///   - settings: The constants.
@specialized(where T == Float)
@specialized(where T == Double)
public func adamaxStep<T: ComputeScalar>(
  _ arrays: StepArrays<T>, means: UnsafeMutablePointer<T>, norms: UnsafeMutablePointer<T>, step: Int,
  _ settings: AdamSettings
) {
  let s = settings
  let rate = s.learningRate / (1 - integerPower(s.beta1, step))
  arrays.forEachPart([s.weightDecay, s.beta1, 1 - s.beta1, s.beta2, rate, s.epsilon, 0, 0, 0, 0]) {
    table, start, length, c in
    table.adamaxStep(arrays.parameters + start, arrays.gradients + start, means + start, norms + start, length, c)
  }
}

/// The factors that tell NAdam and RAdam apart: parameter −= (direct · g + rate · m) / (√v · scale + epsilon).
public struct MomentStep: Hashable, Sendable {
  /// The factor of the gradient.
  public var direct: Double
  /// The factor of the mean gradient.
  public var rate: Double
  /// The factor of the root of the mean square.
  public var scale: Double
  /// Added to the denominator.
  public var epsilon: Double

  /// Factors of a step.
  public init(direct: Double, rate: Double, scale: Double, epsilon: Double) {
    self.direct = direct
    self.rate = rate
    self.scale = scale
    self.epsilon = epsilon
  }
}

/// One step of NAdam or RAdam, which differ from Adam in the factors of the last line only.
///
///     g = gradient + weightDecay · parameter          (decoupled: parameter ·= 1 − learningRate · weightDecay)
///     m = beta1 · m + (1 − beta1) · g
///     v = beta2 · v + (1 − beta2) · g²
///     parameter −= (direct · g + rate · m) / (√v · scale + epsilon)
///
/// - Parameters:
///   - arrays: Parameters and gradients.
///   - means: State m, updated; zeros before the first step.
///   - squares: State v, updated; zeros before the first step.
///   - settings: The constants, of which `epsilon` is not used.
///   - step: The factors of this step.
@specialized(where T == Float)
@specialized(where T == Double)
public func momentStep<T: ComputeScalar>(
  _ arrays: StepArrays<T>, means: UnsafeMutablePointer<T>, squares: UnsafeMutablePointer<T>, _ settings: AdamSettings,
  _ step: MomentStep
) {
  let s = settings
  let shrink = s.decouplesWeightDecay ? 1 - s.learningRate * s.weightDecay : 1
  arrays.forEachPart([
    s.decouplesWeightDecay ? 0 : s.weightDecay, shrink, s.beta1, 1 - s.beta1, s.beta2, 1 - s.beta2, step.direct,
    step.rate, step.scale, step.epsilon,
  ]) { table, start, length, c in
    table.momentStep(arrays.parameters + start, arrays.gradients + start, means + start, squares + start, length, c)
  }
}

/// One step of Lion (Chen et al. 2023), whose steps all have the size of the learning rate.
///
///     parameter ·= 1 − learningRate · weightDecay
///     parameter −= learningRate · sign(beta1 · m + (1 − beta1) · gradient)
///     m = beta2 · m + (1 − beta2) · gradient
///
/// - Parameters:
///   - arrays: Parameters and gradients.
///   - means: State m, updated; zeros before the first step.
@specialized(where T == Float)
@specialized(where T == Double)
public func lionStep<T: ComputeScalar>(
  _ arrays: StepArrays<T>, means: UnsafeMutablePointer<T>, learningRate: Double, betas: (Double, Double),
  weightDecay: Double
) {
  arrays.forEachPart([
    1 - learningRate * weightDecay, betas.0, 1 - betas.0, betas.1, 1 - betas.1, learningRate, 0, 0, 0, 0,
  ]) { table, start, length, c in
    table.lionStep(arrays.parameters + start, arrays.gradients + start, means + start, length, c)
  }
}
