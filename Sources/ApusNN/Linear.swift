import ApusTensor

extension Layers {
  /// A dense layer: y = x Wᵀ + b.
  ///
  /// | parameter | shape |
  /// | --- | --- |
  /// | `weight` | [outFeatures, inFeatures] |
  /// | `bias` | [outFeatures] |
  ///
  /// Both start evenly distributed over ±1 / √inFeatures, as in PyTorch.
  public final class Linear: DescribedModule {
    /// The size of the input's last dimension.
    public let inFeatures: Int
    /// The size of the output's last dimension.
    public let outFeatures: Int
    /// [outFeatures, inFeatures].
    public let weight: Parameter<Scalar>
    /// [outFeatures], nil when the layer was made without.
    public let bias: Parameter<Scalar>?

    /// Makes a layer with weights from the seed of the `withSeed` around it.
    ///
    /// - Precondition: Both sizes are positive.
    public convenience init(_ inFeatures: Int, _ outFeatures: Int, bias: Bool = true) {
      var generator = scopedRandom()
      self.init(inFeatures, outFeatures, bias: bias, using: &generator)
    }

    /// Makes a layer with weights from `generator`.
    ///
    /// - Precondition: Both sizes are positive.
    public init(_ inFeatures: Int, _ outFeatures: Int, bias: Bool = true, using generator: inout Random) {
      demand(
        inFeatures > 0 && outFeatures > 0, "Linear(\(inFeatures), \(outFeatures)): sizes must be positive")
      self.inFeatures = inFeatures
      self.outFeatures = outFeatures
      weight = Parameter(defaultWeight([outFeatures, inFeatures], using: &generator))
      self.bias = bias ? Parameter(defaultBias(outFeatures, fanIn: inFeatures, using: &generator)) : nil
    }

    /// [..., inFeatures] → [..., outFeatures].
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> {
      require(
        input.shape.last == inFeatures, architecture, path: weight.name, input: input.shape, "[..., \(inFeatures)]")
      return ForwardObserver.note(self, linear(input, weight.value, bias?.value))
    }

    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? {
      Architecture("Linear") {
        $0.add(.integer(inFeatures))
        $0.add(.integer(outFeatures))
        $0.add("bias", bias != nil, default: true)
      }
    }
  }
}

/// A dense layer of `Float`.
public typealias Linear = Layers<Float>.Linear

/// PyTorch's first weights of a dense or convolutional layer: He's rule for a leaky ReLU of slope √5, which comes to an
/// even distribution over ±1 / √(fan in).
func defaultWeight<Scalar>(_ shape: Shape, using generator: inout Random) -> Tensor<Scalar> {
  Initializer.kaimingUniform(nonlinearity: .leakyReLU(slope: 5.0.squareRoot()))(shape, using: &generator)
}

/// PyTorch's first bias: even over ±1 / √(fan in).
func defaultBias<Scalar>(_ count: Int, fanIn: Int, using generator: inout Random) -> Tensor<Scalar> {
  let bound = 1 / Double(fanIn).squareRoot()
  return Initializer.uniform(low: -bound, high: bound)([count], using: &generator)
}

extension Architecture {
  /// Collects arguments, leaving out those that have their default.
  struct Arguments {
    fileprivate var list: [Argument] = []

    mutating func add(_ value: Value) { list.append(Argument(nil, value)) }

    mutating func add(_ label: String, _ flag: Bool, default preset: Bool) {
      if flag != preset { list.append(Argument(label, .flag(flag))) }
    }

    mutating func add(_ label: String?, _ number: Double, default preset: Double) {
      if number != preset { list.append(Argument(label, .number(number))) }
    }

    mutating func add(_ label: String, _ number: Int, default preset: Int) {
      if number != preset { list.append(Argument(label, .integer(number))) }
    }

    mutating func add(_ label: String?, _ pair: (Int, Int), default preset: (Int, Int)? = nil) {
      if let preset, preset == pair { return }
      list.append(Argument(label, pair.0 == pair.1 ? .integer(pair.0) : .integers([pair.0, pair.1])))
    }

    /// The extents of a shape: one number, or a list.
    mutating func add(extents shape: Shape) {
      list.append(Argument(nil, shape.rank == 1 ? .integer(shape[0]) : .integers(Array(shape))))
    }

    mutating func add(_ label: String, choice: String) { list.append(Argument(label, .choice(choice))) }

    mutating func add(_ label: String, _ value: Value) { list.append(Argument(label, value)) }
  }

  init(_ name: String, _ collect: (inout Arguments) -> Void) {
    var arguments = Arguments()
    collect(&arguments)
    self.init(name, arguments.list)
  }
}
