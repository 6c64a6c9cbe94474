import ApusNN

/// How far a forecast is from what came.
public struct ForecastScores: Equatable, Sendable {
  /// The mean absolute error.
  public let mae: Double
  /// The root of the mean squared error.
  public let rmse: Double
  /// The mean absolute error relative to that of the seasonal-naive forecast one season ahead within the training part
  /// (Hyndman and Koehler 2006); nil where that has no error.
  public let mase: Double?
  /// Values that were compared.
  public let count: Int

  /// Compares.
  ///
  /// - Parameters:
  ///   - forecast: As many values as `truth`.
  ///   - truth: What came; nil where it is not known.
  ///   - training: What the forecast was made from, for the scale of `mase`.
  ///   - period: Steps of a season.
  public init(forecast: [Double], truth: [Double?], training: [Double], period: Int) {
    demand(forecast.count == truth.count, "ForecastScores: \(forecast.count) forecasts of \(truth.count) values")
    let errors = zip(forecast, truth).compactMap { forecast, truth in truth.map { forecast - $0 } }
    count = errors.count
    mae = errors.reduce(0) { $0 + $1.magnitude } / Double(max(1, count))
    rmse = (errors.reduce(0) { $0 + $1 * $1 } / Double(max(1, count))).squareRoot()
    let steps = training.indices.dropFirst(period)
    let scale = steps.reduce(0) { $0 + (training[$1] - training[$1 - period]).magnitude } / Double(max(1, steps.count))
    mase = scale > 0 ? mae / scale : nil
  }
}

/// The forecast that every other must beat: each value is the one of the same place in the last season.
///
/// - Precondition: There are `period` values.
public func seasonalNaiveForecast(after history: [Double], period: Int, count: Int) -> [Double] {
  demand(period > 0 && history.count >= period, "seasonalNaiveForecast: \(history.count) values, period \(period)")
  return (0..<count).map { history[history.count - period + $0 % period] }
}

/// The values with those that are missing filled in: by a straight line between the neighbours, and by the nearest at the ends.
///
/// Give only what may be known: a gap at the end of a training part is filled from before it, not from after.
///
/// - Returns: nil when all are missing.
public func filledGaps(_ values: [Double?]) -> [Double]? {
  guard let first = values.firstIndex(where: { $0 != nil }) else { return nil }
  var result = [Double](repeating: values[first]!, count: values.count)
  var last = first
  for index in first..<values.count {
    guard let value = values[index] else {
      result[index] = result[last]
      continue
    }
    for gap in last + 1..<max(last + 1, index) {
      result[gap] = values[last]! + (value - values[last]!) * Double(gap - last) / Double(index - last)
    }
    result[index] = value
    last = index
  }
  return result
}
