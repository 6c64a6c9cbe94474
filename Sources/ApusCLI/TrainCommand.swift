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

      Where a recipe keeps a moving average of the weights (deep-cnn), or with --hold-back, a last line tells the accuracy
      over the test images of the model that is kept.

      Ctrl-C ends the run after the step at hand; what was reached is saved, and the exit code is 130.
      """,
    options: TrainSettings.options,
    examples: [
      ("apus train --epochs 2 --save digits.safetensors", "two epochs of the seed model, kept in a file"),
      ("apus train --model keras-cnn --data ~/mnist --plot curves.svg", "another model, on the real MNIST"),
      ("apus train --model deep-cnn --data ~/mnist --hold-back 0", "the best model; the test images are seen once"),
      ("apus train --model row-lstm --data ~/mnist", "an LSTM that reads the rows of an image"),
      ("apus train --hold-back 2000 --patience 2 --augment shift,rotate:15", "early stopping and augmentation"),
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
    let images = try Images(source, settings.holdBack, normalization)
    let model = withSeed(settings.seed) { settings.model.make() }
    let epochs = settings.epochCount(samples: images.train.count)
    let stepsPerEpoch = (images.train.count + settings.batchSize - 1) / settings.batchSize
    let steps = min(settings.steps ?? .max, epochs * stepsPerEpoch)
    let trainer = Trainer(
      model, optimizer: recipe.optimizer(steps: steps, learningRate: settings.learningRate), loss: recipe.loss,
      metrics: [.accuracy])
    trainer.detectsAnomalies = settings.detectsAnomalies

    if !settings.printsJSON { describe(model, source, images) }
    let report = TrainReport(printsJSON: settings.printsJSON, judge: settings.holdBack == nil ? "test" : "held-back")
    var callbacks: [any TrainingCallback] = [report]
    if let decay = recipe.averageDecay, settings.patience == nil {
      callbacks.append(WeightAveraging(model, decay: decay))
    }
    let stopping = settings.patience.map { EarlyStopping(patience: $0) }
    if let stopping { callbacks.append(stopping) }
    let history = try trainer.fit(
      images.train, epochs: epochs, batchSize: settings.batchSize, validation: images.judge, seed: settings.seed,
      transform: settings.augmentation, maximumSteps: settings.steps, callbacks: callbacks,
      cancellation: Interrupt.cancellation)
    if let best = stopping?.bestEpoch { say("kept the weights of epoch \(best)") }
    // The weights that are kept are not those of the last row, or nobody has looked at the test images yet.
    if Interrupt.signalNumber == nil, settings.holdBack != nil || callbacks.count > 1 {
      try reportTest(trainer, images.test)
    }

    if let last = history.epochs.last, !last.training.loss.isFinite {
      Terminal.note("the loss ran away: a smaller --learning-rate may help")
    }
    guard let signal = Interrupt.signalNumber else {
      try write(model, history, normalization)
      return ExitCode.success
    }
    let (whole, done) = (history.epochs.count, report.stepCount)
    Terminal.note("stopped early, after \(whole) whole \(whole == 1 ? "epoch" : "epochs") and \(done) steps in all")
    // A model that has learned nothing must not take the place of one that has.
    if done > 0 { try write(model, history, normalization) }
    return ExitCode.signal(signal)
  }

  private func describe(_ model: Sequential, _ source: DataSource, _ images: Images) {
    let threads = Threads.count
    Terminal.print(
      """
      \(settings.model.name): \(grouped(model.parameterCount)) parameters, \(settings.optimizerWords), \
      batches of \(settings.batchSize), seed \(settings.seed)
      \(source.name): \(grouped(images.train.count)) images to train, \(images.heldBack)\(grouped(source.test.count)) \
      to test; \(settings.augmentation.map { "augmented by \(AugmentOption.words($0)); " } ?? "")\
      \(InstructionSet.active.rawValue) kernels on \(threads) \(threads == 1 ? "thread" : "threads")

      """)
  }

  /// The images to learn from, to judge epochs by, and to judge the result by.
  private struct Images {
    let train: any Dataset
    let judge: (any Dataset)?
    let test: ImageDataset
    /// A word on what is held back, for the line that describes the run.
    let heldBack: String

    init(_ source: DataSource, _ holdBack: Int?, _ normalization: Normalize) throws(WorkError) {
      let train = source.train.normalized(normalization)
      test = source.test.normalized(normalization)
      guard let holdBack else {
        (self.train, judge, heldBack) = (train, test, "")
        return
      }
      guard holdBack < train.count else {
        throw WorkError("--hold-back \(holdBack) of \(train.count) training images leaves nothing to learn from")
      }
      let kept = train.count - holdBack
      self.train = train.subset(Array(0..<kept))
      judge = holdBack > 0 ? train.subset(Array(kept..<train.count)) : nil
      heldBack = holdBack > 0 ? "\(grouped(holdBack)) held back, " : ""
    }
  }

  private func reportTest(_ trainer: Trainer<Sequential>, _ test: ImageDataset) throws {
    let result = try trainer.evaluate(test)
    if settings.printsJSON {
      let line: JSONLine = [
        "test_accuracy": result.accuracy.map(JSONLine.number) ?? .null, "test_loss": .number(result.loss),
      ]
      Terminal.print("\(line)")
    } else {
      Terminal.print("test accuracy of the weights that are kept: \(percent(result.accuracy))")
    }
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
