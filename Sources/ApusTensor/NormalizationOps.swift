import ApusCompute

/// The mean and the biased variance of every channel, dimension 1, over all other dimensions. They have no history.
///
/// - Parameter x: [batch, channels, ..].
/// - Returns: Two tensors [channels].
/// - Precondition: There are at least two dimensions, and the channels hold numbers.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
public func channelMoments<Scalar: ComputeScalar>(
  _ x: Tensor<Scalar>
) -> (mean: Tensor<Scalar>, variance: Tensor<Scalar>) {
  check(x.rank >= 2, "channelMoments", "there is no dimension of channels", x.shape)
  let (batch, channels, spatial) = x.shape.around(1)
  check(batch * spatial > 0, "channelMoments", "the channels are empty", x.shape)
  let mean = Tensor<Scalar>(uninitialized: [channels])
  let variance = Tensor<Scalar>(uninitialized: [channels])
  withPointer(x.withoutHistory.packed()) {
    channelStatistics(
      $0, batch: batch, channels: channels, spatial: spatial, mean: mean.pointer, variance: variance.pointer)
  }
  return (mean, variance)
}

/// Batch normalisation: (x − mean) / √(variance + ε) · weight + bias, for every channel, dimension 1.
///
/// With x̂ = (x − mean) / σ, the gradient of the bias is Σ g and that of the weight Σ g x̂. Where mean and variance were
/// computed from x itself, x has an influence through them too. The mean shifts all of x̂ alike, and the variance stretches
/// it, so of g the parts that are constant and that are proportional to x̂ are taken out:
///
///     ∂L/∂x = weight / σ · (g − mean(g) − x̂ · mean(g x̂))
///
/// - Parameters:
///   - x: [batch, channels, ..].
///   - weight: A factor for each channel, [channels]; 1 for nil.
///   - bias: A summand for each channel, [channels]; 0 for nil.
///   - moments: The mean and biased variance of each channel, as constants: running statistics. For nil those of x, through
///     which the gradient flows.
///   - epsilon: What is added to the variance.
/// - Precondition: The shapes fit, and without `moments` the channels hold numbers.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
public func batchNorm<Scalar: ComputeScalar>(
  _ x: Tensor<Scalar>, _ weight: Tensor<Scalar>? = nil, _ bias: Tensor<Scalar>? = nil,
  moments: (mean: Tensor<Scalar>, variance: Tensor<Scalar>)? = nil, epsilon: Double = 1e-5
) -> Tensor<Scalar> {
  batchNorm(x, weight, bias, moments: moments ?? channelMoments(x), isOwn: moments == nil, epsilon: epsilon)
}

/// Batch normalisation by the moments of x, which are given because the caller needs them too.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
package func batchNorm<Scalar: ComputeScalar>(
  _ x: Tensor<Scalar>, _ weight: Tensor<Scalar>?, _ bias: Tensor<Scalar>?,
  moments: (mean: Tensor<Scalar>, variance: Tensor<Scalar>), isOwn: Bool, epsilon: Double
) -> Tensor<Scalar> {
  check(x.rank >= 2, "batchNorm", "there is no dimension of channels", x.shape)
  let (batch, channels, spatial) = x.shape.around(1)
  for tensor in [weight, bias, moments.mean, moments.variance] {
    if let tensor {
      check(tensor.shape == [channels], "batchNorm", "there is not one number for each channel", x.shape, tensor.shape)
    }
  }
  let nodes = [x.recordedNode, weight?.recordedNode, bias?.recordedNode]
  let input = x.withoutHistory.packed()
  let mean = moments.mean.withoutHistory.packed()
  let inverse = withoutGradients { (moments.variance.withoutHistory + Scalar(epsilon)).rsqrt() }
  let factors = weight?.withoutHistory.packed()
  let summands = bias?.withoutHistory.packed()
  var y = Tensor<Scalar>(uninitialized: x.shape)
  normalizeChannels(
    input.pointer, batch: batch, channels: channels, spatial: spatial, mean: mean.pointer,
    inverseDeviation: inverse.pointer, weight: factors.map { UnsafePointer($0.pointer) },
    bias: summands.map { UnsafePointer($0.pointer) }, into: y.pointer)
  withExtendedLifetime((input, mean, inverse, factors, summands)) {}
  if nodes.allSatisfy({ $0 == nil }) { return y }
  y.record("batchNorm", nodes) { upstream, operands in
    let upstream = upstream.packed()
    let gradient = operands.wants(0) ? Tensor<Scalar>(uninitialized: input.shape) : nil
    let weightGradient = Tensor<Scalar>(uninitialized: [channels])
    let biasGradient = Tensor<Scalar>(uninitialized: [channels])
    normalizeChannelsGradient(
      input.pointer, upstream: upstream.pointer, batch: batch, channels: channels, spatial: spatial,
      mean: mean.pointer, inverseDeviation: inverse.pointer, weight: factors.map { UnsafePointer($0.pointer) },
      usesBatchStatistics: isOwn, into: gradient?.pointer, weightGradient: weightGradient.pointer,
      biasGradient: biasGradient.pointer)
    withExtendedLifetime((input, upstream, mean, inverse, factors)) {}
    operands.send(2, biasGradient)
    operands.send(1, weightGradient)
    if let gradient { operands.send(0, gradient) }
  }
  return y
}

/// Sets each number to 0 with the given probability and divides the others by 1 − probability, so that the mean stays.
///
/// The gradient is multiplied by the same mask. The same generator draws the same mask at any number of threads.
///
/// - Precondition: `probability` lies in 0 … 1.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
public func dropout<Scalar: ComputeScalar>(
  _ x: consuming Tensor<Scalar>, probability: Double, using generator: inout Random
) -> Tensor<Scalar> {
  check((0...1).contains(probability), "dropout", "\(probability) is not a probability", x.shape)
  let node = x.recordedNode
  var x = x.packed()
  let count = x.elementCount
  let keep = Storage<UInt8>(count: count)
  // 32 random bits for each number, two numbers from each draw.
  let threshold = UInt64((probability * 0x1p32).rounded())
  var i = 0
  while i < count {
    let bits = generator.next()
    keep.pointer[i] = bits & 0xFFFF_FFFF >= threshold ? 1 : 0
    if i + 1 < count { keep.pointer[i + 1] = bits >> 32 >= threshold ? 1 : 0 }
    i += 2
  }
  let scale: Scalar = probability < 1 ? Scalar(1 / (1 - probability)) : 0
  var y = x.canOverwrite ? x : Tensor(uninitialized: x.shape)
  withPointer(x) { applyMask(keep.pointer, $0, scale: scale, into: y.pointer, count: count) }
  withExtendedLifetime(keep) {}
  guard let node else { return y }
  y.record("dropout", node) { upstream, operands in
    var upstream = upstream.packed()
    let gradient = upstream.canOverwrite ? upstream : Tensor(uninitialized: upstream.shape)
    withPointer(upstream) { applyMask(keep.pointer, $0, scale: scale, into: gradient.pointer, count: count) }
    withExtendedLifetime(keep) {}
    operands.send(0, gradient)
  }
  return y
}
