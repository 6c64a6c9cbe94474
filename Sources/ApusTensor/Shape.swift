/// The extents of a tensor, outermost first: `[2, 3]` is two rows of three. `[]` is the shape of a single number.
///
/// A shape is a collection of its extents, is written as an array literal, and is as cheap to copy as a few integers.
public struct Shape: Sendable {
  /// The most dimensions that a shape can have.
  public static let maximumRank = Dimensions.capacity

  let dimensions: Dimensions

  /// The product of the extents; 1 for a single number.
  public let elementCount: Int

  /// A shape of these extents.
  ///
  /// - Precondition: At most `maximumRank` extents, none negative, and their product is an `Int`.
  public init(_ extents: some Sequence<Int>) {
    self.init(Dimensions(extents))
  }

  @inline(__always)
  init(_ dimensions: Dimensions) {
    var count = 1
    var overflows = false
    var least = 1
    for i in dimensions.indices {
      let (product, overflow) = count.multipliedReportingOverflow(by: dimensions[i])
      count = product
      overflows = overflows || overflow
      least = Swift.min(least, dimensions[i])
    }
    // A zero makes the tensor empty, whatever overflowed on the way.
    if least < 0 || (overflows && least > 0) { Shape.failExtents(dimensions) }
    self.dimensions = dimensions
    elementCount = least == 0 ? 0 : count
  }

  @inline(never)
  private static func failExtents(_ dimensions: Dimensions) -> Never {
    if dimensions.array.contains(where: { $0 < 0 }) {
      fatalError("Shape: \(dimensions.array) has a negative extent")
    }
    fatalError("Shape: the number of elements of \(dimensions.array) overflows")
  }

  /// The number of dimensions.
  public var rank: Int { dimensions.count }

  /// The steps of a tensor of this shape whose elements lie in row-major order without gaps.
  var rowMajorStrides: Dimensions {
    var strides = dimensions
    var step = 1
    var d = rank
    while d > 0 {
      d -= 1
      strides[d] = step
      // Wraps only where another extent is 0 and no element exists.
      step &*= dimensions[d]
    }
    return strides
  }

  /// The dimension `dim` counted from the front; negative numbers count from the end.
  @inline(__always)
  func axis(_ dim: Int, _ operation: String) -> Int {
    let axis = dim < 0 ? dim + rank : dim
    if axis < 0 || axis >= rank { failAxis(dim, operation) }
    return axis
  }

  @inline(never)
  private func failAxis(_ dim: Int, _ operation: String) -> Never {
    fail(operation, "there is no dimension \(dim)", self)
  }

  /// Whether a tensor of this shape can be repeated to fill `other`: extents, aligned at the end, are equal or 1.
  func broadcasts(to other: Shape) -> Bool {
    guard rank <= other.rank else { return false }
    let shift = other.rank - rank
    for d in 0..<rank where dimensions[d] != 1 && dimensions[d] != other.dimensions[d + shift] { return false }
    return true
  }

  /// The shape that both can be repeated to fill, by NumPy's rule.
  static func broadcast(_ a: Shape, _ b: Shape, _ operation: String) -> Shape {
    if a == b { return a }
    let longer = a.rank >= b.rank ? a : b
    let shorter = a.rank >= b.rank ? b : a
    var result = longer.dimensions
    let shift = longer.rank - shorter.rank
    for d in 0..<shorter.rank {
      let (x, y) = (longer.dimensions[d + shift], shorter.dimensions[d])
      if x != y && x != 1 && y != 1 { fail(operation, "the shapes do not broadcast", a, b) }
      result[d + shift] = x == 1 ? y : x
    }
    return Shape(result)
  }

  /// The shape of as many elements that the extents describe, of which one may be -1: whatever fills it.
  func resolving(_ extents: [Int], _ operation: String) -> Shape {
    guard let free = extents.firstIndex(of: -1) else {
      let result = Shape(extents)
      check(result.elementCount == elementCount, operation, "the numbers of elements differ", self, result)
      return result
    }
    var filled = extents
    filled[free] = 1
    if filled.contains(-1) { fail(operation, "only one extent of \(extents) can be left open", self) }
    let others = Shape(filled).elementCount
    if others == 0 || elementCount % others != 0 {
      fail(operation, "\(elementCount) elements do not fill \(extents)", self)
    }
    filled[free] = elementCount / others
    return Shape(filled)
  }

  /// The dimensions `dims`, counted from the front and in ascending order; all of them for nil.
  func axes(_ dims: [Int]?, _ operation: String) -> [Int] {
    guard let dims else { return Array(0..<rank) }
    let axes = dims.map { axis($0, operation) }.sorted()
    for i in axes.indices.dropFirst() where axes[i] == axes[i - 1] {
      fail(operation, "dimension \(axes[i]) is given twice in \(dims)", self)
    }
    return axes
  }

  /// This shape with the extent of one dimension replaced.
  func replacing(_ axis: Int, with extent: Int) -> Shape {
    var result = dimensions
    result[axis] = extent
    return Shape(result)
  }

  /// This shape without one dimension.
  func removing(_ axis: Int) -> Shape {
    var result = dimensions
    result.remove(at: axis)
    return Shape(result)
  }

  /// The shape as [outer, extent, inner] around one dimension.
  func around(_ axis: Int) -> (outer: Int, count: Int, inner: Int) {
    var outer = 1
    var inner = 1
    for d in 0..<axis { outer &*= dimensions[d] }
    for d in axis + 1..<rank { inner &*= dimensions[d] }
    return (outer, dimensions[axis], inner)
  }
}

extension Shape: Equatable {
  /// Whether both have the same extents in the same order; `[2]` and `[2, 1]` differ.
  public static func == (a: Shape, b: Shape) -> Bool { a.dimensions == b.dimensions }
}

extension Shape: Hashable {
  /// Feeds the rank and the extents, so that shapes serve as keys.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(rank)
    for extent in self { hasher.combine(extent) }
  }
}

extension Shape: RandomAccessCollection {
  /// The first dimension, the outermost.
  public var startIndex: Int { 0 }
  /// One after the last dimension: the rank.
  public var endIndex: Int { rank }

  /// The extent of a dimension; negative positions count from the end, as in `shape[-1]`.
  public subscript(position: Int) -> Int {
    let axis = position < 0 ? position + rank : position
    if axis < 0 || axis >= rank { fail("Shape", "there is no dimension \(position)", self) }
    return dimensions[axis]
  }
}

extension Shape: ExpressibleByArrayLiteral {
  /// A shape written out, as `[2, 3]`; `[]` is a single number's.
  public init(arrayLiteral extents: Int...) {
    self.init(extents)
  }
}

extension Shape: CustomStringConvertible {
  /// The extents in brackets: `[2, 3]`.
  public var description: String {
    "[" + map(String.init).joined(separator: ", ") + "]"
  }
}
