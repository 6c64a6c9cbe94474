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
  ScalarTwin.forEachIndex(shape) { index in
    var p = source
    var q = target
    for d in shape.indices {
      p += index[d] * sourceStrides[d]
      q += index[d] * targetStrides[d]
    }
    q.pointee = p.pointee
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
  ScalarTwin.forEachIndex(shape) { index in
    var p = source
    var q = target
    for d in shape.indices {
      p += index[d] * sourceStrides[d]
      q += index[d] * targetStrides[d]
    }
    q.pointee += p.pointee
  }
}
