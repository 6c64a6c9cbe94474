import ApusCompute
import Foundation

/// Each workload at 1 … N threads.
struct ScalingReport {
  let options: Options

  init(_ options: Options) { self.options = options }

  func run() {
    let most = Threads.count
    let counts = (1...most).filter { $0 <= 4 || $0 == most || $0.nonzeroBitCount == 1 }
    let works = options.chosen(scalingWorks())
    let isa = InstructionSet.active.rawValue
    let printer = Printer(
      options,
      [
        .left(works.map(\.op), "op"), .left(works.map(\.shape), "shape"), .right(7, "threads"), .right(10, "time"),
        .right(8, "GFLOP/s"), .right(8, "speed-up"), .right(10, "efficiency"),
      ])
    var series: [LineChart.Series] = []
    for work in works {
      let run = work.prepare()
      var alone: Double?
      var points: [(x: Double, y: Double)] = []
      for count in counts {
        Threads.count = count
        let seconds = secondsPerRun(minimumTime: options.minimumTime, run)
        let speedUp = (alone ?? seconds) / seconds
        alone = alone ?? seconds
        var record = Record()
        record.add("op", work.op)
        record.add("shape", work.shape)
        record.add("threads", count)
        record.add("isa", isa)
        record.add("seconds", seconds)
        record.add("gflops", work.operations / seconds / 1e9)
        record.add("speed_up", speedUp)
        record.add("efficiency", speedUp / Double(count))
        printer.print(
          record,
          [
            work.op, work.shape, "\(count)", duration(seconds), formatted(work.operations / seconds / 1e9),
            String(format: "%.2f", speedUp), String(format: "%.0f %%", 100 * speedUp / Double(count)),
          ])
        points.append((Double(count), speedUp))
      }
      series.append(.init(name: "\(work.op) \(work.shape)", points: points, labels: []))
    }
    Threads.count = most
    guard let path = options.svg else { return }
    writeChart(chart(series, most, isa), to: path)
  }

  /// Lines over the number of threads; bars where there are just one and two.
  private func chart(_ series: [LineChart.Series], _ most: Int, _ isa: String) -> String {
    if most <= 2 {
      return BarChart(
        title: "Speed-up on \(threadsInWords(most))", subtitle: isa, unit: "times as fast as on one thread",
        categories: series.map(\.name), series: [.init(name: "speed-up", values: series.map { $0.points.last?.y })]
      ).svg()
    }
    let ideal = LineChart.Series(
      name: "ideal", points: [(1, 1), (Double(most), Double(most))], hasDots: false, isDashed: true)
    return LineChart(
      title: "Speed-up", subtitle: isa, xTitle: "threads", yTitle: "times as fast as on one thread",
      series: series + [ideal]
    ).svg()
  }

  private func scalingWorks() -> [Work] {
    let sizes = [
      "128x128x128", "256x256x256", "512x512x512", "1024x1024x1024", "2048x2048x2048", "1x1024x1024", "20x4096x250",
    ]
    let products = matrixProducts().filter { product in sizes.contains { product.shape == $0 + " nn" } }
    return products + convolutions().filter { !$0.shape.contains("512->512") } + trainingSteps()
  }
}
