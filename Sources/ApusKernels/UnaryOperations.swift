// The elementwise functions of one variable, each with its backward pass: `gradient` = upstream · derivative.

/// An elementwise function.
protocol UnaryOperation {
  /// The function of x; `p` and `q` are its constants.
  static func value<V: MathVector>(_ x: V, _ p: V, _ q: V) -> V

  /// The backward pass, given what the function was given (`x`), or what it returned (`y`) where the derivative is
  /// simpler in terms of that.
  static func gradient<V: MathVector>(_ value: V, _ upstream: V, _ p: V, _ q: V) -> V

  /// `value` of all numbers of an array.
  static func values<V: MathVector>(_ arrays: UnaryArrays<V>)
}

extension UnaryOperation {
  @inline(__always)
  static func values<V: MathVector>(_ arrays: UnaryArrays<V>) { mappedValues(arrays) }

  @inline(__always)
  static func mappedValues<V: MathVector>(_ arrays: UnaryArrays<V>) {
    let p = V(repeating: arrays.p)
    let q = V(repeating: arrays.q)
    @inline(__always) func body(_ x: V) -> V { value(x, p, q) }
    V.map(arrays.value, arrays.result, arrays.count, body)
  }
}

/// A function without constants that is one call for the few numbers for which its short way does not hold.
///
/// With that call in the loop no constant would stay in a register over it: they would be loaded anew in each turn, at which a core
/// is slower than at the arithmetic. So the short way has a loop of its own, which ends where a register needs the other.
protocol ShortcutOperation: UnaryOperation {
  static func short<V: MathVector>(_ x: V) -> (value: V, holds: V.Mask)
}

extension ShortcutOperation {
  @inline(__always)
  static func values<V: MathVector>(_ arrays: UnaryArrays<V>) {
    guard V.hasShortWays else { return mappedValues(arrays) }
    let (x, y) = (arrays.value, arrays.result)
    let last = arrays.count - V.width
    // The last register overlaps its predecessor, which may be stored over it.
    let tail = V.load(x + last)
    let zero = V(repeating: 0)
    var i = 0
    while true {
      if i < last { i = shortValues(V.self, x, y, from: i, to: last) }
      let isTail = i >= last
      value(isTail ? tail : V.load(x + i), zero, zero).store(y + (isTail ? last : i))
      if isTail { return }
      i += V.width
    }
  }

  /// The registers from `start` up to the first for which the short way does not hold; where that one begins.
  @inline(never)
  static func shortValues<V: MathVector>(
    _: V.Type, _ x: UnsafePointer<V.Scalar>, _ y: UnsafeMutablePointer<V.Scalar>, from start: Int, to end: Int
  ) -> Int {
    var i = start
    repeat {
      let (value, holds) = short(V.load(x + i))
      if !V.all(holds) { return i }
      value.store(y + i)
      i += V.width
    } while i < end
    return i
  }
}

/// |x|; its derivative at 0 is 0.
enum AbsoluteOperation: UnaryOperation {
  @inline(__always)
  static func value<V: MathVector>(_ x: V, _ p: V, _ q: V) -> V {
    x.magnitude
  }

  @inline(__always)
  static func gradient<V: MathVector>(_ x: V, _ upstream: V, _ p: V, _ q: V) -> V {
    (upstream * V(repeating: 1).withSign(of: x)).replacing(with: V(repeating: 0), where: x .== V(repeating: 0))
  }
}

/// −x.
enum NegationOperation: UnaryOperation {
  @inline(__always)
  static func value<V: MathVector>(_ x: V, _ p: V, _ q: V) -> V {
    -x
  }

  @inline(__always)
  static func gradient<V: MathVector>(_ x: V, _ upstream: V, _ p: V, _ q: V) -> V {
    -upstream
  }
}

/// −1, 0, 1, or NaN.
enum SignOperation: UnaryOperation {
  @inline(__always)
  static func value<V: MathVector>(_ x: V, _ p: V, _ q: V) -> V {
    x.replacing(with: V(repeating: 1).withSign(of: x), where: V(repeating: 0) .< x.magnitude)
  }

  @inline(__always)
  static func gradient<V: MathVector>(_ x: V, _ upstream: V, _ p: V, _ q: V) -> V {
    V(repeating: 0)
  }
}

/// x².
enum SquareOperation: UnaryOperation {
  @inline(__always)
  static func value<V: MathVector>(_ x: V, _ p: V, _ q: V) -> V {
    x * x
  }

  @inline(__always)
  static func gradient<V: MathVector>(_ x: V, _ upstream: V, _ p: V, _ q: V) -> V {
    upstream * (x + x)
  }
}

/// √x.
enum SquareRootOperation: UnaryOperation {
  @inline(__always)
  static func value<V: MathVector>(_ x: V, _ p: V, _ q: V) -> V {
    x.squareRoot()
  }

  @inline(__always)
  static func gradient<V: MathVector>(_ y: V, _ upstream: V, _ p: V, _ q: V) -> V {
    upstream * (V(repeating: 0.5) / y)
  }
}

/// 1 / √x.
enum ReciprocalSquareRootOperation: UnaryOperation {
  @inline(__always)
  static func value<V: MathVector>(_ x: V, _ p: V, _ q: V) -> V {
    x.reciprocalSquareRoot()
  }

  @inline(__always)
  static func gradient<V: MathVector>(_ y: V, _ upstream: V, _ p: V, _ q: V) -> V {
    -(upstream * V(repeating: 0.5) * (y * y * y))
  }
}

/// 1 / x.
enum ReciprocalOperation: UnaryOperation {
  @inline(__always)
  static func value<V: MathVector>(_ x: V, _ p: V, _ q: V) -> V {
    V(repeating: 1) / x
  }

  @inline(__always)
  static func gradient<V: MathVector>(_ y: V, _ upstream: V, _ p: V, _ q: V) -> V {
    -(upstream * (y * y))
  }
}

/// eˣ.
enum ExponentialOperation: UnaryOperation {
  @inline(__always)
  static func value<V: MathVector>(_ x: V, _ p: V, _ q: V) -> V {
    x.branchingExponential()
  }

  @inline(__always)
  static func gradient<V: MathVector>(_ y: V, _ upstream: V, _ p: V, _ q: V) -> V {
    upstream * y
  }
}

/// eˣ − 1.
enum ExponentialMinusOneOperation: UnaryOperation {
  @inline(__always)
  static func value<V: MathVector>(_ x: V, _ p: V, _ q: V) -> V {
    x.exponentialMinusOne()
  }

  @inline(__always)
  static func gradient<V: MathVector>(_ y: V, _ upstream: V, _ p: V, _ q: V) -> V {
    upstream * (y + V(repeating: 1))
  }
}

/// log x.
enum LogarithmOperation: UnaryOperation {
  @inline(__always)
  static func value<V: MathVector>(_ x: V, _ p: V, _ q: V) -> V {
    x.logarithm()
  }

  @inline(__always)
  static func gradient<V: MathVector>(_ x: V, _ upstream: V, _ p: V, _ q: V) -> V {
    upstream / x
  }
}

/// log(1 + x).
enum LogarithmOfOnePlusOperation: UnaryOperation {
  @inline(__always)
  static func value<V: MathVector>(_ x: V, _ p: V, _ q: V) -> V {
    x.logarithmOfOnePlus()
  }

  @inline(__always)
  static func gradient<V: MathVector>(_ x: V, _ upstream: V, _ p: V, _ q: V) -> V {
    upstream / (V(repeating: 1) + x)
  }
}

/// sin x.
enum SineOperation: UnaryOperation {
  @inline(__always)
  static func value<V: MathVector>(_ x: V, _ p: V, _ q: V) -> V {
    // The sum of the parts of a reduced angle makes +0 of −0.
    x.trigonometric(quarterTurns: 0).replacing(with: x, where: x .== V(repeating: 0))
  }

  @inline(__always)
  static func gradient<V: MathVector>(_ x: V, _ upstream: V, _ p: V, _ q: V) -> V {
    upstream * x.trigonometric(quarterTurns: 1)
  }
}

/// cos x.
enum CosineOperation: UnaryOperation {
  @inline(__always)
  static func value<V: MathVector>(_ x: V, _ p: V, _ q: V) -> V {
    x.trigonometric(quarterTurns: 1)
  }

  @inline(__always)
  static func gradient<V: MathVector>(_ x: V, _ upstream: V, _ p: V, _ q: V) -> V {
    -(upstream * x.trigonometric(quarterTurns: 0))
  }
}

/// tanh x.
enum HyperbolicTangentOperation: UnaryOperation {
  @inline(__always)
  static func value<V: MathVector>(_ x: V, _ p: V, _ q: V) -> V {
    x.hyperbolicTangent()
  }

  @inline(__always)
  static func gradient<V: MathVector>(_ y: V, _ upstream: V, _ p: V, _ q: V) -> V {
    upstream * (V(repeating: 1) - y * y)
  }
}

/// 1 / (1 + e⁻ˣ).
enum SigmoidOperation: UnaryOperation {
  @inline(__always)
  static func value<V: MathVector>(_ x: V, _ p: V, _ q: V) -> V {
    x.sigmoid()
  }

  @inline(__always)
  static func gradient<V: MathVector>(_ y: V, _ upstream: V, _ p: V, _ q: V) -> V {
    upstream * (y * (V(repeating: 1) - y))
  }
}

/// erf x; the derivative is a Gaussian at √2 x.
enum ErrorFunctionOperation: UnaryOperation {
  @inline(__always)
  static func value<V: MathVector>(_ x: V, _ p: V, _ q: V) -> V {
    x.errorFunction()
  }

  @inline(__always)
  static func gradient<V: MathVector>(_ x: V, _ upstream: V, _ p: V, _ q: V) -> V {
    upstream * (V(repeating: 1.1283791670955126) * (x * V(repeating: 1.4142135623730951)).gaussian())
  }
}

/// xᵖ.
enum PowerOperation: UnaryOperation {
  @inline(__always)
  static func value<V: MathVector>(_ x: V, _ p: V, _ q: V) -> V {
    x.power(p)
  }

  @inline(__always)
  static func gradient<V: MathVector>(_ x: V, _ upstream: V, _ p: V, _ q: V) -> V {
    (upstream * (p * x.power(p - V(repeating: 1)))).replacing(with: V(repeating: 0), where: p .== V(repeating: 0))
  }
}

/// x limited to p … q.
enum ClampOperation: UnaryOperation {
  @inline(__always)
  static func value<V: MathVector>(_ x: V, _ p: V, _ q: V) -> V {
    x.atLeast(p).atMost(q)
  }

  @inline(__always)
  static func gradient<V: MathVector>(_ x: V, _ upstream: V, _ p: V, _ q: V) -> V {
    upstream.replacing(with: V(repeating: 0), where: x .< p).replacing(with: V(repeating: 0), where: q .< x)
  }
}

/// max(x, 0).
enum RectifiedLinearOperation: UnaryOperation {
  @inline(__always)
  static func value<V: MathVector>(_ x: V, _ p: V, _ q: V) -> V {
    x.atLeast(V(repeating: 0))
  }

  @inline(__always)
  static func gradient<V: MathVector>(_ y: V, _ upstream: V, _ p: V, _ q: V) -> V {
    upstream.replacing(with: V(repeating: 0), where: y .<= V(repeating: 0))
  }
}

/// x, or p x where x ≤ 0.
enum LeakyRectifiedLinearOperation: UnaryOperation {
  @inline(__always)
  static func value<V: MathVector>(_ x: V, _ p: V, _ q: V) -> V {
    (x * p).replacing(with: x, where: V(repeating: 0) .< x)
  }

  @inline(__always)
  static func gradient<V: MathVector>(_ x: V, _ upstream: V, _ p: V, _ q: V) -> V {
    (upstream * p).replacing(with: upstream, where: V(repeating: 0) .< x)
  }
}

/// x, or p (eˣ − 1) where x ≤ 0.
enum ExponentialLinearOperation: UnaryOperation {
  @inline(__always)
  static func value<V: MathVector>(_ x: V, _ p: V, _ q: V) -> V {
    (p * x.exponentialMinusOne()).replacing(with: x, where: V(repeating: 0) .< x)
  }

  @inline(__always)
  static func gradient<V: MathVector>(_ x: V, _ upstream: V, _ p: V, _ q: V) -> V {
    (upstream * (p * x.exponential())).replacing(with: upstream, where: V(repeating: 0) .< x)
  }
}
