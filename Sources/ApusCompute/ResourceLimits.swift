#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A limit that the system sets, and the file or call that tells it.
package struct SystemLimit<Value: Sendable>: Sendable {
  /// The limit.
  package let value: Value
  /// Where it comes from, as "/sys/fs/cgroup/cpu.max".
  package let source: String
}

/// What the system leaves to this process: read once, before the first thread is started and the first tensor made.
package struct ResourceLimits: Sendable {
  /// CPUs that the process may run on: its affinity mask, which cpusets narrow.
  package let processors: Int
  /// CPU time that control groups grant, in CPUs; nil when nothing bounds it.
  package let processorQuota: SystemLimit<Double>?
  /// What bounds memory: control groups, innermost first, and then the machine.
  package let memoryBounds: [MemoryBound]

  /// The limits of this process.
  package static let current = ResourceLimits(root: "")

  /// Reads the limits from the files below `root`.
  init(root: String) {
    let groups = ControlGroups(root: root)
    let online = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
    // A mask may name CPUs that the machine could have, but has not.
    processors = min(affinityCount(root: root) ?? groups.cpusetSize ?? online, root.isEmpty ? online : .max)
    processorQuota = groups.processorQuota
    memoryBounds = groups.memoryBounds + (MachineMemory(root: root).map { [$0.bound(root: root)] } ?? [])
  }

  /// Threads that make sense: one for each CPU, and no more than the quota pays for.
  ///
  /// A quota is rounded down. Threads wait for one another by spinning, so one that the kernel stops because the quota is
  /// used up stops all, while it wakes none.
  package var threads: Int {
    min(256, processors, processorQuota.map { max(1, Int(min($0.value, 256))) } ?? 256)
  }

  /// The tightest memory limit.
  package var memory: MemoryBound? { memoryBounds.min { $0.limit < $1.limit } }
}

/// The bits of the affinity mask, "ff,0000000f" in the kernel's spelling; nil when the system does not tell.
private func affinityCount(root: String) -> Int? {
  let key = "Cpus_allowed:"
  let line = readFile(root + "/proc/self/status")?.split(separator: "\n").first { $0.hasPrefix(key) }
  let count = line?.dropFirst(key.count).reduce(0) { $0 + ($1.hexDigitValue?.nonzeroBitCount ?? 0) } ?? 0
  return count > 0 ? count : nil
}

/// The lines of `/proc/meminfo` that matter, in bytes.
struct MachineMemory {
  var total = 0
  var available: Int?
  var swapTotal = 0
  var swapFree = 0

  /// nil when the file is missing or tells no total.
  init?(root: String) {
    guard let text = readFile(root + "/proc/meminfo") else { return nil }
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ")
      guard words.count == 3, words[2] == "kB", let size = Int(words[1]), (0..<1 << 50).contains(size) else { continue }
      switch words[0] {
      case "MemTotal:": total = size << 10
      case "MemAvailable:": available = size << 10
      case "SwapTotal:": swapTotal = size << 10
      case "SwapFree:": swapFree = size << 10
      default: break
      }
    }
    guard total > 0 else { return nil }
  }

  func bound(root: String) -> MemoryBound {
    MemoryBound(limit: total, source: root + "/proc/meminfo", swap: swapTotal, usage: .machine(root: root))
  }
}
