import ApusCompute
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Memory that tensors have given back, kept for the next ones of about the same size.
///
/// A training step asks for the same sizes again and again, so after the first step nothing is asked of the system and
/// no fresh page is touched. Sizes are rounded up to one of four steps in each power of two, so that at most a quarter
/// is wasted. Every block is aligned to a cache line (64 bytes).
///
/// When a size is missing while more memory lies idle than `idleLimit` and than is in use, the idle blocks are returned
/// to the system first: the pool never holds on to more than twice what the program needs, plus the limit. Where memory is bounded
/// (`MemoryBudget`), so is what lies idle, and a block that does not fit ends the program with a message that names the bound.
package enum BufferPool {
  /// What the pool has done since the program started.
  package struct Statistics: Equatable, Sendable {
    /// Blocks that had to be asked of the system.
    package var systemAllocations = 0
    /// Blocks that came out of the pool.
    package var reuses = 0
    /// Bytes that tensors hold now.
    package var bytesInUse = 0
    /// The most bytes that tensors have held.
    package var peakBytesInUse = 0
    /// Bytes that lie idle in the pool.
    package var bytesIdle = 0
  }

  /// Idle memory that is always kept: 64 MiB, or an eighth of a machine or container that has little.
  private static let idleLimit = idleLimit(within: MemoryBudget.tightest?.limit)

  static func idleLimit(within memory: Int?) -> Int { min(64 << 20, (memory ?? .max) / 8) }

  /// `@unchecked Sendable`: the raw pointers are blocks that only the lists refer to.
  private struct State: @unchecked Sendable {
    var statistics = Statistics()
    /// For each bucket, the first of a chain of idle blocks; a block's first word points to the next.
    var first = [UnsafeMutableRawPointer?](repeating: nil, count: 64 * 4)
  }

  private static let state = Mutex(State())

  /// What the pool has done until now.
  package static var statistics: Statistics { state.withLock { $0.statistics } }

  /// The bucket for a size, and the size of its blocks. Needs `bytes` of at most 2⁶⁰.
  @inline(__always)
  private static func bucket(_ bytes: Int) -> (index: Int, bytes: Int) {
    let size = max(bytes, 64)
    // 2^p < size ≤ 2^(p+1); the four steps between are 2^p + k · 2^(p−2).
    let p = Int.bitWidth - 1 - (size - 1).leadingZeroBitCount
    let quarter = 1 << (p - 2)
    let step = (size - 1 - (1 << p)) >> (p - 2)
    let rounded = (1 << p) + (step + 1) * quarter
    return (p * 4 + step, rounded)
  }

  /// The size of the block that serves for `bytes` bytes.
  static func blockBytes(for bytes: Int) -> Int { bucket(bytes).bytes }

  /// A block of at least `bytes` bytes, holding anything.
  package static func take(_ bytes: Int) -> UnsafeMutableRawPointer {
    if bytes > 1 << 60 { failMemory(bytes) }
    let (index, rounded) = bucket(bytes)
    let found = state.withLock { state -> UnsafeMutableRawPointer? in
      state.statistics.bytesInUse += rounded
      state.statistics.peakBytesInUse = max(state.statistics.peakBytesInUse, state.statistics.bytesInUse)
      if let block = state.first[index] {
        state.first[index] = block.load(as: UnsafeMutableRawPointer?.self)
        state.statistics.reuses += 1
        state.statistics.bytesIdle -= rounded
        return block
      }
      state.statistics.systemAllocations += 1
      if state.statistics.bytesIdle > max(idleLimit, state.statistics.bytesInUse) { releaseIdle(&state) }
      return nil
    }
    if let found { return found }
    if MemoryBudget.take(rounded) != nil {
      trim()
      if let shortage = MemoryBudget.take(rounded) { failMemory(bytes, shortage) }
    }
    if let fresh = allocateAligned(rounded) { return fresh }
    trim()
    guard let fresh = allocateAligned(rounded) else { failMemory(bytes) }
    return fresh
  }

  /// Takes back a block that `take(bytes)` gave.
  package static func give(_ block: UnsafeMutableRawPointer, _ bytes: Int) {
    let (index, rounded) = bucket(bytes)
    state.withLock { state in
      state.statistics.bytesInUse -= rounded
      state.statistics.bytesIdle += rounded
      block.storeBytes(of: state.first[index], as: UnsafeMutableRawPointer?.self)
      state.first[index] = block
    }
  }

  /// Returns all idle memory to the system.
  package static func trim() {
    state.withLock { releaseIdle(&$0) }
  }

  private static func releaseIdle(_ state: inout State) {
    MemoryBudget.give(state.statistics.bytesIdle)
    for index in state.first.indices {
      while let block = state.first[index] {
        state.first[index] = block.load(as: UnsafeMutableRawPointer?.self)
        free(block)
      }
    }
    state.statistics.bytesIdle = 0
  }

  @inline(never)
  private static func failMemory(_ bytes: Int, _ shortage: MemoryBudget.Shortage? = nil) -> Never {
    let reason = shortage?.description ?? "out of memory: the system has no \(MemoryBudget.words(bytes))"
    stop("Tensor: \(reason)", code: 1)
  }
}
