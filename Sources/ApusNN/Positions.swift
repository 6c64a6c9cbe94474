import ApusTensor

/// The sinusoidal positions of Vaswani et al. (2017): sin(p / 10000^(2 i / width)) in the even columns 2 i, the cosine in the odd
/// ones.
///
/// - Returns: [length, width].
/// - Precondition: `width` is positive and even.
public func sinusoidalPositions<Scalar: TensorScalar>(
  _ length: Int, _ width: Int, of _: Scalar.Type = Float.self
) -> Tensor<Scalar> {
  demand(length >= 0 && width > 0 && width % 2 == 0, "sinusoidalPositions(\(length), \(width)): the width is odd")
  let angles = positionAngles(length, width, base: 10000)
  let pairs = withoutGradients { stacked([sin(angles), cos(angles)], dim: 2) }
  return Tensor(pairs.scalars.map { Scalar($0) }, shape: [length, width])
}

/// Rotates the halves of every vector by an angle that grows with its position (Su et al. 2021, "RoFormer"), so that the product
/// of a query and a key depends on the distance between them.
///
/// With a and b the halves of a vector: (a cos θ − b sin θ, b cos θ + a sin θ), θ = position / base^(2 i / width).
///
/// - Parameters:
///   - x: [.., positions, width], queries or keys.
///   - offset: The number of the first position.
///   - base: How slowly the last pair turns.
/// - Precondition: The width is even.
public func rotaryPositions<Scalar: TensorScalar>(
  _ x: Tensor<Scalar>, offset: Int = 0, base: Double = 10000
) -> Tensor<Scalar> {
  demand(x.rank >= 2 && x.shape[-1] % 2 == 0, "rotaryPositions: an input of shape \(x.shape) has no pairs")
  let (length, half) = (x.shape[-2], x.shape[-1] / 2)
  let angles = positionAngles(offset + length, 2 * half, base: base).narrowed(0, from: offset, length: length)
  let (c, s) = withoutGradients { (cos(angles).scalars, sin(angles).scalars) }
  let cosines = Tensor(c.map { Scalar($0) }, shape: [length, half])
  let sines = Tensor(s.map { Scalar($0) }, shape: [length, half])
  let a = x.narrowed(-1, from: 0, length: half)
  let b = x.narrowed(-1, from: half, length: half)
  return concatenated([a * cosines - b * sines, b * cosines + a * sines], dim: -1)
}

/// p / base^(2 i / width) for every position p and pair i.
private func positionAngles(_ length: Int, _ width: Int, base: Double) -> Tensor<Double> {
  withoutGradients {
    let positions = Tensor<Double>.arange(Double(length)).unsqueezed(1)
    let pairs = Tensor<Double>.arange(Double(width / 2)) * (2 / Double(width))
    return positions * pow(Tensor<Double>(1 / base), pairs)
  }
}

extension Layers {
  /// Adds its position to every vector of a sequence: sinusoidal, or learned.
  ///
  /// | parameter | shape | |
  /// | --- | --- | --- |
  /// | `weight` | [maximumLength, width] | of learned positions; normally distributed at first |
  public final class PositionalEncoding: DescribedModule {
    /// Numbers of a vector.
    public let width: Int
    /// The longest sequence.
    public let maximumLength: Int
    /// Whether the batch is the first dimension; the positions are then the second.
    public let batchFirst: Bool
    /// The learned positions; nil for sinusoidal ones.
    public let weight: Parameter<Scalar>?
    private let table: Tensor<Scalar>?

    /// Makes a layer; learned positions come from the seed of the `withSeed` around it.
    ///
    /// - Precondition: The sizes are positive; sinusoidal positions have an even width.
    public init(_ width: Int, maximumLength: Int = 5000, learned: Bool = false, batchFirst: Bool = false) {
      demand(
        width > 0 && maximumLength > 0, "PositionalEncoding(\(width), maximumLength: \(maximumLength)): not positive")
      self.width = width
      self.maximumLength = maximumLength
      self.batchFirst = batchFirst
      var source = scopedRandom()
      weight = learned ? Parameter(.normal([maximumLength, width], using: &source)) : nil
      table = learned ? nil : sinusoidalPositions(maximumLength, width, of: Scalar.self)
    }

    /// The parameter, not the table of sinusoidal positions.
    public var children: [(name: String, part: Any)] { weight.map { [("weight", $0)] } ?? [] }

    /// [positions, batch, width], or batch first → the same, from position 0 on.
    public func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> { self(input, from: 0) }

    /// [positions, batch, width], or batch first → the same, from position `first` on.
    public func callAsFunction(_ input: Tensor<Scalar>, from first: Int) -> Tensor<Scalar> {
      let room = maximumLength - first
      require(
        first >= 0 && input.rank == 3 && input.shape[2] == width && input.shape[batchFirst ? 1 : 0] <= room,
        architecture, path: weight?.name, input: input.shape,
        batchFirst ? "[batch, at most \(room), \(width)]" : "[at most \(room), batch, \(width)]")
      let length = input.shape[batchFirst ? 1 : 0]
      let positions = (weight?.value ?? table!).narrowed(0, from: first, length: length)
      return ForwardObserver.note(self, input + (batchFirst ? positions : positions.unsqueezed(1)))
    }

    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? {
      Architecture("PositionalEncoding") {
        $0.add(.integer(width))
        $0.add("maximumLength", maximumLength, default: 5000)
        $0.add("learned", weight != nil, default: false)
        $0.add("batchFirst", batchFirst, default: false)
      }
    }
  }
}

/// Positions added to a sequence, of `Float`.
public typealias PositionalEncoding = Layers<Float>.PositionalEncoding
