import ApusCompute

/// The product of two matrices, or of many at once.
///
/// The last two dimensions are rows and columns: [.., m, k] times [.., k, n] gives [.., m, n]; the dimensions before
/// are batches, and broadcast. A vector on the left is a row, on the right a column, and its extra dimension is dropped
/// from the result: [k] times [k] is a single number.
///
/// For Y = A B and the gradient G of Y: with Y_ij = Σ_k A_ik B_kj, ∂L/∂A_ik = Σ_j G_ij B_kj, so the gradient of A is G Bᵀ, and
/// likewise that of B is Aᵀ G; each is summed over the batches along which its matrix was repeated.
///
/// - Precondition: The inner extents are equal, and the batches broadcast.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
public func matmul<Scalar: ComputeScalar>(_ a: Tensor<Scalar>, _ b: Tensor<Scalar>) -> Tensor<Scalar> {
  check(a.rank > 0 && b.rank > 0, "matmul", "a single number is no matrix", a.shape, b.shape)
  let left = a.rank == 1 ? a.detached().insertingAxis(0) : a.detached()
  let right = b.rank == 1 ? b.detached().insertingAxis(1) : b.detached()
  check(left.shape[-1] == right.shape[-2], "matmul", "the inner extents differ", a.shape, b.shape)
  let (leftShape, rightShape) = (left.shape, right.shape)
  var y = matrixProduct(left, right, "matmul")
  let fullShape = y.shape
  if a.rank == 1 { y = y.reshapedView(y.shape.removing(y.rank - 2)) }
  if b.rank == 1 { y = y.reshapedView(y.shape.removing(y.rank - 1)) }
  let (first, second) = (a.recordedNode, b.recordedNode)
  guard first != nil || second != nil else { return y }
  let (aShape, bShape) = (a.shape, b.shape)
  // Each is kept only for the other's gradient.
  let keptLeft = second == nil ? nil : left
  let keptRight = first == nil ? nil : right
  y.record("matmul", first, second) { upstream, operands in
    let g = upstream.reshapedView(fullShape)
    if let keptRight {
      let gradient = productReduced(g, keptRight.swappingLastAxes(), to: leftShape)
      operands.send(0, gradient.reshapedView(aShape))
    }
    if let keptLeft {
      let gradient = productReduced(keptLeft.swappingLastAxes(), g, to: rightShape)
      operands.send(1, gradient.reshapedView(bShape))
    }
  }
  return y
}

extension Tensor {
  /// The matrix product with another tensor; see the free function.
  public func matmul(_ other: Tensor) -> Tensor { ApusTensor.matmul(self, other) }
}

/// x Wᵀ + b: what a linear layer computes, in one pass.
///
/// For the gradient G of the result, that of x is G W, that of W is Gᵀ x, and that of b is the sum of G's rows.
///
/// - Parameters:
///   - x: [.., in].
///   - weight: [out, in].
///   - bias: [out], or nil.
/// - Returns: [.., out].
/// - Precondition: The extents fit.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
public func linear<Scalar: ComputeScalar>(
  _ x: Tensor<Scalar>, _ weight: Tensor<Scalar>, _ bias: Tensor<Scalar>? = nil
) -> Tensor<Scalar> {
  linear(x, weight, bias, rectifies: false)
}

/// `linear`, or `rectifiedLinear`.
@inline(__always)
func linear<Scalar: ComputeScalar>(
  _ x: Tensor<Scalar>, _ weight: Tensor<Scalar>, _ bias: Tensor<Scalar>?, rectifies: Bool
) -> Tensor<Scalar> {
  let name = rectifies ? "rectifiedLinear" : "linear"
  check(weight.rank == 2, name, "the weight is no matrix [out, in]", weight.shape)
  check(
    x.rank > 0 && x.shape[-1] == weight.shape[1], name, "the input does not fit the weight", x.shape, weight.shape)
  let (outputs, inputs) = (weight.shape[0], weight.shape[1])
  if let bias {
    check(bias.shape == [outputs], name, "the bias does not fit the weight", bias.shape, weight.shape)
  }
  let xShape = x.shape
  let rows = xShape.dropLast().reduce(1, *)
  let rowsOfX = x.rank == 2 ? x.withoutHistory : x.withoutHistory.reshapedView([rows, inputs])
  let keptWeight = weight.detached()
  var y = Tensor<Scalar>(uninitialized: xShape.replacing(x.rank - 1, with: outputs))
  let target = MutableMatrix(
    unchecked: y.pointer, rows: rows, columns: outputs, rowStride: outputs, columnStride: 1)
  var epilogue = Epilogue<Scalar>(activation: rectifies ? .relu : .identity)
  if let bias = bias?.packed() {
    withPointer(bias) {
      epilogue.columnBias = $0
      gemm(rowsOfX.matrix(), keptWeight.matrix().transposed, into: target, epilogue: epilogue)
    }
  } else {
    gemm(rowsOfX.matrix(), keptWeight.matrix().transposed, into: target, epilogue: epilogue)
  }
  withExtendedLifetime((rowsOfX, keptWeight, y)) {}
  let nodes = (x.recordedNode, weight.recordedNode, bias?.recordedNode)
  if nodes.0 == nil && nodes.1 == nil && nodes.2 == nil { return y }
  let savedX = nodes.1 == nil ? nil : rowsOfX
  let savedWeight = nodes.0 == nil ? nil : keptWeight
  let savedY = rectifies ? y : nil
  y.record(name, nodes.0, nodes.1, nodes.2) { upstream, operands in
    var g = upstream.reshapedView([rows, outputs])
    if let savedY { g = rectifierGradient(g, savedY) }
    if operands.wants(2) { operands.send(2, reducing(.sum, copy g, [0])) }
    if let savedX { operands.send(1, matrixProduct(g.swappingLastAxes(), savedX, name)) }
    if let savedWeight { operands.send(0, matrixProduct(g, savedWeight, name).reshapedView(xShape)) }
  }
  return y
}

/// The gradient of ReLU from its result: upstream where that is above 0. Overwrites the upstream gradient where nobody
/// else holds it.
private func rectifierGradient<Scalar: ComputeScalar>(
  _ upstream: consuming Tensor<Scalar>, _ y: Tensor<Scalar>
) -> Tensor<Scalar> {
  var upstream = upstream.packed()
  let gradient = upstream.canOverwrite ? upstream : Tensor(uninitialized: upstream.shape)
  withPointers(y, upstream) { y, upstream in
    applyGradient(.relu, at: y, upstream: upstream, into: gradient.pointer, count: gradient.elementCount)
  }
  return gradient
}

extension Tensor {
  /// The matrix at `position` of this tensor's batches, as the drivers see it. The storage must be kept alive.
  @inline(__always)
  func matrix(at position: Int = 0) -> Matrix<Scalar> {
    Matrix(
      unchecked: UnsafePointer(pointer) + position, rows: shape.dimensions[rank - 2],
      columns: shape.dimensions[rank - 1], rowStride: strides[rank - 2], columnStride: strides[rank - 1])
  }

  /// The last two dimensions exchanged. Records nothing.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func swappingLastAxes() -> Tensor {
    var extents = shape.dimensions
    var steps = strides
    extents.swapAt(rank - 1, rank - 2)
    steps.swapAt(rank - 1, rank - 2)
    return Tensor(storage: storage, offset: offset, shape: Shape(extents), strides: steps)
  }

  /// A new dimension of extent 1. Records nothing.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func insertingAxis(_ axis: Int) -> Tensor {
    var extents = shape.dimensions
    var steps = strides
    extents.insert(1, at: axis)
    steps.insert(1, at: axis)
    return Tensor(storage: storage, offset: offset, shape: Shape(extents), strides: steps)
  }
}

/// The product of [.., m, k] and [.., k, n], the batches broadcast. Records nothing.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
func matrixProduct<Scalar: ComputeScalar>(
  _ a: Tensor<Scalar>, _ b: Tensor<Scalar>, _ name: String
) -> Tensor<Scalar> {
  let (m, k, n) = (a.shape[-2], a.shape[-1], b.shape[-1])
  if a.rank == 2 && b.rank == 2 {
    let y = Tensor<Scalar>(uninitialized: [m, n])
    gemm(a.matrix(), b.matrix(), into: y.target(rows: m, columns: n))
    withExtendedLifetime((a, b, y)) {}
    return y
  }
  if b.rank == 2 && a.isContiguous {
    // One matrix on the right serves all rows of all batches.
    let rows = a.shape.dropLast().reduce(1, *)
    let folded = matrixProduct(a.detached().reshapedView([rows, k]), b, name)
    return folded.reshapedView(a.shape.replacing(a.rank - 1, with: n))
  }
  let batch = Shape.broadcast(Shape(a.shape.dropLast(2)), Shape(b.shape.dropLast(2)), name)
  let y = Tensor<Scalar>(uninitialized: Shape(Array(batch) + [m, n]))
  let aBatch = a.batchOffsets(over: batch)
  let bBatch = b.batchOffsets(over: batch)
  // Small products side by side, big ones one after the other, each on all threads: by size alone.
  let single = m * n * k
  let chunk = Swift.max(1, single >= 1 << 20 ? batch.elementCount : (1 << 18) / Swift.max(1, single))
  parallelFor((batch.elementCount + chunk - 1) / chunk) { part in
    for i in part * chunk..<Swift.min((part + 1) * chunk, batch.elementCount) {
      let target = MutableMatrix(unchecked: y.pointer + i * m * n, rows: m, columns: n, rowStride: n, columnStride: 1)
      gemm(a.matrix(at: aBatch[i]), b.matrix(at: bBatch[i]), into: target)
    }
  }
  withExtendedLifetime((a, b, y)) {}
  return y
}

/// The product of two batches of matrices, summed over the batches along which a tensor of shape `target` was repeated.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func productReduced<Scalar: ComputeScalar>(
  _ a: Tensor<Scalar>, _ b: Tensor<Scalar>, to target: Shape
) -> Tensor<Scalar> {
  if target.rank == 2 && a.rank == b.rank && a.rank > 2 && a.shape.dropLast(2).elementsEqual(b.shape.dropLast(2)) {
    // The sum over batches of A_i B_i is one product of the A_i side by side with the B_i one above the other.
    let rank = a.rank
    let depth = a.shape.dropLast(2).reduce(1, *) * a.shape[-1]
    let columns = [rank - 2] + (0..<rank - 2) + [rank - 1]
    let side = a.permutedView(columns).reshapedView([a.shape[-2], depth])
    let stack = b.detached().reshapedView([depth, b.shape[-1]])
    return matrixProduct(side, stack, "matmul")
  }
  return matrixProduct(a, b, "matmul").reduced(to: target)
}

extension Tensor {
  /// This tensor as a matrix to be written.
  @inline(__always)
  fileprivate func target(rows: Int, columns: Int) -> MutableMatrix<Scalar> {
    MutableMatrix(unchecked: pointer, rows: rows, columns: columns, rowStride: columns, columnStride: 1)
  }

  /// Where in the storage the matrix of each batch begins, counted from the first element.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  fileprivate func batchOffsets(over batch: Shape) -> [Int] {
    var result = [0]
    let shift = batch.rank - (rank - 2)
    for d in 0..<batch.rank {
      let own = d - shift
      let step = own < 0 || shape.dimensions[own] == 1 ? 0 : strides[own]
      result = result.flatMap { start in (0..<batch[d]).map { start + $0 * step } }
    }
    return result
  }
}
