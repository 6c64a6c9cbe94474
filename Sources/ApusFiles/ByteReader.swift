/// Reads numbers from bytes, front to back, and says where the bytes end too early.
package struct ByteReader {
  package let bytes: UnsafeBufferPointer<UInt8>
  package private(set) var position: Int

  package init(_ bytes: UnsafeBufferPointer<UInt8>, at position: Int = 0) {
    self.bytes = bytes
    self.position = position
  }

  package var remaining: Int { bytes.count - position }

  /// The next `count` bytes.
  package mutating func take(_ count: Int, _ what: @autoclosure () -> String) throws(DataError) -> UnsafeBufferPointer<
    UInt8
  > {
    guard count >= 0 && count <= remaining else {
      throw DataError(
        .truncated, at: .byte(position), expected: "\(count) bytes (\(what()))", found: "\(remaining) bytes")
    }
    defer { position += count }
    return UnsafeBufferPointer(rebasing: bytes[position..<position + count])
  }

  package mutating func byte(_ what: @autoclosure () -> String) throws(DataError) -> UInt8 {
    try take(1, what())[0]
  }

  /// Two bytes, the low one first.
  package mutating func littleEndian16(_ what: @autoclosure () -> String) throws(DataError) -> UInt16 {
    let field = try take(2, what())
    return UInt16(field[0]) | UInt16(field[1]) << 8
  }

  /// Four bytes, the low one first.
  package mutating func littleEndian32(_ what: @autoclosure () -> String) throws(DataError) -> UInt32 {
    let field = try take(4, what())
    return UInt32(field[0]) | UInt32(field[1]) << 8 | UInt32(field[2]) << 16 | UInt32(field[3]) << 24
  }

  /// Four bytes, the high one first.
  package mutating func bigEndian32(_ what: @autoclosure () -> String) throws(DataError) -> UInt32 {
    try littleEndian32(what()).byteSwapped
  }
}

/// A number as messages show checksums and magic numbers: 0x and eight digits.
package func hexadecimal(_ value: UInt32) -> String {
  let digits = String(value, radix: 16)
  return "0x" + String(repeating: "0", count: 8 - digits.count) + digits
}

extension [UInt8] {
  /// Appends four bytes, the low one first.
  package mutating func appendLittleEndian(_ value: UInt32) {
    for shift in stride(from: 0, to: 32, by: 8) { append(UInt8(truncatingIfNeeded: value >> UInt32(shift))) }
  }

  /// Appends four bytes, the high one first.
  package mutating func appendBigEndian(_ value: UInt32) { appendLittleEndian(value.byteSwapped) }
}
