// The loops over elementwise functions of one variable, and the table from a function's number to its loop.

/// What runs one operation over arrays.
protocol UnaryLoop {
  static func run<Op: UnaryOperation, V: MathVector>(_: Op.Type, _ arrays: UnaryArrays<V>)
}

/// The arrays of one call: `count` ≥ width numbers each.
struct UnaryArrays<V: MathVector> {
  var value: UnsafePointer<V.Scalar>
  var upstream: UnsafePointer<V.Scalar>
  var result: UnsafeMutablePointer<V.Scalar>
  var count: Int
  var p: V.Scalar
  var q: V.Scalar
}

/// result = f(value).
enum ValueLoop: UnaryLoop {
  // Never inlined: one function for each operation. In one function for all, the optimiser would take minutes.
  @inline(never)
  static func run<Op: UnaryOperation, V: MathVector>(_: Op.Type, _ arrays: UnaryArrays<V>) { Op.values(arrays) }
}

/// result = upstream · f′.
enum GradientLoop: UnaryLoop {
  @inline(never)
  static func run<Op: UnaryOperation, V: MathVector>(_: Op.Type, _ arrays: UnaryArrays<V>) {
    let p = V(repeating: arrays.p)
    let q = V(repeating: arrays.q)
    @inline(__always) func body(_ value: V, _ upstream: V) -> V { Op.gradient(value, upstream, p, q) }
    V.map(arrays.value, arrays.upstream, arrays.result, arrays.count, body)
  }
}

extension UnaryLoop {
  @inline(__always)
  static func run<V: MathVector>(_ code: Int, _ arrays: UnaryArrays<V>) {
    switch UnaryCode(rawValue: code)! {
    case .absolute: run(AbsoluteOperation.self, arrays)
    case .negate: run(NegationOperation.self, arrays)
    case .sign: run(SignOperation.self, arrays)
    case .square: run(SquareOperation.self, arrays)
    case .squareRoot: run(SquareRootOperation.self, arrays)
    case .reciprocalSquareRoot: run(ReciprocalSquareRootOperation.self, arrays)
    case .reciprocal: run(ReciprocalOperation.self, arrays)
    case .exponential: run(ExponentialOperation.self, arrays)
    case .exponentialMinusOne: run(ExponentialMinusOneOperation.self, arrays)
    case .logarithm: run(LogarithmOperation.self, arrays)
    case .logarithmOfOnePlus: run(LogarithmOfOnePlusOperation.self, arrays)
    case .sine: run(SineOperation.self, arrays)
    case .cosine: run(CosineOperation.self, arrays)
    case .tanh: run(HyperbolicTangentOperation.self, arrays)
    case .sigmoid: run(SigmoidOperation.self, arrays)
    case .errorFunction: run(ErrorFunctionOperation.self, arrays)
    case .power: run(PowerOperation.self, arrays)
    case .clamp: run(ClampOperation.self, arrays)
    case .relu: run(RectifiedLinearOperation.self, arrays)
    case .leakyRelu: run(LeakyRectifiedLinearOperation.self, arrays)
    case .elu: run(ExponentialLinearOperation.self, arrays)
    case .selu: run(ScaledExponentialLinearOperation.self, arrays)
    case .gelu: run(GaussianErrorLinearOperation.self, arrays)
    case .geluTanh: run(TanhGaussianErrorLinearOperation.self, arrays)
    case .silu: run(SigmoidLinearOperation.self, arrays)
    case .mish: run(MishOperation.self, arrays)
    case .softplus: run(SoftplusOperation.self, arrays)
    case .hardSigmoid: run(HardSigmoidOperation.self, arrays)
    case .hardSwish: run(HardSwishOperation.self, arrays)
    case .logSigmoid: run(LogSigmoidOperation.self, arrays)
    }
  }
}

extension FloatKernels {
  /// y = f(x); see `UnaryCode`.
  public static func apply(
    _ code: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int, _ p: Float, _ q: Float
  ) {
    FloatVector.withShortArrays(x, y, count) { x, y, count in
      ValueLoop.run(
        code, UnaryArrays<FloatVector>(value: x, upstream: x, result: y, count: count, p: p, q: q))
    }
  }

  /// gradient = upstream · f′(value); see `UnaryCode`.
  public static func applyGradient(
    _ code: Int, _ value: UnsafePointer<Float>, _ upstream: UnsafePointer<Float>,
    _ gradient: UnsafeMutablePointer<Float>, _ count: Int, _ p: Float, _ q: Float
  ) {
    FloatVector.withShortArrays(value, upstream, gradient, count) { value, upstream, gradient, count in
      GradientLoop.run(
        code,
        UnaryArrays<FloatVector>(value: value, upstream: upstream, result: gradient, count: count, p: p, q: q))
    }
  }
}

extension DoubleKernels {
  /// y = f(x); see `UnaryCode`.
  public static func apply(
    _ code: Int, _ x: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>, _ count: Int, _ p: Double, _ q: Double
  ) {
    DoubleVector.withShortArrays(x, y, count) { x, y, count in
      ValueLoop.run(
        code, UnaryArrays<DoubleVector>(value: x, upstream: x, result: y, count: count, p: p, q: q))
    }
  }

  /// gradient = upstream · f′(value); see `UnaryCode`.
  public static func applyGradient(
    _ code: Int, _ value: UnsafePointer<Double>, _ upstream: UnsafePointer<Double>,
    _ gradient: UnsafeMutablePointer<Double>, _ count: Int, _ p: Double, _ q: Double
  ) {
    DoubleVector.withShortArrays(value, upstream, gradient, count) { value, upstream, gradient, count in
      GradientLoop.run(
        code,
        UnaryArrays<DoubleVector>(value: value, upstream: upstream, result: gradient, count: count, p: p, q: q))
    }
  }
}
