/// A block of a deflate stream: literals and matches, written with whichever of the three kinds of block takes the fewest
/// bits.
struct DeflateBlock {
  /// A literal byte, or length · 2¹⁶ + distance, which is never below 2¹⁶.
  private var tokens: [UInt32] = []
  private var literalCounts = [Int](repeating: 0, count: 286)
  private var distanceCounts = [Int](repeating: 0, count: 30)
  /// Bits that lengths and distances take beside their codes.
  private var extraBits = 0

  init() { literalCounts[256] = 1 }

  /// Literals and matches so far.
  var count: Int { tokens.count }

  mutating func add(literal byte: UInt8) {
    tokens.append(UInt32(byte))
    literalCounts[Int(byte)] += 1
  }

  mutating func add(_ match: DeflateMatch) {
    tokens.append(UInt32(match.length) << 16 | UInt32(match.distance & 0xFFFF))
    let (length, distance) = (Self.lengthSymbol(match.length), Self.distanceSymbol(match.distance))
    literalCounts[257 + length] += 1
    distanceCounts[distance] += 1
    extraBits += DeflateSymbols.lengths[length].extra + DeflateSymbols.distances[distance].extra
  }

  /// Writes the block, whose tokens stand for `content`.
  func write(to writer: inout BitWriter, content: UnsafeBufferPointer<UInt8>, isLast: Bool) {
    let literals = HuffmanCode(counts: literalCounts, limit: 15)
    let distances = HuffmanCode(counts: distanceCounts, limit: 15)
    let table = CodeTable(literals, distances)
    let own = table.bitCount + literals.bits(literalCounts) + distances.bits(distanceCounts) + extraBits
    let fixed = Self.fixedLiterals.bits(literalCounts) + 5 * distanceCounts.reduce(0, +) + extraBits
    // Each piece has its kind, filling up to the next byte and twice its length.
    let pieces = max(1, (content.count + 65534) / 65535)
    let plain = 8 * content.count + pieces * 40
    if plain < min(own, fixed) {
      Self.writePlain(content, to: &writer, isLast: isLast)
      return
    }
    writer.put(isLast ? 1 : 0, count: 1)
    if fixed <= own {
      writer.put(1, count: 2)
      writeTokens(Self.fixedLiterals, Self.fixedDistances, to: &writer)
    } else {
      writer.put(2, count: 2)
      table.write(to: &writer)
      writeTokens(literals, distances, to: &writer)
    }
  }

  private func writeTokens(_ literals: HuffmanCode, _ distances: HuffmanCode, to writer: inout BitWriter) {
    for token in tokens {
      guard token >= 1 << 16 else {
        literals.write(Int(token), to: &writer)
        continue
      }
      let (length, distance) = (Int(token >> 16), Int(token & 0xFFFF))
      let symbol = Self.lengthSymbol(length)
      literals.write(257 + symbol, to: &writer)
      writer.put(length - DeflateSymbols.lengths[symbol].base, count: DeflateSymbols.lengths[symbol].extra)
      let place = Self.distanceSymbol(distance)
      distances.write(place, to: &writer)
      writer.put(distance - DeflateSymbols.distances[place].base, count: DeflateSymbols.distances[place].extra)
    }
    literals.write(256, to: &writer)
  }

  private static func writePlain(_ content: UnsafeBufferPointer<UInt8>, to writer: inout BitWriter, isLast: Bool) {
    var start = 0
    repeat {
      let end = min(start + 65535, content.count)
      let size = end - start
      writer.put(isLast && end == content.count ? 1 : 0, count: 3)
      let head = [UInt8(size & 255), UInt8(size >> 8), UInt8(~size & 255), UInt8(~size >> 8 & 255)]
      writer.putAligned(head)
      writer.putAligned(content[start..<end])
      start = end
    } while start < content.count
  }

  /// The codes of RFC 1951 section 3.2.6.
  private static let fixedLiterals = HuffmanCode(
    lengths: (0..<288).map { $0 < 144 ? 8 : $0 < 256 ? 9 : $0 < 280 ? 7 : 8 })
  private static let fixedDistances = HuffmanCode(lengths: [UInt8](repeating: 5, count: 30))

  /// The symbol of each length, less 257.
  private static let lengthSymbols: [UInt8] = (0...258).map { length in
    length == 258 ? 28 : UInt8(DeflateSymbols.lengths[..<28].lastIndex { $0.base <= max(length, 3) }!)
  }
  /// The symbol of each distance up to 256, and of every 128th beyond, where symbols cover at least as many.
  private static let nearSymbols: [UInt8] = (0...256).map { symbol(ofDistance: $0) }
  private static let farSymbols: [UInt8] = (0...256).map { symbol(ofDistance: $0 * 128 + 1) }

  private static func symbol(ofDistance distance: Int) -> UInt8 {
    UInt8(DeflateSymbols.distances.lastIndex { $0.base <= max(distance, 1) }!)
  }

  private static func lengthSymbol(_ length: Int) -> Int { Int(lengthSymbols[length]) }

  private static func distanceSymbol(_ distance: Int) -> Int {
    Int(distance <= 256 ? nearSymbols[distance] : farSymbols[(distance - 1) >> 7])
  }
}

/// The two codes of a block as the block's head describes them, RFC 1951 section 3.2.7: their lengths in runs, and those by
/// a code of their own.
private struct CodeTable {
  /// The order in which the lengths of the code for lengths stand.
  private static let order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
  /// Bits that symbols 16, 17 and 18 have behind them.
  private static let extra = [2, 3, 7]

  private let literalCount: Int
  private let distanceCount: Int
  /// Symbols of the code for lengths, and what follows them.
  private var runs: [(symbol: Int, extra: Int)] = []
  private let code: HuffmanCode
  private let shown: Int
  /// Bits that the description takes.
  let bitCount: Int

  init(_ literals: HuffmanCode, _ distances: HuffmanCode) {
    literalCount = max(257, (literals.lengths.lastIndex { $0 > 0 } ?? 0) + 1)
    distanceCount = max(1, (distances.lengths.lastIndex { $0 > 0 } ?? 0) + 1)
    let lengths = Array(literals.lengths[..<literalCount] + distances.lengths[..<distanceCount])
    var place = 0
    while place < lengths.count {
      let value = Int(lengths[place])
      var run = 1
      while place + run < lengths.count, lengths[place + run] == lengths[place] { run += 1 }
      place += run
      if value > 0 {
        // A repetition needs something to repeat.
        runs.append((value, 0))
        run -= 1
      }
      while run > 0 {
        let most = value > 0 ? 6 : 138
        let part = min(run, most)
        if part < 3 {
          for _ in 0..<part { runs.append((value, 0)) }
        } else if value > 0 {
          runs.append((16, part - 3))
        } else {
          runs.append(part <= 10 ? (17, part - 3) : (18, part - 11))
        }
        run -= part
      }
    }
    var counts = [Int](repeating: 0, count: 19)
    for run in runs { counts[run.symbol] += 1 }
    let code = HuffmanCode(counts: counts, limit: 7)
    self.code = code
    shown = max(4, (Self.order.lastIndex { code.lengths[$0] > 0 } ?? 0) + 1)
    let extraBits = (16...18).reduce(0) { $0 + counts[$1] * Self.extra[$1 - 16] }
    bitCount = 14 + 3 * shown + code.bits(counts) + extraBits
  }

  func write(to writer: inout BitWriter) {
    writer.put(literalCount - 257, count: 5)
    writer.put(distanceCount - 1, count: 5)
    writer.put(shown - 4, count: 4)
    for symbol in Self.order[..<shown] { writer.put(Int(code.lengths[symbol]), count: 3) }
    for run in runs {
      code.write(run.symbol, to: &writer)
      if run.symbol >= 16 { writer.put(run.extra, count: Self.extra[run.symbol - 16]) }
    }
  }
}
