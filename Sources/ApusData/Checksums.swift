/// The cyclic redundancy check of gzip and PNG: polynomial 0xEDB88320, reflected.
enum CRC32 {
  /// Table `k` (of eight, 256 entries each) holds the check of a byte followed by `k` zero bytes, so that eight bytes
  /// are taken at a time: "slicing by eight".
  private static let tables: [UInt32] = {
    var tables = [UInt32](repeating: 0, count: 8 * 256)
    for byte in 0..<256 {
      var value = UInt32(byte)
      for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
      tables[byte] = value
    }
    for index in 256..<8 * 256 {
      let previous = tables[index - 256]
      tables[index] = previous >> 8 ^ tables[Int(previous & 0xFF)]
    }
    return tables
  }()

  /// The check of `bytes`, or of `bytes` after others whose check is `start`.
  static func checksum(_ bytes: UnsafeBufferPointer<UInt8>, after start: UInt32 = 0) -> UInt32 {
    tables.withUnsafeBufferPointer { buffer in
      let table = buffer.baseAddress!
      guard let source = bytes.baseAddress else { return start }
      var value = ~start
      var position = 0
      while position &+ 8 <= bytes.count {
        let word = UInt64(
          littleEndian: UnsafeRawPointer(source + position).loadUnaligned(as: UInt64.self) ^ UInt64(value).littleEndian)
        let near =
          table[7 &* 256 &+ Int(truncatingIfNeeded: word & 0xFF)]
          ^ table[6 &* 256 &+ Int(truncatingIfNeeded: word &>> 8 & 0xFF)]
          ^ table[5 &* 256 &+ Int(truncatingIfNeeded: word &>> 16 & 0xFF)]
          ^ table[4 &* 256 &+ Int(truncatingIfNeeded: word &>> 24 & 0xFF)]
        let far =
          table[3 &* 256 &+ Int(truncatingIfNeeded: word &>> 32 & 0xFF)]
          ^ table[2 &* 256 &+ Int(truncatingIfNeeded: word &>> 40 & 0xFF)]
          ^ table[256 &+ Int(truncatingIfNeeded: word &>> 48 & 0xFF)]
          ^ table[Int(truncatingIfNeeded: word &>> 56)]
        value = near ^ far
        position &+= 8
      }
      while position < bytes.count {
        value = value &>> 8 ^ table[Int(truncatingIfNeeded: (value ^ UInt32(source[position])) & 0xFF)]
        position &+= 1
      }
      return ~value
    }
  }

  static func checksum(_ bytes: [UInt8]) -> UInt32 {
    bytes.withUnsafeBufferPointer { checksum($0) }
  }
}

/// The checksum of zlib streams, RFC 1950 section 8.2.
enum Adler32 {
  static func checksum(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt32 {
    var low: UInt32 = 1
    var high: UInt32 = 0
    var position = 0
    while position < bytes.count {
      // 5552 is the most bytes for which `high` cannot overflow 32 bits.
      let end = min(position &+ 5552, bytes.count)
      while position < end {
        low &+= UInt32(bytes[position])
        high &+= low
        position &+= 1
      }
      low %= 65521
      high %= 65521
    }
    return high << 16 | low
  }
}
