import ApusData

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Bytes that come in when they come: standard input, a pipe, a file. Holds one chunk at a time.
final class ByteStream {
  private let descriptor: Int32
  private let name: String
  private let ownsDescriptor: Bool
  private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 64)

  /// What a read came to.
  enum Chunk {
    case bytes(UnsafeRawBufferPointer)
    case end
    /// A signal came while waiting.
    case interrupted
  }

  /// Opens a file, or standard input for `"-"`.
  ///
  /// - Throws: `WorkError` when it cannot be opened.
  init(_ path: String) throws(WorkError) {
    ownsDescriptor = path != "-"
    name = ownsDescriptor ? path : "standard input"
    descriptor = ownsDescriptor ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO
    if descriptor < 0 { throw WorkError("\(path): cannot be read: \(String(cString: strerror(errno)))") }
  }

  deinit {
    buffer.deallocate()
    if ownsDescriptor { close(descriptor) }
  }

  /// Whether a read would give something, or the end, without waiting.
  var isReady: Bool { wait(0) > 0 }

  private func wait(_ milliseconds: Int32) -> Int32 {
    var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&entry, 1, milliseconds)
  }

  /// The next bytes, as many as there are; waits for the first of them. They are gone at the next call.
  ///
  /// - Throws: `WorkError` when reading fails.
  func next() throws(WorkError) -> Chunk {
    // `read` would be resumed after a signal, `poll` is not.
    while wait(-1) < 0 {
      guard errno == EINTR else { throw failure() }
      if Interrupt.signalNumber != nil { return .interrupted }
    }
    while true {
      let count = read(descriptor, buffer.baseAddress, buffer.count)
      if count > 0 { return .bytes(UnsafeRawBufferPointer(rebasing: buffer[..<count])) }
      if count == 0 { return .end }
      guard errno == EINTR else { throw failure() }
    }
  }

  private func failure() -> WorkError {
    WorkError("\(name): cannot be read: \(String(cString: strerror(errno)))")
  }
}
