import ApusData
import ApusNN
import ApusTensor

/// How much better a classifier does on the images that it learned from than on new ones, with and without what helps against
/// that.
///
/// The model is a small convolutional network, large enough to learn a thousand images by heart. Each remedy is added to it
/// alone; the last one is several together. All have the same budget of steps, the same images and the same seeds.
public enum OverfittingStudy {
  /// What is done against overfitting.
  public enum Remedy: String, CaseIterable, Sendable {
    case none
    case l1
    case l2
    case dropout
    case batchNorm = "batch-norm"
    case labelSmoothing = "label-smoothing"
    case shift
    case rotate
    case elastic
    case augmentation
    case earlyStopping = "early-stopping"
    case all

    /// What it is, in a line.
    public var summary: String {
      switch self {
      case .none: "nothing: the model as it is"
      case .l1: "the loss grows with the sum of the weights' sizes, 0.0002 |w|"
      case .l2: "the loss grows with their squares, 0.002 w²"
      case .dropout: "half of the hidden numbers are dropped at random, a quarter of the channels"
      case .batchNorm: "every layer's numbers are normalised over the batch"
      case .labelSmoothing: "a tenth of the goal is spread over all classes"
      case .shift: "images are moved by up to 2 pixels"
      case .rotate: "images are turned by up to 15 degrees"
      case .elastic: "images are bent by about 1 pixel"
      case .augmentation: "all three of these"
      case .earlyStopping: "a fifth of the images is kept back to end where the loss over it is lowest"
      case .all: "dropout, batch norm, label smoothing and augmentation"
      }
    }

    var augmentation: Augmentation? {
      switch self {
      case .shift: Augmentation(.shift(2))
      case .rotate: Augmentation(.rotation(degrees: 15))
      case .elastic: Augmentation(.elastic(1))
      case .augmentation, .all: Augmentation(.shift(2), .rotation(degrees: 15), .elastic(1))
      default: nil
      }
    }

    var penalties: [Penalty] {
      switch self {
      case .l1: [.l1(2e-4)]
      case .l2: [.l2(2e-3)]
      default: []
      }
    }

    /// The model, with weights from the seed of the `withSeed` around the call.
    func model() -> Sequential {
      let (drops, normalizes) = (self == .dropout || self == .all, self == .batchNorm || self == .all)
      return Sequential {
        Conv2d(1, 16, kernelSize: 3)
        if normalizes { BatchNorm2d(16) }
        ReLU()
        MaxPool2d(2)
        Conv2d(16, 32, kernelSize: 3)
        if normalizes { BatchNorm2d(32) }
        ReLU()
        MaxPool2d(2)
        if drops { Dropout2d(0.25) }
        Flatten()
        Linear(800, 128)
        if normalizes { BatchNorm1d(128) }
        ReLU()
        if drops { Dropout(0.5) }
        Linear(128, 10)
      }
    }
  }

  /// What one run came to.
  public struct Outcome: Equatable, Sendable {
    /// The fraction of the images learned from that the model gets right, as they are, and the mean cross-entropy.
    public let training: Evaluation
    /// The same of new images.
    public let test: Evaluation
    /// Epochs that were worked through, or after which early stopping found the best weights.
    public let epochs: Int
  }

  /// Trains the model with a remedy, and judges it.
  ///
  /// - Parameters:
  ///   - remedy: What is done.
  ///   - train: The images to learn from; early stopping keeps back a fifth of them.
  ///   - test: The images to judge by.
  ///   - epochs: Times through the images.
  ///   - seed: What first weights, orders, and everything drawn depend on.
  ///   - cancellation: A switch to end from outside.
  /// - Throws: `CancellationError` when cancelled.
  /// - Precondition: There are at least ten images to learn from.
  public static func run(
    _ remedy: Remedy, train: ImageDataset, test: ImageDataset, epochs: Int, seed: UInt64,
    cancellation: Cancellation? = nil
  ) throws -> Outcome {
    demand(
      train.count >= 10 && test.count > 0 && epochs > 0, "OverfittingStudy: \(train.count) images, \(epochs) epochs")
    let model = withSeed(seed) { remedy.model() }
    let smooths = remedy == .labelSmoothing || remedy == .all
    let trainer = Trainer(
      model, optimizer: .adam(learningRate: 1e-3), loss: smooths ? .crossEntropy(labelSmoothing: 0.1) : .crossEntropy,
      penalties: remedy.penalties)
    var (learned, keptBack): (any Dataset, (any Dataset)?) = (train, nil)
    var callbacks: [any TrainingCallback] = []
    let stopping = EarlyStopping(patience: max(5, epochs / 8))
    if remedy == .earlyStopping {
      let (first, second) = train.split(0.8, seed: seed)
      (learned, keptBack) = (first, second)
      callbacks = [stopping]
    }
    let history = try fit(trainer, learned, keptBack, epochs, seed, remedy.augmentation, callbacks, cancellation)
    if cancellation?.isCancelled == true || Task.isCancelled { throw CancellationError() }
    // Judged by cross-entropy without smoothing or penalties, whatever was minimised.
    let judge = Trainer(model, optimizer: .sgd(learningRate: 0), loss: .crossEntropy, metrics: [.accuracy])
    return Outcome(
      training: try evaluate(judge, learned), test: try judge.evaluate(test),
      epochs: stopping.bestEpoch ?? history.epochs.count)
  }

  private static func fit(
    _ trainer: Trainer<Sequential>, _ learned: any Dataset, _ keptBack: (any Dataset)?, _ epochs: Int, _ seed: UInt64,
    _ augmentation: Augmentation?, _ callbacks: [any TrainingCallback], _ cancellation: Cancellation?
  ) throws -> History {
    func fit(_ dataset: some Dataset) throws -> History {
      try trainer.fit(
        dataset, epochs: epochs, batchSize: 50, validation: keptBack, seed: seed, transform: augmentation,
        callbacks: callbacks, cancellation: cancellation)
    }
    return try fit(learned)
  }

  private static func evaluate(_ judge: Trainer<Sequential>, _ dataset: any Dataset) throws -> Evaluation {
    func evaluate(_ dataset: some Dataset) throws -> Evaluation { try judge.evaluate(dataset) }
    return try evaluate(dataset)
  }
}
