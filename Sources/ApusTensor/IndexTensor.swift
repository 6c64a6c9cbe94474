/// Integers in a grid of any number of dimensions: classes, positions, masks. They have no gradient.
public struct IndexTensor: Hashable, Sendable {
  /// The extents.
  public let shape: Shape
  /// The integers in row-major order.
  public let values: [Int]

  /// A tensor of the given integers, in row-major order.
  ///
  /// - Precondition: There are as many values as the shape has elements.
  public init(_ values: [Int], shape: Shape) {
    if values.count != shape.elementCount {
      fail("IndexTensor", "\(values.count) values do not fill the shape", shape)
    }
    self.shape = shape
    self.values = values
  }

  /// A tensor of one dimension.
  public init(_ values: [Int]) {
    self.init(values, shape: [values.count])
  }

  /// A single integer, of shape `[]`.
  public init(_ value: Int) {
    self.init([value], shape: [])
  }

  /// The number of dimensions.
  public var rank: Int { shape.rank }

  /// The number of integers.
  public var elementCount: Int { values.count }

  /// The only integer.
  ///
  /// - Precondition: `elementCount` is 1.
  public var item: Int {
    check(elementCount == 1, "item", "the tensor does not hold a single integer", shape)
    return values[0]
  }

  /// The same integers in another shape; one extent may be -1, and is then whatever fills it.
  ///
  /// - Precondition: Both shapes have the same number of elements.
  public func reshaped(_ extents: [Int]) -> IndexTensor {
    IndexTensor(values, shape: shape.resolving(extents, "reshaped"))
  }

  /// A one for each value, at its place in a new last dimension, and zeros elsewhere.
  ///
  /// - Parameter classCount: The extent of the new dimension; one more than the largest value unless given.
  /// - Precondition: The values lie in 0 ..< `classCount`.
  public func oneHot(classCount: Int? = nil) -> IndexTensor {
    let count = classCount ?? (values.max() ?? -1) + 1
    var result = [Int](repeating: 0, count: values.count * count)
    for (row, value) in values.enumerated() {
      check(value >= 0 && value < count, "oneHot", "\(value) is none of \(count) classes", shape)
      result[row * count + value] = 1
    }
    return IndexTensor(result, shape: Shape(Array(shape) + [count]))
  }
}

extension IndexTensor: ExpressibleByArrayLiteral {
  /// One dimension of the values written out, as `[3, 0, 1]`.
  public init(arrayLiteral values: Int...) {
    self.init(values)
  }
}
