import ApusCompute
import Foundation

/// What the command line asks for.
struct Options {
  /// One JSON object a line instead of a table.
  var json = false
  /// Tables as Markdown, as Docs/Performance.md shows them.
  var markdown = false
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
  /// How often `compare` measures each side; nil for the default of the work.
  var rounds: Int?
  /// The Python that has the peers.
  var python: String?
  /// The peers to run, nil for all.
  var peers: [String]?
  /// Leave out what makes peers slow to start.
  var noCompile = false
  /// Run the peers as they are installed, without helping them to AVX-512.
  var asInstalled = false

  /// Reads the arguments behind the subcommand, and sets threads and instruction set. Ends the program on a bad one.
  init(_ arguments: [String], wantsSuites: Bool = false) {
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
      case "--json": json = true
      case "--markdown": markdown = true
      case "--threads":
        let count = positive(argument)
        guard count <= 256 else { fail("--threads \(count) is more than 256", code: 2) }
        Threads.count = count
      case "--isa": activate(value(argument))
      case "--min-time":
        let text = value(argument)
        guard let seconds = Double(text), seconds > 0, seconds < 1000 else {
          fail("--min-time \(text) is not a time in seconds", code: 2)
        }
        minimumTime = seconds
      case "--only": only = value(argument)
      case "--data": data = value(argument)
      case "--samples": samples = positive(argument)
      case "--rounds" where wantsSuites: rounds = positive(argument)
      case "--python" where wantsSuites: python = value(argument)
      case "--peers" where wantsSuites: peers = value(argument).split(separator: ",").map(String.init)
      case "--no-compile" where wantsSuites: noCompile = true
      case "--as-installed" where wantsSuites: asInstalled = true
      default:
        if wantsSuites, argument == "all" {
          suites = Suite.allCases
        } else if wantsSuites, let suite = Suite(rawValue: argument) {
          suites.append(suite)
        } else {
          fail("'\(argument)' is not an option here; --help shows those that are", code: 2)
        }
      }
    }
    if wantsSuites && suites.isEmpty { suites = Suite.allCases }
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

  /// The works that `--only` names. Ends the program when there is none.
  func chosen(_ works: [Work]) -> [Work] {
    let chosen = works.filter { only.isEmpty || "\($0.op) \($0.shape)".contains(only) }
    if chosen.isEmpty { fail("nothing to measure is called '\(only)'", code: 2) }
    return chosen
  }
}
