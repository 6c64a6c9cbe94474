/// A canonical Huffman code to write with, RFC 1951 section 3.2.2.
struct HuffmanCode {
  /// The length of each symbol's code, 0 for one that does not occur.
  let lengths: [UInt8]
  /// The code of each symbol, its first bit lowest, as streams want it.
  private let codes: [UInt16]

  /// The code that lengths stand for.
  init(lengths: [UInt8]) {
    self.lengths = lengths
    var next = [Int](repeating: 0, count: 17)
    for length in lengths where length > 0 { next[Int(length) + 1] += 1 }
    // The first code of each length: those of the shorter ones, one bit longer.
    for length in 1...16 { next[length] = (next[length] + next[length - 1]) << (length > 1 ? 1 : 0) }
    codes = lengths.map { length in
      guard length > 0 else { return 0 }
      defer { next[Int(length)] += 1 }
      return UInt16(truncatingIfNeeded: UInt32(next[Int(length)]).bitReversed >> (32 - UInt32(length)))
    }
  }

  /// A code that is as short as can be for symbols that occur so often, none longer than `limit` bits.
  init(counts: [Int], limit: Int) {
    self.init(lengths: Self.lengths(counts, limit: limit))
  }

  /// Bits that symbols which occur so often take.
  func bits(_ counts: [Int]) -> Int { zip(counts, lengths).reduce(0) { $0 + $1.0 * Int($1.1) } }

  func write(_ symbol: Int, to writer: inout BitWriter) {
    writer.put(Int(codes[symbol]), count: Int(lengths[symbol]))
  }

  /// Huffman's construction on sorted counts: the two rarest of leaves and nodes are joined, over and over. Nodes are made
  /// in the order of their counts, so both wait in a queue.
  private static func lengths(_ counts: [Int], limit: Int) -> [UInt8] {
    var result = [UInt8](repeating: 0, count: counts.count)
    let symbols = counts.indices.filter { counts[$0] > 0 }.sorted { (counts[$0], $0) < (counts[$1], $1) }
    guard symbols.count > 1 else {
      // A code of one symbol is none; some decoders refuse it, so a second one is put beside it.
      if let only = symbols.first {
        result[only] = 1
        result[only == 0 ? 1 : 0] = 1
      }
      return result
    }
    let leaves = symbols.count
    var weights = symbols.map { counts[$0] }
    var parents = [Int](repeating: 0, count: 2 * leaves - 1)
    var (leaf, node) = (0, leaves)
    for made in leaves..<2 * leaves - 1 {
      var weight = 0
      for _ in 0..<2 {
        let takesLeaf = leaf < leaves && (node >= made || weights[leaf] <= weights[node])
        let child = takesLeaf ? leaf : node
        if takesLeaf { leaf += 1 } else { node += 1 }
        weight += weights[child]
        parents[child] = made
      }
      weights.append(weight)
    }
    var depths = [Int](repeating: 0, count: 2 * leaves - 1)
    var ofLength = [Int](repeating: 0, count: limit + 1)
    for place in stride(from: 2 * leaves - 3, through: 0, by: -1) {
      depths[place] = depths[parents[place]] + 1
      if place < leaves { ofLength[min(depths[place], limit)] += 1 }
    }
    // Codes cut to the limit ask for more than there is: Σ 2^(limit − length) must be 2^limit. Each step makes a shorter
    // code one bit longer, which makes room for one of the longest beside it.
    var excess = (1...limit).reduce(-(1 << limit)) { $0 + ofLength[$1] << (limit - $1) }
    while excess > 0 {
      guard let shorter = (1..<limit).last(where: { ofLength[$0] > 0 }) else { break }
      ofLength[limit] -= 1
      ofLength[shorter] -= 1
      ofLength[shorter + 1] += 2
      excess -= 1
    }
    // The rarest get the longest.
    var place = 0
    for length in stride(from: limit, to: 0, by: -1) {
      for _ in 0..<ofLength[length] {
        result[symbols[place]] = UInt8(length)
        place += 1
      }
    }
    return result
  }
}
