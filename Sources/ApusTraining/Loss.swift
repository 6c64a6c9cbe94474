import ApusNN
import ApusTensor

/// What a `Trainer` minimises: a function of the model's output and the targets, a mean over samples.
public struct Loss: Sendable {
  /// The loss's name.
  public let name: String
  private let function: @Sendable (_ output: Tensor<Float>, _ targets: IndexTensor) -> Tensor<Float>

  /// Makes a loss of a function whose value is a single number, the mean over the batch.
  public init(
    _ name: String,
    _ function: @escaping @Sendable (_ output: Tensor<Float>, _ targets: IndexTensor) -> Tensor<Float>
  ) {
    self.name = name
    self.function = function
  }

  /// The mean loss of a batch.
  public func callAsFunction(_ output: Tensor<Float>, _ targets: IndexTensor) -> Tensor<Float> {
    function(output, targets)
  }

  /// Cross-entropy of scores; for a model that ends in a linear layer.
  public static let crossEntropy = Loss("cross_entropy") { ApusNN.crossEntropy($0, $1) }

  /// Cross-entropy of scores with a part of the goal spread over all classes.
  public static func crossEntropy(labelSmoothing: Double) -> Loss {
    Loss("cross_entropy") { ApusNN.crossEntropy($0, $1, labelSmoothing: labelSmoothing) }
  }

  /// Negative log-likelihood; for a model that ends in `LogSoftmax`.
  public static let nll = Loss("nll") { nllLoss($0, $1) }
}

/// How a `Trainer` makes its optimizer.
public struct OptimizerRecipe: Sendable {
  /// Makes the optimizer for a model's parameters.
  public let make: @Sendable (_ parameters: [Parameter<Float>]) -> any Optimizer<Float>

  /// A recipe of your own.
  public init(_ make: @escaping @Sendable (_ parameters: [Parameter<Float>]) -> any Optimizer<Float>) {
    self.make = make
  }

  /// Stochastic gradient descent; see `SGD`.
  public static func sgd(
    learningRate: Double, momentum: Double = 0, dampening: Double = 0, weightDecay: Double = 0, nesterov: Bool = false
  ) -> OptimizerRecipe {
    OptimizerRecipe {
      SGD(
        $0, learningRate: learningRate, momentum: momentum, dampening: dampening, weightDecay: weightDecay,
        nesterov: nesterov)
    }
  }

  /// Adam; see `Adam`.
  public static func adam(
    learningRate: Double = 1e-3, betas: (Double, Double) = (0.9, 0.999), epsilon: Double = 1e-8,
    weightDecay: Double = 0, amsgrad: Bool = false
  ) -> OptimizerRecipe {
    OptimizerRecipe {
      Adam(
        $0, learningRate: learningRate, betas: betas, epsilon: epsilon, weightDecay: weightDecay, amsgrad: amsgrad)
    }
  }

  /// Adam with decoupled weight decay; see `AdamW`.
  public static func adamW(
    learningRate: Double = 1e-3, betas: (Double, Double) = (0.9, 0.999), epsilon: Double = 1e-8,
    weightDecay: Double = 1e-2, amsgrad: Bool = false
  ) -> OptimizerRecipe {
    OptimizerRecipe {
      AdamW(
        $0, learningRate: learningRate, betas: betas, epsilon: epsilon, weightDecay: weightDecay, amsgrad: amsgrad)
    }
  }
}
