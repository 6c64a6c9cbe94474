/// Copies chosen slices along the middle dimension of an array [outer, count, inner]:
/// y[o, k, i] = x[o, indices[k], i].
///
/// - Parameters:
///   - x: outer × count × inner numbers in row-major order.
///   - indices: Positions in 0 ..< count; may repeat.
///   - y: Receives outer × indices.count × inner numbers. Must not overlap x.
///   - outer: The product of the dimensions before.
///   - count: The extent chosen from.
///   - inner: The product of the dimensions after.
@specialized(where T == Float)
@specialized(where T == Double)
public func selectSlices<T: ComputeScalar>(
  _ x: UnsafePointer<T>, indices: [Int], into y: UnsafeMutablePointer<T>, outer: Int, count: Int, inner: Int
) {
  for o in 0..<outer {
    let block = x + o * count * inner
    let target = y + o * indices.count * inner
    forEachRowRange(indices.count, length: inner) { rows in
      for k in rows { (target + k * inner).update(from: block + indices[k] * inner, count: inner) }
    }
  }
}

/// The backward pass of `selectSlices`: x[o, indices[k], i] += y[o, k, i].
///
/// The order of additions is that of `indices`: threads share the inner dimension out. Parameters as for `selectSlices`, with x written and y read.
@specialized(where T == Float)
@specialized(where T == Double)
public func accumulateSlices<T: ComputeScalar>(
  _ y: UnsafePointer<T>, indices: [Int], into x: UnsafeMutablePointer<T>, outer: Int, count: Int, inner: Int
) {
  // Parts of rows that are worth a thread, and cut where a cache line ends.
  let part = indices.count * inner <= 16384 ? inner : max(64, (16384 / max(indices.count, 1) + 63) / 64 * 64)
  let parts = (inner + part - 1) / part
  parallelFor(outer * parts) { chunk in
    let (o, first) = (chunk / parts, chunk % parts * part)
    let length = min(part, inner - first)
    let source = y + o * indices.count * inner + first
    let target = x + o * count * inner + first
    let table = kernels(T.self)
    for (k, index) in indices.enumerated() {
      table.accumulate(source + k * inner, 1, target + index * inner, length)
    }
  }
}

/// Reads one number for each index: y[i₀, …, iₙ] = x[i₀, …, indices[i₀, …, iₙ], …, iₙ], the index standing in one dimension.
///
/// - Parameters:
///   - x: The first element of the source.
///   - strides: The source's step along each dimension.
///   - axis: The dimension that the indices choose in.
///   - indices: A position for each element of `shape`.
///   - y: Receives the results in row-major order.
///   - shape: The extents of the result, none larger than the source's but that of `axis`.
@specialized(where T == Float)
@specialized(where T == Double)
public func gather<T: ComputeScalar>(
  _ x: UnsafePointer<T>, strides: [Int], axis: Int, indices: [Int], into y: UnsafeMutablePointer<T>, shape: [Int]
) {
  forEachGathered(strides: strides, axis: axis, indices: indices, shape: shape) { position, place in
    y[position] = x[place]
  }
}

/// The backward pass of `gather`: adds each number of y to the place that it was read from.
///
/// The order of additions is the row-major order of y. Parameters as for `gather`, with x written and y read.
@specialized(where T == Float)
@specialized(where T == Double)
public func scatterAdd<T: ComputeScalar>(
  _ y: UnsafePointer<T>, strides: [Int], axis: Int, indices: [Int], into x: UnsafeMutablePointer<T>, shape: [Int]
) {
  forEachGathered(strides: strides, axis: axis, indices: indices, shape: shape) { position, place in
    x[place] += y[position]
  }
}

@inline(__always)
private func forEachGathered(
  strides: [Int], axis: Int, indices: [Int], shape: [Int], _ body: (_ position: Int, _ place: Int) -> Void
) {
  // An odometer over `shape`, with the offset that all dimensions but `axis` add up to.
  var counter = [Int](repeating: 0, count: shape.count)
  var base = 0
  for position in indices.indices {
    body(position, base + indices[position] * strides[axis])
    var d = shape.count - 1
    while d >= 0 {
      counter[d] += 1
      if d != axis { base += strides[d] }
      if counter[d] < shape[d] { break }
      if d != axis { base -= counter[d] * strides[d] }
      counter[d] = 0
      d -= 1
    }
  }
}
