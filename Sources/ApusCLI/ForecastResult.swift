import ApusData
import ApusNN
import ApusTraining

/// One forecast of `apus forecast`, and how it compares.
struct ForecastResult {
  let forecaster: Forecaster
  /// The first row that is forecast.
  let start: Int
  /// What was learned from, gaps filled.
  let known: [Double]
  /// What came; empty when nobody knows.
  let truth: [Double?]
  let period: Int
  let forecast: [Double]
  let baseline: [Double]

  private func scores(_ forecast: [Double]) -> ForecastScores {
    ForecastScores(forecast: forecast, truth: truth, training: known, period: period)
  }

  var modelScores: ForecastScores { scores(forecast) }
  var baselineScores: ForecastScores { scores(baseline) }

  /// The label of a row, counted on after the last one.
  private func label(_ step: Int, _ series: TimeSeries) -> String {
    start + step < series.times.count ? series.times[start + step] : "+\(start + step + 1 - series.times.count)"
  }

  func report(_ settings: ForecastSettings, isFirst: Bool) -> String {
    var lines = [""]
    let tried = forecaster.trials.map { "\($0.preparation) \(decimal($0.error, places: 2))" }
    lines.append(
      "learned from \(grouped(known.count)) rows: \(forecaster.preparationWords)"
        + (tried.isEmpty ? "" : " (errors over the end of the training part: \(tried.joined(separator: ", ")))"))
    guard !truth.isEmpty else {
      var table = TextTable(["step", "forecast"], [.right, .right])
      for (step, value) in forecast.enumerated() { table.add(["+\(step + 1)", decimal(value, places: 2)]) }
      return (lines + [table.text]).joined(separator: "\n")
    }
    var table = TextTable(["forecast", "MAE", "RMSE", "MASE"], [.left, .right, .right, .right])
    for (name, scores) in [("networks", modelScores), ("seasonal naive", baselineScores)] {
      table.add([
        name, decimal(scores.mae, places: 3), decimal(scores.rmse, places: 3),
        scores.mase.map { decimal($0, places: 3) } ?? "–",
      ])
    }
    lines += [table.text, Self.verdict(modelScores.mae, baselineScores.mae)]
    return lines.joined(separator: "\n")
  }

  /// How two mean absolute errors compare, in words.
  private static func verdict(_ own: Double, _ other: Double) -> String {
    guard other > 0 else { return "the seasonal-naive forecast has no error" }
    let gain = (1 - own / other) * 100
    return gain >= 0
      ? "\(decimal(gain, places: 1)) % less error than the seasonal-naive forecast"
      : "\(decimal(-gain, places: 1)) % more error than the seasonal-naive forecast"
  }

  private static func mean(_ results: [ForecastResult], _ value: (ForecastResult) -> Double) -> Double {
    results.reduce(0) { $0 + value($1) } / Double(results.count)
  }

  static func means(_ results: [ForecastResult]) -> String {
    let own = mean(results) { $0.modelScores.mae }
    let other = mean(results) { $0.baselineScores.mae }
    let won = results.count { $0.modelScores.mae < $0.baselineScores.mae }
    return """

      mean over \(results.count) origins: MAE \(decimal(own, places: 3)), seasonal naive \(decimal(other, places: 3)): \
      \(verdict(own, other)); better at \(won) of \(results.count)
      """
  }

  // MARK: For programs

  func csv(_ series: TimeSeries) -> String {
    var lines = ["time,forecast,seasonal_naive,truth"]
    for step in forecast.indices {
      let came = truth.isEmpty ? nil : truth[step]
      let time = label(step, series)
      let field = time.contains { $0 == "," || $0 == "\"" } ? "\"\(time.substituting("\"", with: "\"\""))\"" : time
      lines.append("\(field),\(forecast[step]),\(baseline[step]),\(came.map { "\($0)" } ?? "")")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  static func json(
    _ results: [ForecastResult], _ series: TimeSeries, _ period: Int, _ settings: ForecastSettings
  ) -> JSONLine {
    func scores(_ scores: ForecastScores) -> JSONLine {
      [
        "mae": .number(scores.mae), "rmse": .number(scores.rmse),
        "mase": scores.mase.map(JSONLine.number) ?? .null,
      ]
    }
    let origins = results.map { result -> JSONLine in
      let isJudged = !result.truth.isEmpty
      return [
        "first": .text(result.label(0, series)),
        "learned_from": .integer(result.known.count),
        "preparation": .text(result.forecaster.preparationWords),
        "model": isJudged ? scores(result.modelScores) : .null,
        "seasonal_naive": isJudged ? scores(result.baselineScores) : .null,
        "forecast": .list(result.forecast.map(JSONLine.number)),
        "truth": .list(result.truth.map { $0.map(JSONLine.number) ?? .null }),
        "baseline": .list(result.baseline.map(JSONLine.number)),
      ]
    }
    return [
      "series": .text(series.name),
      "period": .integer(period),
      "horizon": .integer(results[0].forecast.count),
      "mean_mae": settings.future ? .null : .number(mean(results) { $0.modelScores.mae }),
      "mean_seasonal_naive_mae": settings.future ? .null : .number(mean(results) { $0.baselineScores.mae }),
      "origins": .list(origins),
    ]
  }

  /// The picture, with at most eight horizons of history.
  func plot(_ series: TimeSeries, path: String) -> ForecastPlot {
    let shown = min(start, max(8 * forecast.count, 4 * period))
    let first = start - shown
    let name = path.split(separator: "/").last.map(String.init) ?? path
    return ForecastPlot(
      title: "\(name): \(forecast.count) steps from \(label(0, series)) on", valueName: series.name,
      times: Array(series.times[first..<start]) + forecast.indices.map { label($0, series) },
      history: Array(series.values[first..<start]), truth: truth, forecast: forecast, baseline: baseline)
  }
}
