import ApusCompute
import Foundation

/// Apus and its peers in turns on the same work, so that both meet the machine in the same state.
struct Comparison {
  let options: Options
  private let scripts: URL
  private let python: String

  init(_ options: Options) {
    self.options = options
    scripts = Comparison.scriptDirectory()
    python = options.python ?? Comparison.defaultPython()
  }

  func run() {
    // A peer that ends while it is written to must not end this program too.
    signal(SIGPIPE, SIG_IGN)
    let known = Set(options.suites.flatMap(\.peers))
    for name in options.peers ?? [] where !known.contains(name) {
      fail("no peer is called '\(name)'; there are \(known.sorted().joined(separator: ", "))", code: 2)
    }
    let matching = options.suites.filter { suite in
      suite.works(options).contains { options.only.isEmpty || "\($0.op) \($0.shape)".contains(options.only) }
    }
    if matching.isEmpty { fail("nothing to measure is called '\(options.only)'", code: 2) }
    for suite in matching { run(suite) }
  }

  private func run(_ suite: Suite) {
    let works = options.chosen(suite.works(options))
    let names = suite.peers.filter { options.peers?.contains($0) ?? true }
    let peers = names.compactMap { start($0, suite) }
    defer { peers.forEach { $0.close() } }
    let report = Report(options, works: works)
    let table = Table(
      [.left(works.map(\.op), suite.rawValue), .left(works.map(\.shape), "shape"), .right(9, "apus")]
        + peers.map { .right(9, $0.name) } + [.right(11, "best / apus")], isMarkdown: options.markdown)
    if !options.json {
      let what = suite.countsOperations && suite != .train && suite != .infer ? "GFLOP/s" : "time"
      printLine("")
      printLine("\(suite.rawValue): \(what), \(threadsInWords(Threads.count)), \(InstructionSet.active.rawValue)")
      if options.markdown { printLine("") }
      table.printHeader()
    }
    for work in works { compare(work, suite, report, peers, table) }
  }

  private func compare(_ work: Work, _ suite: Suite, _ report: Report, _ peers: [Peer], _ table: Table) {
    var own: [Measurement] = []
    var others: [String: [Measurement]] = [:]
    for _ in 0..<(options.rounds ?? (work.isLong ? 1 : 3)) {
      own.append(report.measure(work))
      for peer in peers {
        do {
          guard let answer = try peer.measure(work), let seconds = answer.seconds else { continue }
          others[peer.name, default: []].append(
            Measurement(
              op: work.op, shape: work.shape, threads: answer.threads ?? Threads.count, isa: answer.isa ?? "",
              seconds: seconds, gflops: answer.gflops ?? 0, percentOfPeak: nil, peer: peer.name,
              setting: answer.setting))
        } catch {
          note("\(peer.name): \((error as? Peer.Absence)?.reason ?? "\(error)")")
        }
      }
    }
    var mine = middle(own)
    mine.peer = "apus"
    let results = peers.map { peer in others[peer.name].map(middle) }
    mine.ratio = results.compactMap { $0?.seconds }.min().map { $0 / mine.seconds }
    if options.json {
      printLine(mine.json)
      for case var result? in results {
        result.percentOfPeak = mine.percentOfPeak.map { $0 * mine.seconds / result.seconds }
        printLine(result.json)
      }
      return
    }
    func cell(_ result: Measurement?) -> String {
      guard let result else { return "–" }
      let showsRate = suite == .gemm || suite == .conv
      return showsRate ? formatted(result.gflops) : duration(result.seconds)
    }
    table.printRow(
      [work.op, work.shape, cell(mine)] + results.map(cell) + [mine.ratio.map { String(format: "%.2f", $0) } ?? "–"])
  }

  /// The result of the middle round.
  private func middle(_ results: [Measurement]) -> Measurement {
    results.sorted { $0.seconds < $1.seconds }[results.count / 2]
  }

  private func start(_ name: String, _ suite: Suite) -> Peer? {
    var arguments = ["--threads", "\(Threads.count)", "--min-time", "\(options.minimumTime)"]
    if options.asInstalled { arguments.append("--as-installed") }
    if suite == .train {
      arguments += ["--samples", "\(options.samples)"]
      if let data = options.data { arguments += ["--data", data] }
    }
    if options.noCompile && (suite == .train || suite == .infer) { arguments.append("--no-compile") }
    do {
      let script = scripts.appendingPathComponent(suite.script)
      return try Peer(name, python: python, script: script, arguments: arguments)
    } catch {
      note("\(name) is left out: \((error as? Peer.Absence)?.reason ?? "\(error)")")
      return nil
    }
  }

  private func note(_ message: String) {
    FileHandle.standardError.write(Data("apus-bench: \(message)\n".utf8))
  }

  /// Benchmarks/peers of the package that is stood in, or else of the one that was built.
  private static func scriptDirectory() -> URL {
    let here = URL(fileURLWithPath: "Benchmarks/peers")
    let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("peers")
    for directory in [here, source]
    where FileManager.default.fileExists(atPath: directory.appendingPathComponent("common.py").path) {
      return directory
    }
    fail("Benchmarks/peers is not here; run apus-bench in the folder of the package")
  }

  private static func defaultPython() -> String {
    let local = ".venv/bin/python3"
    if FileManager.default.isExecutableFile(atPath: local) { return local }
    for folder in (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":") {
      let path = "\(folder)/python3"
      if FileManager.default.isExecutableFile(atPath: path) { return path }
    }
    fail("there is no python3 to run the peers with; --python PATH names one")
  }
}
