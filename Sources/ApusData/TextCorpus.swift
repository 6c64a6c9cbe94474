import ApusTensor

/// A text cut into a part to learn from and a part that is held back, to judge by.
///
/// ```swift
/// let corpus = try TextCorpus(path: "input.txt", heldBack: 0.1)
/// for batch in corpus.training.streams(batchSize: 32, steps: 64) { … }
/// ```
public struct TextCorpus: Sendable {
  /// How a file of text is to be understood.
  public enum Form: String, CaseIterable, Sendable {
    /// One long text.
    case continuous
    /// A list: each line is a sequence of its own.
    case lines
  }

  /// The symbols of the whole text.
  public let vocabulary: CharacterVocabulary
  /// How the text was understood.
  public let form: Form
  /// What to learn from.
  public let training: TextSequences
  /// What to judge by; empty when nothing was held back.
  public let heldBack: TextSequences

  /// The lines of a text whose form is not given are a list when none is longer than this many symbols, and none empty.
  public static let longestListedLine = 64

  /// Reads a text in UTF-8.
  ///
  /// Of a continuous text the end is held back; of a list, lines that a draw from `seed` picks, for lists are often sorted.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - form: How to understand it; nil to tell by its lines (see `longestListedLine`).
  ///   - heldBack: The part to hold back, 0 ..< 1.
  ///   - seed: What the choice of held-back lines depends on.
  ///   - vocabulary: The numbers of symbols that a model knows; nil for those of the text.
  /// - Throws: `DataError` when the file cannot be read, is not UTF-8, has a symbol that the vocabulary lacks, or has too
  ///   little text to cut.
  public init(
    path: String, form: Form? = nil, heldBack: Double = 0.1, seed: UInt64 = 0, vocabulary: CharacterVocabulary? = nil
  ) throws(DataError) {
    self = try locating(path) { () throws(DataError) in
      try TextCorpus(
        Self.text(path), form: form, heldBack: heldBack, seed: seed, vocabulary: vocabulary)
    }
  }

  /// Cuts a text; see `init(path:form:heldBack:seed:vocabulary:)`.
  public init(
    _ text: String, form: Form? = nil, heldBack: Double = 0.1, seed: UInt64 = 0,
    vocabulary: CharacterVocabulary? = nil
  ) throws(DataError) {
    if !(0..<1).contains(heldBack) { fatalError("TextCorpus: the part to hold back, \(heldBack), is not in 0..<1") }
    let form = form ?? Self.form(of: text)
    switch form {
    case .continuous:
      let vocabulary = try Self.known(vocabulary, or: text.unicodeScalars)
      let all = try vocabulary.encode(text)
      let cut = all.count - Int(Double(all.count) * heldBack)
      guard cut >= 2, heldBack == 0 || all.count - cut >= 2 else {
        throw DataError(
          .truncated, expected: "a text of at least 2 symbols to learn from and 2 to hold back",
          found: "\(all.count) symbols")
      }
      self.init(vocabulary, form, TextSequences([Array(all[..<cut])]), TextSequences([Array(all[cut...])]))
    case .lines:
      let lines = Self.lines(of: text)
      // The newline ends a sequence, and begins it too.
      let vocabulary = try Self.known(vocabulary, or: lines.joined(separator: "\n").unicodeScalars + ["\n"])
      guard let newline = vocabulary.number(of: "\n") else {
        throw DataError(.malformed, expected: "a vocabulary with a newline, which ends a line", found: "none")
      }
      let encoded = try lines.map { line throws(DataError) in try vocabulary.encode(line) }
      var random = Random(seed: seed)
      let order = random.permutation(encoded.count)
      let kept = Int(Double(encoded.count) * heldBack)
      guard encoded.count - kept >= 1, heldBack == 0 || kept >= 1 else {
        throw DataError(
          .truncated, expected: "at least one line to learn from and one to hold back",
          found: "\(encoded.count) lines")
      }
      self.init(
        vocabulary, form, TextSequences(order.dropFirst(kept).sorted().map { encoded[$0] }, newline: newline),
        TextSequences(order.prefix(kept).sorted().map { encoded[$0] }, newline: newline))
    }
  }

  private init(
    _ vocabulary: CharacterVocabulary, _ form: Form, _ training: TextSequences, _ heldBack: TextSequences
  ) {
    self.vocabulary = vocabulary
    self.form = form
    self.training = training
    self.heldBack = heldBack
  }

  private static func known(
    _ vocabulary: CharacterVocabulary?, or text: some Sequence<Unicode.Scalar>
  ) throws(DataError) -> CharacterVocabulary {
    if let vocabulary { return vocabulary }
    return try CharacterVocabulary(of: text)
  }

  /// The text of a file.
  ///
  /// - Throws: `DataError`, with the byte where the file stops being UTF-8.
  package static func text(_ path: String) throws(DataError) -> String {
    let bytes = try FileAccess.read(path, limit: 1 << 31)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw DataError(
        .malformed, path: path, at: .byte(firstInvalidByte(bytes)), expected: "text in UTF-8",
        found: "bytes that are none")
    }
    return text
  }

  /// The lines of a list, without their ends; empty ones are left out.
  package static func lines(of text: String) -> [String] {
    text.unicodeScalars.split { $0 == "\n" || $0 == "\r" }.map { String($0) }
  }

  private static func form(of text: String) -> Form {
    var count = 0
    var previousEnds = true
    for scalar in text.unicodeScalars where scalar != "\r" {
      if scalar == "\n" {
        guard !previousEnds else { return .continuous }
        (count, previousEnds) = (0, true)
      } else {
        (count, previousEnds) = (count + 1, false)
        guard count <= longestListedLine else { return .continuous }
      }
    }
    // A text of one line is no list.
    return text.unicodeScalars.dropLast().contains("\n") ? .lines : .continuous
  }

  private static func firstInvalidByte(_ bytes: [UInt8]) -> Int {
    var decoder = UTF8()
    var iterator = bytes.makeIterator()
    var offset = 0
    while case .scalarValue(let scalar) = decoder.decode(&iterator) { offset += UTF8.width(scalar) }
    return offset
  }
}
