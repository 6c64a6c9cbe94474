import ApusCompute

/// Reduces some dimensions of x, given in ascending order, to extents of 1 that are left out of the result's shape
/// unless `keepDim` is set. Records nothing.
///
/// The drivers reduce the middle of [outer, count, inner]. Dimensions that stand side by side are such a middle; where there
/// are several such runs, the last is reduced first, which needs no copy and leaves little for the others.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
func reducing<Scalar: ComputeScalar>(
  _ function: ReductionFunction, _ x: consuming Tensor<Scalar>, _ axes: [Int], keepDim: Bool = false
) -> Tensor<Scalar> {
  var start = axes.count - 1
  while start > 0 && axes[start - 1] == axes[start] - 1 { start -= 1 }
  if start > 0 {
    let target = x.shape.reduced(axes, keepDim: keepDim)
    let partial = reducing(function, x, Array(axes[start...]), keepDim: true)
    return reducing(function.ofPartialResults, partial, Array(axes[..<start])).reshapedView(target)
  }
  return reducing(x, axes, keepDim: keepDim) { source, target, outer, count, inner in
    reduce(function, source, into: target, outer: outer, count: count, inner: inner)
  }
}

extension ReductionFunction {
  /// What makes one result of the results of equal parts.
  fileprivate var ofPartialResults: ReductionFunction {
    switch self {
    case .sum, .sumOfSquares, .sumOfMagnitudes: .sum
    case .mean: .mean
    case .product: .product
    case .maximum, .maximumMagnitude: .maximum
    case .minimum: .minimum
    }
  }
}

/// Calls `body` with x as a dense array [outer, count, inner] whose middle is to be reduced, and room for the result.
@inline(__always)
func reducing<Scalar: ComputeScalar>(
  _ x: consuming Tensor<Scalar>, _ axes: [Int], keepDim: Bool,
  _ body: (
    _ source: UnsafePointer<Scalar>, _ target: UnsafeMutablePointer<Scalar>, _ outer: Int, _ count: Int, _ inner: Int
  ) -> Void
) -> Tensor<Scalar> {
  x.node = nil
  let result = Tensor<Scalar>(uninitialized: x.shape.reduced(axes, keepDim: keepDim))
  let (dense, outer, count, inner) = x.arranged(axes)
  withPointer(dense) { body($0, result.pointer, outer, count, inner) }
  return result
}

extension Shape {
  /// This shape with some dimensions reduced: made 1, or left out.
  func reduced(_ axes: [Int], keepDim: Bool) -> Shape {
    var result = Dimensions()
    var next = 0
    for d in 0..<rank {
      if next < axes.count && axes[next] == d {
        next += 1
        if keepDim { result.append(1) }
      } else {
        result.append(dimensions[d])
      }
    }
    return Shape(result)
  }
}

extension Tensor {
  /// This tensor as a dense array [outer, count, inner] in whose middle the given dimensions lie.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  consuming func arranged(_ axes: [Int]) -> (dense: Tensor, outer: Int, count: Int, inner: Int) {
    var outer = 1
    var count = 1
    var inner = 1
    for axis in axes { count *= shape.dimensions[axis] }
    if axes.isEmpty { return (withoutHistory.packed(), elementCount, 1, 1) }
    if axes[axes.count - 1] - axes[0] == axes.count - 1 {
      for d in 0..<axes[0] { outer *= shape.dimensions[d] }
      for d in axes[axes.count - 1] + 1..<rank { inner *= shape.dimensions[d] }
      return (packed(), outer, count, inner)
    }
    let kept = (0..<rank).filter { !axes.contains($0) }
    for d in kept { outer *= shape.dimensions[d] }
    return (permutedView(kept + axes).packed(), outer, count, 1)
  }

  /// The dimensions in another order, on the same numbers. Records nothing.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func permutedView(_ axes: [Int]) -> Tensor {
    var extents = Dimensions()
    var steps = Dimensions()
    for axis in axes {
      extents.append(shape.dimensions[axis])
      steps.append(strides[axis])
    }
    return Tensor(storage: storage, offset: offset, shape: Shape(extents), strides: steps)
  }

  /// This tensor, of a reduced shape, with the reduced dimensions back as extents of 1. Records nothing.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  consuming func restoring(_ axes: [Int], of original: Shape) -> Tensor {
    let dense = packed()
    var extents = original.dimensions
    for axis in axes { extents[axis] = 1 }
    let full = Shape(extents)
    return Tensor(storage: dense.storage, offset: dense.offset, shape: full, strides: full.rowMajorStrides)
  }

  /// This tensor, whose extents are those of `target` or 1, repeated to it without copying. Records nothing.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func expandedView(_ target: Shape) -> Tensor {
    Tensor(storage: storage, offset: offset, shape: target, strides: strides(broadcastTo: target))
  }
}
