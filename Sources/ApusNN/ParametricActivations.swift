import ApusTensor

extension Layers {
  /// x where it is positive, a learned multiple of it elsewhere (He et al. 2015).
  ///
  /// | parameter | shape | at first |
  /// | --- | --- | --- |
  /// | `weight` | [channels] or [1] | `initialSlope` |
  public final class PReLU: DescribedModule {
    /// The slope below 0, for each channel or for all.
    public let weight: Parameter<Scalar>
    private let initialSlope: Double

    /// Makes a layer with a slope for each of `channels` channels, dimension 1, or with 1 one for all.
    ///
    /// - Precondition: `channels` is positive.
    public init(_ channels: Int = 1, initialSlope: Double = 0.25) {
      demand(channels > 0, "PReLU of \(channels) channels")
      self.initialSlope = initialSlope
      weight = Parameter(.full([channels], Scalar(initialSlope)))
    }

    /// [batch, channels, ..], or a tensor of any shape with one slope → the same.
    public func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> {
      let channels = weight.shape[0]
      require(
        channels == 1 || (input.rank >= 2 && input.shape[1] == channels), architecture, path: weight.name,
        input: input.shape, "[batch, \(channels), ...]")
      return ForwardObserver.note(self, prelu(input, weight.value))
    }

    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? {
      Architecture("PReLU") {
        $0.add(.integer(weight.shape[0]))
        $0.add("initialSlope", initialSlope, default: 0.25)
      }
    }
  }

  /// The first half along a dimension times the sigmoid of the second (Dauphin et al. 2017).
  public final class GLU: DescribedModule {
    /// The dimension that is halved; negative counts from the end.
    public let dim: Int

    /// Makes the function over dimension `dim`, the last unless given.
    public init(dim: Int = -1) {
      self.dim = dim
    }

    /// [.., 2 n, ..] → [.., n, ..].
    public func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> {
      require(
        (-input.rank..<input.rank).contains(dim) && input.size(dim) % 2 == 0, architecture, path: nil,
        input: input.shape, "an even extent in dimension \(dim)")
      return ForwardObserver.note(self, glu(input, dim: dim))
    }

    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? {
      Architecture("GLU") { if dim != -1 { $0.add("dim", .integer(dim)) } }
    }
  }
}

/// ReLU with a learned slope, of `Float`.
public typealias PReLU = Layers<Float>.PReLU
/// Gated linear unit of `Float`.
public typealias GLU = Layers<Float>.GLU
