import ApusData
import ApusTensor

/// A saved language model: parameters, how to build the model, and the symbols of its texts, in one safetensors file.
///
/// ```swift
/// try LanguageModelFile.save(model, vocabulary: corpus.vocabulary, form: corpus.form, to: "shakespeare.safetensors")
/// let file = try LanguageModelFile(path: "shakespeare.safetensors")
/// ```
public struct LanguageModelFile {
  /// Metadata keys.
  enum Key {
    static let vocabulary = "apus.vocabulary"
    static let form = "apus.text_form"
  }

  /// The model, in evaluation mode.
  public let model: any LanguageModel<Float>
  /// The symbols that the model knows.
  public let vocabulary: CharacterVocabulary
  /// What the model learned from: one long text, or lines.
  public let form: TextCorpus.Form

  /// Whether a file holds a language model; it may still be a broken one.
  public static func holds(_ file: ModelFile) -> Bool { file.metadata[Key.vocabulary] != nil }

  /// Reads a file.
  ///
  /// Nothing in the file is trusted: no more memory is taken than its own tensors justify, and model, vocabulary and tensors
  /// must fit each other.
  ///
  /// - Throws: `ModelFileError`.
  public init(path: String) throws(ModelFileError) { try self.init(ModelFile(path: path)) }

  /// Takes the model out of a file that was read.
  ///
  /// - Throws: `ModelFileError`.
  public init(_ file: ModelFile) throws(ModelFileError) {
    let path = file.path
    guard let symbols = file.metadata[Key.vocabulary] else {
      throw .file(
        DataError(.wrongFormat, path: path, expected: "a language model, with “\(Key.vocabulary)”", found: "none"))
    }
    do throws(DataError) { vocabulary = try CharacterVocabulary(symbols: symbols) } catch {
      throw .file(error.located(in: path))
    }
    // A file that names no form is of one long text.
    guard let form = TextCorpus.Form(rawValue: file.metadata[Key.form] ?? TextCorpus.Form.continuous.rawValue) else {
      throw .file(
        DataError(
          .malformed, path: path,
          expected: "“\(Key.form)” to be \(TextCorpus.Form.allCases.map(\.rawValue).joined(separator: " or "))",
          found: "another word"))
    }
    guard form == .continuous || vocabulary.number(of: "\n") != nil else {
      throw .file(DataError(.malformed, path: path, expected: "a newline among the symbols of lines", found: "none"))
    }
    self.form = form
    guard let architecture = try file.architecture else {
      throw .architecture(path: path, ArchitectureError(reason: "the metadata does not say how to build", offset: nil))
    }
    let state: StateDictionary<Float> = try file.state()
    let limit = state.entries.reduce(0) { $0 + $1.value.shape.elementCount }
    do throws(ArchitectureError) { model = try Self.model(architecture, limit: limit) } catch {
      throw .architecture(path: path, error)
    }
    guard model.vocabularySize == vocabulary.count else {
      throw .file(
        DataError(
          .malformed, path: path, expected: "\(model.vocabularySize) symbols, as the model has",
          found: "a vocabulary of \(vocabulary.count)"))
    }
    do throws(StateMismatch) { try model.load(state) } catch { throw .state(path: path, error) }
    model.eval()
  }

  /// Writes a model to a file.
  ///
  /// - Parameters:
  ///   - metadata: More text to keep beside the tensors.
  /// - Throws: `DataError` when the file cannot be written.
  /// - Precondition: The model has as many symbols as the vocabulary.
  public static func save(
    _ model: any LanguageModel<Float>, vocabulary: CharacterVocabulary, form: TextCorpus.Form, to path: String,
    metadata: [String: String] = [:]
  ) throws(DataError) {
    demand(
      model.vocabularySize == vocabulary.count,
      "LanguageModelFile: a model of \(model.vocabularySize) symbols with a vocabulary of \(vocabulary.count)")
    var metadata = metadata
    metadata[Key.vocabulary] = vocabulary.text
    metadata[Key.form] = form.rawValue
    try model.save(path, metadata: metadata)
  }

  /// Builds the model that a description asks for.
  private static func model(
    _ architecture: Architecture, limit: Int
  ) throws(ArchitectureError) -> any LanguageModel<Float> {
    var builder = ArchitectureBuilder<Float>(budget: limit)
    var arguments = ArchitectureArguments(architecture)
    switch architecture.name {
    case "GPT":
      let (symbols, width) = (try arguments.size(), try arguments.size("width"))
      let (layers, heads) = (try arguments.size("layers"), try arguments.size("heads"))
      let context = try arguments.size("context")
      let dropout = try arguments.number("dropout", default: 0, 0...1)
      try arguments.end()
      guard width % heads == 0 else {
        throw ArchitectureError(reason: "GPT: \(heads) heads do not divide \(width)", offset: nil)
      }
      try builder.pay(
        [symbols, width], [context, width], [layers, 12, width, width], [layers, 13, width], [2, width])
      return GPT(symbols, width: width, layers: layers, heads: heads, context: context, dropout: dropout)
    case "RecurrentLanguageModel":
      let symbols = try arguments.size()
      let cell = try arguments.choice("cell", [".lstm", ".gru"]) == 0 ? RecurrentLanguageModelCell.lstm : .gru
      let (inputs, size) = (try arguments.size("embeddingSize"), try arguments.size("hiddenSize"))
      let layers = try arguments.size("layers", default: 1)
      let dropout = try arguments.number("dropout", default: 0, 0...1)
      try arguments.end()
      let gates = cell == .lstm ? 4 : 3
      try builder.pay(
        [symbols, inputs], [gates, size, inputs], [2 * layers - 1, gates, size, size], [2 * layers, gates, size],
        [symbols, size], [symbols])
      return RecurrentLanguageModel(
        symbols, cell: cell, embeddingSize: inputs, hiddenSize: size, layers: layers, dropout: dropout)
    default:
      throw ArchitectureError(reason: "there is no language model \(architecture.name)", offset: nil)
    }
  }
}
