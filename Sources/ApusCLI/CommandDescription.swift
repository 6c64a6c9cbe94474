/// What a command is called, takes and does: the source of both its help and its parser.
struct CommandDescription: Sendable {
  /// The words beside the options.
  struct Operands: Sendable {
    /// How they stand in the usage, as `"FILE IMAGE..."`.
    let placeholder: String
    /// The fewest that make sense.
    let minimum: Int
    /// The most that make sense, nil for any number.
    let maximum: Int?
    /// What is missing when there are too few, as `"a model file"`.
    let minimumWords: String

    static let none = Operands(placeholder: "", minimum: 0, maximum: 0, minimumWords: "")
  }

  /// The name on the command line.
  let name: String
  /// What the command does, in one line for the list of commands.
  let summary: String
  /// What the command does, in full: lines of the help.
  let discussion: String
  /// The words beside the options.
  var operands = Operands.none
  /// The options, `--help` left out.
  let options: [OptionDescription]
  /// Command lines that work, with a word on each.
  let examples: [(line: String, purpose: String)]

  /// The command line in short, as `"apus train [options]"`.
  var usage: String {
    let end = operands.placeholder.isEmpty ? "" : " " + operands.placeholder
    return "apus \(name)\(end)\(options.isEmpty ? "" : " [options]")"
  }

  /// What `--help` shows.
  var help: String {
    var lines = [summary.prefix(1).uppercased() + summary.dropFirst() + ".", "", "usage: \(usage)", ""]
    if !discussion.isEmpty { lines += [discussion, ""] }
    lines += ["options:"] + Self.columns((options + [.help]).map(Self.entry)) + [""]
    lines.append(examples.count == 1 ? "example:" : "examples:")
    for example in examples { lines += ["  # \(example.purpose)", "  \(example.line)"] }
    return lines.joined(separator: "\n")
  }

  private static func entry(_ option: OptionDescription) -> (String, String) {
    ("--\(option.name)" + (option.value.map { " \($0)" } ?? ""), option.help)
  }

  /// Two columns, the second one wrapped where its text has line breaks.
  static func columns(_ entries: [(String, String)]) -> [String] {
    let width = entries.map(\.0.count).max() ?? 0
    return entries.flatMap { name, text in
      text.split(separator: "\n").enumerated().map { number, line in
        "  " + (number == 0 ? name : "").padded(to: width) + "  " + line
      }
    }
  }
}

extension String {
  /// The text with spaces behind it, at least `width` characters long.
  func padded(to width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - count))
  }

  /// The text with spaces before it, at least `width` characters long.
  func indented(to width: Int) -> String {
    String(repeating: " ", count: max(0, width - count)) + self
  }
}
