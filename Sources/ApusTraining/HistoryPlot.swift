import ApusData
import ApusNN

extension History {
  /// The history as a plot: a self-contained SVG picture with a panel for the loss and one for every metric, training
  /// and validation in two colours. Readable on light and dark pages; needs no font or script from elsewhere.
  ///
  /// - Parameter title: A line above the panels, as the model's name.
  public func svg(title: String = "Training") -> String {
    var panels = [
      PlotPanel(
        title: "loss", startsAtZero: true, training: epochs.map { ($0.epoch, $0.training.loss) },
        validation: epochs.compactMap { record in record.validation.map { (record.epoch, $0.loss) } })
    ]
    for name in metricNames {
      panels.append(
        PlotPanel(
          title: name, startsAtZero: false,
          training: epochs.compactMap { record in record.training[name].map { (record.epoch, $0) } },
          validation: epochs.compactMap { record in record.validation?[name].map { (record.epoch, $0) } }))
    }
    let width = PlotPanel.width * panels.count + 20
    let height = PlotPanel.height + 56
    var lines = [
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(width) \(height)\" width=\"\(width)\" "
        + "height=\"\(height)\" role=\"img\" aria-label=\"\(escaped(title)): loss and metrics by epoch\">",
      "<style>",
      "text{font:12px system-ui,-apple-system,'Segoe UI',sans-serif;fill:#444}",
      ".title{font-size:17px;font-weight:600;fill:#111}.panel{font-size:13px;font-weight:600;fill:#222}",
      ".grid{stroke:#e4e6ea;stroke-width:1}.axis{stroke:#9aa0a8;stroke-width:1}",
      ".train{stroke:#2563eb}.test{stroke:#e8710a}",
      "path{fill:none;stroke-width:2.25;stroke-linejoin:round;stroke-linecap:round}",
      "circle{fill:#fff;stroke-width:2}",
      "</style>",
      "<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#fff\"/>",
      "<text class=\"title\" x=\"24\" y=\"32\">\(escaped(title))</text>",
    ]
    lines += legend(right: width - 24)
    for (number, panel) in panels.enumerated() {
      lines.append("<g transform=\"translate(\(10 + number * PlotPanel.width) 44)\">")
      lines += panel.lines
      lines.append("</g>")
    }
    lines.append("</svg>")
    return lines.joined(separator: "\n") + "\n"
  }

  /// Writes `svg` to a file.
  ///
  /// - Throws: `DataError` of kind `unwritable`.
  public func writeSVG(to path: String, title: String = "Training") throws(DataError) {
    try FileAccess.write(Array(svg(title: title).utf8), to: path)
  }

  private func legend(right: Int) -> [String] {
    var entries = [("train", "training")]
    if hasValidation { entries.append(("test", "validation")) }
    return entries.enumerated().flatMap { number, entry in
      let x = right - 96 * (entries.count - number)
      return [
        "<path class=\"\(entry.0)\" d=\"M\(x) 27h22\"/><circle class=\"\(entry.0)\" cx=\"\(x + 11)\" cy=\"27\" r=\"3\"/>",
        "<text x=\"\(x + 28)\" y=\"31\">\(entry.1)</text>",
      ]
    }
  }
}

/// One pair of axes with up to two curves.
struct PlotPanel {
  static let width = 380
  static let height = 280

  let title: String
  /// Whether the vertical axis should begin at 0 (a loss) or close to the lowest value (an accuracy).
  let startsAtZero: Bool
  let training: [(epoch: Int, value: Double)]
  let validation: [(epoch: Int, value: Double)]

  private let left = 58.0, right = 360.0, top = 34.0, bottom = 236.0

  var lines: [String] {
    let values = (training + validation).map(\.value).filter(\.isFinite)
    let lowest = startsAtZero ? min(0, values.min() ?? 0) : values.min() ?? 0
    let axis = Axis(lowest, values.max() ?? 1, steps: 5)
    let epochs = (training + validation).map(\.epoch)
    let first = epochs.min() ?? 1
    let last = max(epochs.max() ?? 1, first + 1)
    func x(_ epoch: Int) -> Double { left + (right - left) * Double(epoch - first) / Double(last - first) }
    func y(_ value: Double) -> Double {
      bottom - (bottom - top) * (value - axis.start) / (axis.end - axis.start)
    }

    var lines = ["<text class=\"panel\" x=\"\(number(left))\" y=\"20\">\(escaped(title))</text>"]
    for tick in axis.ticks {
      let height = number(y(tick))
      lines.append("<path class=\"grid\" d=\"M\(number(left)) \(height)H\(number(right))\"/>")
      lines.append(
        "<text x=\"\(number(left - 8))\" y=\"\(number(y(tick) + 4))\" text-anchor=\"end\">"
          + "\(decimal(tick, places: axis.places))</text>")
    }
    let stride = max(1, Int(Axis.niceStep(Double(last - first) / 6)))
    for epoch in Swift.stride(from: first, through: last, by: stride) {
      lines.append(
        "<text x=\"\(number(x(epoch)))\" y=\"\(number(bottom + 18))\" text-anchor=\"middle\">\(epoch)</text>")
    }
    lines.append("<path class=\"axis\" d=\"M\(number(left)) \(number(bottom))H\(number(right))\"/>")
    lines.append(
      "<text x=\"\(number((left + right) / 2))\" y=\"\(number(bottom + 37))\" text-anchor=\"middle\">epoch</text>")

    for (style, curve) in [("train", training), ("test", validation)] {
      let points = curve.filter { $0.value.isFinite }.map { (x($0.epoch), y($0.value)) }
      guard !points.isEmpty else { continue }
      let path = points.map { "\(number($0.0)) \(number($0.1))" }.joined(separator: "L")
      lines.append("<path class=\"\(style)\" d=\"M\(path)\"/>")
      guard points.count <= 40 else { continue }
      for point in points {
        lines.append("<circle class=\"\(style)\" cx=\"\(number(point.0))\" cy=\"\(number(point.1))\" r=\"3\"/>")
      }
    }
    return lines
  }

  private func number(_ value: Double) -> String { decimal(value, places: 1) }
}

/// A range of values cut at round numbers.
struct Axis {
  let start: Double
  let end: Double
  let step: Double

  /// The smallest range of about `steps` round steps that holds `low` and `high`.
  init(_ low: Double, _ high: Double, steps: Int) {
    // A flat curve still needs a scale.
    let span = high > low ? high - low : max(high.magnitude, 1) * 0.1
    step = Axis.niceStep(span / Double(steps))
    start = (low / step).rounded(.down) * step
    let top = (high / step).rounded(.up) * step
    end = top > start ? top : start + step
  }

  /// The round numbers from start to end.
  var ticks: [Double] {
    (0...Int(((end - start) / step).rounded())).map { start + Double($0) * step }
  }

  /// Digits after the point that tell neighbouring ticks apart.
  var places: Int {
    var places = 0
    var unit = 1.0
    while unit > step * 1.001, places < 9 {
      unit /= 10
      places += 1
    }
    return places
  }

  /// The least of 1, 2, 5 times a power of ten that is at least `step`.
  static func niceStep(_ step: Double) -> Double {
    guard step > 0, step.isFinite else { return 1 }
    var unit = 1.0
    while unit > step { unit /= 10 }
    while unit * 10 <= step { unit *= 10 }
    return [1.0, 2, 5, 10].map { $0 * unit }.first { $0 >= step * 0.999_999 } ?? unit * 10
  }
}

/// Text that may stand in XML.
func escaped(_ text: String) -> String {
  var result = ""
  for character in text {
    switch character {
    case "&": result += "&amp;"
    case "<": result += "&lt;"
    case ">": result += "&gt;"
    case "\"": result += "&quot;"
    default: result.append(character)
    }
  }
  return result
}
