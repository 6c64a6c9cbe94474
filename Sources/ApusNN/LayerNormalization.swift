import ApusTensor

extension Layers {
  /// Layer normalisation: (x − mean) / √(variance + ε) · weight + bias over the last dimensions of every sample (Ba et al.
  /// 2016).
  ///
  /// | parameter | shape | at first |
  /// | --- | --- | --- |
  /// | `weight` | `normalizedShape` | 1 |
  /// | `bias` | `normalizedShape` | 0 |
  public final class LayerNorm: DescribedModule {
    /// The last extents of the input, over which mean and variance are taken.
    public let normalizedShape: Shape
    /// Added to the variance.
    public let epsilon: Double
    /// A factor for each number; nil when the layer was made without.
    public let weight: Parameter<Scalar>?
    /// A summand for each number; nil when the layer was made without.
    public let bias: Parameter<Scalar>?

    /// Makes a layer over the last dimension, of extent `features`.
    ///
    /// - Precondition: As for the initialiser that takes a shape.
    public convenience init(
      _ features: Int, epsilon: Double = 1e-5, elementwiseAffine: Bool = true, bias: Bool = true
    ) {
      self.init([features], epsilon: epsilon, elementwiseAffine: elementwiseAffine, bias: bias)
    }

    /// Makes a layer over the last dimensions.
    ///
    /// - Precondition: The shape has a dimension, and its extents are positive; `epsilon` is not negative.
    public init(
      _ normalizedShape: Shape, epsilon: Double = 1e-5, elementwiseAffine: Bool = true, bias: Bool = true
    ) {
      demand(
        normalizedShape.rank > 0 && normalizedShape.elementCount > 0, "LayerNorm over the shape \(normalizedShape)")
      demand(epsilon >= 0, "LayerNorm: epsilon \(epsilon) is negative")
      self.normalizedShape = normalizedShape
      self.epsilon = epsilon
      weight = elementwiseAffine ? Parameter(.ones(normalizedShape)) : nil
      self.bias = elementwiseAffine && bias ? Parameter(.zeros(normalizedShape)) : nil
    }

    /// [.., normalizedShape] → the same.
    public func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> {
      requireLastExtents(normalizedShape, architecture, path: weight?.name, input.shape)
      return ForwardObserver.note(
        self, layerNorm(input, normalizedShape, weight?.value, bias?.value, epsilon: epsilon))
    }

    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? {
      Architecture("LayerNorm") {
        $0.add(extents: normalizedShape)
        $0.add("epsilon", epsilon, default: 1e-5)
        $0.add("elementwiseAffine", weight != nil, default: true)
        if weight != nil { $0.add("bias", bias != nil, default: true) }
      }
    }
  }

  /// Root-mean-square normalisation: x / √(mean(x²) + ε) · weight over the last dimensions of every sample (Zhang and Sennrich
  /// 2019). It saves the mean of `LayerNorm`.
  ///
  /// | parameter | shape | at first |
  /// | --- | --- | --- |
  /// | `weight` | `normalizedShape` | 1 |
  public final class RMSNorm: DescribedModule {
    /// The last extents of the input, over which the mean square is taken.
    public let normalizedShape: Shape
    /// Added to the mean square; nil for the distance from 1 to the next number of the scalar type.
    public let epsilon: Double?
    /// A factor for each number; nil when the layer was made without.
    public let weight: Parameter<Scalar>?

    /// Makes a layer over the last dimension, of extent `features`.
    ///
    /// - Precondition: As for the initialiser that takes a shape.
    public convenience init(_ features: Int, epsilon: Double? = nil, elementwiseAffine: Bool = true) {
      self.init([features], epsilon: epsilon, elementwiseAffine: elementwiseAffine)
    }

    /// Makes a layer over the last dimensions.
    ///
    /// - Precondition: The shape has a dimension, and its extents are positive; `epsilon` is not negative.
    public init(_ normalizedShape: Shape, epsilon: Double? = nil, elementwiseAffine: Bool = true) {
      demand(
        normalizedShape.rank > 0 && normalizedShape.elementCount > 0, "RMSNorm over the shape \(normalizedShape)")
      demand((epsilon ?? 0) >= 0, "RMSNorm: epsilon \(epsilon ?? 0) is negative")
      self.normalizedShape = normalizedShape
      self.epsilon = epsilon
      weight = elementwiseAffine ? Parameter(.ones(normalizedShape)) : nil
    }

    /// [.., normalizedShape] → the same.
    public func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> {
      requireLastExtents(normalizedShape, architecture, path: weight?.name, input.shape)
      return ForwardObserver.note(self, rmsNorm(input, normalizedShape, weight?.value, epsilon: epsilon))
    }

    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? {
      Architecture("RMSNorm") {
        $0.add(extents: normalizedShape)
        if let epsilon { $0.add("epsilon", .number(epsilon)) }
        $0.add("elementwiseAffine", weight != nil, default: true)
      }
    }
  }
}

/// Layer normalisation of `Float`.
public typealias LayerNorm = Layers<Float>.LayerNorm
/// Root-mean-square normalisation of `Float`.
public typealias RMSNorm = Layers<Float>.RMSNorm

private func requireLastExtents(
  _ extents: Shape, _ layer: @autoclosure () -> Architecture?, path: @autoclosure () -> String?, _ input: Shape
) {
  require(
    input.rank >= extents.rank && input.suffix(extents.rank).elementsEqual(extents), layer(), path: path(),
    input: input, "[..., \(extents.map(String.init).joined(separator: ", "))]")
}
