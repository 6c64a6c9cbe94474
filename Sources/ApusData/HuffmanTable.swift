/// A decoding table for one canonical Huffman code, RFC 1951 section 3.2.2.
///
/// The next `rootBits` bits of the input index the table. An entry holds all that the decoder needs, so that a symbol
/// costs one look-up; a code longer than `rootBits` leads to a second table, indexed by the bits that follow.
///
/// Layout of an entry, low bits first:
///
/// | bits  | meaning |
/// | ----- | ------- |
/// | 0…7   | bits to drop: code and extra bits together; for a link, `rootBits` |
/// | 8…12  | extra bits that follow the code; for a link, the index bits of the second table |
/// | 13…15 | what the entry is: a kind below |
/// | 16…31 | literal byte, base of length or distance, or the start of the second table |
///
/// A class around raw memory, for the decoder's inner loop reads `entries` millions of times and indexes it with masked
/// bits, which stay inside by construction.
final class HuffmanTable {
  static let literal: UInt32 = 1 << 13
  static let base: UInt32 = 0
  static let endOfBlock: UInt32 = 2 << 13
  static let link: UInt32 = 3 << 13
  static let invalid: UInt32 = 4 << 13
  static let kindMask: UInt32 = 7 << 13

  let rootBits: Int
  let entries: UnsafeMutablePointer<UInt32>
  private let capacity: Int
  private let symbols: [UInt32]

  /// - Parameters:
  ///   - rootBits: index bits of the first table.
  ///   - capacity: entries of the first and all second tables, at most: the bound that zlib's `enough` computes.
  ///   - symbols: the entry of each symbol, without the length of its code.
  init(rootBits: Int, capacity: Int, symbols: [UInt32]) {
    self.rootBits = rootBits
    self.capacity = capacity
    self.symbols = symbols
    entries = .allocate(capacity: capacity)
    entries.initialize(repeating: Self.invalid, count: capacity)
  }

  deinit { entries.deallocate() }

  /// Builds the table from the length of each symbol's code, 0 for a symbol that does not occur.
  ///
  /// False when the lengths describe no prefix code, or one with unused codes. As in zlib, a single code of one bit
  /// may stand alone, and so may none at all: decoding meets an invalid entry there.
  func build(lengths: ArraySlice<UInt8>) -> Bool {
    var counts = [Int](repeating: 0, count: 16)
    for length in lengths { counts[Int(length)] += 1 }
    counts[0] = 0
    let longest = counts.lastIndex { $0 > 0 } ?? 0
    entries.update(repeating: Self.invalid, count: 1 << rootBits)
    if longest == 0 { return true }

    var unused = 1
    for length in 1...15 {
      unused = unused << 1 - counts[length]
      if unused < 0 { return false }
    }
    if unused > 0 && longest != 1 { return false }

    // Symbols in the order of their codes: by length, then by value.
    var starts = [Int](repeating: 0, count: 17)
    for length in 1...15 { starts[length + 1] = starts[length] + counts[length] }
    var ordered = [Int](repeating: 0, count: starts[16])
    var cursor = starts
    for (symbol, length) in lengths.enumerated() where length > 0 {
      ordered[cursor[Int(length)]] = symbol
      cursor[Int(length)] += 1
    }

    var code = 0  // the current code, its first bit highest
    var used = 1 << rootBits  // entries taken so far
    var link = -1  // the root index whose second table is being filled
    var linkStart = 0
    var linkBits = 0
    var length = 1
    var left = counts[1]
    for position in 0..<ordered.count {
      while left == 0 {
        length += 1
        code <<= 1
        left = counts[length]
      }
      // Input comes lowest bit first, so the table is indexed by the reversed code.
      let reversed = Int(UInt32(code).bitReversed >> UInt32(32 - length))
      let symbol = symbols[ordered[position]]
      let dropped = symbol + UInt32(length)
      if length <= rootBits {
        var index = reversed
        while index < 1 << rootBits {
          entries[index] = dropped + (symbol >> 8 & 31)
          index += 1 << length
        }
      } else {
        let root = reversed & (1 << rootBits - 1)
        if root != link {
          // The second table must hold every longer code with this beginning: grow until it is full.
          link = root
          linkStart = used
          linkBits = length - rootBits
          var room = 1 << linkBits - left
          while room > 0 && linkBits + rootBits < longest {
            linkBits += 1
            room = room << 1 - counts[linkBits + rootBits]
          }
          used += 1 << linkBits
          guard used <= capacity else { return false }
          entries[root] =
            Self.link | UInt32(rootBits) | UInt32(linkBits) << 8 | UInt32(linkStart) << 16
        }
        var index = reversed >> rootBits
        let entry = dropped - UInt32(rootBits) + (symbol >> 8 & 31)
        while index < 1 << linkBits {
          entries[linkStart + index] = entry
          index += 1 << (length - rootBits)
        }
      }
      code += 1
      left -= 1
    }
    return true
  }
}

extension UInt32 {
  /// The same bits in opposite order.
  var bitReversed: UInt32 {
    var x = byteSwapped
    x = (x & 0x0F0F_0F0F) << 4 | (x >> 4) & 0x0F0F_0F0F
    x = (x & 0x3333_3333) << 2 | (x >> 2) & 0x3333_3333
    x = (x & 0x5555_5555) << 1 | (x >> 1) & 0x5555_5555
    return x
  }
}

// The symbols of the two codes of a deflate block, RFC 1951 section 3.2.5.
enum DeflateSymbols {
  /// The shortest length, and the extra bits, of length symbols 257 … 285.
  static let lengths: [(base: Int, extra: Int)] = {
    var table: [(base: Int, extra: Int)] = []
    var base = 3
    for symbol in 0..<28 {
      let extra = symbol < 8 ? 0 : symbol / 4 - 1
      table.append((base, extra))
      base += 1 << extra
    }
    table.append((258, 0))
    return table
  }()

  /// The shortest distance, and the extra bits, of distance symbols 0 … 29.
  static let distances: [(base: Int, extra: Int)] = {
    var table: [(base: Int, extra: Int)] = []
    var base = 1
    for symbol in 0..<30 {
      let extra = symbol < 4 ? 0 : symbol / 2 - 1
      table.append((base, extra))
      base += 1 << extra
    }
    return table
  }()

  /// Table entries of the 288 literal and length symbols.
  static let literalEntries: [UInt32] =
    (0..<256).map { HuffmanTable.literal | UInt32($0) << 16 } + [HuffmanTable.endOfBlock]
    + lengths.map { UInt32($0.extra) << 8 | UInt32($0.base) << 16 }
    + [HuffmanTable.invalid, HuffmanTable.invalid]

  /// Table entries of the 32 distance symbols.
  static let distanceEntries: [UInt32] =
    distances.map { UInt32($0.extra) << 8 | UInt32($0.base) << 16 } + [HuffmanTable.invalid, HuffmanTable.invalid]

  /// Table entries of the 19 symbols that describe code lengths.
  static let lengthCodeEntries: [UInt32] = (0..<19).map { HuffmanTable.literal | UInt32($0) << 16 }

  /// The code lengths of the fixed literal code: 8, 9, 7 and 8 bits.
  static let fixedLiteralLengths: [UInt8] =
    Array(repeating: 8, count: 144) + Array(repeating: 9, count: 112) + Array(repeating: 7, count: 24)
    + Array(repeating: 8, count: 8)

  /// The code lengths of the fixed distance code.
  static let fixedDistanceLengths = [UInt8](repeating: 5, count: 32)

  /// The order in which a dynamic block lists the code lengths of the code length code.
  static let lengthCodeOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
}
