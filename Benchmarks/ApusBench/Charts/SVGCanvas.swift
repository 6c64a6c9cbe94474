import Foundation

/// An SVG drawing, element by element. Its background is transparent, and its greys follow the reader's light or dark theme.
struct SVGCanvas {
  enum Anchor: String { case start, middle, end }

  let width: Double
  private(set) var height: Double
  private var elements: [String] = []

  /// Colours that can be told apart on white and on black; the first is Apus's.
  static let palette = [
    "#2f7ed8", "#e8871e", "#2ca25f", "#a05ac8", "#d64550", "#1ba3ac", "#9a7b4f", "#d45fa0",
    "#8a9a2b", "#5a6acf", "#b85c38", "#6b7c8c",
  ]

  init(width: Double, height: Double) {
    self.width = width
    self.height = height
  }

  mutating func text(
    _ text: String, _ x: Double, _ y: Double, anchor: Anchor = .start, size: Double = 12, isBold: Bool = false,
    turn: Double = 0
  ) {
    let weight = isBold ? " font-weight=\"600\"" : ""
    let rotation = turn == 0 ? "" : " transform=\"rotate(\(number(turn)) \(number(x)) \(number(y)))\""
    elements.append(
      "<text class=\"ink\" x=\"\(number(x))\" y=\"\(number(y))\" font-size=\"\(number(size))\" "
        + "text-anchor=\"\(anchor.rawValue)\"\(weight)\(rotation)>\(escaped(text))</text>")
  }

  /// A line in the theme's grey; faint ones are grid lines.
  mutating func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, isFaint: Bool = false) {
    elements.append(
      "<line class=\"\(isFaint ? "grid" : "axis")\" x1=\"\(number(x1))\" y1=\"\(number(y1))\" "
        + "x2=\"\(number(x2))\" y2=\"\(number(y2))\"/>")
  }

  mutating func bar(_ x: Double, _ y: Double, _ width: Double, _ height: Double, color: String) {
    elements.append(
      "<rect x=\"\(number(x))\" y=\"\(number(y))\" width=\"\(number(max(width, 0)))\" height=\"\(number(height))\" "
        + "rx=\"1.5\" fill=\"\(color)\"/>")
  }

  mutating func path(_ points: [(x: Double, y: Double)], color: String, isDashed: Bool = false) {
    let list = points.map { "\(number($0.x)),\(number($0.y))" }.joined(separator: " ")
    let dashes = isDashed ? " stroke-dasharray=\"5 4\"" : ""
    elements.append("<polyline points=\"\(list)\" fill=\"none\" stroke=\"\(color)\" stroke-width=\"1.8\"\(dashes)/>")
  }

  /// A dot that says what it stands for when the pointer rests on it.
  mutating func dot(_ x: Double, _ y: Double, color: String, label: String = "") {
    let title = label.isEmpty ? "/>" : "><title>\(escaped(label))</title></circle>"
    elements.append("<circle cx=\"\(number(x))\" cy=\"\(number(y))\" r=\"3.6\" fill=\"\(color)\"\(title)")
  }

  /// A row of colours and names that starts at x and wraps at the canvas's width. Returns the height that it took.
  mutating func legend(_ entries: [(name: String, color: String)], x: Double, y: Double) -> Double {
    var (left, top) = (x, y)
    for entry in entries {
      let needed = 18 + Self.textWidth(entry.name, size: 12) + 18
      if left + needed > width && left > x { (left, top) = (x, top + 18) }
      bar(left, top - 9, 11, 11, color: entry.color)
      text(entry.name, left + 16, top)
      left += needed
    }
    return top - y + 18
  }

  /// About how wide a text is in the sans-serif fonts that browsers choose.
  static func textWidth(_ text: String, size: Double) -> Double { Double(text.count) * size * 0.56 }

  /// The whole file.
  func document(title: String) -> String {
    """
    <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(number(width)) \(number(height))" \
    width="\(number(width))" height="\(number(height))" role="img" \
    font-family="system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif">
    <title>\(escaped(title))</title>
    <style>
    .ink { fill: #4b5563 }
    .axis { stroke: #8b949e; stroke-width: 1 }
    .grid { stroke: #8b949e; stroke-opacity: 0.28; stroke-width: 1 }
    @media (prefers-color-scheme: dark) { .ink { fill: #c3cad3 } }
    </style>
    \(elements.joined(separator: "\n"))
    </svg>

    """
  }

  private func number(_ value: Double) -> String {
    let text = String(format: "%.1f", value)
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  private func escaped(_ text: String) -> String {
    text.replacingOccurrences(of: "&", with: "&amp;").replacingOccurrences(of: "<", with: "&lt;")
      .replacingOccurrences(of: ">", with: "&gt;")
  }
}

/// Writes a drawing; ends the program when it cannot.
func writeChart(_ document: String, to path: String) {
  do {
    try document.write(toFile: path, atomically: true, encoding: .utf8)
  } catch {
    fail("\(path) cannot be written: \(error.localizedDescription)")
  }
}
