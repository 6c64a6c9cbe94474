import Foundation
import Synchronization

/// Counts the objects that Swift code asks of the heap: class instances, arrays, boxes and the contexts of closures.
///
/// The Swift runtime lets a program stand in the way of its allocations, for tools as this one, by two symbols that it
/// exports. Where they are not there, as in a program that is linked statically, nothing is counted.
enum HeapCounter {
  private typealias Allocate = @convention(c) (UnsafeRawPointer?, Int, Int) -> UnsafeMutableRawPointer?

  private static let objects = Atomic<Int>(0)
  /// The runtime's own allocation; written once, before the hook is set.
  private nonisolated(unsafe) static var original: Allocate?

  /// Objects asked for since counting began, which it does with the first call; nil where they cannot be counted.
  static var count: Int? { isCounting ? objects.load(ordering: .relaxed) : nil }

  private static let isCounting: Bool = {
    guard
      let hook = dlsym(nil, "_swift_allocObject")?.assumingMemoryBound(to: Allocate?.self),
      let gate = dlsym(nil, "_swift_enableSwizzlingOfAllocationAndRefCountingFunctions_forInstrumentsOnly")
    else { return false }
    original = hook.pointee
    guard original != nil else { return false }
    objects.store(0, ordering: .relaxed)
    hook.pointee = { type, bytes, alignment in
      objects.wrappingAdd(1, ordering: .relaxed)
      return original?(type, bytes, alignment)
    }
    gate.storeBytes(of: 1, as: UInt8.self)
    return true
  }()
}
