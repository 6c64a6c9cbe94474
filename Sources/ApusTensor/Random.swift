/// A generator of random numbers with a seed: the same seed gives the same numbers on every machine.
///
/// xoshiro256** by Blackman and Vigna (2018), its state filled from the seed by SplitMix64: 2²⁵⁶ − 1 numbers before it
/// repeats, a nanosecond each. Not for cryptography.
public struct Random: RandomNumberGenerator, Hashable, Sendable {
  private var a: UInt64
  private var b: UInt64
  private var c: UInt64
  private var d: UInt64

  /// A generator that starts from `seed`; neighbouring seeds give unrelated numbers.
  public init(seed: UInt64) {
    var state = seed
    func splitMix() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = state
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return z ^ (z >> 31)
    }
    (a, b, c, d) = (splitMix(), splitMix(), splitMix(), splitMix())
  }

  /// The next 64 random bits.
  public mutating func next() -> UInt64 {
    let times5 = b &* 5
    let result = ((times5 << 7) | (times5 >> 57)) &* 9
    let shifted = b << 17
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= shifted
    d = (d << 45) | (d >> 19)
    return result
  }
}

extension RandomNumberGenerator {
  /// A number that is evenly distributed in 0 ..< 1: a multiple of 2⁻⁵³.
  public mutating func uniform() -> Double {
    Double(next() >> 11) * 0x1p-53
  }

  /// A number that is normally distributed, with mean 0 and standard deviation 1.
  ///
  /// Takes one number from the generator, and only arithmetic that is exactly defined: the same bits everywhere.
  public mutating func normal() -> Double {
    // The middle of one of 2⁵³ equal parts of 0 … 1: never 0 or 1.
    normalQuantile((Double(next() >> 11) + 0.5) * 0x1p-53)
  }

  /// A whole number that is evenly distributed in 0 ..< `bound`.
  ///
  /// - Precondition: `bound` is positive.
  public mutating func integer(below bound: Int) -> Int {
    if bound <= 0 { fatalError("integer(below:): \(bound) is not positive") }
    // Lemire (2019): the high half of a product, drawn again in the rare case that would favour some numbers.
    let bound = UInt64(bound)
    var product = next().multipliedFullWidth(by: bound)
    if product.low < bound {
      let threshold = (0 &- bound) % bound
      while product.low < threshold { product = next().multipliedFullWidth(by: bound) }
    }
    return Int(product.high)
  }

  /// The numbers 0 ..< `count` in random order.
  public mutating func permutation(_ count: Int) -> [Int] {
    var result = Array(0..<count)
    var i = count - 1
    while i > 0 {
      result.swapAt(i, integer(below: i + 1))
      i -= 1
    }
    return result
  }
}

/// The number below which a normally distributed one lies with probability `p`.
///
/// Wichura, "Algorithm AS 241: the percentage points of the normal distribution" (1988), to about 1e-16 relative.
func normalQuantile(_ p: Double) -> Double {
  let q = p - 0.5
  if abs(q) <= 0.425 {
    let r = 0.180625 - q * q
    return q * polynomial(r, centralNumerator) / polynomial(r, centralDenominator)
  }
  let r = (-exactLogarithm(q <= 0 ? p : 1 - p)).squareRoot()
  let x =
    r <= 5
    ? polynomial(r - 1.6, middleNumerator) / polynomial(r - 1.6, middleDenominator)
    : polynomial(r - 5, tailNumerator) / polynomial(r - 5, tailDenominator)
  return q < 0 ? -x : x
}

/// The natural logarithm from exactly defined arithmetic: C libraries differ in the last bit.
///
/// With x = m · 2ᵉ and ⅔ ≤ m < 4⁄3: log x = e log 2 + 2 artanh s for s = (m − 1) / (m + 1), and |s| ≤ ⅕ makes the series
/// of artanh fall by 25 from term to term.
private func exactLogarithm(_ x: Double) -> Double {
  var m = x.significand
  var e = Double(x.exponent)
  if m >= 4.0 / 3 {
    m /= 2
    e += 1
  }
  let s = (m - 1) / (m + 1)
  let square = s * s
  var sum = 0.0
  var k = 25.0
  while k >= 1 {
    sum = sum * square + 1 / k
    k -= 2
  }
  return e * 0.693147180559945309417 + 2 * s * sum
}

/// A polynomial by Horner's rule, the highest coefficient first.
@inline(__always)
private func polynomial(_ x: Double, _ coefficients: InlineArray<8, Double>) -> Double {
  var result = coefficients[0]
  for i in 1..<8 { result = result * x + coefficients[i] }
  return result
}

private let centralNumerator: InlineArray<8, Double> = [
  2.5090809287301226727e+3, 3.3430575583588128105e+4, 6.7265770927008700853e+4, 4.5921953931549871457e+4,
  1.3731693765509461125e+4, 1.9715909503065514427e+3, 1.3314166789178437745e+2, 3.3871328727963666080e+0,
]
private let centralDenominator: InlineArray<8, Double> = [
  5.2264952788528545610e+3, 2.8729085735721942674e+4, 3.9307895800092710610e+4, 2.1213794301586595867e+4,
  5.3941960214247511077e+3, 6.8718700749205790830e+2, 4.2313330701600911252e+1, 1,
]
private let middleNumerator: InlineArray<8, Double> = [
  7.74545014278341407640e-4, 2.27238449892691845833e-2, 2.41780725177450611770e-1, 1.27045825245236838258e+0,
  3.64784832476320460504e+0, 5.76949722146069140550e+0, 4.63033784615654529590e+0, 1.42343711074968357734e+0,
]
private let middleDenominator: InlineArray<8, Double> = [
  1.05075007164441684324e-9, 5.47593808499534494600e-4, 1.51986665636164571966e-2, 1.48103976427480074590e-1,
  6.89767334985100004550e-1, 1.67638483018380384940e+0, 2.05319162663775882187e+0, 1,
]
private let tailNumerator: InlineArray<8, Double> = [
  2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.24266094738807843860e-3, 2.65321895265761230930e-2,
  2.96560571828504891230e-1, 1.78482653991729133580e+0, 5.46378491116411436990e+0, 6.65790464350110377720e+0,
]
private let tailDenominator: InlineArray<8, Double> = [
  2.04426310338993978564e-15, 1.42151175831644588870e-7, 1.84631831751005468180e-5, 7.86869131145613259100e-4,
  1.48753612908506148525e-2, 1.36929880922735805310e-1, 5.99832206555887937690e-1, 1,
]
