import ApusTensor

/// What a recurrent language model is made of.
public enum RecurrentLanguageModelCell: String, CaseIterable, Sendable {
  /// Long short-term memory.
  case lstm
  /// Gated recurrent units.
  case gru
}

extension Layers {
  /// A recurrent language model (Mikolov et al. 2010): a vector for each symbol, layers of LSTM or GRU, and scores from their
  /// hidden states.
  ///
  /// | part | parameters |
  /// | --- | --- |
  /// | `embedding` | those of `Embedding` |
  /// | `rnn` | those of `LSTM` or `GRU` |
  /// | `head` | those of `Linear` |
  ///
  /// First weights are those of the parts, as in PyTorch.
  public final class RecurrentLanguageModel: DescribedModule, LanguageModel {
    /// What the layers are made of.
    public let cell: RecurrentLanguageModelCell
    /// How many symbols there are.
    public var vocabularySize: Int { embedding.count }
    /// nil: the state is carried on.
    public var contextLength: Int? { nil }
    /// The vector of each symbol.
    public let embedding: Layers.Embedding
    /// From hidden states to scores.
    public let head: Layers.Linear
    private let layers: Recurrence
    private let dropout: Layers.Dropout

    private enum Recurrence {
      case lstm(Layers.LSTM)
      case gru(Layers.GRU)

      var module: any Module {
        switch self {
        case .lstm(let layer): layer
        case .gru(let layer): layer
        }
      }

      var layerCount: Int {
        switch self {
        case .lstm(let layer): layer.layerCount
        case .gru(let layer): layer.layerCount
        }
      }
    }

    /// Makes a model with weights from the seed of the `withSeed` around it.
    ///
    /// - Parameters:
    ///   - vocabularySize: How many symbols there are.
    ///   - cell: What the layers are made of.
    ///   - embeddingSize: Numbers of a symbol's vector.
    ///   - hiddenSize: Numbers of a hidden state.
    ///   - layers: How many layers.
    ///   - dropout: The probability with which numbers are dropped in training: of the vectors, between layers, of the output.
    /// - Precondition: The sizes are positive, `dropout` is a probability.
    public init(
      _ vocabularySize: Int, cell: RecurrentLanguageModelCell = .lstm, embeddingSize: Int, hiddenSize: Int,
      layers: Int = 1, dropout: Double = 0
    ) {
      self.cell = cell
      embedding = Layers.Embedding(vocabularySize, embeddingSize)
      switch cell {
      case .lstm: self.layers = .lstm(Layers.LSTM(embeddingSize, hiddenSize, layers: layers, dropout: dropout))
      case .gru: self.layers = .gru(Layers.GRU(embeddingSize, hiddenSize, layers: layers, dropout: dropout))
      }
      head = Layers.Linear(hiddenSize, vocabularySize)
      self.dropout = Layers.Dropout(dropout)
    }

    /// The parts by name.
    public var children: [(name: String, part: Any)] {
      [("embedding", embedding), ("rnn", layers.module), ("head", head), ("dropout", dropout)]
    }

    /// Symbols [batch, steps] → scores [batch, steps, symbols], from a state that knows nothing.
    public func callAsFunction(_ symbols: IndexTensor) -> Tensor<Scalar> {
      var state = LanguageModelState<Scalar>()
      return self(symbols, state: &state)
    }

    /// Symbols [batch, steps] → scores [batch, steps, symbols], going on from `state`.
    public func callAsFunction(_ symbols: IndexTensor, state: inout LanguageModelState<Scalar>) -> Tensor<Scalar> {
      checkSymbols("RecurrentLanguageModel", symbols)
      // Time goes first, so that the sequences of a step lie side by side.
      let order = symbols.transposed()
      // A text has few symbols, and each many uses: what the first layer makes of a symbol's vector is computed once.
      let looksUp = order.elementCount > vocabularySize && !(dropout.isTraining && dropout.probability > 0)
      let result: RecurrentOutput<Scalar>
      switch layers {
      case .lstm(let layer):
        result =
          looksUp
          ? layer(order, of: embedding.weight.value, hidden: state.hidden, cellState: state.cells)
          : layer(dropout(embedding(order)), hidden: state.hidden, cellState: state.cells)
      case .gru(let layer):
        result =
          looksUp
          ? layer(order, of: embedding.weight.value, hidden: state.hidden)
          : layer(dropout(embedding(order)), hidden: state.hidden)
      }
      (state.hidden, state.cells) = (result.hidden, result.cellState)
      state.length += symbols.shape[1]
      return ForwardObserver.note(self, head(dropout(result.output)).permuted(1, 0, 2))
    }

    /// The model written down, as in the Swift that makes it.
    public var architecture: Architecture? {
      Architecture("RecurrentLanguageModel") {
        $0.add(.integer(vocabularySize))
        if cell == .gru { $0.add("cell", choice: "gru") }
        $0.add("embeddingSize", .integer(embedding.width))
        $0.add("hiddenSize", .integer(head.inFeatures))
        $0.add("layers", layers.layerCount, default: 1)
        $0.add("dropout", dropout.probability, default: 0)
      }
    }
  }
}

/// A recurrent language model of `Float`.
public typealias RecurrentLanguageModel = Layers<Float>.RecurrentLanguageModel

extension IndexTensor {
  /// [rows, columns] → [columns, rows].
  func transposed() -> IndexTensor {
    let (rows, columns) = (shape[0], shape[1])
    guard rows > 1, columns > 1 else { return IndexTensor(values, shape: [columns, rows]) }
    var result = [Int](repeating: 0, count: values.count)
    for row in 0..<rows {
      for column in 0..<columns { result[column * rows + row] = values[row * columns + column] }
    }
    return IndexTensor(result, shape: [columns, rows])
  }
}
