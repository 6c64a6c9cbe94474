import ApusTensor

extension Layers {
  /// An image as the sequence of its rows, from the top: what a recurrent layer needs to read it line by line.
  public final class Rows: DescribedModule {
    /// Makes the layer.
    public init() {}

    /// [batch, channels, height, width] → [batch, height, channels · width]: a step for each row.
    public func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> {
      require(input.rank == 4, architecture, path: nil, input: input.shape, "[batch, channels, height, width]")
      return ForwardObserver.note(self, input.permuted(0, 2, 1, 3).flattened(from: 2))
    }

    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? { Architecture("Rows") }
  }

  /// A recurrent layer of which only the last state counts, as Keras's without `return_sequences`: a sequence in, one row of
  /// numbers out. Makes an `LSTM` a link in a `Sequential`.
  ///
  /// ```swift
  /// let model = Sequential { Rows(); LastState(LSTM(28, 128, batchFirst: true)); Linear(128, 10) }
  /// ```
  public final class LastState: DescribedModule {
    /// The recurrent layer.
    public let rnn: any Module<Tensor<Scalar>, RecurrentOutput<Scalar>>
    private let layer: RecurrentLayer

    /// Wraps a recurrent layer.
    public init<Layer: RecurrentLayer & Module<Tensor<Scalar>, RecurrentOutput<Scalar>>>(_ rnn: Layer) {
      self.rnn = rnn
      layer = rnn
    }

    /// The recurrent layer, under the name `rnn`.
    public var children: [(name: String, part: Any)] { [("rnn", rnn)] }

    /// Numbers of the input in each step.
    public var inputSize: Int { layer.inputSize }
    /// Whether the batch is the first dimension of the input.
    public var batchFirst: Bool { layer.batchFirst }
    /// Numbers of the result: the size of the state, twice that when the layer works in both directions.
    public var outputSize: Int { layer.hiddenSize * (layer.bidirectional ? 2 : 1) }

    /// [steps, batch, inputSize], or batch first → [batch, outputSize]: the last layer's state after the last step, beside it
    /// that of the way back after the first.
    public func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> {
      let hidden = rnn(input).hidden
      let count = layer.bidirectional ? 2 : 1
      // The states of the last layer stand last.
      let own = hidden.narrowed(0, from: hidden.shape[0] - count, length: count)
      return ForwardObserver.note(self, count == 1 ? own.squeezed(0) : own.permuted(1, 0, 2).flattened())
    }

    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? {
      guard let inner = (rnn as? any DescribedModule)?.architecture else { return nil }
      return Architecture("LastState", [.init(nil, .layer(inner))])
    }
  }
}

/// Images as sequences of rows, of `Float`.
public typealias Rows = Layers<Float>.Rows
/// The last state of a recurrent layer of `Float`.
public typealias LastState = Layers<Float>.LastState
