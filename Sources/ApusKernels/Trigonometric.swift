// Sine and cosine: x = n π/2 + r with |r| ≤ π/4. Which polynomial, and which sign, follows from n modulo 4.

extension MathVector {
  /// Sine (`quarterTurns` 0) or cosine (`quarterTurns` 1).
  @inline(__always)
  func trigonometric(quarterTurns: Int) -> Self {
    let hasLarge = Self.any(Self(repeating: Self.trigonometricLimit) .< magnitude)
    return hasLarge ? trigonometricOfLarge(quarterTurns: quarterTurns) : sine(quarterTurns: quarterTurns)
  }

  /// The same where some lanes are too large for `sine(quarterTurns:)`. Never inlined, and given nothing but x: where single
  /// lanes are written, the optimiser takes the whole computation apart.
  @inline(never)
  func trigonometricOfLarge(quarterTurns: Int) -> Self {
    var result = sine(quarterTurns: quarterTurns)
    for lane in 0..<Self.width where self[lane].magnitude > Self.trigonometricLimit {
      let x = Double(self[lane])
      result[lane] = x.isFinite ? Scalar(sineOfLargeNumber(x, quarterTurns: quarterTurns)) : .nan
    }
    return result
  }

  /// Sine or cosine of |x| ≤ trigonometricLimit.
  @inline(__always)
  func sine(quarterTurns: Int) -> Self {
    let magic = Self(repeating: Self.roundingMagic).adding(self, times: Self(repeating: 0.6366197723675814))
    let n = magic - Self(repeating: Self.roundingMagic)
    // The first two parts of π/2 are short: their products with n, and the differences, are exact. What rounding loses
    // of the differences with the rest is kept: next to a multiple of π/2 it is all that tells r from its neighbours.
    let (p0, p1, p2, p3, p4) = Self.halfPi
    let coarse = adding(n, times: Self(repeating: -p0)).adding(n, times: Self(repeating: -p1))
    let finer = coarse.adding(n, times: Self(repeating: -p2))
    let finerLow = (coarse - finer).adding(n, times: Self(repeating: -p2))
    let rest = (n * Self(repeating: p4)).adding(n, times: Self(repeating: p3))
    let r = finer - rest
    let low = ((finer - r) - rest) + finerLow
    return Self.sineOfReduced(
      r, low, quarters: magic.bits &+ Self.Bits(repeating: Self.Bits.Word(truncatingIfNeeded: quarterTurns)))
  }

  /// sin(r + low + quarters · π/2) for |r| ≤ π/4 and a tiny `low`, reading only the two low bits of `quarters`.
  @inline(__always)
  static func sineOfReduced(_ r: Self, _ low: Self, quarters: Bits) -> Self {
    let z = r * r
    let sine = r + low.adding(r * z, times: sineTail(z))
    // cos(r + low) ≈ cos r − r low; 1 − z/2 with what its rounding loses.
    let one = Self(repeating: 1)
    let half = Self(repeating: 0.5) * z
    let head = one - half
    let headLow = ((one - head) - half) - r * low
    let cosine = head + headLow.adding(z * z, times: cosineTail(z))
    // Bit 0 chooses the cosine; bit 1 the sign. As a float, the shifted bit 0 is the sign of a zero or of nothing: so
    // it is made a number to compare with 0.
    let wantsCosine = Self(bits: (quarters & Bits(repeating: 1)) | bitsOfOne) .!= Self(bits: bitsOfOne)
    let sign = (quarters & Bits(repeating: 2)).shiftedUp(significandBits == 23 ? 30 : 62)
    let value = sine.replacing(with: cosine, where: wantsCosine)
    return Self(bits: value.bits ^ sign)
  }
}

/// Sine (`quarterTurns` 0) or cosine (1) of a finite number of any size, by Payne and Hanek's reduction: x · 2/π is
/// computed modulo 4 from just those bits of 2/π that can make a difference. Slow; for the rare large argument.
@inline(never)
func sineOfLargeNumber(_ x: Double, quarterTurns: Int) -> Double {
  // |x| = m · 2^exponent. Bits of 2/π whose product with |x| is a multiple of 4 are left out; 192 of the rest suffice.
  let m = x.significandBitPattern | 1 << 52
  let exponent = Int(x.exponentBitPattern) - 1075
  let start = max(0, exponent - 2)
  let window = (twoOverPi(bit: start), twoOverPi(bit: start + 64), twoOverPi(bit: start + 128))

  // The product of m and the window, low word first.
  let low = m.multipliedFullWidth(by: window.2)
  let middle = m.multipliedFullWidth(by: window.1)
  let high = m.multipliedFullWidth(by: window.0)
  let (w1, carry1) = low.high.addingReportingOverflow(middle.low)
  let (w2a, carry2) = middle.high.addingReportingOverflow(high.low)
  let (w2, carry3) = w2a.addingReportingOverflow(carry1 ? 1 : 0)
  let w3 = high.high &+ (carry2 ? 1 : 0) &+ (carry3 ? 1 : 0)

  // Shift the binary point, which stands `192 − (exponent − start)` bits up, to the top of a 130-bit number: 2 bits of
  // quarter turns and 128 of fraction.
  let point = 192 - (exponent - start)
  let upper = UInt128(w3) << 64 | UInt128(w2)
  let lower = UInt128(w1) << 64 | UInt128(low.low)
  let turns: UInt128
  let fraction: UInt128
  if point >= 128 {
    turns = point == 256 ? 0 : upper >> UInt128(point - 128)
    fraction = upper << UInt128(256 - point) | lower >> UInt128(point - 128)
  } else {
    turns = lower >> UInt128(point)
    fraction = lower << UInt128(128 - point)
  }
  var quarters = UInt64(truncatingIfNeeded: turns)
  // To the nearest quarter turn: the upper half of fractions is negative.
  let isUpper = fraction >> 127 != 0
  if isUpper { quarters &+= 1 }
  let distance = Double(isUpper ? 0 &- fraction : fraction) * 0x1p-128
  var r = distance * 1.5707963267948966
  if isUpper { r = -r }
  // sin(−x) = −sin x, cos(−x) = cos x.
  let value = DoubleVector.sineOfReduced(
    DoubleVector(repeating: r), DoubleVector(repeating: 0),
    quarters: DoubleVector.Bits(repeating: quarters &+ UInt64(quarterTurns)))
  return x < 0 && quarterTurns == 0 ? -value[0] : value[0]
}

/// 64 bits of the binary fraction of 2/π, from bit `bit` on.
private func twoOverPi(bit: Int) -> UInt64 {
  let shift = UInt64(bit & 63)
  let word = twoOverPi(word: bit >> 6)
  return shift == 0 ? word : word << shift | twoOverPi(word: (bit >> 6) + 1) >> (64 - shift)
}

private func twoOverPi(word: Int) -> UInt64 {
  switch word {
  case 0: 0xA2F9836E4E441529
  case 1: 0xFC2757D1F534DDC0
  case 2: 0xDB6295993C439041
  case 3: 0xFE5163ABDEBBC561
  case 4: 0xB7246E3A424DD2E0
  case 5: 0x06492EEA09D1921C
  case 6: 0xFE1DEB1CB129A73E
  case 7: 0xE88235F52EBB4484
  case 8: 0xE99C7026B45F7E41
  case 9: 0x3991D639835339F4
  case 10: 0x9C845F8BBDF9283B
  case 11: 0x1FF897FFDE05980F
  case 12: 0xEF2F118B5A0A6D1F
  case 13: 0x6D367ECF27CB09B7
  case 14: 0x4F463F669E5FEA2D
  case 15: 0x7527BAC7EBE5F17B
  case 16: 0x3D0739F78A5292EA
  case 17: 0x6BFB5FB11F8D5D08
  case 18: 0x56033046FC7B6BAB
  case 19: 0xF0CFBC209AF4361D
  default: 0
  }
}
