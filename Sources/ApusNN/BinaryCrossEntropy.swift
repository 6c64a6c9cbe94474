import ApusTensor

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The cross-entropy of probabilities against probabilities of a yes: −(y log x + (1 − y) log(1 − x)).
///
/// As in PyTorch a logarithm is not let below −100, so that a wrong certainty costs 100 and not infinity. Where the
/// probabilities come from a sigmoid, `binaryCrossEntropyWithLogits` is more accurate.
///
/// - Parameters:
///   - input: Probabilities in 0 … 1.
///   - target: Numbers in 0 … 1, of the same shape.
///   - weight: A factor for every element, broadcast to the input's shape.
/// - Precondition: The shapes fit and every input lies in 0 … 1.
public func binaryCrossEntropy<Scalar: TensorScalar>(
  _ input: Tensor<Scalar>, _ target: Tensor<Scalar>, weight: Tensor<Scalar>? = nil, reduction: Reduction = .mean
) -> Tensor<Scalar> {
  pointwiseLoss("binaryCrossEntropy", input, target, weight: weight, reduction: reduction) { position, x, y in
    demand(x >= 0 && x <= 1, "binaryCrossEntropy: input \(x) at \(position) is not a probability")
    let yes = max(log(x), -100)
    let no = max(log1p(-x), -100)
    // PyTorch's derivative does not know of the −100 but keeps the denominator from 0.
    return (-(y * yes + (1 - y) * no), (x - y) / max(x * (1 - x), 1e-12), no - yes)
  }
}

/// The cross-entropy of scores, whose sigmoid is the probability of a yes, against probabilities.
///
/// Computed as (1 − y) x + (1 + (p − 1) y) · log(1 + e⁻ˣ), which neither overflows nor cancels.
///
/// - Parameters:
///   - input: Scores, any numbers.
///   - target: Numbers in 0 … 1, of the same shape.
///   - weight: A factor for every element, broadcast to the input's shape.
///   - positiveWeight: p, a factor for the yes part, broadcast to the input's shape: above 1 it raises recall, below 1
///     precision.
/// - Precondition: The shapes fit.
public func binaryCrossEntropyWithLogits<Scalar: TensorScalar>(
  _ input: Tensor<Scalar>, _ target: Tensor<Scalar>, weight: Tensor<Scalar>? = nil,
  positiveWeight: Tensor<Scalar>? = nil, reduction: Reduction = .mean
) -> Tensor<Scalar> {
  let name = "binaryCrossEntropyWithLogits"
  guard let positiveWeight else {
    return evenBinaryCrossEntropy(name, input, target, weight: weight, reduction: reduction)
  }
  let positive = broadcastScalars(positiveWeight, to: input.shape, name, "positiveWeight")
  return pointwiseLoss(name, input, target, weight: weight, reduction: reduction) { position, x, y in
    let p = Double(positive[position])
    let factor = 1 + (p - 1) * y
    // log(1 + e⁻ˣ) and 1 / (1 + eˣ), the exponential always of a number below 0.
    let small = exp(-x.magnitude)
    let softplus = log1p(small) + max(-x, 0)
    let complement = x >= 0 ? small / (1 + small) : 1 / (1 + small)
    return ((1 - y) * x + factor * softplus, 1 - y - factor * complement, (p - 1) * softplus - x)
  }
}

/// The case without a weight of the yes part, which autoencoders call for every pixel: max(x, 0) − x y + log(1 + e^−|x|),
/// in passes of the vector math. Derivatives: sigmoid x − y, and −x by the target.
private func evenBinaryCrossEntropy<Scalar: TensorScalar>(
  _ name: String, _ input: Tensor<Scalar>, _ target: Tensor<Scalar>, weight: Tensor<Scalar>?, reduction: Reduction
) -> Tensor<Scalar> {
  demand(
    input.shape == target.shape, "\(name): the input has shape \(input.shape), the target \(target.shape)")
  let shape = input.shape
  let weights = weight.map { Tensor(broadcastScalars($0, to: shape, name, "weight"), shape: shape) }
  let (x, y) = (input.detached(), target.detached())
  let value = withoutGradients {
    let losses = x.relu() - x * y + log1p(exp(-x.abs()))
    return reduce(weights.map { losses * $0 } ?? losses, reduction)
  }
  let factor = reduction == .mean ? 1 / Scalar(shape.elementCount) : 1
  let wantsTarget = target.requiresGradient
  return Tensor.recorded(name, value, inputs: [input, target]) { upstream in
    let scaled = weights.map { $0 * (upstream * factor) } ?? upstream * factor
    return [(x.sigmoid() - y) * scaled, wantsTarget ? -x * scaled : nil]
  }
}
