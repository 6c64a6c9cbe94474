import ApusTraining

/// What `apus pretrain` was asked for.
struct PretrainSettings {
  let data: String?
  let limit: Int?
  let unlabelled: Int
  let epochs: Int
  /// The factor of Adam's steps of the autoencoder.
  let pretrainingRate: Double
  let corruption: Corruption
  /// What fine-tuning has in common for both beginnings.
  let fineTuning: FineTuning
  /// The learning rate from scratch.
  let scratchLearningRate: Double
  let seeds: Int
  let seed: UInt64
  let tunes: Bool
  let threads: Int?
  let encoderPath: String?
  let savePath: String?
  let picturePath: String?
  let printsJSON: Bool

  static let options = [
    DataSource.option,
    OptionDescription("unlabelled", "N", "images to pretrain on, their labels unseen (default: 10000)"),
    OptionDescription("epochs", "N", "times through them (default: 3)"),
    OptionDescription("pretraining-rate", "X", "factor of Adam's steps in pretraining (default: 0.001)"),
    OptionDescription("mask", "X", "part of the pixels that are masked, 0 to 0.95 (default: 0.5)"),
    OptionDescription("noise", "X", "deviation of normal noise on every pixel, 0 to 10 (default: 0)"),
    OptionDescription("labels", "N", "labelled images of each class (default: 10)"),
    OptionDescription("steps", "N", "steps of fine-tuning, for both beginnings (default: 200)"),
    OptionDescription("learning-rate", "X", "factor of Adam's steps after pretraining (default: 0.001)"),
    OptionDescription("scratch-learning-rate", "X", "factor of Adam's steps from scratch (default: 0.001)"),
    OptionDescription("freeze", nil, "leave the pretrained encoder as it is, and train only the layer behind it"),
    OptionDescription(
      "tune", nil, "first choose both learning rates on 5000 other training images, over three other seeds"),
    OptionDescription("seeds", "N", "how many seeds to report on (default: 10)"),
    OptionDescription("seed", "N", "the first of them (default: 0)"),
    OptionDescription("threads", "N", "threads to use; the result does not depend on it (default: all CPUs)"),
    DataSource.limitOption,
    OptionDescription("encoder", "FILE", "begin with the encoder of FILE for all seeds instead of pretraining"),
    OptionDescription("save", "FILE", "write the first seed's encoder to FILE, as safetensors"),
    OptionDescription(
      "reconstructions", "FILE", "draw test images, corrupted and restored by the first seed's autoencoder, as PNG"),
    OptionDescription("json", nil, "print one JSON object for each seed, and one for all"),
  ]

  init(_ arguments: Arguments) throws(UsageError) {
    func number(_ name: String, _ range: ClosedRange<Double>, default preset: Double) throws(UsageError) -> Double {
      guard let text = arguments.text(name) else { return preset }
      guard let value = Double(text), range.contains(value) else {
        throw arguments.failure(
          "--\(name) takes a number from \(decimal(range.lowerBound)) to \(decimal(range.upperBound)), not “\(text)”")
      }
      return value
    }
    func decimal(_ value: Double) -> String { value == value.rounded() ? "\(Int(value))" : "\(value)" }
    data = arguments.text("data")
    limit = try arguments.integer("limit", in: 1...Int.max)
    unlabelled = try arguments.integer("unlabelled", in: 1...Int.max) ?? 10_000
    epochs = try arguments.integer("epochs", in: 1...1_000_000) ?? 3
    pretrainingRate = try arguments.positiveNumber("pretraining-rate", upTo: 1000) ?? 1e-3
    corruption = Corruption(
      masked: try number("mask", 0...0.95, default: 0.5), noise: try number("noise", 0...10, default: 0))
    fineTuning = FineTuning(
      labelsPerClass: try arguments.integer("labels", in: 1...100_000) ?? 10,
      steps: try arguments.integer("steps", in: 1...1_000_000) ?? 200,
      learningRate: try arguments.positiveNumber("learning-rate", upTo: 1000) ?? 1e-3,
      freezesEncoder: arguments.has("freeze"))
    scratchLearningRate = try arguments.positiveNumber("scratch-learning-rate", upTo: 1000) ?? 1e-3
    seeds = try arguments.integer("seeds", in: 1...10_000) ?? 10
    seed = try arguments.integer("seed", in: 0...(UInt64.max - 20_000)) ?? 0
    tunes = arguments.has("tune")
    threads = try arguments.integer("threads", in: 1...256)
    encoderPath = arguments.text("encoder")
    savePath = arguments.text("save")
    picturePath = arguments.text("reconstructions")
    printsJSON = arguments.has("json")
    for (name, value) in [("save", savePath), ("reconstructions", picturePath)] where encoderPath != nil {
      if value != nil { throw arguments.failure("--\(name) goes with pretraining, not with --encoder") }
    }
  }
}
