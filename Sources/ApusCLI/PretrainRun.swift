import ApusCompute
import ApusData
import ApusNN
import ApusTensor
import ApusTraining

/// The run of `apus pretrain`, seed by seed.
final class PretrainRun {
  private let settings: PretrainSettings
  private let source: DataSource
  private let unlabelled: Subset
  /// The encoder of `--encoder`, for all seeds.
  private let given: StateDictionary<Float>?
  private var fineTuning: FineTuning
  private var scratch: FineTuning

  /// Images for each step of pretraining.
  private static let batchSize = 128
  /// Training images that `--tune` judges by.
  private static let validationCount = 5000
  /// Seeds that `--tune` uses, so many beyond the first one that is reported on.
  private static let tuningOffset: UInt64 = 10_000
  private static let tuningSeeds = 3
  /// Learning rates that `--tune` tries for the encoder, and for the layer behind it.
  private static let rates = [3e-4, 1e-3, 3e-3].flatMap { encoder in
    [1e-3, 3e-3, 1e-2].map { (encoder: encoder, head: $0) }
  }

  init(_ settings: PretrainSettings, _ source: DataSource) throws {
    self.settings = settings
    self.source = source
    let labels = settings.fineTuning.labelsPerClass
    let needed = settings.tunes ? Self.validationCount : 0
    guard source.train.count > needed else {
      throw WorkError("\(source.name): --tune needs more than \(needed) training images, not \(source.train.count)")
    }
    unlabelled = source.train.prefix(min(settings.unlabelled, source.train.count - needed))
    guard
      FineTuning.choose(labels, of: unlabelled.targets, classCount: source.train.classCount, seed: settings.seed) != nil
    else { throw WorkError("\(source.name): not every class has \(labels) of the \(unlabelled.count) images") }
    given = try settings.encoderPath.map { path in
      let file = try ModelFile(path: path)
      let encoder = DenoisingAutoencoder().encoder
      do { try encoder.load(try file.state()) } catch let error as StateMismatch {
        throw ModelFileError.state(path: path, error)
      }
      return encoder.stateDictionary
    }
    fineTuning = settings.fineTuning
    scratch = settings.scratch
  }

  func run() throws -> Int32 {
    describe()
    var rows: [(scratch: Double, pretrained: Double)] = []
    do {
      if settings.tunes { try tune() }
      if !settings.printsJSON {
        Terminal.print(Self.row(["seed", "test loss", "from scratch", "pretrained", "difference"]))
      }
      for number in 0..<settings.seeds {
        let seed = settings.seed + UInt64(number)
        let (encoder, loss) = try pretrain(seed, isFirst: number == 0)
        let labelled = chosen(seed)
        let (own, beside) = (
          try scratch.accuracy(
            encoder: nil, labelled: labelled, unlabelled: unlabelled, test: source.test, seed: seed,
            cancellation: Interrupt.cancellation),
          try fineTuning.accuracy(
            encoder: encoder, labelled: labelled, unlabelled: unlabelled, test: source.test, seed: seed,
            cancellation: Interrupt.cancellation)
        )
        Terminal.progress("")
        rows.append((own, beside))
        show(seed, loss, own, beside)
      }
    } catch is CancellationError {
      Terminal.progress("")
      Terminal.note("stopped early, after \(rows.count) of \(settings.seeds) seeds")
    }
    if !rows.isEmpty { summarize(PairedComparison(rows.map { $0.scratch * 100 }, rows.map { $0.pretrained * 100 })) }
    return Interrupt.signalNumber.map(ExitCode.signal) ?? ExitCode.success
  }

  /// The labelled images of a seed, out of those that were seen without labels.
  private func chosen(_ seed: UInt64) -> Subset {
    let places = FineTuning.choose(
      fineTuning.labelsPerClass, of: unlabelled.targets, classCount: source.train.classCount, seed: seed)
    guard let places else { fatalError("there were enough labelled images a moment ago") }
    return unlabelled.subset(places)
  }

  /// Trains an autoencoder on the unlabelled images; the encoder's weights, and the loss over the test images.
  ///
  /// - Throws: `CancellationError` when it was interrupted, after saving the encoder as it is.
  private func pretrain(_ seed: UInt64, isFirst: Bool) throws -> (StateDictionary<Float>, Double?) {
    if let given { return (given, nil) }
    let model = withSeed(seed) { DenoisingAutoencoder() }
    let learner = DenoisingLearner(
      model, corruption: settings.corruption, learningRate: settings.pretrainingRate,
      steps: settings.epochs * ((unlabelled.count + Self.batchSize - 1) / Self.batchSize), seed: seed)
    let progress = PretrainProgress(seed)
    try learner.fit(
      unlabelled, epochs: settings.epochs, batchSize: Self.batchSize, seed: seed, callbacks: [progress],
      cancellation: Interrupt.cancellation)
    Terminal.progress("")
    if isFirst, progress.steps > 0 { try write(model) }
    if Interrupt.cancellation.isCancelled { throw CancellationError() }
    return (model.encoder.stateDictionary, learner.judgeAll(source.test.prefix(2000))?.loss)
  }

  private func write(_ model: DenoisingAutoencoder) throws {
    if let path = settings.savePath {
      try model.encoder.save(path)
      say("saved the encoder to \(path)")
    }
    if let path = settings.picturePath {
      let clean = source.test.prefix(16).all().inputs
      var random = Random(seed: settings.seed)
      let corrupted = settings.corruption(clean, using: &random)
      let restored = withoutGradients { model(corrupted).sigmoid() }
      try GreyImage.grid(of: concatenated([clean, corrupted, restored]), columns: clean.shape[0]).write(to: path)
      say("drew images, corrupted and restored, to \(path)")
    }
  }

  /// Chooses each beginning's learning rate by its mean accuracy on training images that are put aside.
  private func tune() throws {
    let count = source.train.count
    let validation = source.train.subset(Array(count - Self.validationCount..<count))
    var sums = [[Double]](repeating: [0, 0], count: Self.rates.count)
    for number in 0..<Self.tuningSeeds {
      let seed = settings.seed + Self.tuningOffset + UInt64(number)
      let encoder = try pretrain(seed, isFirst: false).0
      let labelled = chosen(seed)
      for (place, rates) in Self.rates.enumerated() {
        for (column, beginning) in [scratch, fineTuning].enumerated() {
          var trial = beginning
          (trial.encoderLearningRate, trial.learningRate) = (rates.encoder, rates.head)
          sums[place][column] += try trial.accuracy(
            encoder: column == 0 ? nil : encoder, labelled: labelled, unlabelled: unlabelled, test: validation,
            seed: seed,
            cancellation: Interrupt.cancellation)
        }
      }
    }
    for (place, rates) in Self.rates.enumerated() {
      let means = sums[place].map { percent($0 / Double(Self.tuningSeeds)) }
      say("tuning: learning rates \(rates.encoder), \(rates.head): \(means[0]) from scratch, \(means[1]) pretrained")
    }
    func best(_ column: Int) -> (encoder: Double, head: Double) {
      Self.rates[Self.rates.indices.max { sums[$0][column] < sums[$1][column] } ?? 0]
    }
    (scratch.encoderLearningRate, scratch.learningRate) = best(0)
    (fineTuning.encoderLearningRate, fineTuning.learningRate) = best(1)
    say("chosen: \(Self.rates(scratch)) from scratch, \(Self.rates(fineTuning)) pretrained\n")
  }

  /// The learning rates of the encoder and of the layer behind it, in words.
  private static func rates(_ tuning: FineTuning) -> String {
    let (encoder, head) = (tuning.encoderLearningRate ?? tuning.learningRate, tuning.learningRate)
    return encoder == head ? "\(head)" : "\(encoder) and \(head)"
  }

  // MARK: - Words

  private func describe() {
    guard !settings.printsJSON else { return }
    let threads = Threads.count
    let classes = source.train.classCount
    let corruption = settings.corruption
    var changes: [String] = []
    if let deformation = corruption.deformation { changes.append("deformed by \(AugmentOption.words(deformation))") }
    if corruption.masked > 0 { changes.append("\(percent(corruption.masked)) of the pixels masked") }
    if corruption.noise > 0 { changes.append("noise of \(corruption.noise)") }
    let pretraining =
      settings.encoderPath.map { "the encoder of \($0)" }
      ?? "\(grouped(unlabelled.count)) unlabelled images, \(settings.epochs) \(settings.epochs == 1 ? "epoch" : "epochs"), "
      + "learning rate \(settings.pretrainingRate), "
      + (changes.isEmpty ? "uncorrupted" : changes.joined(separator: ", "))
    let rates =
      settings.tunes
      ? "learning rates to be chosen"
      : "learning rates \(Self.rates(scratch)) from scratch, \(Self.rates(fineTuning)) pretrained"
    Terminal.print(
      """
      pretraining: \(pretraining)
      fine-tuning: \(fineTuning.labelsPerClass) labels for each of \(classes) classes, \(fineTuning.steps) steps, \
      \(fineTuning.augmentation.map { "augmented by \(AugmentOption.words($0)), " } ?? "")\
      Adam, \(rates)\(fineTuning.freezesEncoder ? ", pretrained encoder frozen" : "")
      \(source.name): judged on \(grouped(source.test.count)) test images; \
      \(InstructionSet.active.rawValue) kernels on \(threads) \(threads == 1 ? "thread" : "threads")

      """)
  }

  private func show(_ seed: UInt64, _ loss: Double?, _ own: Double, _ beside: Double) {
    if settings.printsJSON {
      let line: JSONLine = [
        "seed": .integer(Int(clamping: seed)), "pretraining_test_loss": loss.map(JSONLine.number) ?? .null,
        "scratch_accuracy": .number(own), "pretrained_accuracy": .number(beside), "difference": .number(beside - own),
      ]
      Terminal.print("\(line)")
    } else {
      Terminal.print(
        Self.row([
          "\(seed)", loss.map { decimal($0, places: 2) } ?? "–", percent(own), percent(beside),
          Self.signed((beside - own) * 100),
        ]))
    }
  }

  private func summarize(_ comparison: PairedComparison) {
    let (own, beside, gain) = (
      PairedComparison.Spread(comparison.first), PairedComparison.Spread(comparison.second),
      PairedComparison.Spread(comparison.differences)
    )
    let interval = comparison.interval()
    if settings.printsJSON {
      func spread(_ value: PairedComparison.Spread) -> JSONLine {
        ["mean": .number(value.mean / 100), "standard_deviation": .number(value.deviation / 100)]
      }
      let line: JSONLine = [
        "seeds": .integer(comparison.first.count), "scratch": spread(own), "pretrained": spread(beside),
        "difference": spread(gain),
        "confidence_interval_95": interval.map {
          .list([.number($0.lowerBound / 100), .number($0.upperBound / 100)])
        } ?? .null,
        "pretrained_wins": .integer(comparison.wins),
        "scratch_learning_rate": .number(scratch.learningRate),
        "scratch_encoder_rate": .number(scratch.encoderLearningRate ?? scratch.learningRate),
        "pretrained_learning_rate": .number(fineTuning.learningRate),
        "pretrained_encoder_rate": .number(fineTuning.encoderLearningRate ?? fineTuning.learningRate),
      ]
      Terminal.print("\(line)")
      return
    }
    func words(_ value: PairedComparison.Spread) -> String {
      "\(decimal(value.mean, places: 2)) ± \(decimal(value.deviation, places: 2))"
    }
    let sure =
      interval.map {
        ", 95 % confidence \(decimal($0.lowerBound, places: 2)) to \(decimal($0.upperBound, places: 2))"
      } ?? ""
    let count = comparison.first.count
    Terminal.print(
      """

      from scratch  \(words(own)) %
      pretrained    \(words(beside)) %
      difference    \(words(gain)) points\(sure); better on \(comparison.wins) of \(count) \(count == 1 ? "seed" : "seeds")
      """)
  }

  private static func row(_ cells: [String]) -> String {
    zip(cells, [6, 9, 12, 10, 10]).map { $0.indented(to: $1) }.joined(separator: "  ")
  }

  private static func signed(_ points: Double) -> String {
    (points > 0 ? "+" : "") + decimal(points, places: 2)
  }

  private func say(_ text: String) {
    if !settings.printsJSON { Terminal.print(text) }
  }
}

/// The line that moves while an autoencoder is trained, on a terminal only.
private final class PretrainProgress: TrainingCallback {
  private let seed: UInt64
  private(set) var steps = 0
  private var lastDrawn = ContinuousClock.now - .seconds(1)

  init(_ seed: UInt64) { self.seed = seed }

  func batchDidEnd(_ run: TrainingRun) {
    steps = run.progress.step
    guard Terminal.showsProgress, ContinuousClock.now - lastDrawn >= .milliseconds(100) else { return }
    lastDrawn = .now
    Terminal.progress(
      "seed \(seed), "
        + TrainReport.progressLine(run.progress, epochs: run.epochCount, samples: run.samplesPerEpoch))
  }
}
