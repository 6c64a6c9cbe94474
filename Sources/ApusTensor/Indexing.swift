import ApusCompute

// Operations that take elements by number. An element that is taken several times gets the sum of the gradients.

extension Tensor {
  /// One element for each index: along dimension `dim`, result[.., i, ..] = self[.., index[.., i, ..], ..].
  ///
  /// - Parameters:
  ///   - dim: The dimension that the indices choose in.
  ///   - index: Positions; of as many dimensions as this tensor, and in the others of at most its extents.
  /// - Returns: A tensor in the shape of `index`.
  /// - Precondition: The shapes fit, and the positions exist.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func gathered(_ dim: Int, _ index: IndexTensor) -> Tensor {
    let axis = shape.axis(dim, "gathered")
    let fits = index.rank == rank && (0..<rank).allSatisfy { $0 == axis || index.shape[$0] <= shape[$0] }
    check(fits, "gathered", "the index does not fit the tensor", shape, index.shape)
    checkPositions(index.values, axis, "gathered")
    var y = Tensor(uninitialized: index.shape)
    let extents = Array(index.shape)
    withPointer(self) {
      gather($0, strides: strides.array, axis: axis, indices: index.values, into: y.pointer, shape: extents)
    }
    guard let node = recordedNode else { return y }
    let original = shape
    y.record("gathered", node) { upstream, operands in
      let gradient = Tensor.zeros(original)
      withPointer(upstream.packed()) {
        scatterAdd(
          $0, strides: gradient.strides.array, axis: axis, indices: index.values, into: gradient.pointer, shape: extents
        )
      }
      operands.send(0, gradient)
    }
    return y
  }

  /// The slices of dimension `dim` that the indices name, in their order.
  ///
  /// - Precondition: `index` has one dimension, and the positions exist.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func indexSelect(_ dim: Int, _ index: IndexTensor) -> Tensor {
    let axis = shape.axis(dim, "indexSelect")
    check(index.rank == 1, "indexSelect", "the index has not one dimension", shape, index.shape)
    return selectingSlices(axis, index.values, "indexSelect")
  }

  /// The named slices of one dimension, recorded under the name of the operation that needs them.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func selectingSlices(
    _ axis: Int, _ indices: [Int], _ name: String, ignoring: Int? = nil
  ) -> Tensor {
    checkPositions(indices, axis, name)
    let (outer, count, inner) = shape.around(axis)
    var y = Tensor(uninitialized: shape.replacing(axis, with: indices.count))
    withPointer(withoutHistory.packed()) {
      selectSlices($0, indices: indices, into: y.pointer, outer: outer, count: count, inner: inner)
    }
    guard let node = recordedNode else { return y }
    let original = shape
    y.record(name, node) { upstream, operands in
      let gradient = Tensor.zeros(original)
      withPointer(upstream.packed()) {
        accumulateSlices($0, indices: indices, into: gradient.pointer, outer: outer, count: count, inner: inner)
      }
      if let ignoring {
        gradient.slice(axis, ignoring).overwrite(with: Tensor.zeros([]).expandedView(original.removing(axis)))
      }
      operands.send(0, gradient)
    }
    return y
  }

  /// One position of a dimension. Records nothing.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private func slice(_ axis: Int, _ position: Int) -> Tensor {
    var steps = strides
    steps.remove(at: axis)
    return Tensor(
      storage: storage, offset: offset + position * strides[axis], shape: shape.removing(axis), strides: steps)
  }

  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private func checkPositions(_ indices: [Int], _ axis: Int, _ name: String) {
    let extent = shape.dimensions[axis]
    for index in indices where index < 0 || index >= extent {
      fail(name, "there is no position \(index) in dimension \(axis)", shape)
    }
  }
}

/// A row of a table for each index: [..] and [count, width] give [.., width].
///
/// - Parameters:
///   - indices: Rows, of any shape.
///   - table: [count, width].
///   - paddingIndex: A row that gets no gradient.
/// - Precondition: The rows exist.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
public func embedding<Scalar: ComputeScalar>(
  _ indices: IndexTensor, _ table: Tensor<Scalar>, paddingIndex: Int? = nil
) -> Tensor<Scalar> {
  check(table.rank == 2, "embedding", "the table is no matrix [count, width]", table.shape)
  let rows = table.selectingSlices(0, indices.values, "embedding", ignoring: paddingIndex)
  return rows.reshaped(to: Shape(Array(indices.shape) + [table.shape[1]]))
}

extension Tensor {
  /// The position of the largest number: along dimension `dim`, or in row-major order for nil. Of equals the first; a NaN
  /// counts as largest.
  ///
  /// - Parameters:
  ///   - dim: The dimension to search.
  ///   - keepDim: Leave that dimension (all dimensions for nil) as an extent of 1.
  /// - Precondition: There are numbers to choose from.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func argmax(_ dim: Int? = nil, keepDim: Bool = false) -> IndexTensor {
    argument(.maximum, "argmax", dim, keepDim)
  }

  /// The position of the smallest number; see `argmax`.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func argmin(_ dim: Int? = nil, keepDim: Bool = false) -> IndexTensor {
    argument(.minimum, "argmin", dim, keepDim)
  }

  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private func argument(_ extreme: Extreme, _ name: String, _ dim: Int?, _ keepDim: Bool) -> IndexTensor {
    let axes = shape.axes(dim.map { [$0] }, name)
    check(shape.count(along: axes) > 0, name, "there are no numbers to choose from", shape)
    let (dense, outer, count, inner) = withoutHistory.arranged(axes)
    var positions = [Int](repeating: 0, count: outer * inner)
    let extent = axes.isEmpty ? 1 : count
    withPointer(dense) {
      ApusCompute.argument(of: extreme, $0, into: &positions, outer: outer, count: extent, inner: inner)
    }
    return IndexTensor(positions, shape: shape.reduced(axes, keepDim: keepDim))
  }

  /// The integers of an index tensor, as a mask for instance.
  public init(integers indices: IndexTensor) {
    self.init(indices.values.map { Scalar($0) }, shape: indices.shape)
  }

  /// A one for each index, at its place in a new last dimension, and zeros elsewhere.
  ///
  /// - Precondition: The indices lie in 0 ..< `classCount`.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func oneHot(_ indices: IndexTensor, classCount: Int) -> Tensor {
    let y = zeros(Shape(Array(indices.shape) + [classCount]))
    for (row, index) in indices.values.enumerated() {
      check(index >= 0 && index < classCount, "oneHot", "\(index) is none of \(classCount) classes", indices.shape)
      y.pointer[row * classCount + index] = 1
    }
    return y
  }
}
