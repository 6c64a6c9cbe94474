import ApusCompute
import Foundation

/// A product taken apart: what the tile alone reaches, and what each thing around it costs.
struct PartsReport {
  let options: Options
  private static let rounds = 15

  init(_ options: Options) { self.options = options }

  func run() {
    // A core of its own: others would share the caches whose part in the product this is about.
    Threads.count = 1
    let product: ProductParts<Float>
    do { product = try ProductParts(size: options.size) } catch { fail("--size \(options.size): \(error)", code: 2) }
    let parts = product.parts.filter { options.isChosen($0.name) }
    if parts.isEmpty { options.failNothingChosen() }
    // All in turns with the peak, which moves with the clock of the CPU: in each round every part has its share.
    var peaks: [Double] = []
    var seconds = [[Double]](repeating: [], count: parts.count)
    let end = monotonicSeconds() + options.minimumTime * Double(parts.count)
    while peaks.count < Self.rounds || monotonicSeconds() < end {
      peaks.append(samplePeak(Float.self))
      for (index, part) in parts.enumerated() {
        let start = monotonicSeconds()
        part.run()
        seconds[index].append(monotonicSeconds() - start)
      }
    }
    let isa = InstructionSet.active.rawValue
    let peak = median(peaks)
    let printer = Printer(
      options,
      [
        .left(parts.map(\.name), "part"), .right(10, "time"), .right(8, "GFLOP/s"), .right(7, "% peak"),
        .right(7, "loses"),
      ])
    printer.note(
      "product \(product.size)x\(product.size)x\(product.size) in blocks \(product.depth) deep, \(isa), one thread; "
        + "peak \(formatted(peak / 1e9)) GFLOP/s; medians of \(peaks.count) rounds")
    var previous: Double?
    var percents: [Double?] = []
    for (part, samples) in zip(parts, seconds) {
      let time = median(samples)
      let percent = 100 * part.operations / time / peak
      let loss = previous.map { $0 - percent }
      previous = percent
      percents.append(percent)
      var record = Record()
      record.add("part", part.name)
      record.add("size", product.size)
      record.add("isa", isa)
      record.add("seconds", time)
      record.add("gflops", part.operations / time / 1e9)
      record.add("percent_of_peak", percent)
      record.add("loses", loss)
      printer.print(
        record,
        [
          part.name, duration(time), formatted(part.operations / time / 1e9), String(format: "%.1f", percent),
          loss.map { String(format: "%.1f", $0) } ?? "–",
        ])
    }
    guard let path = options.svg else { return }
    let chart = BarChart(
      title: "A product of \(product.size)×\(product.size)×\(product.size) taken apart",
      subtitle: "\(isa), one thread; peak \(formatted(peak / 1e9)) GFLOP/s", unit: "% of peak",
      categories: parts.map(\.name), series: [.init(name: "Apus", values: percents)])
    writeChart(chart.svg(), to: path)
  }
}
