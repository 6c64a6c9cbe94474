import Apus
import ApusCompute
import Foundation
import Testing

@testable import ApusBench

/// What asks nothing of the heap, held to it in the build that runs the tests, debug or release.
@Suite struct HeapCounterTests {
  /// The counter counts: a test that it is blind to would always pass.
  @Test func seesAnArray() async {
    await #expect(processExitsWith: .success) {
      Threads.count = 1
      guard let before = HeapCounter.count else { return }
      for size in 1...50 { withExtendedLifetime([Int](repeating: size, count: size)) {} }
      guard let after = HeapCounter.count, after - before >= 50 else { fatalError("fifty arrays were not seen") }
    }
  }

  /// In a process of its own, where nobody else allocates.
  @Test(arguments: [ModelZoo.mlp, .cnn, .kerasCNN]) func aPredictionAllocatesNothing(_ zoo: ModelZoo) async {
    let name = zoo.name
    await #expect(processExitsWith: .success) { [name] in
      // A member of the team that comes or goes would move the figure.
      Threads.count = 1
      guard let zoo = ModelZoo(name: name) else { fatalError("no model is called \(name)") }
      let plan = try InferencePlan(withSeed(1) { zoo.make() }, inputShape: [1, 28, 28])
      let input = UnsafeMutableBufferPointer<Float>.allocate(capacity: 40 * 784)
      let output = UnsafeMutableBufferPointer<Float>.allocate(capacity: 40 * 10)
      input.initialize(repeating: 0.25)
      output.initialize(repeating: 0)
      func predict(_ batch: Int) {
        plan.predict(
          into: UnsafeMutableBufferPointer(rebasing: output[..<(10 * batch)]),
          from: UnsafeBufferPointer(rebasing: input[..<(784 * batch)]))
      }
      for batch in [40, 1, 2] { predict(batch) }
      guard HeapCounter.count != nil else { return }
      for batch in [1, 2, 40] {
        let (objects, heap) = (HeapCounter.count ?? 0, heapBytesInUse())
        for _ in 0..<20 { predict(batch) }
        let (more, moreHeap) = ((HeapCounter.count ?? 0) - objects, heapBytesInUse() - heap)
        guard more == 0, moreHeap == 0 else {
          fatalError("batch \(batch): \(more) objects and \(moreHeap) bytes in 20 predictions")
        }
      }
    }
  }
}

#if canImport(Glibc)
  private func heapBytesInUse() -> Int { Int(mallinfo2().uordblks) }
#else
  private func heapBytesInUse() -> Int { 0 }
#endif
