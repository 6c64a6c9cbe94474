import ApusTensor

extension Layers {
  /// Attention of several heads (Vaswani et al. 2017), as PyTorch's `MultiheadAttention`: queries, keys and values are
  /// projected, cut into heads, and each head mixes the values by softmax(q kᵀ / √width); the heads side by side are projected
  /// once more.
  ///
  /// | parameter | shape | |
  /// | --- | --- | --- |
  /// | `in_proj_weight` | [3 · embed, embed] | where keys and values are as wide as queries |
  /// | `q_proj_weight`, `k_proj_weight`, `v_proj_weight` | [embed, their width] | elsewhere |
  /// | `in_proj_bias` | [3 · embed] | |
  /// | `out_proj.weight`, `out_proj.bias` | [embed, embed], [embed] | |
  ///
  /// Scores are computed in tiles, so that memory grows with the length and not with its square; only with `needWeights`, and
  /// with dropout in training, are they there as a whole.
  public final class MultiheadAttention: DescribedModule, TrainingDependent {
    /// Numbers of a query and of the output.
    public let embedSize: Int
    /// Heads, which share the numbers out.
    public let heads: Int
    /// The probability with which a weight is dropped in training.
    public let dropout: Double
    /// Numbers of a key.
    public let keySize: Int
    /// Numbers of a value.
    public let valueSize: Int
    /// Whether the batch is the first dimension; the positions are then the second.
    public let batchFirst: Bool
    /// Whether the layer is in training mode. True when made.
    public var isTraining = true
    /// The projections of queries, keys and values: one matrix of all three, or three.
    public let projections: [Parameter<Scalar>]
    /// The bias of the three projections, [3 · embed]; nil when the layer was made without.
    public let projectionBias: Parameter<Scalar>?
    /// The last projection.
    public let output: Layers.Linear
    private var generator: Random

    /// Makes a layer with weights from the seed of the `withSeed` around it, distributed as in PyTorch: Xavier's rule for the
    /// projections, zeros for the biases.
    ///
    /// - Precondition: The sizes are positive, `heads` divides `embedSize`, and `dropout` is a probability.
    public init(
      _ embedSize: Int, _ heads: Int, dropout: Double = 0, bias: Bool = true, keySize: Int? = nil,
      valueSize: Int? = nil, batchFirst: Bool = false
    ) {
      demand(
        embedSize > 0 && heads > 0 && embedSize % heads == 0,
        "MultiheadAttention(\(embedSize), \(heads)): the heads must divide the size")
      demand((0...1).contains(dropout), "MultiheadAttention: the dropout \(dropout) is no probability")
      self.embedSize = embedSize
      self.heads = heads
      self.dropout = dropout
      self.keySize = keySize ?? embedSize
      self.valueSize = valueSize ?? embedSize
      self.batchFirst = batchFirst
      demand(self.keySize > 0 && self.valueSize > 0, "MultiheadAttention: key and value sizes must be positive")
      var source = scopedRandom()
      let xavier = Initializer.xavierUniform(gain: 1)
      projections =
        self.keySize == embedSize && self.valueSize == embedSize
        ? [Parameter(xavier([3 * embedSize, embedSize], using: &source))]
        : [embedSize, self.keySize, self.valueSize].map { Parameter(xavier([embedSize, $0], using: &source)) }
      projectionBias = bias ? Parameter(.zeros([3 * embedSize])) : nil
      output = Layers.Linear(embedSize, embedSize, bias: bias, using: &source)
      if let bias = output.bias { bias.value = .zeros([embedSize]) }
      generator = Random(seed: source.next())
    }

    /// The parameters under PyTorch's names.
    public var children: [(name: String, part: Any)] {
      let names =
        projections.count == 1 ? ["in_proj_weight"] : ["q_proj_weight", "k_proj_weight", "v_proj_weight"]
      var parts: [(name: String, part: Any)] = zip(names, projections).map { ($0, $1) }
      if let projectionBias { parts.append(("in_proj_bias", projectionBias)) }
      return parts + [("out_proj", output)]
    }

    /// Self-attention without masks: [positions, batch, embed], or batch first → the same.
    public func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> { self(input, mask: nil) }

    /// Self-attention.
    ///
    /// - Parameters:
    ///   - input: [positions, batch, embed], or batch first.
    ///   - mask: A summand for the scores, [positions, positions] or [batch · heads, positions, positions]; −∞ hides.
    ///   - keyPaddingMask: A summand for the scores of each key, [batch, positions]; −∞ hides.
    ///   - isCausal: Whether a position sees only itself and those before it.
    public func callAsFunction(
      _ input: Tensor<Scalar>, mask: Tensor<Scalar>?, keyPaddingMask: Tensor<Scalar>? = nil, isCausal: Bool = false
    ) -> Tensor<Scalar> {
      let isPlain = mask == nil && keyPaddingMask == nil && projections.count == 1 && !(isTraining && dropout > 0)
      guard isPlain else {
        return self(input, input, input, mask: mask, keyPaddingMask: keyPaddingMask, isCausal: isCausal)
      }
      requireWidth(input, embedSize)
      // One product makes queries, keys and values.
      let rows = linear(input, projections[0].value, projectionBias?.value)
      let mixed = selfAttention(rows, heads: heads, batchFirst: batchFirst, isCausal: isCausal)
      return ForwardObserver.note(self, linear(mixed, output.weight.value, output.bias?.value))
    }

    private func requireWidth(_ input: Tensor<Scalar>, _ size: Int) {
      require(
        input.rank == 3 && input.shape[2] == size, architecture, path: projections[0].name, input: input.shape,
        batchFirst ? "[batch, positions, \(size)]" : "[positions, batch, \(size)]")
    }

    /// Attention of queries to keys, whose values are mixed.
    ///
    /// - Parameters:
    ///   - query: [queries, batch, embed], or batch first.
    ///   - key: [keys, batch, keySize], or batch first.
    ///   - value: [keys, batch, valueSize], or batch first.
    ///   - mask: A summand for the scores, [queries, keys] or [batch · heads, queries, keys]; −∞ hides.
    ///     `Tensor.hiding` makes one of zeros and ones.
    ///   - keyPaddingMask: A summand for the scores of each key, [batch, keys]; −∞ hides.
    ///   - isCausal: Whether query i sees the keys 0 … i only.
    /// - Returns: [queries, batch, embed], or batch first.
    public func callAsFunction(
      _ query: Tensor<Scalar>, _ key: Tensor<Scalar>, _ value: Tensor<Scalar>, mask: Tensor<Scalar>? = nil,
      keyPaddingMask: Tensor<Scalar>? = nil, isCausal: Bool = false
    ) -> Tensor<Scalar> {
      let (q, k, v) = projected(query, key, value)
      let all = scoreMask(mask, keyPaddingMask, batch: q.shape[0], queries: q.shape[2], keys: k.shape[2])
      if isTraining && dropout > 0 {
        let weights = attentionWeights(q, k, mask: all, isCausal: isCausal)
        return finished(matmul(ApusTensor.dropout(weights, probability: dropout, using: &generator), v))
      }
      return finished(scaledDotProductAttention(q, k, v, mask: all, isCausal: isCausal))
    }

    /// As the call without `needWeights`, and the weights besides: the mean over the heads, [batch, queries, keys], or of each
    /// head, [batch, heads, queries, keys]. Takes memory for all of them.
    public func withWeights(
      _ query: Tensor<Scalar>, _ key: Tensor<Scalar>, _ value: Tensor<Scalar>, mask: Tensor<Scalar>? = nil,
      keyPaddingMask: Tensor<Scalar>? = nil, isCausal: Bool = false, averagesHeads: Bool = true
    ) -> (output: Tensor<Scalar>, weights: Tensor<Scalar>) {
      let (q, k, v) = projected(query, key, value)
      let all = scoreMask(mask, keyPaddingMask, batch: q.shape[0], queries: q.shape[2], keys: k.shape[2])
      var weights = attentionWeights(q, k, mask: all, isCausal: isCausal)
      if isTraining && dropout > 0 {
        weights = ApusTensor.dropout(weights, probability: dropout, using: &generator)
      }
      return (finished(matmul(weights, v)), averagesHeads ? weights.mean(dim: 1) : weights)
    }

    /// Queries, keys and values of all heads, each [batch, heads, positions, embed / heads].
    func projected(
      _ query: Tensor<Scalar>, _ key: Tensor<Scalar>, _ value: Tensor<Scalar>
    ) -> (Tensor<Scalar>, Tensor<Scalar>, Tensor<Scalar>) {
      let inputs = [query, key, value]
      for (input, size) in zip(inputs, [embedSize, keySize, valueSize]) { requireWidth(input, size) }
      let parts = (0..<3).map { part -> Tensor<Scalar> in
        let weight =
          projections.count == 3
          ? projections[part].value : projections[0].value.narrowed(0, from: part * embedSize, length: embedSize)
        let bias = projectionBias?.value.narrowed(0, from: part * embedSize, length: embedSize)
        let rows = linear(inputs[part], weight, bias)
        let cut = rows.reshaped([rows.shape[0], rows.shape[1], heads, embedSize / heads])
        return batchFirst ? cut.permuted(0, 2, 1, 3) : cut.permuted(1, 2, 0, 3)
      }
      return (parts[0], parts[1], parts[2])
    }

    func finished(_ mixed: Tensor<Scalar>) -> Tensor<Scalar> {
      let (batch, positions) = (mixed.shape[0], mixed.shape[2])
      let order = batchFirst ? mixed.permuted(0, 2, 1, 3) : mixed.permuted(2, 0, 1, 3)
      let rows = order.reshaped(batchFirst ? [batch, positions, embedSize] : [positions, batch, embedSize])
      return ForwardObserver.note(self, linear(rows, output.weight.value, output.bias?.value))
    }

    /// Both masks as one, which broadcasts to [batch, heads, queries, keys].
    private func scoreMask(
      _ mask: Tensor<Scalar>?, _ padding: Tensor<Scalar>?, batch: Int, queries: Int, keys: Int
    ) -> Tensor<Scalar>? {
      if let mask {
        require(
          mask.shape == [queries, keys] || mask.shape == [batch * heads, queries, keys], architecture,
          path: projections[0].name, input: mask.shape, "a mask [\(queries), \(keys)]")
      }
      if let padding {
        require(
          padding.shape == [batch, keys], architecture, path: projections[0].name, input: padding.shape,
          "a key padding mask [\(batch), \(keys)]")
      }
      let forScores = mask.map { $0.rank == 2 ? $0 : $0.reshaped([batch, heads, queries, keys]) }
      let forKeys = padding?.reshaped([batch, 1, 1, keys])
      guard let forScores, let forKeys else { return forScores ?? forKeys }
      return forScores + forKeys
    }

    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? {
      Architecture("MultiheadAttention") {
        $0.add(.integer(embedSize))
        $0.add(.integer(heads))
        $0.add("dropout", dropout, default: 0)
        $0.add("bias", projectionBias != nil, default: true)
        $0.add("keySize", keySize, default: embedSize)
        $0.add("valueSize", valueSize, default: embedSize)
        $0.add("batchFirst", batchFirst, default: false)
      }
    }
  }
}

/// Attention of several heads, of `Float`.
public typealias MultiheadAttention = Layers<Float>.MultiheadAttention
