import ApusTensor

/// The mean of the squared differences, (x − y)².
///
/// - Precondition: `input` and `target` have the same shape. Broadcasting a target by mistake is the classic way to
///   train on nonsense; expand it yourself where it is meant.
public func mseLoss<Scalar: TensorScalar>(
  _ input: Tensor<Scalar>, _ target: Tensor<Scalar>, reduction: Reduction = .mean
) -> Tensor<Scalar> {
  requireSameShape("mseLoss", input, target)
  return reduce(square(input - target), reduction)
}

/// The mean of the absolute differences, |x − y|. The derivative at 0 is 0.
///
/// - Precondition: `input` and `target` have the same shape.
public func l1Loss<Scalar: TensorScalar>(
  _ input: Tensor<Scalar>, _ target: Tensor<Scalar>, reduction: Reduction = .mean
) -> Tensor<Scalar> {
  requireSameShape("l1Loss", input, target)
  return reduce(abs(input - target), reduction)
}

/// Squared where the difference is less than `beta`, absolute beyond: d² / 2β, then |d| − β / 2.
///
/// - Precondition: `input` and `target` have the same shape; `beta` is not negative (0 gives `l1Loss`).
public func smoothL1Loss<Scalar: TensorScalar>(
  _ input: Tensor<Scalar>, _ target: Tensor<Scalar>, beta: Double = 1, reduction: Reduction = .mean
) -> Tensor<Scalar> {
  demand(beta >= 0, "smoothL1Loss: beta \(beta) is negative")
  return pointwiseLoss("smoothL1Loss", input, target, reduction: reduction) { _, x, y in
    let difference = x - y
    if difference.magnitude < beta {
      return (difference * difference / (2 * beta), difference / beta, -difference / beta)
    }
    let sign = difference == 0 ? 0 : difference > 0 ? 1.0 : -1.0
    return (difference.magnitude - beta / 2, sign, -sign)
  }
}

/// Huber's loss: d² / 2 where the difference is less than `delta`, δ (|d| − δ / 2) beyond.
///
/// - Precondition: `input` and `target` have the same shape; `delta` is positive.
public func huberLoss<Scalar: TensorScalar>(
  _ input: Tensor<Scalar>, _ target: Tensor<Scalar>, delta: Double = 1, reduction: Reduction = .mean
) -> Tensor<Scalar> {
  demand(delta > 0, "huberLoss: delta \(delta) is not positive")
  return pointwiseLoss("huberLoss", input, target, reduction: reduction) { _, x, y in
    let difference = x - y
    if difference.magnitude < delta { return (difference * difference / 2, difference, -difference) }
    let slope = difference > 0 ? delta : -delta
    return (delta * (difference.magnitude - delta / 2), slope, -slope)
  }
}

/// Stops with both shapes unless they are equal: broadcasting a target by mistake trains on nonsense.
func requireSameShape<Scalar>(_ name: String, _ input: Tensor<Scalar>, _ target: Tensor<Scalar>) {
  demand(
    input.shape == target.shape, "\(name): the input has shape \(input.shape), the target \(target.shape)")
}

/// The losses of single elements made one, as `reduction` asks.
func reduce<Scalar>(_ losses: Tensor<Scalar>, _ reduction: Reduction) -> Tensor<Scalar> {
  switch reduction {
  case .mean: losses.mean()
  case .sum: losses.sum()
  case .none: losses
  }
}
