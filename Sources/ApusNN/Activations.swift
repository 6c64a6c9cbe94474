import ApusTensor

extension Layers {
  /// max(x, 0).
  public final class ReLU: DescribedModule {
    /// Makes the function.
    public init() {}
    /// A tensor of any shape → the same shape.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> { ForwardObserver.note(self, relu(input)) }
    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? { Architecture("ReLU") }
  }

  /// x where it is positive, a small multiple of it elsewhere.
  public final class LeakyReLU: DescribedModule {
    /// The slope below 0.
    public let negativeSlope: Double

    /// Makes the function with this slope below 0.
    public init(_ negativeSlope: Double = 0.01) {
      self.negativeSlope = negativeSlope
    }

    /// A tensor of any shape → the same shape.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> {
      ForwardObserver.note(self, leakyRelu(input, negativeSlope: Scalar(negativeSlope)))
    }

    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? {
      Architecture("LeakyReLU") { $0.add(nil, negativeSlope, default: 0.01) }
    }
  }

  /// 1 / (1 + e⁻ˣ).
  public final class Sigmoid: DescribedModule {
    /// Makes the function.
    public init() {}
    /// A tensor of any shape → the same shape.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> {
      ForwardObserver.note(self, sigmoid(input))
    }
    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? { Architecture("Sigmoid") }
  }

  /// The hyperbolic tangent.
  public final class Tanh: DescribedModule {
    /// Makes the function.
    public init() {}
    /// A tensor of any shape → the same shape.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> { ForwardObserver.note(self, tanh(input)) }
    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? { Architecture("Tanh") }
  }

  /// x Φ(x), with Φ the normal distribution function.
  public final class GELU: DescribedModule {
    /// Exact, or by the tanh formula.
    public let approximate: GELUApproximation

    /// Makes the function, exact unless told otherwise.
    public init(approximate: GELUApproximation = .none) {
      self.approximate = approximate
    }

    /// A tensor of any shape → the same shape.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> {
      ForwardObserver.note(self, gelu(input, approximate: approximate))
    }

    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? {
      Architecture("GELU") { if approximate == .tanh { $0.add("approximate", choice: "tanh") } }
    }
  }

  /// Scores to probabilities: eˣ / Σ eˣ along one dimension.
  public final class Softmax: DescribedModule {
    /// The dimension over which the result sums to 1; negative counts from the end.
    public let dim: Int

    /// Makes the function over dimension `dim`, the classes' unless given.
    public init(dim: Int = 1) {
      self.dim = dim
    }

    /// A tensor of any shape → the same shape.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> {
      requireDimension(dim, architecture, input.shape)
      return ForwardObserver.note(self, softmax(input, dim: dim))
    }

    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? { Architecture("Softmax") { $0.add("dim", dim, default: 1) } }
  }

  /// Scores to the logarithms of probabilities along one dimension.
  public final class LogSoftmax: DescribedModule {
    /// The dimension over which the probabilities sum to 1; negative counts from the end.
    public let dim: Int

    /// Makes the function over dimension `dim`, the classes' unless given.
    public init(dim: Int = 1) {
      self.dim = dim
    }

    /// A tensor of any shape → the same shape.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> {
      requireDimension(dim, architecture, input.shape)
      return ForwardObserver.note(self, logSoftmax(input, dim: dim))
    }

    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? { Architecture("LogSoftmax") { $0.add("dim", dim, default: 1) } }
  }

  /// The input itself.
  public final class Identity: DescribedModule {
    /// Makes the function.
    public init() {}
    /// A tensor of any shape → the same shape.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> { ForwardObserver.note(self, input) }
    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? { Architecture("Identity") }
  }

  /// All dimensions from one on made one.
  public final class Flatten: DescribedModule {
    /// The first dimension that goes in.
    public let from: Int

    /// Makes a layer that keeps the first `from` dimensions, the batch's unless given.
    ///
    /// - Precondition: `from` is not negative.
    public init(from: Int = 1) {
      demand(from >= 0, "Flatten(from: \(from)): a dimension is counted from 0")
      self.from = from
    }

    /// [d₀, …, d_from, …, dₙ] → [d₀, …, d_from · … · dₙ].
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> {
      require(
        input.rank > from, architecture, path: nil, input: input.shape, "at least \(from + 1) dimensions")
      return ForwardObserver.note(self, input.flattened(from: from))
    }

    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? { Architecture("Flatten") { $0.add("from", from, default: 1) } }
  }
}

/// max(x, 0) on `Float`.
public typealias ReLU = Layers<Float>.ReLU
/// Leaky ReLU on `Float`.
public typealias LeakyReLU = Layers<Float>.LeakyReLU
/// The logistic function on `Float`.
public typealias Sigmoid = Layers<Float>.Sigmoid
/// The hyperbolic tangent on `Float`.
public typealias Tanh = Layers<Float>.Tanh
/// GELU on `Float`.
public typealias GELU = Layers<Float>.GELU
/// Softmax on `Float`.
public typealias Softmax = Layers<Float>.Softmax
/// The logarithm of softmax on `Float`.
public typealias LogSoftmax = Layers<Float>.LogSoftmax
/// The identity on `Float`.
public typealias Identity = Layers<Float>.Identity
/// Flattening on `Float`.
public typealias Flatten = Layers<Float>.Flatten
/// Modules one after the other, of `Float`.
public typealias Sequential = Layers<Float>.Sequential

private func requireDimension(_ dim: Int, _ layer: @autoclosure () -> Architecture?, _ shape: Shape) {
  require((-shape.rank..<shape.rank).contains(dim), layer(), path: nil, input: shape, "a dimension \(dim)")
}
