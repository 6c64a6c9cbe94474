import ApusTensor

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Symbols, and for each the one that follows.
public struct TextBatch: Sendable {
  /// A target that stands for no symbol: the place behind the end of a line.
  public static let nothing = -100

  /// The symbols that are read, [batch, steps].
  public let inputs: IndexTensor
  /// The symbols that follow them, [batch, steps]; `nothing` where none does.
  public let targets: IndexTensor
  /// Whether the sequences begin here, or go on where those of the batch before ended.
  public let begins: Bool

  /// How many symbols there are to foretell.
  public var symbolCount: Int { targets.values.count { $0 != Self.nothing } }
}

/// Text as numbers of symbols: one long sequence, or a list of lines.
public struct TextSequences: Sendable {
  /// The sequences; of a list, the lines without their newlines.
  public let sequences: [[Int]]
  /// The number of the symbol that begins and ends a line; nil for a continuous text.
  public let newline: Int?

  init(_ sequences: [[Int]], newline: Int? = nil) {
    self.sequences = sequences
    self.newline = newline
  }

  /// Symbols in all, the newlines of a list included.
  public var symbolCount: Int { sequences.reduce(0) { $0 + $1.count } + (newline == nil ? 0 : sequences.count) }

  /// Symbols of the longest sequence; of a list, with its newline.
  public var longestLength: Int { (sequences.map(\.count).max() ?? 0) + (newline == nil ? 0 : 1) }

  /// The entropy in bits of a symbol that is drawn by how often it occurs here: what a model reaches that knows the
  /// frequencies and nothing else.
  public var unigramEntropy: Double {
    var counts: [Int: Int] = [:]
    for sequence in sequences {
      for symbol in sequence { counts[symbol, default: 0] += 1 }
    }
    if let newline { counts[newline, default: 0] += sequences.count }
    let total = Double(symbolCount)
    // Sorted, so that the sum is the same in every run.
    return counts.values.sorted().reduce(0) { $0 - Double($1) / total * log2(Double($1) / total) }
  }

  /// A long text as `batchSize` streams side by side, cut into pieces of `steps` symbols that follow each other: for a model
  /// that carries its state on from one batch to the next.
  ///
  /// Fewer than `batchSize` symbols at the end are left out.
  ///
  /// - Precondition: `batchSize` and `steps` are positive.
  public func streams(batchSize: Int, steps: Int) -> [TextBatch] {
    precondition(batchSize > 0 && steps > 0, "streams of \(batchSize) by \(steps)")
    let text = sequences[0]
    let batch = max(1, min(batchSize, text.count - 1))
    let length = (text.count - 1) / batch
    return stride(from: 0, to: length, by: steps).map { start in
      let count = min(steps, length - start)
      return Self.batch(of: text, starts: (0..<batch).map { $0 * length + start }, count: count, begins: start == 0)
    }
  }

  /// A long text as windows of `length` symbols that do not overlap, for a model that sees no further.
  ///
  /// - Parameters:
  ///   - seed: Draws their order, and where the first begins; nil for the order of the text from its first symbol.
  /// - Precondition: `batchSize` and `length` are positive.
  public func windows(batchSize: Int, length: Int, seed: UInt64?) -> [TextBatch] {
    precondition(batchSize > 0 && length > 0, "windows of \(batchSize) by \(length)")
    let text = sequences[0]
    let length = min(length, text.count - 1)
    var random = Random(seed: seed ?? 0)
    let spare = (text.count - 1) % length
    // With a seed the windows begin elsewhere each time, so that what stands early in one stands late in another.
    let first = seed == nil ? 0 : random.integer(below: spare + 1)
    let count = (text.count - 1 - first) / length
    let order = seed == nil ? Array(0..<count) : random.permutation(count)
    var batches = stride(from: 0, to: count, by: batchSize).map { start in
      Self.batch(
        of: text, starts: order[start..<min(count, start + batchSize)].map { first + $0 * length }, count: length,
        begins: true)
    }
    if seed == nil, spare > 0 {
      batches.append(Self.batch(of: text, starts: [text.count - 1 - spare], count: spare, begins: true))
    }
    return batches
  }

  /// The lines of a list, each read from a newline on and foretold up to its newline.
  ///
  /// Lines of about the same length share a batch, so that little of it is empty.
  ///
  /// - Parameter seed: Draws the order; nil for lines by their length.
  /// - Precondition: `batchSize` is positive; the text is a list.
  public func lines(batchSize: Int, seed: UInt64?) -> [TextBatch] {
    guard let newline else { fatalError("lines: the text is no list") }
    precondition(batchSize > 0, "lines in batches of \(batchSize)")
    var random = Random(seed: seed ?? 0)
    var order = seed == nil ? Array(sequences.indices) : random.permutation(sequences.count)
    // Within some batches' worth of lines the order is by length; of those batches the order is drawn.
    let stretch = seed == nil ? max(order.count, 1) : 16 * batchSize
    for start in stride(from: 0, to: order.count, by: stretch) {
      let end = min(order.count, start + stretch)
      order[start..<end].sort { (sequences[$0].count, $0) < (sequences[$1].count, $1) }
    }
    let starts = Array(stride(from: 0, to: order.count, by: batchSize))
    let turns = seed == nil ? Array(starts.indices) : random.permutation(starts.count)
    return turns.map { turn in
      let members = order[starts[turn]..<min(order.count, starts[turn] + batchSize)].map { sequences[$0] }
      let steps = members.reduce(0) { max($0, $1.count) } + 1
      var inputs: [Int] = []
      var targets: [Int] = []
      for line in members {
        let rest = steps - line.count - 1
        inputs += [newline] + line + Array(repeating: newline, count: rest)
        targets += line + [newline] + Array(repeating: TextBatch.nothing, count: rest)
      }
      let shape: Shape = [members.count, steps]
      return TextBatch(
        inputs: IndexTensor(inputs, shape: shape), targets: IndexTensor(targets, shape: shape), begins: true)
    }
  }

  private static func batch(of text: [Int], starts: [Int], count: Int, begins: Bool) -> TextBatch {
    let shape: Shape = [starts.count, count]
    return TextBatch(
      inputs: IndexTensor(starts.flatMap { text[$0..<$0 + count] }, shape: shape),
      targets: IndexTensor(starts.flatMap { text[$0 + 1..<$0 + 1 + count] }, shape: shape), begins: begins)
  }
}
