import ApusNN
import ApusTensor

/// Groups of parameters, each moved by an optimizer of its own: other rates for other parts of a model, or no weight decay for
/// biases.
///
/// ```swift
/// let optimizer = OptimizerGroups([
///   SGD(body.parameters, learningRate: 0.001), SGD(head.parameters, learningRate: 0.1, momentum: 0.9),
/// ])
/// ```
public final class OptimizerGroups<Scalar: TensorScalar>: Optimizer {
  /// The optimizers in order.
  public let groups: [any Optimizer<Scalar>]

  /// Joins optimizers.
  ///
  /// - Precondition: There is one, and no parameter is moved by two.
  public init(_ groups: [any Optimizer<Scalar>]) {
    demand(!groups.isEmpty, "OptimizerGroups: there are no groups")
    checkParameters("OptimizerGroups", groups.flatMap { $0.parameters }, learningRate: groups[0].learningRate)
    self.groups = groups
  }

  /// The parameters of all groups.
  public var parameters: [Parameter<Scalar>] { groups.flatMap { $0.parameters } }

  /// The rate of the first group. Setting it changes the rates of all groups in proportion, so that a schedule moves them
  /// together; where the first is 0, all are set to the new rate.
  public var learningRate: Double {
    get { groups[0].learningRate }
    set {
      let before = groups[0].learningRate
      for group in groups { group.learningRate = before == 0 ? newValue : group.learningRate * (newValue / before) }
    }
  }

  /// Moves every parameter that has a gradient, group after group.
  public func step() {
    for group in groups { group.step() }
  }
}
