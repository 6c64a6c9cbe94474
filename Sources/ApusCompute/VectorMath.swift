import ApusKernels

/// The elementwise functions of one variable and their derivatives, for `count` numbers.
protocol VectorMathKernels<Scalar>: SendableMetatype {
  associatedtype Scalar

  static func apply(
    _ code: Int, _ x: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>, _ count: Int, _ p: Scalar, _ q: Scalar)

  static func applyGradient(
    _ code: Int, _ value: UnsafePointer<Scalar>, _ upstream: UnsafePointer<Scalar>,
    _ gradient: UnsafeMutablePointer<Scalar>, _ count: Int, _ p: Scalar, _ q: Scalar)
}

/// An elementwise function of one variable.
///
/// Constants that belong to the function, such as a slope, travel with it. Each function knows its derivative: see
/// `applyGradient`.
public enum UnaryFunction: Hashable, Sendable {
  /// |x|. Derivative at 0: 0.
  case abs
  /// −x.
  case negate
  /// −1, 0 or 1; NaN stays NaN. Derivative 0.
  case sign
  /// x².
  case square
  /// √x; NaN below 0.
  case sqrt
  /// 1 / √x.
  case rsqrt
  /// 1 / x.
  case reciprocal
  /// eˣ.
  case exp
  /// eˣ − 1, exact near 0.
  case expm1
  /// The natural logarithm; −∞ at 0, NaN below.
  case log
  /// log(1 + x), exact near 0.
  case log1p
  /// Sine of an angle in radians.
  case sin
  /// Cosine of an angle in radians.
  case cos
  /// Hyperbolic tangent.
  case tanh
  /// 1 / (1 + e⁻ˣ).
  case sigmoid
  /// The error function, 2/√π ∫₀ˣ exp(−t²) dt.
  case erf
  /// x to a constant power, with the special cases of C's `pow`.
  case pow(Double)
  /// x limited to min … max; NaN stays NaN. Derivative 1 inside and on the limits, 0 outside.
  case clamp(min: Double, max: Double)
  /// max(x, 0). Derivative at 0: 0.
  case relu
  /// x for x > 0, slope · x otherwise.
  case leakyRelu(slope: Double)
  /// x for x > 0, alpha · (eˣ − 1) otherwise.
  case elu(alpha: Double)
  /// The self-normalising ELU, with PyTorch's constants.
  case selu
  /// x · Φ(x), with Φ the normal distribution function.
  case gelu
  /// GELU with Φ approximated by ½ (1 + tanh(√(2/π) (x + 0.044715 x³))).
  case geluTanh
  /// x · sigmoid(x).
  case silu
  /// x · tanh(softplus(x)).
  case mish
  /// log(1 + exp(beta · x)) / beta; x itself where beta · x > threshold.
  case softplus(beta: Double, threshold: Double)
  /// min(max(x / 6 + ½, 0), 1).
  case hardSigmoid
  /// x · hardSigmoid(x).
  case hardSwish
  /// log(sigmoid(x)), without overflow.
  case logSigmoid

  /// Whether the derivative is computed from the function's result rather than from its argument: what to keep for
  /// `applyGradient`.
  public var gradientReadsOutput: Bool {
    switch self {
    case .exp, .expm1, .tanh, .sigmoid, .sqrt, .rsqrt, .reciprocal, .relu: true
    default: false
    }
  }
}

/// y = f(x) for `count` numbers.
///
/// In `Float`, within 2 units in the last place of the exact value for every argument there is, 4 for `.erf`, `.gelu` and
/// `.geluTanh`: Docs/Numerics.md has what was measured. NaN, infinities, zeros and denormal numbers give what the C
/// library's scalar functions give.
///
/// - Parameters:
///   - function: The function f.
///   - x: `count` arguments.
///   - y: Receives `count` results. May be `x` itself, but must not overlap it otherwise.
///   - count: How many.
@specialized(where T == Float)
@specialized(where T == Double)
public func apply<T: ComputeScalar>(
  _ function: UnaryFunction, _ x: UnsafePointer<T>, into y: UnsafeMutablePointer<T>, count: Int
) {
  let (code, p, q) = function.kernelArguments
  forEachChunk(count) { start, length in
    kernels(T.self).apply(code.rawValue, x + start, y + start, length, T(p), T(q))
  }
}

/// gradient = upstream · f′(value) for `count` numbers: the backward pass of `apply`.
///
/// - Parameters:
///   - function: The function f.
///   - value: What f was given; or what it returned, where `function.gradientReadsOutput` is true.
///   - upstream: The gradient of the objective with respect to the results.
///   - gradient: Receives the gradient with respect to the arguments. May be `value` or `upstream`.
///   - count: How many.
@specialized(where T == Float)
@specialized(where T == Double)
public func applyGradient<T: ComputeScalar>(
  _ function: UnaryFunction, at value: UnsafePointer<T>, upstream: UnsafePointer<T>,
  into gradient: UnsafeMutablePointer<T>, count: Int
) {
  let (code, p, q) = function.kernelArguments
  forEachChunk(count) { start, length in
    kernels(T.self).applyGradient(
      code.rawValue, value + start, upstream + start, gradient + start, length, T(p), T(q))
  }
}

/// Cuts `count` elements into chunks that fit the level-1 cache or little more, and runs them on the worker team.
@inline(__always)
func forEachChunk(_ count: Int, of size: Int = 16384, _ body: (_ start: Int, _ length: Int) -> Void) {
  if count <= size {
    if count > 0 { body(0, count) }
    return
  }
  parallelFor((count + size - 1) / size) { chunk in
    let start = chunk * size
    body(start, min(size, count - start))
  }
}

extension UnaryFunction {
  /// The kernels' number for the function, and its constants.
  var kernelArguments: (code: ApusKernels.UnaryCode, p: Double, q: Double) {
    switch self {
    case .abs: (.absolute, 0, 0)
    case .negate: (.negate, 0, 0)
    case .sign: (.sign, 0, 0)
    case .square: (.square, 0, 0)
    case .sqrt: (.squareRoot, 0, 0)
    case .rsqrt: (.reciprocalSquareRoot, 0, 0)
    case .reciprocal: (.reciprocal, 0, 0)
    case .exp: (.exponential, 0, 0)
    case .expm1: (.exponentialMinusOne, 0, 0)
    case .log: (.logarithm, 0, 0)
    case .log1p: (.logarithmOfOnePlus, 0, 0)
    case .sin: (.sine, 0, 0)
    case .cos: (.cosine, 0, 0)
    case .tanh: (.tanh, 0, 0)
    case .sigmoid: (.sigmoid, 0, 0)
    case .erf: (.errorFunction, 0, 0)
    case .pow(let exponent): (.power, exponent, 0)
    case .clamp(let low, let high): (.clamp, low, high)
    case .relu: (.relu, 0, 0)
    case .leakyRelu(let slope): (.leakyRelu, slope, 0)
    case .elu(let alpha): (.elu, alpha, 0)
    case .selu: (.selu, 0, 0)
    case .gelu: (.gelu, 0, 0)
    case .geluTanh: (.geluTanh, 0, 0)
    case .silu: (.silu, 0, 0)
    case .mish: (.mish, 0, 0)
    case .softplus(let beta, let threshold): (.softplus, beta, threshold)
    case .hardSigmoid: (.hardSigmoid, 0, 0)
    case .hardSwish: (.hardSwish, 0, 0)
    case .logSigmoid: (.logSigmoid, 0, 0)
    }
  }
}
