import ApusData
import ApusNN
import ApusTensor

/// Text of a language model, written out symbol by symbol.
struct TextGeneration: Generation {
  static let name = "text"

  static let options = [
    OptionDescription("prompt", "TEXT", "how the text begins (default: nothing)"),
    OptionDescription("length", "N", "characters to write at most (default: 500; for lines 100)"),
    OptionDescription(
      "temperature", "X", "below 1 more of the likely, above 1 more of the rare; 0 takes the likeliest (default: 0.8)"),
    OptionDescription("top-k", "N", "draw from the N likeliest characters only (default: from all)"),
    OptionDescription(
      "data", "FILE",
      "tell how many of the lines stand in FILE, as the list that was learned from,\nand how many are new"),
  ]

  static let examples = [
    (line: "apus generate shakespeare.safetensors --prompt ROMEO: --length 300", purpose: "a scene"),
    (line: "apus generate names.safetensors --count 10 --data names.txt", purpose: "names, and how many are new"),
  ]

  private let prompt: String
  private let length: Int?
  private let rule: SamplingRule
  private let listPath: String?

  init(_ arguments: Arguments) throws(UsageError) {
    prompt = arguments.text("prompt") ?? ""
    length = try arguments.integer("length", in: 1...1_000_000_000)
    var temperature = 0.8
    if let text = arguments.text("temperature") {
      guard let number = Double(text), (0...1000).contains(number) else {
        throw arguments.failure("--temperature takes a number from 0 to 1000, not “\(text)”")
      }
      temperature = number
    }
    rule = SamplingRule(temperature: temperature, topK: try arguments.integer("top-k", in: 1...Int.max))
    listPath = arguments.text("data")
  }

  static func accepts(_ file: ModelFile) -> Bool { LanguageModelFile.holds(file) }

  func run(_ file: ModelFile, _ settings: GenerateCommand.Settings) throws -> Int32 {
    let stored = try LanguageModelFile(file)
    let isList = stored.form == .lines
    guard isList || listPath == nil else {
      throw WorkError("\(file.path): --data is for models of lists; this one writes one long text")
    }
    guard !isList || !prompt.contains(where: \.isNewline) else {
      throw WorkError("\(file.path): the model writes lines, so the prompt cannot have more than one")
    }
    let start = try stored.vocabulary.encode(prompt)
    let known = try listPath.map { Set(TextCorpus.lines(of: try TextCorpus.text($0))) }
    Interrupt.watch()
    var found = 0
    var written = 0
    for number in 0..<(settings.count ?? (isList ? 20 : 1)) {
      // Each piece has draws of its own, so that the first of many is the same as the only one.
      let seed = settings.seed &+ UInt64(number) &* 0x9E37_79B9_7F4A_7C15
      if number > 0, !isList, !settings.printsJSON { Terminal.print("") }
      let text = try write(stored, start, seed: seed, path: file.path, streams: !settings.printsJSON)
      let isKnown = known?.contains(text)
      if isKnown == true { found += 1 }
      if settings.printsJSON { Terminal.print("\(Self.json(text, prompt, isKnown))") }
      if Interrupt.signalNumber != nil { break }
      written += 1
    }
    if let known {
      let names = grouped(known.count)
      Terminal.note(
        "\(found) of \(written) stand among the \(names) lines of \(listPath ?? ""), \(written - found) are new")
    }
    return Interrupt.signalNumber.map(ExitCode.signal) ?? ExitCode.success
  }

  /// Writes one piece, and gives it: of a list, the line without its end.
  private func write(
    _ stored: LanguageModelFile, _ start: [Int], seed: UInt64, path: String, streams: Bool
  ) throws -> String {
    let vocabulary = stored.vocabulary
    let newline = vocabulary.number(of: "\n")
    let isList = stored.form == .lines
    var generator = TextGenerator(stored.model, rule: rule, seed: seed)
    // A line is read from a newline on. So is a text without a beginning, where the model knows newlines.
    let opening = isList || start.isEmpty ? [newline ?? 0] : []
    generator.read(opening + start)
    var text = prompt
    if streams { Terminal.write(prompt) }
    for _ in 0..<(length ?? (isList ? 100 : 500)) where Interrupt.signalNumber == nil {
      guard let symbol = generator.next() else {
        throw WorkError("\(path): the model's scores are no numbers")
      }
      if isList, symbol == newline { break }
      let piece = vocabulary.decode([symbol])
      text += piece
      if streams { Terminal.write(piece) }
    }
    if streams { Terminal.print("") }
    return text
  }

  static func json(_ text: String, _ prompt: String, _ isKnown: Bool?) -> JSONLine {
    var members: [JSONLine.Member] = [
      .init(name: "prompt", value: .text(prompt)), .init(name: "text", value: .text(text)),
    ]
    if let isKnown { members.append(.init(name: "new", value: .flag(!isKnown))) }
    return .object(members)
  }
}
