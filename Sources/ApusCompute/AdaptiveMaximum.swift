/// The largest number of each of `rows` × `columns` windows that cover a plane, whatever its size: window i of n along an extent
/// e reaches from ⌊i e / n⌋ to ⌈(i + 1) e / n⌉, so that windows may overlap by one.
///
/// Of equals the first is taken; a NaN is larger than any number.
///
/// - Parameters:
///   - source: `planes` planes of `height` rows and `width` columns.
///   - target: Receives `planes` · `rows` · `columns` numbers.
///   - places: Receives, for each of them, where in its plane it was found; nil when nobody asks.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
package func adaptiveMaximum<Scalar: ComputeScalar>(
  _ source: UnsafePointer<Scalar>, into target: UnsafeMutablePointer<Scalar>, places: UnsafeMutablePointer<Int32>?,
  planes: Int, height: Int, width: Int, rows: Int, columns: Int
) {
  precondition(
    height > 0 && width > 0 && rows > 0 && columns > 0 && height * width <= Int(Int32.max),
    "adaptiveMaximum: \(rows)x\(columns) windows over \(height)x\(width)")
  let perPart = max(1, 16_384 / (height * width))
  parallelFor((planes + perPart - 1) / perPart) { part in
    for plane in part * perPart..<min((part + 1) * perPart, planes) {
      let own = source + plane * height * width
      var place = plane * rows * columns
      for row in 0..<rows {
        let (top, bottom) = adaptiveWindow(row, of: rows, over: height)
        for column in 0..<columns {
          let (left, right) = adaptiveWindow(column, of: columns, over: width)
          var found = top * width + left
          var highest = own[found]
          for y in top..<bottom {
            for x in left..<right {
              let value = own[y * width + x]
              if value > highest || (value.isNaN && !highest.isNaN) { (found, highest) = (y * width + x, value) }
            }
          }
          target[place] = highest
          places?[place] = Int32(found)
          place += 1
        }
      }
    }
  }
}

/// Sends what comes back for each window to the place where its largest number was found; all other places get 0.
///
/// - Parameters:
///   - upstream: `planes` · `windows` numbers.
///   - places: What `adaptiveMaximum` wrote.
///   - gradient: Receives `planes` · `size` numbers.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
package func adaptiveMaximumGradient<Scalar: ComputeScalar>(
  upstream: UnsafePointer<Scalar>, places: UnsafePointer<Int32>, into gradient: UnsafeMutablePointer<Scalar>,
  planes: Int, size: Int, windows: Int
) {
  let perPart = max(1, 16_384 / max(1, size))
  parallelFor((planes + perPart - 1) / perPart) { part in
    for plane in part * perPart..<min((part + 1) * perPart, planes) {
      let own = gradient + plane * size
      own.update(repeating: 0, count: size)
      for window in plane * windows..<(plane + 1) * windows { own[Int(places[window])] += upstream[window] }
    }
  }
}

private func adaptiveWindow(_ index: Int, of count: Int, over extent: Int) -> (Int, Int) {
  (index * extent / count, ((index + 1) * extent + count - 1) / count)
}
