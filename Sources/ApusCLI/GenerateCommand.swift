import ApusCompute
import ApusNN

/// What a kind of model can make: one type for each kind that `apus generate` knows, beside the others in
/// `GenerateCommand.kinds`.
///
/// A kind tells by a file's metadata whether the file is one of its own, and brings the options that only it takes.
protocol Generation {
  /// What it makes, for messages, as `"text"`.
  static var name: String { get }
  /// The options that only this kind takes.
  static var options: [OptionDescription] { get }
  /// Command lines that work, with a word on each.
  static var examples: [(line: String, purpose: String)] { get }

  /// Whether a file holds a model of this kind; it may still be a broken one.
  static func accepts(_ file: ModelFile) -> Bool

  /// Reads the words; no file is touched yet.
  init(_ arguments: Arguments) throws(UsageError)

  /// Makes what was asked for, and gives the exit code.
  func run(_ file: ModelFile, _ settings: GenerateCommand.Settings) throws -> Int32
}

/// `apus generate`: makes something new with a saved model.
struct GenerateCommand: Command {
  /// The kinds of models, the first that accepts a file takes it.
  static var kinds: [any Generation.Type] { [TextGeneration.self, ImageGeneration.self] }

  /// What all kinds take.
  struct Settings {
    /// How many pieces to make; nil for as many as the kind thinks right.
    let count: Int?
    /// What the draws depend on.
    let seed: UInt64
    let printsJSON: Bool
  }

  static let description = CommandDescription(
    name: "generate",
    summary: "make something new with a saved model: text, images",
    discussion: """
      The file says what its model makes.

      The same seed makes the same at any number of threads. Ctrl-C ends the work with what was reached; the exit code
      is 130.
      """,
    operands: .init(placeholder: "FILE", minimum: 1, maximum: 1, minimumWords: "a model file is"),
    options: kinds.flatMap { $0.options } + [
      OptionDescription("count", "N", "pieces to make (default: 1; 20 where the model makes lines, 64 images)"),
      OptionDescription("seed", "N", "what the draws depend on (default: 0)"),
      OptionDescription("threads", "N", "threads to use; the result does not depend on it (default: all CPUs)"),
      OptionDescription("json", nil, "print one JSON object for each piece instead"),
    ],
    examples: kinds.flatMap { $0.examples })

  private let path: String
  private let arguments: Arguments
  private let settings: Settings
  private let threads: Int?

  init(_ arguments: Arguments) throws(UsageError) {
    path = arguments.operands[0]
    self.arguments = arguments
    settings = Settings(
      count: try arguments.integer("count", in: 1...1_000_000),
      seed: try arguments.integer("seed", in: 0...UInt64.max) ?? 0, printsJSON: arguments.has("json"))
    threads = try arguments.integer("threads", in: 1...256)
    // Nonsense is told before a file is read.
    for kind in Self.kinds { _ = try kind.init(arguments) }
  }

  func run() throws -> Int32 {
    if let threads { Threads.count = threads }
    let file = try ModelFile(path: path)
    guard let kind = Self.kinds.first(where: { $0.accepts(file) }) else {
      let names = Self.kinds.map { $0.name }.joined(separator: " or ")
      throw WorkError("\(path): its model makes nothing that generate knows: \(names)")
    }
    let taken = Set(kind.options.map(\.name))
    for other in Self.kinds {
      for option in other.options where arguments.has(option.name) && !taken.contains(option.name) {
        throw arguments.failure("--\(option.name) is for \(other.name); the model of \(path) makes \(kind.name)")
      }
    }
    return try kind.init(arguments).run(file, settings)
  }
}
