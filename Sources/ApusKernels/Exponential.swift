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
  func exponential(correctedBy low: Self) -> Self {
    // Beyond the limits nothing changes any more: 0 or ∞. NaN passes both.
    let x = atLeast(Self(repeating: Self.exponentialLimits.low)).atMost(Self(repeating: Self.exponentialLimits.high))
    let (_, reduced, magic) = Self.splitByLn2(x)
    let r = reduced + low
    // 1 + r with its rounding error, which joins the small rest: the callers care for the last half unit.
    let one = Self(repeating: 1)
    let sum = one + r
    let lost = (one - sum) + r
    return (sum + lost.adding(r * r, times: Self.exponentialTail(r))).scaled(byMagic: magic)
  }

  /// eˣ.
  @inline(__always)
  func exponential() -> Self {
    let x = atLeast(Self(repeating: Self.exponentialLimits.low)).atMost(Self(repeating: Self.exponentialLimits.high))
    let (_, r, magic) = Self.splitByLn2(x)
    let p = Self(repeating: 1) + r.adding(r * r, times: Self.exponentialTail(r))
    return p.scaled(byMagic: magic)
  }

  /// self · 2ⁿ, with n in the low bits of `magic`. In two factors, since 2ⁿ itself may be no normal number while the
  /// product is one, or is denormal and must be rounded once.
  @inline(__always)
  func scaled(byMagic magic: Self) -> Self {
    let n = magic.bits
    let half = n.shiftedDown(1)
    let first = half.shiftedUp(Self.significandBits) &+ Self.bitsOfOne
    let second = (n &- half).shiftedUp(Self.significandBits) &+ Self.bitsOfOne
    return self * Self(bits: first) * Self(bits: second)
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
    return Self.quotient(numerator, Self(repeating: 1), plus: e)
  }

  /// tanh x = t / (2 + t) with t = e²ˣ − 1.
  @inline(__always)
  func hyperbolicTangent() -> Self {
    let a = magnitude.atMost(Self(repeating: Self.hyperbolicLimit))
    let t = (a + a).boundedExponentialMinusOne()
    return Self.quotient(t, Self(repeating: 2), plus: t).withSign(of: self)
  }

  /// numerator / (large + small), for |large| ≥ |small| or a sum without error, with what rounding the sum and the
  /// quotient lost put back.
  @inline(__always)
  static func quotient(_ numerator: Self, _ large: Self, plus small: Self) -> Self {
    let denominator = large + small
    #if APUS_AVX512 || APUS_AVX2 || arch(arm64)
      let inverse = Self(repeating: 1) / denominator
      let y = numerator * inverse
      let lost = small - (denominator - large)
      let remainder = numerator.adding(-y, times: denominator).adding(-y, times: lost)
      return y.adding(remainder, times: inverse)
    #else
      // Without a fused multiply the remainder costs more than it gives.
      return numerator / denominator
    #endif
  }
}
