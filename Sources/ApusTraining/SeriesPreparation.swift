import ApusNN

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// What is taken off a time series before a network sees it, and put back onto its forecasts: all of it worked out from the
/// training part alone.
///
/// First the size of the swings is evened out by a power (Box and Cox 1964): the logarithm, the square root, or nothing. Then the
/// season is removed, and what is left is scaled to mean 0 and deviation 1.
struct SeriesPreparation: Equatable, Sendable {
  /// The function that evens out swings which grow with the level.
  enum Power: String, CaseIterable, Sendable {
    case logarithm
    case squareRoot = "square-root"
    case none
  }

  /// How the season is removed.
  enum Season: String, CaseIterable, Sendable {
    /// The value a season before is subtracted; what is left for the network is the change from season to season.
    case difference
    /// A straight line and sines of the period are fitted and subtracted; what is left are the deviations from the usual year.
    case harmonics
    /// Nothing is removed.
    case none
  }

  let power: Power
  let season: Season
  let period: Int
  /// Of the harmonics: constant, slope, and for each multiple of the base frequency sine and cosine.
  private(set) var coefficients: [Double] = []
  /// Of what is left.
  private(set) var mean = 0.0
  private(set) var deviation = 1.0
  /// The smallest and the largest number that was left of the training part, scaled.
  private(set) var range = (-1.0)...1.0
  /// The length of the training part, over which the slope is measured.
  private let span: Double

  /// The fewest values that can be prepared.
  static func minimumCount(_ season: Season, period: Int) -> Int {
    season == .difference ? period + 8 : max(8, season == .harmonics ? 2 * period : 0)
  }

  /// Works out everything from the training part.
  init(_ training: [Double], power: Power, season: Season, period: Int) {
    self.power = power
    self.season = season
    self.period = period
    span = Double(training.count)
    let transformed = training.map(forward)
    if season == .harmonics { coefficients = fitHarmonics(transformed) }
    let left = remainder(transformed)
    mean = left.reduce(0, +) / Double(left.count)
    let variance = left.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(left.count)
    // A series that repeats itself exactly leaves nothing to scale.
    deviation = variance > 0 ? variance.squareRoot() : 1
    let scaled = left.map { ($0 - mean) / deviation }
    range = scaled.min()!...scaled.max()!
  }

  /// Puts a preparation together that was worked out before.
  init(
    power: Power, season: Season, period: Int, coefficients: [Double], mean: Double, deviation: Double,
    range: ClosedRange<Double>, span: Int
  ) {
    (self.power, self.season, self.period, self.coefficients) = (power, season, period, coefficients)
    (self.mean, self.deviation, self.range, self.span) = (mean, deviation, range, Double(span))
  }

  /// How many coefficients harmonics of a period have.
  static func coefficientCount(_ season: Season, period: Int) -> Int {
    season == .harmonics ? basis(0, period: period, span: 1).count : 0
  }

  /// From what index of the series on there is something left to look at.
  var lag: Int { season == .difference ? period : 0 }

  /// What is left of a series that begins where the training part did, scaled.
  func residuals(_ values: [Double]) -> [Double] {
    remainder(values.map(forward)).map { ($0 - mean) / deviation }
  }

  /// The values that follow on `history`, of which `residuals` is left.
  func restore(_ residuals: [Double], after history: [Double]) -> [Double] {
    var values = history.map(forward)
    for residual in residuals {
      let left = residual * deviation + mean
      switch season {
      case .difference: values.append(values[values.count - period] + left)
      case .harmonics: values.append(harmonics(values.count) + left)
      case .none: values.append(left)
      }
    }
    return values[history.count...].map(backward)
  }

  /// The sine and cosine of the place in the season.
  func phase(_ index: Int) -> (Double, Double) {
    let angle = 2 * Double.pi * Double(index % max(1, period)) / Double(max(1, period))
    return (sin(angle), cos(angle))
  }

  private func remainder(_ values: [Double]) -> [Double] {
    switch season {
    case .difference: (period..<values.count).map { values[$0] - values[$0 - period] }
    case .harmonics: values.indices.map { values[$0] - harmonics($0) }
    case .none: values
    }
  }

  private func forward(_ value: Double) -> Double {
    switch power {
    case .logarithm: log(max(value, .leastNormalMagnitude))
    case .squareRoot: max(value, 0).squareRoot()
    case .none: value
    }
  }

  private func backward(_ value: Double) -> Double {
    switch power {
    case .logarithm: exp(value)
    case .squareRoot: max(value, 0) * max(value, 0)
    case .none: value
    }
  }

  // MARK: Harmonics

  private func basis(_ index: Int) -> [Double] { Self.basis(index, period: period, span: span) }

  private static func basis(_ index: Int, period: Int, span: Double) -> [Double] {
    // More than a few waves a year would fit noise, but a short season may have any shape.
    let count = period < 2 ? 0 : period <= 24 ? period / 2 : 4
    var values = [1, Double(index) / span]
    for multiple in 0..<count {
      let angle = 2 * Double.pi * Double((multiple + 1) * (index % period)) / Double(period)
      values.append(cos(angle))
      // The sine of half the period is 0 everywhere.
      if 2 * (multiple + 1) != period { values.append(sin(angle)) }
    }
    return values
  }

  private func harmonics(_ index: Int) -> Double {
    zip(coefficients, basis(index)).reduce(0) { $0 + $1.0 * $1.1 }
  }

  /// Least squares by the normal equations, solved by elimination: there are few unknowns, and none nearly depends on others.
  private func fitHarmonics(_ values: [Double]) -> [Double] {
    let count = basis(0).count
    var rows = [[Double]](repeating: [Double](repeating: 0, count: count + 1), count: count)
    for (index, value) in values.enumerated() {
      let basis = basis(index)
      for row in 0..<count {
        for column in 0..<count { rows[row][column] += basis[row] * basis[column] }
        rows[row][count] += basis[row] * value
      }
    }
    for row in 0..<count { rows[row][row] += 1e-9 * Double(values.count) }
    for pivot in 0..<count {
      let best = (pivot..<count).max { rows[$0][pivot].magnitude < rows[$1][pivot].magnitude }!
      rows.swapAt(pivot, best)
      for row in pivot + 1..<count {
        let factor = rows[row][pivot] / rows[pivot][pivot]
        for column in pivot...count { rows[row][column] -= factor * rows[pivot][column] }
      }
    }
    var solution = [Double](repeating: 0, count: count)
    for row in (0..<count).reversed() {
      let known = (row + 1..<count).reduce(0) { $0 + rows[row][$1] * solution[$1] }
      solution[row] = (rows[row][count] - known) / rows[row][row]
    }
    return solution
  }
}

extension SeriesPreparation.Power {
  /// The power under which the swings within a season depend least on its level, by Guerrero's measure (1993): the spread of
  /// deviation / mean^(1 − λ) over the seasons, relative to its mean.
  static func chosen(for training: [Double], period: Int) -> Self {
    let length = max(2, period)
    let seasons = stride(from: training.count % length, to: training.count - length + 1, by: length).map {
      training[$0..<$0 + length]
    }
    guard seasons.count >= 3, let lowest = training.min(), lowest >= 0 else { return .none }
    var best: (power: Self, spread: Double)?
    for (power, exponent) in [(Self.none, 1.0), (.squareRoot, 0.5), (.logarithm, 0)]
    where power != .logarithm || lowest > 0 {
      let ratios = seasons.compactMap { season -> Double? in
        let mean = season.reduce(0, +) / Double(length)
        guard mean > 0 else { return nil }
        let variance = season.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(length - 1)
        return variance.squareRoot() / pow(mean, 1 - exponent)
      }
      let mean = ratios.reduce(0, +) / Double(max(1, ratios.count))
      guard mean > 0 else { continue }
      let variance = ratios.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(ratios.count)
      let spread = variance.squareRoot() / mean
      if spread < (best?.spread ?? .infinity) { best = (power, spread) }
    }
    return best?.power ?? .none
  }
}
