/// The compressor of zlib and gzip streams, RFC 1951: earlier occurrences found by hash chains, blocks with Huffman codes of
/// their own.
///
/// It makes what `gzip -6` makes, within a few per cent, and exists so that images and archives can be written without a
/// library.
enum Deflate {
  /// Literals and matches in a block; more would share codes that fit none of them well, fewer would pay for the codes too
  /// often.
  private static let tokensPerBlock = 1 << 14
  /// A match as long as this is taken without a look at whether a better one begins a byte later.
  private static let lazyLimit = 32

  static func compress(_ bytes: UnsafeBufferPointer<UInt8>) -> [UInt8] {
    var writer = BitWriter(capacity: bytes.count / 2 + 16)
    var finder = MatchFinder(bytes)
    var block = DeflateBlock()
    var position = 0
    var blockStart = 0
    /// What was found a byte ahead, when the match before it was given up for it.
    var pending: DeflateMatch?
    while position < bytes.count {
      var match = pending ?? finder.longest(at: position)
      pending = nil
      finder.insert(position)
      if let found = match, found.length < lazyLimit, position + 1 < bytes.count {
        let next = finder.longest(at: position + 1)
        if let next, next.length > found.length { (match, pending) = (nil, next) }
      }
      if let match {
        block.add(match)
        for place in position + 1..<position + match.length { finder.insert(place) }
        position += match.length
      } else {
        block.add(literal: bytes[position])
        position += 1
      }
      if block.count == tokensPerBlock, position < bytes.count {
        block.write(
          to: &writer, content: UnsafeBufferPointer(rebasing: bytes[blockStart..<position]), isLast: false)
        block = DeflateBlock()
        blockStart = position
      }
    }
    block.write(to: &writer, content: UnsafeBufferPointer(rebasing: bytes[blockStart...]), isLast: true)
    return writer.finished()
  }
}

/// Bytes that stand earlier in the content too.
struct DeflateMatch {
  /// How many, 3 to 258.
  var length: Int
  /// How many bytes earlier, 1 to 32768.
  var distance: Int
}

/// Finds earlier occurrences. Places whose next three bytes have the same hash are chained, the latest first.
private struct MatchFinder {
  private static let window = 32768
  private static let hashBits: UInt32 = 15
  /// Candidates that are looked at for one place. A chain of thousands is no rarity in pictures.
  private static let patience = 64
  /// A match as long as this ends the search.
  private static let goodLength = 128
  private static let none = -1

  private let bytes: UnsafeBufferPointer<UInt8>
  private var heads = [Int](repeating: none, count: 1 << hashBits)
  private var earlier = [Int](repeating: none, count: window)

  init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  mutating func insert(_ position: Int) {
    guard position + 3 <= bytes.count else { return }
    let hash = hash(at: position)
    earlier[position & (Self.window - 1)] = heads[hash]
    heads[hash] = position
  }

  /// The longest match of the bytes from `position` on, the nearest of several; nil when none has three bytes.
  func longest(at position: Int) -> DeflateMatch? {
    let limit = min(258, bytes.count - position)
    guard limit >= 3 else { return nil }
    var best = DeflateMatch(length: 2, distance: 0)
    var candidate = heads[hash(at: position)]
    var left = Self.patience
    while candidate >= 0, position - candidate <= Self.window, left > 0 {
      // A longer match must agree where the best so far ends.
      if bytes[candidate + best.length] == bytes[position + best.length] {
        var length = 0
        while length < limit, bytes[candidate + length] == bytes[position + length] { length += 1 }
        if length > best.length {
          best = DeflateMatch(length: length, distance: position - candidate)
          if length >= min(limit, Self.goodLength) { break }
        }
      }
      let next = earlier[candidate & (Self.window - 1)]
      // The ring holds younger places where the chain's older ones were.
      guard next < candidate else { break }
      candidate = next
      left -= 1
    }
    return best.length >= 3 ? best : nil
  }

  private func hash(at position: Int) -> Int {
    let word = UInt32(bytes[position]) | UInt32(bytes[position + 1]) << 8 | UInt32(bytes[position + 2]) << 16
    return Int((word &* 0x9E37_79B1) >> (32 - Self.hashBits))
  }
}

/// Collects bits, the first one lowest in its byte.
struct BitWriter {
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

  /// Bytes as they are, from the next whole byte on.
  mutating func putAligned(_ content: some Sequence<UInt8>) {
    if count > 0 { put(0, count: 8 - count) }
    bytes += content
  }

  /// Bits that stand in a byte which is not whole yet.
  var bitsInByte: Int { count }

  consuming func finished() -> [UInt8] {
    if count > 0 { bytes.append(UInt8(truncatingIfNeeded: bits)) }
    return bytes
  }
}
