import ApusCompute

/// Tensors one after the other along an existing dimension. The gradient is cut up the same way.
///
/// - Precondition: There is a tensor, and the shapes differ at most in that dimension.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
public func concatenated<Scalar: ComputeScalar>(_ tensors: [Tensor<Scalar>], dim: Int = 0) -> Tensor<Scalar> {
  guard let first = tensors.first else { fatalError("concatenated: there are no tensors") }
  let axis = first.shape.axis(dim, "concatenated")
  var total = 0
  for tensor in tensors {
    let fits =
      tensor.rank == first.rank && tensor.shape.replacing(axis, with: 0) == first.shape.replacing(axis, with: 0)
    check(fits, "concatenated", "the shapes differ in more than dimension \(dim)", first.shape, tensor.shape)
    total += tensor.shape.dimensions[axis]
  }
  var y = Tensor<Scalar>(uninitialized: first.shape.replacing(axis, with: total))
  var places: [(start: Int, length: Int)] = []
  var start = 0
  for tensor in tensors {
    let length = tensor.shape.dimensions[axis]
    y.part(axis, start, length).overwrite(with: tensor)
    places.append((start, length))
    start += length
  }
  let nodes = tensors.map(\.recordedNode)
  if nodes.contains(where: { $0 != nil }) {
    y.record("concatenated", nodes) { [places] upstream, operands in
      for (operand, place) in places.enumerated() where operands.wants(operand) {
        operands.send(operand, upstream.part(axis, place.start, place.length))
      }
    }
  }
  return y
}

/// Tensors of one shape one after the other along a new dimension, which is dimension `dim` of the result.
///
/// - Precondition: There is a tensor, and the shapes are equal.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
public func stacked<Scalar: ComputeScalar>(_ tensors: [Tensor<Scalar>], dim: Int = 0) -> Tensor<Scalar> {
  guard let first = tensors.first else { fatalError("stacked: there are no tensors") }
  for tensor in tensors {
    check(tensor.shape == first.shape, "stacked", "the shapes differ", first.shape, tensor.shape)
  }
  let axis = dim < 0 ? dim + first.rank + 1 : dim
  check(axis >= 0 && axis <= first.rank, "stacked", "there is no place \(dim) for a new dimension", first.shape)
  return concatenated(tensors.map { $0.unsqueezed(axis) }, dim: axis)
}

extension Tensor {
  /// A stretch of one dimension. Records nothing.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  fileprivate func part(_ axis: Int, _ start: Int, _ length: Int) -> Tensor {
    Tensor(
      storage: storage, offset: offset + start * strides[axis], shape: shape.replacing(axis, with: length),
      strides: strides)
  }

  /// The tensor `repeats[d]` times one after the other along each dimension d.
  ///
  /// - Parameter repeats: One count for each dimension; more make new dimensions in front.
  /// - Precondition: There are at least as many counts as dimensions, none negative.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func repeated(_ repeats: [Int]) -> Tensor {
    check(
      repeats.count >= rank && repeats.allSatisfy { $0 >= 0 }, "repeated",
      "\(repeats) is not one count for each dimension", shape)
    var result = self
    for _ in rank..<repeats.count { result = result.unsqueezed(0) }
    for (d, count) in repeats.enumerated() where count != 1 {
      let extent = result.shape.dimensions[d]
      result = result.selectingSlices(d, (0..<count * extent).map { $0 % extent }, "repeated")
    }
    return result
  }

  /// The tensor with the order of some dimensions reversed.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func flipped(_ dims: [Int]) -> Tensor {
    let axes = shape.axes(dims, "flipped")
    var y = flippedCopy(axes)
    if let node = recordedNode {
      y.record("flipped", node) { upstream, operands in operands.send(0, upstream.flippedCopy(axes)) }
    }
    return y
  }

  /// A copy that walks backwards through some dimensions. Records nothing.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private func flippedCopy(_ axes: [Int]) -> Tensor {
    let y = Tensor(uninitialized: shape)
    if elementCount == 0 { return y }
    var steps = strides
    var last = 0
    for axis in axes {
      last += (shape.dimensions[axis] - 1) * steps[axis]
      steps[axis] = -steps[axis]
    }
    withPointer(self) { copyStrided($0 + last, strides: steps.array, into: y.pointer, shape: shape.dimensions.array) }
    return y
  }
}
