import ApusTensor

/// What becomes of the losses of the single elements.
public enum Reduction: Equatable, Sendable {
  /// Their mean, a single number. For class targets with weights it is the weighted mean.
  case mean
  /// Their sum, a single number.
  case sum
  /// All of them, in the shape of the targets.
  case none
}

/// A loss given by the value and the derivatives of each element, computed in Double and rounded once.
///
/// The derivatives are taken in the forward pass, where the operands are at hand; the backward pass is a product. The
/// value has the shape of `input`, or none when it is reduced.
///
/// - Parameter term: The loss and its derivatives by input and target, for one pair at a position.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
func pointwiseLoss<Scalar: TensorScalar>(
  _ name: String, _ input: Tensor<Scalar>, _ target: Tensor<Scalar>, weight: Tensor<Scalar>? = nil,
  reduction: Reduction,
  term: (_ position: Int, _ input: Double, _ target: Double) -> (loss: Double, byInput: Double, byTarget: Double)
) -> Tensor<Scalar> {
  demand(
    input.shape == target.shape, "\(name): the input has shape \(input.shape), the target \(target.shape)")
  let count = input.elementCount
  let weights = weight.map { broadcastScalars($0, to: input.shape, name, "weight") }
  var losses = [Scalar](repeating: 0, count: reduction == .none ? count : 0)
  var byInput = [Scalar](repeating: 0, count: count)
  var byTarget = [Scalar](repeating: 0, count: target.requiresGradient ? count : 0)
  var total = 0.0
  let factor = reduction == .mean ? 1 / Double(count) : 1
  input.contiguous().withUnsafeScalars { inputs in
    target.contiguous().withUnsafeScalars { targets in
      for i in 0..<count {
        let part = term(i, Double(inputs[i]), Double(targets[i]))
        let weight = (weights.map { Double($0[i]) } ?? 1) * factor
        if reduction == .none { losses[i] = Scalar(part.loss * weight) } else { total += part.loss * weight }
        byInput[i] = Scalar(part.byInput * weight)
        if !byTarget.isEmpty { byTarget[i] = Scalar(part.byTarget * weight) }
      }
    }
  }
  // The mean of nothing is 0 / 0, as PyTorch has it.
  if count == 0, reduction == .mean { total = .nan }
  let value = reduction == .none ? Tensor(losses, shape: input.shape) : Tensor(Scalar(total))
  let shape = input.shape
  return Tensor.recorded(name, value, inputs: [input, target]) { upstream in
    [Tensor(byInput, shape: shape) * upstream, byTarget.isEmpty ? nil : Tensor(byTarget, shape: shape) * upstream]
  }
}

/// The elements of `tensor` repeated to fill `shape`, in row-major order.
func broadcastScalars<Scalar: TensorScalar>(
  _ tensor: Tensor<Scalar>, to shape: Shape, _ name: String, _ role: String
) -> [Scalar] {
  let pairs = zip(tensor.shape.reversed(), shape.reversed())
  let fits = tensor.rank <= shape.rank && pairs.allSatisfy { $0 == 1 || $0 == $1 }
  demand(fits, "\(name): \(role) of shape \(tensor.shape) does not broadcast to \(shape)")
  return withoutGradients { tensor.expanded(shape).scalars }
}
