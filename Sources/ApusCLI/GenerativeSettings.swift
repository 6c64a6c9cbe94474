import ApusNN
import ApusTraining

/// What `apus train vae` and `apus train dcgan` are asked for alike.
struct GenerativeSettings {
  /// The directory after `--data`.
  let data: String?
  let limit: Int?
  let epochs: Int
  /// Steps of the optimizer after which to end.
  let steps: Int?
  let batchSize: Int
  let latentSize: Int
  let learningRate: Double
  let seed: UInt64
  let threads: Int?
  /// The classifier that judges samples: a file, nil for one that is trained first.
  let judgePath: String?
  let judges: Bool
  /// Where the model goes.
  let savePath: String?
  /// Where a picture of samples goes.
  let gridPath: String?
  /// Where the table of epochs goes.
  let historyPath: String?
  let printsJSON: Bool

  /// Samples that are judged after an epoch.
  static let judgedCount = 1000

  static func options(epochs: Int, latentSize: Int, learningRate: Double) -> [OptionDescription] {
    [
      DataSource.option,
      OptionDescription("epochs", "N", "times through the images (default: \(epochs))"),
      OptionDescription("steps", "N", "end after N steps"),
      OptionDescription("batch-size", "N", "images for each step (default: 128)"),
      OptionDescription("latent", "N", "numbers in a code (default: \(latentSize))"),
      OptionDescription("learning-rate", "X", "factor of Adam's steps (default: \(learningRate))"),
      OptionDescription("seed", "N", "what first weights, order and noise depend on (default: 0)"),
      OptionDescription("threads", "N", "threads to use; the result does not depend on it (default: all CPUs)"),
      DataSource.limitOption,
      OptionDescription(
        "judge", "FILE",
        "classifier that judges samples, as apus train --save writes it; none: nobody does\n"
          + "(default: keras-cnn, trained first for one epoch on the same images)"),
      OptionDescription("save", "FILE", "write the model to FILE, as safetensors, for apus generate"),
      OptionDescription("grid", "FILE", "draw 64 samples to FILE after every epoch, as PNG"),
      OptionDescription("history-csv", "FILE", "write the figures of every epoch to FILE"),
      OptionDescription("json", nil, "print one JSON object for each epoch instead of the table"),
    ]
  }

  init(
    _ arguments: Arguments, epochs: Int, latentSize: Int, learningRate: Double
  ) throws(UsageError) {
    data = arguments.text("data")
    limit = try arguments.integer("limit", in: 1...Int.max)
    self.epochs = try arguments.integer("epochs", in: 1...1_000_000) ?? epochs
    steps = try arguments.integer("steps", in: 1...Int.max)
    batchSize = try arguments.integer("batch-size", in: 2...1_000_000) ?? 128
    self.latentSize = try arguments.integer("latent", in: 1...4096) ?? latentSize
    self.learningRate = try arguments.positiveNumber("learning-rate", upTo: 1000) ?? learningRate
    seed = try arguments.integer("seed", in: 0...UInt64.max) ?? 0
    threads = try arguments.integer("threads", in: 1...256)
    let judge = arguments.text("judge")
    judges = judge != "none"
    judgePath = judges ? judge : nil
    savePath = arguments.text("save")
    gridPath = arguments.text("grid")
    historyPath = arguments.text("history-csv")
    printsJSON = arguments.has("json")
  }
}
