import ApusCompute
import ApusData
import ApusNN
import ApusTensor
import ApusTraining

/// The run of `apus train vae` and `apus train dcgan`: trains, judges samples after every epoch, and writes what was asked
/// for.
struct GenerativeRun {
  let settings: GenerativeSettings

  /// Trains with the learner that `make` gives, and ends as a command does.
  ///
  /// - Parameters:
  ///   - describe: A line about the model.
  ///   - generator: What makes images with the model as it is.
  ///   - save: Writes the model.
  func run<Learner: UnsupervisedLearner>(
    _ make: () -> Learner, describe: (Learner) -> String, generator: @escaping (Learner) -> ImageGenerator,
    save: (Learner, String) throws -> Void
  ) throws -> Int32 {
    if let threads = settings.threads { Threads.count = threads }
    for path in [settings.savePath, settings.gridPath, settings.historyPath].compactMap({ $0 }) {
      try Terminal.checkWritable(path)
    }
    Interrupt.watch()
    let source = try DataSource.load(settings.data, limit: settings.limit)
    let learner = make()
    if !settings.printsJSON {
      let threads = Threads.count
      Terminal.print(
        """
        \(describe(learner)), batches of \(settings.batchSize), seed \(settings.seed)
        \(source.name): \(grouped(source.train.count)) images to train, \(grouped(source.test.count)) to test; \
        \(InstructionSet.active.rawValue) kernels on \(threads) \(threads == 1 ? "thread" : "threads")
        """)
    }
    let judge = try settings.judges ? makeJudge(source) : nil
    guard Interrupt.signalNumber == nil else { return stop(steps: 0, epochs: 0) }
    if let judge, !settings.printsJSON {
      let real = source.test.prefix(GenerativeSettings.judgedCount).all().inputs
      Terminal.print("real test images: \(SampleWords.line(judge(real)))\n")
    }
    let report = GenerativeReport(
      printsJSON: settings.printsJSON, judge: judge,
      samples: { samples(generator(learner), count: GenerativeSettings.judgedCount) },
      grid: settings.gridPath)
    let history = try learner.fit(
      source.train, epochs: settings.epochs, batchSize: settings.batchSize, validation: source.test,
      seed: settings.seed, maximumSteps: settings.steps, callbacks: [report], cancellation: Interrupt.cancellation)
    if let last = history.epochs.last, !last.training.loss.isFinite {
      Terminal.note("the loss ran away: a smaller --learning-rate may help")
    }
    // A model that has learned nothing must not take the place of one that has.
    if report.stepCount > 0 {
      if let path = settings.savePath {
        try save(learner, path)
        say("saved the model to \(path)")
      }
      if let path = settings.gridPath {
        try report.drawGrid(path)
        say("drew samples to \(path)")
      }
      if let path = settings.historyPath {
        try history.writeCSV(to: path)
        say("wrote the history to \(path)")
      }
    }
    guard Interrupt.signalNumber == nil else { return stop(steps: report.stepCount, epochs: history.epochs.count) }
    return ExitCode.success
  }

  private func stop(steps: Int, epochs: Int) -> Int32 {
    Terminal.note("stopped early, after \(epochs) whole \(epochs == 1 ? "epoch" : "epochs") and \(steps) steps in all")
    return ExitCode.signal(Interrupt.signalNumber ?? 2)
  }

  /// Images of codes that are the same every time.
  private func samples(_ generator: ImageGenerator, count: Int) -> Tensor<Float> {
    var random = Random(seed: settings.seed)
    return generator(.normal([count, generator.latentSize], using: &random))
  }

  /// The classifier from a file, or one that is trained on the labels first.
  private func makeJudge(_ source: DataSource) throws -> SampleJudge {
    if let path = settings.judgePath { return try StoredModel.judge(path) }
    let model = withSeed(settings.seed) { ModelZoo.kerasCNN.make() }
    let trainer = Trainer(model, optimizer: .adam(), loss: .crossEntropy, metrics: [.accuracy])
    try trainer.fit(
      source.train, epochs: 1, batchSize: 128, seed: settings.seed, callbacks: [],
      cancellation: Interrupt.cancellation)
    if !settings.printsJSON, Interrupt.signalNumber == nil {
      let accuracy = try trainer.evaluate(source.test).accuracy
      say("judge: keras-cnn after one epoch, \(percent(accuracy)) of the test images right")
    }
    return SampleJudge(model)
  }

  /// A word to a person; a program that reads JSON needs none.
  private func say(_ text: String) {
    if !settings.printsJSON { Terminal.print(text) }
  }
}

extension StoredModel {
  /// The classifier of a file as a judge of samples.
  ///
  /// - Throws: What reading the model throws.
  static func judge(_ path: String) throws -> SampleJudge {
    let stored = try StoredModel(path: path)
    guard stored.classCount > 1 else { throw WorkError("\(path): a classifier of one class cannot judge") }
    return SampleJudge(stored.model, normalization: stored.normalization)
  }
}

/// What a judge found, in words and as JSON.
enum SampleWords {
  static func line(_ quality: SampleQuality) -> String {
    let (entropy, most) = (decimal(quality.entropy, places: 2), decimal(quality.maximumEntropy, places: 2))
    return "confidence \(percent(quality.confidence)), spread over the classes \(entropy) of \(most) bits, "
      + "inception score \(decimal(quality.score, places: 2)) of \(quality.histogram.count)"
  }

  static func members(_ quality: SampleQuality?) -> [JSONLine.Member] {
    [
      .init(name: "confidence", value: quality.map { .number($0.confidence) } ?? .null),
      .init(name: "class_entropy_bits", value: quality.map { .number($0.entropy) } ?? .null),
      .init(name: "inception_score", value: quality.map { .number($0.score) } ?? .null),
      .init(name: "class_histogram", value: quality.map { .list($0.histogram.map(JSONLine.integer)) } ?? .null),
    ]
  }
}
