/// Why a file or a run of bytes could not be used: what, where, what was expected there and what was found.
///
/// Every reader and writer of this module throws this type and no other. Input is never trusted: bytes that do not
/// follow their format end in a `DataError`, not in a trap, and use no more memory than they justify.
///
/// ```swift
/// do {
///   let (train, test) = try MNIST.load(directory: "data/mnist")
/// } catch {
///   print(error)   // data/mnist/train-labels-idx1-ubyte: malformed at byte 4: expected 60000 labels, found 59999
/// }
/// ```
public struct DataError: Error, Equatable, Sendable {
  /// The sort of failure, for programs that react to it.
  public enum Kind: String, Equatable, Sendable, CaseIterable {
    /// The file or directory does not exist, or a part that must be there is not.
    case missing
    /// The operating system refused to read.
    case unreadable
    /// The operating system refused to write.
    case unwritable
    /// The bytes are of another format: the magic number does not fit.
    case wrongFormat
    /// The bytes end before the format does.
    case truncated
    /// The bytes break a rule of their format.
    case malformed
    /// The content does not match its own checksum.
    case checksum
    /// The bytes follow their format, but use a feature that this reader does not have.
    case unsupported
    /// The content is larger than the caller, or this reader, allows.
    case tooLarge
  }

  /// A place in a file.
  public enum Position: Equatable, Sendable, CustomStringConvertible {
    /// A byte, counted from 0 at the start of the file (of the decompressed content for errors that a reader finds
    /// inside of a compressed file).
    case byte(Int)
    /// A line of text, counted from 1.
    case line(Int)

    /// "byte 8" or "line 3".
    public var description: String {
      switch self {
      case .byte(let offset): "byte \(offset)"
      case .line(let number): "line \(number)"
      }
    }
  }

  /// The sort of failure.
  public var kind: Kind
  /// The file, or nil when the bytes came from memory.
  public var path: String?
  /// Where in the file, or nil when the failure has no place.
  public var position: Position?
  /// What should have been there.
  public var expected: String
  /// What was there instead.
  public var found: String

  /// Makes an error from its parts.
  public init(
    _ kind: Kind, path: String? = nil, at position: Position? = nil, expected: String, found: String
  ) {
    self.kind = kind
    self.path = path
    self.position = position
    self.expected = expected
    self.found = found
  }

  /// The same error, with a path when it has none.
  package func located(in path: String?) -> DataError {
    var error = self
    if error.path == nil { error.path = path }
    return error
  }
}

extension DataError: CustomStringConvertible {
  /// One line: path, kind, place, expectation, finding.
  public var description: String {
    var text = path.map { "\($0): " } ?? ""
    text += Self.words[kind] ?? kind.rawValue
    if let position { text += " at \(position)" }
    return text + ": expected \(expected), found \(found)"
  }

  private static let words: [Kind: String] = [
    .missing: "missing", .unreadable: "cannot be read", .unwritable: "cannot be written",
    .wrongFormat: "another format", .truncated: "truncated", .malformed: "malformed", .checksum: "wrong checksum",
    .unsupported: "unsupported", .tooLarge: "too large",
  ]
}

/// Runs `body`, and names `path` in an error that does not yet name a file.
package func locating<Result>(_ path: String?, _ body: () throws(DataError) -> Result) throws(DataError) -> Result {
  do { return try body() } catch { throw error.located(in: path) }
}

/// Text out of a hostile file, fit for a message: printable ASCII as it is, the rest escaped, at most 60 characters.
package func quoted(_ text: some StringProtocol) -> String {
  var result = "\""
  var length = 0
  for scalar in text.unicodeScalars {
    if length == 60 { return result + "…\"" }
    result += scalar == "\"" ? "\\\"" : scalar.escaped(asASCII: true)
    length += 1
  }
  return result + "\""
}

/// The product, or nil when a factor is negative or the product does not fit.
package func checkedProduct(_ factors: [Int]) -> Int? {
  guard factors.allSatisfy({ $0 >= 0 }) else { return nil }
  // A zero makes the product 0, however large the others are.
  if factors.contains(0) { return 0 }
  var product = 1
  for factor in factors {
    let (value, overflow) = product.multipliedReportingOverflow(by: factor)
    guard !overflow else { return nil }
    product = value
  }
  return product
}
