import Apus
import Foundation
import Testing

@testable import ApusTraining

@Suite struct ForecasterTests {
  /// A trend, a season of 12 whose swings grow with the level, and a little noise.
  static let series: [Double] = {
    var random = Random(seed: 11)
    let year: [Double] = [0.9, 0.88, 1, 0.97, 0.98, 1.1, 1.22, 1.21, 1.05, 0.93, 0.82, 0.92]
    return (0..<144).map { (month: Int) -> Double in
      let growth = 0.012 * Double(month) + 0.02 * random.normal()
      return 100 * year[month % 12] * Foundation.exp(growth)
    }
  }()

  static func settings(_ horizon: Int = 24) -> Forecaster.Settings {
    var settings = Forecaster.Settings(period: 12, horizon: horizon)
    settings.hiddenSize = 8
    settings.members = 2
    settings.steps = 120
    return settings
  }

  @Test func beatsTheSeasonalNaiveForecast() throws {
    let known = Array(Self.series.dropLast(24))
    let truth = Self.series.suffix(24).map { Optional($0) }
    let forecaster = try Forecaster(training: known, settings: Self.settings())
    let forecast = forecaster.forecast(after: known, count: 24)
    let own = ForecastScores(forecast: forecast, truth: truth, training: known, period: 12)
    let naive = ForecastScores(
      forecast: seasonalNaiveForecast(after: known, period: 12, count: 24), truth: truth, training: known, period: 12)
    #expect(own.mae < 0.5 * naive.mae, "\(own) and \(naive)")
    #expect(forecaster.preparation.power == .logarithm)
    #expect(forecaster.trials.count == 3)
  }

  @Test func theSameSeedGivesTheSameForecast() throws {
    let known = Array(Self.series.prefix(80))
    var settings = Self.settings(6)
    settings.steps = 20
    func forecast() throws -> [Double] {
      try Forecaster(training: known, settings: settings).forecast(after: known, count: 6)
    }
    let first = try forecast()
    #expect(try forecast() == first)
    settings.seed = 1
    #expect(try forecast() != first)
  }

  @Test(arguments: Forecaster.Cell.allCases) func aFileGivesTheSameForecast(_ cell: Forecaster.Cell) throws {
    let known = Array(Self.series.prefix(100))
    var settings = Self.settings(12)
    settings.cell = cell
    settings.steps = 10
    let forecaster = try Forecaster(training: known, settings: settings)
    let path = NSTemporaryDirectory() + "apus-forecast-\(UInt64.random(in: 0 ... .max)).safetensors"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try forecaster.save(path, series: "x")
    let (name, again) = try Forecaster.load(path)
    #expect(name == "x" && again.trainingCount == 100 && again.settings.cell == cell)
    // More history than was learned from.
    #expect(
      again.forecast(after: Self.series, count: 12) == forecaster.forecast(after: Self.series, count: 12))
  }

  @Test func filesThatContradictThemselvesAreRefused() throws {
    let path = NSTemporaryDirectory() + "apus-forecast-\(UInt64.random(in: 0 ... .max)).safetensors"
    defer { try? FileManager.default.removeItem(atPath: path) }
    var settings = Self.settings(12)
    settings.steps = 2
    settings.preparation = "harmonics"
    try Forecaster(training: Array(Self.series.prefix(60)), settings: settings).save(path, series: "x")
    let good = try Safetensors(path: path)
    let changes: [(String, String?)] = [
      ("period", "0"), ("period", "7"), ("window", "100000"), ("direct", "99999"), ("hidden", "4000"),
      ("members", "900"), ("cell", "gpu"), ("season", nil), ("power", "?"), ("scale", "1 2"), ("scale", "0 -1 0 1"),
      ("coefficients", "nan"), ("version", "9"), ("block", "3"),
    ]
    for (key, value) in changes {
      var bad = good
      bad.metadata["apus.forecast." + key] = value
      // The length of the window alone changes no tensor.
      if key == "window" { bad.metadata["apus.forecast.window"] = "0" }
      try bad.write(to: path)
      #expect(throws: DataError.self, "\(key) = \(value ?? "nothing")") { try Forecaster.load(path) }
    }
  }

  @Test func tooLittleIsAnError() throws {
    #expect(throws: Forecaster.Failure.self) {
      try Forecaster(training: Array(Self.series.prefix(39)), settings: Self.settings())
    }
    var settings = Self.settings(4)
    settings.steps = 1
    let few = Array(Self.series.prefix(40))
    let forecast = try Forecaster(training: few, settings: settings).forecast(after: few, count: 30)
    #expect(forecast.count == 30 && forecast.allSatisfy { $0.isFinite && $0 > 0 })
  }

  @Test func cancellingEnds() {
    let cancellation = Cancellation()
    cancellation.cancel()
    #expect(throws: CancellationError.self) {
      try Forecaster(training: Self.series, settings: Self.settings(), cancellation: cancellation)
    }
  }

  @Test(arguments: SeriesPreparation.Season.allCases, SeriesPreparation.Power.allCases)
  func preparationGoesBothWays(_ season: SeriesPreparation.Season, _ power: SeriesPreparation.Power) {
    let training = Array(Self.series.prefix(100))
    let preparation = SeriesPreparation(training, power: power, season: season, period: 12)
    let left = preparation.residuals(training)
    let count = Double(left.count)
    let sum: Double = left.reduce(0, +)
    let squares: Double = left.reduce(0) { (sum: Double, x: Double) -> Double in sum + x * x }
    #expect(abs(sum) < 1e-6 * count)
    #expect(abs(squares / count - 1) < 1e-6)
    // What is left of later values, put back behind the training part, gives these values.
    let all = preparation.residuals(Self.series)
    let restored = preparation.restore(Array(all.suffix(44)), after: training)
    for (value, truth) in zip(restored, Self.series.suffix(44)) { #expect(abs(value - truth) < 1e-6 * truth) }
  }

  @Test func thePowerFollowsTheSwings() {
    let steady = (0..<120).map { (month: Int) -> Double in
      let angle = 2 * Double.pi * Double(month) / 12
      return 100 + Double(month) + 10 * sin(angle)
    }
    #expect(SeriesPreparation.Power.chosen(for: steady, period: 12) == .none)
    #expect(SeriesPreparation.Power.chosen(for: Self.series, period: 12) == .logarithm)
    let withZeros = Self.series.map { $0 - Self.series.min()! }
    #expect(SeriesPreparation.Power.chosen(for: withZeros, period: 12) != .logarithm)
    #expect(SeriesPreparation.Power.chosen(for: Self.series.map { -$0 }, period: 12) == .none)
  }

  @Test func gapsAreFilledFromWhatIsKnown() {
    #expect(filledGaps([nil, 2, nil, nil, 8, nil])! == [2, 2, 4, 6, 8, 8])
    #expect(filledGaps([1])! == [1])
    #expect(filledGaps([nil, nil]) == nil)
  }

  @Test func scores() {
    // The naive errors of the training part are 2, 2.
    let scores = ForecastScores(forecast: [1, 5, 9], truth: [2, nil, 6], training: [1, 2, 3, 4], period: 2)
    #expect(scores.count == 2 && scores.mae == 2 && scores.rmse == 5.0.squareRoot() && scores.mase == 1)
    #expect(ForecastScores(forecast: [1], truth: [1], training: [1, 1, 1], period: 1).mase == nil)
    #expect(seasonalNaiveForecast(after: [1, 2, 3, 4], period: 3, count: 5) == [2, 3, 4, 2, 3])
  }

  @Test func thePlotShowsWhatThereIs() {
    let plot = ForecastPlot(
      title: "a < b", valueName: "v", times: ["1", "2", "3", "4"], history: [1, nil], truth: [3, 4], forecast: [3, 5],
      baseline: [1, 1])
    let svg = plot.svg
    #expect(svg.hasPrefix("<svg") && svg.contains("a &lt; b"))
    for style in ["history", "truth", "forecast", "baseline"] { #expect(svg.contains("class=\"\(style)\" d=\"M")) }
    let future = ForecastPlot(
      title: "t", valueName: "v", times: ["1", "2"], history: [1], truth: [], forecast: [2], baseline: [])
    #expect(!future.svg.contains("class=\"truth\"") && !future.svg.contains("nan"))
  }
}
