import ApusNN
import ApusTensor
import Synchronization

/// Is told how a training run goes, and may change or end it.
///
/// Every method has an empty default. What a method throws ends the run and is thrown by `fit`.
public protocol TrainingCallback: AnyObject {
  /// The run is about to begin.
  func trainingWillBegin(_ run: TrainingRun) throws
  /// A batch was worked through; `run.progress` tells which.
  func batchDidEnd(_ run: TrainingRun) throws
  /// An epoch was worked through and validated.
  func epochDidEnd(_ record: EpochRecord, _ run: TrainingRun) throws
  /// The run is over: all epochs done, stopped or cancelled.
  func trainingDidEnd(_ run: TrainingRun) throws
}

extension TrainingCallback {
  /// Does nothing.
  public func trainingWillBegin(_ run: TrainingRun) throws {}
  /// Does nothing.
  public func batchDidEnd(_ run: TrainingRun) throws {}
  /// Does nothing.
  public func epochDidEnd(_ record: EpochRecord, _ run: TrainingRun) throws {}
  /// Does nothing.
  public func trainingDidEnd(_ run: TrainingRun) throws {}
}

/// A training run as its callbacks see it.
public final class TrainingRun {
  /// Where in an epoch a run stands.
  public struct Progress: Equatable, Sendable {
    /// The epoch's number, from 1.
    public var epoch = 1
    /// Batches of the epoch that are done.
    public var batch = 0
    /// Samples of the epoch that are done.
    public var sampleCount = 0
    /// Loss and metrics over the samples of the epoch that are done.
    public var training = Evaluation(loss: 0)
    /// Seconds since the epoch began.
    public var seconds = 0.0
    /// Optimizer steps since the run began.
    public var step = 0
  }

  /// How many epochs the run is to have.
  public let epochCount: Int
  /// Samples in an epoch.
  public let samplesPerEpoch: Int
  /// Where the run stands.
  public internal(set) var progress = Progress()
  /// What the epochs so far came to.
  public internal(set) var history = History()
  /// Whether the run ends after the batch at hand.
  public private(set) var isStopping = false

  private let optimizer: any Optimizer<Float>
  private let state: () -> StateDictionary<Float>
  private let restoreState: (StateDictionary<Float>) -> Void

  init(
    epochCount: Int, samplesPerEpoch: Int, optimizer: any Optimizer<Float>,
    state: @escaping () -> StateDictionary<Float>, restore: @escaping (StateDictionary<Float>) -> Void
  ) {
    self.epochCount = epochCount
    self.samplesPerEpoch = samplesPerEpoch
    self.optimizer = optimizer
    self.state = state
    restoreState = restore
  }

  /// The learning rate; may be set.
  public var learningRate: Double {
    get { optimizer.learningRate }
    set { optimizer.learningRate = newValue }
  }

  /// Ends the run after the batch at hand; an epoch that is cut short is not recorded.
  public func stop() { isStopping = true }

  /// The model's parameters and buffers as they are now.
  public var stateDictionary: StateDictionary<Float> { state() }

  /// Puts back parameters and buffers that `stateDictionary` gave.
  public func restore(_ state: StateDictionary<Float>) { restoreState(state) }
}

/// A switch that ends a training run from outside, as from the handler of a signal or from another thread.
///
/// ```swift
/// let cancellation = Cancellation()
/// // on SIGINT: cancellation.cancel()
/// let history = try trainer.fit(train, epochs: 10, cancellation: cancellation)
/// if cancellation.isCancelled { … }
/// ```
public final class Cancellation: Sendable {
  private let flag = Atomic<Bool>(false)

  /// A switch that is off.
  public init() {}

  /// Whether the run was asked to end.
  public var isCancelled: Bool { flag.load(ordering: .relaxed) }

  /// Asks the run to end after the batch at hand. May be called from any thread, more than once.
  public func cancel() { flag.store(true, ordering: .relaxed) }
}

/// Ends a run when a figure has not improved for some epochs.
public final class EarlyStopping: TrainingCallback {
  /// The figure that is watched.
  public enum Monitor: Equatable, Sendable {
    /// The validation loss, or the training loss when there is no validation; lower is better.
    case loss
    /// A metric of the validation, or of the training when there is none; higher is better.
    case metric(String)
  }

  /// What is watched.
  public let monitor: Monitor
  /// Epochs without improvement after which the run ends.
  public let patience: Int
  /// By how much the figure must be better to count as improved.
  public let minimumImprovement: Double
  /// Whether the model gets back the weights of its best epoch when the run is over.
  public let restoresBestWeights: Bool
  /// The epoch with the best figure.
  public private(set) var bestEpoch: Int?

  private var best = -Double.infinity
  private var bestState: StateDictionary<Float>?

  /// Makes the callback.
  ///
  /// - Precondition: `patience` is positive.
  public init(
    monitor: Monitor = .loss, patience: Int = 3, minimumImprovement: Double = 0, restoresBestWeights: Bool = true
  ) {
    demand(patience > 0, "EarlyStopping: patience \(patience) must be positive")
    self.monitor = monitor
    self.patience = patience
    self.minimumImprovement = minimumImprovement
    self.restoresBestWeights = restoresBestWeights
  }

  /// Forgets what an earlier run came to.
  public func trainingWillBegin(_ run: TrainingRun) {
    (best, bestEpoch, bestState) = (-.infinity, nil, nil)
  }

  /// Compares the epoch with the best so far, and ends the run when patience is out.
  public func epochDidEnd(_ record: EpochRecord, _ run: TrainingRun) {
    let evaluation = record.validation ?? record.training
    let figure: Double
    switch monitor {
    case .loss: figure = -evaluation.loss
    case .metric(let name):
      guard let value = evaluation[name] else { fatalError("EarlyStopping watches “\(name)”, which is not measured") }
      figure = value
    }
    // A NaN never improves.
    if figure > best + minimumImprovement || (bestEpoch == nil && !figure.isNaN) {
      best = figure
      bestEpoch = record.epoch
      if restoresBestWeights { bestState = run.stateDictionary }
    } else if record.epoch - (bestEpoch ?? 0) >= patience {
      run.stop()
    }
  }

  /// Puts the best weights back.
  public func trainingDidEnd(_ run: TrainingRun) {
    if let bestState { run.restore(bestState) }
    bestState = nil
  }
}
