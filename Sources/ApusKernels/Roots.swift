// Reciprocal square roots, by Newton's method from a guess made of bits.

extension MathVector {
  /// 1 / √x for a positive normal number, to about half of the significand's precision squared.
  @inline(__always)
  func reciprocalRootEstimate() -> Self {
    let half = Self(repeating: 0.5) * self
    var y = Self(bits: Self.reciprocalRootMagic &- bits.shiftedDown(1))
    for _ in 0..<Self.reciprocalRootSteps {
      y = y * (Self(repeating: 1.5) - half * y * y)
    }
    return y
  }

  /// 1 / √x.
  @inline(__always)
  func reciprocalSquareRoot() -> Self {
    let (limit, factor, factorRoot) = Self.rootScale
    let isSmall = self .< Self(repeating: limit)
    let x = replacing(with: self * Self(repeating: factor), where: isSmall)
    let y = x.reciprocalRootEstimate()
    // 1 − x y² with the rounding errors of x y made good.
    let product = x * y
    let error = x.productError(y, product)
    let square = product * y
    let remainder = ((Self(repeating: 1) - square) - product.productError(y, square)) - error * y
    let rescale = Self(repeating: 1).replacing(with: Self(repeating: factorRoot), where: isSmall)
    return (y.adding(Self(repeating: 0.5) * y, times: remainder) * rescale)
      .replacing(with: Self.infinity.withSign(of: self), where: self .== Self(repeating: 0))
      .replacing(with: Self.nan, where: self .< Self(repeating: 0))
      .replacing(with: Self(repeating: 0), where: self .== Self.infinity)
      .replacing(with: self, where: self .!= self)
  }
}
