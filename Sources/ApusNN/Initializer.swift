import ApusTensor

/// A rule for the first values of a weight.
///
/// The rules that look at a shape see a weight as [out, in, kernel…]: *fan in* is `in` times the kernel's size, *fan
/// out* is `out` times it.
///
/// ```swift
/// var generator = Random(seed: 1)
/// model.fc1.weight.initialize(.xavierUniform(), using: &generator)
/// ```
public enum Initializer: Equatable, Sendable {
  /// Which fan keeps its variance: `in` in the forward pass, `out` in the backward pass.
  public enum Fan: Equatable, Sendable { case `in`, out }

  /// The function that follows the weight; its gain makes up for what it takes off the variance.
  public enum Nonlinearity: Equatable, Sendable {
    case linear, sigmoid, tanh, relu, selu
    case leakyReLU(slope: Double)

    /// PyTorch's `calculate_gain`.
    public var gain: Double {
      switch self {
      case .linear, .sigmoid: 1
      case .tanh: 5.0 / 3
      case .relu: 2.0.squareRoot()
      case .selu: 0.75
      case .leakyReLU(let slope): (2 / (1 + slope * slope)).squareRoot()
      }
    }
  }

  /// Every value the same.
  case constant(Double)
  /// Even over [low, high).
  case uniform(low: Double = 0, high: Double = 1)
  /// Normal.
  case normal(mean: Double = 0, standardDeviation: Double = 1)
  /// Glorot's rule, even: variance gain² · 2 / (fan in + fan out).
  case xavierUniform(gain: Double = 1)
  /// Glorot's rule, normal: variance gain² · 2 / (fan in + fan out).
  case xavierNormal(gain: Double = 1)
  /// He's rule, even: variance gain² / fan.
  case kaimingUniform(fan: Fan = .in, nonlinearity: Nonlinearity = .leakyReLU(slope: 0))
  /// He's rule, normal: variance gain² / fan.
  case kaimingNormal(fan: Fan = .in, nonlinearity: Nonlinearity = .leakyReLU(slope: 0))
  /// Rows (or columns, when there are more rows than columns) that are orthogonal and of length `gain`, the weight seen
  /// as the matrix [shape[0], the rest].
  case orthogonal(gain: Double = 1)

  /// Zeros.
  public static var zeros: Initializer { .constant(0) }
  /// Ones.
  public static var ones: Initializer { .constant(1) }

  /// Fan in and fan out of a weight of shape [out, in, kernel…].
  ///
  /// - Precondition: At least two dimensions.
  public static func fans(_ shape: Shape) -> (in: Int, out: Int) {
    demand(shape.rank >= 2, "fan in and fan out need a weight of at least 2 dimensions, not \(shape)")
    let kernel = shape.dropFirst(2).reduce(1, *)
    return (shape[1] * kernel, shape[0] * kernel)
  }

  /// The standard deviation of the values that a weight of `shape` gets, nil for `orthogonal`, where the values depend
  /// on each other.
  public func standardDeviation(_ shape: Shape) -> Double? {
    switch self {
    case .constant: return 0
    case .uniform(let low, let high): return (high - low) / 12.0.squareRoot()
    case .normal(_, let deviation): return deviation
    case .xavierUniform(let gain), .xavierNormal(let gain):
      let fans = Self.fans(shape)
      return gain * (2 / Double(fans.in + fans.out)).squareRoot()
    case .kaimingUniform(let fan, let nonlinearity), .kaimingNormal(let fan, let nonlinearity):
      let fans = Self.fans(shape)
      return nonlinearity.gain / Double(fan == .in ? fans.in : fans.out).squareRoot()
    case .orthogonal: return nil
    }
  }

  /// The bound b of the values in ±b that a weight of `shape` gets from `xavierUniform` and `kaimingUniform`; nil for
  /// the other rules.
  public func bound(_ shape: Shape) -> Double? {
    switch self {
    // An even distribution over ±b has the standard deviation b / √3.
    case .xavierUniform, .kaimingUniform: standardDeviation(shape).map { 3.0.squareRoot() * $0 }
    default: nil
    }
  }

  /// Values for a weight of `shape`, drawn from `generator`.
  public func callAsFunction<Scalar: TensorScalar>(
    _ shape: Shape, of: Scalar.Type = Scalar.self, using generator: inout Random
  ) -> Tensor<Scalar> {
    switch self {
    case .constant(let value):
      return Tensor.full(shape, Scalar(value))
    case _ where !FirstWeights.areDrawn:
      return Tensor.zeros(shape)
    case .uniform(let low, let high):
      return .uniform(shape, low, high, using: &generator)
    case .normal(let mean, let deviation):
      return .normal(shape, mean, deviation, using: &generator)
    case .xavierUniform, .kaimingUniform:
      let bound = bound(shape)!
      return .uniform(shape, -bound, bound, using: &generator)
    case .xavierNormal, .kaimingNormal:
      return .normal(shape, 0, standardDeviation(shape)!, using: &generator)
    case .orthogonal(let gain):
      demand(shape.rank >= 2, "an orthogonal weight needs at least 2 dimensions, not \(shape)")
      return Tensor(
        orthogonalMatrix(shape[0], shape.dropFirst().reduce(1, *), using: &generator).map { Scalar(gain * $0) },
        shape: shape)
    }
  }
}

extension Parameter {
  /// Draws the value anew by the rule `initializer`.
  public func initialize(_ initializer: Initializer, using generator: inout Random) {
    value = initializer(value.shape, using: &generator)
  }

  /// Draws the value anew by the rule `initializer`, from the seed of the `withSeed` around the call.
  public func initialize(_ initializer: Initializer) {
    var generator = scopedRandom()
    initialize(initializer, using: &generator)
  }
}

/// A matrix, row by row, whose shorter side is orthonormal, evenly distributed over all such matrices.
///
/// Gram-Schmidt on normally distributed vectors; every vector is made orthogonal twice, after which what is left of the
/// others is rounding ("twice is enough", Giraud et al. 2005).
private func orthogonalMatrix(_ rows: Int, _ columns: Int, using generator: inout Random) -> [Double] {
  let wide = rows <= columns
  let count = min(rows, columns)
  let length = max(rows, columns)
  var vectors = (0..<count * length).map { _ in generator.normal() }
  vectors.withUnsafeMutableBufferPointer { all in
    for number in 0..<count {
      let vector = UnsafeMutableBufferPointer(rebasing: all[number * length..<(number + 1) * length])
      for _ in 0..<2 {
        for earlier in 0..<number {
          let other = UnsafeMutableBufferPointer(rebasing: all[earlier * length..<(earlier + 1) * length])
          var product = 0.0
          for i in 0..<length { product += vector[i] * other[i] }
          for i in 0..<length { vector[i] -= product * other[i] }
        }
      }
      var square = 0.0
      for i in 0..<length { square += vector[i] * vector[i] }
      let scale = 1 / square.squareRoot()
      for i in 0..<length { vector[i] *= scale }
    }
  }
  guard !wide else { return vectors }
  return (0..<rows * columns).map { vectors[$0 % columns * length + $0 / columns] }
}
