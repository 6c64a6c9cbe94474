import ApusCompute

// Activation functions that are made of other operations, whose gradients are theirs.

extension Tensor {
  /// x limited to `low` … `high`, element by element.
  public consuming func hardTanh(_ low: Double = -1, _ high: Double = 1) -> Tensor { clamp(min: low, max: high) }

  /// min(max(x, 0), 6), element by element.
  public consuming func relu6() -> Tensor { clamp(min: 0, max: 6) }

  /// x / (1 + |x|), element by element.
  public func softSign() -> Tensor { self / (abs() + 1) }

  /// x − tanh x, element by element.
  public func tanhShrink() -> Tensor { self - tanh() }

  /// x drawn towards 0 by `lambda`, and 0 within it, element by element.
  public func softShrink(_ lambda: Double = 0.5) -> Tensor { self - clamp(min: -lambda, max: lambda) }

  /// x, but 0 where |x| ≤ `lambda`, element by element.
  public func hardShrink(_ lambda: Double = 0.5) -> Tensor { maskedFill(withoutHistory.abs() .<= Scalar(lambda), 0) }

  /// x where it is positive, `alpha` · (exp(x / `alpha`) − 1) elsewhere: ELU with a continuous derivative (Barron 2017).
  ///
  /// - Precondition: `alpha` is positive.
  public func celu(alpha: Double = 1) -> Tensor {
    check(alpha > 0, "celu", "alpha \(alpha) is not positive", shape)
    return (self / Scalar(alpha)).elu() * Scalar(alpha)
  }

  /// x above `threshold`, `value` elsewhere, element by element.
  public func threshold(_ threshold: Double, _ value: Double) -> Tensor {
    maskedFill(withoutHistory .<= Scalar(threshold), Scalar(value))
  }

  /// The first half along a dimension times the sigmoid of the second (Dauphin et al. 2017).
  ///
  /// - Precondition: The extent of the dimension is even.
  public func glu(dim: Int = -1) -> Tensor {
    let axis = shape.axis(dim, "glu")
    check(shape[axis] % 2 == 0, "glu", "dimension \(dim) has no halves", shape)
    let half = shape[axis] / 2
    return narrowed(axis, from: 0, length: half) * narrowed(axis, from: half, length: half).sigmoid()
  }

  /// x where it is positive, `weight` · x elsewhere, with a weight for each channel, dimension 1, or one for all (He et al.
  /// 2015). ∂/∂weight = Σ x over the places where x is not positive, times the gradient there.
  ///
  /// - Parameter weight: [channels] or [1].
  /// - Precondition: The weight fits the channels.
  public func prelu(_ weight: Tensor) -> Tensor {
    check(
      weight.shape == [1] || (rank >= 2 && weight.shape == [shape[1]]), "prelu",
      "there is not one weight for each channel, or one", shape, weight.shape)
    // [channels] lies along dimension 1: as many extents of 1 follow as the input has dimensions after it.
    let places = Array(repeating: 1, count: Swift.max(rank - 2, 0))
    let slopes = weight.shape == [1] ? weight : weight.reshaped([weight.shape[0]] + places)
    return relu() - (-self).relu() * slopes
  }
}

/// The first half along a dimension times the sigmoid of the second (Dauphin et al. 2017).
public func glu<Scalar: ComputeScalar>(_ x: Tensor<Scalar>, dim: Int = -1) -> Tensor<Scalar> { x.glu(dim: dim) }

/// x where it is positive, `weight` · x elsewhere; see the method.
public func prelu<Scalar: ComputeScalar>(_ x: Tensor<Scalar>, _ weight: Tensor<Scalar>) -> Tensor<Scalar> {
  x.prelu(weight)
}

/// The cosine of the angle between vectors along a dimension: Σ a b / (|a| |b|), no length taken for less than `epsilon`.
///
/// - Parameters:
///   - a: A tensor.
///   - b: A tensor; the two are broadcast.
///   - dim: The dimension along which the vectors lie.
public func cosineSimilarity<Scalar: ComputeScalar>(
  _ a: Tensor<Scalar>, _ b: Tensor<Scalar>, dim: Int = 1, epsilon: Double = 1e-8
) -> Tensor<Scalar> {
  let lengths = a.norm(dim: dim).clamp(min: epsilon) * b.norm(dim: dim).clamp(min: epsilon)
  return (a * b).sum(dim: dim) / lengths
}

/// The length of a − b + `epsilon` along the last dimension, measured by the `p` norm.
public func pairwiseDistance<Scalar: ComputeScalar>(
  _ a: Tensor<Scalar>, _ b: Tensor<Scalar>, p: Double = 2, epsilon: Double = 1e-6, keepDim: Bool = false
) -> Tensor<Scalar> {
  (a - b + Scalar(epsilon)).norm(p, dim: -1, keepDim: keepDim)
}
