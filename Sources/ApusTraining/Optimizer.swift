import ApusNN
import ApusTensor

/// A rule that moves parameters against their gradients.
///
/// ```swift
/// optimizer.zeroGradients()
/// let loss = crossEntropy(model(batch.inputs), batch.targets)
/// loss.backward()
/// optimizer.step()
/// ```
public protocol Optimizer<Scalar>: AnyObject {
  /// What the parameters are made of.
  associatedtype Scalar: TensorScalar

  /// The parameters that it moves.
  var parameters: [Parameter<Scalar>] { get }

  /// The factor of a step; may be changed between steps.
  var learningRate: Double { get set }

  /// Moves every parameter that has a gradient. A frozen parameter, and one without a gradient, stays.
  func step()
}

extension Optimizer {
  /// Forgets the gradients of the parameters; call it before every backward pass, for gradients add up.
  public func zeroGradients() {
    for parameter in parameters { parameter.gradient = nil }
  }
}

/// Calls `body` with the numbers of every parameter that can move and those of its gradient.
@inline(__always)
func updateParameters<Scalar>(
  _ parameters: [Parameter<Scalar>],
  _ body: (
    _ index: Int, _ values: UnsafeMutablePointer<Scalar>, _ gradient: UnsafePointer<Scalar>, _ count: Int
  ) -> Void
) {
  for (index, parameter) in parameters.enumerated() where !parameter.isFrozen {
    guard let gradient = parameter.gradient?.contiguous() else { continue }
    gradient.withUnsafeScalars { gradient in
      parameter.updateInPlace { values in
        guard let target = values.baseAddress, let source = gradient.baseAddress else { return }
        body(index, target, source, values.count)
      }
    }
  }
}

/// Stops on a list of parameters that an optimizer cannot work with.
func checkParameters<Scalar>(_ name: String, _ parameters: [Parameter<Scalar>], learningRate: Double) {
  demand(!parameters.isEmpty, "\(name) was given no parameters")
  demand(learningRate >= 0, "\(name): learning rate \(learningRate) is negative")
  demand(
    Set(parameters.map(ObjectIdentifier.init)).count == parameters.count, "\(name) was given a parameter twice")
}
