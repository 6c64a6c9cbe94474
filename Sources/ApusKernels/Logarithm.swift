// The logarithm: x = 2ᵏ (1 + f) with √½ ≤ 1 + f < √2, and log x = k ln 2 + log(1 + f).

extension MathVector {
  /// k and f of a positive normal number 2ᵏ (1 + f).
  ///
  /// Subtracting the bits of √½ makes the exponent field k − 1 or k as the significand lies below or above; the same
  /// constant, added to what remains of the significand, gives the bits of 1 + f. k becomes a number by standing in the
  /// low bits of 2^significandBits.
  @inline(__always)
  func splitExponent() -> (k: Self, f: Self) {
    let (rootHalf, magic, value) = Self.exponentOffset
    let shifted = (bits &- rootHalf) &+ Self.bitsOfOne
    let exponent = shifted.shiftedDown(Self.significandBits)
    let k = Self(bits: exponent | magic) - Self(repeating: value)
    let significand = (shifted & Self.significandMask) &+ rootHalf
    return (k, Self(bits: significand) - Self(repeating: 1))
  }

  /// The natural logarithm. Where all lanes are positive normal numbers it need not look for anything else.
  @inline(__always)
  func logarithm() -> Self {
    if !Self.all(isPositiveNormal) { return extremeLogarithm() }
    let (k, f) = splitExponent()
    return Self.logarithmOfOnePlus(f).adding(k, times: Self(repeating: Self.ln2Low))
      .adding(k, times: Self(repeating: Self.ln2High))
  }

  /// The natural logarithm of any number, with the same bits.
  @inline(__always)
  func extremeLogarithm() -> Self {
    let isSmall = self .< Self(repeating: Self.smallestNormal)
    let x = replacing(with: self * Self(repeating: Self.denormalScale), where: isSmall)
    let (exponent, f) = x.splitExponent()
    let k = exponent - Self(repeating: 0).replacing(with: Self(repeating: Self.denormalScaleExponent), where: isSmall)
    let inner = Self.logarithmOfOnePlus(f).adding(k, times: Self(repeating: Self.ln2Low))
    let result = inner.adding(k, times: Self(repeating: Self.ln2High))
    return logarithmSpecialCases(result, zeroAt: Self(repeating: 0))
  }

  /// log(1 + x).
  @inline(__always)
  func logarithmOfOnePlus() -> Self {
    let u = Self(repeating: 1) + self
    let (k, f) = u.splitExponent()
    // What rounding lost of 1 + x, exact: the larger of the two summands comes first.
    let isLarge = Self(repeating: 1) .< magnitude
    let lost = (self - (u - Self(repeating: 1))).replacing(with: Self(repeating: 1) - (u - self), where: isLarge)
    // A huge u would make ∞ − ∞ or 0 / ∞; there the loss does not matter.
    let correction = lost / u
    let inner = Self.logarithmOfOnePlus(f) + correction.adding(k, times: Self(repeating: Self.ln2Low))
    let result = inner.adding(k, times: Self(repeating: Self.ln2High))
    return logarithmSpecialCases(result, zeroAt: Self(repeating: -1))
      .replacing(with: self, where: self .== Self(repeating: 0))
  }

  /// −∞ at `pole`, NaN below it, ∞ at ∞, NaN for NaN; `result` elsewhere.
  @inline(__always)
  func logarithmSpecialCases(_ result: Self, zeroAt pole: Self) -> Self {
    result
      .replacing(with: -Self.infinity, where: self .== pole)
      .replacing(with: Self.nan, where: self .< pole)
      .replacing(with: self, where: self .== Self.infinity)
      .replacing(with: self, where: self .!= self)
  }

  /// log(1 + self + low) for 0 ≤ self ≤ 1 and a tiny `low`, where none of the special cases can arise.
  @inline(__always)
  func logarithmOfOnePlusFraction(low: Self) -> Self {
    let u = Self(repeating: 1) + self
    let (k, f) = u.splitExponent()
    let correction = ((self - (u - Self(repeating: 1))) + low) / u
    let inner = Self.logarithmOfOnePlus(f) + correction.adding(k, times: Self(repeating: Self.ln2Low))
    return inner.adding(k, times: Self(repeating: Self.ln2High))
  }

  /// log(1 + eˣ) = max(x, 0) + log(1 + e⁻|ˣ|).
  @inline(__always)
  func softplus() -> Self {
    let positive = atLeast(Self(repeating: 0))
    let e = (-magnitude).exponentialFactors(correctedBy: Self(repeating: 0))
    return positive + e.product.logarithmOfOnePlusFraction(low: e.scale(e.low))
  }
}
