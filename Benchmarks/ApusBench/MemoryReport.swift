import Apus
import ApusCompute
import EpochWork
import Foundation

/// The memory that one epoch of a model needs, each in a process of its own: Apus's and PyTorch's.
struct MemoryReport {
  private static let models: [ModelZoo] = [.mlp, .mlp3, .cnn, .cnnWide, .kerasCNN]

  let options: Options

  init(_ options: Options) { self.options = options }

  private typealias Usage = EpochUsage

  func run() {
    let models = MemoryReport.models.filter { options.isChosen($0.name) }
    if models.isEmpty { options.failNothingChosen() }
    let wantsTorch = options.peers?.contains("torch") ?? true
    let printer = Printer(
      options,
      [
        .left(models.map(\.name), "model"), .left(["apus", "torch"], "who"), .right(10, "peak MiB"),
        .right(10, "start MiB"), .right(12, "torch / apus"), .right(11, "faults/step"), .right(10, "fresh/step"),
        .right(11, "reused/step"), .right(9, "epoch s"),
      ])
    let data = options.data == nil ? "generated images" : "MNIST"
    printer.note("one epoch of \(options.samples) images, \(data), \(threadsInWords(Threads.count))")
    var series = [BarChart.Series(name: "Apus", values: []), .init(name: "PyTorch", values: [])]
    for model in models {
      let own = ownUsage(model)
      let peer = wantsTorch ? peerUsage(model) : nil
      show(model, "apus", own, ratio: peer.map { $0.peakKiB / own.peakKiB }, printer)
      if let peer { show(model, "torch", peer, ratio: nil, printer) }
      series[0].values.append(own.peakKiB / 1024)
      series[1].values.append(peer.map { $0.peakKiB / 1024 })
    }
    guard let path = options.svg else { return }
    let chart = BarChart(
      title: "Peak resident memory of one epoch", subtitle: "\(options.samples) images, \(data)", unit: "MiB",
      categories: models.map(\.name), series: series)
    writeChart(chart.svg(), to: path)
  }

  private func show(_ model: ModelZoo, _ who: String, _ usage: Usage, ratio: Double?, _ printer: Printer) {
    var record = Record()
    record.add("model", model.name)
    record.add("peer", who)
    record.add("threads", Threads.count)
    record.add("peak_kib", usage.peakKiB)
    record.add("start_kib", usage.startKiB)
    record.add("peak_tensors_kib", usage.peakTensorsKiB)
    record.add("ratio", ratio)
    record.add("minor_faults_per_step", usage.minorFaultsPerStep)
    record.add("fresh_blocks_per_step", usage.freshBlocksPerStep)
    record.add("reused_blocks_per_step", usage.reusedBlocksPerStep)
    record.add("seconds", usage.seconds)
    func optional(_ value: Double?) -> String { value.map(formatted) ?? "–" }
    printer.print(
      record,
      [
        model.name, who, formatted(usage.peakKiB / 1024), formatted(usage.startKiB / 1024), optional(ratio),
        formatted(usage.minorFaultsPerStep), optional(usage.freshBlocksPerStep), optional(usage.reusedBlocksPerStep),
        formatted(usage.seconds),
      ])
  }

  private var commonArguments: [String] {
    ["--threads", "\(Threads.count)", "--samples", "\(options.samples)"] + (options.data.map { ["--data", $0] } ?? [])
  }

  /// By a program beside this one, which stands on Apus alone: Foundation would count as memory of the training.
  private func ownUsage(_ model: ModelZoo) -> Usage {
    let program = companion("apus-epoch")
    do {
      return try usage(of: program, [model.name] + commonArguments)
    } catch {
      fail("\(model.name): \(error)")
    }
  }

  private func peerUsage(_ model: ModelZoo) -> Usage? {
    let script = Comparison.scriptDirectory().appendingPathComponent("memory.py").path
    do {
      return try usage(
        of: options.python ?? Comparison.defaultPython(),
        [script, "--peer", "torch", "--only", model.name] + commonArguments)
    } catch {
      FileHandle.standardError.write(Data("apus-bench: torch is left out: \(error)\n".utf8))
      return nil
    }
  }

  private struct ChildFailure: Error, CustomStringConvertible {
    let description: String
  }

  /// Runs a program whose last line is its `Usage`.
  private func usage(of program: String, _ arguments: [String]) throws -> Usage {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0, let line = text.split(separator: "\n").last else {
      throw ChildFailure(description: "\(program) ended with status \(process.terminationStatus)")
    }
    return try JSONDecoder().decode(Usage.self, from: Data(line.utf8))
  }
}
