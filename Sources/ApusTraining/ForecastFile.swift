import ApusData
import ApusNN
import ApusTensor

extension Forecaster {
  private static let prefix = "apus.forecast."

  /// Writes the networks and everything that was worked out to a safetensors file.
  ///
  /// - Parameters:
  ///   - path: Where to. A reader sees the old file or the whole new one.
  ///   - series: The name of the series, for whoever uses the file.
  /// - Throws: `DataError` when the file cannot be written.
  public func save(_ path: String, series: String) throws(DataError) {
    var file = Safetensors()
    let entries: [(String, String)] = [
      ("version", "1"), ("series", series), ("period", "\(settings.period)"), ("horizon", "\(settings.horizon)"),
      ("cell", settings.cell.rawValue), ("hidden", "\(settings.hiddenSize)"), ("members", "\(networks.count)"),
      ("window", "\(window)"), ("block", "\(block)"), ("direct", "\(networks[0].direct.inFeatures)"),
      ("training_count", "\(trainingCount)"), ("power", preparation.power.rawValue),
      ("season", preparation.season.rawValue),
      ("coefficients", preparation.coefficients.map { "\($0)" }.joined(separator: " ")),
      (
        "scale",
        [preparation.mean, preparation.deviation, preparation.range.lowerBound, preparation.range.upperBound]
          .map { "\($0)" }.joined(separator: " ")
      ),
    ]
    for (key, value) in entries { file.metadata[Self.prefix + key] = value }
    for (number, network) in networks.enumerated() {
      for (name, parameter) in network.namedParameters { file.set("\(number).\(name)", parameter.value) }
    }
    try file.write(to: path)
  }

  /// The name of the series under which a file was saved, and the forecaster.
  ///
  /// - Throws: `DataError` when the file cannot be read, is no forecaster, or contradicts itself. Nothing is allocated that its
  ///   own tensors do not justify.
  public static func load(_ path: String) throws(DataError) -> (series: String, forecaster: Forecaster) {
    let file = try Safetensors(path: path)
    func text(_ key: String) throws(DataError) -> String {
      guard let value = file.metadata[prefix + key] else {
        throw DataError(.wrongFormat, path: path, expected: "a forecaster with “\(prefix)\(key)”", found: "none")
      }
      return value
    }
    func refuse(_ key: String, _ expected: String) throws(DataError) -> Never {
      throw DataError(.malformed, path: path, expected: "\(prefix)\(key) to be \(expected)", found: "something else")
    }
    func integer(_ key: String, _ range: ClosedRange<Int>) throws(DataError) -> Int {
      guard let value = Int(try text(key)), range.contains(value) else {
        try refuse(key, "an integer in \(range)")
      }
      return value
    }
    func numbers(_ key: String, _ count: Int) throws(DataError) -> [Double] {
      let values = try text(key).split(separator: " ").map { Double($0) ?? .nan }
      guard values.count == count, values.allSatisfy(\.isFinite) else { try refuse(key, "\(count) finite numbers") }
      return values
    }
    guard try text("version") == "1" else { try refuse("version", "1") }
    let largest = 1 << 20
    let period = try integer("period", 1...largest)
    var settings = Settings(period: period, horizon: try integer("horizon", 1...largest))
    guard let cell = Cell(rawValue: try text("cell")) else { try refuse("cell", "lstm, gru or linear") }
    guard let power = SeriesPreparation.Power(rawValue: try text("power")) else { try refuse("power", "a known one") }
    guard let season = SeriesPreparation.Season(rawValue: try text("season")) else {
      try refuse("season", "a known one")
    }
    settings.cell = cell
    settings.hiddenSize = try integer("hidden", 1...4096)
    settings.members = try integer("members", 1...1000)
    let window = try integer("window", 1...largest)
    let block = try integer("block", 1...largest)
    let direct = try integer("direct", 1...window)
    let trainingCount = try integer("training_count", 1...(1 << 40))
    let count = SeriesPreparation.coefficientCount(season, period: period)
    let coefficients = try numbers("coefficients", count)
    let scale = try numbers("scale", 4)
    guard scale[1] > 0, scale[2] <= scale[3] else { try refuse("scale", "mean, deviation, lowest and highest") }
    let preparation = SeriesPreparation(
      power: power, season: season, period: period, coefficients: coefficients, mean: scale[0], deviation: scale[1],
      range: scale[2]...scale[3], span: trainingCount)

    // The linear layer is in every network, so its size in the file tells whether the sizes above can be meant.
    guard let first = file["0.direct.weight"], first.shape == [block, direct] else {
      throw DataError(
        .malformed, path: path, expected: "“0.direct.weight” of [\(block), \(direct)]",
        found: file["0.direct.weight"].map { "\($0.shape)" } ?? "none")
    }
    var networks: [ForecastNetwork] = []
    for number in 0..<settings.members {
      guard file["\(number).direct.weight"] != nil else {
        throw DataError(.malformed, path: path, expected: "\(settings.members) networks", found: "\(number)")
      }
      let network = ForecastNetwork(
        cell: cell, window: window, direct: direct, hidden: settings.hiddenSize, block: block)
      for (name, parameter) in network.namedParameters {
        guard let entry = file["\(number).\(name)"], entry.shape == Array(parameter.shape) else {
          throw DataError(
            .malformed, path: path, expected: "“\(number).\(name)” of \(parameter.shape)",
            found: file["\(number).\(name)"].map { "\($0.shape)" } ?? "none")
        }
        parameter.value = try file.tensor("\(number).\(name)")
      }
      networks.append(network)
    }
    settings.window = window
    return (
      try text("series"),
      Forecaster(
        settings: settings, preparation: preparation, window: window, block: block, networks: networks,
        trainingCount: trainingCount)
    )
  }
}
