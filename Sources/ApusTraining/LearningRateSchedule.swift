import ApusNN

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A learning rate as a function of time, as PyTorch's `lr_scheduler` has them.
///
/// Time counts what the caller counts: epochs, or batches. `LearningRateScheduler` holds one to an optimizer.
public struct LearningRateSchedule: Sendable {
  private let rate: @Sendable (_ time: Int, _ initial: Double) -> Double

  /// A schedule of your own.
  ///
  /// - Parameter rate: The rate at a time, from 0, given the optimizer's rate at first.
  public init(_ rate: @escaping @Sendable (_ time: Int, _ initial: Double) -> Double) {
    self.rate = rate
  }

  /// The rate at a time, from 0, of an optimizer whose rate was `initial` at first.
  public func callAsFunction(_ time: Int, initial: Double) -> Double { rate(time, initial) }

  /// `gamma` times smaller every `size` steps.
  ///
  /// - Precondition: `size` is positive.
  public static func step(size: Int, gamma: Double = 0.1) -> LearningRateSchedule {
    demand(size > 0, "step(size: \(size)): the size is not positive")
    return LearningRateSchedule { time, initial in initial * power(gamma, time / size) }
  }

  /// `gamma` times smaller at each milestone.
  public static func multiStep(milestones: [Int], gamma: Double = 0.1) -> LearningRateSchedule {
    LearningRateSchedule { time, initial in initial * power(gamma, milestones.count { $0 <= time }) }
  }

  /// `gamma` times smaller with every step.
  public static func exponential(gamma: Double) -> LearningRateSchedule {
    LearningRateSchedule { time, initial in initial * power(gamma, time) }
  }

  /// Half a cosine from the first rate down to `minimum` within `period` steps, and up again (Loshchilov and Hutter 2017).
  ///
  /// - Precondition: `period` is positive.
  public static func cosineAnnealing(period: Int, minimum: Double = 0) -> LearningRateSchedule {
    demand(period > 0, "cosineAnnealing: the period \(period) is not positive")
    return LearningRateSchedule { time, initial in cosine(initial, minimum, Double(time) / Double(period)) }
  }

  /// Half a cosine down to `minimum` within `period` steps, then from the first rate again, each time `factor` times longer
  /// (Loshchilov and Hutter 2017).
  ///
  /// - Precondition: `period` and `factor` are positive.
  public static func cosineAnnealingWarmRestarts(
    period: Int, factor: Int = 1, minimum: Double = 0
  ) -> LearningRateSchedule {
    demand(period > 0 && factor > 0, "cosineAnnealingWarmRestarts: period \(period), factor \(factor)")
    return LearningRateSchedule { time, initial in
      var (rest, length) = (time, period)
      if factor == 1 { rest %= length }
      while rest >= length {
        rest -= length
        length *= factor
      }
      return cosine(initial, minimum, Double(rest) / Double(length))
    }
  }

  /// A straight line from `startFactor` to `endFactor` times the first rate within `steps` steps, and constant after that:
  /// warming up, or running out.
  ///
  /// - Precondition: `steps` is positive.
  public static func linear(startFactor: Double = 1.0 / 3, endFactor: Double = 1, steps: Int = 5)
    -> LearningRateSchedule
  {
    demand(steps > 0, "linear: \(steps) steps")
    return LearningRateSchedule { time, initial in
      initial * (startFactor + (endFactor - startFactor) * Double(min(time, steps)) / Double(steps))
    }
  }

  /// (1 − time / steps)^power times the first rate, and 0 after `steps` steps.
  ///
  /// - Precondition: `steps` is positive.
  public static func polynomial(steps: Int, power: Double = 1) -> LearningRateSchedule {
    demand(steps > 0, "polynomial: \(steps) steps")
    return LearningRateSchedule { time, initial in
      initial * pow(1 - Double(min(time, steps)) / Double(steps), power)
    }
  }

  /// How a one-cycle schedule goes from one rate to the next.
  public enum Annealing: Sendable {
    /// Half a cosine.
    case cosine
    /// A straight line.
    case linear
  }

  /// Up to `maximum`, then down to almost nothing, in one run of `steps` steps (Smith and Topin 2018). The optimizer's own rate
  /// does not matter.
  ///
  /// - Parameters:
  ///   - maximum: The highest rate.
  ///   - steps: The length of the run.
  ///   - rising: The part of the run in which the rate rises.
  ///   - annealing: How it goes from one rate to the next.
  ///   - divisor: The first rate is `maximum / divisor`.
  ///   - finalDivisor: The last rate is the first one divided by this.
  ///   - threePhases: Whether the way down first mirrors the way up.
  /// - Precondition: `steps` is positive, `rising` lies in 0 … 1, the divisors are positive.
  public static func oneCycle(
    maximum: Double, steps: Int, rising: Double = 0.3, annealing: Annealing = .cosine, divisor: Double = 25,
    finalDivisor: Double = 1e4, threePhases: Bool = false
  ) -> LearningRateSchedule {
    demand(
      steps > 0 && (0...1).contains(rising) && divisor > 0 && finalDivisor > 0,
      "oneCycle: steps \(steps), rising \(rising), divisors \(divisor), \(finalDivisor)")
    let first = maximum / divisor
    let last = first / finalDivisor
    let top = rising * Double(steps) - 1
    let end = Double(steps - 1)
    let phases: [(end: Double, from: Double, to: Double)] =
      threePhases
      ? [(top, first, maximum), (2 * top, maximum, first), (end, first, last)]
      : [(top, first, maximum), (end, maximum, last)]
    return LearningRateSchedule { time, _ in
      let time = min(Double(time), end)
      var start = 0.0
      for (index, phase) in phases.enumerated() {
        if time <= phase.end || index == phases.count - 1 {
          let part = phase.end > start ? (time - start) / (phase.end - start) : 1
          return annealing == .cosine
            ? cosine(phase.from, phase.to, part) : phase.from + (phase.to - phase.from) * part
        }
        start = phase.end
      }
      return last
    }
  }

  /// This schedule until `time`, then another, whose own time begins there.
  public func followed(by next: LearningRateSchedule, after time: Int) -> LearningRateSchedule {
    LearningRateSchedule { now, initial in
      now < time ? self(now, initial: initial) : next(now - time, initial: initial)
    }
  }

  /// The rates of this schedule and another multiplied, relative to the first rate.
  public func times(_ other: LearningRateSchedule) -> LearningRateSchedule {
    LearningRateSchedule { time, initial in other(time, initial: self(time, initial: initial)) }
  }
}

/// Half a cosine from `from` at 0 to `to` at 1.
private func cosine(_ from: Double, _ to: Double, _ part: Double) -> Double {
  to + (from - to) * (1 + cos(.pi * part)) / 2
}

/// base to a whole power ≥ 0.
private func power(_ base: Double, _ exponent: Int) -> Double { pow(base, Double(exponent)) }

/// Holds a schedule to an optimizer: the rate in force is that of the time so far.
///
/// ```swift
/// let optimizer = SGD(model.parameters, learningRate: 0.1)
/// let scheduler = LearningRateScheduler(optimizer, .cosineAnnealing(period: 30))
/// for epoch in 1...30 {
///   // … the steps of an epoch …
///   scheduler.step()
/// }
/// ```
public final class LearningRateScheduler {
  /// The schedule.
  public let schedule: LearningRateSchedule
  /// How many times `step()` was called.
  public private(set) var time = 0
  private let initialRate: Double
  private let setRate: (Double) -> Void

  /// Sets the optimizer's rate to that of time 0.
  public init(_ optimizer: some Optimizer, _ schedule: LearningRateSchedule) {
    self.schedule = schedule
    initialRate = optimizer.learningRate
    setRate = { optimizer.learningRate = $0 }
    setRate(schedule(0, initial: initialRate))
  }

  /// Goes on by one, and sets the optimizer's rate.
  public func step() {
    time += 1
    setRate(schedule(time, initial: initialRate))
  }
}
