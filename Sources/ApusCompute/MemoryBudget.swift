import Synchronization

/// Something that bounds memory: a control group, or the machine.
package struct MemoryBound: Sendable {
  /// Where it is told how much of the bound is used.
  enum Usage: Sendable {
    case group(current: String, statistics: String, prefix: String)
    case machine(root: String)
    /// Nothing but what the engine holds counts.
    case engine
  }

  /// Bytes of memory.
  package let limit: Int
  /// The file that says so.
  package let source: String
  /// Bytes that may be swapped out beyond `limit`, as far as the machine has swap; nil when nothing bounds them.
  let swap: Int?
  let usage: Usage

  /// Bytes that are used and cannot be taken back, by whomever; 0 when the system does not tell.
  ///
  /// A group's number holds the pages of files that it has read; the kernel drops those before it kills anyone.
  func usedBytes() -> Int {
    switch usage {
    case .engine: return 0
    case .machine(let root):
      guard let machine = MachineMemory(root: root), let available = machine.available else { return 0 }
      return max(0, machine.total - available) + max(0, machine.swapTotal - machine.swapFree)
    case .group(let current, let statistics, let prefix):
      guard var used = ControlGroups.integer(current) else { return 0 }
      let reclaimable = ["inactive_file", "active_file", "slab_reclaimable"].map { prefix + $0 }
      for line in (readFile(statistics) ?? "").split(separator: "\n") {
        let words = line.split(separator: " ")
        guard words.count == 2, let bytes = Int(words[1]), bytes > 0, bytes <= used else { continue }
        if reclaimable.contains(where: { words[0] == $0 }) { used -= bytes }
      }
      return used
    }
  }
}

/// Counts the memory that the engine asks of the system, and refuses what would bring the kernel's out-of-memory killer.
///
/// Linux promises memory that it does not have and kills when the promise is called in. A message that names the limit is
/// better. So every large block is counted here first: with what the engine holds and what everyone else uses, it
/// must fit each bound. Usage is read again only when the engine has grown by a 64th of the tightest bound.
package struct MemoryBudget: Sendable {
  /// A request that does not fit.
  package struct Shortage: Error, Equatable, CustomStringConvertible {
    /// Bytes asked for, held by the engine already, used by others, and the limit.
    package let asked, held, others, limit: Int
    /// The file that sets the limit.
    package let source: String

    /// The request, the limit, where it comes from and who uses it.
    package var description: String {
      let words = MemoryBudget.words
      return
        "out of memory: \(words(asked)) asked for, but the limit is \(words(limit)) (\(source)), of which the engine "
        + "holds \(words(held)) and others \(words(others))"
    }
  }

  /// The budget of this process.
  private static let shared = Mutex(MemoryBudget(bounds: bounds(environmentValue("APUS_MEMORY"))))

  private let bounds: [MemoryBound]
  /// For each bound, what others used at the first look: the program itself, at least.
  private var floors: [Int]
  private var others: [Int]
  private var limits: [Int]
  /// Growth after which usage is read again.
  private let grain: Int
  private var sinceLook = Int.max
  private(set) var held = 0

  init(bounds: [MemoryBound]) {
    self.bounds = bounds
    let machineSwap = bounds.last.map { if case .machine = $0.usage { $0.swap ?? 0 } else { 0 } } ?? 0
    limits = bounds.map { bound in
      if case .engine = bound.usage { return bound.limit }
      // Page tables and stacks need a little, which nobody counts.
      return bound.limit - bound.limit / 64 + min(bound.swap ?? machineSwap, machineSwap)
    }
    floors = bounds.map { _ in 0 }
    others = floors
    grain = max(1 << 20, (limits.min() ?? 0) / 64)
  }

  /// Bounds for the value of `APUS_MEMORY`: those of the system, fewer bytes, or none.
  static func bounds(_ wish: String?) -> [MemoryBound] {
    guard let wish, !wish.isEmpty else { return ResourceLimits.current.memoryBounds }
    if wish == "unlimited" { return [] }
    guard let limit = Processor.bytes(wish[...]) else {
      stop("APUS_MEMORY=\(wish) is no size, as 512M or 2G, nor “unlimited”")
    }
    return [MemoryBound(limit: limit, source: "APUS_MEMORY", swap: 0, usage: .engine)]
      + ResourceLimits.current.memoryBounds
  }

  /// Counts `bytes` as held, or tells why they cannot be had.
  mutating func take(_ bytes: Int) -> Shortage? {
    if let shortage = shortage(bytes) { return shortage }
    held += bytes
    sinceLook = sinceLook == .max ? bytes : sinceLook + bytes
    return nil
  }

  /// Why `bytes` more cannot be had, nil when they can.
  mutating func shortage(_ bytes: Int) -> Shortage? {
    if sinceLook > grain - min(bytes, grain) || firstBroken(bytes) != nil { look() }
    guard let index = firstBroken(bytes) else { return nil }
    return Shortage(
      asked: bytes, held: held, others: others[index], limit: bounds[index].limit, source: bounds[index].source)
  }

  mutating func give(_ bytes: Int) { held -= bytes }

  private func firstBroken(_ bytes: Int) -> Int? {
    limits.indices.first { bytes > limits[$0] - held - others[$0] }
  }

  /// Reads what others use: all that is used, less what the engine holds. Pages that the engine holds but has not
  /// touched are not counted by the kernel, so what was found at the first look stays the least.
  private mutating func look() {
    let isFirst = sinceLook == .max
    for (index, bound) in bounds.enumerated() {
      let beside = max(0, bound.usedBytes() - held)
      if isFirst { floors[index] = beside }
      if case .machine = bound.usage {
        others[index] = beside
      } else {
        others[index] = max(floors[index], beside)
      }
    }
    sinceLook = 0
  }

  /// Counts a block that is about to be asked of the system, or tells why it must not be.
  package static func take(_ bytes: Int) -> Shortage? { shared.withLock { $0.take(bytes) } }

  /// A block went back to the system.
  package static func give(_ bytes: Int) { shared.withLock { $0.give(bytes) } }

  /// Why `bytes` that are not the engine's (a file's content) cannot be had, nil when they can.
  package static func shortage(_ bytes: Int) -> Shortage? { shared.withLock { $0.shortage(bytes) } }

  /// The tightest bound in force, `APUS_MEMORY` included.
  package static var tightest: MemoryBound? { shared.withLock { $0.bounds.min { $0.limit < $1.limit } } }

  /// 1572864 → "1.5 MiB".
  package static func words(_ bytes: Int) -> String {
    for (unit, name) in [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")] where bytes >= unit {
      let tenths = bytes / (unit / 10)
      return tenths % 10 == 0 || tenths >= 1000 ? "\(tenths / 10) \(name)" : "\(tenths / 10).\(tenths % 10) \(name)"
    }
    return "\(bytes) bytes"
  }
}
