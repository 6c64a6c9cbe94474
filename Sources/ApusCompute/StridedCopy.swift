/// Copies between strided arrays, by rows and by tiles.
protocol StridedKernels<Scalar>: SendableMetatype {
  associatedtype Scalar

  static func copy(
    _ source: UnsafePointer<Scalar>, _ sourceStep: Int, _ target: UnsafeMutablePointer<Scalar>, _ targetStep: Int,
    _ count: Int)

  static func accumulate(
    _ source: UnsafePointer<Scalar>, _ sourceStep: Int, _ target: UnsafeMutablePointer<Scalar>, _ targetStep: Int,
    _ count: Int)

  static func transpose(
    _ source: UnsafePointer<Scalar>, _ sourceStride: Int, _ target: UnsafeMutablePointer<Scalar>, _ targetStride: Int,
    _ rows: Int, _ columns: Int)
}

/// Copies a strided array into another, element by element of one shape.
///
/// The general form of making a view contiguous (`targetStrides` row-major), of writing into a view, of transposing, and,
/// with source strides of 0, of repeating.
///
/// - Parameters:
///   - source: The first element to read.
///   - sourceStrides: The step, in elements, along each dimension of `shape`; may be 0 or negative.
///   - target: The first element to write; must not overlap what is read.
///   - targetStrides: The steps of the target; no two indices may meet at one address.
///   - shape: The extents; empty for a single number.
@specialized(where T == Float)
@specialized(where T == Double)
public func copyStrided<T: ComputeScalar>(
  _ source: UnsafePointer<T>, strides sourceStrides: [Int], into target: UnsafeMutablePointer<T>,
  strides targetStrides: [Int], shape: [Int]
) {
  var loop = StridedLoop(shape: shape, strides: sourceStrides, targetStrides)
  if loop.count == 0 { return }
  // Where the rows are contiguous on one side only, and along another dimension on the other side, the two dimensions
  // form a transpose. It goes innermost, with the target's contiguous dimension last.
  if loop.rank > 1, loop.rowStride(0) != loop.rowStride(1) {
    let last = loop.rank - 1
    if loop.rowStride(1) == 1, let d = (0..<last).last(where: { loop.stride($0, 0) == 1 }) {
      loop.swapDimensions(d, last - 1)
      return copyTransposed(source, target, loop)
    }
    if loop.rowStride(0) == 1, let d = (0..<last).last(where: { loop.stride($0, 1) == 1 }) {
      loop.swapDimensions(d, last - 1)
      loop.swapDimensions(last - 1, last)
      return copyTransposed(source, target, loop)
    }
  }
  let length = loop.rowLength
  let steps = (loop.rowStride(0), loop.rowStride(1))
  if loop.rowCount == 1 {
    return forEachChunk(length) { start, count in
      kernels(T.self).copy(source + start * steps.0, steps.0, target + start * steps.1, steps.1, count)
    }
  }
  forEachRowRange(loop.rowCount, length: length) { rows in
    let table = kernels(T.self)
    loop.forEachRow(rows) { _, from, to in table.copy(source + from, steps.0, target + to, steps.1, length) }
  }
}

/// The copy of a loop whose last two dimensions are a transpose: source strides (1, s), target strides (t, 1).
@inline(__always)
private func copyTransposed<T: ComputeScalar>(
  _ source: UnsafePointer<T>, _ target: UnsafeMutablePointer<T>, _ loop: StridedLoop
) {
  let last = loop.rank - 1
  let rows = loop.extent(last - 1)
  let columns = loop.extent(last)
  let sourceStride = loop.stride(last, 0)
  let targetStride = loop.stride(last - 1, 1)
  let matrices = loop.count / (rows * columns)
  // Bands of 64 rows are the units of work.
  let bands = (rows + 63) / 64
  forEachRowRange(matrices * bands, length: min(rows, 64) * columns) { units in
    let table = kernels(T.self)
    for unit in units {
      let band = unit % bands * 64
      loop.forEachRow(unit / bands..<unit / bands + 1, dimensions: last - 1) { _, from, to in
        table.transpose(
          source + from + band, sourceStride, target + to + band * targetStride, targetStride, min(64, rows - band),
          columns)
      }
    }
  }
}

/// Copies a strided array into a contiguous one in row-major order: `copyStrided` with the target's strides implied.
@specialized(where T == Float)
@specialized(where T == Double)
public func copyStrided<T: ComputeScalar>(
  _ source: UnsafePointer<T>, strides sourceStrides: [Int], into target: UnsafeMutablePointer<T>, shape: [Int]
) {
  var strides = shape
  var step = 1
  for d in shape.indices.reversed() {
    strides[d] = step
    step *= shape[d]
  }
  copyStrided(source, strides: sourceStrides, into: target, strides: strides, shape: shape)
}

/// Adds a strided array onto another: target += source, element by element of one shape.
///
/// Parameters as for `copyStrided`. The backward pass of reading a view.
@specialized(where T == Float)
@specialized(where T == Double)
public func accumulateStrided<T: ComputeScalar>(
  _ source: UnsafePointer<T>, strides sourceStrides: [Int], into target: UnsafeMutablePointer<T>,
  strides targetStrides: [Int], shape: [Int]
) {
  let loop = StridedLoop(shape: shape, strides: sourceStrides, targetStrides)
  let length = loop.rowLength
  let steps = (loop.rowStride(0), loop.rowStride(1))
  forEachRowRange(loop.rowCount, length: length) { rows in
    let table = kernels(T.self)
    loop.forEachRow(rows) { _, from, to in table.accumulate(source + from, steps.0, target + to, steps.1, length) }
  }
}
