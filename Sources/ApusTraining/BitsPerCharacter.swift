#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

extension Evaluation {
  /// Under which name the bits per character stand among the metrics.
  public static let bitsPerCharacterName = "bits per character"

  /// A language model's loss as bits per character: how long, on average, a perfect code made of its probabilities would be.
  ///
  /// The loss counts in nats; a nat is 1 / ln 2 bits. 8 bits are what plain text takes, log₂ of the vocabulary what knowing
  /// nothing costs, and the entropy of the frequencies (`TextSequences.unigramEntropy`) what counting symbols reaches.
  public var bitsPerCharacter: Double? { self[Self.bitsPerCharacterName] }

  /// The result of a language model.
  ///
  /// - Parameters:
  ///   - nats: The sum of the losses of all symbols.
  ///   - symbolCount: How many symbols were foretold.
  init(nats: Double, symbolCount: Int) {
    let loss = nats / Double(max(symbolCount, 1))
    self.init(
      loss: loss, metrics: [Metric(name: Self.bitsPerCharacterName, value: loss / M_LN2)], sampleCount: symbolCount)
  }
}
