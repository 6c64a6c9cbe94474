/// `value` with `places` digits after the point, rounded half away from zero: what `%.3f` prints, without Foundation.
package func decimal(_ value: Double, places: Int) -> String {
  guard value.isFinite else { return value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }
  var scale = 1.0
  for _ in 0..<places { scale *= 10 }
  let scaled = (value.magnitude * scale).rounded()
  // Beyond 2⁵³ the digits after the point carry nothing.
  guard scaled < 9e15 else { return "\(value)" }
  let number = UInt64(scaled)
  let sign = value < 0 && number != 0 ? "-" : ""
  guard places > 0 else { return sign + "\(number)" }
  let digits = "\(number)"
  let padded = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
  return sign + padded.dropLast(places) + "." + padded.suffix(places)
}

/// `value` with commas between the thousands: `1,199,882`.
package func grouped(_ value: Int) -> String {
  var digits = Array("\(value.magnitude)")
  var position = digits.count - 3
  while position > 0 {
    digits.insert(",", at: position)
    position -= 3
  }
  return (value < 0 ? "-" : "") + String(digits)
}

/// Cells in columns, as text.
package struct TextTable {
  /// On which side of its column a cell stands.
  package enum Alignment { case left, right }

  private var rows: [[String]] = []
  private var rules: Set<Int> = []
  private let alignments: [Alignment]

  package init(_ header: [String], _ alignments: [Alignment]) {
    demand(header.count == alignments.count, "a table needs an alignment for each column")
    self.alignments = alignments
    rows.append(header)
    addRule()
  }

  package mutating func add(_ row: [String]) {
    demand(row.count == alignments.count, "a row of \(row.count) cells in a table of \(alignments.count) columns")
    rows.append(row)
  }

  /// Draws a line under what was added so far.
  package mutating func addRule() {
    rules.insert(rows.count - 1)
  }

  /// The table, two spaces between columns, no space at a line's end.
  package var text: String {
    let widths = alignments.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    var lines: [String] = []
    for (number, row) in rows.enumerated() {
      let cells = row.indices.map { column -> String in
        let space = String(repeating: " ", count: widths[column] - row[column].count)
        return alignments[column] == .left ? row[column] + space : space + row[column]
      }
      var line = Substring(cells.joined(separator: "  "))
      while line.last == " " { line.removeLast() }
      lines.append(String(line))
      if rules.contains(number) { lines.append(String(repeating: "─", count: widths.reduce(-2) { $0 + $1 + 2 })) }
    }
    return lines.joined(separator: "\n")
  }
}
