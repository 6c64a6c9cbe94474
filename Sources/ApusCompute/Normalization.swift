/// The mean and the biased variance of each channel of an array [batch, channels, spatial].
///
/// - Parameters:
///   - x: batch × channels × spatial numbers in row-major order.
///   - batch: The first extent.
///   - channels: The number of channels.
///   - spatial: The product of the extents after the channels; 1 for plain features.
///   - mean: Receives one mean for each channel.
///   - variance: Receives one variance for each channel: mean squared deviation, divided by batch × spatial.
/// - Precondition: batch × spatial > 0.
@specialized(where T == Float)
@specialized(where T == Double)
public func channelStatistics<T: ComputeScalar>(
  _ x: UnsafePointer<T>, batch: Int, channels: Int, spatial: Int, mean: UnsafeMutablePointer<T>,
  variance: UnsafeMutablePointer<T>
) {
  let count = Double(batch * spatial)
  for c in 0..<channels {
    var total = 0.0
    for n in 0..<batch {
      for s in 0..<spatial { total += Double(x[(n * channels + c) * spatial + s]) }
    }
    let center = total / count
    var squares = 0.0
    for n in 0..<batch {
      for s in 0..<spatial {
        let deviation = Double(x[(n * channels + c) * spatial + s]) - center
        squares += deviation * deviation
      }
    }
    mean[c] = T(center)
    variance[c] = T(squares / count)
  }
}

/// Normalises each channel of an array [batch, channels, spatial]:
/// y = (x − mean) · inverseDeviation · weight + bias.
///
/// - Parameters:
///   - x: batch × channels × spatial numbers in row-major order.
///   - batch: The first extent.
///   - channels: The number of channels.
///   - spatial: The product of the extents after the channels.
///   - mean: What is subtracted, for each channel.
///   - inverseDeviation: 1 / √(variance + ε), for each channel.
///   - weight: A factor for each channel; nil means 1.
///   - bias: A summand for each channel; nil means 0.
///   - y: Receives the results. May be x.
@specialized(where T == Float)
@specialized(where T == Double)
public func normalizeChannels<T: ComputeScalar>(
  _ x: UnsafePointer<T>, batch: Int, channels: Int, spatial: Int, mean: UnsafePointer<T>,
  inverseDeviation: UnsafePointer<T>, weight: UnsafePointer<T>?, bias: UnsafePointer<T>?,
  into y: UnsafeMutablePointer<T>
) {
  for n in 0..<batch {
    for c in 0..<channels {
      let scale = inverseDeviation[c] * (weight?[c] ?? 1)
      let shift = bias?[c] ?? 0
      let start = (n * channels + c) * spatial
      for i in start..<start + spatial { y[i] = (x[i] - mean[c]) * scale + shift }
    }
  }
}

/// The backward pass of `normalizeChannels`.
///
/// With x̂ = (x − mean) · inverseDeviation, the gradient of the bias is Σ upstream and that of the weight Σ upstream · x̂,
/// each over batch and spatial. Where mean and deviation are those of x itself (training), they depend on x too:
///
///     gradient = weight · inverseDeviation · (upstream − mean(upstream) − x̂ · mean(upstream · x̂))
///
/// and where they are constants (evaluation), gradient = weight · inverseDeviation · upstream.
///
/// - Parameters:
///   - x: As given to `normalizeChannels`.
///   - upstream: The gradient with respect to its result.
///   - batch: The first extent.
///   - channels: The number of channels.
///   - spatial: The product of the extents after the channels.
///   - mean: As given to `normalizeChannels`.
///   - inverseDeviation: As given to `normalizeChannels`.
///   - weight: As given to `normalizeChannels`.
///   - usesBatchStatistics: Whether mean and deviation were computed from x.
///   - gradient: Receives the gradient with respect to x; nil when it is not wanted. May be `upstream`, not `x`.
///   - weightGradient: Receives the gradient with respect to the weight, one number for each channel.
///   - biasGradient: Receives the gradient with respect to the bias, one number for each channel.
@specialized(where T == Float)
@specialized(where T == Double)
public func normalizeChannelsGradient<T: ComputeScalar>(
  _ x: UnsafePointer<T>, upstream: UnsafePointer<T>, batch: Int, channels: Int, spatial: Int, mean: UnsafePointer<T>,
  inverseDeviation: UnsafePointer<T>, weight: UnsafePointer<T>?, usesBatchStatistics: Bool,
  into gradient: UnsafeMutablePointer<T>?, weightGradient: UnsafeMutablePointer<T>,
  biasGradient: UnsafeMutablePointer<T>
) {
  let count = T(batch * spatial)
  for c in 0..<channels {
    var total = 0.0
    var dot = 0.0
    for n in 0..<batch {
      let start = (n * channels + c) * spatial
      for i in start..<start + spatial {
        total += Double(upstream[i])
        dot += Double(upstream[i]) * Double((x[i] - mean[c]) * inverseDeviation[c])
      }
    }
    biasGradient[c] = T(total)
    weightGradient[c] = T(dot)
    guard let gradient else { continue }
    let scale = inverseDeviation[c] * (weight?[c] ?? 1)
    for n in 0..<batch {
      let start = (n * channels + c) * spatial
      for i in start..<start + spatial {
        let centered = (x[i] - mean[c]) * inverseDeviation[c]
        let correction = usesBatchStatistics ? T(total) / count + centered * T(dot) / count : 0
        gradient[i] = scale * (upstream[i] - correction)
      }
    }
  }
}
