import ApusData
import ApusTensor

extension Layers {
  /// A language model in the shape of GPT-2 (Radford et al. 2019): vectors of symbols and of positions, encoder layers that look
  /// back only, with the normalisation first and GELU, a last normalisation, and scores by the vectors of the symbols themselves.
  ///
  /// | part | parameters |
  /// | --- | --- |
  /// | `embedding.weight` | [symbols, width]; the scores' weights are the same numbers |
  /// | `positions.weight` | [context, width] |
  /// | `encoder` | those of `TransformerEncoder`, the last normalisation included |
  ///
  /// First weights are those of GPT-2: normal with a deviation of 0.02, for the projections that end a way around divided by
  /// √(2 · layers), biases 0.
  public final class GPT: DescribedModule, LanguageModel {
    /// How many symbols there are.
    public var vocabularySize: Int { embedding.count }
    /// The most symbols that it sees at a time.
    public var contextLength: Int? { positions.maximumLength }
    /// The vector of each symbol, which scores it too.
    public let embedding: Layers.Embedding
    /// The vector of each position.
    public let positions: Layers.PositionalEncoding
    /// The layers.
    public let encoder: Layers.TransformerEncoder
    private let dropout: Layers.Dropout

    /// Makes a model with weights from the seed of the `withSeed` around it.
    ///
    /// - Parameters:
    ///   - vocabularySize: How many symbols there are.
    ///   - width: Numbers of a vector; the feed-forward parts are four times as wide.
    ///   - layers: How many layers.
    ///   - heads: Heads of each attention.
    ///   - context: The most symbols that it sees at a time.
    ///   - dropout: The probability with which numbers are dropped in training.
    /// - Precondition: The sizes are positive, `heads` divides `width`, and `dropout` is a probability.
    public init(_ vocabularySize: Int, width: Int, layers: Int, heads: Int, context: Int, dropout: Double = 0) {
      embedding = Layers.Embedding(vocabularySize, width)
      positions = Layers.PositionalEncoding(width, maximumLength: context, learned: true, batchFirst: true)
      encoder = Layers.TransformerEncoder(layers, norm: Layers.LayerNorm(width)) {
        Layers.TransformerEncoderLayer(
          width, heads, feedForwardSize: 4 * width, dropout: dropout, activation: .gelu, batchFirst: true,
          normFirst: true)
      }
      self.dropout = Layers.Dropout(dropout)
      var source = scopedRandom()
      for (name, parameter) in namedParameters where !name.holds("norm") {
        // What every layer adds to the way around would make it grow with the number of layers.
        let endsPart = name.hasSuffix("out_proj.weight") || name.hasSuffix("linear2.weight")
        let deviation = 0.02 / (endsPart ? Double(2 * layers).squareRoot() : 1)
        parameter.initialize(
          name.hasSuffix("bias") ? .zeros : .normal(standardDeviation: deviation), using: &source)
      }
    }

    /// The parts by name.
    public var children: [(name: String, part: Any)] {
      [("embedding", embedding), ("positions", positions), ("dropout", dropout), ("encoder", encoder)]
    }

    /// Symbols [batch, steps] → scores [batch, steps, symbols].
    ///
    /// - Precondition: There are at most `contextLength` steps.
    public func callAsFunction(_ symbols: IndexTensor) -> Tensor<Scalar> {
      checkSymbols("GPT", symbols)
      return scores(encoder(dropout(positions(embedding(symbols))), mask: nil, isCausal: true))
    }

    /// Symbols [batch, steps] → scores [batch, steps, symbols], going on from `state`. Nothing is recorded for a backward pass.
    ///
    /// - Precondition: With what the state knows there are at most `contextLength` steps.
    public func callAsFunction(_ symbols: IndexTensor, state: inout LanguageModelState<Scalar>) -> Tensor<Scalar> {
      checkSymbols("GPT", symbols)
      return withoutGradients {
        if state.caches.isEmpty { state.caches = encoder.layers.map { _ in KeyValueCache() } }
        let input = dropout(positions(embedding(symbols), from: state.length))
        let output = encoder(input, caches: &state.caches)
        state.length += symbols.shape[1]
        return scores(output)
      }
    }

    private func scores(_ output: Tensor<Scalar>) -> Tensor<Scalar> {
      ForwardObserver.note(self, linear(output, embedding.weight.value, nil))
    }

    /// The model written down, as in the Swift that makes it.
    public var architecture: Architecture? {
      Architecture("GPT") {
        $0.add(.integer(vocabularySize))
        $0.add("width", .integer(embedding.width))
        $0.add("layers", .integer(encoder.layers.count))
        $0.add("heads", .integer(encoder.layers[0].attention.heads))
        $0.add("context", .integer(positions.maximumLength))
        $0.add("dropout", dropout.probability, default: 0)
      }
    }
  }
}

/// A language model in the shape of GPT-2, of `Float`.
public typealias GPT = Layers<Float>.GPT
