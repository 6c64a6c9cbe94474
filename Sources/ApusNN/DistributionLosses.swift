import ApusTensor

/// What becomes of the elements of a divergence.
public enum DivergenceReduction: Equatable, Sendable {
  /// Their mean.
  case mean
  /// Their sum divided by the extent of the first dimension: the mathematical divergence, a mean over samples.
  case batchMean
  /// Their sum.
  case sum
  /// All of them.
  case none
}

/// The Kullback–Leibler divergence, target · (log target − input): how far a distribution lies from the target.
///
/// - Parameters:
///   - input: Logarithms of probabilities.
///   - target: Probabilities, or their logarithms with `logTarget`.
///   - reduction: `.mean` is PyTorch's default and divides by the number of elements; `.batchMean` is the divergence.
/// - Precondition: `input` and `target` have the same shape.
public func klDivergence<Scalar: TensorScalar>(
  _ input: Tensor<Scalar>, _ target: Tensor<Scalar>, logTarget: Bool = false, reduction: DivergenceReduction = .mean
) -> Tensor<Scalar> {
  requireSameShape("klDivergence", input, target)
  // Where the target is 0, so is the part; its logarithm must not be −∞ then.
  let parts =
    logTarget
    ? exp(target) * (target - input) : target * (log(target.clamp(min: Double(Scalar.leastNormalMagnitude))) - input)
  switch reduction {
  case .mean: return parts.mean()
  case .batchMean: return parts.sum() / Scalar(input.shape.first ?? 1)
  case .sum: return parts.sum()
  case .none: return parts
  }
}

/// The negative log-likelihood of targets that are normally distributed about the input:
/// ½ (log variance + (x − y)² / variance), with ½ log 2π besides when `full`.
///
/// - Parameters:
///   - input: Means.
///   - target: What was observed.
///   - variance: Variances; broadcast to the input.
///   - epsilon: The least variance; below it the variance counts as this, and takes no gradient.
/// - Precondition: `input` and `target` have the same shape.
public func gaussianNLLLoss<Scalar: TensorScalar>(
  _ input: Tensor<Scalar>, _ target: Tensor<Scalar>, variance: Tensor<Scalar>, full: Bool = false,
  epsilon: Double = 1e-6, reduction: Reduction = .mean
) -> Tensor<Scalar> {
  requireSameShape("gaussianNLLLoss", input, target)
  let bounded = variance.clamp(min: epsilon)
  let parts = (log(bounded) + square(input - target) / bounded) * 0.5
  return reduce(full ? parts + 0.918938533204672741780329736406 : parts, reduction)
}

/// The negative log-likelihood of targets that are Poisson distributed: exp(x) − y x, or x − y log(x + ε) where the input is
/// no logarithm.
///
/// - Parameters:
///   - input: Logarithms of rates, or rates.
///   - target: Counts.
///   - logInput: Whether the input is a logarithm.
///   - epsilon: Added to a rate before its logarithm is taken.
/// - Precondition: `input` and `target` have the same shape.
public func poissonNLLLoss<Scalar: TensorScalar>(
  _ input: Tensor<Scalar>, _ target: Tensor<Scalar>, logInput: Bool = true, epsilon: Double = 1e-8,
  reduction: Reduction = .mean
) -> Tensor<Scalar> {
  requireSameShape("poissonNLLLoss", input, target)
  return reduce(
    logInput ? exp(input) - target * input : input - target * log(input + Scalar(epsilon)), reduction)
}
