import ApusTensor

extension Layers {
  /// In training, sets every number to 0 with probability p and divides the others by 1 − p, so that the mean stays;
  /// in evaluation the identity.
  ///
  /// The masks come from a generator of the layer's own, seeded when it is made: by the `withSeed` around it, or by
  /// `seed`. The same seed draws the same masks at any number of threads.
  public final class Dropout: DescribedModule, TrainingDependent {
    /// The probability of a 0.
    public let probability: Double
    /// Whether the layer is in training mode. True when made.
    public var isTraining = true
    private var generator: Random

    /// Makes a layer that drops with `probability`.
    ///
    /// - Precondition: `probability` lies in 0 … 1.
    public init(_ probability: Double = 0.5, seed: UInt64? = nil) {
      checkProbability("Dropout", probability)
      self.probability = probability
      generator = seed.map(Random.init(seed:)) ?? scopedRandom()
    }

    /// A tensor of any shape → the same shape.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> {
      guard isTraining, probability > 0 else { return ForwardObserver.note(self, input) }
      return ForwardObserver.note(self, dropout(input, probability: probability, using: &generator))
    }

    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? { Architecture("Dropout") { $0.add(nil, probability, default: 0.5) } }
  }

  /// In training, sets every channel (the whole plane) to 0 with probability p and divides the others by 1 − p; in
  /// evaluation the identity.
  ///
  /// Neighbouring pixels are much alike, so dropping single ones takes little away; whole channels must go.
  public final class Dropout2d: DescribedModule, TrainingDependent {
    /// The probability of a 0.
    public let probability: Double
    /// Whether the layer is in training mode. True when made.
    public var isTraining = true
    private var generator: Random

    /// Makes a layer that drops with `probability`.
    ///
    /// - Precondition: `probability` lies in 0 … 1.
    public init(_ probability: Double = 0.5, seed: UInt64? = nil) {
      checkProbability("Dropout2d", probability)
      self.probability = probability
      generator = seed.map(Random.init(seed:)) ?? scopedRandom()
    }

    /// [batch, channels, height, width] → the same.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> {
      require(
        input.rank == 4, architecture, path: nil, input: input.shape, "[batch, channels, height, width]")
      guard isTraining, probability > 0 else { return ForwardObserver.note(self, input) }
      let mask = dropout(
        Tensor<Scalar>.ones([input.shape[0], input.shape[1], 1, 1]), probability: probability, using: &generator)
      return ForwardObserver.note(self, input * mask)
    }

    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? { Architecture("Dropout2d") { $0.add(nil, probability, default: 0.5) } }
  }
}

/// Dropout on `Float`.
public typealias Dropout = Layers<Float>.Dropout
/// Dropout of whole channels on `Float`.
public typealias Dropout2d = Layers<Float>.Dropout2d

private func checkProbability(_ name: String, _ probability: Double) {
  demand((0...1).contains(probability), "\(name)(\(probability)): a probability lies in 0...1")
}
