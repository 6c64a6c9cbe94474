// The activations that are made of other functions, each with its backward pass.

/// The self-normalising ELU: scale · (x, or alpha (eˣ − 1) where x ≤ 0), with the constants of its authors.
enum ScaledExponentialLinearOperation: UnaryOperation {
  @inline(__always) static func scale<V: MathVector>(_: V.Type) -> V { V(repeating: 1.0507009873554805) }
  @inline(__always) static func scaledAlpha<V: MathVector>(_: V.Type) -> V { V(repeating: 1.7580993408473766) }

  @inline(__always)
  static func value<V: MathVector>(_ x: V, _ p: V, _ q: V) -> V {
    (scaledAlpha(V.self) * x.exponentialMinusOne()).replacing(with: scale(V.self) * x, where: V(repeating: 0) .< x)
  }

  @inline(__always)
  static func gradient<V: MathVector>(_ x: V, _ upstream: V, _ p: V, _ q: V) -> V {
    upstream * (scaledAlpha(V.self) * x.exponential()).replacing(with: scale(V.self), where: V(repeating: 0) .< x)
  }
}

/// x Φ(x). With φ = Φ′ the derivative is Φ(x) + x φ(x); both come from one exponential.
enum GaussianErrorLinearOperation: ShortcutOperation {
  @inline(__always)
  static func short<V: MathVector>(_ x: V) -> (value: V, holds: V.Mask) { x.shortTimesNormalDistribution() }

  @inline(__always)
  static func value<V: MathVector>(_ x: V, _ p: V, _ q: V) -> V {
    x.timesNormalDistribution()
  }

  @inline(__always)
  static func gradient<V: MathVector>(_ x: V, _ upstream: V, _ p: V, _ q: V) -> V {
    let (distribution, gaussian) = x.normalDistribution()
    return upstream * distribution.adding(x * V(repeating: 0.3989422804014327), times: gaussian)
  }
}

/// GELU's tanh form. As ½ (1 + tanh u) = sigmoid(2u), it is x · sigmoid(g), g = 2 √(2/π) (x + 0.044715 x³), and its
/// derivative s + x s (1 − s) g′ with s = sigmoid(g).
enum TanhGaussianErrorLinearOperation: ShortcutOperation {
  @inline(__always)
  static func short<V: MathVector>(_ x: V) -> (value: V, holds: V.Mask) { x.shortTimesTanhGate() }

  @inline(__always)
  static func gate<V: MathVector>(_ x: V) -> V {
    let inner = V(repeating: 1).adding(V(repeating: 0.044715) * x, times: x)
    return x * inner * V(repeating: 1.5957691216057308)
  }

  @inline(__always)
  static func value<V: MathVector>(_ x: V, _ p: V, _ q: V) -> V {
    x.timesTanhGate()
  }

  @inline(__always)
  static func gradient<V: MathVector>(_ x: V, _ upstream: V, _ p: V, _ q: V) -> V {
    let one = V(repeating: 1)
    let s = gate(x).sigmoid()
    let slope = one.adding(V(repeating: 0.134145) * x, times: x) * V(repeating: 1.5957691216057308)
    return upstream * s.adding(x * s * (one - s), times: slope)
  }
}

extension MathVector {
  /// The gate of GELU's tanh form as high + low: an error in g counts g times as much in the exponential.
  @inline(__always)
  func extendedTanhGate() -> (high: Self, low: Self) {
    let (scale, scaleLow, factor, factorLow) = Self.tanhGate
    let one = Self(repeating: 1)
    // Beyond this the sigmoid is 0 or 1, and the square might overflow.
    let x = atLeast(Self(repeating: -40)).atMost(Self(repeating: 40))
    let square = x * x
    let cubic = Self(repeating: factor) * square
    let cubicLow = Self(repeating: factor).productError(square, cubic)
      .adding(Self(repeating: factor), times: x.productError(x, square)).adding(
        Self(repeating: factorLow), times: square)
    let inner = one + cubic
    let part = inner - one
    let innerLow = ((one - (inner - part)) + (cubic - part)) + cubicLow
    let front = x * Self(repeating: scale)
    let frontLow = x.productError(Self(repeating: scale), front).adding(x, times: Self(repeating: scaleLow))
    let high = front * inner
    return (high, front.productError(inner, high).adding(front, times: innerLow).adding(frontLow, times: inner))
  }

  /// x · sigmoid(g).
  @inline(__always)
  func timesTanhGate() -> Self { Self.choose(shortTimesTanhGate()) { generalTimesTanhGate() } }

  /// x · sigmoid(g) of any number.
  @inline(__always)
  func generalTimesTanhGate() -> Self {
    let (high, low) = extendedTanhGate()
    let correction = (-low).replacing(with: low, where: high .< Self(repeating: 0))
    return timesSigmoid(of: high, (-high.magnitude).exponentialFactors(correctedBy: correction))
      .replacing(with: self, where: self .== Self.infinity)
  }
}

/// x · sigmoid(x); derivative s + x s (1 − s).
enum SigmoidLinearOperation: UnaryOperation {
  @inline(__always)
  static func value<V: MathVector>(_ x: V, _ p: V, _ q: V) -> V {
    x.timesSigmoid()
  }

  @inline(__always)
  static func gradient<V: MathVector>(_ x: V, _ upstream: V, _ p: V, _ q: V) -> V {
    let s = x.sigmoid()
    return upstream * s.adding(x * s, times: V(repeating: 1) - s)
  }
}

/// x · t with t = tanh(log(1 + eˣ)); derivative t + x (1 − t²) sigmoid(x).
enum MishOperation: UnaryOperation {
  /// t and 1 − t, both without cancellation.
  ///
  /// With e = e⁻|ˣ|: t = (1 + 2e) / (1 + 2e + 2e²) for x ≥ 0, and e (e + 2) / (e (e + 2) + 2) for x < 0.
  @inline(__always)
  static func tanhSoftplus<V: MathVector>(_ x: V) -> (value: V, complement: V) {
    let e = (-x.magnitude).exponential()
    let two = V(repeating: 2)
    let isNegative = x .< V(repeating: 0)
    let numerator = V(repeating: 1).adding(two, times: e).replacing(with: e * (e + two), where: isNegative)
    let rest = (two * e * e).replacing(with: two, where: isNegative)
    let inverse = V(repeating: 1) / (numerator + rest)
    return (numerator * inverse, rest * inverse)
  }

  @inline(__always)
  static func value<V: MathVector>(_ x: V, _ p: V, _ q: V) -> V {
    let factors = (-x.magnitude).exponentialFactors(correctedBy: V(repeating: 0))
    let e = factors.product
    let two = V(repeating: 2)
    let isNegative = x .< V(repeating: 0)
    // Numerator and denominator of t as high + low. On the negative side the numerator is that of e's significand: its power
    // of two comes last, since t underflows before x t does.
    let large = V(repeating: 1).replacing(with: two, where: isNegative)
    let small = (e + e).replacing(with: e, where: isNegative)
    let sum = large + small
    let sumLow = small - (sum - large)
    let scaled = factors.significand * sum
    let scaledLow = factors.significand.productError(sum, scaled).adding(factors.significand, times: sumLow)
      .adding(factors.low, times: sum)
    let top = sum.replacing(with: scaled, where: isNegative)
    let topLow = sumLow.replacing(with: scaledLow, where: isNegative)
    let part = sum.replacing(with: factors.scale(scaled), where: isNegative)
    let rest = (two * e * e).replacing(with: two, where: isNegative)
    let bottom = part + rest
    let restRounded = bottom - part
    let bottomLow =
      ((part - (bottom - restRounded)) + (rest - restRounded))
      + sumLow.replacing(with: factors.scale(scaledLow), where: isNegative)
    let inverse = V(repeating: 1) / bottom
    let y = top * inverse
    let back = y * bottom
    let remainder = (((top - back) - y.productError(bottom, back)) + topLow).adding(-y, times: bottomLow)
    let product = (x * (remainder * inverse)).adding(x, times: y)
    return product.replacing(with: factors.scale(product), where: isNegative).vanishing(x, where: x)
      .replacing(with: x, where: x .== V.infinity)
  }

  @inline(__always)
  static func gradient<V: MathVector>(_ x: V, _ upstream: V, _ p: V, _ q: V) -> V {
    let (t, complement) = tanhSoftplus(x)
    return upstream * t.adding(x * (complement * (V(repeating: 1) + t)), times: x.sigmoid())
  }
}

/// log(1 + eᵖˣ) / p, and x itself where p x > q.
enum SoftplusOperation: UnaryOperation {
  @inline(__always)
  static func value<V: MathVector>(_ x: V, _ p: V, _ q: V) -> V {
    let scaled = x * p
    return (scaled.softplus() / p).replacing(with: x, where: q .< scaled)
  }

  @inline(__always)
  static func gradient<V: MathVector>(_ x: V, _ upstream: V, _ p: V, _ q: V) -> V {
    let scaled = x * p
    return (upstream * scaled.sigmoid()).replacing(with: upstream, where: q .< scaled)
  }
}

/// min(max((x + 3) / 6, 0), 1).
enum HardSigmoidOperation: UnaryOperation {
  @inline(__always)
  static func value<V: MathVector>(_ x: V, _ p: V, _ q: V) -> V {
    // Near −3 the sum x / 6 + ½ loses digits; there x + 3 is exact.
    let sixth = V(repeating: 1.0 / 6)
    return V(repeating: 0.5).adding(x, times: sixth)
      .replacing(with: (x + V(repeating: 3)) * sixth, where: x .< V(repeating: -1.5))
      .atLeast(V(repeating: 0)).atMost(V(repeating: 1))
  }

  @inline(__always)
  static func gradient<V: MathVector>(_ x: V, _ upstream: V, _ p: V, _ q: V) -> V {
    (upstream * V(repeating: 1.0 / 6)).replacing(with: V(repeating: 0), where: V(repeating: 3) .<= x.magnitude)
  }
}

/// x · hardSigmoid(x); derivative x / 3 + ½ in the middle.
enum HardSwishOperation: UnaryOperation {
  @inline(__always)
  static func value<V: MathVector>(_ x: V, _ p: V, _ q: V) -> V {
    x * HardSigmoidOperation.value(x, p, q)
  }

  @inline(__always)
  static func gradient<V: MathVector>(_ x: V, _ upstream: V, _ p: V, _ q: V) -> V {
    let middle = upstream * V(repeating: 0.5).adding(x, times: V(repeating: 1.0 / 3))
    return middle.replacing(with: V(repeating: 0), where: x .<= V(repeating: -3))
      .replacing(with: upstream, where: V(repeating: 3) .<= x)
  }
}

/// log(sigmoid(x)) = −softplus(−x); derivative sigmoid(−x).
enum LogSigmoidOperation: UnaryOperation {
  @inline(__always)
  static func value<V: MathVector>(_ x: V, _ p: V, _ q: V) -> V {
    -(-x).softplus()
  }

  @inline(__always)
  static func gradient<V: MathVector>(_ x: V, _ upstream: V, _ p: V, _ q: V) -> V {
    upstream * (-x).sigmoid()
  }
}
