import Testing

@testable import ApusData

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A directory that is there while `body` runs.
func withTemporaryDirectory(_ body: (String) throws -> Void) throws {
  var template = Array("/tmp/apus-data-XXXXXX".utf8CString)
  guard let name = mkdtemp(&template) else { throw DataError(.unwritable, expected: "a directory", found: "none") }
  let directory = String(cString: name)
  defer {
    for name in (try? FileAccess.names(in: directory)) ?? [] { unlink("\(directory)/\(name)") }
    rmdir(directory)
  }
  try body(directory)
}

/// The directory of the real MNIST files, or nil: tests that need it are then reported as skipped.
let mnistDirectory: String? = {
  guard let text = getenv("APUS_DATA").map({ String(cString: $0) }), !text.isEmpty else { return nil }
  let candidates = [text, "\(text)/mnist"]
  return candidates.first { (try? FileAccess.names(in: $0))?.contains { $0.hasPrefix("train-images") } ?? false }
}()

/// Cuts a file off after every byte, and flips bits of every byte: `read` must return or throw a `DataError` that has
/// words, and nothing else. Reports how many variants were refused.
///
/// - Parameter isGuarded: whether a checksum guards every byte, so that each change must be refused.
func expectSafe(_ file: [UInt8], isGuarded: Bool = false, _ read: ([UInt8]) throws(DataError) -> Void) {
  func attempt(_ bytes: [UInt8], _ what: String, mustFail: Bool) {
    do throws(DataError) {
      try read(bytes)
      if mustFail { Issue.record("\(what) was accepted") }
    } catch {
      #expect(!error.expected.isEmpty && !error.found.isEmpty, "\(what): \(error)")
    }
  }
  for length in 0..<file.count { attempt(Array(file[..<length]), "cut after \(length) bytes", mustFail: isGuarded) }
  for place in file.indices {
    for mask in [0x01, 0x80, 0xFF] as [UInt8] {
      var changed = file
      changed[place] ^= mask
      attempt(changed, "byte \(place) ^ \(mask)", mustFail: isGuarded)
    }
    for value in [0x00, 0xFF] as [UInt8] {
      var changed = file
      changed[place] = value
      attempt(changed, "byte \(place) = \(value)", mustFail: false)
    }
  }
}

/// The error that `body` throws.
func dataError<Result>(_ body: () throws(DataError) -> Result) -> DataError? {
  do throws(DataError) {
    _ = try body()
    return nil
  } catch {
    return error
  }
}
