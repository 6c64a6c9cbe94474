import ApusTensor

// Activation functions as layers, as in PyTorch; ReLU and its nearest relatives are in Activations.swift.

extension Layers {
  /// x where it is positive, α (eˣ − 1) elsewhere (Clevert et al. 2016).
  public final class ELU: DescribedModule {
    /// The factor α below 0.
    public let alpha: Double

    /// Makes the function.
    public init(alpha: Double = 1) {
      self.alpha = alpha
    }

    /// A tensor of any shape → the same shape.
    public func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> {
      ForwardObserver.note(self, elu(input, alpha: Scalar(alpha)))
    }

    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? {
      Architecture("ELU") {
        $0.add("alpha", alpha, default: 1)
      }
    }
  }

  /// The self-normalising exponential unit (Klambauer et al. 2017).
  public final class SELU: DescribedModule {
    /// Makes the function.
    public init() {}
    /// A tensor of any shape → the same shape.
    public func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> { ForwardObserver.note(self, selu(input)) }
    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? { Architecture("SELU") }
  }

  /// x where it is positive, α (exp(x / α) − 1) elsewhere (Barron 2017).
  public final class CELU: DescribedModule {
    /// α, positive.
    public let alpha: Double

    /// Makes the function.
    public init(alpha: Double = 1) {
      self.alpha = alpha
    }

    /// A tensor of any shape → the same shape.
    public func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> {
      ForwardObserver.note(self, input.celu(alpha: alpha))
    }

    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? {
      Architecture("CELU") {
        $0.add("alpha", alpha, default: 1)
      }
    }
  }

  /// x · sigmoid(x), also called swish.
  public final class SiLU: DescribedModule {
    /// Makes the function.
    public init() {}
    /// A tensor of any shape → the same shape.
    public func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> { ForwardObserver.note(self, silu(input)) }
    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? { Architecture("SiLU") }
  }

  /// x · tanh(softplus(x)) (Misra 2019).
  public final class Mish: DescribedModule {
    /// Makes the function.
    public init() {}
    /// A tensor of any shape → the same shape.
    public func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> { ForwardObserver.note(self, mish(input)) }
    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? { Architecture("Mish") }
  }

  /// x · hardsigmoid(x) (Howard et al. 2019).
  public final class Hardswish: DescribedModule {
    /// Makes the function.
    public init() {}
    /// A tensor of any shape → the same shape.
    public func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> {
      ForwardObserver.note(self, hardSwish(input))
    }
    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? { Architecture("Hardswish") }
  }

  /// x / 6 + ½ limited to 0 … 1.
  public final class Hardsigmoid: DescribedModule {
    /// Makes the function.
    public init() {}
    /// A tensor of any shape → the same shape.
    public func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> {
      ForwardObserver.note(self, hardSigmoid(input))
    }
    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? { Architecture("Hardsigmoid") }
  }

  /// min(max(x, 0), 6).
  public final class ReLU6: DescribedModule {
    /// Makes the function.
    public init() {}
    /// A tensor of any shape → the same shape.
    public func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> { ForwardObserver.note(self, input.relu6()) }
    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? { Architecture("ReLU6") }
  }

  /// log(sigmoid(x)), without overflow.
  public final class LogSigmoid: DescribedModule {
    /// Makes the function.
    public init() {}
    /// A tensor of any shape → the same shape.
    public func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> {
      ForwardObserver.note(self, logSigmoid(input))
    }
    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? { Architecture("LogSigmoid") }
  }

  /// x / (1 + |x|).
  public final class Softsign: DescribedModule {
    /// Makes the function.
    public init() {}
    /// A tensor of any shape → the same shape.
    public func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> {
      ForwardObserver.note(self, input.softSign())
    }
    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? { Architecture("Softsign") }
  }

  /// x − tanh x.
  public final class Tanhshrink: DescribedModule {
    /// Makes the function.
    public init() {}
    /// A tensor of any shape → the same shape.
    public func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> {
      ForwardObserver.note(self, input.tanhShrink())
    }
    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? { Architecture("Tanhshrink") }
  }

  /// x drawn towards 0 by λ, and 0 within it.
  public final class Softshrink: DescribedModule {
    /// λ, not negative.
    public let lambda: Double

    /// Makes the function.
    public init(_ lambda: Double = 0.5) {
      self.lambda = lambda
    }

    /// A tensor of any shape → the same shape.
    public func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> {
      ForwardObserver.note(self, input.softShrink(lambda))
    }

    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? {
      Architecture("Softshrink") {
        $0.add(nil, lambda, default: 0.5)
      }
    }
  }

  /// x, but 0 where |x| ≤ λ.
  public final class Hardshrink: DescribedModule {
    /// λ, not negative.
    public let lambda: Double

    /// Makes the function.
    public init(_ lambda: Double = 0.5) {
      self.lambda = lambda
    }

    /// A tensor of any shape → the same shape.
    public func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> {
      ForwardObserver.note(self, input.hardShrink(lambda))
    }

    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? {
      Architecture("Hardshrink") {
        $0.add(nil, lambda, default: 0.5)
      }
    }
  }

  /// log(1 + exp(βx)) / β, a smooth ReLU; x itself where βx is above a threshold.
  public final class Softplus: DescribedModule {
    /// β, positive.
    public let beta: Double

    /// Where the function is taken for its asymptote.
    public let threshold: Double

    /// Makes the function.
    public init(beta: Double = 1, threshold: Double = 20) {
      self.beta = beta
      self.threshold = threshold
    }

    /// A tensor of any shape → the same shape.
    public func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> {
      ForwardObserver.note(self, softplus(input, beta: Scalar(beta), threshold: Scalar(threshold)))
    }

    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? {
      Architecture("Softplus") {
        $0.add("beta", beta, default: 1)
        $0.add("threshold", threshold, default: 20)
      }
    }
  }

  /// x limited to a range.
  public final class Hardtanh: DescribedModule {
    /// The lower limit.
    public let low: Double

    /// The upper limit.
    public let high: Double

    /// Makes the function.
    public init(_ low: Double = -1, _ high: Double = 1) {
      self.low = low
      self.high = high
    }

    /// A tensor of any shape → the same shape.
    public func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> {
      ForwardObserver.note(self, input.hardTanh(low, high))
    }

    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? {
      Architecture("Hardtanh") {
        $0.add(nil, low, default: -1)
        $0.add(nil, high, default: 1)
      }
    }
  }

  /// x above a threshold, a constant elsewhere.
  public final class Threshold: DescribedModule {
    /// The threshold.
    public let threshold: Double

    /// What stands for numbers not above it.
    public let value: Double

    /// Makes the function.
    public init(_ threshold: Double, _ value: Double) {
      self.threshold = threshold
      self.value = value
    }

    /// A tensor of any shape → the same shape.
    public func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> {
      ForwardObserver.note(self, input.threshold(threshold, value))
    }

    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? {
      Architecture("Threshold") {
        $0.add(.number(threshold))
        $0.add(.number(value))
      }
    }
  }
}

/// ELU on `Float`.
public typealias ELU = Layers<Float>.ELU
/// SELU on `Float`.
public typealias SELU = Layers<Float>.SELU
/// CELU on `Float`.
public typealias CELU = Layers<Float>.CELU
/// SiLU on `Float`.
public typealias SiLU = Layers<Float>.SiLU
/// Mish on `Float`.
public typealias Mish = Layers<Float>.Mish
/// Hardswish on `Float`.
public typealias Hardswish = Layers<Float>.Hardswish
/// Hardsigmoid on `Float`.
public typealias Hardsigmoid = Layers<Float>.Hardsigmoid
/// ReLU6 on `Float`.
public typealias ReLU6 = Layers<Float>.ReLU6
/// LogSigmoid on `Float`.
public typealias LogSigmoid = Layers<Float>.LogSigmoid
/// Softsign on `Float`.
public typealias Softsign = Layers<Float>.Softsign
/// Tanhshrink on `Float`.
public typealias Tanhshrink = Layers<Float>.Tanhshrink
/// Softshrink on `Float`.
public typealias Softshrink = Layers<Float>.Softshrink
/// Hardshrink on `Float`.
public typealias Hardshrink = Layers<Float>.Hardshrink
/// Softplus on `Float`.
public typealias Softplus = Layers<Float>.Softplus
/// Hardtanh on `Float`.
public typealias Hardtanh = Layers<Float>.Hardtanh
/// Threshold on `Float`.
public typealias Threshold = Layers<Float>.Threshold
