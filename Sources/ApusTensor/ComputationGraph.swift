import ApusCompute

/// The recorded history behind a tensor: operations, and the leaves that they began with.
///
/// ```swift
/// let x = Tensor<Float>([1, 2]).requiringGradient()
/// print((x * x).sum().graph)
/// // sum
/// // └ multiply
/// //   ├ leaf
/// //   └ leaf (above)
/// ```
public struct ComputationGraph: Sendable, CustomStringConvertible {
  /// One operation or leaf.
  public struct Vertex: Sendable {
    /// The operation's name, or the leaf's.
    public var name: String
    /// Whether it is a leaf.
    public let isLeaf: Bool
    /// The positions of its operands that need a gradient.
    public let operands: [Int]
    /// What tells a leaf from others.
    package let identity: ObjectIdentifier
  }

  /// The operations and leaves; the first is the result's, and operands come after their users.
  public var vertices: [Vertex]

  init(_ root: HistoryNode) {
    // Numbers are given breadth first, which keeps the walk off the stack however long the history is.
    var numbers = [ObjectIdentifier(root): 0]
    var nodes = [root]
    vertices = []
    var next = 0
    while next < nodes.count {
      let node = nodes[next]
      var operands: [Int] = []
      node.forEachOperand { operand in
        let identity = ObjectIdentifier(operand)
        if numbers[identity] == nil {
          numbers[identity] = nodes.count
          nodes.append(operand)
        }
        operands.append(numbers[identity]!)
      }
      vertices.append(
        Vertex(
          name: node.name, isLeaf: node.name == HistoryNode.leafName, operands: operands,
          identity: ObjectIdentifier(node)))
      next += 1
    }
  }

  /// The graph as a tree of text: each operation above its operands, each written out once.
  public var description: String {
    var lines: [String] = []
    var written: Set<Int> = []
    // What is still to be written, the next at the end: a vertex, and what stands before it and before its operands.
    var pending: [(vertex: Int, lead: String, below: String)] = [(0, "", "")]
    while let (vertex, lead, below) = pending.popLast() {
      let isNew = written.insert(vertex).inserted
      lines.append(lead + vertices[vertex].name + (isNew ? "" : " (above)"))
      guard isNew else { continue }
      for (index, operand) in vertices[vertex].operands.enumerated().reversed() {
        let isLast = index == vertices[vertex].operands.count - 1
        pending.append((operand, below + (isLast ? "└ " : "├ "), below + (isLast ? "  " : "│ ")))
      }
    }
    return lines.joined(separator: "\n")
  }

  /// The graph in the language of Graphviz; `dot -Tsvg` draws it. Arrows point the way that numbers go.
  public var dot: String {
    var lines = ["digraph {", "  rankdir=BT;"]
    for (number, vertex) in vertices.enumerated() {
      let label = vertex.name.flatMap { $0 == "\"" || $0 == "\\" ? ["\\", $0] : [$0] }
      lines.append("  n\(number) [label=\"\(String(label))\"\(vertex.isLeaf ? ", shape=box" : "")];")
    }
    for (number, vertex) in vertices.enumerated() {
      for operand in vertex.operands { lines.append("  n\(operand) -> n\(number);") }
    }
    return (lines + ["}"]).joined(separator: "\n")
  }
}

extension Tensor {
  /// The recorded history behind this tensor.
  ///
  /// - Precondition: The tensor requires a gradient, and its history was not freed by `backward()`.
  public var graph: ComputationGraph {
    guard let node else { fail("graph", "the tensor depends on nothing that requires a gradient", shape) }
    return ComputationGraph(node)
  }

  /// What tells a leaf that requires a gradient from others; nil for other tensors.
  package var leafIdentity: ObjectIdentifier? { node.flatMap { $0.leaf == nil ? nil : ObjectIdentifier($0) } }
}
