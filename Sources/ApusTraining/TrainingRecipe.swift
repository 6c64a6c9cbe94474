import ApusData
import ApusNN

/// How a model is best trained: what to set, so that it reaches what it can.
public struct TrainingRecipe: Sendable {
  /// What moves the parameters.
  public var optimizer: OptimizerRecipe
  /// The optimizer in words, as `"Adam, learning rate 0.001"`.
  public var optimizerName: String
  /// What is minimised.
  public var loss: Loss
  /// Samples for each step.
  public var batchSize: Int
  /// Times through the data.
  public var epochs: Int
  /// Steps after which to end, nil for as many as the epochs have.
  public var maximumSteps: Int?
  /// How the learning rate goes within a run of so many steps, nil when the optimizer's own says all.
  public var schedule: (@Sendable (_ steps: Int) -> LearningRateSchedule)?
  /// What changes the training images at random.
  public var augmentation: Augmentation?
  /// The decay of the moving average of weights that is kept in the end, nil for the weights of the last step.
  public var averageDecay: Double?
  /// What is done to the pixels, which lie in 0 … 1, before the model sees them.
  public var normalization: Normalize

  /// Makes a recipe.
  public init(
    optimizer: OptimizerRecipe, optimizerName: String, loss: Loss, batchSize: Int, epochs: Int,
    maximumSteps: Int? = nil, normalization: Normalize = Normalize(mean: 0, deviation: 1),
    schedule: (@Sendable (_ steps: Int) -> LearningRateSchedule)? = nil, augmentation: Augmentation? = nil,
    averageDecay: Double? = nil
  ) {
    self.optimizer = optimizer
    self.optimizerName = optimizerName
    self.loss = loss
    self.batchSize = batchSize
    self.epochs = epochs
    self.maximumSteps = maximumSteps
    self.normalization = normalization
    self.schedule = schedule
    self.augmentation = augmentation
    self.averageDecay = averageDecay
  }

  /// The optimizer for a run of so many steps, with the rate on its schedule.
  ///
  /// - Parameters:
  ///   - steps: Steps of the whole run.
  ///   - learningRate: The highest rate, nil for the recipe's.
  public func optimizer(steps: Int, learningRate: Double? = nil) -> OptimizerRecipe {
    let own = optimizer.make
    let schedule = schedule?(max(1, steps))
    return OptimizerRecipe { parameters in
      let optimizer = own(parameters)
      if let learningRate { optimizer.learningRate = learningRate }
      return schedule.map { ScheduledOptimizer(optimizer, $0) } ?? optimizer
    }
  }
}

extension LearningRateSchedule {
  /// Up to the optimizer's own rate in the first `rising` part of a run of so many steps, then along half a cosine down to
  /// nothing.
  ///
  /// - Precondition: `steps` is positive, `rising` lies in 0 … 1.
  public static func warmUpAndCosine(steps: Int, rising: Double = 0.15) -> LearningRateSchedule {
    demand(steps > 0 && (0...1).contains(rising), "warmUpAndCosine: \(steps) steps, \(rising) of them rising")
    let top = max(1, Int(Double(steps) * rising))
    return .linear(startFactor: 0.04, endFactor: 1, steps: top)
      .followed(by: .cosineAnnealing(period: max(1, steps - top)), after: top)
  }
}

extension ModelZoo {
  /// The recipe for MNIST.
  public var recipe: TrainingRecipe {
    let adam = "Adam, learning rate 0.001"
    return switch self {
    case .cnn:
      TrainingRecipe(
        optimizer: .sgd(learningRate: 0.01, momentum: 0.5), optimizerName: "SGD, learning rate 0.01, momentum 0.5",
        loss: .nll, batchSize: 64, epochs: 10, normalization: .mnist)
    case .mlp:
      TrainingRecipe(optimizer: .adam(), optimizerName: adam, loss: .crossEntropy, batchSize: 32, epochs: 5)
    case .mlp3:
      // At a constant rate 1000 steps end anywhere between 95.5 and 96.6 %.
      TrainingRecipe(
        optimizer: .adam(learningRate: 3e-3).scheduled(.linear(startFactor: 1, endFactor: 0.05, steps: 1000)),
        optimizerName: "Adam, learning rate 0.003 falling to 0.00015", loss: .crossEntropy, batchSize: 64, epochs: 2,
        maximumSteps: 1000, normalization: .mnist)
    case .cnnWide:
      TrainingRecipe(optimizer: .adam(), optimizerName: adam, loss: .crossEntropy, batchSize: 64, epochs: 20)
    case .kerasCNN:
      TrainingRecipe(optimizer: .adam(), optimizerName: adam, loss: .crossEntropy, batchSize: 128, epochs: 12)
    case .deepCNN:
      TrainingRecipe(
        optimizer: .adamW(learningRate: 5e-3, weightDecay: 1e-2),
        optimizerName: "AdamW, learning rate 0.005 rising, then falling",
        loss: .crossEntropy(labelSmoothing: 0.05), batchSize: 128, epochs: 12, normalization: .mnist,
        schedule: { .warmUpAndCosine(steps: $0) },
        augmentation: Augmentation(
          .shift(2), .rotation(degrees: 12), .scale(0.12), .shear(degrees: 10), .elastic(0.8)),
        averageDecay: 0.995)
    case .rowLSTM:
      TrainingRecipe(
        optimizer: .adam(learningRate: 3e-3).clippingNorm(1),
        optimizerName: "Adam, learning rate 0.003 rising, then falling, clipped at norm 1", loss: .crossEntropy,
        batchSize: 128, epochs: 6, normalization: .mnist, schedule: { .warmUpAndCosine(steps: $0) })
    }
  }
}
