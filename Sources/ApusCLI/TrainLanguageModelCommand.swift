import ApusCompute
import ApusData
import ApusNN
import ApusTraining

/// `apus train lm`: trains a language model on the characters of a text.
struct TrainLanguageModelCommand: Command {
  static let description = CommandDescription(
    name: "train lm",
    summary: "train a language model on a text, character by character",
    discussion: """
      For each epoch it prints the bits per character over the training text, taken while the model learned, and over the
      part that was held back, the seconds that the training took, the characters in a second and the time of a step.
      AdamW's rate warms up and falls along half a cosine; the norm of the gradients is limited to 1.
      The same seed gives the same model at any number of threads.

      lstm and gru read the text on and on: each step begins with the state that the one before ended with. gpt reads
      windows of --context characters. Of a list (names, one a line) each line is a sequence of its own.

      apus generate writes text with the saved model. Ctrl-C ends the run after the step at hand; what was reached is
      saved, and the exit code is 130.
      """,
    options: LanguageModelSettings.options,
    examples: [
      ("apus train lm --data input.txt --save shakespeare.safetensors", "an LSTM, kept in a file"),
      ("apus train lm --model gpt --data input.txt --epochs 3 --plot curves.svg", "a small transformer"),
      (
        "apus train lm --model gru --data names.txt --width 128 --epochs 10 --save names.safetensors", "a list of names"
      ),
    ])

  private let settings: LanguageModelSettings

  init(_ arguments: Arguments) throws(UsageError) { settings = try LanguageModelSettings(arguments) }

  func run() throws -> Int32 {
    if let threads = settings.threads { Threads.count = threads }
    for path in [settings.savePath, settings.historyPath, settings.plotPath].compactMap({ $0 }) {
      try Terminal.checkWritable(path)
    }
    // From here on the first Ctrl-C ends the run in order.
    Interrupt.watch()
    let (corpus, name) = try TextSource.load(
      settings.data, form: settings.form, heldBack: settings.heldBack, seed: settings.seed)
    let model = settings.makeModel(corpus.vocabulary.count)
    let longest = max(corpus.training.longestLength, corpus.heldBack.longestLength)
    if corpus.form == .lines, let context = model.contextLength, longest > context {
      throw WorkError("\(name): its longest line takes \(longest) characters; --context \(context) is too short for it")
    }
    let (batchSize, context) = (settings.batchSize, settings.context)
    let stepsPerEpoch = LanguageModelTrainer.stepsPerEpoch(model, corpus, batchSize: batchSize, steps: context)
    let epochs = settings.epochCount(stepsPerEpoch: stepsPerEpoch)
    let total = min(settings.steps ?? .max, epochs * stepsPerEpoch)
    let trainer = LanguageModelTrainer(model, optimizer: settings.makeOptimizer(model, totalSteps: total))

    if !settings.printsJSON { describe(model, corpus, name) }
    let report = LanguageModelReport(printsJSON: settings.printsJSON)
    let history = try trainer.fit(
      corpus, epochs: epochs, batchSize: batchSize, steps: context, seed: settings.seed,
      maximumSteps: settings.steps, callbacks: [report], cancellation: Interrupt.cancellation)

    if let last = history.epochs.last, !last.training.loss.isFinite {
      Terminal.note("the loss ran away: a smaller --learning-rate may help")
    }
    guard let signal = Interrupt.signalNumber else {
      try write(model, corpus, history)
      return ExitCode.success
    }
    let (whole, steps) = (history.epochs.count, report.stepCount)
    Terminal.note("stopped early, after \(whole) whole \(whole == 1 ? "epoch" : "epochs") and \(steps) steps in all")
    // A model that has learned nothing must not take the place of one that has.
    if steps > 0 { try write(model, corpus, history) }
    return ExitCode.signal(signal)
  }

  private func describe(_ model: any LanguageModel<Float>, _ corpus: TextCorpus, _ name: String) {
    let threads = Threads.count
    let text = corpus.training
    let entropy = decimal(text.unigramEntropy, places: 2)
    let lists = corpus.form == .lines ? " in \(grouped(text.sequences.count)) lines" : ""
    Terminal.print(
      """
      \(settings.kind.rawValue): \(grouped(model.parameterCount)) parameters, AdamW, learning rate up to \
      \(settings.learningRate), batches of \(settings.batchSize)\
      \(corpus.form == .lines ? " lines" : " by \(settings.context)"), seed \(settings.seed)
      \(name): \(grouped(text.symbolCount)) characters\(lists) to train, \(grouped(corpus.heldBack.symbolCount)) held \
      back; \(corpus.vocabulary.count) symbols, whose frequencies alone give \(entropy) bits/character
      \(InstructionSet.active.rawValue) kernels on \(threads) \(threads == 1 ? "thread" : "threads")

      """)
  }

  private func write(_ model: any LanguageModel<Float>, _ corpus: TextCorpus, _ history: History) throws {
    if let path = settings.savePath {
      try LanguageModelFile.save(model, vocabulary: corpus.vocabulary, form: corpus.form, to: path)
      say("saved the model to \(path)")
    }
    if let path = settings.historyPath {
      try FileAccess.write(Array(history.csv.utf8), to: path)
      say("wrote the history to \(path)")
    }
    if let path = settings.plotPath {
      let title = "\(settings.kind.rawValue), \(grouped(model.parameterCount)) parameters"
      try FileAccess.write(Array(history.svg(title: title).utf8), to: path)
      say("drew the curves to \(path)")
    }
  }

  /// A word to a person; a program that reads JSON needs none.
  private func say(_ text: String) {
    if !settings.printsJSON { Terminal.print(text) }
  }
}
