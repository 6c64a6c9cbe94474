#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

// The few things that the engine asks of the operating system.

/// The value of an environment variable, or nil when it is not set.
package func environmentValue(_ name: String) -> String? {
  getenv(name).map { String(cString: $0) }
}

/// Ends the program for a reason that the user can mend: one line on standard error, exit code 2 unless another is named.
package func stop(_ message: String, code: Int32 = 2) -> Never {
  let line = Array("apus: \(message)\n".utf8)
  _ = line.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
  exit(code)
}

/// The beginning of a small system file, or nil when it cannot be read.
func readFile(_ path: String, limit: Int = 1 << 20) -> String? {
  let descriptor = open(path, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else { return nil }
  defer { close(descriptor) }
  var bytes: [UInt8] = []
  var chunk = [UInt8](repeating: 0, count: 4096)
  while bytes.count < limit {
    let count = read(descriptor, &chunk, chunk.count)
    guard count > 0 else { break }
    bytes.append(contentsOf: chunk[0..<count])
  }
  return String(decoding: bytes, as: UTF8.self)
}

/// Memory for `bytes` bytes, 64-byte aligned, holding anything; nil when there is none. `free` returns it.
///
/// A large block asks for huge pages: a product that walks down the rows of a matrix touches a new page with each, and with
/// pages of 4 KiB spends several percent of its time on finding them. It is a request; where the system grants none, nothing changes.
package func allocateAligned(_ bytes: Int) -> UnsafeMutableRawPointer? {
  let hugePage = 2 << 20
  guard bytes >= 2 * hugePage else { return aligned_alloc(64, roundUp(max(bytes, 64), 64)) }
  var block: UnsafeMutableRawPointer?
  // `aligned_alloc`, by C11, takes only sizes that are multiples of the alignment.
  guard posix_memalign(&block, hugePage, roundUp(bytes, 64)) == 0, let address = block else {
    return aligned_alloc(64, roundUp(bytes, 64))
  }
  // Whole pages only: the rest of the last one would cost memory that nobody asked for.
  // (Musl declares `madvise` only to programs that ask for GNU's extensions, which Swift's do not.)
  #if canImport(Glibc)
    madvise(address, bytes / hugePage * hugePage, MADV_HUGEPAGE)
  #endif
  return address
}

/// Seconds on a clock that never goes back.
package func monotonicSeconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

/// Lets another thread have the CPU.
func yieldThread() { sched_yield() }

/// A number that no other living thread has, and is not 0. (A pointer in Musl.)
func currentThread() -> UInt {
  #if canImport(Glibc)
    pthread_self()
  #elseif canImport(Musl)
    UInt(bitPattern: pthread_self())
  #endif
}

extension StringProtocol {
  /// The text without white space at its ends.
  var trimmingSpaces: SubSequence {
    var slice = self[...]
    while let first = slice.first, first.isWhitespace { slice = slice.dropFirst() }
    while let last = slice.last, last.isWhitespace { slice = slice.dropLast() }
    return slice
  }
}
