#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Why a deflate stream could not be decoded. Small, so that the inner loop can throw it; wrapped in a `DataError`
/// with the offset by those who know the file.
enum InflateFault: Error {
  case truncated
  case blockType
  case storedLength
  case lengthCounts
  case lengthRepeat
  case noEndOfBlock
  case codeLengths
  case code
  case distance
  case limit

  /// What was expected, and what was found.
  var words: (kind: DataError.Kind, expected: String, found: String) {
    switch self {
    case .truncated: (.truncated, "more compressed bytes", "the end")
    case .blockType: (.malformed, "a deflate block of type 0, 1 or 2", "type 3")
    case .storedLength: (.malformed, "a stored length followed by its complement", "another value")
    case .lengthCounts: (.malformed, "at most 286 literal and 30 distance codes", "more")
    case .lengthRepeat: (.malformed, "code lengths that end with their table", "a repeat beyond its start or end")
    case .noEndOfBlock: (.malformed, "a code for the end of the block", "none")
    case .codeLengths: (.malformed, "code lengths that form a prefix code", "a set that does not")
    case .code: (.malformed, "a code of the block's Huffman table", "an unused one")
    case .distance: (.malformed, "a distance inside of what is decoded", "one before its start")
    case .limit: (.tooLarge, "no more decompressed bytes", "more")
    }
  }
}

/// Decoded bytes, in memory that grows with what is really produced, up to a limit.
final class InflateOutput {
  /// The bytes lie in the array that they are handed over in: a data set would else be in memory twice.
  private var storage: [UInt8]
  private(set) var start: UnsafeMutablePointer<UInt8>
  private(set) var capacity: Int
  private(set) var count = 0
  let limit: Int

  /// Bytes past `capacity` that a copy may overwrite.
  static let slack = 320

  /// - Parameter hint: bytes to make room for at first.
  init(limit: Int, hint: Int) {
    self.limit = max(0, limit)
    capacity = min(max(hint, 1 << 12), self.limit)
    var room = Self.room(capacity)
    start = Self.address(&room)
    storage = room
  }

  /// Room for `capacity` bytes and the slack, holding anything.
  private static func room(_ capacity: Int) -> [UInt8] {
    Array(unsafeUninitializedCapacity: capacity + slack) { _, count in count = capacity + slack }
  }

  /// Where an array's bytes lie, as long as nothing but this object refers to it or changes it.
  private static func address(_ array: inout [UInt8]) -> UnsafeMutablePointer<UInt8> {
    array.withUnsafeMutableBufferPointer { $0.baseAddress.unsafelyUnwrapped }
  }

  /// Doubles the room; throws when the limit is reached.
  func grow() throws(InflateFault) {
    guard capacity < limit else { throw .limit }
    let wanted = capacity > limit / 2 ? limit : capacity * 2
    var larger = Self.room(wanted)
    let place = Self.address(&larger)
    place.update(from: start, count: count)
    storage = larger
    start = place
    capacity = wanted
  }

  func advance(to newCount: Int) { count = newCount }

  /// Appends bytes; throws when there are more than the limit lets in, after those that it does.
  func append(_ bytes: UnsafeBufferPointer<UInt8>) throws(InflateFault) {
    let fitting = min(bytes.count, limit - count)
    while capacity - count < fitting { try grow() }
    if let base = bytes.baseAddress {
      (start + count).update(from: base, count: fitting)
      count += fitting
    }
    guard fitting == bytes.count else { throw .limit }
  }

  /// Hands the bytes over, without a copy; nothing can be appended after it.
  func takeBytes() -> [UInt8] {
    storage.removeLast(storage.count - count)
    defer { storage = [] }
    return storage
  }
}

/// Decoder of deflate streams, RFC 1951.
///
/// Bits are taken from a 64-bit word that is refilled eight bytes at a time. Past the end of the input the word is
/// filled with zeros that are counted, and a block that used one of them is truncated.
struct Inflate {
  private let input: UnsafeBufferPointer<UInt8>
  private(set) var position: Int
  private var bits: UInt64 = 0
  private var bitCount = 0
  /// Zero bytes in `bits` that were not in the input.
  private var borrowed = 0
  private let literals = HuffmanTable(rootBits: 11, capacity: 2400, symbols: DeflateSymbols.literalEntries)
  private let distances = HuffmanTable(rootBits: 8, capacity: 512, symbols: DeflateSymbols.distanceEntries)

  init(_ input: UnsafeBufferPointer<UInt8>, at position: Int) {
    self.input = input
    self.position = position
  }

  /// Decodes one stream and appends it to `output`; afterwards `position` is the first byte after the stream.
  mutating func decode(into output: InflateOutput) throws(InflateFault) {
    let streamStart = output.count
    var isLast = false
    repeat {
      refill()
      isLast = take(1) == 1
      switch take(2) {
      case 0: try stored(into: output)
      case 1:
        guard literals.build(lengths: DeflateSymbols.fixedLiteralLengths[...]),
          distances.build(lengths: DeflateSymbols.fixedDistanceLengths[...])
        else { throw .codeLengths }
        try block(into: output, from: streamStart)
      case 2:
        try readTables()
        try block(into: output, from: streamStart)
      default:
        try checkBorrowed()
        throw .blockType
      }
      try checkBorrowed()
    } while !isLast
    // Whole bytes that were read ahead go back.
    position -= bitCount / 8 - borrowed
    bits = 0
    bitCount = 0
    borrowed = 0
  }

  private mutating func refill() {
    while bitCount <= 56 {
      if position < input.count {
        bits |= UInt64(input[position]) << UInt64(bitCount)
        position += 1
      } else {
        borrowed += 1
      }
      bitCount += 8
    }
  }

  /// The next bits; at most what `refill` has made sure of (57).
  private mutating func take(_ count: Int) -> Int {
    let value = Int(bits & (1 << UInt64(count) - 1))
    bits >>= UInt64(count)
    bitCount -= count
    return value
  }

  /// Throws when a bit past the end of the input was used.
  private func checkBorrowed() throws(InflateFault) {
    if borrowed * 8 > bitCount { throw .truncated }
  }

  private mutating func stored(into output: InflateOutput) throws(InflateFault) {
    _ = take(bitCount & 7)
    refill()
    let length = take(16)
    let complement = take(16)
    try checkBorrowed()
    guard length == ~complement & 0xFFFF else { throw .storedLength }
    position -= bitCount / 8 - borrowed
    bits = 0
    bitCount = 0
    borrowed = 0
    guard input.count - position >= length else {
      try? output.append(UnsafeBufferPointer(rebasing: input[position...]))
      position = input.count
      throw .truncated
    }
    try output.append(UnsafeBufferPointer(rebasing: input[position..<position + length]))
    position += length
  }

  /// Reads the two codes of a dynamic block, RFC 1951 section 3.2.7.
  private mutating func readTables() throws(InflateFault) {
    refill()
    let literalCount = take(5) + 257
    let distanceCount = take(5) + 1
    let lengthCount = take(4) + 4
    try checkBorrowed()
    guard literalCount <= 286 && distanceCount <= 30 else { throw .lengthCounts }
    var codeLengths = [UInt8](repeating: 0, count: 19)
    for index in 0..<lengthCount {
      refill()
      codeLengths[DeflateSymbols.lengthCodeOrder[index]] = UInt8(take(3))
    }
    let lengthCode = HuffmanTable(rootBits: 7, capacity: 128, symbols: DeflateSymbols.lengthCodeEntries)
    guard codeLengths.contains(where: { $0 > 0 }), lengthCode.build(lengths: codeLengths[...]) else {
      try checkBorrowed()
      throw .codeLengths
    }
    var lengths = [UInt8](repeating: 0, count: literalCount + distanceCount)
    var index = 0
    while index < lengths.count {
      refill()
      let entry = lengthCode.entries[Int(bits & 0x7F)]
      guard entry & HuffmanTable.kindMask == HuffmanTable.literal else {
        try checkBorrowed()
        throw .code
      }
      _ = take(Int(entry & 0xFF))
      let symbol = Int(entry >> 16)
      if symbol < 16 {
        lengths[index] = UInt8(symbol)
        index += 1
        continue
      }
      let repeated = symbol == 16 ? 3 + take(2) : symbol == 17 ? 3 + take(3) : 11 + take(7)
      try checkBorrowed()
      guard repeated <= lengths.count - index && (symbol != 16 || index > 0) else { throw .lengthRepeat }
      if symbol == 16 {
        for place in index..<index + repeated { lengths[place] = lengths[index - 1] }
      }
      index += repeated
    }
    try checkBorrowed()
    guard lengths[256] > 0 else { throw .noEndOfBlock }
    guard literals.build(lengths: lengths[..<literalCount]), distances.build(lengths: lengths[literalCount...]) else {
      throw .codeLengths
    }
  }

  /// Decodes the symbols of a block up to its end.
  ///
  /// The loop works on local copies of the bit state and on raw memory. One turn uses at most 48 bits (a code of 15
  /// bits with 5 extra, another of 15 with 13 extra) and writes at most 258 bytes, so room for one turn is checked
  /// once, and copies may run over by a few bytes into memory that is there.
  private mutating func block(into output: InflateOutput, from streamStart: Int) throws(InflateFault) {
    let literalTable = literals.entries
    let distanceTable = distances.entries
    let source = input.baseAddress!
    // The last place from which eight bytes can be loaded.
    let lastWide = input.count - 8
    var bits = self.bits
    var bitCount = self.bitCount
    var position = self.position
    var written = output.count
    var target = output.start
    var room = output.capacity
    defer {
      self.bits = bits
      self.bitCount = bitCount
      self.position = position
      output.advance(to: written)
    }
    while true {
      // Refill to at least 56 bits.
      if position <= lastWide {
        let word = UnsafeRawPointer(source + position).loadUnaligned(as: UInt64.self)
        bits |= UInt64(littleEndian: word) &<< UInt64(truncatingIfNeeded: bitCount)
        position &+= (63 &- bitCount) &>> 3
        bitCount |= 56
      } else {
        while bitCount <= 56 {
          if position < input.count {
            bits |= UInt64(source[position]) &<< UInt64(truncatingIfNeeded: bitCount)
            position &+= 1
          } else {
            borrowed &+= 1
          }
          bitCount &+= 8
        }
        if borrowed &* 8 > bitCount { throw .truncated }
      }

      var entry = literalTable[Int(truncatingIfNeeded: bits & 0x7FF)]
      if entry & HuffmanTable.kindMask == HuffmanTable.link {
        let index = bits &>> 11 & (1 &<< UInt64(truncatingIfNeeded: entry &>> 8 & 31) &- 1)
        bits &>>= 11
        bitCount &-= 11
        entry = literalTable[Int(truncatingIfNeeded: UInt64(entry &>> 16) &+ index)]
      }
      if room &- written < 3 {
        output.advance(to: written)
        if written == room {
          // A full buffer is fine when the block ends here.
          if entry & HuffmanTable.kindMask != HuffmanTable.endOfBlock { try output.grow() }
        } else if output.capacity < output.limit {
          try output.grow()
        }
        target = output.start
        room = output.capacity
      }
      if entry & HuffmanTable.kindMask == HuffmanTable.literal {
        // Up to three literals in a row from one refill: 45 bits.
        bits &>>= UInt64(truncatingIfNeeded: entry & 0xFF)
        bitCount &-= Int(truncatingIfNeeded: entry & 0xFF)
        target[written] = UInt8(truncatingIfNeeded: entry &>> 16)
        written &+= 1
        if room &- written < 2 { continue }
        entry = literalTable[Int(truncatingIfNeeded: bits & 0x7FF)]
        if entry & HuffmanTable.kindMask != HuffmanTable.literal { continue }
        bits &>>= UInt64(truncatingIfNeeded: entry & 0xFF)
        bitCount &-= Int(truncatingIfNeeded: entry & 0xFF)
        target[written] = UInt8(truncatingIfNeeded: entry &>> 16)
        written &+= 1
        entry = literalTable[Int(truncatingIfNeeded: bits & 0x7FF)]
        if entry & HuffmanTable.kindMask != HuffmanTable.literal { continue }
        bits &>>= UInt64(truncatingIfNeeded: entry & 0xFF)
        bitCount &-= Int(truncatingIfNeeded: entry & 0xFF)
        target[written] = UInt8(truncatingIfNeeded: entry &>> 16)
        written &+= 1
        continue
      }
      if entry & HuffmanTable.kindMask != HuffmanTable.base {
        guard entry & HuffmanTable.kindMask == HuffmanTable.endOfBlock else {
          if borrowed > 0 && borrowed &* 8 > bitCount &- 15 { throw .truncated }
          throw .code
        }
        bits &>>= UInt64(truncatingIfNeeded: entry & 0xFF)
        bitCount &-= Int(truncatingIfNeeded: entry & 0xFF)
        return
      }

      let length = Int(truncatingIfNeeded: entry &>> 16) &+ Inflate.extraBits(of: entry, in: bits)
      bits &>>= UInt64(truncatingIfNeeded: entry & 0xFF)
      bitCount &-= Int(truncatingIfNeeded: entry & 0xFF)
      entry = distanceTable[Int(truncatingIfNeeded: bits & 0xFF)]
      if entry & HuffmanTable.kindMask == HuffmanTable.link {
        let index = bits &>> 8 & (1 &<< UInt64(truncatingIfNeeded: entry &>> 8 & 31) &- 1)
        bits &>>= 8
        bitCount &-= 8
        entry = distanceTable[Int(truncatingIfNeeded: UInt64(entry &>> 16) &+ index)]
      }
      if entry & HuffmanTable.kindMask != HuffmanTable.base {
        if borrowed > 0 && borrowed &* 8 > bitCount &- 15 { throw .truncated }
        throw .code
      }
      let distance = Int(truncatingIfNeeded: entry &>> 16) &+ Inflate.extraBits(of: entry, in: bits)
      bits &>>= UInt64(truncatingIfNeeded: entry & 0xFF)
      bitCount &-= Int(truncatingIfNeeded: entry & 0xFF)
      guard distance <= written &- streamStart else {
        if borrowed &* 8 > bitCount { throw .truncated }
        throw .distance
      }
      while room &- written < length {
        output.advance(to: written)
        do throws(InflateFault) {
          try output.grow()
        } catch {
          // Fill up to the limit: a caller who only wants the beginning gets all of it.
          for place in written..<room { target[place] = target[place &- distance] }
          written = room
          throw error
        }
        target = output.start
        room = output.capacity
      }
      Inflate.copyMatch(target + written, distance: distance, length: length)
      written &+= length
    }
  }

  /// The value of the extra bits that follow the code of `entry` at the low end of `bits`.
  @inline(__always)
  private static func extraBits(of entry: UInt32, in bits: UInt64) -> Int {
    let extra = UInt64(truncatingIfNeeded: entry &>> 8 & 31)
    let code = UInt64(truncatingIfNeeded: entry & 0xFF) &- extra
    return Int(truncatingIfNeeded: bits &>> code & (1 &<< extra &- 1))
  }

  /// Repeats what stands `distance` bytes before `target`; may write up to seven bytes too many.
  @inline(__always)
  private static func copyMatch(_ target: UnsafeMutablePointer<UInt8>, distance: Int, length: Int) {
    if distance >= 8 {
      let from = UnsafeRawPointer(target - distance)
      let to = UnsafeMutableRawPointer(target)
      var done = 0
      repeat {
        to.storeBytes(
          of: from.loadUnaligned(fromByteOffset: done, as: UInt64.self), toByteOffset: done, as: UInt64.self)
        done &+= 8
      } while done < length
    } else if distance == 1 {
      let pattern = UInt64(target[-1]) &* 0x0101_0101_0101_0101
      let to = UnsafeMutableRawPointer(target)
      var done = 0
      repeat {
        to.storeBytes(of: pattern, toByteOffset: done, as: UInt64.self)
        done &+= 8
      } while done < length
    } else {
      for place in 0..<length { target[place] = target[place &- distance] }
    }
  }
}
