import ApusTensor

/// A model that foretells the next symbol of a text from those before it.
///
/// Called with symbols [batch, steps] it gives for each place the scores of what may follow, [batch, steps, symbols]: the softmax
/// of a row are the probabilities. Place t sees the symbols 0 … t only.
///
/// ```swift
/// let model: any LanguageModel<Float> = GPT(65, width: 128, layers: 4, heads: 4, context: 128)
/// let loss = crossEntropy(model(symbols).reshaped(-1, 65), next)
/// ```
public protocol LanguageModel<Scalar>: DescribedModule where Input == IndexTensor, Output == Tensor<Scalar> {
  /// How many symbols there are.
  var vocabularySize: Int { get }

  /// The most symbols that it sees at a time; nil for a model that carries a state on without an end.
  var contextLength: Int? { get }

  /// As the call without `state`, for symbols that follow those that made `state`; afterwards the state knows them too.
  ///
  /// A new state knows nothing. Of a model with a `contextLength`, the symbols that a state knows may not be more.
  ///
  /// - Precondition: The state was used with this model only, and with the same batch.
  func callAsFunction(_ symbols: IndexTensor, state: inout LanguageModelState<Scalar>) -> Tensor<Scalar>
}

/// What a language model remembers of the symbols so far: the hidden state of a recurrent one, the keys and values of a
/// transformer.
public struct LanguageModelState<Scalar: TensorScalar> {
  /// How many symbols it knows.
  public internal(set) var length = 0
  /// [layers, batch, size], of a recurrent model.
  var hidden: Tensor<Scalar>?
  /// [layers, batch, size], of an LSTM.
  var cells: Tensor<Scalar>?
  /// One for each layer of a transformer.
  var caches: [KeyValueCache<Scalar>] = []

  /// A state that knows nothing.
  public init() {}

  /// The same state without its history: where backpropagation through time is cut off.
  public func detached() -> LanguageModelState {
    var result = self
    result.hidden = hidden?.detached()
    result.cells = cells?.detached()
    return result
  }
}

/// Stops on symbols that a language model cannot take.
func checkSymbols(_ name: String, _ symbols: IndexTensor) {
  demand(
    symbols.rank == 2 && symbols.elementCount > 0, "\(name): symbols of shape \(symbols.shape), not [batch, steps]")
}
