// Images in another size: up-sampling, down-sampling, and means over windows that divide an image as evenly as can be.

extension MathVector {
  /// y = a · p + b · q.
  @inline(__always)
  static func blendRow(
    _ a: UnsafePointer<Scalar>, _ b: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>, _ count: Int,
    _ p: Scalar, _ q: Scalar
  ) {
    let p = Self(repeating: p)
    let q = Self(repeating: q)
    mapRow(a, b, y, count) { a, b in (a * p).adding(b, times: q) }
  }

  /// y += x · factor.
  @inline(__always)
  static func accumulateScaledRow(
    _ x: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>, _ count: Int, _ factor: Scalar
  ) {
    let factor = Self(repeating: factor)
    mapRow(x, y, y, count) { x, y in y.adding(x, times: factor) }
  }

  /// y[i] = x[first[i]] · (1 − share[i]) + x[second[i]] · share[i].
  @inline(__always)
  static func resampleRow(
    _ x: UnsafePointer<Scalar>, _ first: UnsafePointer<Int>, _ second: UnsafePointer<Int>,
    _ share: UnsafePointer<Scalar>?, _ y: UnsafeMutablePointer<Scalar>, _ count: Int
  ) {
    if let share {
      for i in 0..<count {
        let a = x[first[i]]
        y[i] = a + (x[second[i]] - a) * share[i]
      }
    } else {
      for i in 0..<count { y[i] = x[first[i]] }
    }
  }

  /// The backward pass of `resampleRow`: adds to the gradient of x.
  @inline(__always)
  static func resampleGradientRow(
    _ upstream: UnsafePointer<Scalar>, _ first: UnsafePointer<Int>, _ second: UnsafePointer<Int>,
    _ share: UnsafePointer<Scalar>?, _ gradient: UnsafeMutablePointer<Scalar>, _ count: Int
  ) {
    if let share {
      for i in 0..<count {
        let part = upstream[i] * share[i]
        gradient[first[i]] += upstream[i] - part
        gradient[second[i]] += part
      }
    } else {
      for i in 0..<count { gradient[first[i]] += upstream[i] }
    }
  }

  /// The mean of each window of a plane; window i of n along an extent e reaches from ⌊i e / n⌋ to ⌈(i + 1) e / n⌉.
  @inline(__always)
  static func adaptiveAveragePlane(
    _ x: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>, _ height: Int, _ width: Int, _ rows: Int,
    _ columns: Int
  ) {
    for i in 0..<rows {
      let top = i * height / rows
      let bottom = ((i + 1) * height + rows - 1) / rows
      for j in 0..<columns {
        let left = j * width / columns
        let right = ((j + 1) * width + columns - 1) / columns
        // Windows as wide as the plane lie in one piece.
        let length = columns == 1 ? (bottom - top) * width : right - left
        var total = 0.0
        for r in 0..<(columns == 1 ? 1 : bottom - top) {
          let row = x + (top + r) * width + left
          total += SumFold<Self>.row(length) {
            load(row + $0)
          } rest: {
            load(row + $0, count: $1)
          }
        }
        y[i * columns + j] = Scalar(total / Double((bottom - top) * (right - left)))
      }
    }
  }

  /// The backward pass of `adaptiveAveragePlane`: each window's share is spread over it.
  @inline(__always)
  static func adaptiveAverageGradientPlane(
    _ upstream: UnsafePointer<Scalar>, _ gradient: UnsafeMutablePointer<Scalar>, _ height: Int, _ width: Int,
    _ rows: Int, _ columns: Int
  ) {
    gradient.update(repeating: 0, count: height * width)
    for i in 0..<rows {
      let top = i * height / rows
      let bottom = ((i + 1) * height + rows - 1) / rows
      for j in 0..<columns {
        let left = j * width / columns
        let right = ((j + 1) * width + columns - 1) / columns
        let share = upstream[i * columns + j] / Scalar((bottom - top) * (right - left))
        for r in top..<bottom {
          let row = gradient + r * width
          for c in left..<right { row[c] += share }
        }
      }
    }
  }
}
