/// Batch normalisation of one row, which belongs to one channel.
protocol NormalizationKernels<Scalar>: SendableMetatype {
  associatedtype Scalar

  static func squaredDeviations(
    _ x: UnsafePointer<Scalar>, _ count: Int, _ mean: Scalar
  ) -> Double

  static func centeredDot(
    _ x: UnsafePointer<Scalar>, _ upstream: UnsafePointer<Scalar>, _ count: Int, _ mean: Scalar
  ) -> Double

  static func normalizeRow(
    _ x: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>, _ count: Int, _ mean: Scalar, _ scale: Scalar,
    _ shift: Scalar)

  static func normalizeGradientRow(
    _ x: UnsafePointer<Scalar>, _ upstream: UnsafePointer<Scalar>, _ gradient: UnsafeMutablePointer<Scalar>,
    _ count: Int, _ mean: Scalar, _ scale: Scalar, _ slope: Scalar, _ shift: Scalar)
}

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
  if spatial >= minimumRow {
    return forEachRowRange(channels, length: batch * spatial) { range in
      let table = kernels(T.self)
      for c in range {
        var total = 0.0
        for n in 0..<batch {
          total += table.reduceRow(ReductionFunction.sum.rawValue, x + (n * channels + c) * spatial, spatial)
        }
        mean[c] = T(total / count)
        var squares = 0.0
        for n in 0..<batch { squares += table.squaredDeviations(x + (n * channels + c) * spatial, spatial, mean[c]) }
        variance[c] = T(squares / count)
      }
    }
  }
  let columns = ChannelColumns(batch: batch, channels: channels, spatial: spatial)
  columns.sum(x) { mean[$0] = T($1 / count) }
  columns.withScratch(T.self) { centered in
    columns.combine(.subtract, x, mean, into: centered)
    combine(.multiply, centered, centered, into: centered, count: columns.count)
    columns.sum(centered) { variance[$0] = T($1 / count) }
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
  if spatial >= minimumRow {
    return forEachRowRange(batch * channels, length: spatial) { range in
      let table = kernels(T.self)
      for row in range {
        let c = row % channels
        table.normalizeRow(
          x + row * spatial, y + row * spatial, spatial, mean[c], inverseDeviation[c] * (weight?[c] ?? 1),
          bias?[c] ?? 0)
      }
    }
  }
  let columns = ChannelColumns(batch: batch, channels: channels, spatial: spatial)
  columns.combine(.subtract, x, mean, into: y)
  Scratch.withScalars(channels, of: T.self) { scale in
    for c in 0..<channels { scale[c] = inverseDeviation[c] * (weight?[c] ?? 1) }
    columns.combine(.multiply, y, scale, into: y)
  }
  if let bias { columns.combine(.add, y, bias, into: y) }
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
  let count = Double(batch * spatial)
  let columns = ChannelColumns(batch: batch, channels: channels, spatial: spatial)
  // gradient = upstream · scale + (x − mean) · slope + shift, with the means of upstream and of upstream · x̂ in slope
  // and shift.
  func coefficients(_ c: Int) -> (scale: T, slope: T, shift: T) {
    let scale = inverseDeviation[c] * (weight?[c] ?? 1)
    guard usesBatchStatistics else { return (scale, 0, 0) }
    let slope = -Double(scale) * Double(weightGradient[c]) * Double(inverseDeviation[c]) / count
    return (scale, T(slope), T(-Double(scale) * Double(biasGradient[c]) / count))
  }
  if spatial >= minimumRow {
    return forEachRowRange(channels, length: batch * spatial) { range in
      let table = kernels(T.self)
      for c in range {
        var total = 0.0
        var dot = 0.0
        for n in 0..<batch {
          let start = (n * channels + c) * spatial
          total += table.reduceRow(ReductionFunction.sum.rawValue, upstream + start, spatial)
          dot += table.centeredDot(x + start, upstream + start, spatial, mean[c])
        }
        biasGradient[c] = T(total)
        weightGradient[c] = T(dot * Double(inverseDeviation[c]))
        guard let gradient else { continue }
        let (scale, slope, shift) = coefficients(c)
        for n in 0..<batch {
          let start = (n * channels + c) * spatial
          table.normalizeGradientRow(
            x + start, upstream + start, gradient + start, spatial, mean[c], scale, slope, shift)
        }
      }
    }
  }
  columns.sum(upstream) { biasGradient[$0] = T($1) }
  columns.withScratch(T.self) { centered in
    columns.combine(.subtract, x, mean, into: centered)
    combine(.multiply, centered, upstream, into: centered, count: columns.count)
    columns.sum(centered) { weightGradient[$0] = T($1 * Double(inverseDeviation[$0])) }
    guard let gradient else { return }
    Scratch.withScalars(3 * channels, of: T.self) { factors in
      for c in 0..<channels {
        let (scale, slope, shift) = coefficients(c)
        (factors[c], factors[channels + c], factors[2 * channels + c]) = (scale, slope, shift)
      }
      if usesBatchStatistics {
        columns.combine(.subtract, x, mean, into: centered)
        columns.combine(.multiply, centered, factors + channels, into: centered)
        columns.combine(.add, centered, factors + 2 * channels, into: centered)
      }
      columns.combine(.multiply, upstream, factors, into: gradient)
      if usesBatchStatistics { accumulate(centered, into: gradient, count: columns.count) }
    }
  }
}

/// Rows at least as long are worked through one by one; shorter ones together, as columns.
private let minimumRow = 32

/// An array [batch, channels, spatial] of short rows, seen as a matrix of `batch` rows with a column for each channel and
/// place.
private struct ChannelColumns {
  let batch, channels, spatial: Int

  var count: Int { batch * channels * spatial }

  /// Calls `result` with each channel and its sum.
  @inline(__always)
  func sum<T: ComputeScalar>(_ x: UnsafePointer<T>, _ result: (_ channel: Int, _ sum: Double) -> Void) {
    Scratch.withScalars(channels, of: Double.self) { sums in
      sums.update(repeating: 0, count: channels)
      withColumnFolds(x, outer: 1, count: batch, inner: max(channels * spatial, 1), neutral: 0) {
        kernels(T.self).reduceColumns(ReductionFunction.sum.rawValue, $0, $1, $2, $3, $4)
      } merge: {
        $0 + $1
      } result: {
        sums[$0 / spatial] += $1
      }
      for c in 0..<channels { result(c, sums[c]) }
    }
  }

  /// y = f(x, the number of x's channel).
  @inline(__always)
  func combine<T: ComputeScalar>(
    _ function: BinaryFunction, _ x: UnsafePointer<T>, _ perChannel: UnsafePointer<T>,
    into y: UnsafeMutablePointer<T>
  ) {
    Scratch.withScalars(channels * spatial, of: T.self) { repeated in
      for c in 0..<channels { (repeated + c * spatial).update(repeating: perChannel[c], count: spatial) }
      let columns = channels * spatial
      ApusCompute.combine(
        function, x, strides: [columns, 1], repeated, strides: [0, 1], into: y, shape: [batch, columns])
    }
  }

  /// Scratch as large as the array.
  @inline(__always)
  func withScratch<T: ComputeScalar>(_: T.Type, _ body: (UnsafeMutablePointer<T>) -> Void) {
    Scratch.withScalars(count, of: T.self, body)
  }
}
