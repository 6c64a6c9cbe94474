import ApusCompute

/// What a level of the memory delivers.
struct MemoryBandwidth {
  /// "L1", "L2", "L3" or "DRAM".
  let level: String
  /// Bytes that work may touch in all to count as work of this level.
  let capacity: Int
  /// Bytes a second of each kind of traffic.
  let rates: [(kind: String, bytesPerSecond: Double)]

  /// The fastest kind: no work at this level can move more.
  var best: Double { rates.map(\.bytesPerSecond).max()! }

  /// Measures every level, on `Threads.count` threads, each with memory of its own.
  static func measureAll(minimumTime: Double) -> [MemoryBandwidth] {
    let processor = Processor.current
    let threads = Threads.count
    let private2 = processor.level2Cache * threads
    var levels = [
      ("L1", processor.level1DataCache / 2, processor.level1DataCache * threads),
      ("L2", processor.level2Cache / 2, private2),
    ]
    // A third-level cache is shared: what does not fit into all the second levels but well into the third.
    let level3 = processor.level3Cache
    if level3 >= 2 * private2 {
      levels.append(("L3", max(level3 / 4, private2 * 2) / threads, level3))
    }
    levels.append(("DRAM", max(4 * max(level3, private2), 256 << 20) / threads, .max))
    return levels.map { name, bytes, capacity in
      MemoryBandwidth(level: name, capacity: capacity, rates: rates(bytesPerThread: bytes, minimumTime))
    }
  }

  /// Each thread streams over its own part; the best of several runs, since other work can only slow one down.
  private static func rates(bytesPerThread: Int, _ minimumTime: Double) -> [(String, Double)] {
    let threads = Threads.count
    // Two arrays for each thread; a multiple of what the loops take in one step.
    let count = max(512, bytesPerThread / 2 / 4 / 512 * 512)
    let buffers = (0..<threads).map { (x: Buffer(count, seed: UInt64($0)), y: Buffer(count, seed: 1)) }
    let kernels = BenchKernels.active
    // Some milliseconds a run: a fork and the clock vanish beside it.
    let passes = max(1, (8 << 20) / (count * 4)) * (count < 1 << 20 ? 16 : 1)
    // `nonisolated(unsafe)`: each thread reads and writes its own buffers.
    nonisolated(unsafe) let sources = buffers.map(\.x.pointer)
    nonisolated(unsafe) let targets = buffers.map(\.y.pointer)
    nonisolated(unsafe) let loops = kernels
    let kinds: [(String, Int, (Int) -> Void)] = [
      // Reading walks both arrays, so that it covers as many bytes as the others.
      (
        "read", 2,
        { t in
          for _ in 0..<passes {
            precondition(loops.read(sources[t], count, 1) > 0)
            precondition(!loops.read(targets[t], count, 1).isNaN)
          }
        }
      ),
      ("write", 1, { loops.write(targets[$0], count, passes) }),
      ("copy", 2, { loops.copy(sources[$0], targets[$0], count, passes) }),
      ("triad", 3, { loops.triad(sources[$0], targets[$0], count, 0.5, passes) }),
    ]
    return kinds.map { name, arrays, body in
      var best = Double.infinity
      let end = monotonicSeconds() + minimumTime / 3
      var runs = 0
      repeat {
        let start = monotonicSeconds()
        parallelFor(threads) { body($0) }
        best = min(best, monotonicSeconds() - start)
        runs += 1
      } while runs < 3 || monotonicSeconds() < end
      withExtendedLifetime(buffers) {}
      return (name, Double(arrays * 4 * count * passes * threads) / best)
    }
  }
}
