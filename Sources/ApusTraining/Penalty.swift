import ApusNN
import ApusTensor

/// A cost of large weights, added to the loss so that a model prefers small ones.
///
/// It looks at weights only: parameters of two or more dimensions. Biases and the factors of a normalisation cost
/// nothing.
///
/// ```swift
/// let loss = crossEntropy(model(x), y) + Penalty.l2(1e-4)(model.parameters)
/// ```
public enum Penalty: Equatable, Sendable {
  /// factor · Σ |w|, which drives weights to 0.
  case l1(Double)
  /// factor · Σ w², which keeps weights small. (An optimizer's `weightDecay: λ` is `.l2(λ / 2)` on all parameters.)
  case l2(Double)

  /// The cost of `parameters`, a single number with a gradient.
  public func callAsFunction<Scalar: TensorScalar>(_ parameters: [Parameter<Scalar>]) -> Tensor<Scalar> {
    var total = Tensor<Scalar>(0)
    for parameter in parameters where parameter.value.rank >= 2 && !parameter.isFrozen {
      total = total + sum(parameter.value)
    }
    return total * Scalar(factor)
  }

  private var factor: Double {
    switch self {
    case .l1(let factor), .l2(let factor): factor
    }
  }

  private func sum<Scalar>(_ weight: Tensor<Scalar>) -> Tensor<Scalar> {
    switch self {
    case .l1: abs(weight).sum()
    case .l2: square(weight).sum()
    }
  }
}
