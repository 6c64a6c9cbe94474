import ApusNN

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Two ways of doing the same, compared on the same seeds: each seed gives a pair, and what the pairs have in common (the
/// choice of labelled images, say) cancels in their differences.
public struct PairedComparison: Equatable, Sendable {
  /// Figures of the first way, seed by seed.
  public let first: [Double]
  /// Figures of the second way, in the same order.
  public let second: [Double]

  /// Compares figures.
  ///
  /// - Precondition: There are as many of one as of the other, and at least one pair.
  public init(_ first: [Double], _ second: [Double]) {
    demand(
      first.count == second.count && !first.isEmpty, "PairedComparison: \(first.count) figures and \(second.count)")
    self.first = first
    self.second = second
  }

  /// Mean and standard deviation of some figures.
  public struct Spread: Equatable, Sendable {
    /// The mean.
    public let mean: Double
    /// The standard deviation of the sample (÷ (n − 1)), 0 for a single figure.
    public let deviation: Double

    /// Mean and standard deviation of `figures`.
    public init(_ figures: [Double]) {
      let count = Double(figures.count)
      let mean = figures.reduce(0, +) / count
      self.mean = mean
      let squares = figures.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      deviation = figures.count > 1 ? (squares / (count - 1)).squareRoot() : 0
    }
  }

  /// second − first, seed by seed.
  public var differences: [Double] { zip(first, second).map { $1 - $0 } }

  /// The interval in which the true mean difference lies with the given confidence, by Student's distribution; nil for a
  /// single pair.
  ///
  /// - Precondition: `confidence` lies between 0 and 1.
  public func interval(confidence: Double = 0.95) -> ClosedRange<Double>? {
    demand(confidence > 0 && confidence < 1, "PairedComparison: a confidence of \(confidence)")
    guard first.count > 1 else { return nil }
    let spread = Spread(differences)
    let quantile = studentQuantile(0.5 + confidence / 2, degreesOfFreedom: first.count - 1)
    let reach = quantile * spread.deviation / Double(first.count).squareRoot()
    return (spread.mean - reach)...(spread.mean + reach)
  }

  /// How many seeds the second way was better on.
  public var wins: Int { differences.filter { $0 > 0 }.count }
}

/// The number below which Student's t lies with probability `p`, at least ½, by halving intervals.
func studentQuantile(_ p: Double, degreesOfFreedom: Int) -> Double {
  var (low, high) = (0.0, 1.0)
  while studentDistribution(high, degreesOfFreedom) < p { high *= 2 }
  for _ in 0..<80 {
    let middle = (low + high) / 2
    if studentDistribution(middle, degreesOfFreedom) < p { low = middle } else { high = middle }
  }
  return high
}

/// The probability that Student's t lies below `t`, at least 0: the finite series of Abramowitz and Stegun, 26.7.3 and
/// 26.7.4, in θ = arctan(t / √ν).
private func studentDistribution(_ t: Double, _ degrees: Int) -> Double {
  let angle = atan(t / Double(degrees).squareRoot())
  let (s, c) = (sin(angle), cos(angle))
  var term = degrees % 2 == 0 ? 1 : c
  var sum = degrees == 1 ? 0 : term
  var k = degrees % 2 == 0 ? 2 : 3
  while k <= degrees - 2 {
    // cos θ + 2/3 cos³ θ + … for odd ν, 1 + 1/2 cos² θ + 1·3/(2·4) cos⁴ θ + … for even ν.
    term *= c * c * Double(k - 1) / Double(k)
    sum += term
    k += 2
  }
  let between = degrees % 2 == 0 ? s * sum : 2 / .pi * (angle + s * sum)
  return 0.5 + between / 2
}
