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
      suite.works(options).contains { options.isChosen("\($0.op) \($0.shape)") }
    }
    if matching.isEmpty { options.failNothingChosen() }
    for suite in matching { run(suite, chart: chartPath(suite, isOnlyOne: matching.count == 1)) }
  }

  /// One file for each suite: the suite's name goes before the extension where there are several.
  private func chartPath(_ suite: Suite, isOnlyOne: Bool) -> String? {
    guard let path = options.svg, !isOnlyOne else { return options.svg }
    let url = URL(fileURLWithPath: path)
    let name = url.deletingPathExtension().path + "-\(suite.rawValue)"
    return name + "." + (url.pathExtension.isEmpty ? "svg" : url.pathExtension)
  }

  private func run(_ suite: Suite, chart path: String?) {
    let works = options.chosen(suite.works(options))
    let names = suite.peers.filter { options.peers?.contains($0) ?? true }
    let peers = names.compactMap { start($0, suite) }
    defer { peers.forEach { $0.close() } }
    let report = Report(options, works: works)
    let printer = Printer(
      options,
      [.left(works.map(\.op), suite.rawValue), .left(works.map(\.shape), "shape"), .right(9, "apus")]
        + (suite.showsPeak ? [.right(6, "% peak")] : [])
        + peers.map { .right(9, $0.name) } + [.right(11, "best / apus")])
    let what = suite.showsRate ? "GFLOP/s" : "time"
    let conditions = "\(threadsInWords(Threads.count)), \(InstructionSet.active.rawValue)"
    printer.note("")
    printer.note("\(suite.rawValue): \(what), \(conditions)")
    var series = (["Apus"] + peers.map(\.name)).map { BarChart.Series(name: $0, values: []) }
    for work in works {
      let results = compare(work, report, peers)
      show(results, work, suite, printer)
      for index in series.indices {
        series[index].values.append(results[index].map { suite.countsOperations ? $0.gflops : 1e3 * $0.seconds })
      }
    }
    guard let path else { return }
    let chart = BarChart(
      title: "\(suite.rawValue): Apus and its peers", subtitle: conditions,
      unit: suite.countsOperations ? "GFLOP/s (longer is faster)" : "milliseconds (shorter is faster)",
      categories: works.map { "\($0.op) \($0.shape)" }, series: series)
    writeChart(chart.svg(), to: path)
  }

  /// Apus's result, then each peer's where it has one.
  private func compare(_ work: Work, _ report: Report, _ peers: [Peer]) -> [Measurement?] {
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
    var results = peers.map { peer in others[peer.name].map(middle) }
    mine.ratio = results.compactMap { $0?.seconds }.min().map { $0 / mine.seconds }
    for index in results.indices {
      guard let seconds = results[index]?.seconds else { continue }
      results[index]?.percentOfPeak = mine.percentOfPeak.map { $0 * mine.seconds / seconds }
    }
    return [mine] + results
  }

  private func show(_ results: [Measurement?], _ work: Work, _ suite: Suite, _ printer: Printer) {
    if options.format == .json || options.format == .csv {
      for case let result? in results { printer.print(result.record, []) }
      return
    }
    var cells = results.map { result in
      result.map { suite.showsRate ? formatted($0.gflops) : duration($0.seconds) } ?? "–"
    }
    let mine = results[0]!
    if suite.showsPeak { cells.insert(mine.percentOfPeak.map { String(format: "%.1f", $0) } ?? "–", at: 1) }
    printer.print(
      mine.record, [work.op, work.shape] + cells + [mine.ratio.map { String(format: "%.2f", $0) } ?? "–"])
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
    if options.noCompile && (suite == .train || suite == .infer || suite == .lm) { arguments.append("--no-compile") }
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
  static func scriptDirectory() -> URL {
    let here = URL(fileURLWithPath: "Benchmarks/peers")
    let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("peers")
    for directory in [here, source]
    where FileManager.default.fileExists(atPath: directory.appendingPathComponent("common.py").path) {
      return directory
    }
    fail("Benchmarks/peers is not here; run apus-bench in the folder of the package")
  }

  static func defaultPython() -> String {
    guard let python = foundPython() else {
      fail("there is no python3 to run the peers with; --python PATH names one")
    }
    return python
  }

  /// The Python of the package, or else the first one on the path.
  static func foundPython() -> String? {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    return ([".venv/bin/python3"] + folders.map { "\($0)/python3" })
      .first { FileManager.default.isExecutableFile(atPath: $0) }
  }
}
