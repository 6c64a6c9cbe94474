import ApusData
import ApusTensor
import Foundation
import Testing

@testable import ApusNN

@Suite struct LanguageModelTests {
  static let models = ["lstm", "gru", "gpt"]

  /// A small model, whose first weights are made large enough to tell symbols apart.
  private func model(_ name: String, symbols: Int = 7, context: Int = 12) -> any LanguageModel<Float> {
    let model: any LanguageModel<Float> = withSeed(5) {
      switch name {
      case "gpt": GPT(symbols, width: 16, layers: 2, heads: 4, context: context)
      case "gru": RecurrentLanguageModel(symbols, cell: .gru, embeddingSize: 6, hiddenSize: 10, layers: 2)
      default: RecurrentLanguageModel(symbols, cell: .lstm, embeddingSize: 6, hiddenSize: 10, layers: 2)
      }
    }
    if name == "gpt" {
      var random = Random(seed: 3)
      for (path, parameter) in model.namedParameters where !path.contains("norm") {
        parameter.initialize(.normal(standardDeviation: 0.3), using: &random)
      }
    }
    model.eval()
    return model
  }

  private func gap(_ a: [Float], _ b: [Float]) -> Float { zip(a, b).reduce(0) { max($0, abs($1.0 - $1.1)) } }

  @Test(arguments: models)
  func aStateGivesWhatTheWholeTextGives(name: String) {
    let model = model(name)
    let text = (0..<24).map { ($0 * $0 + $0 / 3) % 7 }
    withoutGradients {
      let whole = model(IndexTensor(text, shape: [2, 12])).scalars
      // Both sequences in pieces of one, several and one again.
      var state = LanguageModelState<Float>()
      var pieces: [[Float]] = []
      for (start, count) in [(0, 1), (1, 4), (5, 1), (6, 6)] {
        let symbols = [0, 12].flatMap { text[$0 + start..<$0 + start + count] }
        pieces.append(model(IndexTensor(symbols, shape: [2, count]), state: &state).scalars)
        for (row, sequence) in [0, 1].enumerated() {
          let expected = whole[(sequence * 12 + start) * 7..<(sequence * 12 + start + count) * 7]
          let found = pieces.last![row * count * 7..<(row + 1) * count * 7]
          #expect(gap(Array(expected), Array(found)) < 1e-5, "\(name) at \(start)")
        }
      }
      #expect(state.length == 12)
      #expect(whole.contains { abs($0) > 0.05 }, "the scores are all alike, and show nothing")
    }
  }

  @Test(arguments: models)
  func noSymbolSeesWhatFollows(name: String) {
    let model = model(name)
    withoutGradients {
      let text = (0..<10).map { $0 % 7 }
      var other = text
      other[6] = 2
      let (a, b) = (
        model(IndexTensor(text, shape: [1, 10])).scalars, model(IndexTensor(other, shape: [1, 10])).scalars
      )
      #expect(gap(Array(a[..<42]), Array(b[..<42])) < 1e-6)
      #expect(gap(Array(a[42...]), Array(b[42...])) > 1e-3)
    }
  }

  /// Of more symbols than the vocabulary has, a recurrent model looks the first layer's products up.
  @Test(arguments: [RecurrentLanguageModelCell.lstm, .gru])
  func lookingUpIsTheSameAsEmbedding(cell: RecurrentLanguageModelCell) {
    func run(_ vocabulary: Int) -> ([Float], [Float]) {
      let model = withSeed(9) {
        RecurrentLanguageModel(vocabulary, cell: cell, embeddingSize: 5, hiddenSize: 8, layers: 2)
      }
      var random = Random(seed: 1)
      for parameter in model.parameters {
        // The same numbers for the symbols that both have.
        let shape = parameter.shape
        let rows = shape[0] == vocabulary ? 4 : shape[0]
        let own = Tensor<Float>.normal(Shape([rows] + shape.dropFirst()), 0, 0.4, using: &random).scalars
        parameter.value = Tensor(
          own + Array(repeating: -9, count: shape.elementCount - own.count), shape: shape)
      }
      let text = IndexTensor([0, 3, 1, 2, 2, 2, 1, 3, 3, 0, 1, 1], shape: [3, 4])
      let scores = model(text).narrowed(2, from: 0, length: 4)
      scores.square().sum().backward()
      return (scores.scalars, model.embedding.weight.gradient!.narrowed(0, from: 0, length: 4).scalars)
    }
    let (looked, embedded) = (run(4), run(40))
    #expect(gap(looked.0, embedded.0) < 1e-5)
    #expect(gap(looked.1, embedded.1) < 1e-4)
  }

  @Test func scoresUseTheVectorsOfTheSymbols() {
    let model = GPT(5, width: 8, layers: 1, heads: 2, context: 4)
    #expect(!model.namedParameters.contains { $0.name.contains("head") })
    #expect(model.stateDictionary.names.prefix(2) == ["embedding.weight", "positions.weight"])
    #expect(model.stateDictionary.names.contains("encoder.layers.0.self_attn.in_proj_weight"))
    #expect(model.stateDictionary.names.last == "encoder.norm.bias")
    // 5·8 + 4·8 + the layer's 12·8² + 13·8 + the last normalisation's 2·8.
    #expect(model.parameterCount == 40 + 32 + 768 + 104 + 16)
    crossEntropy(model(IndexTensor([0, 1], shape: [1, 2])).reshaped(-1, 5), IndexTensor([2, 2])).backward()
    // Symbol 4 is not in the text: what its vector learns, it learns as a score.
    let gradient = model.embedding.weight.gradient!.narrowed(0, from: 4, length: 1).scalars
    #expect(gradient.contains { abs($0) > 1e-6 })
  }

  @Test(arguments: models)
  func generationWithAndWithoutAStateIsTheSame(name: String) {
    let model = model(name)
    func text(_ keepsState: Bool, count: Int) -> ([Int], [Double]) {
      var generator = TextGenerator(
        model, rule: SamplingRule(temperature: 0.9, topK: 6), seed: 11, keepsState: keepsState)
      generator.read([1, 2, 3])
      return ((0..<count).map { _ in generator.next()! }, generator.scores!)
    }
    // The context of the transformer is 12: its window moves several times.
    let (kept, anew) = (text(true, count: 40), text(false, count: 40))
    #expect(kept.0 == anew.0)
    #expect(zip(kept.1, anew.1).allSatisfy { abs($0 - $1) < 1e-5 })
    #expect(Set(kept.0).count > 2)
    #expect(text(true, count: 40).0 == kept.0)
  }

  @Test func aPromptMayBeLongerThanTheContext() {
    var generator = TextGenerator(model("gpt"), seed: 1)
    #expect(generator.next() == nil, "nothing was read")
    generator.read((0..<50).map { $0 % 7 })
    for _ in 0..<5 { #expect(generator.next() != nil) }
    var narrow = TextGenerator(model("gpt", context: 1), seed: 1)
    narrow.read([1, 2, 3])
    for _ in 0..<5 { #expect(narrow.next() != nil) }
  }

  @Test func samplingRules() throws {
    let scores = [1.0, 3, 2, 3]
    #expect(SamplingRule(temperature: 0).probabilities(scores) == [0, 1, 0, 0], "the first of the likeliest")
    #expect(SamplingRule(topK: 1).probabilities(scores) == [0, 1, 0, 0])
    let two = try #require(SamplingRule(topK: 2).probabilities(scores))
    #expect(two[0] == 0 && two[2] == 0 && abs(two[1] - 0.5) < 1e-12)
    let all = try #require(SamplingRule().probabilities(scores))
    #expect(SamplingRule(topK: 99).probabilities(scores) == all)
    #expect(abs(all.reduce(0, +) - 1) < 1e-12 && abs(all[1] / all[0] - exp(2.0)) < 1e-9)
    #expect(SamplingRule(temperature: 1e-300).probabilities(scores)?.allSatisfy(\.isFinite) == true)
    let flat = try #require(SamplingRule(temperature: 1000).probabilities(scores))
    #expect(flat.allSatisfy { abs($0 - 0.25) < 1e-3 })
    #expect(SamplingRule().probabilities([.nan, 2, -.infinity]) == [0, 1, 0])
    #expect(SamplingRule().probabilities([.nan, -.infinity]) == nil)
    #expect(SamplingRule().probabilities([1, .infinity]) == nil)
    #expect(SamplingRule().probabilities([]) == nil)
  }

  @Test func drawsFollowTheProbabilities() {
    var random = Random(seed: 4)
    var counts = [0, 0, 0]
    for _ in 0..<3000 { counts[SamplingRule().choose([0, log(2.0), log(5.0)], using: &random)!] += 1 }
    // Eighths: 375, 750, 1875; five deviations are some 100.
    #expect(abs(counts[0] - 375) < 95 && abs(counts[1] - 750) < 120 && abs(counts[2] - 1875) < 135, "\(counts)")
  }
}

@Suite struct LanguageModelFileTests {
  private static let vocabulary = try! CharacterVocabulary(symbols: "\nabcé\"")

  private func folder() throws -> URL {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("apus-lm-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    return url
  }

  @Test func comesBackAsItWas() throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appendingPathComponent("m.safetensors").path
    let models: [any LanguageModel<Float>] = [
      GPT(6, width: 8, layers: 2, heads: 2, context: 5, dropout: 0.1),
      RecurrentLanguageModel(6, cell: .gru, embeddingSize: 3, hiddenSize: 4, layers: 2, dropout: 0.2),
      RecurrentLanguageModel(6, embeddingSize: 3, hiddenSize: 4),
    ]
    for model in models {
      try LanguageModelFile.save(model, vocabulary: Self.vocabulary, form: .lines, to: path)
      let file = try LanguageModelFile(path: path)
      #expect(file.vocabulary == Self.vocabulary && file.form == .lines)
      #expect(file.model.architecture == model.architecture)
      model.eval()
      let text = IndexTensor([0, 5, 2, 1], shape: [1, 4])
      #expect(file.model(text).scalars == model(text).scalars)
    }
  }

  /// Each change of a good file must end in an error that names the file, never in a trap or a model.
  @Test(arguments: [
    ("apus.vocabulary", "ab", "symbols"), ("apus.vocabulary", "", "symbol"), ("apus.vocabulary", "aabcde", "twice"),
    ("apus.text_form", "verse", "continuous or lines"),
    ("apus.architecture", "GPT(6, width: 8, layers: 1, heads: 3, context: 4)", "heads"),
    ("apus.architecture", "GPT(6, width: 8, layers: 1, heads: 0, context: 4)", "integer"),
    ("apus.architecture", "GPT(6, width: 8, layers: 2000000000, heads: 2, context: 4)", "more parameters"),
    ("apus.architecture", "GPT(6, width: 2000000000, layers: 2, heads: 2, context: 2000000000)", "more parameters"),
    ("apus.architecture", "GPT(6, width: 8, layers: 1, heads: 2, context: 3)", "shape"),
    ("apus.architecture", "GPT(5, width: 8, layers: 1, heads: 2, context: 4)", "symbols"),
    ("apus.architecture", "GPT(6, width: 8, layers: 1, heads: 2, context: 4, dropout: 2)", "number"),
    ("apus.architecture", "RecurrentLanguageModel(6, embeddingSize: 3, hiddenSize: 4)", "missing"),
    ("apus.architecture", "RecurrentLanguageModel(6, cell: .rnn, embeddingSize: 3, hiddenSize: 4)", ".lstm or .gru"),
    ("apus.architecture", "Sequential(Linear(2, 3))", "no language model"), ("apus.architecture", "GPT(", "byte"),
  ])
  func brokenFilesAreRefused(key: String, text: String, word: String) throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appendingPathComponent("m.safetensors").path
    let model = GPT(6, width: 8, layers: 1, heads: 2, context: 4)
    try LanguageModelFile.save(model, vocabulary: Self.vocabulary, form: .continuous, to: path)
    var file = try Safetensors(path: path)
    file.metadata[key] = text
    try file.write(to: path)
    let error = #expect(throws: ModelFileError.self) { _ = try LanguageModelFile(path: path) }
    #expect(error?.description.contains(path) == true && error?.description.contains(word) == true, "\(error!)")
    file.metadata[key] = nil
    try file.write(to: path)
    // A file that names no form is of one long text; nothing else may be left out.
    if key != "apus.text_form" { #expect(throws: ModelFileError.self) { _ = try LanguageModelFile(path: path) } }
  }
}
