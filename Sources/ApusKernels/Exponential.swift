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

  // Few arguments are so far from 0 that eˣ or e⁻ˣ is no normal number. Where none in a register is, the functions below take a
  // shorter way; where some are, they choose lane by lane, so that a result never depends on its neighbours.

  /// eˣ for an ordinary exponent: the same bits as `exponential()`, the power of two being added to the exponent field.
  @inline(__always)
  func ordinaryExponential() -> Self {
    let (_, r, magic) = Self.splitByLn2(self)
    let significand = Self(repeating: 1) + r.adding(r * r, times: Self.exponentialTail(r))
    return Self(bits: significand.bits &+ magic.bits.shiftedUp(Self.significandBits))
  }

  /// eˣ + 1 for an ordinary exponent, rounded once: (2ⁿ + 1) + 2ⁿ (eʳ − 1).
  @inline(__always)
  func ordinaryExponentialPlusOne() -> Self {
    let (_, r, magic) = Self.splitByLn2(self)
    let p = r.adding(r * r, times: Self.exponentialTail(r))
    let scale = Self(bits: magic.bits.shiftedUp(Self.significandBits) &+ Self.bitsOfOne)
    return (scale + Self(repeating: 1)).adding(p, times: scale)
  }

  /// eˣ by the shorter way where all lanes allow it.
  @inline(__always)
  func branchingExponential() -> Self {
    let isOrdinary = magnitude .<= Self(repeating: Self.ordinaryExponent)
    return Self.all(isOrdinary) ? ordinaryExponential() : exponential()
  }

  /// 1 / (1 + e⁻ˣ).
  @inline(__always)
  func sigmoid() -> Self {
    let ordinary = Self(repeating: 1) / (-self).ordinaryExponentialPlusOne()
    let isOrdinary = magnitude .<= Self(repeating: Self.ordinarySigmoid)
    return Self.all(isOrdinary) ? ordinary : extremeSigmoid().replacing(with: ordinary, where: isOrdinary)
  }

  /// 1 / (1 + e⁻ˣ), written with e⁻|ˣ| so that neither end loses digits.
  @inline(__always)
  func extremeSigmoid() -> Self {
    let e = (-magnitude).exponential()
    let numerator = Self(repeating: 1).replacing(with: e, where: self .< Self(repeating: 0))
    return numerator / (Self(repeating: 1) + e)
  }

  /// x / (1 + e⁻ˣ).
  @inline(__always)
  func timesSigmoid() -> Self {
    let ordinary = self / (-self).ordinaryExponentialPlusOne()
    let isOrdinary = magnitude .<= Self(repeating: Self.ordinarySigmoid)
    if Self.all(isOrdinary) { return ordinary }
    return timesSigmoid(of: self, (-magnitude).exponentialFactors(correctedBy: Self(repeating: 0)))
      .replacing(with: self, where: self .== Self.infinity).replacing(with: ordinary, where: isOrdinary)
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
    let sum = (self * low).adding(self, times: y)
    // Two zeros of different sign make +0.
    let product = sum.replacing(with: self * y, where: sum .== Self(repeating: 0))
    return product.replacing(with: factors.scale(product), where: isNegative).vanishing(self, where: gate)
  }

  /// self, but the zero that `x · e^exponent` is where the exponential is less than any number; −∞ gives NaN there.
  @inline(__always)
  func vanishing(_ x: Self, where exponent: Self) -> Self {
    replacing(with: x * Self(repeating: 0), where: exponent .< Self(repeating: Self.exponentialLimits.low))
  }

  /// tanh x = h / (1 + h) with h = (e²ˣ − 1) / 2.
  ///
  /// Written as n − n · n / (1 + h) with n = min(h, 1), which for h ≥ 1 is 1 − 1 / (1 + h): what rounding spoils of the sum and
  /// of the quotient is then a part of the small second term.
  @inline(__always)
  func hyperbolicTangent() -> Self {
    let a = magnitude.atMost(Self(repeating: Self.hyperbolicLimit))
    let (_, r, magic) = Self.splitByLn2(a + a)
    let p = r.adding(r * r, times: Self.exponentialTail(r))
    let half = Self(repeating: 0.5)
    let halfScale = Self(bits: magic.bits.shiftedUp(Self.significandBits) &+ half.bits)
    let h = (halfScale - half).adding(p, times: halfScale)
    let n = h.atMost(Self(repeating: 1))
    return n.subtracting(n, times: n / (Self(repeating: 1) + h)).withSign(of: self)
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
