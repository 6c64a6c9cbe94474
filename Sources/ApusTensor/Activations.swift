import ApusCompute

// Activation functions, applied to every element, each as a method and as a free function. The derivatives are those of
// `UnaryFunction` in ApusCompute.

/// How GELU computes the normal distribution function.
public enum GELUApproximation: String, Sendable {
  /// Exactly, by the error function.
  case none
  /// By ½ (1 + tanh(√(2/π) (x + 0.044715 x³))).
  case tanh
}

extension Tensor {
  /// max(x, 0), element by element. d/dx = 1 above 0, 0 elsewhere.
  public consuming func relu() -> Tensor { unary(.relu, "relu", self) }

  /// The self-normalising exponential unit of Klambauer et al. (2017), element by element.
  public consuming func selu() -> Tensor { unary(.selu, "selu", self) }

  /// x · sigmoid(x), element by element. With s = sigmoid(x): d/dx = s (1 + x (1 − s)).
  public consuming func silu() -> Tensor { unary(.silu, "silu", self) }

  /// x · tanh(softplus(x)), element by element (Misra 2019).
  public consuming func mish() -> Tensor { unary(.mish, "mish", self) }

  /// x / 6 + ½ limited to 0 … 1, element by element. d/dx = 1/6 between −3 and 3.
  public consuming func hardSigmoid() -> Tensor { unary(.hardSigmoid, "hardSigmoid", self) }

  /// x · hardSigmoid(x), element by element. d/dx = x / 3 + ½ between −3 and 3.
  public consuming func hardSwish() -> Tensor { unary(.hardSwish, "hardSwish", self) }

  /// log(sigmoid(x)) without overflow, element by element. d/dx = sigmoid(−x).
  public consuming func logSigmoid() -> Tensor { unary(.logSigmoid, "logSigmoid", self) }

  /// x where it is positive, `negativeSlope` · x elsewhere.
  public consuming func leakyRelu(negativeSlope: Scalar = 0.01) -> Tensor {
    unary(.leakyRelu(slope: Double(negativeSlope)), "leakyRelu", self)
  }

  /// x where it is positive, `alpha` · (eˣ − 1) elsewhere.
  public consuming func elu(alpha: Scalar = 1) -> Tensor {
    unary(.elu(alpha: Double(alpha)), "elu", self)
  }

  /// x · Φ(x), with Φ the normal distribution function. d/dx = Φ(x) + x Φ′(x).
  public consuming func gelu(approximate: GELUApproximation = .none) -> Tensor {
    unary(approximate == .tanh ? .geluTanh : .gelu, approximate == .tanh ? "geluTanh" : "gelu", self)
  }

  /// log(1 + exp(`beta` · x)) / `beta`, a smooth ReLU; x itself where `beta` · x is above `threshold`.
  public consuming func softplus(beta: Scalar = 1, threshold: Scalar = 20) -> Tensor {
    unary(.softplus(beta: Double(beta), threshold: Double(threshold)), "softplus", self)
  }
}

/// max(x, 0), element by element. d/dx = 1 above 0, 0 elsewhere.
public func relu<Scalar: ComputeScalar>(_ x: consuming Tensor<Scalar>) -> Tensor<Scalar> { x.relu() }

/// The self-normalising exponential unit of Klambauer et al. (2017), element by element.
public func selu<Scalar: ComputeScalar>(_ x: consuming Tensor<Scalar>) -> Tensor<Scalar> { x.selu() }

/// x · sigmoid(x), element by element. With s = sigmoid(x): d/dx = s (1 + x (1 − s)).
public func silu<Scalar: ComputeScalar>(_ x: consuming Tensor<Scalar>) -> Tensor<Scalar> { x.silu() }

/// x · tanh(softplus(x)), element by element (Misra 2019).
public func mish<Scalar: ComputeScalar>(_ x: consuming Tensor<Scalar>) -> Tensor<Scalar> { x.mish() }

/// x / 6 + ½ limited to 0 … 1, element by element. d/dx = 1/6 between −3 and 3.
public func hardSigmoid<Scalar: ComputeScalar>(_ x: consuming Tensor<Scalar>) -> Tensor<Scalar> { x.hardSigmoid() }

/// x · hardSigmoid(x), element by element. d/dx = x / 3 + ½ between −3 and 3.
public func hardSwish<Scalar: ComputeScalar>(_ x: consuming Tensor<Scalar>) -> Tensor<Scalar> { x.hardSwish() }

/// log(sigmoid(x)) without overflow, element by element. d/dx = sigmoid(−x).
public func logSigmoid<Scalar: ComputeScalar>(_ x: consuming Tensor<Scalar>) -> Tensor<Scalar> { x.logSigmoid() }

/// x where it is positive, `negativeSlope` · x elsewhere.
public func leakyRelu<Scalar: ComputeScalar>(
  _ x: consuming Tensor<Scalar>, negativeSlope: Scalar = 0.01
) -> Tensor<Scalar> {
  x.leakyRelu(negativeSlope: negativeSlope)
}

/// x where it is positive, `alpha` · (eˣ − 1) elsewhere.
public func elu<Scalar: ComputeScalar>(_ x: consuming Tensor<Scalar>, alpha: Scalar = 1) -> Tensor<Scalar> {
  x.elu(alpha: alpha)
}

/// x · Φ(x), with Φ the normal distribution function. d/dx = Φ(x) + x Φ′(x).
public func gelu<Scalar: ComputeScalar>(
  _ x: consuming Tensor<Scalar>, approximate: GELUApproximation = .none
) -> Tensor<Scalar> {
  x.gelu(approximate: approximate)
}

/// log(1 + exp(`beta` · x)) / `beta`, a smooth ReLU; x itself where `beta` · x is above `threshold`.
public func softplus<Scalar: ComputeScalar>(
  _ x: consuming Tensor<Scalar>, beta: Scalar = 1, threshold: Scalar = 20
) -> Tensor<Scalar> {
  x.softplus(beta: beta, threshold: threshold)
}
