import ApusCompute

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Whole files in and out, by the C library alone.
package enum FileAccess {
  /// The size up to which `read` takes a file when its caller names no other: 16 GiB.
  package static let defaultLimit = 1 << 34

  /// All bytes of a file.
  ///
  /// Short reads and interrupted calls are continued. A pipe or a file of unknown size (as in /proc) is read to its
  /// end. Memory is taken for the size that the system reports, so never more than the file has.
  ///
  /// - Throws: `missing`, `unreadable`, or `tooLarge` when there are more than `limit` bytes.
  package static func read(_ path: String, limit: Int = defaultLimit) throws(DataError) -> [UInt8] {
    let descriptor = retryingInterrupts { open(path, O_RDONLY | O_CLOEXEC) }
    guard descriptor >= 0 else { throw systemError(path, .unreadable, expected: "a readable file") }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw systemError(path, .unreadable, expected: "a readable file") }
    guard status.st_mode & S_IFMT != S_IFDIR else {
      throw DataError(.unreadable, path: path, expected: "a file", found: "a directory")
    }
    let size = Int(status.st_size)
    guard size <= limit else {
      throw DataError(.tooLarge, path: path, expected: "at most \(limit) bytes", found: "\(size) bytes")
    }
    if let shortage = MemoryBudget.shortage(size) {
      throw DataError(.tooLarge, path: path, expected: "a file that fits in memory", found: "\(shortage)")
    }
    // The extra byte lets the last read see the end without growing the array.
    var bytes = [UInt8]()
    try append(descriptor, to: &bytes, upTo: size + 1, path: path)
    while bytes.count > size {
      guard bytes.count <= limit else {
        throw DataError(.tooLarge, path: path, expected: "at most \(limit) bytes", found: "more")
      }
      let before = bytes.count
      try append(descriptor, to: &bytes, upTo: max(before, 1 << 16), path: path)
      if bytes.count == before { break }
    }
    guard bytes.count <= limit else {
      throw DataError(.tooLarge, path: path, expected: "at most \(limit) bytes", found: "more")
    }
    return bytes
  }

  /// Appends up to `count` bytes, fewer only at the end of the file.
  private static func append(
    _ descriptor: Int32, to bytes: inout [UInt8], upTo count: Int, path: String
  ) throws(DataError) {
    var failed = false
    let chunk = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      while filled < count {
        let got = retryingInterrupts {
          Int32(clamping: readSome(descriptor, buffer.baseAddress! + filled, count - filled))
        }
        if got < 0 { failed = true }
        if got <= 0 { break }
        filled += Int(got)
      }
    }
    if failed { throw systemError(path, .unreadable, expected: "a readable file") }
    if bytes.isEmpty { bytes = chunk } else { bytes += chunk }
  }

  private static func readSome(_ descriptor: Int32, _ target: UnsafeMutablePointer<UInt8>, _ count: Int) -> Int {
    #if canImport(Glibc)
      Glibc.read(descriptor, target, min(count, 1 << 30))
    #else
      Musl.read(descriptor, target, min(count, 1 << 30))
    #endif
  }

  /// Writes a file so that a reader, or a crash, sees either the old content or the new one, never a part.
  ///
  /// The bytes go to a temporary file in the same directory, which then takes the place of `path`. A symbolic link is
  /// followed, and an existing file's permissions are kept. What is no regular file (a pipe, /dev/stdout) is written
  /// to directly.
  ///
  /// - Throws: `unwritable`; the temporary file is removed then.
  package static func write(_ bytes: [UInt8], to path: String) throws(DataError) {
    try write(to: path) { writer throws(DataError) in
      try bytes.withUnsafeBufferPointer { buffer throws(DataError) in
        try writer.write(UnsafeRawBufferPointer(buffer))
      }
    }
  }

  /// Writes a file piece by piece: `body` hands the pieces to the writer. Atomic as `write(_:to:)` is.
  package static func write(
    to path: String, _ body: (borrowing Writer) throws(DataError) -> Void
  ) throws(DataError) {
    var status = stat()
    let exists = stat(path, &status) == 0
    if exists && status.st_mode & S_IFMT != S_IFREG {
      let descriptor = retryingInterrupts { open(path, O_WRONLY | O_CLOEXEC) }
      guard descriptor >= 0 else { throw systemError(path, .unwritable, expected: "a writable file") }
      defer { close(descriptor) }
      return try body(Writer(descriptor: descriptor, path: path))
    }
    let target = exists ? resolved(path) : path
    let temporary = "\(target).\(getpid()).\(monotonicCounter()).tmp"
    let descriptor = retryingInterrupts { open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666) }
    guard descriptor >= 0 else { throw systemError(path, .unwritable, expected: "a writable directory") }
    var isOpen = true
    do throws(DataError) {
      if exists { _ = fchmod(descriptor, status.st_mode & 0o7777) }
      try body(Writer(descriptor: descriptor, path: path))
      guard retryingInterrupts({ fsync(descriptor) }) == 0 || errno == EINVAL else {
        throw systemError(path, .unwritable, expected: "bytes to reach the disk")
      }
      isOpen = false
      guard close(descriptor) == 0 else { throw systemError(path, .unwritable, expected: "the file to close") }
      guard rename(temporary, target) == 0 else {
        throw systemError(path, .unwritable, expected: "the finished file to take its place")
      }
    } catch {
      if isOpen { close(descriptor) }
      unlink(temporary)
      throw error
    }
  }

  /// Takes the bytes of a file that is being written.
  package struct Writer: ~Copyable {
    fileprivate let descriptor: Int32
    fileprivate let path: String

    /// Appends bytes to the file.
    ///
    /// - Throws: `unwritable`, for example when the disk is full.
    package func write(_ bytes: UnsafeRawBufferPointer) throws(DataError) {
      var done = 0
      while done < bytes.count {
        let rest = min(bytes.count - done, 1 << 30)
        let wrote = systemWrite(descriptor, bytes.baseAddress! + done, rest)
        if wrote < 0 && errno == EINTR { continue }
        guard wrote > 0 else { throw systemError(path, .unwritable, expected: "room for \(bytes.count - done) bytes") }
        done += wrote
      }
    }
  }

  /// Whether something exists at the path.
  package static func exists(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0
  }

  /// Whether the path is a directory.
  package static func isDirectory(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// The names in a directory, sorted, without "." and "..".
  ///
  /// - Throws: `missing` or `unreadable`.
  package static func names(in directory: String) throws(DataError) -> [String] {
    guard let stream = opendir(directory) else {
      throw systemError(directory, .unreadable, expected: "a readable directory")
    }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
  }
}

/// `path` with every symbolic link followed.
private func resolved(_ path: String) -> String {
  guard let real = realpath(path, nil) else { return path }
  defer { free(real) }
  return String(cString: real)
}

/// Nanoseconds, to make the names of temporary files differ.
private func monotonicCounter() -> Int {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Int(time.tv_sec) * 1_000_000_000 + Int(time.tv_nsec)
}

private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
  #if canImport(Glibc)
    Glibc.write(descriptor, bytes, count)
  #else
    Musl.write(descriptor, bytes, count)
  #endif
}

private func retryingInterrupts(_ call: () -> Int32) -> Int32 {
  while true {
    let result = call()
    if result >= 0 || errno != EINTR { return result }
  }
}

/// What the last system call said, as an error.
private func systemError(_ path: String, _ kind: DataError.Kind, expected: String) -> DataError {
  let code = errno
  let message = String(cString: strerror(code))
  return DataError(code == ENOENT ? .missing : kind, path: path, expected: expected, found: "\"\(message)\"")
}
