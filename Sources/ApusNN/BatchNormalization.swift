import ApusTensor

// For every channel, over batch and positions, y = (x − μ) / √(σ² + ε) · γ + β. In training μ and σ² are those of the
// batch; they enter the running statistics, which stand for them in evaluation:
//     running = (1 − momentum) · running + momentum · batch
// with the unbiased variance of the batch (÷ (n − 1)), while the batch itself is normalised with the biased one.

extension Layers {
  /// What the batch normalisations share: parameters, running statistics and the arithmetic.
  ///
  /// | parameter or buffer | shape | at first |
  /// | --- | --- | --- |
  /// | `weight` (γ) | [features] | 1 |
  /// | `bias` (β) | [features] | 0 |
  /// | `running_mean` | [features] | 0 |
  /// | `running_var` | [features] | 1 |
  /// | `num_batches_tracked` | [] | 0 |
  public class BatchNorm: TrainingDependent {
    /// Channels, the size of the input's dimension 1.
    public let features: Int
    /// Added to the variance.
    public let epsilon: Double
    /// The weight of a batch in the running statistics; nil makes them the mean over all batches so far.
    public let momentum: Double?
    /// γ, [features]; nil when the layer was made without.
    public let weight: Parameter<Scalar>?
    /// β, [features]; nil when the layer was made without.
    public let bias: Parameter<Scalar>?
    /// The running mean, [features]; nil when the layer keeps no statistics.
    public let runningMean: Buffer<Scalar>?
    /// The running variance, [features]; nil when the layer keeps no statistics.
    public let runningVariance: Buffer<Scalar>?
    /// How many batches the running statistics have seen, a single number; nil when the layer keeps none.
    public let batchCount: IndexBuffer?
    /// Whether the layer is in training mode. True when made.
    public var isTraining = true

    fileprivate init(
      _ features: Int, epsilon: Double, momentum: Double?, affine: Bool, trackRunningStats: Bool
    ) {
      demand(features > 0, "batch normalisation of \(features) channels")
      demand(epsilon >= 0, "batch normalisation: epsilon \(epsilon) is negative")
      demand(
        momentum.map { (0...1).contains($0) } ?? true, "batch normalisation: momentum \(momentum ?? 0) is not in 0...1")
      self.features = features
      self.epsilon = epsilon
      self.momentum = momentum
      weight = affine ? Parameter(.ones([features])) : nil
      bias = affine ? Parameter(.zeros([features])) : nil
      runningMean = trackRunningStats ? Buffer(.zeros([features])) : nil
      runningVariance = trackRunningStats ? Buffer(.ones([features])) : nil
      batchCount = trackRunningStats ? IndexBuffer(IndexTensor(0)) : nil
    }

    /// The parts under PyTorch's names.
    public var children: [(name: String, part: Any)] {
      let parts: [(name: String, part: Any?)] = [
        ("weight", weight), ("bias", bias), ("running_mean", runningMean), ("running_var", runningVariance),
        ("num_batches_tracked", batchCount),
      ]
      return parts.compactMap { name, part in part.map { (name, $0) } }
    }

    fileprivate func normalize(_ input: Tensor<Scalar>) -> Tensor<Scalar> {
      if !isTraining, let runningMean, let runningVariance {
        return batchNorm(
          input, weight?.value, bias?.value, moments: (runningMean.value, runningVariance.value), epsilon: epsilon)
      }
      let moments = channelMoments(input)
      if isTraining { track(moments, count: input.elementCount / features) }
      return batchNorm(input, weight?.value, bias?.value, moments: moments, isOwn: true, epsilon: epsilon)
    }

    private func track(_ moments: (mean: Tensor<Scalar>, variance: Tensor<Scalar>), count: Int) {
      guard let runningMean, let runningVariance, let batchCount else { return }
      let seen = batchCount.value.item + 1
      batchCount.value = IndexTensor(seen)
      let share = Scalar(momentum ?? 1 / Double(seen))
      let unbiased = share * Scalar(count) / Scalar(count - 1)
      withoutGradients {
        runningMean.value = runningMean.value * (1 - share) + moments.mean * share
        runningVariance.value = runningVariance.value * (1 - share) + moments.variance * unbiased
      }
    }

    fileprivate func description(_ name: String) -> Architecture {
      Architecture(name) {
        $0.add(.integer(features))
        $0.add("epsilon", epsilon, default: 1e-5)
        if let momentum { $0.add("momentum", momentum, default: 0.1) } else { $0.add("momentum", .none) }
        $0.add("affine", weight != nil, default: true)
        $0.add("trackRunningStats", runningMean != nil, default: true)
      }
    }

    fileprivate func check(_ input: Tensor<Scalar>, ranks: ClosedRange<Int>, _ name: String, _ expected: String) {
      require(
        ranks.contains(input.rank) && input.shape[1] == features, description(name), path: weight?.name,
        input: input.shape, expected)
      require(
        !isTraining || input.elementCount / features > 1, description(name), path: weight?.name, input: input.shape,
        "more than one value for each channel in training")
    }
  }

  /// Batch normalisation of features, [batch, features], or of sequences, [batch, features, length].
  public final class BatchNorm1d: BatchNorm, DescribedModule {
    /// Makes a layer; `momentum: nil` makes the running statistics the mean over all batches.
    ///
    /// - Precondition: `features` is positive, `epsilon` is not negative, `momentum` lies in 0 … 1.
    public override init(
      _ features: Int, epsilon: Double = 1e-5, momentum: Double? = 0.1, affine: Bool = true,
      trackRunningStats: Bool = true
    ) {
      super.init(
        features, epsilon: epsilon, momentum: momentum, affine: affine, trackRunningStats: trackRunningStats)
    }

    /// [batch, features] or [batch, features, length] → the same.
    ///
    /// - Precondition: In training, more than one value for each channel.
    public func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> {
      check(input, ranks: 2...3, "BatchNorm1d", "[batch, \(features)] or [batch, \(features), length]")
      return ForwardObserver.note(self, normalize(input))
    }

    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? { description("BatchNorm1d") }
  }

  /// Batch normalisation of images, [batch, channels, height, width].
  public final class BatchNorm2d: BatchNorm, DescribedModule {
    /// Makes a layer; `momentum: nil` makes the running statistics the mean over all batches.
    ///
    /// - Precondition: `features` is positive, `epsilon` is not negative, `momentum` lies in 0 … 1.
    public override init(
      _ features: Int, epsilon: Double = 1e-5, momentum: Double? = 0.1, affine: Bool = true,
      trackRunningStats: Bool = true
    ) {
      super.init(
        features, epsilon: epsilon, momentum: momentum, affine: affine, trackRunningStats: trackRunningStats)
    }

    /// [batch, features, height, width] → the same.
    ///
    /// - Precondition: In training, more than one value for each channel.
    public func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> {
      check(input, ranks: 4...4, "BatchNorm2d", "[batch, \(features), height, width]")
      return ForwardObserver.note(self, normalize(input))
    }

    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? { description("BatchNorm2d") }
  }
}

/// Batch normalisation of features and sequences of `Float`.
public typealias BatchNorm1d = Layers<Float>.BatchNorm1d
/// Batch normalisation of images of `Float`.
public typealias BatchNorm2d = Layers<Float>.BatchNorm2d
