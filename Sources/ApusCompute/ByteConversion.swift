/// Bytes as numbers.
protocol ByteKernels<Scalar>: SendableMetatype {
  associatedtype Scalar

  static func convertBytes(
    _ bytes: UnsafePointer<UInt8>, _ target: UnsafeMutablePointer<Scalar>, _ count: Int, scale: Scalar, shift: Scalar)
}

/// `target = byte · scale + shift` for rows of bytes that are gathered from anywhere: how images become a batch.
///
/// - Parameters:
///   - bytes: Rows of `count` bytes, one after the other.
///   - rows: Which rows, in what order.
///   - count: Bytes of a row.
///   - scale: What each byte is multiplied by.
///   - shift: What is added.
///   - target: Receives `rows.count` · `count` numbers.
package func gatherBytes(
  _ bytes: UnsafePointer<UInt8>, rows: UnsafeBufferPointer<Int>, count: Int, scale: Float, shift: Float,
  into target: UnsafeMutablePointer<Float>
) {
  let table = kernels(Float.self)
  let perPart = max(1, 8192 / max(1, count))
  parallelFor((rows.count + perPart - 1) / perPart) { part in
    for place in part * perPart..<min((part + 1) * perPart, rows.count) {
      table.convertBytes(bytes + rows[place] * count, target + place * count, count, scale: scale, shift: shift)
    }
  }
}
