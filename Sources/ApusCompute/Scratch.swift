import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Memory that an operation needs only while it runs: panels of a product, partial sums.
///
/// Blocks come from a short list of blocks that were used before, so that steady work allocates nothing and touches
/// no fresh pages. Each thread has a shelf of its own for them: what it used last lies in its core's cache, while a block that
/// another core wrote would have to be fetched from there, line by line.
enum Scratch {
  /// Calls `body` with `count` scalars, 64-byte aligned, holding anything.
  @inline(__always)
  static func withScalars<T: ComputeScalar, Result>(
    _ count: Int, of _: T.Type, _ body: (UnsafeMutablePointer<T>) throws -> Result
  ) rethrows -> Result {
    let block = take(count * MemoryLayout<T>.stride)
    defer { give(block) }
    return try body(block.address.assumingMemoryBound(to: T.self))
  }

  /// `@unchecked Sendable`: whoever took a block from the list is alone in using it.
  private struct Block: @unchecked Sendable {
    var address: UnsafeMutableRawPointer
    var bytes: Int
  }

  /// Idle blocks of one thread, or of a few that share a shelf. Filled up to two cache lines, lest shelves share one.
  private struct Shelf: ~Copyable {
    static let maximumIdle = 32
    let idle = Mutex<[Block]>([])
    private let filling: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0, 0, 0, 0)
    private let more: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0, 0)

    borrowing func take(_ bytes: Int) -> Block? {
      idle.withLock { list -> Block? in
        // The smallest that fits; one much too large is left for those who need it.
        var best = -1
        for index in list.indices where list[index].bytes >= bytes {
          if best < 0 || list[index].bytes < list[best].bytes { best = index }
        }
        guard best >= 0, list[best].bytes <= max(1 << 16, 4 * bytes) else { return nil }
        return list.remove(at: best)
      }
    }
  }

  private static let shelfCount = 16
  /// Initialised once, and each shelf guards itself.
  private nonisolated(unsafe) static let shelves: UnsafeMutablePointer<Shelf> = {
    let shelves = UnsafeMutablePointer<Shelf>.allocate(capacity: shelfCount)
    for index in 0..<shelfCount { (shelves + index).initialize(to: Shelf()) }
    return shelves
  }()

  /// The number of the calling thread's shelf, from the address that the C library knows the thread by.
  private static var ownShelf: Int {
    Int(((UInt64(currentThread()) >> 8) &* 0x9E37_79B9_7F4A_7C15) >> 60)
  }

  private static func take(_ bytes: Int) -> Block {
    // What lies idle on another shelf is taken before memory is asked for: there are never more blocks than were in use at once.
    let own = ownShelf
    for index in 0..<shelfCount {
      if let found = shelves[own ^ index].take(bytes) { return found }
    }
    let rounded = max(4096, (bytes + 4095) & ~4095)
    if MemoryBudget.take(rounded) != nil {
      trim()
      if let shortage = MemoryBudget.take(rounded) { stop("an operation's scratch: \(shortage)", code: 1) }
    }
    guard let address = allocateAligned(rounded) else {
      stop("an operation's scratch: out of memory: the system has no \(MemoryBudget.words(rounded))", code: 1)
    }
    return Block(address: address, bytes: rounded)
  }

  private static func give(_ block: Block) {
    let surplus = shelves[ownShelf].idle.withLock { list -> Block? in
      list.append(block)
      guard list.count > Shelf.maximumIdle else { return nil }
      return list.removeFirst()
    }
    if let surplus { release(surplus) }
  }

  /// Returns all idle blocks to the system.
  static func trim() {
    for index in 0..<shelfCount {
      let blocks = shelves[index].idle.withLock { list in
        defer { list = [] }
        return list
      }
      for block in blocks { release(block) }
    }
  }

  private static func release(_ block: Block) {
    free(block.address)
    MemoryBudget.give(block.bytes)
  }
}
