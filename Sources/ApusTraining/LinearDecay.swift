import ApusNN
import ApusTensor

/// An optimizer whose learning rate falls in a straight line while it runs, and then stays.
///
/// Large steps find the valley, small ones its floor: at a constant rate the last steps still jump about.
///
/// ```swift
/// let optimizer = LinearDecay(of: Adam(model.parameters, learningRate: 3e-3), to: 0.1, steps: 1000)
/// ```
public final class LinearDecay<Scalar: TensorScalar>: Optimizer {
  /// The optimizer that takes the steps.
  public let base: any Optimizer<Scalar>
  /// The part of the first rate that is left at the end.
  public let finalFraction: Double
  /// Steps until then.
  public let stepCount: Int
  private var initialRate: Double
  private var stepsTaken = 0

  /// Lets the rate of `base` fall to `finalFraction` of what it is, within `steps` steps.
  ///
  /// - Precondition: The fraction lies in 0 … 1, and there is at least one step.
  public init(of base: any Optimizer<Scalar>, to finalFraction: Double, steps: Int) {
    demand((0...1).contains(finalFraction), "LinearDecay: the fraction \(finalFraction) is not in 0...1")
    demand(steps > 0, "LinearDecay: \(steps) steps")
    self.base = base
    self.finalFraction = finalFraction
    stepCount = steps
    initialRate = base.learningRate
  }

  /// The parameters that it moves.
  public var parameters: [Parameter<Scalar>] { base.parameters }

  /// The rate in force. Setting it sets where the line stands now; it goes on falling in proportion.
  public var learningRate: Double {
    get { initialRate * fraction }
    set {
      // Where the line has come down to 0, nothing can be read off it.
      initialRate = fraction > 0 ? newValue / fraction : newValue
      base.learningRate = newValue
    }
  }

  /// Moves every parameter that has a gradient, at the rate in force, and lowers it.
  public func step() {
    base.learningRate = learningRate
    base.step()
    stepsTaken += 1
  }

  private var fraction: Double {
    1 - (1 - finalFraction) * Double(min(stepsTaken, stepCount)) / Double(stepCount)
  }
}

extension OptimizerRecipe {
  /// The same optimizer with a rate that falls to `finalFraction` of the first within `steps` steps; see `LinearDecay`.
  public func decaying(to finalFraction: Double, steps: Int) -> OptimizerRecipe {
    OptimizerRecipe { [make] in LinearDecay(of: make($0), to: finalFraction, steps: steps) }
  }
}
