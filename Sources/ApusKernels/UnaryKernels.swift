// Elementwise functions of one variable: y = f(x), and its backward pass.

extension MathVector {
  /// y = f(x) for `count` ≥ width numbers; `p` and `q` are the function's constants.
  @inline(__always)
  static func apply(
    _ code: Int, _ x: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>, _ count: Int, _ p: Scalar, _ q: Scalar
  ) {
    let zero = Self(repeating: 0)
    let one = Self(repeating: 1)
    let p = Self(repeating: p)
    let q = Self(repeating: q)
    switch UnaryCode(rawValue: code)! {
    case .absolute: map(x, y, count) { $0.magnitude }
    case .negate: map(x, y, count) { -$0 }
    case .sign: map(x, y, count) { $0.replacing(with: one.withSign(of: $0), where: zero .< $0.magnitude) }
    case .square: map(x, y, count) { $0 * $0 }
    case .squareRoot: map(x, y, count) { $0.squareRoot() }
    case .reciprocalSquareRoot: map(x, y, count) { $0.reciprocalSquareRoot() }
    case .reciprocal: map(x, y, count) { one / $0 }
    case .exponential: map(x, y, count) { $0.exponential() }
    case .exponentialMinusOne: map(x, y, count) { $0.exponentialMinusOne() }
    case .logarithm: map(x, y, count) { $0.logarithm() }
    case .logarithmOfOnePlus: map(x, y, count) { $0.logarithmOfOnePlus() }
    case .sine: map(x, y, count) { $0.trigonometric(quarterTurns: 0) }
    case .cosine: map(x, y, count) { $0.trigonometric(quarterTurns: 1) }
    case .tanh: map(x, y, count) { $0.hyperbolicTangent() }
    case .sigmoid: map(x, y, count) { $0.sigmoid() }
    case .errorFunction: map(x, y, count) { $0.errorFunction() }
    case .power: map(x, y, count) { $0.power(p) }
    case .clamp: map(x, y, count) { $0.atLeast(p).atMost(q) }
    case .relu: map(x, y, count) { $0.atLeast(zero) }
    case .leakyRelu: map(x, y, count) { ($0 * p).replacing(with: $0, where: zero .< $0) }
    case .elu: map(x, y, count) { (p * $0.exponentialMinusOne()).replacing(with: $0, where: zero .< $0) }
    case .selu:
      map(x, y, count) { x in
        let negative = Self(repeating: seluAlpha * seluScale) * x.exponentialMinusOne()
        return negative.replacing(with: Self(repeating: seluScale) * x, where: zero .< x)
      }
    case .gelu: map(x, y, count) { $0 * $0.normalDistribution().value }
    case .geluTanh: map(x, y, count) { $0 * $0.geluGate().sigmoid() }
    case .silu: map(x, y, count) { $0 * $0.sigmoid() }
    case .mish: map(x, y, count) { $0 * $0.tanhSoftplus().value }
    case .softplus:
      let inverse = one / p
      map(x, y, count) { x in
        let scaled = x * p
        return (scaled.softplus() * inverse).replacing(with: x, where: q .< scaled)
      }
    case .hardSigmoid: map(x, y, count) { $0.hardSigmoid() }
    case .hardSwish: map(x, y, count) { $0 * $0.hardSigmoid() }
    case .logSigmoid: map(x, y, count) { -(-$0).softplus() }
    }
  }

  /// gradient = upstream · f′, for `count` ≥ width numbers. `value` holds results where the derivative is simpler in
  /// terms of the result, else arguments.
  @inline(__always)
  static func applyGradient(
    _ code: Int, _ value: UnsafePointer<Scalar>, _ upstream: UnsafePointer<Scalar>,
    _ gradient: UnsafeMutablePointer<Scalar>, _ count: Int, _ p: Scalar, _ q: Scalar
  ) {
    let zero = Self(repeating: 0)
    let one = Self(repeating: 1)
    let half = Self(repeating: 0.5)
    let p = Self(repeating: p)
    let q = Self(repeating: q)
    switch UnaryCode(rawValue: code)! {
    case .absolute:
      map(value, upstream, gradient, count) { x, d in
        (d * one.withSign(of: x)).replacing(with: zero, where: x .== zero)
      }
    case .negate: map(value, upstream, gradient, count) { _, d in -d }
    case .sign: map(value, upstream, gradient, count) { _, _ in zero }
    case .square: map(value, upstream, gradient, count) { x, d in d * (x + x) }
    case .squareRoot: map(value, upstream, gradient, count) { y, d in d * (half / y) }
    case .reciprocalSquareRoot: map(value, upstream, gradient, count) { y, d in -(d * half * (y * y * y)) }
    case .reciprocal: map(value, upstream, gradient, count) { y, d in -(d * (y * y)) }
    case .exponential: map(value, upstream, gradient, count) { y, d in d * y }
    case .exponentialMinusOne: map(value, upstream, gradient, count) { y, d in d * (y + one) }
    case .logarithm: map(value, upstream, gradient, count) { x, d in d / x }
    case .logarithmOfOnePlus: map(value, upstream, gradient, count) { x, d in d / (one + x) }
    case .sine: map(value, upstream, gradient, count) { x, d in d * x.trigonometric(quarterTurns: 1) }
    case .cosine: map(value, upstream, gradient, count) { x, d in -(d * x.trigonometric(quarterTurns: 0)) }
    case .tanh: map(value, upstream, gradient, count) { y, d in d * (one - y * y) }
    case .sigmoid: map(value, upstream, gradient, count) { y, d in d * (y * (one - y)) }
    case .errorFunction:
      map(value, upstream, gradient, count) { x, d in
        // exp(−x²) is the Gaussian at √2 x.
        d * (Self(repeating: 1.1283791670955126) * (x * Self(repeating: 1.4142135623730951)).gaussian())
      }
    case .power:
      map(value, upstream, gradient, count) { x, d in
        (d * (p * x.power(p - one))).replacing(with: zero, where: p .== zero)
      }
    case .clamp:
      map(value, upstream, gradient, count) { x, d in
        d.replacing(with: zero, where: x .< p).replacing(with: zero, where: q .< x)
      }
    case .relu: map(value, upstream, gradient, count) { y, d in d.replacing(with: zero, where: y .<= zero) }
    case .leakyRelu: map(value, upstream, gradient, count) { x, d in (d * p).replacing(with: d, where: zero .< x) }
    case .elu:
      map(value, upstream, gradient, count) { x, d in
        (d * (p * x.exponential())).replacing(with: d, where: zero .< x)
      }
    case .selu:
      map(value, upstream, gradient, count) { x, d in
        let negative = Self(repeating: seluAlpha * seluScale) * x.exponential()
        return d * negative.replacing(with: Self(repeating: seluScale), where: zero .< x)
      }
    case .gelu:
      map(value, upstream, gradient, count) { x, d in
        let (distribution, gaussian) = x.normalDistribution()
        return d * distribution.adding(x * Self(repeating: 0.3989422804014327), times: gaussian)
      }
    case .geluTanh:
      map(value, upstream, gradient, count) { x, d in
        let s = x.geluGate().sigmoid()
        let slope = one.adding(Self(repeating: 3 * 0.044715) * x, times: x) * Self(repeating: 1.5957691216057308)
        return d * s.adding(x * s * (one - s), times: slope)
      }
    case .silu:
      map(value, upstream, gradient, count) { x, d in
        let s = x.sigmoid()
        return d * s.adding(x * s, times: one - s)
      }
    case .mish:
      map(value, upstream, gradient, count) { x, d in
        let (t, complement) = x.tanhSoftplus()
        return d * t.adding(x * (complement * (one + t)), times: x.sigmoid())
      }
    case .softplus:
      map(value, upstream, gradient, count) { x, d in
        let scaled = x * p
        return (d * scaled.sigmoid()).replacing(with: d, where: q .< scaled)
      }
    case .hardSigmoid:
      map(value, upstream, gradient, count) { x, d in
        (d * Self(repeating: 1.0 / 6)).replacing(with: zero, where: Self(repeating: 3) .<= x.magnitude)
      }
    case .hardSwish:
      map(value, upstream, gradient, count) { x, d in
        let middle = d * half.adding(x, times: Self(repeating: 1.0 / 3))
        return middle.replacing(with: zero, where: x .<= Self(repeating: -3))
          .replacing(with: d, where: Self(repeating: 3) .<= x)
      }
    case .logSigmoid: map(value, upstream, gradient, count) { x, d in d * (-x).sigmoid() }
    }
  }

  @inline(__always) static var seluScale: Scalar { 1.0507009873554805 }
  @inline(__always) static var seluAlpha: Scalar { 1.6732632423543772 }

  /// What GELU's tanh form is the sigmoid of: ½ (1 + tanh(u)) = sigmoid(2u), u = √(2/π) (x + 0.044715 x³).
  @inline(__always)
  func geluGate() -> Self {
    let inner = Self(repeating: 1).adding(Self(repeating: 0.044715) * self, times: self)
    return self * inner * Self(repeating: 1.5957691216057308)
  }

  /// min(max(x / 6 + ½, 0), 1).
  @inline(__always)
  func hardSigmoid() -> Self {
    Self(repeating: 0.5).adding(self, times: Self(repeating: 1.0 / 6))
      .atLeast(Self(repeating: 0)).atMost(Self(repeating: 1))
  }

  /// t = tanh(log(1 + eˣ)) and 1 − t, both without cancellation.
  ///
  /// With e = e⁻|ˣ|: t = (1 + 2e) / (1 + 2e + 2e²) for x ≥ 0, and e (e + 2) / (e (e + 2) + 2) for x < 0.
  @inline(__always)
  func tanhSoftplus() -> (value: Self, complement: Self) {
    let e = (-magnitude).exponential()
    let two = Self(repeating: 2)
    let isNegative = self .< Self(repeating: 0)
    let numerator = Self(repeating: 1).adding(two, times: e).replacing(with: e * (e + two), where: isNegative)
    let rest = (two * e * e).replacing(with: two, where: isNegative)
    let inverse = Self(repeating: 1) / (numerator + rest)
    return (numerator * inverse, rest * inverse)
  }
}

extension FloatKernels {
  /// y = f(x); see `UnaryCode`.
  public static func apply(
    _ code: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int, _ p: Float, _ q: Float
  ) {
    FloatVector.withShortArrays(x, y, count) { x, y, count in FloatVector.apply(code, x, y, count, p, q) }
  }

  /// gradient = upstream · f′(value); see `UnaryCode`.
  public static func applyGradient(
    _ code: Int, _ value: UnsafePointer<Float>, _ upstream: UnsafePointer<Float>,
    _ gradient: UnsafeMutablePointer<Float>, _ count: Int, _ p: Float, _ q: Float
  ) {
    FloatVector.withShortArrays(value, upstream, gradient, count) { value, upstream, gradient, count in
      FloatVector.applyGradient(code, value, upstream, gradient, count, p, q)
    }
  }
}

extension DoubleKernels {
  /// y = f(x); see `UnaryCode`.
  public static func apply(
    _ code: Int, _ x: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>, _ count: Int, _ p: Double, _ q: Double
  ) {
    DoubleVector.withShortArrays(x, y, count) { x, y, count in DoubleVector.apply(code, x, y, count, p, q) }
  }

  /// gradient = upstream · f′(value); see `UnaryCode`.
  public static func applyGradient(
    _ code: Int, _ value: UnsafePointer<Double>, _ upstream: UnsafePointer<Double>,
    _ gradient: UnsafeMutablePointer<Double>, _ count: Int, _ p: Double, _ q: Double
  ) {
    DoubleVector.withShortArrays(value, upstream, gradient, count) { value, upstream, gradient, count in
      DoubleVector.applyGradient(code, value, upstream, gradient, count, p, q)
    }
  }
}
