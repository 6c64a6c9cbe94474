import Apus
import ApusCompute
import Foundation

/// The memory that one epoch of a model needs, each in a process of its own: Apus's and PyTorch's.
struct MemoryReport {
  /// The subcommand that runs in the process that is measured.
  static let childName = "memory-of-one-epoch"

  private static let models: [ModelZoo] = [.mlp, .mlp3, .cnn, .cnnWide, .kerasCNN]

  let options: Options

  init(_ options: Options) { self.options = options }

  /// What a process says of itself.
  struct Usage: Codable {
    /// The most memory that was resident, KiB, and what was before the data were read.
    var peakKiB: Double
    var startKiB: Double
    /// Of a step in the second half of the epoch.
    var minorFaultsPerStep: Double
    /// Blocks of tensors' memory asked of the system, and taken from the pool; only Apus knows.
    var freshBlocksPerStep: Double?
    var reusedBlocksPerStep: Double?
    /// The most bytes that tensors held at a time, KiB.
    var peakTensorsKiB: Double?
    var seconds: Double
  }

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

  private func ownUsage(_ model: ModelZoo) -> Usage {
    let path = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().path
    do {
      return try usage(of: path, [Self.childName, "--only", model.name] + commonArguments)
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

  /// What runs in the process that is measured: an epoch of the model that `--only` names.
  static func runChild(_ arguments: [String]) {
    let options = Options(arguments)
    guard let model = MemoryReport.models.first(where: { $0.name == options.only }) else {
      fail("no model is called '\(options.only)'", code: 2)
    }
    let startKiB = statusKiB("VmRSS")
    let start = monotonicSeconds()
    let recipe = model.recipe
    let images = LazyImages(options).images.normalized(recipe.normalization)
    let network = withSeed(1) { model.make() }
    network.train()
    let optimizer = recipe.optimizer.make(network.parameters)
    let steps = (images.count + recipe.batchSize - 1) / recipe.batchSize
    var step = 0
    var (faults, pool) = (minorFaults(), BufferPool.statistics)
    for batch in DataLoader(images, batchSize: recipe.batchSize, shuffle: true, seed: 1) {
      if step == steps / 2 { (faults, pool) = (minorFaults(), BufferPool.statistics) }
      // The last batch is smaller than the others.
      if step == steps - 1 { break }
      optimizer.zeroGradients()
      recipe.loss(network(batch.inputs), batch.targets).backward()
      optimizer.step()
      step += 1
    }
    let measured = Double(max(1, step - steps / 2))
    let end = BufferPool.statistics
    let usage = Usage(
      peakKiB: statusKiB("VmHWM"), startKiB: startKiB, minorFaultsPerStep: Double(minorFaults() - faults) / measured,
      freshBlocksPerStep: Double(end.systemAllocations - pool.systemAllocations) / measured,
      reusedBlocksPerStep: Double(end.reuses - pool.reuses) / measured,
      peakTensorsKiB: Double(end.peakBytesInUse) / 1024, seconds: monotonicSeconds() - start)
    do {
      printLine(String(decoding: try JSONEncoder().encode(usage), as: UTF8.self))
    } catch {
      fail("\(error)")
    }
  }

  /// A line of /proc/self/status. (`ru_maxrss` is no use: it starts from that of the process that started this one.)
  private static func statusKiB(_ key: String) -> Double {
    let text = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix(key + ":") } ?? ""
    return Double(line.split(whereSeparator: { !$0.isNumber }).first ?? "") ?? .nan
  }

  /// Pages that were touched for the first time.
  private static func minorFaults() -> Int {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_minflt
  }
}
