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

/// Calls `body` with the addresses of the numbers of every parameter that can move and of those of its gradient, and then
/// `finally`, until the end of which the addresses hold: for an optimizer that moves all parameters in one go.
@inline(__always)
func updateParameters<Scalar>(
  _ parameters: [Parameter<Scalar>],
  _ body: (
    _ index: Int, _ values: UnsafeMutablePointer<Scalar>, _ gradient: UnsafePointer<Scalar>, _ count: Int
  ) -> Void,
  finally: () -> Void = {}
) {
  var gradients: [Tensor<Scalar>] = []
  gradients.reserveCapacity(parameters.count)
  for index in parameters.indices {
    let parameter = parameters[index]
    guard !parameter.isFrozen, let gradient = parameter.gradient else { continue }
    parameter.updateInPlace { values in
      gradient.withUnsafeScalars { gradient in
        guard let target = values.baseAddress, let source = gradient.baseAddress else { return }
        body(index, target, source, values.count)
      }
    }
    // A gradient lies in row-major order, and a parameter holds its own numbers: neither address was that of a copy.
    gradients.append(gradient)
  }
  finally()
  withExtendedLifetime(gradients) {}
}

/// Stops on a list of parameters that an optimizer cannot work with.
func checkParameters<Scalar>(_ name: String, _ parameters: [Parameter<Scalar>], learningRate: Double) {
  demand(!parameters.isEmpty, "\(name) was given no parameters")
  demand(learningRate >= 0, "\(name): learning rate \(learningRate) is negative")
  demand(
    Set(parameters.map(ObjectIdentifier.init)).count == parameters.count, "\(name) was given a parameter twice")
}
