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
  // Some microseconds: while this is made ahead of time, a part is as long as a job of the team waits for it.
  let perPart = max(1, min((rows.count + Threads.count - 1) / Threads.count, 8192 / max(1, count)))
  parallelFor((rows.count + perPart - 1) / perPart) { part in
    let places = part * perPart..<min((part + 1) * perPart, rows.count)
    fetch(bytes, rows: rows, places, count: count)
    for place in places {
      table.convertBytes(bytes + rows[place] * count, target + place * count, count, scale: scale, shift: shift)
    }
  }
}

/// Touches a byte of every cache line of some rows. Rows at random places come from memory, whose latency is many times what
/// converting them takes: loads that nothing waits for are under way by the dozen, while a conversion has room for those
/// of a row or two.
private func fetch(_ bytes: UnsafePointer<UInt8>, rows: UnsafeBufferPointer<Int>, _ places: Range<Int>, count: Int) {
  var sum = 0
  for place in places {
    let row = bytes + rows[place] * count
    var offset = 0
    while offset < count {
      sum &+= Int(row[offset])
      offset += 64
    }
  }
  // Never true, which the optimiser cannot know: without a use of their sum, the loads would vanish.
  precondition(sum >= 0, "a sum of bytes is negative")
}
