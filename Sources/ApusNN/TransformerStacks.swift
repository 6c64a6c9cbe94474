import ApusTensor

extension Layers {
  /// Encoder layers on top of each other, as PyTorch's `TransformerEncoder`.
  ///
  /// | part | parameters |
  /// | --- | --- |
  /// | `layers.0`, `layers.1`, … | those of `TransformerEncoderLayer` |
  /// | `norm` | those of `LayerNorm`, where there is one at the end |
  public final class TransformerEncoder: DescribedModule {
    /// The layers, the first of which sees the input.
    public let layers: [Layers.TransformerEncoderLayer]
    /// The normalisation behind the last layer; layers with `normFirst` want one.
    public let norm: Layers.LayerNorm?

    /// Stacks layers.
    ///
    /// - Parameters:
    ///   - count: How many layers.
    ///   - norm: The normalisation behind them, nil for none.
    ///   - layer: Makes a layer. PyTorch copies one layer, its first weights too; here each may draw its own.
    /// - Precondition: `count` is positive, and the layers are of one size.
    public init(_ count: Int, norm: Layers.LayerNorm? = nil, layer: () -> Layers.TransformerEncoderLayer) {
      demand(count > 0, "TransformerEncoder: \(count) layers")
      layers = (0..<count).map { _ in layer() }
      self.norm = norm
      let size = layers[0].linear1.inFeatures
      demand(
        layers.allSatisfy { $0.linear1.inFeatures == size }, "TransformerEncoder: the layers are of different sizes")
      demand(
        norm.map { $0.normalizedShape == [size] } ?? true,
        "TransformerEncoder: a normalisation of \(norm?.normalizedShape ?? []) behind layers of size \(size)")
    }

    /// Without masks: [positions, batch, size], or batch first → the same.
    public func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> { self(input, mask: nil) }

    /// [positions, batch, size], or batch first → the same. The masks are as for `MultiheadAttention`.
    public func callAsFunction(
      _ input: Tensor<Scalar>, mask: Tensor<Scalar>?, keyPaddingMask: Tensor<Scalar>? = nil, isCausal: Bool = false
    ) -> Tensor<Scalar> {
      var x = input
      for layer in layers { x = layer(x, mask: mask, keyPaddingMask: keyPaddingMask, isCausal: isCausal) }
      return ForwardObserver.note(self, norm.map { $0(x) } ?? x)
    }

    /// Positions that follow those in the caches, one for each layer; see `KeyValueCache`.
    ///
    /// - Precondition: There are as many caches as layers.
    public func callAsFunction(_ input: Tensor<Scalar>, caches: inout [KeyValueCache<Scalar>]) -> Tensor<Scalar> {
      demand(
        caches.count == layers.count, "TransformerEncoder: \(caches.count) caches for \(layers.count) layers")
      var x = input
      for (number, layer) in layers.enumerated() { x = layer(x, cache: &caches[number]) }
      return ForwardObserver.note(self, norm.map { $0(x) } ?? x)
    }

    /// The stack written down, as in the Swift that makes it; nil when its layers are not alike.
    public var architecture: Architecture? {
      guard let layer = layers[0].architecture, layers.allSatisfy({ $0.architecture == layer }) else { return nil }
      return Architecture("TransformerEncoder") {
        $0.add(.integer(layers.count))
        if let norm = norm?.architecture { $0.add("norm", .layer(norm)) }
        $0.add("layer", .layer(layer))
      }
    }
  }

  /// Decoder layers on top of each other, as PyTorch's `TransformerDecoder`: each reads what the encoder made.
  ///
  /// | part | parameters |
  /// | --- | --- |
  /// | `layers.0`, `layers.1`, … | those of `TransformerDecoderLayer` |
  /// | `norm` | those of `LayerNorm`, where there is one at the end |
  public final class TransformerDecoder: DescribedModule {
    /// The layers, the first of which sees the target.
    public let layers: [Layers.TransformerDecoderLayer]
    /// The normalisation behind the last layer; layers with `normFirst` want one.
    public let norm: Layers.LayerNorm?

    /// Stacks layers; see `TransformerEncoder`.
    ///
    /// - Precondition: `count` is positive, and the layers are of one size.
    public init(_ count: Int, norm: Layers.LayerNorm? = nil, layer: () -> Layers.TransformerDecoderLayer) {
      demand(count > 0, "TransformerDecoder: \(count) layers")
      layers = (0..<count).map { _ in layer() }
      self.norm = norm
      let size = layers[0].linear1.inFeatures
      demand(
        layers.allSatisfy { $0.linear1.inFeatures == size }, "TransformerDecoder: the layers are of different sizes")
      demand(
        norm.map { $0.normalizedShape == [size] } ?? true,
        "TransformerDecoder: a normalisation of \(norm?.normalizedShape ?? []) behind layers of size \(size)")
    }

    /// A target and the memory, without masks.
    public func callAsFunction(_ input: (target: Tensor<Scalar>, memory: Tensor<Scalar>)) -> Tensor<Scalar> {
      self(input.target, memory: input.memory)
    }

    /// [positions, batch, size], or batch first → the same. The masks are as for `TransformerDecoderLayer`.
    public func callAsFunction(
      _ target: Tensor<Scalar>, memory: Tensor<Scalar>, mask: Tensor<Scalar>? = nil,
      memoryMask: Tensor<Scalar>? = nil, keyPaddingMask: Tensor<Scalar>? = nil,
      memoryKeyPaddingMask: Tensor<Scalar>? = nil, isCausal: Bool = false
    ) -> Tensor<Scalar> {
      var x = target
      for layer in layers {
        x = layer(
          x, memory: memory, mask: mask, memoryMask: memoryMask, keyPaddingMask: keyPaddingMask,
          memoryKeyPaddingMask: memoryKeyPaddingMask, isCausal: isCausal)
      }
      return ForwardObserver.note(self, norm.map { $0(x) } ?? x)
    }

    /// The stack written down, as in the Swift that makes it; nil when its layers are not alike.
    public var architecture: Architecture? {
      guard let layer = layers[0].architecture, layers.allSatisfy({ $0.architecture == layer }) else { return nil }
      return Architecture("TransformerDecoder") {
        $0.add(.integer(layers.count))
        if let norm = norm?.architecture { $0.add("norm", .layer(norm)) }
        $0.add("layer", .layer(layer))
      }
    }
  }
}

/// A stack of a transformer's encoder layers, of `Float`.
public typealias TransformerEncoder = Layers<Float>.TransformerEncoder
/// A stack of a transformer's decoder layers, of `Float`.
public typealias TransformerDecoder = Layers<Float>.TransformerDecoder
