// Max pooling of 2×2 windows, stride 2, without padding: what nearly every convolutional network uses.
//
// Two registers of each of two rows are split into their even and odd columns, and the four are compared lane by lane.
// The comparison runs from the last element of the window to the first and takes what is "not less", so that of equal
// elements the first wins; a NaN always wins, and of two the first.

#if APUS_AVX512
  private typealias IndexVector = SIMD16<Int32>
#elseif APUS_AVX2
  private typealias IndexVector = SIMD8<Int32>
#else
  private typealias IndexVector = SIMD4<Int32>
#endif

/// The columns 0, 2, 4 … and 1, 3, 5 … of two registers that follow one another.
@inline(__always)
private func split(_ low: FloatVector, _ high: FloatVector) -> (even: FloatVector, odd: FloatVector) {
  (
    FloatVector(lowHalf: low.evenHalf, highHalf: high.evenHalf),
    FloatVector(lowHalf: low.oddHalf, highHalf: high.oddHalf)
  )
}

/// Reads 2 · width columns of a row of which `count` exist.
@inline(__always)
private func loadRow(
  _ row: UnsafePointer<Float>, _ count: Int, isWhole: Bool
) -> (even: FloatVector, odd: FloatVector) {
  let width = FloatVector.width
  if isWhole { return split(.load(row), .load(row + width)) }
  return split(
    .load(row, count: min(width, count)), .load(row + min(width, count), count: max(0, count - width)))
}

/// Takes the lanes of an earlier element of the window that are not less than the best so far, or NaN.
@inline(__always)
private func keepLarger(
  _ best: inout FloatVector, _ place: inout IndexVector, _ candidate: FloatVector, _ first: IndexVector, _ offset: Int
) {
  let there = first &+ IndexVector(repeating: Int32(truncatingIfNeeded: offset))
  let notLess = best .<= candidate
  let isNaN = candidate .!= candidate
  best = best.replacing(with: candidate, where: notLess).replacing(with: candidate, where: isNaN)
  place = place.replacing(with: there, where: notLess).replacing(with: there, where: isNaN)
}

extension FloatKernels {
  /// `y[i, j] = max(x[2i, 2j], x[2i, 2j+1], x[2i+1, 2j], x[2i+1, 2j+1])` for one plane of `width` columns; `indices`, unless
  /// nil, receives the place of each maximum in the plane. `readable` scalars may be read from `x` on.
  public static func maxPool2x2(
    _ x: UnsafePointer<Float>, width: Int, rows: Int, columns: Int, readable: Int, into y: UnsafeMutablePointer<Float>,
    indices: UnsafeMutablePointer<Int32>?
  ) {
    let lanes = FloatVector.width
    var steps = IndexVector(repeating: 0)
    for lane in 0..<lanes { steps[lane] = Int32(2 * lane) }
    for row in 0..<rows {
      var column = 0
      while column < columns {
        let count = min(lanes, columns - column)
        let at = 2 * row * width + 2 * column
        let isWhole = at + width + 2 * lanes <= readable
        let top = loadRow(x + at, 2 * count, isWhole: isWhole)
        let bottom = loadRow(x + at + width, 2 * count, isWhole: isWhole)
        let first = steps &+ IndexVector(repeating: Int32(truncatingIfNeeded: at))
        var best = bottom.odd
        var place = first &+ IndexVector(repeating: Int32(truncatingIfNeeded: width + 1))
        keepLarger(&best, &place, bottom.even, first, width)
        keepLarger(&best, &place, top.odd, first, 1)
        keepLarger(&best, &place, top.even, first, 0)
        let to = row * columns + column
        if count == lanes {
          best.store(y + to)
          if let indices { UnsafeMutableRawPointer(indices + to).storeBytes(of: place, as: IndexVector.self) }
        } else {
          best.store(y + to, count: count)
          if let indices { place.storeLow(indices + to, count) }
        }
        column += lanes
      }
    }
  }
}

extension DoubleKernels {
  /// The same for Double, one element at a time: Double is for checking gradients.
  public static func maxPool2x2(
    _ x: UnsafePointer<Double>, width: Int, rows: Int, columns: Int, readable: Int,
    into y: UnsafeMutablePointer<Double>, indices: UnsafeMutablePointer<Int32>?
  ) {
    for row in 0..<rows {
      for column in 0..<columns {
        let at = 2 * row * width + 2 * column
        var place = at + width + 1
        if x[at + width] >= x[place] || x[at + width].isNaN { place = at + width }
        if x[at + 1] >= x[place] || x[at + 1].isNaN { place = at + 1 }
        if x[at] >= x[place] || x[at].isNaN { place = at }
        y[row * columns + column] = x[place]
        indices?[row * columns + column] = Int32(truncatingIfNeeded: place)
      }
    }
  }
}
