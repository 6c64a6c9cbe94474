import Apus
import ApusTensor

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// What a process that trains one epoch of a model asks of the system.
public struct EpochUsage: Codable, Sendable {
  /// The most memory that was resident, KiB, and what was before the data were read.
  public var peakKiB: Double
  public var startKiB: Double
  /// Of a step in the second half of the epoch.
  public var minorFaultsPerStep: Double
  /// Blocks of tensors' memory asked of the system, and taken from the pool; only Apus knows.
  public var freshBlocksPerStep: Double?
  public var reusedBlocksPerStep: Double?
  /// The most bytes that tensors held at a time, KiB.
  public var peakTensorsKiB: Double?
  public var seconds: Double

  /// Trains an epoch as its recipe says, without the last smaller batch.
  ///
  /// - Throws: `DataError` when the images cannot be read.
  public static func measure(_ model: ModelZoo, data: String?, samples: Int) throws(DataError) -> EpochUsage {
    let startKiB = statusKiB("VmRSS")
    let start = seconds()
    let recipe = model.recipe
    let images = try ImageDataset.training(directory: data, count: samples).normalized(recipe.normalization)
    let network = withSeed(1) { model.make() }
    network.train()
    let optimizer = recipe.optimizer.make(network.parameters)
    let steps = (images.count + recipe.batchSize - 1) / recipe.batchSize
    var step = 0
    var (faults, pool) = (minorFaults(), BufferPool.statistics)
    for batch in DataLoader(images, batchSize: recipe.batchSize, shuffle: true, seed: 1) {
      if step == steps / 2 { (faults, pool) = (minorFaults(), BufferPool.statistics) }
      if step == steps - 1 { break }
      optimizer.zeroGradients()
      recipe.loss(network(batch.inputs), batch.targets).backward()
      optimizer.step()
      step += 1
    }
    let measured = Double(max(1, step - steps / 2))
    let end = BufferPool.statistics
    return EpochUsage(
      peakKiB: statusKiB("VmHWM"), startKiB: startKiB, minorFaultsPerStep: Double(minorFaults() - faults) / measured,
      freshBlocksPerStep: Double(end.systemAllocations - pool.systemAllocations) / measured,
      reusedBlocksPerStep: Double(end.reuses - pool.reuses) / measured,
      peakTensorsKiB: Double(end.peakBytesInUse) / 1024, seconds: seconds() - start)
  }

  /// As an object of JSON, in a line.
  public var json: String {
    let fields: [(String, Double?)] = [
      ("peakKiB", peakKiB), ("startKiB", startKiB), ("minorFaultsPerStep", minorFaultsPerStep),
      ("freshBlocksPerStep", freshBlocksPerStep), ("reusedBlocksPerStep", reusedBlocksPerStep),
      ("peakTensorsKiB", peakTensorsKiB), ("seconds", seconds),
    ]
    return "{" + fields.compactMap { name, value in value.map { "\"\(name)\": \($0)" } }.joined(separator: ", ") + "}"
  }

  private static func seconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  /// A line of /proc/self/status. (`ru_maxrss` is no use: it starts from that of the process that started this one.)
  private static func statusKiB(_ key: String) -> Double {
    guard let file = fopen("/proc/self/status", "r") else { return .nan }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 8192)
    let count = fread(&bytes, 1, bytes.count, file)
    let lines = String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n")
    let line = lines.first { $0.hasPrefix(key + ":") } ?? ""
    return line.split(whereSeparator: { !$0.isNumber }).first.flatMap { Double($0) } ?? .nan
  }

  /// Pages that were touched for the first time.
  private static func minorFaults() -> Int {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_minflt
  }
}
