/// How far the results of a `Float` function lie from the exact ones, gathered over many arguments.
///
/// The error is counted in units in the last place (ULP) of the `Float` nearest to the exact value, with fractions: a
/// correctly rounded result is off by at most 0.5. Among denormal numbers the unit is 2⁻¹⁴⁹.
package struct ErrorMeasure: Sendable {
  /// The largest error met, and where.
  package struct Worst: Sendable {
    package var ulps = 0.0
    package var argument: Float = 0
    package var result: Float = 0

    mutating func take(_ other: Worst) {
      if other.ulps > ulps { self = other }
    }
  }

  /// Results that are not the nearest `Float`; the error of all others is below half a unit.
  package var misrounded = 0
  /// Over all finite results.
  package var worst = Worst()
  /// Over results whose exact value is below the smallest normal number.
  package var worstDenormal = Worst()

  /// NaN where there is a number, or a number where there is none.
  package var wrongNaN = 0
  /// An infinity where the exact value lies more than two units below it, or the reverse.
  package var wrongInfinity = 0
  /// Another value than the exact zero, or a zero of the wrong sign.
  package var wrongZero = 0
  /// Zero where the exact value is at least the smallest denormal number.
  package var flushed = 0

  package init() {}

  package var wrongSpecials: Int { wrongNaN + wrongInfinity + wrongZero + flushed }

  /// Adds one result to the measure.
  @inline(__always)
  package mutating func add(_ argument: Float, _ result: Float, exact: Double) {
    let nearest = Float(exact)
    if nearest.bitPattern != result.bitPattern { addInexact(argument, result, exact, nearest) }
  }

  @inline(never)
  private mutating func addInexact(_ argument: Float, _ result: Float, _ exact: Double, _ nearest: Float) {
    if result.isNaN || exact.isNaN {
      if result.isNaN != exact.isNaN { wrongNaN += 1 }
      return
    }
    if exact.isInfinite || exact == 0 || (nearest == 0 && result == 0) {
      if exact.isInfinite { wrongInfinity += 1 } else { wrongZero += 1 }
      return
    }
    misrounded += 1
    // An infinity stands for the next power of two, so that rounding up to it costs what it costs elsewhere.
    let value = result.isInfinite ? (result < 0 ? -0x1p128 : 0x1p128) : Double(result)
    let exponent = min(max(Int(exact.exponent), -126), 127)
    let ulps = abs(value - exact) * Double(sign: .plus, exponent: 23 - exponent, significand: 1)
    if (result.isInfinite || nearest.isInfinite) && ulps > 2 {
      wrongInfinity += 1
      return
    }
    if result == 0 && abs(exact) >= 0x1p-149 { flushed += 1 }
    let found = Worst(ulps: ulps, argument: argument, result: result)
    worst.take(found)
    if abs(exact) < 0x1p-126 { worstDenormal.take(found) }
  }

  /// Adds what another measure gathered. At equal errors the earlier one's argument stays.
  package mutating func merge(_ other: ErrorMeasure) {
    misrounded += other.misrounded
    worst.take(other.worst)
    worstDenormal.take(other.worstDenormal)
    wrongNaN += other.wrongNaN
    wrongInfinity += other.wrongInfinity
    wrongZero += other.wrongZero
    flushed += other.flushed
  }
}
