// x to the power y = exp(y log x). An error in log x is multiplied by y, so the logarithm is computed as a sum of two
// numbers, high and low, that together hold some seven bits more than one.

extension MathVector {
  /// log x of a positive number, as high + low.
  @inline(__always)
  func extendedLogarithm() -> (high: Self, low: Self) {
    let isSmall = self .< Self(repeating: Self.smallestNormal)
    let x = replacing(with: self * Self(repeating: Self.denormalScale), where: isSmall)
    let (exponent, f) = x.splitExponent()
    let k = exponent - Self(repeating: 0).replacing(with: Self(repeating: Self.denormalScaleExponent), where: isSmall)

    // log(1 + f) = 2s + s³ P(s²), s = f / (2 + f), and 2s needs its own low part.
    let two = Self(repeating: 2)
    let denominator = two + f
    let denominatorLow = f - (denominator - two)
    let inverse = Self(repeating: 1) / denominator
    let s = f * inverse
    let product = s * denominator
    let remainder = ((f - product) - s.productError(denominator, product)) - s * denominatorLow
    let sLow = remainder * inverse
    let z = s * s
    let tail = (sLow + sLow).adding(s * z, times: Self.areaTangentTail(z))

    // k ln 2 is exact in its high part; and |k ln 2| ≥ |2s| or k = 0, so that the sum's error is exact.
    let whole = k * Self(repeating: Self.ln2High)
    let doubled = s + s
    let sum = whole + doubled
    let sumError = whole - sum + doubled
    let rest = (tail + sumError).adding(k, times: Self(repeating: Self.ln2Low))
    let high = sum + rest
    return (high, rest - (high - sum))
  }

  /// x to the power y, with the special cases of C's `pow`.
  @inline(__always)
  func power(_ y: Self) -> Self {
    let zero = Self(repeating: 0)
    let one = Self(repeating: 1)
    let a = magnitude
    var (high, low) = a.extendedLogarithm()
    high = high.replacing(with: -Self.infinity, where: a .== zero).replacing(with: a, where: a .== Self.infinity)
    low = low.replacing(with: zero, where: a .== zero).replacing(with: zero, where: a .== Self.infinity)

    // A product beyond the limits of exp needs no error term, which might not be finite.
    let product = y * high
    let bounded = product.atLeast(Self(repeating: Self.exponentialLimits.low))
      .atMost(Self(repeating: Self.exponentialLimits.high))
    let error = y.productError(high, product).adding(y, times: low)
      .replacing(with: zero, where: product .!= bounded)
    var result = bounded.exponential(correctedBy: error)

    // |x| = 1 gives 1 even for an infinite y.
    result = result.replacing(with: one, where: a .== one)

    // A negative x: odd powers are negative, powers that are no integers do not exist, except of −0 and −∞.
    let isOdd = y.oddness()
    let negative = self .< zero
    let flipped = Self(bits: result.bits ^ (bits & Self.signBit))
    result = result.replacing(with: flipped, where: isOdd .== one)
    let undefined = Self.nan.replacing(with: result, where: a .== Self.infinity)
    result = result.replacing(
      with: result.replacing(with: undefined, where: isOdd .== Self(repeating: 2)), where: negative)

    result = result.replacing(with: self, where: self .!= self).replacing(with: y, where: y .!= y)
    return result.replacing(with: one, where: y .== zero).replacing(with: one, where: self .== one)
  }

  /// 0 for an even integer, 1 for an odd one, 2 for what is no integer.
  @inline(__always)
  func oddness() -> Self {
    let threshold = Self(repeating: Self.integerThreshold)
    let a = magnitude
    let half = a * Self(repeating: 0.5)
    let rounded = ((a + threshold) - threshold).replacing(with: a, where: threshold .<= a)
    let halfRounded = ((half + threshold) - threshold).replacing(with: half, where: threshold .<= half)
    return Self(repeating: 0)
      .replacing(with: Self(repeating: 1), where: halfRounded .!= half)
      .replacing(with: Self(repeating: 2), where: rounded .!= a)
  }
}
