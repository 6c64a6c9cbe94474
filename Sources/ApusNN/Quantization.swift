import ApusCompute
import ApusTensor

/// How the numbers of a model become bytes: a scale for each output of each layer with weights, and for every activation in
/// between a scale and the byte that means 0.
///
/// - Weights: symmetric, a scale for each output channel, `w ≈ byte · scale` with bytes from −127 to 127.
/// - Activations: asymmetric, `x ≈ (byte − zero) · scale` with bytes from 0 to 255. Behind a ReLU the zero is 0.
/// - Sums: 32 bits. Biases are integers of the scale of the sums.
public struct Quantization: Equatable, Sendable {
  /// How an activation's bytes are read.
  public struct Activation: Equatable, Sendable {
    /// The step from one byte to the next.
    public var scale: Float
    /// The byte that means 0.
    public var zero: UInt8

    /// The bytes that cover `low` to `high`, 0 among them.
    public init(covering low: Float, _ high: Float) {
      let (low, high) = (min(low, 0), max(high, 0))
      let width = high - low
      scale = width > 0 && width.isFinite ? width / 255 : 1
      zero = UInt8(max(0, min(255, (-low / scale).rounded())))
    }

    init(scale: Float, zero: UInt8) { (self.scale, self.zero) = (scale, zero) }

    var bytes: ByteScale { ByteScale(scale: scale, zero: zero) }
  }

  /// The input, then every activation that a layer makes out of another one, in the order of the layers.
  public var activations: [Activation]
  /// For each layer with weights, in order, a scale for each output.
  public var weightScales: [[Float]]
}

/// Which range of an activation its 256 bytes cover: what lies outside is cut off, and the wider the range, the coarser the
/// steps.
public enum Calibration: Equatable, Sendable {
  /// All that the calibration images reach.
  case minimumMaximum
  /// All but a fraction at each end: `.percentile(0.9999)` cuts off a ten-thousandth.
  case percentile(Double)
  /// The range with the least mean square error.
  case meanSquare

  /// The range to cover, out of a histogram.
  func range(of histogram: ActivationHistogram) -> (low: Float, high: Float) {
    switch self {
    case .minimumMaximum: return (histogram.low, histogram.high)
    case .percentile(let fraction): return histogram.percentile(fraction)
    case .meanSquare: return histogram.leastMeanSquare()
    }
  }
}

/// How often an activation had which value.
struct ActivationHistogram {
  static let binCount = 2048

  private(set) var low: Float = 0
  private(set) var high: Float = 0
  private var bins = [Int](repeating: 0, count: binCount)

  /// A histogram of all finite numbers, 0 in its range.
  init(_ values: [Float]) {
    for value in values where value.isFinite { (low, high) = (min(low, value), max(high, value)) }
    guard high > low else { return }
    let factor = Float(Self.binCount) / (high - low)
    for value in values where value.isFinite { bins[min(Self.binCount - 1, Int((value - low) * factor))] += 1 }
  }

  private var width: Double { Double(high - low) / Double(Self.binCount) }
  private func center(_ bin: Int) -> Double { Double(low) + (Double(bin) + 0.5) * width }

  func percentile(_ fraction: Double) -> (Float, Float) {
    let total = bins.reduce(0, +)
    let outside = Int((1 - fraction) * Double(total))
    var (first, last) = (0, Self.binCount - 1)
    var count = 0
    while first < last, count + bins[first] <= outside {
      count += bins[first]
      first += 1
    }
    count = 0
    while last > first, count + bins[last] <= outside {
      count += bins[last]
      last -= 1
    }
    return (Float(Double(low) + Double(first) * width), Float(Double(low) + Double(last + 1) * width))
  }

  /// Both ends are drawn in, one after the other, as long as that lessens the error.
  func leastMeanSquare() -> (Float, Float) {
    var best = (low: low, high: high, error: error(low, high))
    for isHigh in [true, false] {
      let end = isHigh ? high : low
      for step in 1..<100 {
        let drawn = end * Float(100 - step) / 100
        let (from, to) = isHigh ? (best.low, drawn) : (drawn, best.high)
        guard to > from else { break }
        let error = error(from, to)
        if error < best.error { best = (from, to, error) }
      }
    }
    return (best.low, best.high)
  }

  /// The sum of squared errors when the bytes cover `from` to `to`: uniform within a step inside, the distance outside.
  private func error(_ from: Float, _ to: Float) -> Double {
    let step = Double(to - from) / 255
    let inside = step * step / 12
    var sum = 0.0
    for (bin, count) in bins.enumerated() where count > 0 {
      let value = center(bin)
      let distance = max(Double(from) - value, value - Double(to), 0)
      sum += Double(count) * (distance > 0 ? distance * distance : inside)
    }
    return sum
  }
}
