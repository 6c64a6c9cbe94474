/// The elementwise functions of one variable, by number.
///
/// A number, because the drivers talk to three builds of this source: they name the function with this type of the
/// baseline build, and hand its raw value to whichever build runs.
public enum UnaryCode: Int, CaseIterable, Sendable {
  case absolute, negate, sign, square, squareRoot, reciprocalSquareRoot, reciprocal
  case exponential, exponentialMinusOne, logarithm, logarithmOfOnePlus
  case sine, cosine, tanh, sigmoid, errorFunction
  case power, clamp
  case relu, leakyRelu, elu, selu, gelu, geluTanh, silu, mish, softplus, hardSigmoid, hardSwish, logSigmoid
}

/// The elementwise functions of two variables, by number; see `UnaryCode`.
public enum BinaryCode: Int, CaseIterable, Sendable {
  case add, subtract, multiply, divide, maximum, minimum, power
  case less, lessEqual, greater, greaterEqual, equal, notEqual
}

/// The functions that reduce many numbers to one, by number; see `UnaryCode`.
public enum ReductionCode: Int, CaseIterable, Sendable {
  case sum, mean, product, maximum, minimum, sumOfSquares, sumOfMagnitudes, maximumMagnitude
}
