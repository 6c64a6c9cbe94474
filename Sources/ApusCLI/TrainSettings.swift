import ApusData
import ApusNN
import ApusTraining

/// What `apus train` was asked for, with the model's recipe where nothing was said.
struct TrainSettings {
  let model: ModelZoo
  /// The directory after `--data`.
  let data: String?
  let limit: Int?
  /// Times through the data; nil for as many as the steps need.
  let epochs: Int?
  /// Steps of the optimizer after which to end.
  let steps: Int?
  let batchSize: Int
  /// A learning rate other than the recipe's.
  let learningRate: Double?
  let seed: UInt64
  let threads: Int?
  /// What is done to the training images.
  let augmentation: Augmentation?
  /// How many training images are kept back; nil to judge every epoch by the test images.
  let holdBack: Int?
  /// Epochs without improvement after which to end.
  let patience: Int?
  /// Where the model goes.
  let savePath: String?
  /// Where the table of epochs goes.
  let historyPath: String?
  /// Where the drawing of the curves goes.
  let plotPath: String?
  let printsJSON: Bool
  /// Whether every number of every step is looked at.
  let detectsAnomalies: Bool

  static let options = [
    OptionDescription(
      "model", "NAME",
      (["the model (default: cnn)"]
        + ModelZoo.allCases.map { "  \($0.name.padded(to: 10))\($0.summary)" }).joined(separator: "\n")),
    DataSource.option,
    OptionDescription("epochs", "N", "times through the data (default: the model's, 2 to 20)"),
    OptionDescription("steps", "N", "end after N steps of the optimizer (default for mlp3: 1000)"),
    OptionDescription("batch-size", "N", "images for each step (default: the model's, 32 to 128)"),
    OptionDescription("learning-rate", "X", "factor of the optimizer's steps (default: the model's, 0.001 to 0.01)"),
    OptionDescription("seed", "N", "what first weights, order and dropout depend on (default: 0)"),
    OptionDescription("threads", "N", "threads to use; the result does not depend on it (default: all CPUs)"),
    limitOption,
    AugmentOption.description("the model's; all but deep-cnn have none"),
    OptionDescription(
      "hold-back", "N",
      "learn nothing from the last N training images, but judge every epoch by them;\n"
        + "the test images are then looked at only once, at the end"),
    OptionDescription(
      "patience", "N",
      "end when the loss of what is held back has not improved for N epochs,\nand keep the weights of the best epoch"),
    OptionDescription("save", "FILE", "write the model to FILE, as safetensors"),
    OptionDescription("history-csv", "FILE", "write the figures of every epoch to FILE"),
    OptionDescription("plot", "FILE", "draw the curves of loss and accuracy to FILE, as SVG"),
    OptionDescription(
      "detect-anomalies", nil,
      "look at every number of every step, and end with the operation, layer, parameter\nand batch where the first one is not "
        + "finite; takes about twice as long"),
    OptionDescription("json", nil, "print one JSON object for each epoch instead of the table"),
  ]

  private static let limitOption = DataSource.limitOption

  init(_ arguments: Arguments) throws(UsageError) {
    let name = try arguments.choice("model", among: ModelZoo.allCases.map(\.name))
    model = name.flatMap(ModelZoo.init(name:)) ?? .cnn
    let recipe = model.recipe
    data = arguments.text("data")
    limit = try arguments.integer("limit", in: 1...Int.max)
    let wishedEpochs = try arguments.integer("epochs", in: 1...1_000_000)
    let wishedSteps = try arguments.integer("steps", in: 1...Int.max)
    // Whoever names epochs wants them whole; whoever names only steps wants as many epochs as they take.
    steps = wishedSteps ?? (wishedEpochs == nil ? recipe.maximumSteps : nil)
    epochs = wishedEpochs ?? (steps == nil ? recipe.epochs : nil)
    batchSize = try arguments.integer("batch-size", in: 1...1_000_000) ?? recipe.batchSize
    learningRate = try arguments.positiveNumber("learning-rate", upTo: 1000)
    seed = try arguments.integer("seed", in: 0...UInt64.max) ?? 0
    augmentation = try AugmentOption.read(arguments, default: recipe.augmentation)
    holdBack = try arguments.integer("hold-back", in: 0...Int.max)
    patience = try arguments.integer("patience", in: 1...Int.max)
    if patience != nil, holdBack ?? 0 == 0 {
      throw arguments.failure("--patience needs images to judge by: --hold-back N")
    }
    threads = try arguments.integer("threads", in: 1...256)
    savePath = arguments.text("save")
    historyPath = arguments.text("history-csv")
    plotPath = arguments.text("plot")
    printsJSON = arguments.has("json")
    detectsAnomalies = arguments.has("detect-anomalies")
  }

  /// Times through `count` samples.
  func epochCount(samples count: Int) -> Int {
    if let epochs { return epochs }
    let stepsPerEpoch = (count + batchSize - 1) / batchSize
    let steps = steps ?? stepsPerEpoch
    return (steps - 1) / stepsPerEpoch + 1
  }

  /// The optimizer in words, with the learning rate that is used.
  var optimizerWords: String {
    let recipe = model.recipe.optimizerName
    guard let learningRate else { return recipe }
    return recipe.split(separator: ",").map { part in
      guard part.holds("learning rate") else { return String(part) }
      return " learning rate \(learningRate)"
        + (part.holds("falling to") ? " and falling" : part.holds("rising") ? " rising" : "")
    }.joined(separator: ",")
  }
}
