import ApusCompute
import ApusData
import ApusNN
import ApusTensor
import ApusTraining

/// `apus forecast`: forecasts a column of a CSV file, and tells how good that is on values held back.
struct ForecastCommand: Command {
  static let description = CommandDescription(
    name: "forecast",
    summary: "forecast a time series with a season, as monthly figures in a CSV file",
    discussion: """
      The last --horizon rows are held back: the networks learn from what comes before them, forecast all of them without
      seeing one, and are held against the seasonal-naive forecast, which repeats the last season. Everything is worked
      out from the training part alone: scale, power, how the season is removed, and the weights.

      Printed are the mean absolute error, the root mean squared error, and MASE: the mean absolute error relative to
      that of the seasonal-naive forecast within the training part. With --origins N the same is done N times, each time
      with an earlier end of the training part and new networks, and the means are printed: one stretch alone may be luck.

      With --future nothing is held back, and the rows after the last one are forecast.

      Fields that are empty, NA, NaN, null or ? are missing: they are filled by a straight line, within the training part
      only, and not compared where they are held back. Ctrl-C ends the run; the origins that are done are printed.
      """,
    operands: .init(placeholder: "FILE.csv", minimum: 1, maximum: 1, minimumWords: "a CSV file is"),
    options: ForecastSettings.options,
    examples: [
      ("apus forecast airline-passengers.csv --plot airline.svg", "the last two years, with a picture"),
      ("apus forecast monthly-sunspots.csv --period 132 --horizon 60 --origins 6", "six stretches of five years"),
      ("apus forecast sales.csv --column Units --period 7 --horizon 14 --json", "a daily series with a weekly season"),
      ("apus forecast sales.csv --period 7 --horizon 14 --future --save sales.safetensors", "what is to come"),
    ])

  private let settings: ForecastSettings

  init(_ arguments: Arguments) throws(UsageError) {
    settings = try ForecastSettings(arguments)
  }

  func run() throws -> Int32 {
    if let threads = settings.threads { Threads.count = threads }
    for path in [settings.plotPath, settings.csvPath, settings.savePath].compactMap({ $0 }) {
      try Terminal.checkWritable(path)
    }
    let series = try TimeSeries(
      path: settings.path, column: settings.column, timeColumn: settings.timeColumn, delimiter: settings.delimiter)
    let loaded = try settings.loadPath.map { try Forecaster.load($0) }
    let period = try settings.period(of: series, loaded?.forecaster)
    let horizon = try settings.horizon(of: series, period: period, loaded?.forecaster)
    if !settings.printsJSON { describe(series, period, horizon, loaded?.forecaster) }
    Interrupt.watch()

    var results: [ForecastResult] = []
    do {
      for origin in 0..<settings.origins {
        let result = try forecast(series, period, horizon, origin, loaded?.forecaster)
        results.append(result)
        if !settings.printsJSON { Terminal.print(result.report(settings, isFirst: origin == 0)) }
      }
    } catch is CancellationError {
      Terminal.progress("")
    }
    if let last = results.first {
      if settings.printsJSON {
        Terminal.print("\(ForecastResult.json(results, series, period, settings))")
      } else if results.count > 1 {
        Terminal.print(ForecastResult.means(results))
      }
      try write(last, series)
    }
    guard let signal = Interrupt.signalNumber else { return ExitCode.success }
    Terminal.note("stopped early, after \(results.count) of \(settings.origins) origins")
    return ExitCode.signal(signal)
  }

  /// Learns from all before the stretch that is `origin` horizons before the end, and forecasts the stretch.
  private func forecast(
    _ series: TimeSeries, _ period: Int, _ horizon: Int, _ origin: Int, _ loaded: Forecaster?
  ) throws -> ForecastResult {
    let end = settings.future ? series.values.count : series.values.count - horizon * (origin + 1)
    guard end > 0, let known = filledGaps(Array(series.values[..<end])) else {
      throw WorkError("\(settings.path): no value is left to learn from")
    }
    let forecaster: Forecaster
    if let loaded {
      guard known.count >= loaded.trainingCount else {
        throw WorkError(
          "\(settings.loadPath ?? ""): it learned from \(grouped(loaded.trainingCount)) rows, so it has seen some of those "
            + "that are held back; --future forecasts what comes after the last row")
      }
      forecaster = loaded
    } else {
      var wish = Forecaster.Settings(period: period, horizon: horizon)
      wish.window = settings.window
      wish.cell = settings.cell
      wish.hiddenSize = settings.hiddenSize
      wish.members = settings.members
      wish.steps = settings.steps
      wish.seed = settings.seed
      wish.preparation = settings.preparation
      do {
        forecaster = try Forecaster(training: known, settings: wish, cancellation: Interrupt.cancellation) { part in
          Terminal.progress("origin \(origin + 1) of \(settings.origins): \(decimal(part * 100, places: 0)) % learned")
        }
      } catch let failure as Forecaster.Failure {
        throw WorkError("\(settings.path): \(failure.description), and \(grouped(horizon)) to hold back")
      }
      Terminal.progress("")
    }
    let truth = settings.future ? [] : Array(series.values[end..<end + horizon])
    return ForecastResult(
      forecaster: forecaster, start: end, known: known, truth: truth, period: period,
      forecast: forecaster.forecast(after: known, count: horizon),
      baseline: seasonalNaiveForecast(after: known, period: period, count: horizon))
  }

  private func describe(_ series: TimeSeries, _ period: Int, _ horizon: Int, _ loaded: Forecaster?) {
    let missing = series.values.count { $0 == nil }
    var words = "\(settings.path): \(grouped(series.values.count)) values of \(series.name)"
    if let first = series.times.first, let last = series.times.last { words += ", \(first) to \(last)" }
    if missing > 0 { words += ", \(grouped(missing)) missing" }
    if series.gapCount > 0 { words += ", \(grouped(series.gapCount)) gaps in the dates, taken as single steps" }
    let cell = loaded?.settings.cell ?? settings.cell
    let members = loaded?.settings.members ?? settings.members
    Terminal.print(
      words + "\nperiod \(period), horizon \(horizon); \(members) \(cell.rawValue) networks"
        + (loaded == nil ? ", seed \(settings.seed)" : " of \(settings.loadPath ?? "")"))
  }

  private func write(_ result: ForecastResult, _ series: TimeSeries) throws {
    if let path = settings.savePath {
      try result.forecaster.save(path, series: series.name)
      say("saved the networks to \(path)")
    }
    if let path = settings.csvPath {
      try FileAccess.write(Array(result.csv(series).utf8), to: path)
      say("wrote the forecast to \(path)")
    }
    if let path = settings.plotPath {
      try FileAccess.write(Array(result.plot(series, path: settings.path).svg.utf8), to: path)
      say("drew the forecast to \(path)")
    }
  }

  private func say(_ text: String) {
    if !settings.printsJSON { Terminal.print(text) }
  }
}
