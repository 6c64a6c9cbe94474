import ApusNN

/// Lowers the learning rate when a figure has stopped improving, as PyTorch's `ReduceLROnPlateau`.
///
/// ```swift
/// let plateau = ReduceLROnPlateau(optimizer, patience: 5)
/// for epoch in 1...100 {
///   // … the steps of an epoch …
///   plateau.step(validationLoss)
/// }
/// ```
public final class ReduceLROnPlateau {
  /// How far a figure must go beyond the best one to count as better.
  public enum Threshold: Equatable, Sendable {
    /// By this part of the best one.
    case relative(Double)
    /// By this much.
    case absolute(Double)
  }

  private let optimizer: any Optimizer
  private let wantsLower: Bool
  private let factor: Double
  private let patience: Int
  private let threshold: Threshold
  private let cooldown: Int
  private let minimumRate: Double
  private let epsilon: Double
  private var best: Double
  private var badSteps = 0
  private var coolingSteps = 0

  /// Watches a figure for an optimizer.
  ///
  /// - Parameters:
  ///   - optimizer: Whose rate is lowered.
  ///   - wantsLower: Whether lower figures are better, as of a loss.
  ///   - factor: What the rate is multiplied by.
  ///   - patience: How many figures in a row may fail to be better before the rate is lowered.
  ///   - threshold: What counts as better.
  ///   - cooldown: How many figures after a change are not counted.
  ///   - minimumRate: The lowest rate.
  ///   - epsilon: A change that is smaller is left undone.
  /// - Precondition: `factor` lies in 0 ..< 1, nothing is negative.
  public init(
    _ optimizer: any Optimizer, wantsLower: Bool = true, factor: Double = 0.1, patience: Int = 10,
    threshold: Threshold = .relative(1e-4), cooldown: Int = 0, minimumRate: Double = 0, epsilon: Double = 1e-8
  ) {
    demand((0..<1).contains(factor), "ReduceLROnPlateau: the factor \(factor) is not in 0..<1")
    demand(patience >= 0 && cooldown >= 0 && minimumRate >= 0, "ReduceLROnPlateau: a setting is negative")
    self.optimizer = optimizer
    self.wantsLower = wantsLower
    self.factor = factor
    self.patience = patience
    self.threshold = threshold
    self.cooldown = cooldown
    self.minimumRate = minimumRate
    self.epsilon = epsilon
    best = wantsLower ? .infinity : -.infinity
  }

  /// Takes note of a figure, and lowers the rate when it is time.
  public func step(_ figure: Double) {
    if isBetter(figure) {
      best = figure
      badSteps = 0
    } else {
      badSteps += 1
    }
    if coolingSteps > 0 {
      coolingSteps -= 1
      badSteps = 0
    }
    guard badSteps > patience else { return }
    let rate = max(optimizer.learningRate * factor, minimumRate)
    if optimizer.learningRate - rate > epsilon { optimizer.learningRate = rate }
    coolingSteps = cooldown
    badSteps = 0
  }

  private func isBetter(_ figure: Double) -> Bool {
    switch (threshold, wantsLower) {
    case (.relative(let part), true): figure < best * (1 - part)
    case (.relative(let part), false): figure > best * (1 + part)
    case (.absolute(let amount), true): figure < best - amount
    case (.absolute(let amount), false): figure > best + amount
    }
  }
}
