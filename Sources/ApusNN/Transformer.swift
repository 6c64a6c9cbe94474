import ApusTensor

/// The function between the two linear layers of a transformer's feed-forward part.
public enum TransformerActivation: String, Sendable {
  /// max(x, 0).
  case relu
  /// x Φ(x), exactly.
  case gelu

  func callAsFunction<Scalar>(_ x: Tensor<Scalar>) -> Tensor<Scalar> { self == .relu ? x.relu() : x.gelu() }
}

extension Layers {
  /// A layer of a transformer's encoder (Vaswani et al. 2017), as PyTorch's `TransformerEncoderLayer`: self-attention and a
  /// feed-forward part, each with a way around it and a layer normalisation behind it or, with `normFirst`, before it.
  ///
  /// | part | parameters |
  /// | --- | --- |
  /// | `self_attn` | those of `MultiheadAttention` |
  /// | `linear1`, `linear2` | [feedForwardSize, size], [size, feedForwardSize] |
  /// | `norm1`, `norm2` | [size] |
  public final class TransformerEncoderLayer: DescribedModule {
    /// The attention.
    public let attention: Layers.MultiheadAttention
    /// The wider half of the feed-forward part.
    public let linear1: Layers.Linear
    /// The narrower half of the feed-forward part.
    public let linear2: Layers.Linear
    /// The normalisation of the attention.
    public let norm1: Layers.LayerNorm
    /// The normalisation of the feed-forward part.
    public let norm2: Layers.LayerNorm
    let dropouts: [Layers.Dropout]
    private let activation: TransformerActivation
    let normFirst: Bool

    /// Makes a layer with weights from the seed of the `withSeed` around it.
    ///
    /// - Precondition: The sizes are positive, `heads` divides `size`, and `dropout` is a probability.
    public init(
      _ size: Int, _ heads: Int, feedForwardSize: Int = 2048, dropout: Double = 0.1,
      activation: TransformerActivation = .relu, normEpsilon: Double = 1e-5, batchFirst: Bool = false,
      normFirst: Bool = false, bias: Bool = true
    ) {
      attention = Layers.MultiheadAttention(size, heads, dropout: dropout, bias: bias, batchFirst: batchFirst)
      linear1 = Layers.Linear(size, feedForwardSize, bias: bias)
      linear2 = Layers.Linear(feedForwardSize, size, bias: bias)
      norm1 = Layers.LayerNorm(size, epsilon: normEpsilon, bias: bias)
      norm2 = Layers.LayerNorm(size, epsilon: normEpsilon, bias: bias)
      dropouts = (0..<3).map { _ in Layers.Dropout(dropout) }
      self.activation = activation
      self.normFirst = normFirst
    }

    /// The parts under PyTorch's names.
    public var children: [(name: String, part: Any)] {
      [
        ("self_attn", attention), ("linear1", linear1), ("dropout", dropouts[0]), ("linear2", linear2),
        ("norm1", norm1), ("norm2", norm2), ("dropout1", dropouts[1]), ("dropout2", dropouts[2]),
      ]
    }

    /// Without masks: [positions, batch, size], or batch first → the same.
    public func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> { self(input, mask: nil) }

    /// [positions, batch, size], or batch first → the same.
    ///
    /// - Parameters:
    ///   - input: The sequences.
    ///   - mask: As for `MultiheadAttention`.
    ///   - keyPaddingMask: As for `MultiheadAttention`.
    ///   - isCausal: As for `MultiheadAttention`.
    public func callAsFunction(
      _ input: Tensor<Scalar>, mask: Tensor<Scalar>?, keyPaddingMask: Tensor<Scalar>? = nil, isCausal: Bool = false
    ) -> Tensor<Scalar> {
      func attend(_ x: Tensor<Scalar>) -> Tensor<Scalar> {
        dropouts[1](attention(x, mask: mask, keyPaddingMask: keyPaddingMask, isCausal: isCausal))
      }
      if normFirst {
        let x = input + attend(norm1(input))
        return ForwardObserver.note(self, x + feedForward(norm2(x)))
      }
      let x = norm1(input + attend(input))
      return ForwardObserver.note(self, norm2(x + feedForward(x)))
    }

    /// The part behind the attention, each position by itself.
    func feedForward(_ x: Tensor<Scalar>) -> Tensor<Scalar> {
      dropouts[2](linear2(dropouts[0](activation(linear1(x)))))
    }

    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? {
      Layers.describe(
        "TransformerEncoderLayer", attention, linear1, norm1, dropouts[0].probability, activation, normFirst: normFirst)
    }
  }

  /// A layer of a transformer's decoder (Vaswani et al. 2017), as PyTorch's `TransformerDecoderLayer`: self-attention of the
  /// target, its attention to the memory that an encoder made, and a feed-forward part.
  ///
  /// | part | parameters |
  /// | --- | --- |
  /// | `self_attn`, `multihead_attn` | those of `MultiheadAttention` |
  /// | `linear1`, `linear2` | [feedForwardSize, size], [size, feedForwardSize] |
  /// | `norm1`, `norm2`, `norm3` | [size] |
  public final class TransformerDecoderLayer: DescribedModule {
    /// The attention of the target to itself.
    public let selfAttention: Layers.MultiheadAttention
    /// The attention of the target to the memory.
    public let crossAttention: Layers.MultiheadAttention
    /// The wider half of the feed-forward part.
    public let linear1: Layers.Linear
    /// The narrower half of the feed-forward part.
    public let linear2: Layers.Linear
    /// The normalisations of the three parts.
    public let norms: [Layers.LayerNorm]
    private let dropouts: [Layers.Dropout]
    private let activation: TransformerActivation
    private let normFirst: Bool

    /// Makes a layer with weights from the seed of the `withSeed` around it.
    ///
    /// - Precondition: The sizes are positive, `heads` divides `size`, and `dropout` is a probability.
    public init(
      _ size: Int, _ heads: Int, feedForwardSize: Int = 2048, dropout: Double = 0.1,
      activation: TransformerActivation = .relu, normEpsilon: Double = 1e-5, batchFirst: Bool = false,
      normFirst: Bool = false, bias: Bool = true
    ) {
      selfAttention = Layers.MultiheadAttention(size, heads, dropout: dropout, bias: bias, batchFirst: batchFirst)
      crossAttention = Layers.MultiheadAttention(size, heads, dropout: dropout, bias: bias, batchFirst: batchFirst)
      linear1 = Layers.Linear(size, feedForwardSize, bias: bias)
      linear2 = Layers.Linear(feedForwardSize, size, bias: bias)
      norms = (0..<3).map { _ in Layers.LayerNorm(size, epsilon: normEpsilon, bias: bias) }
      dropouts = (0..<4).map { _ in Layers.Dropout(dropout) }
      self.activation = activation
      self.normFirst = normFirst
    }

    /// The parts under PyTorch's names.
    public var children: [(name: String, part: Any)] {
      [
        ("self_attn", selfAttention), ("multihead_attn", crossAttention), ("linear1", linear1),
        ("dropout", dropouts[0]), ("linear2", linear2), ("norm1", norms[0]), ("norm2", norms[1]), ("norm3", norms[2]),
        ("dropout1", dropouts[1]), ("dropout2", dropouts[2]), ("dropout3", dropouts[3]),
      ]
    }

    /// A target and the memory, without masks.
    public func callAsFunction(_ input: (target: Tensor<Scalar>, memory: Tensor<Scalar>)) -> Tensor<Scalar> {
      self(input.target, memory: input.memory)
    }

    /// [positions, batch, size], or batch first → the same.
    ///
    /// - Parameters:
    ///   - target: The sequences that are made.
    ///   - memory: What the encoder made of the sequences that are read, [positions, batch, size], or batch first.
    ///   - mask: A mask of the target's positions, as for `MultiheadAttention`.
    ///   - memoryMask: A mask of the memory's positions, as for `MultiheadAttention`.
    ///   - keyPaddingMask: Hides positions of the target, as for `MultiheadAttention`.
    ///   - memoryKeyPaddingMask: Hides positions of the memory, as for `MultiheadAttention`.
    ///   - isCausal: Whether a position of the target sees only itself and those before it.
    public func callAsFunction(
      _ target: Tensor<Scalar>, memory: Tensor<Scalar>, mask: Tensor<Scalar>? = nil,
      memoryMask: Tensor<Scalar>? = nil, keyPaddingMask: Tensor<Scalar>? = nil,
      memoryKeyPaddingMask: Tensor<Scalar>? = nil, isCausal: Bool = false
    ) -> Tensor<Scalar> {
      func attend(_ x: Tensor<Scalar>) -> Tensor<Scalar> {
        dropouts[1](selfAttention(x, mask: mask, keyPaddingMask: keyPaddingMask, isCausal: isCausal))
      }
      func read(_ x: Tensor<Scalar>) -> Tensor<Scalar> {
        dropouts[2](crossAttention(x, memory, memory, mask: memoryMask, keyPaddingMask: memoryKeyPaddingMask))
      }
      func feedForward(_ x: Tensor<Scalar>) -> Tensor<Scalar> {
        dropouts[3](linear2(dropouts[0](activation(linear1(x)))))
      }
      var x = target
      if normFirst {
        x = x + attend(norms[0](x))
        x = x + read(norms[1](x))
        return ForwardObserver.note(self, x + feedForward(norms[2](x)))
      }
      x = norms[0](x + attend(x))
      x = norms[1](x + read(x))
      return ForwardObserver.note(self, norms[2](x + feedForward(x)))
    }

    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? {
      Layers.describe(
        "TransformerDecoderLayer", selfAttention, linear1, norms[0], dropouts[0].probability, activation,
        normFirst: normFirst)
    }
  }

  private static func describe(
    _ name: String, _ attention: MultiheadAttention, _ linear1: Linear, _ norm: LayerNorm, _ dropout: Double,
    _ activation: TransformerActivation, normFirst: Bool
  ) -> Architecture {
    Architecture(name) {
      $0.add(.integer(attention.embedSize))
      $0.add(.integer(attention.heads))
      $0.add("feedForwardSize", linear1.outFeatures, default: 2048)
      $0.add("dropout", dropout, default: 0.1)
      if activation == .gelu { $0.add("activation", choice: "gelu") }
      $0.add("normEpsilon", norm.epsilon, default: 1e-5)
      $0.add("batchFirst", attention.batchFirst, default: false)
      $0.add("normFirst", normFirst, default: false)
      $0.add("bias", linear1.bias != nil, default: true)
    }
  }
}

/// A layer of a transformer's encoder, of `Float`.
public typealias TransformerEncoderLayer = Layers<Float>.TransformerEncoderLayer
/// A layer of a transformer's decoder, of `Float`.
public typealias TransformerDecoderLayer = Layers<Float>.TransformerDecoderLayer
