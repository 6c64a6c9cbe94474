#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The memory of an inference program: packed weights, tables and activations, asked of the system once and freed with
/// the program.
final class PlanMemory {
  private var blocks: [UnsafeMutableRawPointer] = []
  /// Bytes of all blocks.
  private(set) var bytes = 0

  deinit {
    for block in blocks { free(block) }
    MemoryBudget.give(bytes)
  }

  /// `count` zeros, on a cache line of their own.
  func scalars(_ count: Int) -> UnsafeMutablePointer<Float> {
    let pointer = block(count * MemoryLayout<Float>.stride).bindMemory(to: Float.self, capacity: count)
    pointer.initialize(repeating: 0, count: count)
    return pointer
  }

  /// A copy of `values`.
  func scalars(_ values: [Float]) -> UnsafePointer<Float> {
    let pointer = scalars(values.count)
    for (index, value) in values.enumerated() { pointer[index] = value }
    return UnsafePointer(pointer)
  }

  /// A copy of `values`.
  func integers(_ values: [Int]) -> UnsafePointer<Int> {
    let pointer = block(values.count * MemoryLayout<Int>.stride).bindMemory(to: Int.self, capacity: values.count)
    for (index, value) in values.enumerated() { pointer[index] = value }
    return UnsafePointer(pointer)
  }

  /// A copy of `values`.
  func integers(_ values: [Int32]) -> UnsafePointer<Int32> {
    let pointer = block(values.count * 4).bindMemory(to: Int32.self, capacity: values.count)
    for (index, value) in values.enumerated() { pointer[index] = value }
    return UnsafePointer(pointer)
  }

  /// `count` zero bytes, on a cache line of their own.
  func zeroBytes(_ count: Int) -> UnsafeMutablePointer<UInt8> {
    let pointer = block(count).bindMemory(to: UInt8.self, capacity: count)
    pointer.initialize(repeating: 0, count: count)
    return pointer
  }

  private func block(_ count: Int) -> UnsafeMutableRawPointer {
    let rounded = max(64, roundUp(count, 64))
    if let shortage = MemoryBudget.take(rounded) { stop("an inference program: \(shortage)", code: 1) }
    guard let address = aligned_alloc(64, rounded) else {
      stop("an inference program: out of memory: the system has no \(MemoryBudget.words(rounded))", code: 1)
    }
    blocks.append(address)
    bytes += rounded
    return address
  }
}
