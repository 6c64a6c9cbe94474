import ApusCompute
import Foundation

/// The product of Docs/GEMM.md step by step: checked against the definition, then timed.
struct LadderReport {
  let options: Options

  init(_ options: Options) { self.options = options }

  private struct Step {
    let name: String
    var threads = 1
    /// C = A · B for an m × n × k product.
    let product: (_ a: Buffer, _ b: Buffer, _ c: Buffer, _ m: Int, _ n: Int, _ k: Int) -> Void
  }

  func run() {
    let isa = InstructionSet.active.rawValue
    let threads = Threads.count
    let n = options.size
    guard n <= 8192 else { fail("--size \(n) is more than 8192", code: 2) }
    let steps = makeSteps(threads).filter { options.isChosen($0.name) }
    if steps.isEmpty { options.failNothingChosen() }
    let peak = Peaks(threads)
    let printer = Printer(
      options,
      [
        .left(steps.map(\.name), "step"), .right(7, "threads"), .right(10, "time"), .right(8, "GFLOP/s"),
        .right(7, "% peak"), .right(8, "gain"),
      ])
    printer.note(
      "product \(n)x\(n)x\(n), \(isa); peak \(formatted(peak.one / 1e9)) GFLOP/s on one thread, "
        + "\(formatted(peak.all / 1e9)) on \(threads)")
    let (a, b, c) = (integers(n * n, 13), integers(n * n, 7), Buffer(n * n, seed: 1))
    let operations = 2 * Double(n) * Double(n) * Double(n)
    let expected = naiveRows(a, b, n)
    var previous: Double?
    var rates: [Double?] = []
    for step in steps {
      Threads.count = step.threads
      checkOddSizes(step)
      let start = monotonicSeconds()
      step.product(a, b, c, n, n, n)
      let first = monotonicSeconds() - start
      checkRows(step, expected, c, n)
      // A product of seconds is not repeated more than it must.
      let seconds =
        first > 1
        ? min(first, longRun { step.product(a, b, c, n, n, n) })
        : secondsPerRun(minimumTime: options.minimumTime) { step.product(a, b, c, n, n, n) }
      let percent = 100 * operations / seconds / (step.threads == 1 ? peak.one : peak.all)
      let gain = previous.map { $0 / seconds }
      var record = Record()
      record.add("step", step.name)
      record.add("size", n)
      record.add("threads", step.threads)
      record.add("isa", isa)
      record.add("seconds", seconds)
      record.add("gflops", operations / seconds / 1e9)
      record.add("percent_of_peak", percent)
      record.add("gain", gain)
      printer.print(
        record,
        [
          step.name, "\(step.threads)", duration(seconds), formatted(operations / seconds / 1e9),
          String(format: "%.1f", percent), gain.map { String(format: "%.2f×", $0) } ?? "–",
        ])
      rates.append(operations / seconds / 1e9)
      previous = seconds
    }
    Threads.count = threads
    guard let path = options.svg else { return }
    let chart = BarChart(
      title: "From three loops to the shipped product: \(n)×\(n)×\(n)",
      subtitle: "\(isa); peak \(formatted(peak.one / 1e9)) GFLOP/s a thread", unit: "GFLOP/s",
      categories: steps.map { $0.threads == 1 ? $0.name : "\($0.name), \($0.threads) threads" },
      series: [.init(name: "Apus", values: rates)])
    writeChart(chart.svg(), to: path)
  }

  private func makeSteps(_ threads: Int) -> [Step] {
    let shipped: (Buffer, Buffer, Buffer, Int, Int, Int) -> Void = { a, b, c, m, n, k in
      gemm(
        Matrix(UnsafeBufferPointer(rebasing: a.constant[..<(m * k)]), rows: m, columns: k),
        Matrix(UnsafeBufferPointer(rebasing: b.constant[..<(k * n)]), rows: k, columns: n),
        into: MutableMatrix(UnsafeMutableBufferPointer(rebasing: c.scalars[..<(m * n)]), rows: m, columns: n))
    }
    var steps = BenchKernels.active.ladder.map { name, product in
      Step(name: name) { a, b, c, m, n, k in product(a.pointer, b.pointer, c.pointer, m, n, k) }
    }
    steps.append(Step(name: "as shipped", product: shipped))
    if threads > 1 { steps.append(Step(name: "all threads", threads: threads, product: shipped)) }
    return steps
  }

  /// The peak of one thread and of all.
  private struct Peaks {
    let one: Double
    let all: Double

    init(_ threads: Int) {
      Threads.count = 1
      one = measurePeak(Float.self)
      Threads.count = threads
      all = threads == 1 ? one : measurePeak(Float.self)
    }
  }

  private func longRun(_ body: () -> Void) -> Double {
    let start = monotonicSeconds()
    body()
    return monotonicSeconds() - start
  }

  /// Small integers: every order of summation gives the same, exact sums.
  private func integers(_ count: Int, _ modulus: Int) -> Buffer {
    let buffer = Buffer(count, seed: 1)
    for i in 0..<count { buffer.pointer[i] = Float(i % modulus - modulus / 2) }
    return buffer
  }

  /// Sizes that no tile and no block divides, compared in every element.
  private func checkOddSizes(_ step: Step) {
    for (m, n, k) in [(1, 1, 1), (5, 70, 3), (37, 131, 29), (141, 97, 530)] {
      let (a, b) = (integers(m * k, 13), integers(k * n, 7))
      let (c, expected) = (Buffer(m * n, seed: 2), Buffer(m * n, seed: 3))
      step.product(a, b, c, m, n, k)
      BenchKernels.active.ladder[0].product(a.pointer, b.pointer, expected.pointer, m, n, k)
      for i in 0..<m * n where c.pointer[i] != expected.pointer[i] {
        fail("\(step.name) is wrong at \(m)x\(n)x\(k), element \(i): \(c.pointer[i]), not \(expected.pointer[i])")
      }
    }
  }

  /// Some rows of the product by definition, for the size that is timed.
  private func naiveRows(_ a: Buffer, _ b: Buffer, _ n: Int) -> [Int: [Float]] {
    Dictionary(
      uniqueKeysWithValues: Set([0, n / 3, n / 2, n - 1]).map { row in
        let c = Buffer(n, seed: 2)
        BenchKernels.active.ladder[0].product(a.pointer + row * n, b.pointer, c.pointer, 1, n, n)
        return (row, Array(c.scalars))
      })
  }

  private func checkRows(_ step: Step, _ expected: [Int: [Float]], _ c: Buffer, _ n: Int) {
    for (row, values) in expected where Array(c.scalars[row * n..<(row + 1) * n]) != values {
      fail("\(step.name) is wrong at \(n)x\(n)x\(n), row \(row)")
    }
  }
}
