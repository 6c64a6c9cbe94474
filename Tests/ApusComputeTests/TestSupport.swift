import Testing

@testable import ApusCompute

/// Counts around every boundary of the kernels: registers of 2 to 16 lanes, chunks of 16384, and primes.
let awkwardCounts = [
  0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 65, 97, 257, 1009, 16383, 16384, 16385,
  40009,
]

/// A deterministic stream of numbers (SplitMix64).
struct TestRandom: RandomNumberGenerator {
  var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// Numbers spread evenly over low ..< high.
  mutating func numbers<T: ComputeScalar>(_ count: Int, in range: Range<Double> = -2..<2, as: T.Type = T.self) -> [T] {
    (0..<count).map { _ in T(Double.random(in: range, using: &self)) }
  }
}

/// Whether two numbers agree to `units` in the last place of the expected one, and to `floor` absolutely. NaN agrees with
/// NaN, an infinity with itself.
func agrees<T: ComputeScalar>(_ actual: T, _ expected: T, units: T, floor: T = 0) -> Bool {
  if actual.isNaN || expected.isNaN { return actual.isNaN && expected.isNaN }
  if actual == expected { return true }
  if actual.isInfinite || expected.isInfinite { return false }
  return (actual - expected).magnitude <= max(units * expected.ulp, floor)
}

/// Records the first place where two arrays do not agree.
func expectAgreement<T: ComputeScalar>(
  _ actual: [T], _ expected: [T], units: T, floor: T = 0, _ label: @autoclosure () -> String,
  location: SourceLocation = #_sourceLocation
) {
  #expect(actual.count == expected.count, "\(label())", sourceLocation: location)
  guard let i = actual.indices.first(where: { !agrees(actual[$0], expected[$0], units: units, floor: floor) }) else {
    return
  }
  Issue.record("\(label()): at \(i): \(actual[i]) instead of \(expected[i])", sourceLocation: location)
}

/// Runs `body` at 1, 2 and 4 threads and expects the same bits.
func expectSameBits<T: ComputeScalar>(
  _ label: String, location: SourceLocation = #_sourceLocation, _ body: () -> [T]
) {
  let before = Threads.count
  defer { Threads.count = before }
  Threads.count = 1
  let reference = body()
  for threads in [2, 4] {
    Threads.count = threads
    let result = body()
    #expect(
      zip(result, reference).allSatisfy { $0 == $1 || ($0.isNaN && $1.isNaN) }, "\(label) at \(threads) threads",
      sourceLocation: location)
  }
}
