import ApusCompute
import Foundation

/// One result, as it is printed.
struct Measurement {
  var op: String
  var shape: String
  var threads: Int
  var isa: String
  var seconds: Double
  var gflops: Double
  /// Nil where multiply-adds are not what limits the work.
  var percentOfPeak: Double?
  /// Who did the work; nil in a report of Apus alone.
  var peer: String?
  /// The setting of a peer that was its fastest.
  var setting: String?
  /// The best peer's time divided by this one's.
  var ratio: Double?

  /// One line of JSON.
  var json: String {
    var fields = [
      "\"op\": \(quoted(op))", "\"shape\": \(quoted(shape))", "\"threads\": \(threads)", "\"isa\": \(quoted(isa))",
      "\"seconds\": \(number(seconds))", "\"gflops\": \(number(gflops))",
      "\"percent_of_peak\": \(percentOfPeak.map(number) ?? "null")",
    ]
    if let peer { fields.append("\"peer\": \(quoted(peer))") }
    if let setting, !setting.isEmpty { fields.append("\"setting\": \(quoted(setting))") }
    if let ratio { fields.append("\"ratio\": \(number(ratio))") }
    return "{" + fields.joined(separator: ", ") + "}"
  }

  private func quoted(_ text: String) -> String {
    "\"" + text.replacingOccurrences(of: "\\", with: "\\\\").replacingOccurrences(of: "\"", with: "\\\"") + "\""
  }

  private func number(_ value: Double) -> String { String(format: "%.6g", value) }
}

/// Measures works one after another and prints each as soon as it is known.
struct Report {
  let options: Options
  let works: [Work]
  private let peak: Double
  private let isa = InstructionSet.active.rawValue

  init(_ options: Options, works: [Work]) {
    self.options = options
    self.works = works
    peak = measurePeak(Float.self)
  }

  func run() {
    let table = Table(
      [
        .left(works.map(\.op), "op"), .left(works.map(\.shape), "shape"), .right(10, "time"),
        .right(8, works.allSatisfy(\.hasPeak) ? "GFLOP/s" : "G/s"), .right(6, "% peak"), .right(8, "isa"),
        .right(7, "threads"),
      ], isMarkdown: options.markdown)
    if !options.json {
      printLine("peak \(formatted(peak / 1e9)) GFLOP/s of \(isa) multiply-adds, \(threadsInWords(Threads.count))")
      if options.markdown { printLine("") }
      table.printHeader()
    }
    for work in works {
      let result = measure(work)
      if options.json {
        printLine(result.json)
      } else {
        table.printRow([
          work.op, work.shape, duration(result.seconds), formatted(result.gflops),
          result.percentOfPeak.map { String(format: "%.1f", $0) } ?? "–", isa, "\(result.threads)",
        ])
      }
    }
  }

  /// Runs one work.
  func measure(_ work: Work) -> Measurement {
    let seconds = work.seconds(minimumTime: options.minimumTime)
    return Measurement(
      op: work.op, shape: work.shape, threads: Threads.count, isa: isa, seconds: seconds,
      gflops: work.operations / seconds / 1e9,
      percentOfPeak: work.hasPeak ? 100 * work.operations / seconds / peak : nil)
  }
}

/// The peak of every instruction set that the CPU has.
struct PeakReport {
  let options: Options

  init(_ options: Options) { self.options = options }

  func run() {
    let table = Table(
      [.left(["double multiply-add"], "peak"), .right(8, "GFLOP/s"), .right(8, "isa"), .right(7, "threads")],
      isMarkdown: options.markdown)
    if !options.json { table.printHeader() }
    for set in InstructionSet.available {
      let peaks = InstructionSet.with(set) {
        [("float", measurePeak(Float.self)), ("double", measurePeak(Double.self))]
      }
      for (name, peak) in peaks {
        let result = Measurement(
          op: "peak", shape: name, threads: Threads.count, isa: set.rawValue, seconds: 1, gflops: peak / 1e9,
          percentOfPeak: 100)
        if options.json {
          printLine(result.json)
        } else {
          table.printRow(["\(name) multiply-add", formatted(result.gflops), set.rawValue, "\(Threads.count)"])
        }
      }
    }
  }
}
