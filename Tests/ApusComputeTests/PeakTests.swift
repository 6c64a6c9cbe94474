import Testing

@testable import ApusCompute

extension PerKernelSet {
  /// The loop that benchmarks divide by.
  @Suite struct PeakTests {
    @Test func chainsReachTheirFixedPoint() {
      forEachKernelSet { _ in
        // Twelve chains of x → 1/4 + x/2 end at 1/2 each, whatever they start from.
        #expect(kernels(Float.self).multiplyAdd(steps: 100, start: 3, factor: 0.5, addend: 0.25) == 6)
        #expect(kernels(Double.self).multiplyAdd(steps: 100, start: 3, factor: 0.5, addend: 0.25) == 6)
      }
    }

    @Test func noStepLeavesTheSumOfTheStarts() {
      forEachKernelSet { _ in
        // Twelve different starts, 1 … 12, so that no two chains can be computed as one.
        #expect(kernels(Float.self).multiplyAdd(steps: 0, start: 1, factor: 0.5, addend: 0.25) == 78)
        #expect(kernels(Float.self).operationsPerStep % 24 == 0)
      }
    }

    @Test func peakIsMeasured() {
      #expect(measurePeak(Float.self) > 1e8)
      #expect(measurePeak(Double.self) > 1e8)
    }
  }
}
