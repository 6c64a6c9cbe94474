// The error function and the normal distribution function.
//
// Half the complementary error function, T(x) = ½ erfc(x / √2) = exp(−x²/2) · G(x), falls to nothing, but G is tame:
// G(x) = w · P(q) with w = 1 / (x + 4), q = 1 − 8 w in [−1, 1], and P a polynomial that is exact to 2⁻²⁸ (Float) or
// a few 2⁻⁵⁷ (Double), relative, for every x ≥ 0 at which T does not underflow. T keeps its digits to the very end, and with it
// Φ(x) on the negative side, which 1 + erf(x) loses to cancellation.

extension MathVector {
  /// exp(−x² / 2), with the error of the square made good: it counts for x² / 2 times as much in the result.
  @inline(__always)
  func gaussian() -> Self { gaussianFactors().product }

  /// exp(−x² / 2), taken apart.
  @inline(__always)
  func gaussianFactors() -> ExponentialFactors<Self> {
    // Beyond this the result is 0, and the square might overflow.
    let x = magnitude.atMost(Self(repeating: 60))
    let square = x * x
    let error = x.productError(x, square)
    return (Self(repeating: -0.5) * square).exponentialFactors(correctedBy: Self(repeating: -0.5) * error)
  }

  /// G(|x|).
  @inline(__always)
  func normalTailRatio() -> Self {
    let a = magnitude.atMost(Self(repeating: 60))
    let one = Self(repeating: 1)
    let four = Self(repeating: 4)
    let denominator = a + four
    let w = one / denominator
    // P magnifies an error of w threefold near x = 0, so the error is kept: w (1 + e) is 1 / (x + 4).
    let lost = a - (denominator - four)
    let product = w * denominator
    let e = ((one - product) - w.productError(denominator, product)) - w * lost
    let q = (one - Self(repeating: 8) * w) - Self(repeating: 8) * w * e
    // The last step of P by hand, for what its rounding loses.
    let (slope, constant, constantLow) = Self.normalTailFactor(q)
    let factor = Self(repeating: constant).adding(slope, times: q)
    let rest = (Self(repeating: constant) - factor).adding(slope, times: q) + Self(repeating: constantLow)
    return w * (factor + (rest + factor * e))
  }

  /// Φ(x), the normal distribution function, and the exp(−x²/2) that its derivative needs.
  @inline(__always)
  func normalDistribution() -> (value: Self, gaussian: Self) {
    let g = gaussian()
    let tail = g * normalTailRatio()
    let isNegative = self .< Self(repeating: 0)
    return ((Self(repeating: 1) - tail).replacing(with: tail, where: isNegative), g)
  }

  /// x Φ(x).
  @inline(__always)
  func timesNormalDistribution() -> Self {
    Self.choose(shortTimesNormalDistribution()) { generalTimesNormalDistribution() }
  }

  /// x Φ(x) of any number. Φ underflows before the product does, so its power of two comes last.
  @inline(__always)
  func generalTimesNormalDistribution() -> Self {
    let factors = gaussianFactors()
    let ratio = normalTailRatio()
    // What rounding loses of the first product is kept: else all the roundings together may come to more than 4 ULP.
    let tail = factors.significand * ratio
    let tailLow = factors.significand.productError(ratio, tail).adding(factors.low, times: ratio)
    // x T(|x|); T(60) is 0, and ∞ would not do.
    let x = atMost(Self(repeating: 60))
    let part = factors.scale((x * tailLow).adding(x, times: tail))
    return (self - part).replacing(with: part, where: self .< Self(repeating: 0))
      .replacing(with: self, where: self .== Self(repeating: 0))
      .replacing(with: self * Self(repeating: 0), where: self .< Self(repeating: -40))
  }

  /// The error function: an odd polynomial up to 1, 1 − 2 T(√2 x) beyond, where T < 0.08 hides what its parts lose.
  @inline(__always)
  func errorFunction() -> Self {
    let z = self * self
    let small = adding(self, times: Self.errorFunctionTail(z))
    let a = magnitude.atMost(Self(repeating: 40))
    let e = (Self(repeating: -1) * (a * a)).exponential()
    let w = Self(repeating: 1) / (a * Self(repeating: 1.4142135623730951) + Self(repeating: 4))
    let q = Self(repeating: 1) - Self(repeating: 8) * w
    let (slope, constant, _) = Self.normalTailFactor(q)
    let ratio = w * Self(repeating: constant).adding(slope, times: q)
    let large = (Self(repeating: 1) - (e + e) * ratio).withSign(of: self)
    return small.replacing(with: large, where: Self(repeating: 1) .< magnitude)
  }
}
