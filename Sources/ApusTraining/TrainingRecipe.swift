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
  /// What is done to the pixels, which lie in 0 … 1, before the model sees them.
  public var normalization: Normalize

  /// Makes a recipe.
  public init(
    optimizer: OptimizerRecipe, optimizerName: String, loss: Loss, batchSize: Int, epochs: Int,
    maximumSteps: Int? = nil, normalization: Normalize = Normalize(mean: 0, deviation: 1)
  ) {
    self.optimizer = optimizer
    self.optimizerName = optimizerName
    self.loss = loss
    self.batchSize = batchSize
    self.epochs = epochs
    self.maximumSteps = maximumSteps
    self.normalization = normalization
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
    }
  }
}
