import Testing

@testable import ApusCompute

/// Numbers for tests: scattered over −1 … 1, the same in every run.
func testNumbers<T: ComputeScalar>(_ count: Int, seed: Int, of _: T.Type = T.self) -> [T] {
  var state = UInt64(truncatingIfNeeded: seed) &* 0x9E37_79B9_7F4A_7C15 | 1
  return (0..<count).map { _ in
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return T(Double(Int64(bitPattern: state) >> 11) / Double(1 << 52))
  }
}

/// The largest `|a − b| / (1 + |b|)`; infinite where one is NaN and the other is not.
func worstDifference<T: ComputeScalar>(_ a: some Collection<T>, _ b: some Collection<T>) -> Double {
  guard a.count == b.count else { return .infinity }
  return zip(a, b).reduce(0) { worst, pair in
    if pair.0 == pair.1 { return worst }
    let difference = abs(Double(pair.0) - Double(pair.1)) / (1 + abs(Double(pair.1)))
    if difference.isNaN { return pair.0.isNaN && pair.1.isNaN ? worst : .infinity }
    return max(worst, difference)
  }
}
