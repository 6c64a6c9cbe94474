import Apus
import ApusCompute
import Foundation

/// Floats in a place of their own, of the memory that tensors get theirs from.
final class Buffer {
  let scalars: UnsafeMutableBufferPointer<Float>

  /// `count` numbers between 0.1 and 1.1: no denormals, no zeros, in the domain of every function measured.
  init(_ count: Int, seed: UInt64) {
    guard let address = allocateAligned(count * MemoryLayout<Float>.stride) else { fail("out of memory", code: 1) }
    scalars = UnsafeMutableBufferPointer(start: address.bindMemory(to: Float.self, capacity: count), count: count)
    var random = Random(seed: seed)
    for index in 0..<count { scalars.initializeElement(at: index, to: Float.random(in: 0.1..<1.1, using: &random)) }
  }

  deinit { free(scalars.baseAddress) }

  var constant: UnsafeBufferPointer<Float> { UnsafeBufferPointer(scalars) }
  var pointer: UnsafeMutablePointer<Float> { scalars.baseAddress! }
}
