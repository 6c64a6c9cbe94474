import Testing

@testable import ApusData

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

@Suite struct FileAccessTests {
  @Test(arguments: [0, 1, 4096, 65536, 1_000_003])
  func whatIsWrittenIsRead(size: Int) throws {
    try withTemporaryDirectory { directory in
      let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) }
      try FileAccess.write(bytes, to: "\(directory)/file")
      #expect(try FileAccess.read("\(directory)/file") == bytes)
      #expect(try FileAccess.names(in: directory) == ["file"], "no temporary file stays behind")
    }
  }

  @Test func replacesAnExistingFileAndKeepsItsPermissions() throws {
    try withTemporaryDirectory { directory in
      let path = "\(directory)/file"
      try FileAccess.write([1, 2, 3], to: path)
      #expect(chmod(path, 0o600) == 0)
      try FileAccess.write([4], to: path)
      var status = stat()
      #expect(stat(path, &status) == 0)
      #expect(status.st_mode & 0o777 == 0o600)
      #expect(try FileAccess.read(path) == [4])
    }
  }

  @Test func followsALinkWhenWriting() throws {
    try withTemporaryDirectory { directory in
      try FileAccess.write([1], to: "\(directory)/target")
      #expect(symlink("\(directory)/target", "\(directory)/link") == 0)
      try FileAccess.write([2], to: "\(directory)/link")
      #expect(try FileAccess.read("\(directory)/target") == [2])
    }
  }

  @Test func aFailedWriteLeavesTheOldFileAndNoOther() throws {
    try withTemporaryDirectory { directory in
      let path = "\(directory)/file"
      try FileAccess.write([1, 2, 3], to: path)
      let error = dataError { () throws(DataError) in
        try FileAccess.write(to: path) { writer throws(DataError) in
          try [9].withUnsafeBufferPointer { buffer throws(DataError) in
            try writer.write(UnsafeRawBufferPointer(buffer))
          }
          throw DataError(.malformed, expected: "a whole file", found: "half of one")
        }
      }
      #expect(error?.kind == .malformed)
      #expect(try FileAccess.read(path) == [1, 2, 3])
      #expect(try FileAccess.names(in: directory) == ["file"])
    }
  }

  @Test func saysWhatIsWrong() throws {
    let absent = dataError { () throws(DataError) in try FileAccess.read("/nonexistent/file") }
    #expect(absent?.kind == .missing)
    #expect(absent?.path == "/nonexistent/file")
    let directory = dataError { () throws(DataError) in try FileAccess.read("/tmp") }
    #expect(directory?.kind == .unreadable)
    #expect(directory?.found == "a directory")
    let unwritable = dataError { () throws(DataError) in try FileAccess.write([1], to: "/nonexistent/file") }
    #expect(unwritable?.kind == .missing)
    #expect(dataError { () throws(DataError) in try FileAccess.write([1], to: "/tmp") } != nil)
    try withTemporaryDirectory { directory in
      try FileAccess.write([1, 2, 3], to: "\(directory)/file")
      let long = dataError { () throws(DataError) in try FileAccess.read("\(directory)/file", limit: 2) }
      #expect(long?.kind == .tooLarge)
      #expect(try FileAccess.read("\(directory)/file", limit: 3).count == 3)
    }
  }

  @Test func readsFilesOfUnknownSize() throws {
    let text = String(decoding: try FileAccess.read("/proc/self/status"), as: UTF8.self)
    #expect(text.contains("Pid:"))
    let endless = dataError { () throws(DataError) in try FileAccess.read("/dev/zero", limit: 1 << 20) }
    #expect(endless?.kind == .tooLarge)
  }

  @Test func writesToWhatIsNoFile() throws {
    try FileAccess.write([1, 2, 3], to: "/dev/null")
    var status = stat()
    #expect(stat("/dev/null", &status) == 0)
    #expect(status.st_mode & S_IFMT == S_IFCHR)
    let full = dataError { () throws(DataError) in try FileAccess.write([1], to: "/dev/full") }
    #expect(full?.kind == .unwritable)
  }

  @Test func errorsReadAsSentences() {
    let error = DataError(.truncated, path: "a.idx", at: .byte(16), expected: "47 bytes", found: "3 bytes")
    #expect("\(error)" == "a.idx: truncated at byte 16: expected 47 bytes, found 3 bytes")
    let line = DataError(.malformed, at: .line(3), expected: "a number", found: quoted("x\u{1B}[0m\"\u{FF}"))
    #expect("\(line)" == #"malformed at line 3: expected a number, found "x\u{1B}[0m\"\u{00FF}""#)
  }

  @Test func productsNeverOverflow() {
    #expect(checkedProduct([]) == 1)
    #expect(checkedProduct([3, 0, .max, .max]) == 0)
    #expect(checkedProduct([.max, 2]) == nil)
    #expect(checkedProduct([-1, 2]) == nil)
    #expect(checkedProduct([1 << 31, 1 << 31]) == 1 << 62)
  }
}
