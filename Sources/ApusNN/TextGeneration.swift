import ApusTensor

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// How the next symbol is drawn from the scores of all.
public struct SamplingRule: Equatable, Sendable {
  /// What scores are divided by before they become probabilities: below 1 the likely grows likelier, above 1 the rare less rare.
  /// 0 takes the likeliest symbol.
  public let temperature: Double
  /// How many of the likeliest symbols may be drawn; nil for all.
  public let topK: Int?

  /// Makes a rule.
  ///
  /// - Precondition: `temperature` is finite and not negative, `topK` is positive.
  public init(temperature: Double = 1, topK: Int? = nil) {
    demand(
      temperature >= 0 && temperature.isFinite, "SamplingRule: a temperature of \(temperature) is negative or no number"
    )
    demand(topK ?? 1 > 0, "SamplingRule: the \(topK ?? 0) likeliest symbols")
    self.temperature = temperature
    self.topK = topK
  }

  /// The probability of each symbol. Of symbols with the same score the first is taken for likelier.
  ///
  /// - Returns: Numbers that add up to 1; nil when no score is a number above −∞, or one is infinite.
  public func probabilities(_ scores: [Double]) -> [Double]? {
    let order = scores.indices.filter { scores[$0] > -.infinity }.sorted { (scores[$1], $0) < (scores[$0], $1) }
    guard let best = order.first, scores[best] < .infinity else { return nil }
    var result = [Double](repeating: 0, count: scores.count)
    guard temperature > 0 else {
      result[best] = 1
      return result
    }
    var sum = 0.0
    for symbol in order.prefix(topK ?? order.count) {
      // The quotient of a tiny temperature may be −∞, whose exponential is 0, but never NaN: the best has 0.
      result[symbol] = symbol == best ? 1 : exp((scores[symbol] - scores[best]) / temperature)
      sum += result[symbol]
    }
    return result.map { $0 / sum }
  }

  /// Draws a symbol; nil when the scores allow none.
  func choose(_ scores: [Double], using random: inout Random) -> Int? {
    guard let probabilities = probabilities(scores) else { return nil }
    var rest = random.uniform()
    for (symbol, probability) in probabilities.enumerated() {
      rest -= probability
      if rest < 0 { return symbol }
    }
    // Rounding left a crumb.
    return probabilities.lastIndex { $0 > 0 }
  }
}

/// Writes on from a beginning, symbol by symbol.
///
/// ```swift
/// var generator = TextGenerator(model, rule: SamplingRule(temperature: 0.8), seed: 1)
/// generator.read(try vocabulary.encode("ROMEO:"))
/// while let symbol = generator.next() { … }
/// ```
///
/// A model with a `contextLength` goes on when that is full: it then reads the last half of it anew and forgets what was before.
public struct TextGenerator {
  private let model: any LanguageModel<Float>
  private let rule: SamplingRule
  private let keepsState: Bool
  private var random: Random
  private var state = LanguageModelState<Float>()
  /// The symbols that the model may still have to see, from the start of its window.
  private var window: [Int] = []
  /// The scores of the symbol that comes next; nil before anything was read.
  public private(set) var scores: [Double]?

  /// Makes a generator.
  ///
  /// - Parameters:
  ///   - model: The model; put it into evaluation mode first.
  ///   - rule: How symbols are drawn.
  ///   - seed: What the draws depend on.
  ///   - keepsState: Whether the model's state is carried on. When not, all is read anew for each symbol, which gives the same
  ///     scores up to rounding and takes longer.
  public init(
    _ model: any LanguageModel<Float>, rule: SamplingRule = SamplingRule(), seed: UInt64 = 0, keepsState: Bool = true
  ) {
    self.model = model
    self.rule = rule
    self.keepsState = keepsState
    random = Random(seed: seed)
  }

  /// Reads symbols that are given.
  ///
  /// - Precondition: They are symbols of the model.
  public mutating func read(_ symbols: [Int]) {
    guard !symbols.isEmpty else { return }
    window += symbols
    var unread = symbols.count
    if let limit = model.contextLength, window.count > limit {
      // After this there is room for as much again before the window is full the next time.
      window.removeFirst(window.count - max(1, symbols.count > 1 ? limit : limit / 2))
      (state, unread) = (LanguageModelState(), window.count)
    }
    if !keepsState { (state, unread) = (LanguageModelState(), window.count) }
    let new = Array(window.suffix(unread))
    let vocabulary = model.vocabularySize
    let output = withoutGradients { model(IndexTensor(new, shape: [1, new.count]), state: &state) }
    scores = withoutGradients {
      output.reshaped(new.count, vocabulary).narrowed(0, from: new.count - 1, length: 1).scalars.map { Double($0) }
    }
    // What a state knows needs not be kept, unless the window must be read again.
    if model.contextLength == nil && keepsState { window = [] }
  }

  /// Draws the next symbol, and reads it.
  ///
  /// - Returns: The symbol; nil when nothing was read so far, or the model's scores are not numbers.
  public mutating func next() -> Int? {
    guard let scores, let symbol = rule.choose(scores, using: &random) else { return nil }
    read([symbol])
    return symbol
  }
}
