// The constants of the elementary functions for `Double`. The polynomials are minimax fits (Remez exchange in 60-digit
// arithmetic) of the functions, intervals and weights that stand beside their uses; errors given are of the fit.

extension DoubleVector {
  @inline(__always) static var significandBits: Int { 52 }
  @inline(__always) static var bitsOfOne: Bits { Bits(repeating: 0x3FF0_0000_0000_0000) }
  @inline(__always) static var signBit: Bits { Bits(repeating: 0x8000_0000_0000_0000) }
  @inline(__always) static var upperHalfMask: Bits { Bits(repeating: 0xFFFF_FFFF_F800_0000) }
  @inline(__always) static var roundingMagic: Double { 0x1.8p52 }
  @inline(__always) static var integerThreshold: Double { 0x1p52 }
  @inline(__always) static var smallestNormal: Double { 0x1p-1022 }
  @inline(__always) static var denormalScale: Double { 0x1p54 }
  @inline(__always) static var denormalScaleExponent: Double { 54 }
  @inline(__always) static var rootScale: (limit: Double, factor: Double, root: Double) { (0x1p-700, 0x1p300, 0x1p150) }

  @inline(__always) static var ln2High: Double { 0.6931471805592082 }
  @inline(__always) static var ln2Low: Double { 7.371002565167799e-13 }
  // Below the lower limit even x eˣ is 0; above the upper one eˣ is ∞.
  @inline(__always) static var exponentialLimits: (low: Double, high: Double) { (-760, 710) }
  // As far from 0 as this eˣ and e⁻ˣ are normal numbers.
  @inline(__always) static var ordinaryExponent: Double { 707 }
  // As far from 0 as this 2ⁿ + 1 is exact for the n that is next to x / ln 2.
  @inline(__always) static var ordinarySigmoid: Double { 36 }
  @inline(__always) static var hyperbolicLimit: Double { 20 }
  @inline(__always) static var reciprocalRootMagic: Bits { Bits(repeating: 0x5FE6_EB50_C7B5_37A9) }
  @inline(__always) static var reciprocalRootSteps: Int { 3 }

  // √½ as bits; 2⁵² as bits; 2⁵² + 1023: see `splitExponent`.
  @inline(__always) static var exponentOffset: (bits: Bits, magic: Bits, value: Double) {
    (Bits(repeating: 0x3FE6_A09E_667F_3BCD), Bits(repeating: 0x4330_0000_0000_0000), 4_503_599_627_371_519)
  }

  // π/2 in parts of 32 bits: products with integers up to 2²⁰ are exact.
  @inline(__always) static var halfPi: (Double, Double, Double, Double, Double) {
    (1.5707963267341256, 6.077100506303966e-11, 2.0222662487111665e-21, 8.4784276603689e-32, 0)
  }
  @inline(__always) static var trigonometricLimit: Double { 1_600_000 }

  // 2 √(2/π) and 0.044715, each with what rounding it loses.
  @inline(__always) static var tanhGate: (scale: Double, scaleLow: Double, factor: Double, factorLow: Double) {
    (1.5957691216057308, -9.96930880911092e-17, 0.044715, 2.1960211427085595e-18)
  }

  @inline(__always)
  static func exponentialTail(_ r: Self) -> Self {
    Self(repeating: 2.5114090180677972e-08).horner(r, 2.762566911556771e-07).horner(r, 2.755722930775473e-06)
      .horner(r, 2.48015063987261e-05).horner(r, 0.0001984126990132377).horner(r, 0.001388888893039594)
      .horner(r, 0.008333333333315485).horner(r, 0.04166666666658145).horner(r, 0.16666666666666685)
      .horner(r, 0.5000000000000004)
  }

  @inline(__always)
  static func areaTangentTail(_ z: Self) -> Self {
    Self(repeating: 0.14793499048231196).horner(z, 0.15314332708860665).horner(z, 0.1818355153371632)
      .horner(z, 0.2222219886213837).horner(z, 0.285714287390155).horner(z, 0.39999999999433467)
      .horner(z, 0.6666666666666731)
  }

  @inline(__always)
  static func sineTail(_ z: Self) -> Self {
    Self(repeating: 1.5896860072108892e-10).horner(z, -2.505075969087312e-08).horner(z, 2.755731370582623e-06)
      .horner(z, -0.00019841269829863137).horner(z, 0.008333333333322512).horner(z, -0.16666666666666632)
  }

  @inline(__always)
  static func cosineTail(_ z: Self) -> Self {
    Self(repeating: -1.1361209977996494e-11).horner(z, 2.0875756341865188e-09).horner(z, -2.755731462234359e-07)
      .horner(z, 2.480158729053702e-05).horner(z, -0.0013888888888876074).horner(z, 0.041666666666666616)
  }

  @inline(__always)
  static func errorFunctionTail(_ z: Self) -> Self {
    Self(repeating: 5.945262190953146e-11).horner(z, -1.136566618748428e-09).horner(z, 1.4657879892961192e-08)
      .horner(z, -1.6350025229646525e-07).horner(z, 1.6460972817739361e-06).horner(z, -1.4925593506949914e-05)
      .horner(z, 0.00012055331036903577).horner(z, -0.0008548326978742394).horner(z, 0.005223977624780872)
      .horner(z, -0.026866170645072896).horner(z, 0.11283791670954857).horner(z, -0.3761263890318375)
      .horner(z, 0.1283791670955126)
  }

  @inline(__always)
  static func normalTailFactor(_ q: Self) -> (slope: Self, constant: Double, constantLow: Double) {
    let slope = Self(repeating: -6.708713143003959e-10).horner(q, -2.4163630383378157e-09).horner(
      q, 1.7571527063692364e-09
    )
    .horner(q, 1.9228153396223194e-08).horner(q, 1.3454582950692455e-08).horner(q, -8.47800475037828e-08)
    .horner(q, -1.5502975593088507e-07).horner(q, 2.7123177775180825e-07).horner(q, 1.0215260933786366e-06)
    .horner(q, -6.29370592441874e-07).horner(q, -5.920133640277883e-06).horner(q, 7.165464060356993e-07)
    .horner(q, 3.514466779845063e-05).horner(q, -1.9082299557717717e-06).horner(q, -0.0002310949307142615)
    .horner(q, 0.00013334430815009954).horner(q, 0.001630818456983135).horner(q, -0.0034796923670199573)
    .horner(q, -0.007540188966683573).horner(q, 0.060396574890919645).horner(q, -0.18652185795965862)
    .horner(q, 0.38713740074221487).horner(q, -0.6078966419718921)
    return (slope, 0.7552851304157515, 0)
  }

  // log(1 + f) = 2s + s³ P(s²) with s = f / (2 + f), arranged as fdlibm does to keep f exact; error 2⁻⁵⁸.
  @inline(__always)
  static func logarithmOfOnePlus(_ f: Self) -> Self {
    let s = f / (Self(repeating: 2) + f)
    let z = s * s
    let halfSquare = Self(repeating: 0.5) * f * f
    return f - (halfSquare - s * (halfSquare + z * areaTangentTail(z)))
  }
}
