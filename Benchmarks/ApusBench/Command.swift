import ApusCompute
import Foundation

/// `apus-bench`: what Apus's work costs, as GFLOP/s under the measured peak of the machine, alone or beside its peers.
@main
enum Command {
  static func main() {
    #if DEBUG
      fail("this is a debug build, whose figures mean nothing; use: swift run -c release apus-bench", code: 2)
    #else
      run(Array(CommandLine.arguments.dropFirst()))
    #endif
  }

  static func run(_ arguments: [String]) {
    guard let name = arguments.first, name != "--help", name != "-h" else {
      if arguments.isEmpty { fail("what shall be measured?\n\n\(Help.overview)", code: 2) }
      print(Help.overview)
      return
    }
    let rest = Array(arguments.dropFirst())
    if rest.contains("--help") || rest.contains("-h") {
      guard let text = Help.of(name) else { fail("there is no '\(name)' to help with", code: 2) }
      print(text)
      return
    }
    switch name {
    case "compare": Comparison(Options(rest, [.suites, .peers, .rounds])).run()
    case "peak": PeakReport(Options(rest)).run()
    case "ladder": LadderReport(Options(rest, .size)).run()
    case "parts": PartsReport(Options(rest, .size)).run()
    case "roofline": RooflineReport(Options(rest)).run()
    case "scaling": ScalingReport(Options(rest)).run()
    case "memory": MemoryReport(Options(rest, .peers)).run()
    case "startup": StartupReport(Options(rest, [.peers, .rounds])).run()
    case "accuracy": AccuracyTable(Options(rest, .accuracy)).run()
    default:
      guard let suite = Suite(rawValue: name) else {
        fail("'\(name)' is not something to measure; apus-bench --help lists what is", code: 2)
      }
      let options = Options(rest)
      Report(options, works: options.chosen(suite.works(options))).run()
    }
  }
}

/// Ends the program with a message on standard error: code 1 when the work failed, 2 when it was asked for wrongly.
func fail(_ message: String, code: Int32 = 1) -> Never {
  FileHandle.standardError.write(Data("apus-bench: \(message)\n".utf8))
  exit(code)
}
