import ApusTensor

// Losses that ask for a distance between right and wrong, and nothing beyond it. Where a maximum with 0 meets its kink, the
// derivative is 0.

/// The hinge loss, max(0, margin − y x), for classes y = ±1.
///
/// - Precondition: `input` and `target` have the same shape.
public func hingeLoss<Scalar: TensorScalar>(
  _ input: Tensor<Scalar>, _ target: Tensor<Scalar>, margin: Double = 1, reduction: Reduction = .mean
) -> Tensor<Scalar> {
  requireSameShape("hingeLoss", input, target)
  return reduce(relu(Scalar(margin) - target * input), reduction)
}

/// x where y = 1, max(0, margin − x) where y = −1: for distances that are to be small or large.
///
/// - Precondition: `input` and `target` have the same shape.
public func hingeEmbeddingLoss<Scalar: TensorScalar>(
  _ input: Tensor<Scalar>, _ target: Tensor<Scalar>, margin: Double = 1, reduction: Reduction = .mean
) -> Tensor<Scalar> {
  requireSameShape("hingeEmbeddingLoss", input, target)
  return reduce(select(where: target .> 0, input, relu(Scalar(margin) - input)), reduction)
}

/// log(1 + exp(−y x)), for classes y = ±1: a smooth hinge.
///
/// - Precondition: `input` and `target` have the same shape.
public func softMarginLoss<Scalar: TensorScalar>(
  _ input: Tensor<Scalar>, _ target: Tensor<Scalar>, reduction: Reduction = .mean
) -> Tensor<Scalar> {
  requireSameShape("softMarginLoss", input, target)
  return reduce(-logSigmoid(target * input), reduction)
}

/// max(0, margin − y (first − second)): y = 1 wants the first higher, y = −1 the second.
///
/// - Precondition: The three have the same shape.
public func marginRankingLoss<Scalar: TensorScalar>(
  _ first: Tensor<Scalar>, _ second: Tensor<Scalar>, _ target: Tensor<Scalar>, margin: Double = 0,
  reduction: Reduction = .mean
) -> Tensor<Scalar> {
  requireSameShape("marginRankingLoss", first, second)
  requireSameShape("marginRankingLoss", first, target)
  return reduce(relu(Scalar(margin) - target * (first - second)), reduction)
}

/// Σ over the wrong classes of max(0, margin − x[right] + x[wrong])ᵖ, divided by the number of classes.
///
/// - Parameters:
///   - input: Scores, [batch, classes], or [classes] of one sample.
///   - target: Classes, [batch], or a single number.
///   - p: 1 or 2.
///   - weight: A factor for each right class, [classes].
/// - Precondition: The shapes fit, and every target is a class.
public func multiMarginLoss<Scalar: TensorScalar>(
  _ input: Tensor<Scalar>, _ target: IndexTensor, p: Int = 1, margin: Double = 1, weight: Tensor<Scalar>? = nil,
  reduction: Reduction = .mean
) -> Tensor<Scalar> {
  demand(p == 1 || p == 2, "multiMarginLoss: p is 1 or 2, not \(p)")
  let rows = input.rank == 1 ? input.unsqueezed(0) : input
  demand(
    rows.rank == 2 && target.elementCount == rows.shape[0] && target.rank == input.rank - 1,
    "multiMarginLoss: scores of shape \(input.shape) do not fit targets of shape \(target.shape)")
  let classes = rows.shape[1]
  for value in target.values {
    demand((0..<classes).contains(value), "multiMarginLoss: target \(value) is none of the \(classes) classes")
  }
  let positions = target.reshaped([rows.shape[0], 1])
  var parts = relu(rows - rows.gathered(1, positions) + Scalar(margin))
  if p == 2 { parts = square(parts) }
  if let weight {
    demand(weight.shape == [classes], "multiMarginLoss: weight of shape \(weight.shape) for \(classes) classes")
    parts = parts * weight.indexSelect(0, target.reshaped([-1])).unsqueezed(1)
  }
  let right = Tensor<Scalar>.oneHot(target.reshaped([-1]), classCount: classes)
  let losses = parts.maskedFill(right, 0).mean(dim: 1)
  return reduce(input.rank == 1 ? losses.squeezed(0) : losses, reduction)
}

/// max(0, d(anchor, positive) − d(anchor, negative) + margin), with d the `p` norm of the difference (Balntas et al. 2016).
///
/// - Parameters:
///   - anchor: [.., width].
///   - positive: [.., width], to be near the anchor.
///   - negative: [.., width], to be far from it.
///   - epsilon: Added to every difference.
///   - swap: Whether the distance of positive and negative counts where it is the smaller one.
/// - Precondition: The three have the same shape.
public func tripletMarginLoss<Scalar: TensorScalar>(
  _ anchor: Tensor<Scalar>, _ positive: Tensor<Scalar>, _ negative: Tensor<Scalar>, margin: Double = 1,
  p: Double = 2, epsilon: Double = 1e-6, swap: Bool = false, reduction: Reduction = .mean
) -> Tensor<Scalar> {
  requireSameShape("tripletMarginLoss", anchor, positive)
  requireSameShape("tripletMarginLoss", anchor, negative)
  let near = pairwiseDistance(anchor, positive, p: p, epsilon: epsilon)
  var far = pairwiseDistance(anchor, negative, p: p, epsilon: epsilon)
  if swap { far = minimum(far, pairwiseDistance(positive, negative, p: p, epsilon: epsilon)) }
  return reduce(relu(near - far + Scalar(margin)), reduction)
}

/// 1 − cos(a, b) where y = 1, max(0, cos(a, b) − margin) where y = −1.
///
/// - Parameters:
///   - first: [batch, width], or [width].
///   - second: Of the same shape.
///   - target: 1 or −1, [batch], or a single number.
/// - Precondition: The shapes fit.
public func cosineEmbeddingLoss<Scalar: TensorScalar>(
  _ first: Tensor<Scalar>, _ second: Tensor<Scalar>, _ target: Tensor<Scalar>, margin: Double = 0,
  reduction: Reduction = .mean
) -> Tensor<Scalar> {
  requireSameShape("cosineEmbeddingLoss", first, second)
  demand(
    first.rank >= 1 && Shape(first.shape.dropLast()) == target.shape,
    "cosineEmbeddingLoss: vectors of shape \(first.shape) do not fit targets of shape \(target.shape)")
  let epsilon: Scalar = 1e-12
  let lengths = sqrt((square(first).sum(dim: -1) + epsilon) * (square(second).sum(dim: -1) + epsilon))
  let cosine = (first * second).sum(dim: -1) / lengths
  return reduce(select(where: target .> 0, 1 - cosine, relu(cosine - Scalar(margin))), reduction)
}
