import ApusCompute

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The value of an elementwise function as its definition gives it, in `Double` and with the C library's functions. Good
/// for some 2⁻⁴⁵, relative, wherever the function is not zero: next to a `Float`, exact.
package func exactValue(_ function: UnaryFunction, _ x: Double) -> Double {
  switch function {
  case .abs: return Swift.abs(x)
  case .negate: return -x
  case .sign: return x > 0 ? 1 : x < 0 ? -1 : x
  case .square: return x * x
  case .sqrt: return x.squareRoot()
  case .rsqrt: return 1 / x.squareRoot()
  case .reciprocal: return 1 / x
  case .exp: return exp(x)
  case .expm1: return expm1(x)
  case .log: return log(x)
  case .log1p: return log1p(x)
  case .sin: return sin(x)
  case .cos: return cos(x)
  case .tanh: return tanh(x)
  case .sigmoid: return sigmoid(x)
  case .erf: return erf(x)
  case .pow(let p): return pow(x, p)
  case .clamp(let low, let high): return x < low ? low : x > high ? high : x
  case .relu: return x < 0 ? 0 : x
  case .leakyRelu(let slope): return x > 0 ? x : slope * x
  case .elu(let alpha): return x > 0 ? x : alpha * expm1(x)
  case .selu: return seluScale * (x > 0 ? x : seluAlpha * expm1(x))
  case .gelu: return gelu(x)
  case .geluTanh: return x * sigmoid(2 * (2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x))
  case .silu: return x * sigmoid(x)
  case .mish: return x * tanh(softplus(x))
  case .softplus(let beta, let threshold): return beta * x > threshold ? x : softplus(beta * x) / beta
  // x + 3 keeps the digits that x / 6 + ½ loses near −3.
  case .hardSigmoid: return Swift.min(Swift.max((x + 3) / 6, 0), 1)
  case .hardSwish: return x * Swift.min(Swift.max((x + 3) / 6, 0), 1)
  case .logSigmoid: return -softplus(-x)
  }
}

private let seluScale = 1.0507009873554804934193349852946
private let seluAlpha = 1.6732632423543772848170429916717

private func sigmoid(_ x: Double) -> Double { x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x)) }

private func softplus(_ x: Double) -> Double { x > 0 ? x + log1p(exp(-x)) : log1p(exp(x)) }

private func gelu(_ x: Double) -> Double {
  // The rounding error of x/√2 counts x² times in erfc: its effect is added by the derivative.
  let (root, rootLow) = (0.5.squareRoot(), -4.833646656726457e-17)
  let t = -x * root
  let error = (-t).addingProduct(-x, root) - x * rootLow
  return x * 0.5 * (erfc(t) - (x.isFinite ? 2 / Double.pi.squareRoot() * exp(-t * t) * error : 0))
}
