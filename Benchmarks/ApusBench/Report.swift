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

  /// Everything, for programs to read.
  var record: Record {
    var record = Record()
    record.add("op", op)
    record.add("shape", shape)
    record.add("threads", threads)
    record.add("isa", isa)
    record.add("seconds", seconds)
    record.add("gflops", gflops)
    record.add("percent_of_peak", percentOfPeak)
    if let peer {
      record.add("peer", peer)
      record.add("setting", setting ?? "")
      record.add("ratio", ratio)
    }
    return record
  }
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
    let hasPeak = works.allSatisfy(\.hasPeak)
    let printer = Printer(
      options,
      [
        .left(works.map(\.op), "op"), .left(works.map(\.shape), "shape"), .right(10, "time"),
        .right(8, hasPeak ? "GFLOP/s" : "G/s"), .right(6, "% peak"), .right(8, "isa"), .right(7, "threads"),
      ])
    printer.note("peak \(formatted(peak / 1e9)) GFLOP/s of \(isa) multiply-adds, \(threadsInWords(Threads.count))")
    var values: [Double?] = []
    for work in works {
      let result = measure(work)
      printer.print(
        result.record,
        [
          work.op, work.shape, duration(result.seconds), formatted(result.gflops),
          result.percentOfPeak.map { String(format: "%.1f", $0) } ?? "–", isa, "\(result.threads)",
        ])
      values.append(result.gflops)
    }
    guard let path = options.svg else { return }
    let chart = BarChart(
      title: "Apus: \(Set(works.map(\.op)).count == 1 ? works[0].op : hasPeak ? "GFLOP/s" : "elements")",
      subtitle: "\(isa), \(threadsInWords(Threads.count))"
        + (hasPeak ? "; peak of multiply-adds \(formatted(peak / 1e9)) GFLOP/s" : ""),
      unit: hasPeak ? "GFLOP/s" : "elements a nanosecond", categories: works.map { "\($0.op) \($0.shape)" },
      series: [.init(name: "Apus", values: values)])
    writeChart(chart.svg(), to: path)
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
    let printer = Printer(
      options, [.left(["double multiply-add"], "peak"), .right(8, "GFLOP/s"), .right(8, "isa"), .right(7, "threads")])
    var names: [String] = []
    var values: [Double?] = []
    for set in InstructionSet.available {
      let peaks = InstructionSet.with(set) {
        [("float", measurePeak(Float.self)), ("double", measurePeak(Double.self))]
      }
      for (name, peak) in peaks {
        let result = Measurement(
          op: "peak", shape: name, threads: Threads.count, isa: set.rawValue, seconds: 1, gflops: peak / 1e9,
          percentOfPeak: 100)
        printer.print(
          result.record, ["\(name) multiply-add", formatted(result.gflops), set.rawValue, "\(Threads.count)"])
        names.append("\(set.rawValue) \(name)")
        values.append(result.gflops)
      }
    }
    guard let path = options.svg else { return }
    let chart = BarChart(
      title: "Peak of multiply-adds", subtitle: threadsInWords(Threads.count), unit: "GFLOP/s", categories: names,
      series: [.init(name: "peak", values: values)])
    writeChart(chart.svg(), to: path)
  }
}
