import ApusCompute
import Testing

@testable import ApusTensor

/// The pool's counters are the program's: what is held against them runs in a process of its own.
@Suite struct StorageTests {
  @Test func valuesAreIndependent() {
    var a = Tensor<Float>([1, 2, 3])
    let b = a
    a.withUnsafeMutableScalars { $0[0] = 10 }
    #expect(a.scalars == [10, 2, 3])
    #expect(b.scalars == [1, 2, 3])
    var c = b
    c += 1
    #expect(b.scalars == [1, 2, 3])
    #expect(c.scalars == [2, 3, 4])
  }

  @Test func viewsShareAndChangesDoNot() {
    var a = Tensor<Float>.arange(6).reshaped(2, 3)
    let row = a[1]
    #expect(row.storage === a.storage)
    a.withUnsafeMutableScalars { $0[3] = 30 }
    #expect(row.scalars == [3, 4, 5])
    #expect(a.scalars == [0, 1, 2, 30, 4, 5])
  }

  @Test func changingAViewMakesItDense() {
    let a = Tensor<Float>.arange(6).reshaped(2, 3)
    var transposed = a.transposed()
    #expect(!transposed.isContiguous)
    transposed.withUnsafeMutableScalars { $0[1] = 30 }
    #expect(transposed.scalars == [0, 30, 1, 4, 2, 5])
    #expect(a.scalars == [0, 1, 2, 3, 4, 5])
  }

  @Test func memoryIsAligned() {
    for count in [1, 3, 17, 1000, 100_003] {
      #expect(Int(bitPattern: Storage<Float>(count: count).pointer) % 64 == 0)
      #expect(Int(bitPattern: Storage<UInt8>(count: count).pointer) % 64 == 0)
    }
  }

  @Test func updatesWorkInPlace() {
    let a = Tensor<Float>.ones([1000])
    var b = Tensor<Float>.ones([1000])
    let address = b.pointer
    b += a
    b *= 3
    b -= 1
    #expect(b.pointer == address)
    #expect(b.scalars.allSatisfy { $0 == 5 })
    #expect(a.scalars.allSatisfy { $0 == 1 })
  }

  /// A chain of operations takes one block: each writes over the result of the one before.
  @Test func temporariesAreReused() async {
    await #expect(processExitsWith: .success) {
      let a = Tensor<Float>.ones([1000])
      let before = BufferPool.statistics
      let b = -relu(softmax(exp((a + a) * 2) - 1))
      let after = BufferPool.statistics
      precondition(after.reuses + after.systemAllocations == before.reuses + before.systemAllocations + 1)
      precondition(b.elementCount == 1000 && a.scalars.allSatisfy { $0 == 1 })
    }
  }

  @Test func sharedValuesAreNotOverwritten() {
    let a = Tensor<Float>([1, -2])
    let b = relu(a)
    let c = -a
    let d = a + a
    #expect(a.scalars == [1, -2])
    #expect(b.scalars == [1, 0])
    #expect(c.scalars == [-1, 2])
    #expect(d.scalars == [2, -4])
  }

  @Test func blocksComeBack() async {
    await #expect(processExitsWith: .success) {
      let first = Storage<Float>(count: 10_000).pointer
      let before = BufferPool.statistics
      for _ in 0..<10 {
        let again = Storage<Float>(count: 9_990)
        precondition(again.pointer == first)
      }
      let after = BufferPool.statistics
      precondition(after.systemAllocations == before.systemAllocations && after.reuses == before.reuses + 10)
      precondition(after.bytesInUse == before.bytesInUse && after.bytesIdle == before.bytesIdle)
      BufferPool.trim()
      precondition(BufferPool.statistics.bytesIdle == 0)
    }
  }

  @Test func idleMemoryIsBounded() async {
    await #expect(processExitsWith: .success) {
      for size in 1...200 {
        _ = Storage<UInt8>(count: size << 20)
        precondition(BufferPool.statistics.bytesIdle <= 600 << 20, "\(BufferPool.statistics)")
      }
    }
  }

  /// After the first steps of a training run nothing is asked of the system any more.
  @Test func steadyTrainingAllocatesNothing() async {
    await #expect(processExitsWith: .success) {
      var random = Random(seed: 1)
      var weights: [Tensor<Float>] = [
        .normal([8, 1, 3, 3], 0, 0.3, using: &random), .normal([8], using: &random),
        .normal([32, 8 * 13 * 13], 0, 0.05, using: &random), .normal([32], using: &random),
        .normal([10, 32], 0, 0.2, using: &random), .normal([10], using: &random),
      ]
      for i in weights.indices { weights[i].requiresGradient = true }
      let images = Tensor<Float>.normal([16, 1, 28, 28], using: &random)
      let classes = IndexTensor((0..<16).map { $0 % 10 })
      func step() -> Float {
        var x = relu(maxPool2d(conv2d(images, weights[0], weights[1]), 2))
        x = dropout(x, probability: 0.2, using: &random).flattened()
        x = relu(linear(x, weights[2], weights[3]))
        let scores = logSoftmax(linear(x, weights[4], weights[5]))
        let loss = -scores.gathered(1, classes.reshaped([16, 1])).mean()
        for weight in weights { weight.gradient = nil }
        loss.backward()
        for i in weights.indices {
          let gradient = weights[i].gradient!
          weights[i].withUnsafeMutableScalars { values in
            gradient.withUnsafeScalars { gradient in
              for k in values.indices { values[k] -= 0.05 * gradient[k] }
            }
          }
        }
        return loss.item
      }
      let first = step()
      for _ in 0..<3 { _ = step() }
      let before = BufferPool.statistics
      var last: Float = 0
      for _ in 0..<20 { last = step() }
      let after = BufferPool.statistics
      precondition(after.systemAllocations == before.systemAllocations, "\(before) \(after)")
      precondition(after.bytesInUse == before.bytesInUse && after.peakBytesInUse == before.peakBytesInUse)
      precondition(last < first)
    }
  }

  @Test func roundingWastesAtMostAQuarter() {
    for bytes in [1, 64, 65, 100, 128, 129, 1000, 1025, 5000, 100_000, 1 << 20, (1 << 20) + 1] {
      #expect(BufferPool.blockBytes(for: bytes) >= bytes)
      #expect(BufferPool.blockBytes(for: bytes) <= max(64, bytes + bytes / 4 + 1))
    }
  }

  @Test func emptyTensorsWork() {
    let empty = Tensor<Float>.zeros([0, 3])
    #expect(empty.scalars.isEmpty)
    #expect((empty + 1).shape == [0, 3])
    #expect(empty.sum().item == 0)
    #expect(empty.sum(dim: 0).scalars == [0, 0, 0])
    #expect(matmul(empty, Tensor.ones([3, 2])).shape == [0, 2])
    #expect(matmul(Tensor<Float>.ones([2, 0]), Tensor.ones([0, 2])).scalars == [0, 0, 0, 0])
    #expect(concatenated([empty, Tensor.ones([1, 3])]).shape == [1, 3])
  }
}
