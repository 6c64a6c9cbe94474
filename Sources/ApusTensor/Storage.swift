/// A block of numbers from the pool, shared by the tensors that view it and returned to the pool after the last.
///
/// `@unchecked Sendable`: the numbers are written only while they are made, and later only by a tensor that is the
/// storage's sole owner (`isKnownUniquelyReferenced`); everybody else reads.
package final class Storage<Element: BitwiseCopyable>: @unchecked Sendable {
  /// The first element, aligned to 64 bytes.
  package let pointer: UnsafeMutablePointer<Element>
  /// The number of elements.
  package let count: Int

  /// Room for `count` elements, holding anything.
  package init(count: Int) {
    let (bytes, overflows) = count.multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
    if overflows { fatalError("Tensor: \(count) elements are more bytes than can be addressed") }
    pointer = BufferPool.take(bytes).bindMemory(to: Element.self, capacity: count)
    self.count = count
  }

  deinit {
    BufferPool.give(pointer, count * MemoryLayout<Element>.stride)
  }
}

extension Tensor {
  /// Zeros that an optimizer keeps beside its parameters.
  package final class Workspace {
    /// The first number, aligned to 64 bytes.
    package let pointer: UnsafeMutablePointer<Scalar>
    private let storage: Storage<Scalar>

    /// `count` zeros.
    package init(count: Int) {
      storage = Storage(count: count)
      pointer = storage.pointer
      pointer.initialize(repeating: 0, count: count)
    }
  }
}
