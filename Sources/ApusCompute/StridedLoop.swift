/// A walk over the elements of one shape in several strided arrays at once, with as few dimensions as the strides allow.
///
/// Dimensions of extent 1 are dropped, and neighbours that every array crosses without a jump are merged: a contiguous
/// array of any rank becomes one row, a broadcast bias two dimensions.
struct StridedLoop {
  /// How many arrays.
  let operands: Int

  /// Dimensions that are left; at least 1, unless there is no element.
  private(set) var rank = 0

  /// For each dimension its extent, then its stride in each array.
  private(set) var table: [Int]

  /// Elements of the shape.
  private(set) var count: Int

  init(shape: [Int], strides: [Int]...) {
    operands = strides.count
    count = 1
    let width = operands + 1
    table = []
    table.reserveCapacity(max(shape.count, 1) * width)
    for d in shape.indices {
      count *= shape[d]
      if shape[d] == 1 { continue }
      let merges =
        rank > 0
        && strides.indices.allSatisfy { table[(rank - 1) * width + 1 + $0] == strides[$0][d] * shape[d] }
      if merges {
        table[(rank - 1) * width] *= shape[d]
        for k in strides.indices { table[(rank - 1) * width + 1 + k] = strides[k][d] }
      } else {
        table.append(shape[d])
        for k in strides.indices { table.append(strides[k][d]) }
        rank += 1
      }
    }
    if rank == 0 {
      table = [1] + [Int](repeating: 1, count: operands)
      rank = 1
    }
  }

  /// Extent of the innermost dimension: the length of a row.
  var rowLength: Int { table[(rank - 1) * (operands + 1)] }

  /// Stride of an array along the innermost dimension.
  func rowStride(_ operand: Int) -> Int { table[(rank - 1) * (operands + 1) + 1 + operand] }

  /// Rows: the product of all other extents.
  var rowCount: Int { count == 0 ? 0 : count / rowLength }

  func extent(_ dimension: Int) -> Int { table[dimension * (operands + 1)] }
  func stride(_ dimension: Int, _ operand: Int) -> Int { table[dimension * (operands + 1) + 1 + operand] }

  /// Exchanges two dimensions. Row-major order of the shape is then lost.
  mutating func swapDimensions(_ a: Int, _ b: Int) {
    let width = operands + 1
    for k in 0..<width { table.swapAt(a * width + k, b * width + k) }
  }

  /// Calls `body` for the rows `rows`, with the offset of each row's first element in each of at most two arrays.
  @inline(__always)
  func forEachRow(_ rows: Range<Int>, _ body: (_ row: Int, _ first: Int, _ second: Int) -> Void) {
    forEachRow(rows, dimensions: rank - 1, body)
  }

  /// The same where a row is what `dimensions` outer dimensions leave.
  @inline(__always)
  func forEachRow(_ rows: Range<Int>, dimensions: Int, _ body: (_ row: Int, _ first: Int, _ second: Int) -> Void) {
    let last = operands - 1
    table.withUnsafeBufferPointer { table in
      let width = operands + 1
      withUnsafeTemporaryAllocation(of: Int.self, capacity: max(dimensions, 1)) { index in
        var first = 0
        var second = 0
        var rest = rows.lowerBound
        for d in Swift.stride(from: dimensions - 1, through: 0, by: -1) {
          let extent = table[d * width]
          index[d] = rest % extent
          rest /= extent
          first += index[d] * table[d * width + 1]
          second += index[d] * table[d * width + 1 + last]
        }
        for row in rows {
          body(row, first, second)
          var d = dimensions - 1
          while d >= 0 {
            index[d] += 1
            first += table[d * width + 1]
            second += table[d * width + 1 + last]
            if index[d] < table[d * width] { break }
            first -= index[d] * table[d * width + 1]
            second -= index[d] * table[d * width + 1 + last]
            index[d] = 0
            d -= 1
          }
        }
      }
    }
  }
}

/// Runs `body` over ranges of `rows` rows of `length` elements, cut so that a range holds about 16384 elements.
@inline(__always)
func forEachRowRange(_ rows: Int, length: Int, _ body: (Range<Int>) -> Void) {
  let size = max(1, 16384 / max(length, 1))
  if rows <= size {
    if rows > 0 { body(0..<rows) }
    return
  }
  parallelFor((rows + size - 1) / size) { chunk in
    body(chunk * size..<min(rows, (chunk + 1) * size))
  }
}
