import ApusNN

/// A forecast beside what came, as a picture: the history before it, the values held back, the forecast and the baseline.
///
/// The picture is a self-contained SVG, readable on light and dark pages, without a font or script from elsewhere.
public struct ForecastPlot: Sendable {
  /// A line above the picture.
  public var title: String
  /// What the values are, as the name of the column.
  public var valueName: String
  /// The labels of all steps that are drawn, history first; only some are written.
  public var times: [String]
  /// The values before the forecast; nil where one is missing.
  public var history: [Double?]
  /// What came; empty when nobody knows.
  public var truth: [Double?]
  /// The forecast.
  public var forecast: [Double]
  /// The seasonal-naive forecast; empty for none.
  public var baseline: [Double]

  /// Makes a plot.
  ///
  /// - Precondition: There is a label for each step of history and forecast; `truth` and `baseline` are empty or as long as the
  ///   forecast.
  public init(
    title: String, valueName: String, times: [String], history: [Double?], truth: [Double?], forecast: [Double],
    baseline: [Double]
  ) {
    demand(
      times.count == history.count + forecast.count && (truth.isEmpty || truth.count == forecast.count)
        && (baseline.isEmpty || baseline.count == forecast.count),
      "ForecastPlot: \(times.count) labels, \(history.count) values before, \(forecast.count) forecast, \(truth.count) that "
        + "came, \(baseline.count) of the baseline")
    (self.title, self.valueName, self.times) = (title, valueName, times)
    (self.history, self.truth, self.forecast, self.baseline) = (history, truth, forecast, baseline)
  }

  private static let width = 860.0
  private static let height = 400.0
  private static let (left, right, top, bottom) = (64.0, 836.0, 64.0, 350.0)

  /// The picture.
  public var svg: String {
    let values = (history + truth).compactMap { $0 } + forecast + baseline
    let finite = values.filter(\.isFinite)
    let lowest = finite.min() ?? 0
    // A scale from 0 shows proportions; where it would waste half of the picture it does not.
    let highest = finite.max() ?? 1
    let axis = Axis(lowest > 0 && lowest < 0.5 * highest ? 0 : lowest, highest, steps: 5)
    let count = Double(max(1, times.count - 1))
    func x(_ step: Int) -> Double { Self.left + (Self.right - Self.left) * Double(step) / count }
    func y(_ value: Double) -> Double {
      Self.bottom - (Self.bottom - Self.top) * (value - axis.start) / (axis.end - axis.start)
    }
    func curve(_ style: String, _ values: [Double?], from start: Int) -> String {
      var (path, isDown) = ("", false)
      for (index, value) in values.enumerated() {
        guard let value, value.isFinite else {
          isDown = false
          continue
        }
        path += "\(isDown ? "L" : "M")\(Self.number(x(start + index))) \(Self.number(y(value)))"
        isDown = true
      }
      return path.isEmpty ? "" : "<path class=\"\(style)\" d=\"\(path)\"/>"
    }

    var lines = [
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(Int(Self.width)) \(Int(Self.height))\" "
        + "width=\"\(Int(Self.width))\" height=\"\(Int(Self.height))\" role=\"img\" aria-label=\"\(escaped(title))\">",
      "<style>",
      "text{font:12px system-ui,-apple-system,'Segoe UI',sans-serif;fill:#444}",
      ".title{font-size:17px;font-weight:600;fill:#111}.grid{stroke:#e4e6ea;stroke-width:1}",
      ".axis{stroke:#9aa0a8;stroke-width:1}.held{fill:#f5f7fa}",
      "path{fill:none;stroke-linejoin:round;stroke-linecap:round}.history{stroke:#6b7280;stroke-width:1.5}",
      ".truth{stroke:#111;stroke-width:1.75}.forecast{stroke:#2563eb;stroke-width:2.25}",
      ".baseline{stroke:#e8710a;stroke-width:1.75;stroke-dasharray:5 4}",
      "</style>",
      "<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#fff\"/>",
      "<text class=\"title\" x=\"24\" y=\"30\">\(escaped(title))</text>",
    ]
    let begin = x(max(0, history.count - 1))
    lines.append(
      "<rect class=\"held\" x=\"\(Self.number(begin))\" y=\"\(Self.number(Self.top))\" "
        + "width=\"\(Self.number(Self.right - begin))\" height=\"\(Self.number(Self.bottom - Self.top))\"/>")
    for tick in axis.ticks {
      lines.append(
        "<path class=\"grid\" d=\"M\(Self.number(Self.left)) \(Self.number(y(tick)))H\(Self.number(Self.right))\"/>")
      lines.append(
        "<text x=\"\(Self.number(Self.left - 8))\" y=\"\(Self.number(y(tick) + 4))\" text-anchor=\"end\">"
          + "\(decimal(tick, places: axis.places))</text>")
    }
    lines.append(
      "<path class=\"axis\" d=\"M\(Self.number(Self.left)) \(Self.number(Self.bottom))H\(Self.number(Self.right))\"/>")
    for part in 0...6 where times.count > 6 || part < times.count {
      let step = times.count > 6 ? part * (times.count - 1) / 6 : part
      lines.append(
        "<text x=\"\(Self.number(x(step)))\" y=\"\(Self.number(Self.bottom + 20))\" "
          + "text-anchor=\"\(part == 6 ? "end" : "middle")\">\(escaped(String(times[step].prefix(10))))</text>")
    }
    lines.append(
      "<text x=\"24\" y=\"52\">\(escaped(valueName))</text>")
    // The last value of the history begins each curve, so that none hangs in the air.
    let last = history.last ?? nil
    let start = last == nil ? history.count : history.count - 1
    let lead = last.map { [Optional($0)] } ?? []
    lines.append(curve("history", history, from: 0))
    if !baseline.isEmpty { lines.append(curve("baseline", lead + baseline, from: start)) }
    if !truth.isEmpty { lines.append(curve("truth", lead + truth, from: start)) }
    lines.append(curve("forecast", lead + forecast, from: start))
    lines += legend
    lines.append("</svg>")
    return lines.filter { !$0.isEmpty }.joined(separator: "\n") + "\n"
  }

  private var legend: [String] {
    var entries = [("history", "history")]
    if !truth.isEmpty { entries.append(("truth", "held back")) }
    entries.append(("forecast", "forecast"))
    if !baseline.isEmpty { entries.append(("baseline", "seasonal naive")) }
    return entries.enumerated().flatMap { number, entry in
      let x = Int(Self.right) - 124 * (entries.count - number)
      return [
        "<path class=\"\(entry.0)\" d=\"M\(x) 48h24\"/>", "<text x=\"\(x + 30)\" y=\"52\">\(entry.1)</text>",
      ]
    }
  }

  private static func number(_ value: Double) -> String { decimal(value, places: 1) }
}
