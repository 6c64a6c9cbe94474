// The functions that `Float` computes in a way of its own where products and sums are fused: shorter polynomials than those
// that serve both formats, for the 2 (GELU and erf: 4) units in the last place that are promised.
//
// A function is as fast as it has multiply-adds, so they are what is saved here: no two polynomials where one can be read
// with other coefficients, no special cases where none is in the register.

#if APUS_AVX512 || APUS_AVX2 || arch(arm64)
  extension MathVector {
    /// Sine or cosine of |x| ≤ trigonometricLimit: x = n π + r (cosine: n + ½) with |r| ≤ π/2, so that the sine's
    /// polynomial serves for all and only a sign depends on n.
    @inline(__always)
    func sineByHalfTurns(quarterTurns: Int) -> Self {
      let turns = Self(repeating: 0.31830987334251404)
      let offset = Self(repeating: Scalar(quarterTurns) * 0.5)
      let magic = (-offset).adding(self, times: turns) + Self(repeating: Self.roundingMagic)
      let n = (magic - Self(repeating: Self.roundingMagic)) + offset
      // π in three parts. The first difference is exact (for the cosine but for small x), the second part has so few bits that
      // its product with n is exact, and what rounding loses of the second difference is kept: next to a multiple of π it is
      // all that tells r from its neighbours.
      let coarse = adding(n, times: Self(repeating: -3.1415927410125732))
      let rest = n * Self(repeating: -8.742790669202805e-08)
      let r = coarse - rest
      let low = ((coarse - r) - rest).adding(n, times: Self(repeating: -5.126688136514179e-12))
      let z = r * r
      let tail =
        Self(repeating: 2.606081807243754e-06).horner(z, -0.00019809773948509246).horner(z, 0.008333069272339344)
        .horner(z, -0.16666659712791443)
      // The derivative by r, well enough for so small a correction.
      let lowEffect = low.adding(low * z, times: Self(repeating: -0.405))
      let value = r + lowEffect.adding(r * z, times: tail)
      return value.negated(whereOdd: magic.bits &+ Bits(repeating: Bits.Word(quarterTurns)))
    }
  }

  extension FloatVector {
    @inline(__always) static var hasShortWays: Bool { true }

    /// Sine or cosine of |x| ≤ trigonometricLimit.
    @inline(__always)
    func sine(quarterTurns: Int) -> Self { sineByHalfTurns(quarterTurns: quarterTurns) }

    /// The error function: x P(x²) up to 2 and Q(x) beyond, of the same degree and so the same steps with other coefficients;
    /// errors 2⁻²³·⁵, relative below and absolute above. Each is a polynomial about the middle of its interval; that of Q is a
    /// place where the error function is a `Float`.
    @inline(__always)
    func errorFunction() -> Self {
      let a = magnitude.atMost(Self(repeating: 3.93))
      let isSmall = a .< Self(repeating: 2)
      @inline(__always) func choose(_ small: Float, _ large: Float) -> Self {
        Self(repeating: large).replacing(with: Self(repeating: small), where: isSmall)
      }
      let factor = Self(repeating: 1).replacing(with: a, where: isSmall)
      let v = choose(-1.5, -2.9557297229766846).adding(a, times: factor)
      let value =
        choose(2.962930807370867e-07, -7.956782064866275e-05)
        .timesPlus(v, choose(-4.053559678141028e-06, 0.00041854861774481833))
        .timesPlus(v, choose(3.4051092368070036e-05, -0.0009185037342831492))
        .timesPlus(v, choose(-0.0002458014932926744, 0.0012495466507971287))
        .timesPlus(v, choose(0.0015737296780571342, -0.00127430132124573))
        .timesPlus(v, choose(-0.008693356066942215, 0.0009898269781842828))
        .timesPlus(v, choose(0.04082713648676872, -0.0005377646304352111))
        .timesPlus(v, choose(-0.16557885706424713, 0.00018159377214033157))
        .timesPlus(v, choose(0.7485113739967346, 0.9999708533287048))
      return (value * factor).withSign(of: self)
    }

    @inline(__always)
    private func timesPlus(_ x: Self, _ summand: Self) -> Self { summand.adding(self, times: x) }

    /// x / (1 + 2^−h), h = x (k + l x²), where k and l are the constants of the gate times 1 / ln 2. An error of h counts h ln 2
    /// times as much in the result, so all that rounding loses of h is kept.
    @inline(__always)
    func shortTimesTanhGate() -> (value: Self, holds: Mask) {
      let x = atMost(Self(repeating: 6))
      let (k, kLow) = (Self(repeating: -2.302208185195923), Self(repeating: -1.2948402350332344e-08))
      let (l, lLow) = (Self(repeating: -0.10294324159622192), Self(repeating: 2.016198541454628e-09))
      let square = x * x
      let squareLow = (-square).adding(x, times: x)
      let inner = k.adding(l, times: square)
      // Exact up to |x| = 6.2, though the second summand may be the larger: there its bits are few enough.
      let innerLow =
        (k - inner).adding(l, times: square) + kLow.adding(lLow, times: square).adding(l, times: squareLow)
      let h = x * inner
      let low = (-h).adding(x, times: inner).adding(x, times: innerLow)
      let magic = h + Self(repeating: Self.roundingMagic)
      let r = (h - (magic - Self(repeating: Self.roundingMagic))) + low
      // In pairs rather than by Horner's rule: here the wait for one step after the other would be what takes the time.
      let rr = r * r
      let significand =
        Self(repeating: 0.00015326468565035611).timesPlus(
          rr, Self(repeating: 0.0013390807434916496).horner(r, 0.009618505835533142)
        )
        .timesPlus(rr, Self(repeating: 0.05550359934568405).horner(r, 0.24022647738456726))
        .timesPlus(rr, Self(repeating: 0.6931471824645996).horner(r, 1))
      let power = Self(bits: significand.bits &+ magic.bits.shiftedUp(Self.significandBits))
      return (self / (Self(repeating: 1) + power), Self(repeating: -6) .<= self)
    }

    /// x Φ(x) = max(x, 0) − a T(a) with a = |x|, T(a) = ½ erfc(a / √2), and a T(a) = exp(−a²/2) · u · P(u), u = 4 a / (a + 27/8):
    /// the larger a, the less an error of u counts; and near 0 u is larger than a, so that denormal numbers lose nothing. P has
    /// an error of 2⁻²⁵·³ up to 5.6, as far as this way holds.
    @inline(__always)
    func shortTimesNormalDistribution() -> (value: Self, holds: Mask) {
      let a = magnitude
      let u = a / Self(repeating: 0.84375).adding(a, times: Self(repeating: 0.25))
      // a² = r − n · 2 ln 2, where a short number c is taken for 2 ln 2, so that its products with n are exact and nothing of the
      // square is lost: exp(−a²/2) = 2ⁿ · exp(−κ r) · exp(−δ a²), κ and δ what makes it so. P contains the last factor.
      let c: Float = 1.38629150390625
      let magic = Self(repeating: Self.roundingMagic).adding(a * a, times: Self(repeating: -0.7213490434217))
      let r = ((magic - Self(repeating: Self.roundingMagic)) * Self(repeating: c)).adding(a, times: a)
      let slope =
        Self(repeating: 2.2072166757425293e-05).horner(r, -0.0002621400053612888).horner(r, 0.002603996079415083)
        .horner(r, -0.02083292044699192).horner(r, 0.12500053644180298).horner(r, -0.500001072883606)
      // Where n is not 0, u is no denormal number, and the power of two can be added to its exponent field.
      let timesGaussian = Self(bits: u.adding(u * r, times: slope).bits &+ magic.bits.shiftedUp(Self.significandBits))
      let factor =
        Self(repeating: -1.878747639239009e-06).horner(u, 1.8396172890788876e-05).horner(u, 6.945661112922608e-08)
        .horner(u, -0.0004405423242133111).horner(u, -0.0014425180852413177).horner(u, 0.03453383967280388)
        .horner(u, -0.17854419350624084).horner(u, 0.421875)
      let value = atLeast(Self(repeating: 0)).subtracting(timesGaussian, times: factor)
      return (value, a .<= Self(repeating: 5.6))
    }
  }
#endif
