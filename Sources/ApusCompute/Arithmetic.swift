import ApusKernels

/// Elementwise functions of two variables and the loops of arithmetic around them, for any count.
protocol ArithmeticKernels<Scalar>: SendableMetatype {
  associatedtype Scalar

  static func combine(
    _ code: Int, _ a: UnsafePointer<Scalar>, _ b: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>,
    _ count: Int)

  static func combine(
    _ code: Int, _ a: UnsafePointer<Scalar>, scalar b: Scalar, _ y: UnsafeMutablePointer<Scalar>, _ count: Int)

  static func combine(
    _ code: Int, scalar a: Scalar, _ b: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>, _ count: Int)

  static func select(
    _ condition: UnsafePointer<Scalar>, _ a: UnsafePointer<Scalar>, _ b: UnsafePointer<Scalar>,
    _ y: UnsafeMutablePointer<Scalar>, _ count: Int)

  static func accumulate(
    _ x: UnsafePointer<Scalar>, _ scale: Scalar, _ y: UnsafeMutablePointer<Scalar>, _ count: Int)

  static func applyMask(
    _ keep: UnsafePointer<UInt8>, _ x: UnsafePointer<Scalar>, _ scale: Scalar, _ y: UnsafeMutablePointer<Scalar>,
    _ count: Int)
}

/// An elementwise function of two variables: `add`, `subtract`, `multiply`, `divide`, `maximum`, `minimum`, `power`,
/// and the comparisons `less`, `lessEqual`, `greater`, `greaterEqual`, `equal`, `notEqual`, whose result is 0 or 1.
///
/// `maximum` and `minimum` give NaN when either operand is NaN. `power` has the special cases of C's `pow`.
public typealias BinaryFunction = ApusKernels.BinaryCode

/// y = f(a, b) for `count` numbers.
///
/// - Parameters:
///   - function: The function f.
///   - a: `count` left operands.
///   - b: `count` right operands.
///   - y: Receives `count` results. May be `a` or `b`, but must not overlap them otherwise.
///   - count: How many.
@specialized(where T == Float)
@specialized(where T == Double)
public func combine<T: ComputeScalar>(
  _ function: BinaryFunction, _ a: UnsafePointer<T>, _ b: UnsafePointer<T>, into y: UnsafeMutablePointer<T>, count: Int
) {
  forEachChunk(count) { start, length in
    kernels(T.self).combine(function.rawValue, a + start, b + start, y + start, length)
  }
}

/// y = f(a, b) for `count` numbers a and one number b. Otherwise as the function of two vectors.
@specialized(where T == Float)
@specialized(where T == Double)
public func combine<T: ComputeScalar>(
  _ function: BinaryFunction, _ a: UnsafePointer<T>, scalar b: T, into y: UnsafeMutablePointer<T>, count: Int
) {
  forEachChunk(count) { start, length in
    kernels(T.self).combine(function.rawValue, a + start, scalar: b, y + start, length)
  }
}

/// y = f(a, b) for one number a and `count` numbers b. Otherwise as the function of two vectors.
@specialized(where T == Float)
@specialized(where T == Double)
public func combine<T: ComputeScalar>(
  _ function: BinaryFunction, scalar a: T, _ b: UnsafePointer<T>, into y: UnsafeMutablePointer<T>, count: Int
) {
  forEachChunk(count) { start, length in
    kernels(T.self).combine(function.rawValue, scalar: a, b + start, y + start, length)
  }
}

/// y = f(a, b) over a shape, the operands with any strides; y is contiguous in row-major order.
///
/// A stride of 0 repeats an operand along that dimension: that is how broadcasting is expressed.
///
/// - Parameters:
///   - function: The function f.
///   - a: The left operand's first element.
///   - aStrides: Its step, in elements, along each dimension of `shape`.
///   - b: The right operand's first element.
///   - bStrides: Its steps.
///   - y: Receives the results, one for each element of `shape`. May be an operand that has exactly y's layout.
///   - shape: The extents of the result; empty for a single number.
@specialized(where T == Float)
@specialized(where T == Double)
public func combine<T: ComputeScalar>(
  _ function: BinaryFunction, _ a: UnsafePointer<T>, strides aStrides: [Int], _ b: UnsafePointer<T>,
  strides bStrides: [Int], into y: UnsafeMutablePointer<T>, shape: [Int]
) {
  let loop = StridedLoop(shape: shape, strides: aStrides, bStrides)
  if loop.count == 0 { return }
  let length = loop.rowLength
  let rows = loop.rowCount
  switch (loop.rowStride(0), loop.rowStride(1)) {
  case (1, 1) where rows == 1: combine(function, a, b, into: y, count: length)
  case (1, 0) where rows == 1: combine(function, a, scalar: b.pointee, into: y, count: length)
  case (0, 1) where rows == 1: combine(function, scalar: a.pointee, b, into: y, count: length)
  case (1, 1), (1, 0), (0, 1): combineRows(function, a, b, into: y, loop)
  default:
    // Rows with other steps are copied first, whole operands at a time: rare, and simple this way.
    let count = loop.count
    withUnsafeTemporaryAllocation(of: T.self, capacity: max(count, 1)) { left in
      withUnsafeTemporaryAllocation(of: T.self, capacity: max(count, 1)) { right in
        copyStrided(a, strides: aStrides, into: left.baseAddress!, shape: shape)
        copyStrided(b, strides: bStrides, into: right.baseAddress!, shape: shape)
        combine(function, left.baseAddress!, right.baseAddress!, into: y, count: count)
      }
    }
  }
}

/// `combine` for rows that are contiguous in one operand and contiguous or constant in the other.
@inline(__always)
private func combineRows<T: ComputeScalar>(
  _ function: BinaryFunction, _ a: UnsafePointer<T>, _ b: UnsafePointer<T>, into y: UnsafeMutablePointer<T>,
  _ loop: StridedLoop
) {
  let length = loop.rowLength
  let code = function.rawValue
  let isShort = length < 256 && loop.rank == 2
  if isShort, loop.rowStride(0) == 1, loop.rowStride(1) == 1, loop.stride(0, 0) == length, loop.stride(0, 1) == 0 {
    return withRepeatedRow(b, length, rows: loop.rowCount) { b, start, count in
      kernels(T.self).combine(code, a + start, b, y + start, count)
    }
  }
  if isShort, loop.rowStride(0) == 1, loop.rowStride(1) == 1, loop.stride(0, 1) == length, loop.stride(0, 0) == 0 {
    return withRepeatedRow(a, length, rows: loop.rowCount) { a, start, count in
      kernels(T.self).combine(code, a, b + start, y + start, count)
    }
  }
  let steps = (loop.rowStride(0), loop.rowStride(1))
  forEachRowRange(loop.rowCount, length: length) { rows in
    let table = kernels(T.self)
    loop.forEachRow(rows) { row, first, second in
      let target = y + row * length
      if steps == (1, 1) {
        table.combine(code, a + first, b + second, target, length)
      } else if steps.0 == 1 {
        table.combine(code, a + first, scalar: b[second], target, length)
      } else {
        table.combine(code, scalar: a[first], b + second, target, length)
      }
    }
  }
}

/// Repeats a short row some times in scratch memory and hands it to `body` for stretches of as many rows: one long loop
/// instead of many short ones, for the bias of a small layer.
@inline(__always)
private func withRepeatedRow<T: ComputeScalar>(
  _ row: UnsafePointer<T>, _ length: Int, rows: Int,
  _ body: (_ repeated: UnsafePointer<T>, _ start: Int, _ count: Int) -> Void
) {
  let repeats = min(rows, 1024 / length + 1)
  withUnsafeTemporaryAllocation(of: T.self, capacity: repeats * length) { buffer in
    let repeated = buffer.baseAddress!
    for k in 0..<repeats { (repeated + k * length).update(from: row, count: length) }
    forEachRowRange((rows + repeats - 1) / repeats, length: repeats * length) { groups in
      for group in groups {
        let start = group * repeats
        body(repeated, start * length, min(repeats, rows - start) * length)
      }
    }
  }
}

/// y = condition ≠ 0 ? a : b for `count` numbers.
///
/// y may be any of the operands.
@specialized(where T == Float)
@specialized(where T == Double)
public func select<T: ComputeScalar>(
  _ condition: UnsafePointer<T>, _ a: UnsafePointer<T>, _ b: UnsafePointer<T>, into y: UnsafeMutablePointer<T>,
  count: Int
) {
  forEachChunk(count) { start, length in
    kernels(T.self).select(condition + start, a + start, b + start, y + start, length)
  }
}

/// y = keep ≠ 0 ? x · scale : 0 for `count` numbers: dropout, forward and backward. y may be x.
@specialized(where T == Float)
@specialized(where T == Double)
public func applyMask<T: ComputeScalar>(
  _ keep: UnsafePointer<UInt8>, _ x: UnsafePointer<T>, scale: T, into y: UnsafeMutablePointer<T>, count: Int
) {
  forEachChunk(count) { start, length in
    kernels(T.self).applyMask(keep + start, x + start, scale, y + start, length)
  }
}

/// y += scale · x for `count` numbers.
@specialized(where T == Float)
@specialized(where T == Double)
public func accumulate<T: ComputeScalar>(
  _ x: UnsafePointer<T>, scale: T = 1, into y: UnsafeMutablePointer<T>, count: Int
) {
  forEachChunk(count) { start, length in
    kernels(T.self).accumulate(x + start, scale, y + start, length)
  }
}

/// y = value for `count` numbers.
@specialized(where T == Float)
@specialized(where T == Double)
public func fill<T: ComputeScalar>(_ y: UnsafeMutablePointer<T>, with value: T, count: Int) {
  forEachChunk(count, of: 65536) { start, length in (y + start).update(repeating: value, count: length) }
}
