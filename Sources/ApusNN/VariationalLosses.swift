import ApusTensor

// A variational autoencoder (Kingma and Welling 2013, "Auto-Encoding Variational Bayes") describes a code by a normal
// distribution with mean μ and variance σ² for each of its numbers, and keeps that near the standard normal one. The
// divergence of the two has a closed form (their appendix B), for one number
//     KL(N(μ, σ²) ‖ N(0, 1)) = ½ (μ² + σ² − log σ² − 1),
// with ∂/∂μ = μ and, for l = log σ², ∂/∂l = ½ (eˡ − 1). The network gives l rather than σ², which is then positive
// whatever it gives.

/// How far normal distributions lie from the standard normal one: their Kullback–Leibler divergence in nats, summed over
/// the numbers of a code.
///
/// - Parameters:
///   - mean: μ, [batch, size].
///   - logVariance: log σ², [batch, size].
///   - reduction: `.mean` and `.sum` are over the codes of the batch; `.none` gives [batch].
/// - Precondition: Both have the same shape, of two dimensions.
public func standardNormalDivergence<Scalar: TensorScalar>(
  mean: Tensor<Scalar>, logVariance: Tensor<Scalar>, reduction: Reduction = .mean
) -> Tensor<Scalar> {
  demand(
    mean.rank == 2 && mean.shape == logVariance.shape,
    "standardNormalDivergence: means \(mean.shape) and logarithms of variances \(logVariance.shape)")
  let parts = square(mean) + exp(logVariance) - logVariance - 1
  let divergences = parts.sum(dim: 1) * 0.5
  switch reduction {
  case .mean: return divergences.mean()
  case .sum: return divergences.sum()
  case .none: return divergences
  }
}

/// A draw from normal distributions as a function of noise, μ + σ ε, so that gradients reach μ and σ: the
/// "reparameterisation trick".
///
/// ∂/∂μ = 1, and for l = log σ², ∂/∂l = ½ σ ε.
///
/// - Parameters:
///   - mean: μ.
///   - logVariance: log σ², of the same shape.
///   - noise: ε, drawn from the standard normal distribution, of the same shape.
/// - Precondition: The three have the same shape.
public func reparameterized<Scalar: TensorScalar>(
  mean: Tensor<Scalar>, logVariance: Tensor<Scalar>, noise: Tensor<Scalar>
) -> Tensor<Scalar> {
  demand(
    mean.shape == logVariance.shape && mean.shape == noise.shape,
    "reparameterized: means \(mean.shape), logarithms of variances \(logVariance.shape), noise \(noise.shape)")
  return mean + exp(logVariance * 0.5) * noise
}
