import ApusCompute

extension Tensor {
  /// Computes the gradient of this number with respect to every leaf that it depends on, and adds it to theirs.
  ///
  /// The recorded history is freed on the way, unless `retainGraph` is set.
  ///
  /// - Parameter retainGraph: Keep the history, so that `backward` can run through it again.
  /// - Precondition: The tensor holds a single number and depends on a tensor that requires a gradient.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func backward(retainGraph: Bool = false) {
    check(elementCount == 1, "backward", "without an upstream gradient only a single number will do", shape)
    backward(Tensor.full(shape, 1), retainGraph: retainGraph)
  }

  /// Computes the gradient of `sum(self * upstream)` with respect to every leaf, and adds it to theirs.
  ///
  /// - Parameters:
  ///   - upstream: The gradient of the objective with respect to this tensor, in its shape.
  ///   - retainGraph: Keep the history, so that `backward` can run through it again.
  /// - Precondition: The shapes are equal, and the tensor depends on a tensor that requires a gradient.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func backward(_ upstream: Tensor, retainGraph: Bool = false) {
    check(upstream.shape == shape, "backward", "the upstream gradient has another shape", shape, upstream.shape)
    guard let node else { fail("backward", "the tensor depends on nothing that requires a gradient", shape) }
    withoutGradients { runBackward(from: node, upstream.detached(), retainGraph: retainGraph) }
  }
}

/// Walks the history in reverse topological order: a node is visited when all its users have sent their share.
///
/// Two passes with explicit stacks, so that depth costs memory and not stack: the first counts every node's users,
/// the second visits. Leaves are never visited, they only gather.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func runBackward<Scalar: ComputeScalar>(from root: Node<Scalar>, _ upstream: Tensor<Scalar>, retainGraph: Bool)
{
  root.accumulate(upstream)
  if root.leaf != nil { return }
  var stack = [root]
  while let node = stack.popLast() {
    node.forEachOperand { operand in
      let operand = unsafeDowncast(operand, to: Node<Scalar>.self)
      if operand.leaf != nil { return }
      if operand.pendingUses == 0 { stack.append(operand) }
      operand.pendingUses += 1
    }
  }
  stack.append(root)
  // The operands of a visited node when the history is freed: they are held here or by the stack, so that no chain of
  // releases begins.
  var released: [HistoryNode] = []
  while let node = stack.popLast() {
    guard let backward = node.backward else {
      fatalError("backward: the history of \(node.name) was freed by an earlier backward(); retainGraph: true keeps it")
    }
    if let gradient = node.gradient.take() { backward(gradient, GradientSink(node: node)) }
    node.forEachOperand { operand in
      let operand = unsafeDowncast(operand, to: Node<Scalar>.self)
      if operand.leaf != nil { return }
      operand.pendingUses -= 1
      if operand.pendingUses == 0 { stack.append(operand) }
    }
    if !retainGraph {
      node.backward = nil
      node.releaseOperands(into: &released)
      released.removeAll(keepingCapacity: true)
    }
  }
}
