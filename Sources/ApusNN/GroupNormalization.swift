import ApusTensor

extension Layers {
  /// Group normalisation: neighbouring channels of a sample are normalised together, over all places (Wu and He 2018). It does
  /// not depend on the other samples of the batch.
  ///
  /// | parameter | shape | at first |
  /// | --- | --- | --- |
  /// | `weight` | [channels] | 1 |
  /// | `bias` | [channels] | 0 |
  public final class GroupNorm: DescribedModule {
    /// Into how many groups the channels fall.
    public let groups: Int
    /// Channels, the size of the input's dimension 1.
    public let channels: Int
    /// Added to the variance.
    public let epsilon: Double
    /// A factor for each channel; nil when the layer was made without.
    public let weight: Parameter<Scalar>?
    /// A summand for each channel; nil when the layer was made without.
    public let bias: Parameter<Scalar>?

    /// Makes a layer.
    ///
    /// - Precondition: `groups` divides `channels`, `epsilon` is not negative.
    public init(_ groups: Int, _ channels: Int, epsilon: Double = 1e-5, affine: Bool = true) {
      demand(
        groups > 0 && channels > 0 && channels % groups == 0,
        "GroupNorm: \(channels) channels do not fall into \(groups) groups")
      demand(epsilon >= 0, "GroupNorm: epsilon \(epsilon) is negative")
      self.groups = groups
      self.channels = channels
      self.epsilon = epsilon
      weight = affine ? Parameter(.ones([channels])) : nil
      bias = affine ? Parameter(.zeros([channels])) : nil
    }

    /// [batch, channels, ..] → the same.
    public func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> {
      require(
        input.rank >= 2 && input.shape[1] == channels, architecture, path: weight?.name, input: input.shape,
        "[batch, \(channels), ...]")
      return ForwardObserver.note(
        self, groupNorm(input, groups: groups, weight?.value, bias?.value, epsilon: epsilon))
    }

    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? {
      Architecture("GroupNorm") {
        $0.add(.integer(groups))
        $0.add(.integer(channels))
        $0.add("epsilon", epsilon, default: 1e-5)
        $0.add("affine", weight != nil, default: true)
      }
    }
  }

  /// What the instance normalisations share: every channel of every sample is normalised by itself (Ulyanov et al. 2016).
  ///
  /// | parameter | shape | at first |
  /// | --- | --- | --- |
  /// | `weight` | [features] | 1 |
  /// | `bias` | [features] | 0 |
  ///
  /// There are no parameters unless asked for, and no running statistics, as by default in PyTorch.
  public class InstanceNorm {
    /// Channels, the size of the input's dimension 1.
    public let features: Int
    /// Added to the variance.
    public let epsilon: Double
    /// A factor for each channel; nil when the layer was made without.
    public let weight: Parameter<Scalar>?
    /// A summand for each channel; nil when the layer was made without.
    public let bias: Parameter<Scalar>?

    fileprivate init(_ features: Int, epsilon: Double, affine: Bool) {
      demand(features > 0, "instance normalisation of \(features) channels")
      demand(epsilon >= 0, "instance normalisation: epsilon \(epsilon) is negative")
      self.features = features
      self.epsilon = epsilon
      weight = affine ? Parameter(.ones([features])) : nil
      bias = affine ? Parameter(.zeros([features])) : nil
    }

    fileprivate func normalize(_ input: Tensor<Scalar>, rank: Int, _ name: String, _ places: String) -> Tensor<Scalar> {
      require(
        input.rank == rank && input.shape[1] == features, description(name), path: weight?.name, input: input.shape,
        "[batch, \(features), \(places)]")
      return groupNorm(input, groups: features, weight?.value, bias?.value, epsilon: epsilon)
    }

    fileprivate func description(_ name: String) -> Architecture {
      Architecture(name) {
        $0.add(.integer(features))
        $0.add("epsilon", epsilon, default: 1e-5)
        $0.add("affine", weight != nil, default: false)
      }
    }
  }

  /// Instance normalisation of sequences, [batch, channels, length].
  public final class InstanceNorm1d: InstanceNorm, DescribedModule {
    /// Makes a layer.
    ///
    /// - Precondition: `features` is positive, `epsilon` is not negative.
    public override init(_ features: Int, epsilon: Double = 1e-5, affine: Bool = false) {
      super.init(features, epsilon: epsilon, affine: affine)
    }

    /// [batch, features, length] → the same.
    public func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> {
      ForwardObserver.note(self, normalize(input, rank: 3, "InstanceNorm1d", "length"))
    }

    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? { description("InstanceNorm1d") }
  }

  /// Instance normalisation of images, [batch, channels, height, width].
  public final class InstanceNorm2d: InstanceNorm, DescribedModule {
    /// Makes a layer.
    ///
    /// - Precondition: `features` is positive, `epsilon` is not negative.
    public override init(_ features: Int, epsilon: Double = 1e-5, affine: Bool = false) {
      super.init(features, epsilon: epsilon, affine: affine)
    }

    /// [batch, features, height, width] → the same.
    public func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> {
      ForwardObserver.note(self, normalize(input, rank: 4, "InstanceNorm2d", "height, width"))
    }

    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? { description("InstanceNorm2d") }
  }
}

/// Group normalisation of `Float`.
public typealias GroupNorm = Layers<Float>.GroupNorm
/// Instance normalisation of sequences of `Float`.
public typealias InstanceNorm1d = Layers<Float>.InstanceNorm1d
/// Instance normalisation of images of `Float`.
public typealias InstanceNorm2d = Layers<Float>.InstanceNorm2d
