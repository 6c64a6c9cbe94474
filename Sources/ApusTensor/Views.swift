import ApusCompute

extension Tensor {
  /// The same elements in another shape, in row-major order. Shares the numbers of a contiguous tensor. Records nothing.
  consuming func reshapedView(_ target: Shape) -> Tensor {
    let dense = packed()
    return Tensor(storage: dense.storage, offset: dense.offset, shape: target, strides: target.rowMajorStrides)
  }

  /// The same elements, in row-major order, in another shape. Costs nothing for a contiguous tensor.
  ///
  /// - Parameter extents: The new extents; one may be -1, and is then whatever fills the shape.
  /// - Precondition: The new shape has as many elements.
  public consuming func reshaped(_ extents: [Int]) -> Tensor {
    reshaped(to: shape.resolving(extents, "reshaped"))
  }

  /// The same elements, in row-major order, in another shape; one extent may be -1.
  public consuming func reshaped(_ extents: Int...) -> Tensor { reshaped(extents) }

  /// The same elements, in row-major order, in another shape.
  ///
  /// - Precondition: The new shape has as many elements.
  public consuming func reshaped(to target: Shape) -> Tensor {
    check(target.elementCount == elementCount, "reshaped", "the numbers of elements differ", shape, target)
    let (node, original) = (recordedNode, shape)
    var y = reshapedView(target)
    if let node {
      y.record("reshaped", node) { upstream, operands in operands.send(0, upstream.reshapedView(original)) }
    }
    return y
  }

  /// The dimensions `from` … `to` made one: the dimensions after the first unless given, as before a linear layer.
  ///
  /// A single number becomes a tensor of one dimension.
  public consuming func flattened(from: Int = 1, to: Int = -1) -> Tensor {
    if rank == 0 { return reshaped(to: [1]) }
    if rank == 1 && from == 1 { return self }
    let (first, last) = (shape.axis(from, "flattened"), shape.axis(to, "flattened"))
    check(first <= last, "flattened", "dimension \(from) does not stand before \(to)", shape)
    let merged = shape[first...last].reduce(1, *)
    return reshaped(to: Shape(shape[..<first] + [merged] + shape[(last + 1)...]))
  }
}
