import ApusNN

/// Both accuracies of every remedy, as a picture: a line from one to the other is the gap.
struct OverfitPlot {
  let title: String
  let rows: [OverfitRow]

  private static let (left, right, top, step) = (150.0, 800.0, 84.0, 28.0)

  /// A self-contained SVG.
  var svg: String {
    let bottom = Self.top + Self.step * Double(rows.count)
    let height = Int(bottom) + 52
    // Round percents below the lowest, up to 100.
    let lowest = (rows.flatMap { [$0.testAccuracy, $0.trainAccuracy] }.filter(\.isFinite).min() ?? 0) * 100
    let unit = lowest < 60 ? 20.0 : lowest < 85 ? 5 : 1
    let start = max(0, (lowest / unit).rounded(.down) * unit - (lowest < 60 ? 0 : unit))
    func x(_ accuracy: Double) -> Double {
      let clamped = accuracy.isFinite ? max(start, min(100, accuracy * 100)) : start
      return Self.left + (Self.right - Self.left) * (clamped - start) / max(100 - start, 1)
    }
    var lines = [
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 840 \(height)\" width=\"840\" height=\"\(height)\" "
        + "role=\"img\" aria-label=\"\(title)\">",
      "<style>",
      "text{font:12px system-ui,-apple-system,'Segoe UI',sans-serif;fill:#444}",
      ".title{font-size:17px;font-weight:600;fill:#111}.grid{stroke:#e4e6ea;stroke-width:1}",
      ".gap{stroke:#c3c8d0;stroke-width:5;stroke-linecap:round}.train{fill:#2563eb}.test{fill:#e8710a}",
      "</style>",
      "<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#fff\"/>",
      "<text class=\"title\" x=\"24\" y=\"32\">\(title)</text>",
      "<circle class=\"train\" cx=\"\(Int(Self.left))\" cy=\"56\" r=\"5\"/>"
        + "<text x=\"\(Int(Self.left) + 12)\" y=\"60\">images learned from</text>",
      "<circle class=\"test\" cx=\"\(Int(Self.left) + 160)\" cy=\"56\" r=\"5\"/>"
        + "<text x=\"\(Int(Self.left) + 172)\" y=\"60\">test images</text>",
    ]
    var tick = start
    while tick <= 100 {
      let place = number(x(tick / 100))
      lines.append("<path class=\"grid\" d=\"M\(place) \(number(Self.top - 10))V\(number(bottom))\"/>")
      lines.append(
        "<text x=\"\(place)\" y=\"\(number(bottom + 20))\" text-anchor=\"middle\">\(decimal(tick, places: 0)) %</text>")
      tick += unit
    }
    for (index, row) in rows.enumerated() {
      let y = Self.top + Self.step * (Double(index) + 0.4)
      lines.append(
        "<text x=\"\(number(Self.left - 16))\" y=\"\(number(y + 4))\" text-anchor=\"end\">\(row.name)</text>")
      lines.append(
        "<path class=\"gap\" d=\"M\(number(x(row.testAccuracy))) \(number(y))H\(number(x(row.trainAccuracy)))\"/>")
      for (style, value) in [("train", row.trainAccuracy), ("test", row.testAccuracy)] {
        lines.append("<circle class=\"\(style)\" cx=\"\(number(x(value)))\" cy=\"\(number(y))\" r=\"5\"/>")
      }
    }
    lines.append("</svg>")
    return lines.joined(separator: "\n") + "\n"
  }

  private func number(_ value: Double) -> String { decimal(value, places: 1) }
}
