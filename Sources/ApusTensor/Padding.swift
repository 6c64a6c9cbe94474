import ApusCompute

/// What stands in the padding around a tensor.
public enum PaddingMode: Equatable, Sendable {
  /// A number.
  case constant(Double)
  /// The elements mirrored at the edge, which is not repeated: `c b | a b c | b a`.
  case reflect
  /// The element at the edge: `a a | a b c | c c`.
  case replicate
  /// The elements from the other end: `b c | a b c | a b`.
  case circular
}

extension Tensor {
  /// The tensor with padding around it, zeros unless given.
  ///
  /// - Parameters:
  ///   - padding: How much before and after the last dimension, before and after the one before it, and so on:
  ///     `[left, right, top, bottom]` for an image.
  ///   - mode: What stands there.
  /// - Precondition: There are at most two numbers for each dimension, none negative; mirrored padding is smaller than the
  ///   extent, circular padding at most as large.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func padded(_ padding: [Int], mode: PaddingMode = .constant(0)) -> Tensor {
    check(
      padding.count % 2 == 0 && padding.count <= 2 * rank && padding.allSatisfy { $0 >= 0 }, "padded",
      "\(padding) is not a pair of sizes for each of the last dimensions", shape)
    if case .constant(let value) = mode { return padded(padding, with: Scalar(value)) }
    var result = self
    for pair in 0..<padding.count / 2 {
      let (before, after) = (padding[2 * pair], padding[2 * pair + 1])
      if before == 0 && after == 0 { continue }
      let axis = rank - 1 - pair
      let extent = shape.dimensions[axis]
      let most = mode == .reflect ? extent - 1 : mode == .circular ? extent : extent > 0 ? Int.max : 0
      check(before <= most && after <= most, "padded", "\(padding) is more than can be taken from the tensor", shape)
      let sources = (-before..<extent + after).map { position -> Int in
        switch mode {
        case .reflect: position < 0 ? -position : position < extent ? position : 2 * (extent - 1) - position
        case .circular: (position + extent) % extent
        default: Swift.min(Swift.max(position, 0), extent - 1)
        }
      }
      result = result.selectingSlices(axis, sources, "padded")
    }
    return result
  }

  /// The gradient is the part of the upstream gradient that lies inside.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private func padded(_ padding: [Int], with value: Scalar) -> Tensor {
    var extents = shape.dimensions
    var before = Dimensions(repeating: 0, count: rank)
    for pair in 0..<padding.count / 2 {
      let axis = rank - 1 - pair
      before[axis] = padding[2 * pair]
      extents[axis] += padding[2 * pair] + padding[2 * pair + 1]
    }
    var y = Tensor.full(Shape(extents), value)
    y.inside(before, shape).overwrite(with: self)
    guard let node = recordedNode else { return y }
    let original = shape
    y.record("padded", node) { [before] upstream, operands in
      operands.send(0, upstream.inside(before, original))
    }
    return y
  }

  /// The part of this shape that begins at a corner. Records nothing.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private func inside(_ corner: Dimensions, _ part: Shape) -> Tensor {
    var start = offset
    for d in corner.indices { start += corner[d] * strides[d] }
    return Tensor(storage: storage, offset: start, shape: part, strides: strides)
  }
}
