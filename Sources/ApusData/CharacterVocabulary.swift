/// The symbols that texts are made of, numbered from 0: turns text into the indices that a model works with, and back.
///
/// A symbol is a Unicode scalar, so every text that decodes can be encoded, and a text can be written out symbol by symbol.
public struct CharacterVocabulary: Equatable, Sendable {
  /// The most symbols that a vocabulary may have: more than any alphabet needs.
  public static let largestCount = 65_536

  /// The symbols in the order of their numbers.
  public let symbols: [Unicode.Scalar]
  private let numbers: [Unicode.Scalar: Int]

  /// The symbols that occur in `text`, in the order of their code points.
  ///
  /// - Throws: `DataError` of kind `malformed` when there are none, `tooLarge` beyond `largestCount`.
  public init(of text: some Sequence<Unicode.Scalar>) throws(DataError) {
    try self.init(sorted: Set(text).sorted { $0.value < $1.value })
  }

  /// The symbols of `text` in the order in which they stand there, as `text` of another vocabulary gives it.
  ///
  /// - Throws: `DataError` of kind `malformed` when there are none or one stands there twice, `tooLarge` beyond
  ///   `largestCount`.
  public init(symbols text: String) throws(DataError) { try self.init(sorted: Array(text.unicodeScalars)) }

  private init(sorted symbols: [Unicode.Scalar]) throws(DataError) {
    guard !symbols.isEmpty else {
      throw DataError(.malformed, expected: "a vocabulary of at least one symbol", found: "none")
    }
    guard symbols.count <= Self.largestCount else {
      throw DataError(
        .tooLarge, expected: "a vocabulary of at most \(Self.largestCount) symbols", found: "\(symbols.count)")
    }
    var numbers: [Unicode.Scalar: Int] = [:]
    for (number, symbol) in symbols.enumerated() {
      guard numbers.updateValue(number, forKey: symbol) == nil else {
        throw DataError(
          .malformed, expected: "a vocabulary of distinct symbols",
          found: "\(quoted(String(Character(symbol)))) twice")
      }
    }
    self.symbols = symbols
    self.numbers = numbers
  }

  /// How many symbols there are.
  public var count: Int { symbols.count }

  /// All symbols, one after the other: what `init(symbols:)` takes.
  public var text: String {
    var result = String.UnicodeScalarView()
    result.append(contentsOf: symbols)
    return String(result)
  }

  /// The number of a symbol, nil for one that is not there.
  public func number(of symbol: Unicode.Scalar) -> Int? { numbers[symbol] }

  /// The numbers of the symbols of a text.
  ///
  /// - Throws: `DataError` of kind `malformed`, at its byte, for a symbol that is not in the vocabulary.
  public func encode(_ text: String) throws(DataError) -> [Int] {
    var result: [Int] = []
    result.reserveCapacity(text.utf8.count)
    var offset = 0
    for symbol in text.unicodeScalars {
      guard let number = numbers[symbol] else {
        throw DataError(
          .malformed, at: .byte(offset), expected: "one of the \(count) symbols of the vocabulary",
          found: quoted(String(Character(symbol))))
      }
      result.append(number)
      offset += UTF8.width(symbol)
    }
    return result
  }

  /// The text of some numbers.
  ///
  /// - Precondition: Each is the number of a symbol.
  public func decode(_ numbers: some Sequence<Int>) -> String {
    var result = String.UnicodeScalarView()
    for number in numbers { result.append(symbols[number]) }
    return String(result)
  }
}
