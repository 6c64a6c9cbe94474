import ApusCompute

// Operations that look at the same numbers in another way. They share the storage and cost nothing, except that a reshape
// of a tensor whose elements do not lie in row-major order copies it. The gradient goes back the same way.

extension Tensor {
  /// The same elements in another shape, in row-major order. Shares the numbers of a contiguous tensor. Records nothing.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  consuming func reshapedView(_ target: Shape) -> Tensor {
    let dense = packed()
    return Tensor(storage: dense.storage, offset: dense.offset, shape: target, strides: target.rowMajorStrides)
  }

  /// Makes a view the result of a recorded operation, if this tensor is.
  @inline(__always)
  func recordingView(
    _ name: String, _ view: consuming Tensor, backward: @escaping (_ upstream: consuming Tensor) -> Tensor
  ) -> Tensor {
    guard let node = recordedNode else { return view }
    view.record(name, node) { upstream, operands in operands.send(0, backward(upstream)) }
    return view
  }

  /// The same elements, in row-major order, in another shape. Costs nothing for a contiguous tensor.
  ///
  /// - Parameter extents: The new extents; one may be -1, and is then whatever fills the shape.
  /// - Precondition: The new shape has as many elements.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public consuming func reshaped(_ extents: [Int]) -> Tensor {
    let target = shape.resolving(extents, "reshaped")
    return reshaped(to: target)
  }

  /// The same elements, in row-major order, in another shape; one extent may be -1.
  public consuming func reshaped(_ extents: Int...) -> Tensor { reshaped(extents) }

  /// The same elements, in row-major order, in another shape.
  ///
  /// - Precondition: The new shape has as many elements.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
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
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public consuming func flattened(from: Int = 1, to: Int = -1) -> Tensor {
    if rank == 0 { return reshaped(to: [1]) }
    if rank == 1 && from == 1 { return self }
    let (first, last) = (shape.axis(from, "flattened"), shape.axis(to, "flattened"))
    check(first <= last, "flattened", "dimension \(from) does not stand before \(to)", shape)
    let merged = shape[first...last].reduce(1, *)
    let target = Shape(Array(shape[..<first]) + [merged] + Array(shape[(last + 1)...]))
    return reshaped(to: target)
  }

  /// The dimensions in another order: dimension d of the result is dimension `dims[d]` of this tensor.
  ///
  /// - Precondition: Every dimension is named once.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func permuted(_ dims: [Int]) -> Tensor {
    let axes = dims.map { shape.axis($0, "permuted") }
    check(
      axes.count == rank && Set(axes).count == rank, "permuted", "\(dims) does not name every dimension once", shape)
    var inverse = axes
    for (position, axis) in axes.enumerated() { inverse[axis] = position }
    return recordingView("permuted", permutedView(axes)) { [inverse] in $0.permutedView(inverse) }
  }

  /// The dimensions in another order: dimension d of the result is dimension `dims[d]` of this tensor.
  public func permuted(_ dims: Int...) -> Tensor { permuted(dims) }

  /// Two dimensions exchanged: rows and columns unless given.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func transposed(_ first: Int = -2, _ second: Int = -1) -> Tensor {
    let (a, b) = (shape.axis(first, "transposed"), shape.axis(second, "transposed"))
    var axes = Array(0..<rank)
    axes.swapAt(a, b)
    return recordingView("transposed", permutedView(axes)) { [axes] in $0.permutedView(axes) }
  }

  /// Without the dimension `dim` if its extent is 1; without all dimensions of extent 1 for nil.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public consuming func squeezed(_ dim: Int? = nil) -> Tensor {
    var extents = Array(shape)
    if let dim {
      let axis = shape.axis(dim, "squeezed")
      if extents[axis] == 1 { extents.remove(at: axis) }
    } else {
      extents.removeAll { $0 == 1 }
    }
    return reshaped(to: Shape(extents))
  }

  /// With a new dimension of extent 1, which is dimension `dim` of the result.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public consuming func unsqueezed(_ dim: Int) -> Tensor {
    let axis = dim < 0 ? dim + rank + 1 : dim
    check(axis >= 0 && axis <= rank, "unsqueezed", "there is no place \(dim) for a new dimension", shape)
    var extents = Array(shape)
    extents.insert(1, at: axis)
    return reshaped(to: Shape(extents))
  }

  /// This tensor repeated, without copying, along dimensions of extent 1 and new dimensions in front.
  ///
  /// - Parameter extents: The new extents; -1 keeps an extent.
  /// - Precondition: Other extents stay the same.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func expanded(_ extents: [Int]) -> Tensor {
    let shift = extents.count - rank
    check(shift >= 0, "expanded", "\(extents) has fewer dimensions", shape)
    let filled = extents.enumerated().map { d, extent in
      extent == -1 && d >= shift ? shape.dimensions[d - shift] : extent
    }
    let target = Shape(filled)
    check(shape.broadcasts(to: target), "expanded", "the shape does not broadcast", shape, target)
    let original = shape
    return recordingView("expanded", expandedView(target)) { $0.reduced(to: original) }
  }

  /// This tensor repeated, without copying, to a shape that it broadcasts to.
  public func expanded(_ target: Shape) -> Tensor { expanded(Array(target)) }
}
