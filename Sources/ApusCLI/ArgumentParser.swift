/// One option of a command, as `--epochs N` or `--json`.
struct OptionDescription: Sendable {
  /// The name without dashes.
  let name: String
  /// What stands for the value in the help, as `"N"`; nil when the option takes none.
  let value: String?
  /// What the option does, in a line or a few.
  let help: String

  init(_ name: String, _ value: String? = nil, _ help: String) {
    self.name = name
    self.value = value
    self.help = help
  }

  static let help = OptionDescription("help", nil, "show this help")
}

/// The words of a command line, sorted into options and operands. Made by `init(parsing:for:)`.
///
/// Options may stand anywhere, as `--name value` or `--name=value`; `--` ends them. An option that is given twice
/// has the last value.
struct Arguments {
  /// What stands for itself, in order.
  private(set) var operands: [String] = []
  /// Whether help was asked for.
  private(set) var wantsHelp = false
  private var values: [String: String] = [:]
  private let command: CommandDescription

  /// Sorts `words` by the options of `command`.
  ///
  /// - Throws: `UsageError` for an unknown option, a missing value, a value that is not taken, or a wrong number of
  ///   operands. When help is asked for, only mistakes before that word count.
  init(parsing words: [String], for command: CommandDescription) throws(UsageError) {
    self.command = command
    var rest = words[...]
    while let word = rest.popFirst() {
      if word == "--" {
        operands += rest
        break
      }
      if word == "--help" || word == "-h" {
        wantsHelp = true
        return
      }
      guard word.hasPrefix("-"), word != "-" else {
        operands.append(word)
        continue
      }
      let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let spelled = String(parts[0])
      guard let option = command.options.first(where: { "--" + $0.name == spelled }) else {
        let names = (command.options + [.help]).map { "--" + $0.name }
        throw failure("unknown option \(spelled)" + suggestion(for: spelled, among: names))
      }
      let attached = parts.count == 2 ? String(parts[1]) : nil
      guard let placeholder = option.value else {
        guard attached == nil else { throw failure("\(spelled) takes no value") }
        values[option.name] = ""
        continue
      }
      guard let value = attached ?? rest.popFirst() else {
        throw failure("\(spelled) needs a value: \(spelled) \(placeholder)")
      }
      // "--save --json" is a value that was forgotten; a file of that name can be given as "--save=--json".
      guard attached != nil || !value.hasPrefix("--") else {
        throw failure("\(spelled) needs a value: \(spelled) \(placeholder)")
      }
      guard !value.isEmpty else { throw failure("\(spelled) has an empty value") }
      values[option.name] = value
    }
    if operands.count < command.operands.minimum {
      throw failure("\(command.operands.minimumWords) expected: \(command.usage)")
    }
    if let maximum = command.operands.maximum, operands.count > maximum {
      throw failure("unexpected argument “\(operands[maximum])”")
    }
  }

  /// Whether the option was given.
  func has(_ name: String) -> Bool {
    checkDescribed(name)
    return values[name] != nil
  }

  /// The text of an option, nil when it was not given.
  func text(_ name: String) -> String? {
    checkDescribed(name)
    return values[name]
  }

  /// The whole number of an option, nil when it was not given.
  func integer<Number: FixedWidthInteger>(
    _ name: String, in range: ClosedRange<Number>
  ) throws(UsageError) -> Number? {
    guard let text = text(name) else { return nil }
    guard let number = Number(text), range.contains(number) else {
      throw failure("--\(name) takes a whole number \(words(range)), not “\(text)”")
    }
    return number
  }

  /// The number of an option, nil when it was not given.
  func positiveNumber(_ name: String, upTo limit: Double) throws(UsageError) -> Double? {
    guard let text = text(name) else { return nil }
    guard let number = Double(text), number > 0, number <= limit else {
      throw failure("--\(name) takes a number above 0, up to \(limit), not “\(text)”")
    }
    return number
  }

  /// The choice of an option among names, nil when it was not given.
  func choice(_ name: String, among names: [String]) throws(UsageError) -> String? {
    guard let text = text(name) else { return nil }
    guard names.contains(text) else {
      let hint = suggestion(for: text, among: names)
      throw failure("--\(name) is one of \(names.joined(separator: ", ")), not “\(text)”\(hint)")
    }
    return text
  }

  /// A mistake in the words, with the command's name.
  func failure(_ message: String) -> UsageError {
    UsageError(message, command: command.name)
  }

  private func words<Number: FixedWidthInteger>(_ range: ClosedRange<Number>) -> String {
    range.upperBound == Number.max
      ? "of at least \(range.lowerBound)" : "from \(range.lowerBound) to \(range.upperBound)"
  }

  /// A command that asks for an option it does not describe would never see it.
  private func checkDescribed(_ name: String) {
    precondition(command.options.contains { $0.name == name }, "\(command.name) does not describe --\(name)")
  }
}
