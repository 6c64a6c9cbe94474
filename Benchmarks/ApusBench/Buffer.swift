import Apus

/// Floats in a place of their own, aligned as the engine's own buffers are.
final class Buffer {
  let scalars: UnsafeMutableBufferPointer<Float>

  /// `count` numbers between 0.1 and 1.1: no denormals, no zeros, in the domain of every function measured.
  init(_ count: Int, seed: UInt64) {
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: count * MemoryLayout<Float>.stride, alignment: 64)
    scalars = bytes.bindMemory(to: Float.self)
    var random = Random(seed: seed)
    for index in 0..<count { scalars.initializeElement(at: index, to: Float.random(in: 0.1..<1.1, using: &random)) }
  }

  deinit { UnsafeMutableRawBufferPointer(scalars).deallocate() }

  var constant: UnsafeBufferPointer<Float> { UnsafeBufferPointer(scalars) }
  var pointer: UnsafeMutablePointer<Float> { scalars.baseAddress! }
}
