/// Rows that are normalised by moments of their own.
protocol RowNormalizationKernels<Scalar>: SendableMetatype {
  associatedtype Scalar

  static func normalizeRows(
    _ x: UnsafePointer<Scalar>, _ weight: UnsafePointer<Scalar>?, _ bias: UnsafePointer<Scalar>?,
    _ y: UnsafeMutablePointer<Scalar>, _ means: UnsafeMutablePointer<Scalar>, _ inverses: UnsafeMutablePointer<Scalar>,
    _ rows: Int, _ count: Int, _ epsilon: Double, _ centers: Bool)

  static func normalizeGradientRows(
    _ x: UnsafePointer<Scalar>, _ upstream: UnsafePointer<Scalar>, _ weight: UnsafePointer<Scalar>?,
    _ means: UnsafePointer<Scalar>, _ inverses: UnsafePointer<Scalar>, _ gradient: UnsafeMutablePointer<Scalar>,
    _ weightGradient: UnsafeMutablePointer<Scalar>?, _ biasGradient: UnsafeMutablePointer<Scalar>?, _ rows: Int,
    _ count: Int, _ centers: Bool)
}

/// How the numbers of an array [batch, channels, spatial] fall into groups that are normalised together: `channels / groups`
/// neighbouring channels of one sample. Every channel has a weight and a bias.
///
/// One group and `spatial` 1 is layer normalisation over rows of `channels` numbers; as many groups as channels is instance
/// normalisation.
public struct GroupLayout: Hashable, Sendable {
  /// The first extent.
  public var batch: Int
  /// The number of channels.
  public var channels: Int
  /// The product of the extents after the channels.
  public var spatial: Int
  /// Into how many groups the channels fall; divides their number.
  public var groups: Int
  /// Added to the variance.
  public var epsilon: Double
  /// Whether the mean is subtracted; without, the root mean square stands for the deviation (RMS normalisation).
  public var centers: Bool

  /// A layout.
  ///
  /// - Precondition: `groups` divides `channels`.
  public init(batch: Int, channels: Int, spatial: Int, groups: Int, epsilon: Double, centers: Bool = true) {
    precondition(groups > 0 && channels % groups == 0, "\(channels) channels do not fall into \(groups) groups")
    self.batch = batch
    self.channels = channels
    self.spatial = spatial
    self.groups = groups
    self.epsilon = epsilon
    self.centers = centers
  }

  /// Groups in all: how many means and deviations there are.
  public var rows: Int { batch * groups }

  var rowLength: Int { channels / groups * spatial }
  var weightCount: Int { channels * spatial }

  /// Whether the weights are repeated for every place, so that a row meets as many weights as it has numbers. Channels of
  /// many places are worked through one by one instead.
  var repeatsWeights: Bool { spatial < 32 }

  /// Samples that one chunk of work takes: by size alone, and so many that there are few sums of chunks to add.
  var samplesPerChunk: Int { max(1, min(batch / 16, 256), min(256, 65536 / max(1, weightCount))) }
}

/// y = (x − mean) · inverseDeviation · weight + bias, with the mean and 1 / √(variance + ε) of each group.
///
/// - Parameters:
///   - x: batch × channels × spatial numbers in row-major order.
///   - layout: What is normalised together.
///   - weight: A factor for each channel; nil means 1.
///   - bias: A summand for each channel; nil means 0.
///   - y: Receives the results. May be x.
///   - means: Receives the mean of each group, for the backward pass.
///   - inverseDeviations: Receives 1 / √(variance + ε) of each group, for the backward pass.
@specialized(where T == Float)
@specialized(where T == Double)
public func normalizeGroups<T: ComputeScalar>(
  _ x: UnsafePointer<T>, _ layout: GroupLayout, weight: UnsafePointer<T>?, bias: UnsafePointer<T>?,
  into y: UnsafeMutablePointer<T>, means: UnsafeMutablePointer<T>, inverseDeviations: UnsafeMutablePointer<T>
) {
  let (length, groups) = (layout.rowLength, layout.groups)
  guard layout.repeatsWeights else {
    let perGroup = layout.channels / groups
    return forEachRowRange(layout.rows, length: length) { range in
      let table = kernels(T.self)
      for row in range {
        // The row kernel finds the moments and writes x̂; each channel then takes its weight and bias.
        let start = row * length
        table.normalizeRows(
          x + start, nil, nil, y + start, means + row, inverseDeviations + row, 1, length, layout.epsilon,
          layout.centers)
        if weight == nil && bias == nil { continue }
        for c in 0..<perGroup {
          let channel = row % groups * perGroup + c
          let place = y + start + c * layout.spatial
          table.normalizeRow(place, place, layout.spatial, 0, weight?[channel] ?? 1, bias?[channel] ?? 0)
        }
      }
    }
  }
  withRepeated(weight, layout) { weight in
    withRepeated(bias, layout) { bias in
      if groups == 1 {
        return forEachRowRange(layout.rows, length: length) { range in
          let row = range.lowerBound
          kernels(T.self).normalizeRows(
            x + row * length, weight, bias, y + row * length, means + row, inverseDeviations + row, range.count, length,
            layout.epsilon, layout.centers)
        }
      }
      forEachRowRange(layout.rows, length: length) { range in
        let table = kernels(T.self)
        for row in range {
          let own = row % groups * length
          table.normalizeRows(
            x + row * length, weight.map { $0 + own }, bias.map { $0 + own }, y + row * length, means + row,
            inverseDeviations + row, 1, length, layout.epsilon, layout.centers)
        }
      }
    }
  }
}

/// The backward pass of `normalizeGroups`. With x̂ = (x − mean) · inverseDeviation and d = upstream · weight, over each group
///
///     gradient = inverseDeviation · (d − mean(d) − x̂ · mean(d · x̂))
///
/// (mean(d) only where means are subtracted): the mean shifts all of x̂ alike and the deviation stretches it, so these two
/// parts of d have no effect. The gradient of the bias is Σ upstream, that of the weight Σ upstream · x̂.
///
/// - Parameters:
///   - x: As given to `normalizeGroups`.
///   - upstream: The gradient with respect to its result.
///   - layout: As given to `normalizeGroups`.
///   - weight: As given to `normalizeGroups`.
///   - means: What `normalizeGroups` returned.
///   - inverseDeviations: What `normalizeGroups` returned.
///   - gradient: Receives the gradient with respect to x. May be `upstream`.
///   - weightGradient: Receives the gradient with respect to the weight, a number for each channel; nil when neither it
///     nor that of the bias is wanted.
///   - biasGradient: Receives the gradient with respect to the bias; nil exactly when `weightGradient` is.
@specialized(where T == Float)
@specialized(where T == Double)
public func normalizeGroupsGradient<T: ComputeScalar>(
  _ x: UnsafePointer<T>, upstream: UnsafePointer<T>, _ layout: GroupLayout, weight: UnsafePointer<T>?,
  means: UnsafePointer<T>, inverseDeviations: UnsafePointer<T>, into gradient: UnsafeMutablePointer<T>,
  weightGradient: UnsafeMutablePointer<T>?, biasGradient: UnsafeMutablePointer<T>?
) {
  guard layout.repeatsWeights else {
    return gradientByChannels(
      x, upstream: upstream, layout, weight: weight, means: means, inverseDeviations: inverseDeviations, into: gradient,
      weightGradient: weightGradient, biasGradient: biasGradient)
  }
  let (length, groups, width) = (layout.rowLength, layout.groups, layout.weightCount)
  let perChunk = layout.samplesPerChunk
  let chunks = (layout.batch + perChunk - 1) / perChunk
  // Each chunk sums its samples' share of the parameters' gradients apart; the chunks' sums are added in order.
  let wantsParameters = weightGradient != nil
  withRepeated(weight, layout) { weight in
    Scratch.withScalars(wantsParameters ? chunks * 2 * width : 0, of: T.self) { partial in
      parallelFor(chunks) { chunk in
        let table = kernels(T.self)
        let own = partial + chunk * 2 * width
        if wantsParameters { own.update(repeating: 0, count: 2 * width) }
        let samples = chunk * perChunk..<min(layout.batch, (chunk + 1) * perChunk)
        // Rows of one group meet the same weights and go together; with several groups each goes by itself.
        let together = groups == 1 ? samples.count : 1
        for row in stride(from: samples.lowerBound * groups, to: samples.upperBound * groups, by: together) {
          let place = row % groups * length
          table.normalizeGradientRows(
            x + row * length, upstream + row * length, weight.map { $0 + place }, means + row, inverseDeviations + row,
            gradient + row * length, wantsParameters ? own + place : nil, wantsParameters ? own + width + place : nil,
            together, length, layout.centers)
        }
      }
      guard let weightGradient, let biasGradient else { return }
      Scratch.withScalars(2 * width, of: T.self) { sums in
        reduce(.sum, partial, into: sums, outer: 1, count: chunks, inner: 2 * width)
        reduce(.sum, sums, into: weightGradient, outer: layout.channels, count: layout.spatial, inner: 1)
        reduce(.sum, sums + width, into: biasGradient, outer: layout.channels, count: layout.spatial, inner: 1)
      }
    }
  }
}

/// The backward pass where channels are long: each is a row with one weight.
private func gradientByChannels<T: ComputeScalar>(
  _ x: UnsafePointer<T>, upstream: UnsafePointer<T>, _ layout: GroupLayout, weight: UnsafePointer<T>?,
  means: UnsafePointer<T>, inverseDeviations: UnsafePointer<T>, into gradient: UnsafeMutablePointer<T>,
  weightGradient: UnsafeMutablePointer<T>?, biasGradient: UnsafeMutablePointer<T>?
) {
  let (spatial, groups, channels) = (layout.spatial, layout.groups, layout.channels)
  let perGroup = channels / groups
  let count = Double(layout.rowLength)
  Scratch.withScalars(2 * layout.batch * channels, of: Double.self) { sums in
    let dots = sums + layout.batch * channels
    forEachRowRange(layout.rows, length: layout.rowLength) { range in
      let table = kernels(T.self)
      for row in range {
        let inverse = Double(inverseDeviations[row])
        var total = 0.0
        var dot = 0.0
        for c in row * perGroup..<(row + 1) * perGroup {
          let factor = Double(weight?[c % channels] ?? 1)
          sums[c] = table.reduceRow(ReductionFunction.sum.rawValue, upstream + c * spatial, spatial)
          dots[c] = table.centeredDot(x + c * spatial, upstream + c * spatial, spatial, means[row]) * inverse
          total += factor * sums[c]
          dot += factor * dots[c]
        }
        for c in row * perGroup..<(row + 1) * perGroup {
          table.normalizeGradientRow(
            x + c * spatial, upstream + c * spatial, gradient + c * spatial, spatial, means[row],
            T(inverse * Double(weight?[c % channels] ?? 1)), T(-inverse * inverse * dot / count),
            layout.centers ? T(-inverse * total / count) : 0)
        }
      }
    }
    guard let weightGradient, let biasGradient else { return }
    for c in 0..<channels {
      var total = 0.0
      var dot = 0.0
      for n in 0..<layout.batch {
        total += sums[n * channels + c]
        dot += dots[n * channels + c]
      }
      biasGradient[c] = T(total)
      weightGradient[c] = T(dot)
    }
  }
}

/// Calls `body` with one number for each channel repeated for each of its places.
@inline(__always)
private func withRepeated<T: ComputeScalar>(
  _ perChannel: UnsafePointer<T>?, _ layout: GroupLayout, _ body: (UnsafePointer<T>?) -> Void
) {
  guard let perChannel, layout.spatial > 1 else { return body(perChannel) }
  Scratch.withScalars(layout.weightCount, of: T.self) { repeated in
    for c in 0..<layout.channels {
      (repeated + c * layout.spatial).update(repeating: perChannel[c], count: layout.spatial)
    }
    body(repeated)
  }
}
