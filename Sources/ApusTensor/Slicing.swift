import ApusCompute

/// What can stand in the subscript of a tensor, one for each dimension from the first:
///
/// | index | takes |
/// | --- | --- |
/// | `2`, `-1` | one position, counted from the front or the end; the dimension goes |
/// | `1..<3`, `1...2`, `1...`, `..<3` | a range of positions |
/// | `.all` | everything |
/// | `.every(2, from: 1, to: nil)` | every second position from 1 on |
/// | `.newAxis` | nothing: a new dimension of extent 1 |
public protocol TensorIndex {
  /// What the index takes of its dimension.
  var slice: TensorSlice { get }
}

/// What a subscript takes of a dimension.
public enum TensorSlice: Equatable, Sendable {
  /// One position; the dimension goes.
  case position(Int)
  /// Some positions, as in Python: negative ones count from the end, and what reaches beyond is cut off.
  case range(start: Int?, end: Int?, step: Int)
  /// A new dimension of extent 1.
  case insertion
}

extension TensorSlice: TensorIndex {
  /// The slice itself.
  public var slice: TensorSlice { self }

  /// A position as Python reads it: from the end when negative, and not beyond the ends.
  fileprivate static func limited(_ position: Int, _ extent: Int) -> Int {
    Swift.min(Swift.max(position < 0 ? position + extent : position, 0), extent)
  }
}

extension TensorIndex where Self == TensorSlice {
  /// A whole dimension.
  public static var all: TensorSlice { .range(start: nil, end: nil, step: 1) }

  /// A new dimension of extent 1.
  public static var newAxis: TensorSlice { .insertion }

  /// Every `step`-th position from `start` up to, not including, `end`. Negative positions count from the end.
  public static func every(_ step: Int, from start: Int? = nil, to end: Int? = nil) -> TensorSlice {
    .range(start: start, end: end, step: step)
  }
}

extension Int: TensorIndex {
  /// The position.
  public var slice: TensorSlice { .position(self) }
}

extension Range<Int>: TensorIndex {
  /// The range.
  public var slice: TensorSlice { .range(start: lowerBound, end: upperBound, step: 1) }
}

extension ClosedRange<Int>: TensorIndex {
  /// The range. Past −1, the last position, comes the end and not the front.
  public var slice: TensorSlice {
    .range(start: lowerBound, end: upperBound == -1 ? nil : upperBound + 1, step: 1)
  }
}

extension PartialRangeFrom<Int>: TensorIndex {
  /// The range.
  public var slice: TensorSlice { .range(start: lowerBound, end: nil, step: 1) }
}

extension PartialRangeUpTo<Int>: TensorIndex {
  /// The range.
  public var slice: TensorSlice { .range(start: nil, end: upperBound, step: 1) }
}

extension PartialRangeThrough<Int>: TensorIndex {
  /// The range.
  public var slice: TensorSlice {
    .range(start: nil, end: upperBound == -1 ? nil : upperBound + 1, step: 1)
  }
}

extension Tensor {
  /// A part of the tensor, sharing its numbers: `x[0]`, `x[.all, 1..<3]`, `x[-1, .all, .newAxis]`.
  ///
  /// The gradient of what was not taken is 0.
  ///
  /// - Precondition: There are at most as many indices as dimensions, new axes not counted; positions exist.
  public subscript<each Index: TensorIndex>(indices: repeat each Index) -> Tensor {
    var slices: [TensorSlice] = []
    for index in repeat each indices { slices.append(index.slice) }
    return sliced(slices)
  }

  /// A part of the tensor, one slice for each dimension from the first, as the subscript takes them.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func sliced(_ slices: [TensorSlice]) -> Tensor {
    let original = shape
    return recordingView("slice", slicedView(slices)) { upstream in
      let gradient = Tensor.zeros(original)
      gradient.slicedView(slices).overwrite(with: upstream)
      return gradient
    }
  }

  /// `length` positions of the dimension `dim` from `start` on, sharing the numbers.
  ///
  /// - Precondition: The positions exist.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func narrowed(_ dim: Int, from start: Int, length: Int) -> Tensor {
    let axis = shape.axis(dim, "narrowed")
    check(
      start >= 0 && length >= 0 && start + length <= shape.dimensions[axis], "narrowed",
      "dimension \(dim) has no \(length) positions from \(start) on", shape)
    let whole = [TensorSlice](repeating: .all, count: axis)
    return sliced(whole + [.range(start: start, end: start + length, step: 1)])
  }

  /// The part that some slices take. Records nothing.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private func slicedView(_ slices: [TensorSlice]) -> Tensor {
    var extents = Dimensions()
    var steps = Dimensions()
    var start = offset
    var axis = 0
    for slice in slices {
      if slice == .insertion {
        extents.append(1)
        steps.append(1)
        continue
      }
      check(axis < rank, "slice", "there are more indices than dimensions", shape)
      let extent = shape.dimensions[axis]
      switch slice {
      case .position(let position):
        let place = position < 0 ? position + extent : position
        check(place >= 0 && place < extent, "slice", "there is no position \(position) in dimension \(axis)", shape)
        start += place * strides[axis]
      case .range(let from, let to, let step):
        check(step > 0, "slice", "the step \(step) is not positive", shape)
        let low = TensorSlice.limited(from ?? 0, extent)
        let high = TensorSlice.limited(to ?? extent, extent)
        extents.append(low < high ? (high - low + step - 1) / step : 0)
        steps.append(strides[axis] * step)
        if low < high { start += low * strides[axis] }
      case .insertion: break
      }
      axis += 1
    }
    while axis < rank {
      extents.append(shape.dimensions[axis])
      steps.append(strides[axis])
      axis += 1
    }
    return Tensor(storage: storage, offset: start, shape: Shape(extents), strides: steps)
  }

  /// Writes another tensor's numbers into the storage that this view looks at, whoever else does. For results that are
  /// being made.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func overwrite(with source: Tensor) {
    withPointer(source) {
      copyStrided(
        $0, strides: source.strides.array, into: pointer, strides: strides.array, shape: shape.dimensions.array)
    }
  }

  /// The tensor cut into parts of `size` along a dimension; the last may be smaller.
  ///
  /// - Precondition: `size` is positive.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func split(_ size: Int, dim: Int = 0) -> [Tensor] {
    let axis = shape.axis(dim, "split")
    check(size > 0, "split", "parts of \(size)", shape)
    let extent = shape.dimensions[axis]
    return stride(from: 0, to: extent, by: size).map {
      narrowed(axis, from: $0, length: Swift.min(size, extent - $0))
    }
  }

  /// The tensor cut into parts of the given sizes along a dimension.
  ///
  /// - Precondition: The sizes sum to the extent.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func split(_ sizes: [Int], dim: Int = 0) -> [Tensor] {
    let axis = shape.axis(dim, "split")
    check(
      sizes.allSatisfy { $0 >= 0 } && sizes.reduce(0, +) == shape.dimensions[axis], "split",
      "the sizes \(sizes) do not sum to the extent of dimension \(dim)", shape)
    var start = 0
    return sizes.map { size in
      defer { start += size }
      return narrowed(axis, from: start, length: size)
    }
  }
}
