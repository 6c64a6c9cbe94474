import Testing

@testable import ApusTensor

@Suite struct RandomTests {
  /// The reference implementations of SplitMix64 and xoshiro256** give these.
  @Test func knownSequence() {
    var random = Random(seed: 42)
    #expect(
      (0..<4).map { _ in random.next() } == [
        1_546_998_764_402_558_742, 6_990_951_692_964_543_102, 12_544_586_762_248_559_009, 17_057_574_109_182_124_193,
      ])
  }

  @Test func seedsDiffer() {
    var a = Random(seed: 1)
    var b = Random(seed: 2)
    #expect(a.next() != b.next())
    var again = Random(seed: 1)
    _ = again.next()
    #expect(a == again)
  }

  @Test func uniformMoments() {
    var random = Random(seed: 7)
    let x = Tensor<Double>.uniform([100_000], -1, 3, using: &random)
    #expect(abs(x.mean().item - 1) < 0.02)
    #expect(abs(x.variance().item - 16.0 / 12) < 0.02)
    #expect(x.min().item >= -1 && x.max().item < 3)
  }

  @Test func normalMoments() {
    var random = Random(seed: 7)
    let x = Tensor<Double>.normal([100_000], 2, 3, using: &random)
    let z = (x - 2) / 3
    #expect(abs(z.mean().item) < 0.01)
    #expect(abs(z.std().item - 1) < 0.01)
    #expect(abs((z * z * z).mean().item) < 0.05)
    #expect(abs(z.square().square().mean().item - 3) < 0.1)
  }

  /// Quantiles of the normal distribution, known to 16 digits: centre, middle and tail of the approximation.
  @Test func normalQuantiles() {
    let known: [(p: Double, x: Double)] = [
      (0.5, 0), (0.75, 0.674489750196081743), (0.975, 1.95996398454005424), (0.001, -3.09023230616781354),
      (1e-20, -9.26234008979840960), (0.9, 1.28155156554460046),
    ]
    for (p, x) in known {
      #expect(abs(normalQuantile(p) - x) <= 4e-16 * max(1, abs(x)) * 4, "p = \(p): \(normalQuantile(p)), not \(x)")
    }
  }

  @Test func integersAreEven() {
    var random = Random(seed: 3)
    var counts = [Int](repeating: 0, count: 7)
    for _ in 0..<70_000 { counts[random.integer(below: 7)] += 1 }
    #expect(counts.allSatisfy { abs($0 - 10_000) < 500 })
  }

  @Test func permutations() {
    var random = Random(seed: 3)
    let order = random.permutation(1000)
    #expect(order.sorted() == Array(0..<1000))
    #expect(order != Array(0..<1000))
    #expect(random.permutation(0).isEmpty)
    #expect(random.permutation(1) == [0])
    var again = Random(seed: 3)
    #expect(again.permutation(1000) == order)
  }
}
