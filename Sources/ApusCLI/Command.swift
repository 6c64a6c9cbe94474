import ApusCompute
import ApusData

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A command: words in, work done.
protocol Command {
  /// Its name, options and help.
  static var description: CommandDescription { get }

  /// Reads the words; throws `UsageError` when they make no sense.
  init(_ arguments: Arguments) throws(UsageError)

  /// Does the work, and gives the exit code.
  func run() throws -> Int32
}

/// The program: finds the command, runs it, and turns what was thrown into a message and an exit code.
enum Tool {
  static var commands: [any Command.Type] {
    [
      TrainCommand.self, TrainLanguageModelCommand.self, TrainVAECommand.self, TrainDCGANCommand.self,
      PretrainCommand.self, EvaluateCommand.self, EvaluateLanguageModelCommand.self, PredictCommand.self,
      GenerateCommand.self, QuantizeCommand.self, ExportCommand.self, OverfitCommand.self, ForecastCommand.self,
      GradcheckCommand.self, InfoCommand.self,
    ]
  }

  /// Runs the program with the words behind its name.
  static func run(_ words: [String]) -> Int32 {
    do {
      return try dispatch(words)
    } catch let error as UsageError {
      Terminal.note("\(error)")
      Terminal.note("see: apus \(error.command.map { $0 + " " } ?? "")--help")
      return ExitCode.usage
    } catch {
      Terminal.note("\(error)")
      return ExitCode.failure
    }
  }

  private static func dispatch(_ words: [String]) throws -> Int32 {
    guard let first = words.first else {
      throw UsageError("which command? one of \(commands.map { $0.description.name }.joined(separator: ", "))")
    }
    switch first {
    case "--help", "-h": Terminal.print(help)
    case "help": Terminal.print(words.count > 1 ? try find(words.dropFirst()).command.description.help : help)
    case "--version", "version": Terminal.print("apus \(version)")
    default:
      let (command, rest) = try find(words[...])
      let arguments = try Arguments(parsing: Array(rest), for: command.description)
      guard !arguments.wantsHelp else {
        Terminal.print(command.description.help)
        return ExitCode.success
      }
      return try command.init(arguments).run()
    }
    return ExitCode.success
  }

  /// The command that the first words name, and the words behind its name.
  ///
  /// A name may have two words, as `train lm`; it goes before the command of the first word alone.
  private static func find(
    _ words: ArraySlice<String>
  ) throws(UsageError) -> (command: any Command.Type, rest: ArraySlice<String>) {
    for count in [2, 1] where words.count >= count {
      let name = words.prefix(count).joined(separator: " ")
      if let command = commands.first(where: { $0.description.name == name }) {
        let rest = words.dropFirst(count)
        try checkSubcommand(of: command.description, rest.first)
        return (command, rest)
      }
    }
    let name = words.first ?? ""
    let names = commands.map { $0.description.name } + ["help", "--version", "--help"]
    let kind = name.hasPrefix("-") ? "option" : "command"
    throw UsageError("unknown \(kind) \(name)\(suggestion(for: name, among: names))")
  }

  /// A word behind a command that takes none, but has commands below it, was meant to be one of those.
  private static func checkSubcommand(of command: CommandDescription, _ word: String?) throws(UsageError) {
    guard let word, !word.hasPrefix("-"), command.operands.maximum == 0 else { return }
    let names = commands.map { $0.description.name }.filter { $0.hasPrefix(command.name + " ") }
    guard !names.isEmpty else { return }
    let name = "\(command.name) \(word)"
    throw UsageError("unknown command \(name)\(suggestion(for: name, among: names))", command: command.name)
  }

  /// What `apus --help` shows.
  static var help: String {
    """
    apus \(version): trains and runs small neural networks, in pure Swift.

    usage: apus COMMAND [options]

    commands:
    \(CommandDescription.columns(commands.map { ($0.description.name, $0.description.summary) }
      + [("help", "show the help of a command: apus help train")]).joined(separator: "\n"))

    options:
      --help     show this help; behind a command, that command's
      --version  show the version

    environment:
      APUS_DATA     directory of the MNIST files that train and evaluate use unless --data is given
      APUS_TEXT     the text that train lm and evaluate lm use unless --data is given
      APUS_ISA      kernels to run: baseline, avx2 or avx512 (default: the widest that the CPU has)
      APUS_MEMORY   memory that the engine may hold, as 512M or 2G, or "unlimited" (default: what the system leaves it)
      APUS_THREADS  threads to use, 1 to 256 (default: every CPU that the process may use)

    exit codes: 0 done, 1 the work failed, 2 the command line makes no sense, 130 ended by Ctrl-C

    example:
      apus train --epochs 2 --save digits.safetensors
    """
  }
}
