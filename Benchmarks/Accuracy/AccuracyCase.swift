import ApusCompute

/// An elementwise function as the measurement names it, and the error that it keeps.
package struct AccuracyCase: Sendable {
  package let name: String
  package let function: UnaryFunction
  /// The largest error of any finite result, in units in the last place.
  package let bound: Double

  init(_ name: String, _ function: UnaryFunction, bound: Double) {
    self.name = name
    self.function = function
    self.bound = bound
  }

  /// Every elementwise function. Constants are numbers that a `Float` holds, so that they are the same for the reference.
  package static let all: [AccuracyCase] = [
    AccuracyCase("abs", .abs, bound: 0.5),
    AccuracyCase("negate", .negate, bound: 0.5),
    AccuracyCase("sign", .sign, bound: 0.5),
    AccuracyCase("square", .square, bound: 0.5),
    AccuracyCase("sqrt", .sqrt, bound: 1),
    AccuracyCase("rsqrt", .rsqrt, bound: 1),
    AccuracyCase("reciprocal", .reciprocal, bound: 0.5),
    AccuracyCase("exp", .exp, bound: 2),
    AccuracyCase("expm1", .expm1, bound: 2),
    AccuracyCase("log", .log, bound: 2),
    AccuracyCase("log1p", .log1p, bound: 2),
    AccuracyCase("sin", .sin, bound: 2),
    AccuracyCase("cos", .cos, bound: 2),
    AccuracyCase("tanh", .tanh, bound: 2),
    AccuracyCase("sigmoid", .sigmoid, bound: 2),
    AccuracyCase("erf", .erf, bound: 4),
    AccuracyCase("pow(2.5)", .pow(2.5), bound: 2),
    AccuracyCase("pow(-2)", .pow(-2), bound: 2),
    AccuracyCase("pow(3)", .pow(3), bound: 2),
    AccuracyCase("clamp(-0.5, 1.25)", .clamp(min: -0.5, max: 1.25), bound: 0.5),
    AccuracyCase("relu", .relu, bound: 0.5),
    AccuracyCase("leakyRelu(0.25)", .leakyRelu(slope: 0.25), bound: 0.5),
    AccuracyCase("elu(1)", .elu(alpha: 1), bound: 2),
    AccuracyCase("selu", .selu, bound: 2),
    AccuracyCase("gelu", .gelu, bound: 4),
    AccuracyCase("geluTanh", .geluTanh, bound: 4),
    AccuracyCase("silu", .silu, bound: 2),
    AccuracyCase("mish", .mish, bound: 2),
    AccuracyCase("softplus(1, 20)", .softplus(beta: 1, threshold: 20), bound: 2),
    AccuracyCase("hardSigmoid", .hardSigmoid, bound: 2),
    AccuracyCase("hardSwish", .hardSwish, bound: 2),
    AccuracyCase("logSigmoid", .logSigmoid, bound: 2),
  ]
}
