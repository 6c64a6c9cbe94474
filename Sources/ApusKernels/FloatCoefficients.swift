// The constants of the elementary functions for `Float`. The polynomials are minimax fits (Remez exchange in 60-digit
// arithmetic) of the functions, intervals and weights that stand beside their uses; errors given are of the fit.

extension FloatVector {
  @inline(__always) static var significandBits: Int { 23 }
  @inline(__always) static var bitsOfOne: Bits { Bits(repeating: 0x3F80_0000) }
  @inline(__always) static var signBit: Bits { Bits(repeating: 0x8000_0000) }
  @inline(__always) static var upperHalfMask: Bits { Bits(repeating: 0xFFFF_F000) }
  @inline(__always) static var roundingMagic: Float { 0x1.8p23 }
  @inline(__always) static var integerThreshold: Float { 0x1p23 }
  @inline(__always) static var smallestNormal: Float { 0x1p-126 }
  @inline(__always) static var denormalScale: Float { 0x1p24 }
  @inline(__always) static var denormalScaleExponent: Float { 24 }
  @inline(__always) static var rootScale: (limit: Float, factor: Float, root: Float) { (0x1p-60, 0x1p80, 0x1p40) }

  @inline(__always) static var ln2High: Float { 0x1.62ep-1 }
  @inline(__always) static var ln2Low: Float { 3.194618329871446e-05 }
  // Below the lower limit even x eˣ is 0; above the upper one eˣ is ∞.
  @inline(__always) static var exponentialLimits: (low: Float, high: Float) { (-112, 89) }
  // As far from 0 as this eˣ and e⁻ˣ are normal numbers.
  @inline(__always) static var ordinaryExponent: Float { 87 }
  // As far from 0 as this 2ⁿ + 1 is exact for the n that is next to x / ln 2.
  @inline(__always) static var ordinarySigmoid: Float { 16 }
  @inline(__always) static var hyperbolicLimit: Float { 10 }
  @inline(__always) static var reciprocalRootMagic: Bits { Bits(repeating: 0x5F37_5A86) }
  @inline(__always) static var reciprocalRootSteps: Int { 2 }

  // √½ as bits; 2²³ as bits; 2²³ + 127: see `splitExponent`.
  @inline(__always) static var exponentOffset: (bits: Bits, magic: Bits, value: Float) {
    (Bits(repeating: 0x3F35_04F3), Bits(repeating: 0x4B00_0000), 8_388_735)
  }

  // π/2 in parts of 11 bits: products with integers up to 2¹³ are exact.
  @inline(__always) static var halfPi: (Float, Float, Float, Float, Float) {
    (1.5703125, 0.0004837512969970703, 7.549533620476723e-08, 2.5632829192545614e-12, 6.123234262925839e-17)
  }
  @inline(__always) static var trigonometricLimit: Float { 12000 }

  // 2 √(2/π) and 0.044715, each with what rounding it loses.
  @inline(__always) static var tanhGate: (scale: Float, scaleLow: Float, factor: Float, factorLow: Float) {
    (1.5957691669464111, -4.534068054340423e-08, 0.044714998453855515, 1.5461444347053543e-09)
  }

  @inline(__always)
  static func exponentialTail(_ r: Self) -> Self {
    Self(repeating: 0.001394609920680523).horner(r, 0.00836640689522028).horner(r, 0.041666287928819656)
      .horner(r, 0.1666654497385025).horner(r, 0.5)
  }

  @inline(__always)
  static func areaTangentTail(_ z: Self) -> Self {
    Self(repeating: 0.23580501973628998).horner(z, 0.285374253988266).horner(z, 0.4000033140182495)
      .horner(z, 0.6666666269302368)
  }

  @inline(__always)
  static func sineTail(_ z: Self) -> Self {
    Self(repeating: -0.00019517273176461458).horner(z, 0.008332178927958012).horner(z, -0.16666655242443085)
  }

  @inline(__always)
  static func cosineTail(_ z: Self) -> Self {
    Self(repeating: 2.4439139451715164e-05).horner(z, -0.001388737466186285).horner(z, 0.04166664555668831)
  }

  @inline(__always)
  static func errorFunctionTail(_ z: Self) -> Self {
    Self(repeating: -9.641507858759724e-06).horner(z, 0.00011256945435889065).horner(z, -0.000848282827064395)
      .horner(z, 0.005220945458859205).horner(z, -0.0268654003739357).horner(z, 0.11283782124519348)
      .horner(z, -0.37612637877464294).horner(z, 0.12837916612625122)
  }

  @inline(__always)
  static func normalTailFactor(_ q: Self) -> (slope: Self, constant: Float, constantLow: Float) {
    let slope = Self(repeating: -3.820650090347044e-05).horner(q, -0.0002075802331091836)
      .horner(q, 0.00017008268332574517).horner(q, 0.0016254910733550787).horner(q, -0.003492976538836956)
      .horner(q, -0.007539334706962109).horner(q, 0.06039857864379883).horner(q, -0.18652205169200897)
      .horner(q, 0.3871372938156128).horner(q, -0.607896625995636)
    return (slope, 0.7552851438522339, -1.2007492777854623e-08)
  }

  // log(1 + f) = f + f² (f Q(f) − ½) without a division, error 2⁻²⁷ on [√½ − 1, √2 − 1].
  @inline(__always)
  static func logarithmOfOnePlus(_ f: Self) -> Self {
    let q =
      Self(repeating: -0.07636439055204391).horner(f, 0.12762217223644257).horner(f, -0.13159610331058502)
      .horner(f, 0.14201579988002777).horner(f, -0.166234090924263).horner(f, 0.2000124156475067)
      .horner(f, -0.2500081956386566).horner(f, 0.3333333134651184).horner(f, -0.5)
    return f.adding(f * f, times: q)
  }
}
