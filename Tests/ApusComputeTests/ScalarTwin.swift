#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

import Accuracy

@testable import ApusCompute

/// The naive twins: each operation written down as its definition, in scalar `Double`, to hold the kernels against.
enum ScalarTwin {
  static func value<T: ComputeScalar>(_ function: UnaryFunction, _ x: T) -> T {
    T(exactValue(function, Double(x)))
  }

  static func derivative<T: ComputeScalar>(_ function: UnaryFunction, _ x: T) -> T {
    T(derivative(function, Double(x)))
  }

  static func softplus(_ x: Double) -> Double { x > 0 ? x + log1p(exp(-x)) : log1p(exp(x)) }
  static func sigmoid(_ x: Double) -> Double { x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x)) }
  static let seluScale = 1.0507009873554804934193349852946
  static let seluAlpha = 1.6732632423543772848170429916717

  static func derivative(_ function: UnaryFunction, _ x: Double) -> Double {
    switch function {
    case .abs: return x > 0 ? 1 : x < 0 ? -1 : 0
    case .negate: return -1
    case .sign: return 0
    case .square: return 2 * x
    case .sqrt: return 0.5 / x
    case .rsqrt: return -0.5 * x * x * x
    case .reciprocal: return -x * x
    case .exp: return x
    case .expm1: return x + 1
    case .log: return 1 / x
    case .log1p: return 1 / (1 + x)
    case .sin: return cos(x)
    case .cos: return -sin(x)
    case .tanh: return 1 - x * x
    case .sigmoid: return x * (1 - x)
    case .erf: return 2 / Double.pi.squareRoot() * exp(-x * x)
    case .pow(let p): return p == 0 ? 0 : p * pow(x, p - 1)
    case .clamp(let low, let high): return x >= low && x <= high ? 1 : 0
    case .relu: return x > 0 ? 1 : 0
    case .leakyRelu(let slope): return x > 0 ? 1 : slope
    case .elu(let alpha): return x > 0 ? 1 : alpha * exp(x)
    case .selu: return seluScale * (x > 0 ? 1 : seluAlpha * exp(x))
    case .gelu:
      return 0.5 * erfc(-x * 0.5.squareRoot()) + x * exp(-0.5 * x * x) / (2 * Double.pi).squareRoot()
    case .geluTanh:
      let c = 2 * (2 / Double.pi).squareRoot()
      let s = sigmoid(c * (x + 0.044715 * x * x * x))
      return s + x * s * (1 - s) * c * (1 + 3 * 0.044715 * x * x)
    case .silu: return sigmoid(x) * (1 + x * (1 - sigmoid(x)))
    case .mish:
      let t = tanh(softplus(x))
      return t + x * (1 - t * t) * sigmoid(x)
    case .softplus(let beta, let threshold): return beta * x > threshold ? 1 : sigmoid(beta * x)
    case .hardSigmoid: return x > -3 && x < 3 ? 1.0 / 6 : 0
    case .hardSwish: return x <= -3 ? 0 : x < 3 ? x / 3 + 0.5 : 1
    case .logSigmoid: return sigmoid(-x)
    }
  }
}

extension ScalarTwin {
  static func value<T: ComputeScalar>(_ function: BinaryFunction, _ a: T, _ b: T) -> T {
    switch function {
    case .add: a + b
    case .subtract: a - b
    case .multiply: a * b
    case .divide: a / b
    case .maximum: a != a || a > b ? a : b
    case .minimum: a != a || a < b ? a : b
    case .power: T(pow(Double(a), Double(b)))
    case .less: a < b ? 1 : 0
    case .lessEqual: a <= b ? 1 : 0
    case .greater: a > b ? 1 : 0
    case .greaterEqual: a >= b ? 1 : 0
    case .equal: a == b ? 1 : 0
    case .notEqual: a != b ? 1 : 0
    }
  }

  static func offset(_ index: [Int], _ strides: [Int]) -> Int {
    var sum = 0
    for d in index.indices { sum += index[d] * strides[d] }
    return sum
  }

  static func forEachIndex(_ shape: [Int], _ body: ([Int]) -> Void) {
    let total = shape.reduce(1, *)
    var index = [Int](repeating: 0, count: shape.count)
    for _ in 0..<total {
      body(index)
      for d in shape.indices.reversed() {
        index[d] += 1
        if index[d] < shape[d] { break }
        index[d] = 0
      }
    }
  }
}

extension ScalarTwin {
  static func add(_ value: Double, _ total: inout Double, _ lost: inout Double) {
    let sum = total + value
    lost += abs(total) >= abs(value) ? (total - sum) + value : (value - sum) + total
    total = sum
  }

  static func reduce<T: ComputeScalar>(_ function: ReductionFunction, _ x: UnsafePointer<T>, _ n: Int, _ step: Int)
    -> T
  {
    var total = 0.0
    // Neumaier's sums carry what rounding loses.
    var lost = 0.0
    var product = 1.0
    var low = Double.infinity
    var high = -Double.infinity
    var squares = 0.0
    var squaresLost = 0.0
    var magnitudes = 0.0
    var magnitudesLost = 0.0
    var greatest = 0.0
    for k in 0..<n {
      let value = Double(x[k * step])
      add(value, &total, &lost)
      product *= value
      add(value * value, &squares, &squaresLost)
      add(abs(value), &magnitudes, &magnitudesLost)
      low = low != low || low < value ? low : value
      high = high != high || high > value ? high : value
      greatest = greatest != greatest || greatest > abs(value) ? greatest : abs(value)
    }
    switch function {
    case .sum: return T(total + lost)
    case .mean: return T((total + lost) / Double(n))
    case .product: return T(product)
    case .maximum: return T(high)
    case .minimum: return T(low)
    case .sumOfSquares: return T(squares + squaresLost)
    case .sumOfMagnitudes: return T(magnitudes + magnitudesLost)
    case .maximumMagnitude: return T(greatest)
    }
  }
}

extension ScalarTwin {
  static func forEachColumn(_ outer: Int, _ count: Int, _ inner: Int, _ body: (Int) -> Void) {
    for o in 0..<outer {
      for i in 0..<inner { body(o * count * inner + i) }
    }
  }

  static func logSumExp<T: ComputeScalar>(_ x: UnsafePointer<T>, _ n: Int, _ step: Int) -> Double {
    var high = -Double.infinity
    for k in 0..<n {
      let value = Double(x[k * step])
      high = high != high || high > value ? high : value
    }
    if high == -.infinity || high == .infinity { return high }
    var total = 0.0
    for k in 0..<n { total += exp(Double(x[k * step]) - high) }
    return high + log(total)
  }
}
