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

      Ctrl-C ends the run after the step at hand; the exit code is 130.
      """,
    options: TrainSettings.options,
    examples: [
      ("apus train --epochs 2", "two epochs of the seed model"),
      ("apus train --model mlp --json | tail -n 1", "figures for another program"),
    ])

  private let settings: TrainSettings

  init(_ arguments: Arguments) throws(UsageError) {
    settings = try TrainSettings(arguments)
  }

  func run() throws -> Int32 {
    if let threads = settings.threads { Threads.count = threads }
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
    let history = try trainer.fit(
      train, epochs: settings.epochCount(samples: train.count), batchSize: settings.batchSize, validation: test,
      seed: settings.seed, maximumSteps: settings.steps,
      callbacks: [TrainReport(printsJSON: settings.printsJSON)], cancellation: Interrupt.cancellation)

    let signal = Interrupt.signalNumber
    if signal != nil { Terminal.note("stopped early: \(history.epochs.count) whole epochs were done") }
    return signal.map(ExitCode.signal) ?? ExitCode.success
  }

  private func describe(_ model: Sequential, _ source: DataSource) {
    let threads = Threads.count
    Terminal.print(
      """
      \(settings.model.name): \(grouped(model.parameterCount)) parameters, \(settings.optimizerWords), \
      batches of \(settings.batchSize), seed \(settings.seed)
      \(source.name): \(grouped(source.train.count)) to train, \(grouped(source.test.count)) to test; \
      \(InstructionSet.active.rawValue) kernels on \(threads) \(threads == 1 ? "thread" : "threads")

      """)
  }
}
