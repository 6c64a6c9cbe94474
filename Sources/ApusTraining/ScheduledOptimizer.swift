import ApusNN
import ApusTensor

/// An optimizer whose learning rate follows a schedule by itself, one time step for each of its steps.
///
/// Large steps find the valley, small ones its floor: at a constant rate the last steps still jump about. For a schedule that
/// goes by epochs hold a `LearningRateScheduler` beside the optimizer instead.
///
/// ```swift
/// let optimizer = ScheduledOptimizer(
///   Adam(model.parameters, learningRate: 3e-3), .linear(startFactor: 1, endFactor: 0.1, steps: 1000))
/// ```
public final class ScheduledOptimizer<Scalar: TensorScalar>: Optimizer {
  /// The optimizer that takes the steps.
  public let base: any Optimizer<Scalar>
  /// The schedule.
  public let schedule: LearningRateSchedule
  private var initialRate: Double
  private var stepsTaken = 0

  /// Lets the rate of `base` follow `schedule` from what it is.
  public init(_ base: any Optimizer<Scalar>, _ schedule: LearningRateSchedule) {
    self.base = base
    self.schedule = schedule
    initialRate = base.learningRate
  }

  /// The parameters that it moves.
  public var parameters: [Parameter<Scalar>] { base.parameters }

  /// The rate in force. Setting it sets where the schedule stands now; it goes on in proportion.
  public var learningRate: Double {
    get { schedule(stepsTaken, initial: initialRate) }
    set {
      let fraction = schedule(stepsTaken, initial: 1)
      // Where the schedule has come down to 0, nothing can be read off it.
      initialRate = fraction > 0 ? newValue / fraction : newValue
      base.learningRate = newValue
    }
  }

  /// Moves every parameter that has a gradient, at the rate in force, and goes on in time.
  public func step() {
    base.learningRate = learningRate
    base.step()
    stepsTaken += 1
  }
}

/// An optimizer that limits the norm of all gradients, taken together, before each of its steps; see `clipGradientNorm`.
public final class ClippedOptimizer<Scalar: TensorScalar>: Optimizer {
  /// The optimizer that takes the steps.
  public let base: any Optimizer<Scalar>
  /// The largest norm.
  public let maximumNorm: Double

  /// Clips the gradients of the parameters of `base`.
  ///
  /// - Precondition: The norm is not negative.
  public init(_ base: any Optimizer<Scalar>, maximumNorm: Double) {
    demand(maximumNorm >= 0, "ClippedOptimizer: the norm \(maximumNorm) is negative")
    self.base = base
    self.maximumNorm = maximumNorm
  }

  /// The parameters that it moves.
  public var parameters: [Parameter<Scalar>] { base.parameters }

  /// The rate of `base`.
  public var learningRate: Double {
    get { base.learningRate }
    set { base.learningRate = newValue }
  }

  /// Clips the gradients, and moves every parameter that has one.
  public func step() {
    clipGradientNorm(parameters.filter { !$0.isFrozen }, maximum: maximumNorm)
    base.step()
  }
}

extension OptimizerRecipe {
  /// The same optimizer with a rate that follows a schedule, a time step for each step; see `ScheduledOptimizer`.
  public func scheduled(_ schedule: LearningRateSchedule) -> OptimizerRecipe {
    OptimizerRecipe { [make] in ScheduledOptimizer(make($0), schedule) }
  }

  /// The same optimizer with the norm of the gradients limited before each step; see `clipGradientNorm`.
  public func clippingNorm(_ maximum: Double) -> OptimizerRecipe {
    OptimizerRecipe { [make] in ClippedOptimizer(make($0), maximumNorm: maximum) }
  }
}
