import ApusCompute

// Functions of one number, applied to every element, each as a method and as a free function: `x.exp()` and `exp(x)`.
// y stands for the result. The derivatives are those of `UnaryFunction` in ApusCompute.

extension Tensor {
  /// |x|, element by element. d/dx = sign x, 0 at 0.
  public consuming func abs() -> Tensor { unary(.abs, "abs", self) }

  /// −1, 0 or 1, element by element: the sign. d/dx = 0.
  public consuming func sign() -> Tensor { unary(.sign, "sign", self) }

  /// x², element by element. d/dx = 2x.
  public consuming func square() -> Tensor { unary(.square, "square", self) }

  /// √x, element by element; NaN below 0. d/dx = 1 / 2y.
  public consuming func sqrt() -> Tensor { unary(.sqrt, "sqrt", self) }

  /// 1 / √x, element by element. d/dx = −½ y³.
  public consuming func rsqrt() -> Tensor { unary(.rsqrt, "rsqrt", self) }

  /// 1 / x, element by element. d/dx = −y².
  public consuming func reciprocal() -> Tensor { unary(.reciprocal, "reciprocal", self) }

  /// eˣ, element by element. d/dx = y.
  public consuming func exp() -> Tensor { unary(.exp, "exp", self) }

  /// eˣ − 1, exact near 0, element by element. d/dx = y + 1.
  public consuming func expm1() -> Tensor { unary(.expm1, "expm1", self) }

  /// The natural logarithm, element by element; −∞ at 0, NaN below. d/dx = 1 / x.
  public consuming func log() -> Tensor { unary(.log, "log", self) }

  /// log(1 + x), exact near 0, element by element. d/dx = 1 / (1 + x).
  public consuming func log1p() -> Tensor { unary(.log1p, "log1p", self) }

  /// The sine, element by element, of angles in radians. d/dx = cos x.
  public consuming func sin() -> Tensor { unary(.sin, "sin", self) }

  /// The cosine, element by element, of angles in radians. d/dx = −sin x.
  public consuming func cos() -> Tensor { unary(.cos, "cos", self) }

  /// The hyperbolic tangent, element by element. d/dx = 1 − y².
  public consuming func tanh() -> Tensor { unary(.tanh, "tanh", self) }

  /// 1 / (1 + e⁻ˣ), element by element. d/dx = y (1 − y).
  public consuming func sigmoid() -> Tensor { unary(.sigmoid, "sigmoid", self) }

  /// The error function 2/√π ∫₀ˣ exp(−t²) dt, element by element. d/dx = 2/√π exp(−x²).
  public consuming func erf() -> Tensor { unary(.erf, "erf", self) }

  /// x to a constant power, element by element. d/dx = p xᵖ⁻¹.
  public consuming func pow(_ exponent: Double) -> Tensor {
    exponent == 2 ? unary(.square, "square", self) : unary(.pow(exponent), "powScalar", self)
  }

  /// x limited to the range from `min` to `max`, element by element. d/dx = 1 inside and on the limits, 0 outside.
  ///
  /// - Parameters:
  ///   - min: The lower limit; none unless given.
  ///   - max: The upper limit; none unless given.
  public consuming func clamp(min: Double? = nil, max: Double? = nil) -> Tensor {
    unary(.clamp(min: min ?? -.infinity, max: max ?? .infinity), "clamp", self)
  }
}

/// |x|, element by element. d/dx = sign x, 0 at 0.
public func abs<Scalar: ComputeScalar>(_ x: consuming Tensor<Scalar>) -> Tensor<Scalar> { x.abs() }

/// −1, 0 or 1, element by element: the sign. d/dx = 0.
public func sign<Scalar: ComputeScalar>(_ x: consuming Tensor<Scalar>) -> Tensor<Scalar> { x.sign() }

/// x², element by element. d/dx = 2x.
public func square<Scalar: ComputeScalar>(_ x: consuming Tensor<Scalar>) -> Tensor<Scalar> { x.square() }

/// √x, element by element; NaN below 0. d/dx = 1 / 2y.
public func sqrt<Scalar: ComputeScalar>(_ x: consuming Tensor<Scalar>) -> Tensor<Scalar> { x.sqrt() }

/// 1 / √x, element by element. d/dx = −½ y³.
public func rsqrt<Scalar: ComputeScalar>(_ x: consuming Tensor<Scalar>) -> Tensor<Scalar> { x.rsqrt() }

/// 1 / x, element by element. d/dx = −y².
public func reciprocal<Scalar: ComputeScalar>(_ x: consuming Tensor<Scalar>) -> Tensor<Scalar> { x.reciprocal() }

/// eˣ, element by element. d/dx = y.
public func exp<Scalar: ComputeScalar>(_ x: consuming Tensor<Scalar>) -> Tensor<Scalar> { x.exp() }

/// eˣ − 1, exact near 0, element by element. d/dx = y + 1.
public func expm1<Scalar: ComputeScalar>(_ x: consuming Tensor<Scalar>) -> Tensor<Scalar> { x.expm1() }

/// The natural logarithm, element by element; −∞ at 0, NaN below. d/dx = 1 / x.
public func log<Scalar: ComputeScalar>(_ x: consuming Tensor<Scalar>) -> Tensor<Scalar> { x.log() }

/// log(1 + x), exact near 0, element by element. d/dx = 1 / (1 + x).
public func log1p<Scalar: ComputeScalar>(_ x: consuming Tensor<Scalar>) -> Tensor<Scalar> { x.log1p() }

/// The sine, element by element, of angles in radians. d/dx = cos x.
public func sin<Scalar: ComputeScalar>(_ x: consuming Tensor<Scalar>) -> Tensor<Scalar> { x.sin() }

/// The cosine, element by element, of angles in radians. d/dx = −sin x.
public func cos<Scalar: ComputeScalar>(_ x: consuming Tensor<Scalar>) -> Tensor<Scalar> { x.cos() }

/// The hyperbolic tangent, element by element. d/dx = 1 − y².
public func tanh<Scalar: ComputeScalar>(_ x: consuming Tensor<Scalar>) -> Tensor<Scalar> { x.tanh() }

/// 1 / (1 + e⁻ˣ), element by element. d/dx = y (1 − y).
public func sigmoid<Scalar: ComputeScalar>(_ x: consuming Tensor<Scalar>) -> Tensor<Scalar> { x.sigmoid() }

/// The error function 2/√π ∫₀ˣ exp(−t²) dt, element by element. d/dx = 2/√π exp(−x²).
public func erf<Scalar: ComputeScalar>(_ x: consuming Tensor<Scalar>) -> Tensor<Scalar> { x.erf() }

/// x to a constant power, element by element. d/dx = p xᵖ⁻¹.
public func pow<Scalar: ComputeScalar>(_ x: consuming Tensor<Scalar>, _ exponent: Double) -> Tensor<Scalar> {
  x.pow(exponent)
}

/// x limited to the range from `min` to `max`, element by element. d/dx = 1 inside and on the limits, 0 outside.
public func clamp<Scalar: ComputeScalar>(
  _ x: consuming Tensor<Scalar>, min: Double? = nil, max: Double? = nil
) -> Tensor<Scalar> {
  x.clamp(min: min, max: max)
}
