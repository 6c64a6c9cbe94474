import ApusKernels

/// Folds of rows and of columns; the results are `Double`, to be merged further.
protocol ReductionKernels<Scalar>: SendableMetatype {
  associatedtype Scalar

  static func reduceRow(_ code: Int, _ x: UnsafePointer<Scalar>, _ count: Int) -> Double

  static func reduceColumns(
    _ code: Int, _ x: UnsafePointer<Scalar>, _ rowStride: Int, _ rows: Int, _ columns: Int,
    _ totals: UnsafeMutablePointer<Double>)

  static func firstIndex(of value: Scalar, _ x: UnsafePointer<Scalar>, _ count: Int) -> Int
}

/// A function from many numbers to one: `sum`, `mean`, `product`, `maximum`, `minimum`, `sumOfSquares`,
/// `sumOfMagnitudes`, `maximumMagnitude`.
///
/// Over no numbers: 0 for the sums, NaN for `mean`, 1 for `product`, −∞ and ∞ for `maximum` and `minimum`, 0 for
/// `maximumMagnitude`. A NaN among the numbers makes the result NaN.
public typealias ReductionFunction = ApusKernels.ReductionCode

/// Which extreme `argument` looks for.
public enum Extreme: Sendable {
  case maximum, minimum
}

/// Reduces the middle dimension of an array [outer, count, inner].
///
/// One call covers a reduction over rows (`inner` = 1), over columns (`outer` = 1) and over everything (both 1), and any
/// run of adjacent dimensions. The order of additions depends only on the sizes: the result has the same bits at any
/// thread count. Sums are exact to about log₂(count) roundings, not count.
///
/// - Parameters:
///   - function: What to compute of the `count` numbers.
///   - x: outer × count × inner numbers in row-major order.
///   - y: Receives outer × inner results. Must not overlap x.
///   - outer: The product of the dimensions before the reduced ones.
///   - count: The product of the reduced dimensions.
///   - inner: The product of the dimensions after.
@specialized(where T == Float)
@specialized(where T == Double)
public func reduce<T: ComputeScalar>(
  _ function: ReductionFunction, _ x: UnsafePointer<T>, into y: UnsafeMutablePointer<T>, outer: Int, count: Int,
  inner: Int
) {
  let results = outer * inner
  guard results > 0 else { return }
  if count == 0 {
    let value = function == .mean ? Double.nan : function == .maximumMagnitude ? 0 : function.neutral
    y.update(repeating: T(value), count: results)
  } else if inner == 1 {
    reduceRows(function, x, into: y, rows: outer, count: count)
  } else {
    let divisor = function == .mean ? Double(count) : 1
    withColumnFolds(x, outer: outer, count: count, inner: inner, neutral: function.neutral) {
      kernels(T.self).reduceColumns(function.rawValue, $0, $1, $2, $3, $4)
    } merge: {
      function.merge($0, $1)
    } result: {
      y[$0] = T($1 / divisor)
    }
  }
}

/// `reduce` of contiguous rows.
@inline(__always)
private func reduceRows<T: ComputeScalar>(
  _ function: ReductionFunction, _ x: UnsafePointer<T>, into y: UnsafeMutablePointer<T>, rows: Int, count: Int
) {
  let divisor = function == .mean ? Double(count) : 1
  let code = function.rawValue
  let segment = 16384
  if count <= 2 * segment {
    return forEachRowRange(rows, length: count) { range in
      let table = kernels(T.self)
      for row in range { y[row] = T(table.reduceRow(code, x + row * count, count) / divisor) }
    }
  }
  // Long rows are cut at the places where the kernel would cut them too.
  let segments = (count + segment - 1) / segment
  Scratch.withScalars(rows * segments, of: Double.self) { partial in
    parallelFor(rows * segments) { unit in
      let (row, start) = (unit / segments, unit % segments * segment)
      partial[unit] = kernels(T.self).reduceRow(code, x + row * count + start, min(segment, count - start))
    }
    for row in 0..<rows {
      var total = partial[row * segments]
      for k in 1..<segments { total = function.merge(total, partial[row * segments + k]) }
      y[row] = T(total / divisor)
    }
  }
}

/// Folds the middle dimension of an array [outer, count, inner] with `inner` > 1 by a kernel that folds columns.
///
/// - Parameters:
///   - kernel: Folds columns: (first element, row stride, rows, columns, totals to fold onto).
///   - merge: Merges two folds.
///   - result: Receives each result's position in [outer, inner] and its fold.
@inline(__always)
func withColumnFolds<T: ComputeScalar>(
  _ x: UnsafePointer<T>, outer: Int, count: Int, inner: Int, neutral: Double,
  _ kernel: (UnsafePointer<T>, Int, Int, Int, UnsafeMutablePointer<Double>) -> Void,
  merge: (Double, Double) -> Double, result: (Int, Double) -> Void
) {
  // Narrow arrays are read as if several rows were one: a register then always finds enough columns.
  let repeats = inner < 32 ? max(1, min(count, 64 / inner)) : 1
  let columns = repeats * inner
  let rows = count / repeats
  // Units of work: blocks of rows by blocks of columns. Wide arrays are cut along the columns, tall ones along the rows.
  let columnBlock = min(columns, 1024)
  let columnBlocks = (columns + columnBlock - 1) / columnBlock
  let rowBlock = max(128, 65536 / columnBlock)
  let rowBlocks = (rows + rowBlock - 1) / rowBlock
  let units = outer * rowBlocks * columnBlocks
  let plane = count * inner
  Scratch.withScalars(outer * rowBlocks * columns, of: Double.self) { totals in
    totals.update(repeating: neutral, count: outer * rowBlocks * columns)
    func fold(_ unit: Int) {
      let column = unit % columnBlocks * columnBlock
      let block = unit / columnBlocks
      let row = block % rowBlocks * rowBlock
      kernel(
        x + block / rowBlocks * plane + row * columns + column, columns, min(rowBlock, rows - row),
        min(columnBlock, columns - column), totals + block * columns + column)
    }
    if outer * plane <= 32768 {
      for unit in 0..<units { fold(unit) }
    } else {
      parallelFor(units, fold)
    }
    for o in 0..<outer {
      let first = totals + o * rowBlocks * columns
      for block in 1..<max(rowBlocks, 1) {
        for c in 0..<columns { first[c] = merge(first[c], first[block * columns + c]) }
      }
      for k in 1..<max(repeats, 1) {
        for c in 0..<inner { first[c] = merge(first[c], first[k * inner + c]) }
      }
      // Rows that were too few to make up one more combined row.
      let rest = rows * repeats
      if rest < count { kernel(x + o * plane + rest * inner, inner, count - rest, inner, first) }
      for c in 0..<inner { result(o * inner + c, first[c]) }
    }
  }
}

/// The sum of `count` numbers; see `reduce`.
@specialized(where T == Float)
@specialized(where T == Double)
public func sum<T: ComputeScalar>(_ x: UnsafePointer<T>, count: Int) -> T {
  var result: T = 0
  reduce(.sum, x, into: &result, outer: 1, count: count, inner: 1)
  return result
}

/// The position of the largest or smallest number along the middle dimension of an array [outer, count, inner].
///
/// Of equal numbers the first counts; a NaN counts as larger and smaller than all others.
///
/// - Parameters:
///   - extreme: Largest or smallest.
///   - x: outer × count × inner numbers in row-major order.
///   - positions: Receives outer × inner positions, each in 0 ..< count.
///   - outer: The product of the dimensions before.
///   - count: The extent searched.
///   - inner: The product of the dimensions after.
/// - Precondition: `count` > 0.
@specialized(where T == Float)
@specialized(where T == Double)
public func argument<T: ComputeScalar>(
  of extreme: Extreme, _ x: UnsafePointer<T>, into positions: UnsafeMutablePointer<Int>, outer: Int, count: Int,
  inner: Int
) {
  precondition(count > 0, "argument of the \(extreme) of no numbers")
  let function: ReductionFunction = extreme == .maximum ? .maximum : .minimum
  if inner == 1 {
    return forEachRowRange(outer, length: count) { rows in
      let table = kernels(T.self)
      for row in rows {
        let value = T(table.reduceRow(function.rawValue, x + row * count, count))
        positions[row] = table.firstIndex(of: value, x + row * count, count)
      }
    }
  }
  Scratch.withScalars(outer * inner, of: T.self) { values in
    reduce(function, x, into: values, outer: outer, count: count, inner: inner)
    forEachRowRange(outer, length: count * inner) { range in
      for o in range {
        let best = values + o * inner
        // Backwards, so that the first of equals is written last.
        for k in Swift.stride(from: count - 1, through: 0, by: -1) {
          let row = x + (o * count + k) * inner
          for i in 0..<inner where row[i] == best[i] || row[i] != row[i] { positions[o * inner + i] = k }
        }
      }
    }
  }
}

extension ReductionFunction {
  /// What merging leaves unchanged.
  var neutral: Double {
    switch self {
    case .sum, .mean, .sumOfSquares, .sumOfMagnitudes: 0
    case .product: 1
    case .maximum, .maximumMagnitude: -.infinity
    case .minimum: .infinity
    }
  }

  /// Merges the folds of two parts.
  func merge(_ a: Double, _ b: Double) -> Double {
    switch self {
    case .sum, .mean, .sumOfSquares, .sumOfMagnitudes: a + b
    case .product: a * b
    case .maximum, .maximumMagnitude: a != a || b <= a ? a : b
    case .minimum: a != a || a <= b ? a : b
    }
  }
}
