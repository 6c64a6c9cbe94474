import ApusCompute
import ApusData
import ApusNN
import ApusTensor
import ApusTraining

/// `apus train`: trains one of the models and shows how it goes.
struct TrainCommand: Command {
  static let description = CommandDescription(
    name: "train",
    summary: "train a model on handwritten digits",
    discussion: """
      For each epoch it prints the mean loss and the accuracy over the training images, taken while the model learned
      (so with dropout at work), the accuracy over the test images, the seconds that the training took, and the
      training images worked through in a second. The same seed gives the same model at any number of threads.

      Ctrl-C ends the run after the step at hand; what was reached is saved, and the exit code is 130.
      """,
    options: TrainSettings.options,
    examples: [
      ("apus train --epochs 2 --save digits.safetensors", "two epochs of the seed model, kept in a file"),
      ("apus train --model keras-cnn --data ~/mnist --plot curves.svg", "another model, on the real MNIST"),
      ("apus train --model mlp --json | tail -n 1", "figures for another program"),
    ])

  private let settings: TrainSettings

  init(_ arguments: Arguments) throws(UsageError) {
    settings = try TrainSettings(arguments)
  }

  func run() throws -> Int32 {
    if let threads = settings.threads { Threads.count = threads }
    for path in [settings.savePath, settings.historyPath, settings.plotPath].compactMap({ $0 }) {
      try Terminal.checkWritable(path)
    }
    // From here on the first Ctrl-C ends the run in order.
    Interrupt.watch()
    let recipe = settings.model.recipe
    let source = try DataSource.load(settings.data, limit: settings.limit)
    let normalization = recipe.normalization
    let (train, test) = (source.train.normalized(normalization), source.test.normalized(normalization))
    let model = withSeed(settings.seed) { settings.model.make() }
    let trainer = Trainer(model, optimizer: recipe.optimizer, loss: recipe.loss, metrics: [.accuracy])
    if let learningRate = settings.learningRate { trainer.optimizer.learningRate = learningRate }

    if !settings.printsJSON { describe(model, source) }
    let report = TrainReport(printsJSON: settings.printsJSON)
    let history = try trainer.fit(
      train, epochs: settings.epochCount(samples: train.count), batchSize: settings.batchSize, validation: test,
      seed: settings.seed, maximumSteps: settings.steps, callbacks: [report], cancellation: Interrupt.cancellation)

    if let last = history.epochs.last, !last.training.loss.isFinite {
      Terminal.note("the loss ran away: a smaller --learning-rate may help")
    }
    guard let signal = Interrupt.signalNumber else {
      try write(model, history, normalization)
      return ExitCode.success
    }
    let (epochs, steps) = (history.epochs.count, report.stepCount)
    Terminal.note("stopped early, after \(epochs) whole \(epochs == 1 ? "epoch" : "epochs") and \(steps) steps in all")
    // A model that has learned nothing must not take the place of one that has.
    if steps > 0 { try write(model, history, normalization) }
    return ExitCode.signal(signal)
  }

  private func describe(_ model: Sequential, _ source: DataSource) {
    let threads = Threads.count
    Terminal.print(
      """
      \(settings.model.name): \(grouped(model.parameterCount)) parameters, \(settings.optimizerWords), \
      batches of \(settings.batchSize), seed \(settings.seed)
      \(source.name): \(grouped(source.train.count)) images to train, \(grouped(source.test.count)) to test; \
      \(InstructionSet.active.rawValue) kernels on \(threads) \(threads == 1 ? "thread" : "threads")

      """)
  }

  private func write(_ model: Sequential, _ history: History, _ normalization: Normalize) throws {
    if let path = settings.savePath {
      try model.save(path, normalization: normalization, metadata: [StoredModel.nameKey: settings.model.name])
      say("saved the model to \(path)")
    }
    if let path = settings.historyPath {
      try FileAccess.write(Array(history.csv.utf8), to: path)
      say("wrote the history to \(path)")
    }
    if let path = settings.plotPath {
      let title = "\(settings.model.name), \(settings.optimizerWords)"
      try FileAccess.write(Array(history.svg(title: title).utf8), to: path)
      say("drew the curves to \(path)")
    }
  }

  /// A word to a person; a program that reads JSON needs none.
  private func say(_ text: String) {
    if !settings.printsJSON { Terminal.print(text) }
  }
}
