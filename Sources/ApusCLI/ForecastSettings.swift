import ApusData
import ApusTraining

/// What `apus forecast` was asked for.
struct ForecastSettings {
  let path: String
  let column: String?
  let timeColumn: String?
  let delimiter: Character
  private let wishedPeriod: Int?
  private let wishedHorizon: Int?
  let origins: Int
  let future: Bool
  let cell: Forecaster.Cell
  let window: Int?
  let hiddenSize: Int
  let members: Int
  let steps: Int
  /// How the season is removed, nil to let the training part decide.
  let preparation: String?
  let seed: UInt64
  let threads: Int?
  let plotPath: String?
  let csvPath: String?
  let savePath: String?
  let loadPath: String?
  let printsJSON: Bool

  private static let delimiters: [(name: String, character: Character)] = [
    ("comma", ","), ("semicolon", ";"), ("tab", "\t"),
  ]
  private static let preparations = ["difference", "harmonics", "none"]

  static let options = [
    OptionDescription(
      "column", "NAME", "the column to forecast, by its name or number from 1 (default: the last with numbers)"),
    OptionDescription("time", "NAME", "the column of dates (default: the first other one)"),
    OptionDescription("delimiter", "NAME", "comma, semicolon or tab (default: comma)"),
    OptionDescription(
      "period", "N", "rows of a season (default: what the dates say: 12 for months, 365 or 7 for days)"),
    OptionDescription(
      "horizon", "N", "rows to hold back and forecast (default: two seasons, one of more than 24 rows)"),
    OptionDescription("origins", "N", "do it N times, each time a horizon earlier, and print the means (default: 1)"),
    OptionDescription("future", nil, "hold nothing back: forecast the rows after the last one"),
    OptionDescription("cell", "NAME", "what reads the past: lstm, gru or linear (default: lstm)"),
    OptionDescription("window", "N", "rows that it reads (default: two seasons, at most 144)"),
    OptionDescription("hidden", "N", "numbers of its state (default: 32)"),
    OptionDescription("members", "N", "networks whose median is the forecast (default: 5)"),
    OptionDescription("steps", "N", "steps of the optimizer for each (default: 400)"),
    OptionDescription(
      "season", "NAME",
      "how the season is removed: difference (from a season ago), harmonics (line and waves),\n"
        + "none (default: what forecasts the end of the training part best)"),
    OptionDescription("seed", "N", "what first weights and the order of learning depend on (default: 0)"),
    OptionDescription("threads", "N", "threads to use; the result does not depend on it (default: all CPUs)"),
    OptionDescription("plot", "FILE", "draw history, truth, forecast and baseline to FILE, as SVG"),
    OptionDescription("csv", "FILE", "write the forecast to FILE, a row for each step"),
    OptionDescription("save", "FILE", "write the networks to FILE, as safetensors"),
    OptionDescription("load", "FILE", "use networks that --save wrote instead of learning"),
    OptionDescription("json", nil, "print one JSON object instead"),
  ]

  init(_ arguments: Arguments) throws(UsageError) {
    path = arguments.operands[0]
    column = arguments.text("column")
    timeColumn = arguments.text("time")
    let delimiterName = try arguments.choice("delimiter", among: Self.delimiters.map(\.name))
    delimiter = Self.delimiters.first { $0.name == delimiterName }?.character ?? ","
    wishedPeriod = try arguments.integer("period", in: 1...1_000_000)
    wishedHorizon = try arguments.integer("horizon", in: 1...1_000_000)
    future = arguments.has("future")
    origins = try arguments.integer("origins", in: 1...1000) ?? 1
    cell =
      try arguments.choice("cell", among: Forecaster.Cell.allCases.map(\.rawValue))
      .flatMap(Forecaster.Cell.init(rawValue:)) ?? .lstm
    window = try arguments.integer("window", in: 2...100_000)
    hiddenSize = try arguments.integer("hidden", in: 1...4096) ?? 32
    members = try arguments.integer("members", in: 1...1000) ?? 5
    steps = try arguments.integer("steps", in: 1...10_000_000) ?? 400
    preparation = try arguments.choice("season", among: Self.preparations)
    seed = try arguments.integer("seed", in: 0...UInt64.max) ?? 0
    threads = try arguments.integer("threads", in: 1...256)
    plotPath = arguments.text("plot")
    csvPath = arguments.text("csv")
    savePath = arguments.text("save")
    loadPath = arguments.text("load")
    printsJSON = arguments.has("json")
    if future, origins > 1 { throw arguments.failure("--future has one origin: the end of the file") }
    if loadPath != nil, origins > 1 {
      throw arguments.failure("--origins learns anew for each; that does not go with --load")
    }
    if loadPath != nil {
      for name in ["cell", "window", "hidden", "members", "steps", "season", "seed", "period", "save"]
      where arguments.has(name) {
        throw arguments.failure("--\(name) does not go with --load: the networks are what they are")
      }
    }
  }

  /// The rows of a season: what was said, what a file says, or what the dates say.
  func period(of series: TimeSeries, _ loaded: Forecaster?) throws(UsageError) -> Int {
    if let period = loaded?.settings.period ?? wishedPeriod ?? series.suggestedPeriod { return period }
    throw UsageError("the dates do not tell how many rows make a season: say --period N", command: "forecast")
  }

  func horizon(of series: TimeSeries, period: Int, _ loaded: Forecaster?) throws(WorkError) -> Int {
    let preset = loaded?.settings.horizon ?? max(1, min(period > 12 ? period : 2 * period, series.values.count / 4))
    let horizon = wishedHorizon ?? preset
    guard !future else { return horizon }
    let (held, overflow) = horizon.multipliedReportingOverflow(by: origins)
    guard !overflow, held < series.values.count else {
      throw WorkError(
        "\(path): \(series.values.count) rows are too few to hold back \(origins == 1 ? "" : "\(origins) times ")"
          + "\(horizon)")
    }
    return horizon
  }
}
