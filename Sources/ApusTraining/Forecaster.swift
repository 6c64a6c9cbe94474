import ApusNN
import ApusTensor

/// Forecasts a time series with a season by small recurrent networks.
///
/// ```swift
/// let known = Array(values.dropLast(24))
/// let forecaster = try Forecaster(training: known, settings: .init(period: 12, horizon: 24))
/// let forecast = forecaster.forecast(after: known, count: 24)
/// print(ForecastScores(forecast: forecast, truth: Array(values.suffix(24)), training: known, period: 12))
/// ```
///
/// Everything (the power that evens out the swings, how the season is removed, the scale, the weights) comes from the training
/// part. Of several ways to remove the season it takes the one that forecasts the training part's own last stretch best, after
/// learning from what comes before it. A forecast of many steps is made a block at a time, each block from the values known and
/// the forecasts before it; the result is the median of several networks that differ in their seed.
public final class Forecaster {
  /// What reads the window of past values.
  public enum Cell: String, CaseIterable, Sendable {
    /// Long short-term memory.
    case lstm
    /// A gated recurrent unit.
    case gru
    /// Nothing recurrent: a linear function of the last values.
    case linear
  }

  /// What can be chosen; the defaults suit monthly and daily series.
  public struct Settings: Equatable, Sendable {
    /// Steps of a season.
    public var period: Int
    /// Steps that the forecasts will have: how long the stretch is by which the preparation is chosen.
    public var horizon: Int
    /// Steps that the network sees; nil for two seasons, but no more than 144 steps.
    public var window: Int?
    /// What reads the window.
    public var cell = Cell.lstm
    /// Numbers of the recurrent state.
    public var hiddenSize = 32
    /// Networks whose median is the forecast.
    public var members = 5
    /// Steps of the optimizer for each network.
    public var steps = 400
    /// What first weights and the order of windows depend on.
    public var seed: UInt64 = 0
    /// How the season is removed: `"difference"`, `"harmonics"` or `"none"`; nil to let the training part decide.
    public var preparation: String?

    /// Settings for a series.
    public init(period: Int, horizon: Int) {
      self.period = period
      self.horizon = horizon
    }
  }

  /// Why a series cannot be forecast.
  public struct Failure: Error, Equatable, CustomStringConvertible {
    /// What is wrong, and what was expected.
    public let description: String
  }

  /// The settings.
  public let settings: Settings
  /// How the season is removed, and the power that evens out the swings, in words.
  public var preparationWords: String { "power \(preparation.power.rawValue), season \(preparation.season.rawValue)" }
  /// For each way to remove the season that was tried, the mean absolute error over the training part's last stretch.
  public let trials: [(preparation: String, error: Double)]
  /// How many values were learned from.
  public let trainingCount: Int
  /// Steps that the networks see, and steps that they forecast at a time.
  public let window: Int, block: Int

  let preparation: SeriesPreparation
  let networks: [ForecastNetwork]

  /// Learns a series.
  ///
  /// - Parameters:
  ///   - training: The values up to now, in order, all of them finite.
  ///   - settings: What can be chosen.
  ///   - cancellation: A switch to end from outside.
  ///   - progress: Is told the part that is done, from 0 to 1.
  /// - Throws: `Failure` when there are too few values, `CancellationError` when cancelled.
  public init(
    training: [Double], settings: Settings, cancellation: Cancellation? = nil, progress: (Double) -> Void = { _ in }
  ) throws {
    let period = settings.period
    demand(period > 0 && settings.horizon > 0, "Forecaster: period \(period), horizon \(settings.horizon)")
    demand(
      settings.members > 0 && settings.steps > 0 && settings.hiddenSize > 0,
      "Forecaster: \(settings.members) members, \(settings.steps) steps, size \(settings.hiddenSize)")
    demand(training.allSatisfy(\.isFinite), "Forecaster: a value is not finite")
    guard training.count >= Self.minimumCount(period: period) else {
      throw Failure(
        description:
          "\(training.count) values to learn from are too few: with a period of \(period) it takes "
          + "\(Self.minimumCount(period: period))")
    }
    self.settings = settings
    trainingCount = training.count
    let power = SeriesPreparation.Power.chosen(for: training, period: period)
    let candidates = Self.candidates(settings, count: training.count)
    let tries =
      candidates.count > 1 ? Self.trialCount(training.count, min(settings.horizon, training.count / 4), period) : 0
    let rounds = Double(settings.members + tries * candidates.count)
    var done = 0.0
    let watch: (Double) throws -> Void = { part in
      if cancellation?.isCancelled == true || Task.isCancelled { throw CancellationError() }
      progress((done + part) / rounds)
    }

    // The training part's own last stretches decide, as far as there is enough before them. One alone would be luck.
    let stretch = min(settings.horizon, training.count / 4)
    var errors = [Double](repeating: 0, count: candidates.count)
    if candidates.count > 1 {
      let origins = Self.trialCount(training.count, stretch, period)
      for origin in 1...origins {
        let head = Array(training.dropLast(origin * stretch))
        let tail = training[head.count..<head.count + stretch]
        for (index, candidate) in candidates.enumerated() {
          let preparation = SeriesPreparation(head, power: power, season: candidate, period: period)
          let sizes = Self.sizes(settings, preparation, count: head.count)
          let network = try Self.learn(head, preparation, sizes, settings, member: 0, watch)
          let forecast = Self.forecast(network, preparation, sizes, after: head, count: stretch)
          errors[index] += zip(forecast, tail).reduce(0) { $0 + ($1.0 - $1.1).magnitude } / Double(stretch * origins)
          done += 1
        }
      }
      trials = zip(candidates, errors).map { ($0.rawValue, $1) }
    } else {
      trials = []
    }
    let best = errors.indices.min { errors[$0] < errors[$1] } ?? 0
    let chosen = SeriesPreparation(training, power: power, season: candidates[best], period: period)
    let sizes = Self.sizes(settings, chosen, count: training.count)
    preparation = chosen
    (window, block) = (sizes.window, sizes.block)
    var networks: [ForecastNetwork] = []
    for member in 0..<settings.members {
      networks.append(try Self.learn(training, chosen, sizes, settings, member: member, watch))
      done += 1
    }
    self.networks = networks
  }

  /// Puts a forecaster together that was read from a file.
  init(
    settings: Settings, preparation: SeriesPreparation, window: Int, block: Int, networks: [ForecastNetwork],
    trainingCount: Int
  ) {
    (self.settings, self.preparation, self.networks, trials) = (settings, preparation, networks, [])
    (self.window, self.block, self.trainingCount) = (window, block, trainingCount)
  }

  /// The forecast of the values that follow on `history`.
  ///
  /// - Parameters:
  ///   - history: The series from where the training part began, at least as long as that; later values may follow.
  ///   - count: How many values to forecast.
  public func forecast(after history: [Double], count: Int) -> [Double] {
    demand(count >= 0, "forecast: \(count) values")
    demand(
      history.count >= preparation.lag + window,
      "forecast: a history of \(history.count) values, \(window) are looked at")
    let all = networks.map {
      Self.forecast($0, preparation, (window, block, $0.direct.inFeatures), after: history, count: count)
    }
    return (0..<count).map { place in
      let values = all.map { $0[place] }.sorted()
      let middle = values.count / 2
      return values.count % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2
    }
  }

  /// The fewest values that can be learned from.
  public static func minimumCount(period: Int) -> Int { 2 * period + 16 }

  // MARK: Sizes

  typealias Sizes = (window: Int, block: Int, direct: Int)

  /// How many stretches at the end of the training part decide: up to three, as long as half of the values, and two
  /// seasons, lie before each.
  private static func trialCount(_ count: Int, _ stretch: Int, _ period: Int) -> Int {
    let spare = count - max(minimumCount(period: period), count / 2)
    return max(1, min(3, spare / max(1, stretch)))
  }

  private static func candidates(_ settings: Settings, count: Int) -> [SeriesPreparation.Season] {
    if let wish = settings.preparation.flatMap(SeriesPreparation.Season.init(rawValue:)) { return [wish] }
    if settings.period == 1 { return [.difference] }
    let head = count - min(settings.horizon, count / 4)
    let able = SeriesPreparation.Season.allCases.filter {
      head >= SeriesPreparation.minimumCount($0, period: settings.period) + 16
    }
    return able.isEmpty ? [.none] : able
  }

  private static func sizes(_ settings: Settings, _ preparation: SeriesPreparation, count: Int) -> Sizes {
    let left = count - preparation.lag
    let wish = settings.window ?? max(8, min(2 * settings.period, 144))
    // At least half of what is left must be places to learn from.
    let window = max(2, min(wish, left / 3))
    let block = max(1, min(settings.horizon, max(12, min(settings.period, 24)), left / 4))
    return (window, block, min(window, settings.period <= 24 ? max(settings.period, 8) : 24))
  }

  // MARK: Learning

  private static func learn(
    _ training: [Double], _ preparation: SeriesPreparation, _ sizes: Sizes, _ settings: Settings, member: Int,
    _ watch: (Double) throws -> Void
  ) throws -> ForecastNetwork {
    let seed = settings.seed &* 1009 &+ UInt64(member)
    let network = withSeed(seed) {
      ForecastNetwork(
        cell: settings.cell, window: sizes.window, direct: sizes.direct, hidden: settings.hiddenSize,
        block: sizes.block)
    }
    let values = preparation.residuals(training)
    let optimizer = ScheduledOptimizer(
      ClippedOptimizer(AdamW(network.parameters, learningRate: 5e-3, weightDecay: 1e-2), maximumNorm: 1),
      .warmUpAndCosine(steps: settings.steps))
    var random = Random(seed: seed)
    let places = values.count - sizes.window - sizes.block + 1
    for step in 0..<settings.steps {
      if step % 10 == 0 { try watch(Double(step) / Double(settings.steps)) }
      let ends = (0..<min(32, places)).map { _ in sizes.window + random.integer(below: places) }
      let targets = Tensor<Float>(
        ends.flatMap { end in values[end..<end + sizes.block].map { Float($0) } }, shape: [ends.count, sizes.block])
      optimizer.zeroGradients()
      smoothL1Loss(network(windows(values, ends, preparation, sizes)), targets).backward()
      optimizer.step()
    }
    return network
  }

  /// The windows before the given ends, [ends, window, features].
  private static func windows(
    _ values: [Double], _ ends: [Int], _ preparation: SeriesPreparation, _ sizes: Sizes
  ) -> Tensor<Float> {
    var numbers: [Float] = []
    numbers.reserveCapacity(ends.count * sizes.window * ForecastNetwork.featureCount)
    for end in ends {
      for index in end - sizes.window..<end {
        let (sine, cosine) = preparation.phase(index + preparation.lag)
        numbers += [Float(values[index]), Float(sine), Float(cosine)]
      }
    }
    return Tensor(numbers, shape: [ends.count, sizes.window, ForecastNetwork.featureCount])
  }

  private static func forecast(
    _ network: ForecastNetwork, _ preparation: SeriesPreparation, _ sizes: Sizes, after history: [Double], count: Int
  ) -> [Double] {
    var values = preparation.residuals(history)
    let known = values.count
    // What was never seen, nor anything near, is no forecast but an explosion.
    let (low, high) = (preparation.range.lowerBound, preparation.range.upperBound)
    let room = 0.5 * (high - low)
    withoutGradients {
      while values.count < known + count {
        let next = network(windows(values, [values.count], preparation, sizes)).scalars
        values += next.map { max(low - room, min(high + room, Double($0))) }
      }
    }
    return preparation.restore(Array(values[known..<known + count]), after: history)
  }
}
