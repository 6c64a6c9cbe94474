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

/// Ends the program for a reason that the user can mend: one line on standard error, exit code 2.
package func stop(_ message: String) -> Never {
  let line = Array("apus: \(message)\n".utf8)
  _ = line.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
  exit(2)
}

/// The text of a small system file, or nil when it cannot be read. At most 1 MiB.
func readFile(_ path: String) -> String? {
  let descriptor = open(path, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else { return nil }
  defer { close(descriptor) }
  var bytes: [UInt8] = []
  var chunk = [UInt8](repeating: 0, count: 4096)
  while bytes.count < 1 << 20 {
    let count = read(descriptor, &chunk, chunk.count)
    guard count > 0 else { break }
    bytes.append(contentsOf: chunk[0..<count])
  }
  return String(decoding: bytes, as: UTF8.self)
}

/// CPUs that this process may run on, at least 1: the affinity mask, or every CPU when the system hides it.
func availableProcessorCount() -> Int {
  let key = "Cpus_allowed:"
  if let line = readFile("/proc/self/status")?.split(separator: "\n").first(where: { $0.hasPrefix(key) }) {
    let count = line.dropFirst(key.count).reduce(0) { $0 + ($1.hexDigitValue?.nonzeroBitCount ?? 0) }
    if count > 0 { return min(count, max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))) }
  }
  return max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
}

/// Seconds on a clock that never goes back.
package func monotonicSeconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
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
