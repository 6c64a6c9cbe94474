import ApusData
import ApusNN
import ApusTraining

/// What `apus train lm` was asked for, with what suits the model where nothing was said.
struct LanguageModelSettings {
  /// The kinds of models.
  enum Kind: String, CaseIterable {
    case lstm, gru, gpt

    var summary: String {
      switch self {
      case .lstm: "long short-term memory"
      case .gru: "gated recurrent units"
      case .gpt: "a transformer in the shape of GPT-2"
      }
    }
  }

  let kind: Kind
  let data: String?
  let form: TextCorpus.Form?
  let heldBack: Double
  let layers: Int
  /// Numbers of a hidden state, or of a transformer's vectors.
  let width: Int
  let heads: Int
  /// Symbols of a step: how far gradients go back, and how far a transformer sees.
  let context: Int
  let dropout: Double
  let batchSize: Int
  let epochs: Int?
  let steps: Int?
  let learningRate: Double
  let seed: UInt64
  let threads: Int?
  let savePath: String?
  let historyPath: String?
  let plotPath: String?
  let printsJSON: Bool

  static let options = [
    OptionDescription(
      "model", "NAME",
      (["the model (default: lstm)"] + Kind.allCases.map { "  \($0.rawValue.padded(to: 6))\($0.summary)" })
        .joined(separator: "\n")),
    TextSource.option, TextSource.formOption,
    OptionDescription("held-back", "X", "the part of the text to judge by, 0 up to 0.9 (default: 0.1)"),
    OptionDescription("layers", "N", "layers (default: 1; gpt: 4)"),
    OptionDescription("width", "N", "numbers of a hidden state, or of gpt's vectors (default: 256; gpt: 128)"),
    OptionDescription("heads", "N", "attention heads of gpt (default: 4)"),
    OptionDescription(
      "context", "N", "characters that gradients go back through, and the most that gpt sees\n(default: 64; gpt: 128)"),
    OptionDescription("dropout", "X", "the part of the numbers to drop in training, 0 up to 0.9 (default: 0)"),
    OptionDescription("batch-size", "N", "sequences in a step (default: 32; gpt: 16)"),
    OptionDescription("epochs", "N", "times through the text (default: 2)"),
    OptionDescription("steps", "N", "end after N steps of the optimizer"),
    OptionDescription("learning-rate", "X", "the highest factor of AdamW's steps (default: 0.004; gpt: 0.002)"),
    OptionDescription("seed", "N", "what first weights, order and dropout depend on (default: 0)"),
    OptionDescription("threads", "N", "threads to use; the result does not depend on it (default: all CPUs)"),
    OptionDescription("save", "FILE", "write the model to FILE, as safetensors"),
    OptionDescription("history-csv", "FILE", "write the figures of every epoch to FILE"),
    OptionDescription("plot", "FILE", "draw the curves of the bits per character to FILE, as SVG"),
    OptionDescription("json", nil, "print one JSON object for each epoch instead of the table"),
  ]

  init(_ arguments: Arguments) throws(UsageError) {
    kind = try arguments.choice("model", among: Kind.allCases.map(\.rawValue)).flatMap(Kind.init) ?? .lstm
    let isGPT = kind == .gpt
    data = arguments.text("data")
    form = try TextSource.form(arguments)
    heldBack = try Self.part("held-back", arguments) ?? 0.1
    layers = try arguments.integer("layers", in: 1...100) ?? (isGPT ? 4 : 1)
    width = try arguments.integer("width", in: 1...65_536) ?? (isGPT ? 128 : 256)
    heads = try arguments.integer("heads", in: 1...1024) ?? 4
    context = try arguments.integer("context", in: 1...1_000_000) ?? (isGPT ? 128 : 64)
    dropout = try Self.part("dropout", arguments) ?? 0
    batchSize = try arguments.integer("batch-size", in: 1...1_000_000) ?? (isGPT ? 16 : 32)
    let wishedEpochs = try arguments.integer("epochs", in: 1...1_000_000)
    steps = try arguments.integer("steps", in: 1...Int.max)
    epochs = wishedEpochs ?? (steps == nil ? 2 : nil)
    learningRate = try arguments.positiveNumber("learning-rate", upTo: 1000) ?? (isGPT ? 0.002 : 0.004)
    seed = try arguments.integer("seed", in: 0...UInt64.max) ?? 0
    threads = try arguments.integer("threads", in: 1...256)
    savePath = arguments.text("save")
    historyPath = arguments.text("history-csv")
    plotPath = arguments.text("plot")
    printsJSON = arguments.has("json")
    if isGPT, width % heads != 0 { throw arguments.failure("--heads \(heads) does not divide --width \(width)") }
    if !isGPT, arguments.has("heads") { throw arguments.failure("--heads is for gpt; \(kind.rawValue) has none") }
  }

  private static func part(_ name: String, _ arguments: Arguments) throws(UsageError) -> Double? {
    guard let text = arguments.text(name) else { return nil }
    guard let number = Double(text), (0...0.9).contains(number) else {
      throw arguments.failure("--\(name) takes a number from 0 to 0.9, not “\(text)”")
    }
    return number
  }

  /// A model of `vocabularySize` symbols.
  func makeModel(_ vocabularySize: Int) -> any LanguageModel<Float> {
    withSeed(seed) {
      switch kind {
      case .lstm, .gru:
        RecurrentLanguageModel(
          vocabularySize, cell: kind == .lstm ? .lstm : .gru, embeddingSize: width, hiddenSize: width, layers: layers,
          dropout: dropout)
      case .gpt:
        GPT(vocabularySize, width: width, layers: layers, heads: heads, context: context, dropout: dropout)
      }
    }
  }

  /// Times through a text whose epochs have so many steps.
  func epochCount(stepsPerEpoch: Int) -> Int { epochs ?? ((steps ?? 1) - 1) / stepsPerEpoch + 1 }

  /// AdamW whose rate warms up, then falls to a tenth along half a cosine, behind a limit for the norm of the gradients.
  func makeOptimizer(_ model: any LanguageModel<Float>, totalSteps: Int) -> any Optimizer<Float> {
    let warmUp = max(1, min(100, totalSteps / 10))
    let schedule = LearningRateSchedule.linear(startFactor: 1 / Double(warmUp), endFactor: 1, steps: warmUp)
      .followed(
        by: .cosineAnnealing(period: max(1, totalSteps - warmUp), minimum: learningRate / 10), after: warmUp)
    return ScheduledOptimizer(
      ClippedOptimizer(AdamW(model.parameters, learningRate: learningRate), maximumNorm: 1), schedule)
  }
}
