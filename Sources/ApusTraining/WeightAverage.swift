import ApusNN
import ApusTensor

/// A moving average of weights, often better than the weights of the last step (Polyak and Juditsky 1992).
///
/// ```swift
/// let average = WeightAverage(model.parameters, decay: 0.999)
/// // after every step of the optimizer:
/// average.update()
/// // to judge or save the averaged model:
/// average.whileApplied { save(model) }
/// ```
public final class WeightAverage<Scalar: TensorScalar> {
  /// How much of the average is kept from update to update.
  public let decay: Double
  /// The averages, in the order of the parameters.
  public private(set) var values: [Tensor<Scalar>]
  private let parameters: [Parameter<Scalar>]

  /// Makes an average of `parameters`, as `model.parameters`, that begins as they are now.
  ///
  /// - Precondition: `decay` lies in 0 … 1.
  public init(_ parameters: [Parameter<Scalar>], decay: Double = 0.999) {
    demand((0...1).contains(decay), "WeightAverage: the decay \(decay) is not in 0...1")
    self.parameters = parameters
    self.decay = decay
    values = parameters.map { $0.value.detached() }
  }

  /// Puts the averages in the places of the weights for good.
  public func apply() {
    for (parameter, value) in zip(parameters, values) { parameter.value = value }
  }

  /// average = decay · average + (1 − decay) · weight.
  public func update() { update(decay: decay) }

  func update(decay: Double) {
    withoutGradients {
      for (index, parameter) in parameters.enumerated() {
        values[index] = values[index] * Scalar(decay) + parameter.value.detached() * Scalar(1 - decay)
      }
    }
  }

  /// Runs `body` with the averages in the places of the weights, which are put back when it is done.
  public func whileApplied<Result>(_ body: () throws -> Result) rethrows -> Result {
    let weights = parameters.map { $0.value.detached() }
    for (parameter, value) in zip(parameters, values) { parameter.value = value }
    defer { for (parameter, weight) in zip(parameters, weights) { parameter.value = weight } }
    return try body()
  }
}
