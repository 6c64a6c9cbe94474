import ApusCompute
import Foundation

/// Each kernel under the lower of two roofs: what the multiply-add units can do, and what the memory that holds its data can
/// deliver (Williams, Waterman and Patterson, "Roofline", 2009).
struct RooflineReport {
  let options: Options

  init(_ options: Options) { self.options = options }

  func run() {
    let works = rooflineWorks().filter { options.isChosen("\($0.group) \($0.work.op) \($0.work.shape)") }
    if works.isEmpty { options.failNothingChosen() }
    let isa = InstructionSet.active.rawValue
    let peak = measurePeak(Float.self)
    let levels = MemoryBandwidth.measureAll(minimumTime: options.minimumTime)
    let printer = Printer(
      options,
      [
        .left(works.map(\.group), "kind"), .left(works.map(\.work.op), "op"), .left(works.map(\.work.shape), "shape"),
        .right(8, "flop/byte"), .left(levels.map(\.level), "data in"), .right(8, "GFLOP/s"), .right(8, "bound"),
        .right(7, "% bound"), .left(["memory", "peak"], "limit"),
      ])
    printer.note("peak \(formatted(peak / 1e9)) GFLOP/s of \(isa) multiply-adds, \(threadsInWords(Threads.count))")
    for level in levels {
      let kinds = level.rates.map { "\($0.kind) \(formatted($0.bytesPerSecond / 1e9))" }.joined(separator: ", ")
      printer.note("\(level.level): \(kinds) GB/s")
    }
    printer.note("")
    var points: [String: [(x: Double, y: Double, label: String)]] = [:]
    for (group, work) in works {
      let level = levels.first { work.bytes <= Double($0.capacity) }!
      let intensity = work.arithmetic / work.bytes
      let bound = min(peak, intensity * level.best)
      let rate = work.arithmetic / work.seconds(minimumTime: options.minimumTime)
      var record = Record()
      record.add("kind", group)
      record.add("op", work.op)
      record.add("shape", work.shape)
      record.add("threads", Threads.count)
      record.add("isa", isa)
      record.add("intensity", intensity)
      record.add("level", level.level)
      record.add("gflops", rate / 1e9)
      record.add("bound_gflops", bound / 1e9)
      record.add("percent_of_bound", 100 * rate / bound)
      printer.print(
        record,
        [
          group, work.op, work.shape, formatted(intensity), level.level, formatted(rate / 1e9),
          formatted(bound / 1e9), String(format: "%.0f", 100 * rate / bound), bound < peak ? "memory" : "peak",
        ])
      points[group, default: []].append((intensity, rate / 1e9, "\(work.op) \(work.shape)"))
    }
    guard let path = options.svg else { return }
    writeChart(chart(peak, levels, works.map(\.group), points, isa).svg(), to: path)
  }

  private func chart(
    _ peak: Double, _ levels: [MemoryBandwidth], _ groups: [String],
    _ points: [String: [(x: Double, y: Double, label: String)]], _ isa: String
  ) -> LineChart {
    let intensities = points.values.joined().map(\.x)
    let (low, high) = ((intensities.min() ?? 0.1) / 2, max((intensities.max() ?? 100) * 2, 100))
    var names: [String] = []
    for group in groups where !names.contains(group) { names.append(group) }
    let dots = names.map { name in
      LineChart.Series(
        name: name, points: points[name]!.map { ($0.x, $0.y) }, labels: points[name]!.map(\.label), hasLine: false)
    }
    let roofs = levels.map { level in
      let ridge = max(peak / level.best, low)
      let start = (low, min(peak, low * level.best) / 1e9)
      return LineChart.Series(
        name: "\(level.level) \(formatted(level.best / 1e9)) GB/s",
        points: [start, (ridge, peak / 1e9), (high, peak / 1e9)], hasDots: false, isDashed: level.level != "DRAM")
    }
    return LineChart(
      title: "Roofline", subtitle: "\(isa), \(threadsInWords(Threads.count)), peak \(formatted(peak / 1e9)) GFLOP/s",
      xTitle: "operations for each byte of compulsory traffic", yTitle: "GFLOP/s", xScale: .logarithmic,
      yScale: .logarithmic, series: dots + roofs)
  }
}
