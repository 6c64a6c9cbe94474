import ApusCompute

/// The scalar types that tensors can hold: `Float` and `Double`.
public typealias TensorScalar = ComputeScalar

/// Numbers in a grid of any number of dimensions, with automatic differentiation.
///
/// A tensor is a value: assigning it makes an independent tensor, at no cost until one of them is changed. Views such as
/// `transposed` and slices share the numbers until then. Operations on a tensor that requires a gradient are recorded,
/// and `backward()` on their final result computes the gradients:
///
/// ```swift
/// var w = Tensor<Float>([1, 2, 3])
/// w.requiresGradient = true
/// (w * w).sum().backward()
/// print(w.gradient!)  // [2. 4. 6.]
/// ```
///
/// Shapes that do not fit are programming errors: they end the program with a message that names the operation and the
/// shapes.
///
/// `@unchecked Sendable`: see `Storage` and `Node`. Two threads may use one tensor, and may share leaves; they must not run
/// `backward` through the same recorded operations at once.
public struct Tensor<Scalar: ComputeScalar>: @unchecked Sendable {
  var storage: Storage<Scalar>
  /// Where in the storage the first element lies.
  var offset: Int
  /// The extents.
  public internal(set) var shape: Shape
  /// The step in the storage along each dimension, never negative; 0 along a dimension that repeats.
  var strides: Dimensions
  /// How the tensor was made; nil when it needs no gradient.
  var node: Node<Scalar>?

  @inline(__always)
  init(storage: Storage<Scalar>, offset: Int, shape: Shape, strides: Dimensions, node: Node<Scalar>? = nil) {
    self.storage = storage
    self.offset = offset
    self.shape = shape
    self.strides = strides
    self.node = node
  }

  /// A tensor with room for its elements, which hold anything.
  @inline(__always)
  init(uninitialized shape: Shape) {
    self.init(
      storage: Storage(count: shape.elementCount), offset: 0, shape: shape, strides: shape.rowMajorStrides)
  }

  /// The number of dimensions.
  public var rank: Int { shape.rank }

  /// The number of elements.
  public var elementCount: Int { shape.elementCount }

  /// The extent of the dimension `dim`; negative dimensions count from the end.
  public func size(_ dim: Int) -> Int { shape[shape.axis(dim, "size")] }

  /// Whether the elements lie in row-major order without gaps.
  public var isContiguous: Bool {
    var step = 1
    var d = shape.rank
    while d > 0 {
      d -= 1
      let extent = shape.dimensions[d]
      if extent != 1 && strides[d] != step { return elementCount == 0 }
      step *= extent
    }
    return true
  }

  /// The first element. Valid as long as the storage is held: see `withPointer`.
  @inline(__always)
  var pointer: UnsafeMutablePointer<Scalar> { storage.pointer + offset }

  /// The same numbers without their history.
  @inline(__always)
  var withoutHistory: Tensor { Tensor(storage: storage, offset: offset, shape: shape, strides: strides) }

  /// This tensor with its elements in row-major order without gaps: itself, or a copy. Records nothing.
  @inline(__always)
  consuming func packed() -> Tensor {
    if isContiguous {
      node = nil
      return self
    }
    return copied()
  }

  /// A copy in row-major order.
  @inline(never)
  private func copied() -> Tensor {
    let result = Tensor(uninitialized: shape)
    withPointer(self) { copyStrided($0, strides: strides.array, into: result.pointer, shape: shape.dimensions.array) }
    return result
  }

  /// This tensor with its elements in row-major order without gaps: itself where they are, or a copy.
  public func contiguous() -> Tensor {
    if isContiguous { return self }
    var result = copied()
    if let node = recordedNode {
      result.record("contiguous", node) { upstream, operands in operands.send(0, upstream) }
    }
    return result
  }

  /// The same numbers without their history: a tensor that requires no gradient.
  public consuming func detached() -> Tensor {
    node = nil
    return self
  }
}

// MARK: - Access to the numbers

extension Tensor {
  /// The elements in row-major order.
  public var scalars: [Scalar] {
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    get { withUnsafeScalars { Array($0) } }
  }

  /// The only element.
  ///
  /// - Precondition: `elementCount` is 1.
  public var item: Scalar {
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    get { onlyElement }
  }

  @inline(__always)
  private var onlyElement: Scalar {
    check(elementCount == 1, "item", "the tensor does not hold a single number", shape)
    return withPointer(self) { $0.pointee }
  }

  /// Calls `body` with the elements in row-major order; a view that lies otherwise is copied first.
  public func withUnsafeScalars<Result, Failure: Error>(
    _ body: (UnsafeBufferPointer<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let dense = withoutHistory.packed()
    defer { withExtendedLifetime(dense.storage) {} }
    return try body(UnsafeBufferPointer(start: dense.pointer, count: elementCount))
  }

  /// Calls `body` with the elements in row-major order, to be changed.
  ///
  /// No other tensor sees the change: numbers that are shared, with a copy or with the history of an operation, are
  /// copied first. A leaf stays the same leaf, and keeps its gradient.
  ///
  /// - Precondition: The tensor is not the recorded result of an operation; `detached()` gives one that is not.
  public mutating func withUnsafeMutableScalars<Result, Failure: Error>(
    _ body: (UnsafeMutableBufferPointer<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    if let node, node.leaf == nil {
      fail("withUnsafeMutableScalars", "the result of \(node.name) has a history that a change would falsify", shape)
    }
    if !isContiguous || !isKnownUniquelyReferenced(&storage) {
      let leaf = node
      self = copied()
      node = leaf
    }
    defer { withExtendedLifetime(storage) {} }
    return try body(UnsafeMutableBufferPointer(start: pointer, count: elementCount))
  }

  /// Whether the elements may be overwritten: nobody else holds the storage, and they lie without gaps.
  @inline(__always)
  var canOverwrite: Bool {
    mutating get { isKnownUniquelyReferenced(&storage) && isContiguous }
  }

  /// target += other, in place where this tensor alone holds its numbers. For gradients; records nothing.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  mutating func add(_ other: Tensor) {
    if canOverwrite {
      withPointer(other) { source in
        if other.isContiguous {
          accumulate(source, into: pointer, count: elementCount)
        } else {
          accumulateStrided(
            source, strides: other.strides.array, into: pointer, strides: strides.array, shape: shape.dimensions.array)
        }
      }
    } else {
      self = withoutGradients { self + other }
    }
  }
}

/// Calls `body` with a tensor's first element and keeps its storage alive meanwhile.
@inline(__always)
func withPointer<Scalar, Result>(_ a: borrowing Tensor<Scalar>, _ body: (UnsafePointer<Scalar>) -> Result) -> Result {
  let storage = a.storage
  defer { withExtendedLifetime(storage) {} }
  return body(UnsafePointer(storage.pointer + a.offset))
}

/// Calls `body` with the first elements of two tensors and keeps their storages alive meanwhile.
@inline(__always)
func withPointers<Scalar, Result>(
  _ a: borrowing Tensor<Scalar>, _ b: borrowing Tensor<Scalar>,
  _ body: (UnsafePointer<Scalar>, UnsafePointer<Scalar>) -> Result
) -> Result {
  withPointer(a) { p in withPointer(b) { q in body(p, q) } }
}

// MARK: - Gradients

extension Tensor {
  /// Whether operations on this tensor are recorded, so that `backward()` reaches it.
  ///
  /// True for the results of recorded operations. Setting it to true makes the tensor a leaf, whose gradient is kept in
  /// `gradient`; setting it to false drops that.
  ///
  /// - Precondition: Only a leaf can be set; `detached()` gives one.
  public var requiresGradient: Bool {
    get { node != nil }
    set {
      if let node, node.leaf == nil {
        if newValue { return }
        fail("requiresGradient", "the result of \(node.name) is not a leaf; detached() gives a tensor without", shape)
      }
      if newValue {
        if node == nil { node = Node() }
      } else {
        node = nil
      }
    }
  }

  /// This tensor as a leaf that requires a gradient.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public consuming func requiringGradient() -> Tensor {
    requiresGradient = true
    return self
  }

  /// Whether this is a leaf: not the recorded result of an operation.
  public var isLeaf: Bool { node.map { $0.leaf != nil } ?? true }

  /// The gradient that `backward()` has gathered for this leaf; nil before, and for tensors that are no leaves.
  ///
  /// Copies of a leaf share it. Set it to nil before the next backward pass, which otherwise adds to it.
  ///
  /// - Precondition: A gradient that is set has this tensor's shape, and the tensor is a leaf that requires one.
  public var gradient: Tensor? {
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    get { node?.leaf?.value }
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    nonmutating set {
      guard let leaf = node?.leaf else {
        if newValue == nil { return }
        fail("gradient", "only a leaf that requires a gradient can hold one", shape)
      }
      if let newValue {
        check(newValue.shape == shape, "gradient", "it has another shape than the tensor", newValue.shape, shape)
      }
      leaf.value = newValue?.detached().contiguous()
    }
  }
}
