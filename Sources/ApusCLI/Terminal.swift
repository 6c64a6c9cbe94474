#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Where the command writes: results to standard output, messages to standard error, progress only to a terminal.
///
/// Nothing is buffered, so that a reader at the other end of a pipe sees every line when it is written.
enum Terminal {
  /// Whether a progress line makes sense: standard error is a terminal that can move its cursor.
  static let showsProgress = isatty(STDERR_FILENO) == 1 && variable("TERM") != "dumb"

  /// Writes a result and ends the line. A result that cannot be written ends the program with exit code 1.
  static func print(_ text: String) { write(text + "\n") }

  /// Writes a result, or a piece of one, as it is. What cannot be written ends the program with exit code 1.
  static func write(_ text: String) {
    guard !text.isEmpty, !write(text, to: STDOUT_FILENO) else { return }
    let reason = String(cString: strerror(errno))
    note("cannot write to standard output: \(reason)")
    exit(ExitCode.failure)
  }

  /// Writes results as they are; false when nobody reads them any more, which only a program that ignores SIGPIPE learns.
  /// Results that cannot be written for another reason end the program with exit code 1.
  static func send(_ text: String) -> Bool {
    if write(text, to: STDOUT_FILENO) { return true }
    if errno == EPIPE { return false }
    let reason = String(cString: strerror(errno))
    note("cannot write to standard output: \(reason)")
    exit(ExitCode.failure)
  }

  /// Writes a message, prefixed with the program's name.
  static func note(_ message: String) {
    _ = write(message.split(separator: "\n").map { "apus: \($0)\n" }.joined(), to: STDERR_FILENO)
  }

  /// Replaces the line that moves; an empty text removes it. Does nothing when there is no terminal.
  static func progress(_ line: String) {
    guard showsProgress else { return }
    _ = write("\r\u{1B}[2K" + line.prefix(columns - 1), to: STDERR_FILENO)
  }

  /// The width of the terminal, 80 where it is not known.
  static var columns: Int {
    var size = winsize()
    guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 20 else { return 80 }
    return Int(size.ws_col)
  }

  /// The value of an environment variable; nil when it is not set or empty.
  static func variable(_ name: String) -> String? {
    guard let value = getenv(name).map({ String(cString: $0) }), !value.isEmpty else { return nil }
    return value
  }

  private static func write(_ text: String, to file: Int32) -> Bool {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { systemWrite(file, $0.baseAddress!, $0.count) }
      if count < 0 && errno == EINTR { continue }
      if count < 0 && errno == EAGAIN {
        // A pipe that another process made non-blocking: wait until it takes bytes again.
        var entry = pollfd(fd: file, events: Int16(POLLOUT), revents: 0)
        _ = poll(&entry, 1, -1)
        continue
      }
      guard count > 0 else { return false }
      bytes = bytes.dropFirst(count)
    }
    return true
  }
}

/// The C function, out of reach of the type's own `write`.
private func systemWrite(_ file: Int32, _ start: UnsafeRawPointer, _ count: Int) -> Int {
  write(file, start, count)
}

extension Terminal {
  /// Makes sure, before hours of work, that a file can be written there afterwards.
  ///
  /// - Throws: `WorkError` with the reason why not.
  static func checkWritable(_ path: String) throws(WorkError) {
    func refuse(_ reason: String) -> WorkError { WorkError("\(path): cannot be written: \(reason)") }
    var status = stat()
    if stat(path, &status) == 0 {
      if status.st_mode & S_IFMT == S_IFDIR { throw refuse("it is a directory") }
      guard access(path, W_OK) == 0 else { throw refuse(String(cString: strerror(errno))) }
      return
    }
    let slash = path.lastIndex(of: "/")
    let directory = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    guard access(directory, W_OK) == 0 else {
      throw refuse("directory \(directory): \(String(cString: strerror(errno)))")
    }
  }
}
