import ApusData
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
  /// How the classifier is trained after pretraining.
  let fineTuning: FineTuning
  /// How it is trained from scratch: the same but for the learning rates.
  let scratch: FineTuning
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
    OptionDescription("unlabelled", "N", "images to pretrain on, their labels unseen (default: all)"),
    OptionDescription("epochs", "N", "times through them (default: 3)"),
    OptionDescription(
      "pretraining-rate", "X", "factor of Adam's steps in pretraining, at its highest (default: 0.004)"),
    AugmentOption.description(
      AugmentOption.words(preset), name: "deform", purpose: "what the autoencoder must undo"),
    OptionDescription("mask", "X", "part of the pixels that are masked, 0 to 0.95 (default: 0)"),
    OptionDescription("noise", "X", "deviation of normal noise on every pixel, 0 to 10 (default: 0)"),
    OptionDescription("labels", "N", "labelled images of each class (default: 10)"),
    OptionDescription("steps", "N", "steps of fine-tuning, for both beginnings (default: 200)"),
    OptionDescription(
      "augment", "LIST",
      "change the labelled images of both beginnings at random;\na list as --deform has (default: none)"),
    OptionDescription("learning-rate", "X", "factor of Adam's steps after pretraining (default: 0.003)"),
    OptionDescription("encoder-rate", "X", "the same for the pretrained encoder (default: 0.0003)"),
    OptionDescription("scratch-learning-rate", "X", "factor of Adam's steps from scratch (default: 0.001)"),
    OptionDescription(
      "scratch-encoder-rate", "X", "the same for the encoder (default: as --scratch-learning-rate says)"),
    OptionDescription("freeze", nil, "leave the pretrained encoder as it is, and train only the layer behind it"),
    OptionDescription(
      "tune", nil,
      "first choose the learning rates of both, out of the same nine pairs, on 5000 other\n"
        + "training images, over three other seeds"),
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

  /// What the autoencoder must undo unless said otherwise.
  private static let preset = Augmentation(.shift(3), .rotation(degrees: 20), .scale(0.2), .shear(degrees: 14))

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
    unlabelled = try arguments.integer("unlabelled", in: 1...Int.max) ?? Int.max
    epochs = try arguments.integer("epochs", in: 1...1_000_000) ?? 3
    pretrainingRate = try arguments.positiveNumber("pretraining-rate", upTo: 1000) ?? 4e-3
    corruption = Corruption(
      masked: try number("mask", 0...0.95, default: 0), noise: try number("noise", 0...10, default: 0),
      deformation: try AugmentOption.read(arguments, name: "deform", default: Self.preset))
    var fineTuning = FineTuning(
      labelsPerClass: try arguments.integer("labels", in: 1...100_000) ?? 10,
      steps: try arguments.integer("steps", in: 1...1_000_000) ?? 200,
      learningRate: try arguments.positiveNumber("scratch-learning-rate", upTo: 1000) ?? 1e-3,
      encoderLearningRate: try arguments.positiveNumber("scratch-encoder-rate", upTo: 1000),
      augmentation: try AugmentOption.read(arguments, default: nil))
    scratch = fineTuning
    fineTuning.learningRate = try arguments.positiveNumber("learning-rate", upTo: 1000) ?? 3e-3
    fineTuning.encoderLearningRate = try arguments.positiveNumber("encoder-rate", upTo: 1000) ?? 3e-4
    fineTuning.freezesEncoder = arguments.has("freeze")
    self.fineTuning = fineTuning
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
