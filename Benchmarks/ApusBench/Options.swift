import ApusCompute
import Foundation

/// What the command line asks for.
struct Options {
  /// What is printed: a table, Markdown's as Docs/Performance.md shows it, a JSON object a line, or CSV.
  var format = Printer.Format.table
  /// The file that a chart is written to.
  var svg: String?
  /// Seconds that each short piece of work is measured for.
  var minimumTime = 0.3
  /// Only work whose "op shape" contains this.
  var only = ""
  /// The directory with MNIST's four files, or nil for generated images.
  var data: String?
  /// Images in an epoch.
  var samples = 60000
  /// What `compare` runs.
  var suites: [Suite] = []
  /// How often each side is measured; nil for the default of the work.
  var rounds: Int?
  /// The Python that has the peers.
  var python: String?
  /// The peers to run, nil for all.
  var peers: [String]?
  /// Leave out what makes peers slow to start.
  var noCompile = false
  /// Run the peers as they are installed, without helping them to AVX-512.
  var asInstalled = false
  /// `accuracy` looks at one in this many numbers.
  var sample = 1
  /// Whether `accuracy` takes the C library for its reference everywhere.
  var usesLibraryOnly = false
  /// Whether `--isa` was given.
  var hasInstructionSet = false
  /// Rows, columns and depth of the ladder's product.
  var size = 1024

  /// What a subcommand understands beyond what all do.
  struct Extras: OptionSet {
    let rawValue: Int
    /// Names of suites.
    static let suites = Extras(rawValue: 1)
    /// Where and how peers run.
    static let peers = Extras(rawValue: 2)
    static let accuracy = Extras(rawValue: 4)
    static let size = Extras(rawValue: 8)
    /// How often each side is measured.
    static let rounds = Extras(rawValue: 16)
  }

  /// Reads the arguments behind the subcommand, and sets threads and instruction set. Ends the program on a bad one.
  init(_ arguments: [String], _ extras: Extras = []) {
    var rest = arguments[...]
    func value(_ option: String) -> String {
      guard let value = rest.popFirst() else { fail("\(option) needs a value", code: 2) }
      return value
    }
    func positive(_ option: String) -> Int {
      let text = value(option)
      guard let number = Int(text), number > 0 else { fail("\(option) \(text) is not a positive number", code: 2) }
      return number
    }
    while let argument = rest.popFirst() {
      switch argument {
      case "--json": format = .json
      case "--csv": format = .csv
      case "--markdown": format = .markdown
      case "--svg": svg = value(argument)
      case "--threads":
        let count = positive(argument)
        guard count <= 256 else { fail("--threads \(count) is more than 256", code: 2) }
        Threads.count = count
      case "--isa":
        activate(value(argument))
        hasInstructionSet = true
      case "--min-time":
        let text = value(argument)
        guard let seconds = Double(text), seconds > 0, seconds < 1000 else {
          fail("--min-time \(text) is not a time in seconds", code: 2)
        }
        minimumTime = seconds
      case "--only": only = value(argument)
      case "--data": data = value(argument)
      case "--samples": samples = positive(argument)
      case "--rounds" where extras.contains(.rounds): rounds = positive(argument)
      case "--python" where extras.contains(.peers): python = value(argument)
      case "--peers" where extras.contains(.peers): peers = value(argument).split(separator: ",").map(String.init)
      case "--no-compile" where extras.contains(.peers): noCompile = true
      case "--as-installed" where extras.contains(.peers): asInstalled = true
      case "--sample" where extras.contains(.accuracy): sample = positive(argument)
      case "--libm" where extras.contains(.accuracy): usesLibraryOnly = true
      case "--size" where extras.contains(.size): size = positive(argument)
      default:
        if extras.contains(.suites), argument == "all" {
          suites = Suite.allCases
        } else if extras.contains(.suites), let suite = Suite(rawValue: argument) {
          suites.append(suite)
        } else {
          fail("'\(argument)' is not an option here; --help shows those that are", code: 2)
        }
      }
    }
    if extras.contains(.suites) && suites.isEmpty { suites = Suite.allCases }
  }

  private func activate(_ name: String) {
    let names = InstructionSet.available.map(\.rawValue).joined(separator: ", ")
    guard let set = InstructionSet(rawValue: name), InstructionSet.available.contains(set) else {
      fail("--isa \(name): this CPU can run \(names)", code: 2)
    }
    // Before the engine makes its choice, which it makes once: no measurement pays for a set that can change.
    setenv("APUS_ISA", name, 1)
    precondition(InstructionSet.active == set, "the engine chose its kernels before --isa was read")
  }

  /// Whether `--only` names this.
  func isChosen(_ name: String) -> Bool { only.isEmpty || name.contains(only) }

  /// Ends the program: `--only` names nothing.
  func failNothingChosen() -> Never { fail("nothing to measure is called '\(only)'", code: 2) }

  /// The works that `--only` names. Ends the program when there is none.
  func chosen(_ works: [Work]) -> [Work] {
    let chosen = works.filter { isChosen("\($0.op) \($0.shape)") }
    if chosen.isEmpty { failNothingChosen() }
    return chosen
  }
}
