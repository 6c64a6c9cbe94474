/// Reads numbers from bytes, front to back, and says where the bytes end too early.
struct ByteReader {
  let bytes: UnsafeBufferPointer<UInt8>
  private(set) var position: Int

  init(_ bytes: UnsafeBufferPointer<UInt8>, at position: Int = 0) {
    self.bytes = bytes
    self.position = position
  }

  var remaining: Int { bytes.count - position }

  /// The next `count` bytes.
  mutating func take(_ count: Int, _ what: @autoclosure () -> String) throws(DataError) -> UnsafeBufferPointer<UInt8> {
    guard count >= 0 && count <= remaining else {
      throw DataError(
        .truncated, at: .byte(position), expected: "\(count) bytes (\(what()))", found: "\(remaining) bytes")
    }
    defer { position += count }
    return UnsafeBufferPointer(rebasing: bytes[position..<position + count])
  }

  mutating func byte(_ what: @autoclosure () -> String) throws(DataError) -> UInt8 {
    try take(1, what())[0]
  }

  /// Two bytes, the low one first.
  mutating func littleEndian16(_ what: @autoclosure () -> String) throws(DataError) -> UInt16 {
    let field = try take(2, what())
    return UInt16(field[0]) | UInt16(field[1]) << 8
  }

  /// Four bytes, the low one first.
  mutating func littleEndian32(_ what: @autoclosure () -> String) throws(DataError) -> UInt32 {
    let field = try take(4, what())
    return UInt32(field[0]) | UInt32(field[1]) << 8 | UInt32(field[2]) << 16 | UInt32(field[3]) << 24
  }

  /// Four bytes, the high one first.
  mutating func bigEndian32(_ what: @autoclosure () -> String) throws(DataError) -> UInt32 {
    try littleEndian32(what()).byteSwapped
  }
}

/// A number as messages show checksums and magic numbers: 0x and eight digits.
func hexadecimal(_ value: UInt32) -> String {
  let digits = String(value, radix: 16)
  return "0x" + String(repeating: "0", count: 8 - digits.count) + digits
}
