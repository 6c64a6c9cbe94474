import Foundation

/// A table whose rows are printed as they come: the widths are known beforehand.
struct Table {
  struct Column {
    let title: String
    let width: Int
    let isLeft: Bool

    /// A column of these texts, aligned to the left.
    static func left(_ texts: [String], _ title: String) -> Column {
      Column(title: title, width: (texts + [title]).map(\.count).max()!, isLeft: true)
    }

    /// A column of numbers, aligned to the right.
    static func right(_ width: Int, _ title: String) -> Column {
      Column(title: title, width: max(width, title.count), isLeft: false)
    }

    func padded(_ text: String) -> String {
      let space = String(repeating: " ", count: max(0, width - text.count))
      return isLeft ? text + space : space + text
    }
  }

  let columns: [Column]
  /// Whether rows are written as Markdown's.
  let isMarkdown: Bool

  init(_ columns: [Column], isMarkdown: Bool = false) {
    self.columns = columns
    self.isMarkdown = isMarkdown
  }

  func printHeader() {
    printRow(columns.map(\.title))
    if isMarkdown { printRow(columns.map { $0.isLeft ? "---" : "---:" }) }
  }

  func printRow(_ texts: [String]) {
    if isMarkdown {
      printLine("| " + texts.joined(separator: " | ") + " |")
      return
    }
    let line = zip(columns, texts).map { $0.padded($1) }.joined(separator: "  ")
    printLine(line.replacingOccurrences(of: " +$", with: "", options: .regularExpression))
  }
}

/// Prints at once, into a pipe too.
func printLine(_ text: String) {
  FileHandle.standardOutput.write(Data((text + "\n").utf8))
}

/// A time with three digits and its unit.
func duration(_ seconds: Double) -> String {
  switch seconds {
  case ..<1e-6: formatted(seconds * 1e9) + " ns"
  case ..<1e-3: formatted(seconds * 1e6) + " µs"
  case ..<1: formatted(seconds * 1e3) + " ms"
  default: formatted(seconds) + " s"
  }
}

/// Three digits, more before the point where there are more.
func formatted(_ value: Double) -> String {
  switch value {
  case ..<0.995: String(format: "%.3f", value)
  case ..<9.995: String(format: "%.2f", value)
  case ..<99.95: String(format: "%.1f", value)
  default: String(format: "%.0f", value)
  }
}

func threadsInWords(_ count: Int) -> String { count == 1 ? "1 thread" : "\(count) threads" }
