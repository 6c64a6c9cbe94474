import Foundation

/// Where numbers stand on an axis, and which of them are written beside it.
struct Scale {
  /// Equal steps, or equal ratios.
  enum Kind { case linear, logarithmic }

  let kind: Kind
  let low: Double
  let high: Double
  let ticks: [Double]

  /// A scale that holds all the values. A linear one starts at 0.
  init(_ kind: Kind, holding values: [Double]) {
    self.kind = kind
    let numbers = values.filter { $0.isFinite && (kind == .linear || $0 > 0) }
    let largest = numbers.max() ?? 1
    switch kind {
    case .linear:
      let step = Scale.niceStep(largest / 5)
      let count = max(1, (largest / step).rounded(.up))
      (low, high) = (0, count * step)
      ticks = (0...Int(count)).map { Double($0) * step }
    case .logarithmic:
      let smallest = numbers.min() ?? largest
      let first = log10(smallest).rounded(.down)
      let last = max(first + 1, log10(largest).rounded(.up))
      // Few decades leave room for 2 and 5 as ticks.
      let digits: [Double] = last - first <= 3 ? [1, 2, 5] : [1]
      let all = (Int(first)...Int(last)).flatMap { decade in digits.map { $0 * pow(10, Double(decade)) } }
      let below = all.last { $0 <= smallest } ?? smallest
      let above = all.first { $0 >= largest } ?? largest
      (low, high) = (below, above > below ? above : below * 10)
      ticks = all.filter { [low, high] in $0 >= low && $0 <= high }
    }
  }

  /// 0 at the low end, 1 at the high end.
  func position(_ value: Double) -> Double {
    switch kind {
    case .linear: (value - low) / (high - low)
    case .logarithmic: log(max(value, low) / low) / log(high / low)
    }
  }

  /// A tick's text.
  static func label(_ value: Double) -> String {
    switch abs(value) {
    case 0: "0"
    case ..<0.0095: String(format: "%.0e", value)
    default: String(format: "%g", (value * 1e6).rounded() / 1e6)
    }
  }

  private static func niceStep(_ rough: Double) -> Double {
    guard rough > 0 else { return 1 }
    let power = pow(10, log10(rough).rounded(.down))
    return [1, 2, 2.5, 5, 10].map { $0 * power }.first { $0 >= rough * 0.999 }!
  }
}
