/// What the machine's processor is, as far as the system tells: read once from `/proc/cpuinfo` and `/sys`.
///
/// Everything has a fallback, because a container may hide either: no features means the baseline kernels, no cache
/// sizes means those of a small core.
///
/// The features are those that the kernel lists, not those that CPUID would: a register that the kernel does not save
/// (AVX-512 switched off at boot, an old hypervisor) must not be used, whatever the CPU could do, and the kernel leaves its
/// features out.
public struct Processor: Sendable {
  /// The model's name, or "unknown processor".
  public var name: String
  /// The feature flags of the first core, in the kernel's spelling ("avx2", "avx512f", "asimd").
  public var features: Set<String>
  /// Why no features are known, nil when some are: the kernels are then the baseline ones.
  public var featureNote: String?
  /// Bytes of level-1 data cache of one core.
  public var level1DataCache: Int
  /// Bytes of level-2 cache that one core can use.
  public var level2Cache: Int
  /// Bytes of the last-level cache, shared by several cores; 0 where there is none.
  public var level3Cache: Int

  /// The processor that this program runs on.
  public static let current = Processor(
    // The first core's lines: the file has as many blocks as the machine has CPUs.
    cpuinfo: readFile("/proc/cpuinfo", limit: 1 << 14),
    cacheDirectory: "/sys/devices/system/cpu/cpu0/cache")

  init(cpuinfo: String?, cacheDirectory: String) {
    name = "unknown processor"
    features = []
    level1DataCache = 32 << 10
    level2Cache = 256 << 10
    level3Cache = 0
    featureNote = cpuinfo == nil ? "/proc/cpuinfo cannot be read" : "/proc/cpuinfo names no features"
    for line in (cpuinfo ?? "").split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 1)
      guard parts.count == 2 else { continue }
      let key = parts[0].trimmingSpaces
      let value = parts[1].trimmingSpaces
      if key == "model name" { name = String(value) }
      if key == "flags" || key == "Features" {
        features = Set(value.split(separator: " ").map(String.init))
        if !features.isEmpty { featureNote = nil }
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
