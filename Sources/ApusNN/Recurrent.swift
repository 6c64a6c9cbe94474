import ApusCompute
import ApusTensor

/// What a recurrent layer makes of a sequence.
public struct RecurrentOutput<Scalar: TensorScalar> {
  /// The hidden states of the last layer in all steps, [steps, batch, directions · size], or batch first.
  public let output: Tensor<Scalar>
  /// The hidden states after the last step, [layers · directions, batch, size].
  public let hidden: Tensor<Scalar>
  /// The cell states of an LSTM after the last step, [layers · directions, batch, size]; nil for the others.
  public let cellState: Tensor<Scalar>?
}

extension Layers {
  /// What the recurrent layers share: parameters under PyTorch's names, and the way through layers and directions.
  ///
  /// | parameter | shape |
  /// | --- | --- |
  /// | `weight_ih_lK` | [gates · size, inputs of layer K] |
  /// | `weight_hh_lK` | [gates · size, size] |
  /// | `bias_ih_lK`, `bias_hh_lK` | [gates · size] |
  ///
  /// with the ending `_reverse` for the way back in time. All start evenly distributed over ±1 / √size, as in PyTorch. Each
  /// layer is one operation, forward and backward.
  public class RecurrentLayer: TrainingDependent {
    /// Numbers of the input in each step.
    public let inputSize: Int
    /// Numbers of the hidden state.
    public let hiddenSize: Int
    /// Layers, each on the output of the one before.
    public let layerCount: Int
    /// Whether the batch is the first dimension of input and output; the time steps are then the second.
    public let batchFirst: Bool
    /// Whether a second half of each layer goes backward in time.
    public let bidirectional: Bool
    /// The probability with which numbers between layers are dropped in training.
    public let dropout: Double
    /// Whether the layer is in training mode. True when made.
    public var isTraining = true

    fileprivate let cell: RecurrentCell
    private let hasBias: Bool
    private let weights: [(name: String, parameter: Parameter<Scalar>)]
    private var generator: Random

    fileprivate init(
      _ cell: RecurrentCell, _ inputSize: Int, _ hiddenSize: Int, layers: Int, bias: Bool, batchFirst: Bool,
      dropout: Double, bidirectional: Bool
    ) {
      demand(
        inputSize > 0 && hiddenSize > 0 && layers > 0,
        "a recurrent layer of sizes \(inputSize), \(hiddenSize) and \(layers) layers: they must be positive")
      demand((0...1).contains(dropout), "a recurrent layer: the dropout \(dropout) is no probability")
      self.cell = cell
      self.inputSize = inputSize
      self.hiddenSize = hiddenSize
      layerCount = layers
      hasBias = bias
      self.batchFirst = batchFirst
      self.bidirectional = bidirectional
      self.dropout = dropout
      var source = scopedRandom()
      let bound = 1 / Double(hiddenSize).squareRoot()
      let gates = cell.gateCount * hiddenSize
      let directions = bidirectional ? ["", "_reverse"] : [""]
      var weights: [(name: String, parameter: Parameter<Scalar>)] = []
      for layer in 0..<layers {
        let inputs = layer == 0 ? inputSize : hiddenSize * directions.count
        for ending in directions {
          func add(_ name: String, _ shape: Shape) {
            weights.append(
              ("\(name)_l\(layer)\(ending)", Parameter(.uniform(shape, -bound, bound, using: &source))))
          }
          add("weight_ih", [gates, inputs])
          add("weight_hh", [gates, hiddenSize])
          if bias {
            add("bias_ih", [gates])
            add("bias_hh", [gates])
          }
        }
      }
      self.weights = weights
      generator = Random(seed: source.next())
    }

    /// The parameters under PyTorch's names.
    public var children: [(name: String, part: Any)] { weights.map { ($0.name, $0.parameter) } }

    private var directionCount: Int { bidirectional ? 2 : 1 }

    private func parameters(layer: Int) -> [RecurrentParameters<Scalar>] {
      let each = hasBias ? 4 : 2
      return (0..<directionCount).map { direction in
        let first = (layer * directionCount + direction) * each
        let own = weights[first..<first + each].map(\.parameter.value)
        return RecurrentParameters(
          input: own[0], hidden: own[1], inputBias: hasBias ? own[2] : nil, hiddenBias: hasBias ? own[3] : nil)
      }
    }

    /// A run over the rows `symbols` [steps, batch] of a table [rows, inputSize], with output [steps, batch, …]: the same as that
    /// over `embedding(symbols, table)`, for less work where the table has fewer rows than there are symbols.
    fileprivate final func run(
      table: Tensor<Scalar>, at symbols: IndexTensor, hidden: Tensor<Scalar>?, cellState: Tensor<Scalar>?,
      _ architecture: Architecture?
    ) -> RecurrentOutput<Scalar> {
      finish(
        architecture, batch: symbols.shape[1], hidden: hidden, cellState: cellState,
        first: { recurrent(self.cell, table: table, at: symbols, self.parameters(layer: 0), hidden: $0, cellState: $1) }
      )
    }

    fileprivate func run(
      _ input: Tensor<Scalar>, hidden: Tensor<Scalar>?, cellState: Tensor<Scalar>?, _ architecture: Architecture?
    ) -> RecurrentOutput<Scalar> {
      require(
        input.rank == 3 && input.shape[2] == inputSize && input.shape[batchFirst ? 1 : 0] > 0, architecture,
        path: weights[0].parameter.name, input: input.shape,
        batchFirst ? "[batch, steps, \(inputSize)]" : "[steps, batch, \(inputSize)]")
      let value = batchFirst ? input.permuted(1, 0, 2) : input
      let result = finish(
        architecture, batch: value.shape[1], hidden: hidden, cellState: cellState,
        first: { recurrent(self.cell, value, self.parameters(layer: 0), hidden: $0, cellState: $1) })
      return RecurrentOutput(
        output: ForwardObserver.note(self, batchFirst ? result.output.permuted(1, 0, 2) : result.output),
        hidden: result.hidden, cellState: result.cellState)
    }

    /// All layers, the first of which is given.
    private final func finish(
      _ architecture: Architecture?, batch: Int, hidden: Tensor<Scalar>?, cellState: Tensor<Scalar>?,
      first: (Tensor<Scalar>?, Tensor<Scalar>?) -> (output: Tensor<Scalar>, cellState: Tensor<Scalar>?)
    ) -> RecurrentOutput<Scalar> {
      let states: Shape = [layerCount * directionCount, batch, hiddenSize]
      for case let state? in [hidden, cellState] {
        require(
          state.shape == states, architecture, path: weights[0].parameter.name, input: state.shape,
          "\(states) as first state")
      }
      var lastHidden: [Tensor<Scalar>] = []
      var lastCells: [Tensor<Scalar>] = []
      var value = Tensor<Scalar>.zeros([0])
      for layer in 0..<layerCount {
        if layer > 0, isTraining, dropout > 0 {
          value = ApusTensor.dropout(value, probability: dropout, using: &generator)
        }
        func own(_ state: Tensor<Scalar>?) -> Tensor<Scalar>? {
          layerCount == 1 ? state : state?.narrowed(0, from: layer * directionCount, length: directionCount)
        }
        let (output, cells) =
          layer == 0
          ? first(own(hidden), own(cellState))
          : recurrent(cell, value, parameters(layer: layer), hidden: own(hidden), cellState: own(cellState))
        value = output
        // The last state of the way forward stands in the last step, that of the way back in the first.
        for direction in 0..<directionCount {
          let step = output.narrowed(0, from: direction == 0 ? output.shape[0] - 1 : 0, length: 1)
          lastHidden.append(
            bidirectional ? step.narrowed(2, from: direction * hiddenSize, length: hiddenSize) : step)
        }
        if let cells { lastCells.append(cells) }
      }
      func joined(_ parts: [Tensor<Scalar>]) -> Tensor<Scalar> { parts.count == 1 ? parts[0] : concatenated(parts) }
      return RecurrentOutput(
        output: value, hidden: joined(lastHidden),
        cellState: lastCells.isEmpty ? nil : joined(lastCells))
    }

    fileprivate func description(_ name: String, _ more: (inout Architecture.Arguments) -> Void = { _ in })
      -> Architecture
    {
      Architecture(name) {
        $0.add(.integer(inputSize))
        $0.add(.integer(hiddenSize))
        $0.add("layers", layerCount, default: 1)
        more(&$0)
        $0.add("bias", hasBias, default: true)
        $0.add("batchFirst", batchFirst, default: false)
        $0.add("dropout", dropout, default: 0)
        $0.add("bidirectional", bidirectional, default: false)
      }
    }
  }

  /// A plain recurrent layer: h = tanh(W x + b + U h + c), or max(…, 0) (Elman 1990).
  public final class RNN: RecurrentLayer, DescribedModule {
    /// The function of a plain recurrent layer.
    public enum Nonlinearity: String, Sendable {
      /// The hyperbolic tangent.
      case tanh
      /// max(x, 0).
      case relu
    }

    /// Makes layers with weights from the seed of the `withSeed` around them.
    ///
    /// - Precondition: The sizes are positive, `dropout` is a probability.
    public init(
      _ inputSize: Int, _ hiddenSize: Int, layers: Int = 1, nonlinearity: Nonlinearity = .tanh, bias: Bool = true,
      batchFirst: Bool = false, dropout: Double = 0, bidirectional: Bool = false
    ) {
      super.init(
        .elman(usesTanh: nonlinearity == .tanh), inputSize, hiddenSize, layers: layers, bias: bias,
        batchFirst: batchFirst, dropout: dropout, bidirectional: bidirectional)
    }

    /// [steps, batch, inputSize], or batch first, from a state of zeros.
    public func callAsFunction(_ input: Tensor<Scalar>) -> RecurrentOutput<Scalar> { self(input, hidden: nil) }

    /// [steps, batch, inputSize], or batch first, from the hidden states [layers · directions, batch, hiddenSize].
    public func callAsFunction(_ input: Tensor<Scalar>, hidden: Tensor<Scalar>?) -> RecurrentOutput<Scalar> {
      run(input, hidden: hidden, cellState: nil, architecture)
    }

    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? {
      description("RNN") { if cell == .elman(usesTanh: false) { $0.add("nonlinearity", choice: "relu") } }
    }
  }

  /// Long short-term memory (Hochreiter and Schmidhuber 1997), as PyTorch's `LSTM`:
  /// i, f, o = sigmoid(…), g = tanh(…), c = f c + i g, h = o tanh(c).
  public final class LSTM: RecurrentLayer, DescribedModule {
    /// Makes layers with weights from the seed of the `withSeed` around them.
    ///
    /// - Precondition: The sizes are positive, `dropout` is a probability.
    public init(
      _ inputSize: Int, _ hiddenSize: Int, layers: Int = 1, bias: Bool = true, batchFirst: Bool = false,
      dropout: Double = 0, bidirectional: Bool = false
    ) {
      super.init(
        .lstm, inputSize, hiddenSize, layers: layers, bias: bias, batchFirst: batchFirst, dropout: dropout,
        bidirectional: bidirectional)
    }

    /// [steps, batch, inputSize], or batch first, from states of zeros.
    public func callAsFunction(_ input: Tensor<Scalar>) -> RecurrentOutput<Scalar> {
      self(input, hidden: nil, cellState: nil)
    }

    /// [steps, batch, inputSize], or batch first, from the states [layers · directions, batch, hiddenSize].
    public func callAsFunction(
      _ input: Tensor<Scalar>, hidden: Tensor<Scalar>?, cellState: Tensor<Scalar>?
    ) -> RecurrentOutput<Scalar> {
      run(input, hidden: hidden, cellState: cellState, architecture)
    }

    /// As the call for `embedding(symbols, table)`, symbols [steps, batch]; see `ApusTensor.recurrent` of a table.
    func callAsFunction(
      _ symbols: IndexTensor, of table: Tensor<Scalar>, hidden: Tensor<Scalar>?, cellState: Tensor<Scalar>?
    ) -> RecurrentOutput<Scalar> {
      run(table: table, at: symbols, hidden: hidden, cellState: cellState, architecture)
    }

    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? { description("LSTM") }
  }

  /// A gated recurrent unit (Cho et al. 2014), as PyTorch's `GRU`:
  /// r, z = sigmoid(…), n = tanh(W x + b + r (U h + c)), h = (1 − z) n + z h.
  public final class GRU: RecurrentLayer, DescribedModule {
    /// Makes layers with weights from the seed of the `withSeed` around them.
    ///
    /// - Precondition: The sizes are positive, `dropout` is a probability.
    public init(
      _ inputSize: Int, _ hiddenSize: Int, layers: Int = 1, bias: Bool = true, batchFirst: Bool = false,
      dropout: Double = 0, bidirectional: Bool = false
    ) {
      super.init(
        .gru, inputSize, hiddenSize, layers: layers, bias: bias, batchFirst: batchFirst, dropout: dropout,
        bidirectional: bidirectional)
    }

    /// [steps, batch, inputSize], or batch first, from a state of zeros.
    public func callAsFunction(_ input: Tensor<Scalar>) -> RecurrentOutput<Scalar> { self(input, hidden: nil) }

    /// [steps, batch, inputSize], or batch first, from the hidden states [layers · directions, batch, hiddenSize].
    public func callAsFunction(_ input: Tensor<Scalar>, hidden: Tensor<Scalar>?) -> RecurrentOutput<Scalar> {
      run(input, hidden: hidden, cellState: nil, architecture)
    }

    /// As the call for `embedding(symbols, table)`, symbols [steps, batch]; see `ApusTensor.recurrent` of a table.
    func callAsFunction(
      _ symbols: IndexTensor, of table: Tensor<Scalar>, hidden: Tensor<Scalar>?
    ) -> RecurrentOutput<Scalar> {
      run(table: table, at: symbols, hidden: hidden, cellState: nil, architecture)
    }

    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? { description("GRU") }
  }
}

/// A plain recurrent layer of `Float`.
public typealias RNN = Layers<Float>.RNN
/// Long short-term memory of `Float`.
public typealias LSTM = Layers<Float>.LSTM
/// A gated recurrent unit of `Float`.
public typealias GRU = Layers<Float>.GRU
