// exp and what is made of it. One reduction serves all: x = n ln 2 + r with |r| ≤ ½ ln 2, and
// exp(r) − 1 = r + r² P(r), P a minimax polynomial.

extension MathVector {
  /// n and r of x = n ln 2 + r; n as a number, and in the low bits of the third result.
  @inline(__always)
  static func splitByLn2(_ x: Self) -> (n: Self, r: Self, magic: Self) {
    let magic = Self(repeating: roundingMagic).adding(x, times: Self(repeating: 1.4426950408889634))
    let n = magic - Self(repeating: roundingMagic)
    // n has few bits and ln2High few enough that their product is exact: no fused multiply needed.
    let r = x.adding(n, times: Self(repeating: -ln2High)).adding(n, times: Self(repeating: -ln2Low))
    return (n, r, magic)
  }

  /// e to the power `self + low`, where `low` is a correction that may be smaller than the last place of self.
  @inline(__always)
  func exponential(correctedBy low: Self) -> Self { exponentialFactors(correctedBy: low).product }

  /// eˣ.
  @inline(__always)
  func exponential() -> Self { exponentialFactors().product }

  /// e to the power `self + low`, taken apart.
  @inline(__always)
  func exponentialFactors(correctedBy low: Self) -> ExponentialFactors<Self> {
    // Beyond the limits nothing changes any more: 0 or ∞. NaN passes both.
    let x = atLeast(Self(repeating: Self.exponentialLimits.low)).atMost(Self(repeating: Self.exponentialLimits.high))
    let (_, reduced, magic) = Self.splitByLn2(x)
    let r = reduced + low
    // 1 + r with its rounding error, which joins the small rest: the callers care for the last half unit.
    let one = Self(repeating: 1)
    let sum = one + r
    let lost = (one - sum) + r
    let rest = lost.adding(r * r, times: Self.exponentialTail(r))
    let significand = sum + rest
    return ExponentialFactors(significand, low: rest - (significand - sum), magic: magic)
  }

  /// e to the power `self + low`, taken apart, the significand but for a unit in the last place.
  @inline(__always)
  func nearExponentialFactors(correctedBy low: Self) -> ExponentialFactors<Self> {
    let x = atLeast(Self(repeating: Self.exponentialLimits.low)).atMost(Self(repeating: Self.exponentialLimits.high))
    let (_, reduced, magic) = Self.splitByLn2(x)
    let r = reduced + low
    let significand = Self(repeating: 1) + r.adding(r * r, times: Self.exponentialTail(r))
    return ExponentialFactors(significand, low: Self(repeating: 0), magic: magic)
  }

  /// eˣ, taken apart.
  @inline(__always)
  func exponentialFactors() -> ExponentialFactors<Self> {
    let x = atLeast(Self(repeating: Self.exponentialLimits.low)).atMost(Self(repeating: Self.exponentialLimits.high))
    let (_, r, magic) = Self.splitByLn2(x)
    let significand = Self(repeating: 1) + r.adding(r * r, times: Self.exponentialTail(r))
    return ExponentialFactors(significand, low: Self(repeating: 0), magic: magic)
  }

  /// eˣ − 1 for |x| so small that 2ⁿ is a normal number.
  @inline(__always)
  func boundedExponentialMinusOne() -> Self {
    let (_, r, magic) = Self.splitByLn2(self)
    let p = r.adding(r * r, times: Self.exponentialTail(r))
    let scale = Self(bits: magic.bits.shiftedUp(Self.significandBits) &+ Self.bitsOfOne)
    return (scale - Self(repeating: 1)).adding(p, times: scale)
  }

  /// eˣ − 1.
  @inline(__always)
  func exponentialMinusOne() -> Self {
    // Below −40 the result is −1 in either format; above, 2ⁿ overflows one step before the result does.
    let x = atLeast(Self(repeating: -40)).atMost(Self(repeating: Self.exponentialLimits.high))
    let (_, r, magic) = Self.splitByLn2(x)
    let p = r.adding(r * r, times: Self.exponentialTail(r))
    let halfScale = Self(
      bits: (magic.bits &- Self.Bits(repeating: 1)).shiftedUp(Self.significandBits) &+ Self.bitsOfOne)
    let halfResult = (halfScale - Self(repeating: 0.5)).adding(p, times: halfScale)
    // The tiniest numbers are their own result; half of them would lose a bit, and −0 its sign.
    return (halfResult + halfResult)
      .replacing(with: self, where: magnitude .< Self(repeating: 2 * Self.smallestNormal))
  }

  /// 1 / (1 + e⁻ˣ), written with e⁻|ˣ| so that neither end loses digits.
  @inline(__always)
  func sigmoid() -> Self {
    let e = (-magnitude).exponential()
    let numerator = Self(repeating: 1).replacing(with: e, where: self .< Self(repeating: 0))
    let one = Self(repeating: 1)
    let denominator = one + e
    let y = numerator / denominator
    // What rounding the denominator lost, put back: 1 / denominator is the larger of y and 1 − y.
    let lost = e - (denominator - one)
    return y - (y * lost) * (one - y).atLeast(y)
  }

  /// `self · sigmoid(gate)`. On the negative side the sigmoid underflows before the product does, so its power of two
  /// comes last.
  @inline(__always)
  func timesSigmoid(of gate: Self, _ factors: ExponentialFactors<Self>) -> Self {
    let one = Self(repeating: 1)
    let isNegative = gate .< Self(repeating: 0)
    let numerator = one.replacing(with: factors.significand, where: isNegative)
    let numeratorLow = Self(repeating: 0).replacing(with: factors.low, where: isNegative)
    let (y, low) = Self.quotient(numerator, numeratorLow, one, plus: factors.product)
    let product = (self * low).adding(self, times: y)
    return product.replacing(with: factors.scale(product), where: isNegative).vanishing(self, where: gate)
  }

  /// self, but the zero that `x · e^exponent` is where the exponential is less than any number; −∞ gives NaN there.
  @inline(__always)
  func vanishing(_ x: Self, where exponent: Self) -> Self {
    replacing(with: x * Self(repeating: 0), where: exponent .< Self(repeating: Self.exponentialLimits.low))
  }

  /// tanh x = t / (2 + t) with t = e²ˣ − 1.
  @inline(__always)
  func hyperbolicTangent() -> Self {
    let a = magnitude.atMost(Self(repeating: Self.hyperbolicLimit))
    let t = (a + a).boundedExponentialMinusOne()
    let denominator = Self(repeating: 2) + t
    let y = t / denominator
    // What rounding the denominator lost, put back: 1 / denominator is (1 − y) / 2.
    // From t = 2 on that is not it, and not needed: y then depends on t less and less.
    let lost = (t - (denominator - Self(repeating: 2))).replacing(
      with: Self(repeating: 0), where: Self(repeating: 2) .< t)
    return (y + (y * lost) * Self(repeating: -0.5).adding(y, times: Self(repeating: 0.5))).withSign(of: self)
  }

  /// (numerator + numeratorLow) / (large + small) as high + low, for |large| ≥ |small| or a sum without error.
  @inline(__always)
  static func quotient(
    _ numerator: Self, _ numeratorLow: Self, _ large: Self, plus small: Self
  ) -> (high: Self, low: Self) {
    let denominator = large + small
    let lost = small - (denominator - large)
    let inverse = Self(repeating: 1) / denominator
    let y = numerator * inverse
    let product = y * denominator
    let remainder = ((numerator - product) - y.productError(denominator, product)) + numeratorLow
    // Written without a negated factor, which the optimiser would negate lane by lane, and take the product apart.
    return (y, -((-remainder).adding(y, times: lost) * inverse))
  }
}

/// A power of e as `significand` · 2ⁿ, with the power of two in two factors: 2ⁿ itself may be no normal number while a
/// product with it is one, or is denormal and must be rounded once.
struct ExponentialFactors<V: MathVector> {
  let significand: V
  /// What rounding the significand lost, where it is known.
  let low: V
  let first: V
  let second: V

  /// `significand` · 2ⁿ, with n in the low bits of `magic`.
  @inline(__always)
  init(_ significand: V, low: V, magic: V) {
    self.significand = significand
    self.low = low
    let n = magic.bits
    let half = n.shiftedDown(1)
    first = V(bits: half.shiftedUp(V.significandBits) &+ V.bitsOfOne)
    second = V(bits: (n &- half).shiftedUp(V.significandBits) &+ V.bitsOfOne)
  }

  /// x · 2ⁿ.
  @inline(__always)
  func scale(_ x: V) -> V { x * first * second }

  /// The power of e.
  @inline(__always)
  var product: V { scale(significand) }
}
