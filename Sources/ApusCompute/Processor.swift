/// What the machine's processor is, as far as the system tells: read once from `/proc/cpuinfo` and `/sys`.
///
/// Everything has a fallback, because a container may hide either: no features means the baseline kernels, no cache
/// sizes means those of a small core.
public struct Processor: Sendable {
  /// The model's name, or "unknown processor".
  public var name: String
  /// The feature flags of the first core, in the kernel's spelling ("avx2", "avx512f", "asimd").
  public var features: Set<String>
  /// Bytes of level-1 data cache of one core.
  public var level1DataCache: Int
  /// Bytes of level-2 cache that one core can use.
  public var level2Cache: Int
  /// Bytes of the last-level cache, shared by several cores; 0 where there is none.
  public var level3Cache: Int

  /// The processor that this program runs on.
  public static let current = Processor(
    cpuinfo: readFile("/proc/cpuinfo") ?? "",
    cacheDirectory: "/sys/devices/system/cpu/cpu0/cache")

  init(cpuinfo: String, cacheDirectory: String) {
    name = "unknown processor"
    features = []
    level1DataCache = 32 << 10
    level2Cache = 256 << 10
    level3Cache = 0
    for line in cpuinfo.split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 1)
      guard parts.count == 2 else { continue }
      let key = parts[0].trimmingSpaces
      let value = parts[1].trimmingSpaces
      if key == "model name" { name = String(value) }
      if key == "flags" || key == "Features" {
        features = Set(value.split(separator: " ").map(String.init))
        break
      }
    }
    for index in 0..<8 {
      let folder = "\(cacheDirectory)/index\(index)"
      guard let level = readFile("\(folder)/level")?.trimmingSpaces,
        let kind = readFile("\(folder)/type")?.trimmingSpaces,
        let size = readFile("\(folder)/size").flatMap({ Processor.bytes($0.trimmingSpaces) })
      else { continue }
      switch (level, kind) {
      case ("1", "Data"), ("1", "Unified"): level1DataCache = size
      case ("2", "Data"), ("2", "Unified"): level2Cache = size
      case ("3", "Data"), ("3", "Unified"): level3Cache = size
      default: break
      }
    }
  }

  /// "48K" → 49152.
  static func bytes(_ text: Substring) -> Int? {
    guard let unit = text.last else { return nil }
    let factor: Int
    switch unit {
    case "K": factor = 1 << 10
    case "M": factor = 1 << 20
    case "G": factor = 1 << 30
    default: return Int(text).flatMap { $0 > 0 ? $0 : nil }
    }
    guard let number = Int(text.dropLast()), number > 0 else { return nil }
    let (product, overflow) = number.multipliedReportingOverflow(by: factor)
    return overflow ? nil : product
  }
}
