import ApusCompute
import ApusData
import ApusNN
import ApusTraining

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// `apus evaluate lm`: how well a saved language model foretells a text.
struct EvaluateLanguageModelCommand: Command {
  static let description = CommandDescription(
    name: "evaluate lm",
    summary: "measure a saved language model on a text",
    discussion: """
      Prints the bits per character of the whole text. It may hold no character that the model does not know.
      """,
    operands: .init(placeholder: "FILE", minimum: 1, maximum: 1, minimumWords: "a model file is"),
    options: [
      TextSource.option,
      OptionDescription("threads", "N", "threads to use (default: all CPUs)"),
      OptionDescription("json", nil, "print one JSON object instead"),
    ],
    examples: [("apus evaluate lm shakespeare.safetensors --data play.txt", "bits per character of another play")])

  private let path: String
  private let data: String?
  private let threads: Int?
  private let printsJSON: Bool

  init(_ arguments: Arguments) throws(UsageError) {
    path = arguments.operands[0]
    data = arguments.text("data")
    threads = try arguments.integer("threads", in: 1...256)
    printsJSON = arguments.has("json")
  }

  func run() throws -> Int32 {
    if let threads { Threads.count = threads }
    let stored = try LanguageModelFile(path: path)
    let (corpus, name) = try TextSource.load(
      data, form: stored.form, heldBack: 0, seed: 0, vocabulary: stored.vocabulary)
    let text = corpus.training
    if let context = stored.model.contextLength, stored.form == .lines, text.longestLength > context {
      throw WorkError("\(name): its longest line takes \(text.longestLength) characters; the model sees \(context)")
    }
    // Nothing is learned, so nothing moves.
    let trainer = LanguageModelTrainer(stored.model, optimizer: SGD(stored.model.parameters, learningRate: 0))
    let result = try trainer.evaluate(text, batchSize: 16, steps: stored.model.contextLength ?? 128)
    let bits = result.bitsPerCharacter ?? .nan
    if printsJSON {
      let line: JSONLine = [
        "characters": .integer(result.sampleCount), "bits_per_character": .number(bits),
        "perplexity": .number(exp2(bits)),
      ]
      Terminal.print("\(line)")
    } else {
      Terminal.print(
        """
        \(grouped(result.sampleCount)) characters of \(name)

        bits per character  \(decimal(bits, places: 4))
        perplexity          \(decimal(exp2(bits), places: 4))
        """)
    }
    return ExitCode.success
  }
}
