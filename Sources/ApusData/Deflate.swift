/// A small compressor: one deflate block with the fixed codes, and matches found by a hash of three bytes.
///
/// It exists so that images and archives can be written without a library. It looks at one earlier place per byte,
/// which is fast, and about as good as `gzip -1` on pictures of digits.
enum Deflate {
  static func compress(_ bytes: UnsafeBufferPointer<UInt8>) -> [UInt8] {
    var writer = BitWriter(capacity: bytes.count / 2 + 16)
    writer.put(0b011, count: 3)  // the last block, fixed codes
    let hashBits: UInt32 = 15
    var latest = [Int](repeating: -1, count: 1 << hashBits)
    var position = 0
    while position < bytes.count {
      var length = 0
      var distance = 0
      if position + 3 <= bytes.count {
        let hash = hash(of: bytes, at: position, bits: hashBits)
        let candidate = latest[hash]
        latest[hash] = position
        if candidate >= 0 && position - candidate <= 32768 {
          distance = position - candidate
          let longest = min(258, bytes.count - position)
          while length < longest && bytes[candidate + length] == bytes[position + length] { length += 1 }
        }
      }
      if length >= 3 {
        writer.putMatch(length: length, distance: distance)
        // The skipped places can be found later, but for the ends of long matches that costs more than it gains.
        var place = position + 1
        let last = min(position + min(length, 32), bytes.count - 2)
        while place < last {
          latest[hash(of: bytes, at: place, bits: hashBits)] = place
          place += 1
        }
        position += length
      } else {
        writer.putLiteral(Int(bytes[position]))
        position += 1
      }
    }
    writer.putLiteral(256)
    return writer.finished()
  }

  private static func hash(of bytes: UnsafeBufferPointer<UInt8>, at position: Int, bits: UInt32) -> Int {
    let word = UInt32(bytes[position]) | UInt32(bytes[position + 1]) << 8 | UInt32(bytes[position + 2]) << 16
    return Int((word &* 0x9E37_79B1) >> (32 - bits))
  }
}

/// Collects bits, the first one lowest in its byte.
private struct BitWriter {
  private var bytes: [UInt8] = []
  private var bits: UInt64 = 0
  private var count = 0

  init(capacity: Int) { bytes.reserveCapacity(capacity) }

  mutating func put(_ value: Int, count added: Int) {
    bits |= UInt64(value) << UInt64(count)
    count += added
    while count >= 8 {
      bytes.append(UInt8(truncatingIfNeeded: bits))
      bits >>= 8
      count -= 8
    }
  }

  /// A symbol of the fixed literal code, RFC 1951 section 3.2.6; codes go out from their high bit.
  mutating func putLiteral(_ symbol: Int) {
    switch symbol {
    case 0..<144: putCode(0x30 + symbol, count: 8)
    case 144..<256: putCode(0x190 + symbol - 144, count: 9)
    case 256..<280: putCode(symbol - 256, count: 7)
    default: putCode(0xC0 + symbol - 280, count: 8)
    }
  }

  mutating func putMatch(length: Int, distance: Int) {
    let lengthSymbol = length == 258 ? 28 : DeflateSymbols.lengths[..<28].lastIndex { $0.base <= length }!
    putLiteral(257 + lengthSymbol)
    put(length - DeflateSymbols.lengths[lengthSymbol].base, count: DeflateSymbols.lengths[lengthSymbol].extra)
    let distanceSymbol = DeflateSymbols.distances.lastIndex { $0.base <= distance }!
    putCode(distanceSymbol, count: 5)
    put(
      distance - DeflateSymbols.distances[distanceSymbol].base, count: DeflateSymbols.distances[distanceSymbol].extra)
  }

  private mutating func putCode(_ code: Int, count: Int) {
    put(Int(UInt32(code).bitReversed >> UInt32(32 - count)), count: count)
  }

  consuming func finished() -> [UInt8] {
    if count > 0 { bytes.append(UInt8(truncatingIfNeeded: bits)) }
    return bytes
  }
}
