import ApusCompute
import Synchronization

/// A place in the recorded history, whatever its scalar type: where the operands of an operation came from.
///
/// A result refers to its node, and a node to the nodes of its operands, never the other way: there are no cycles, and
/// a result that nobody holds any more frees its history.
///
/// This part is not generic, and the generic part is final, so that both are compiled to direct calls: the methods of a
/// generic class that may be overridden would look up their types at run time.
///
/// `@unchecked Sendable`: everything but the gradient of a leaf, which has a lock, is written only while the node is made
/// and by the one backward pass that runs through it.
package class HistoryNode: @unchecked Sendable {
  /// The name of what is no operation.
  static let leafName = "leaf"

  /// The operation's name, as the gradient-check registry knows it.
  package let name: String
  /// The nodes of the operands; nil for one that needs no gradient. Most operations have at most three: layers have an
  /// input, a weight and a bias.
  fileprivate final var first: HistoryNode?
  fileprivate final var second: HistoryNode?
  fileprivate final var third: HistoryNode?
  fileprivate final var others: [HistoryNode?]
  /// How many users the backward pass under way has yet to visit.
  final var pendingUses = 0

  fileprivate init(
    _ name: String, _ first: HistoryNode?, _ second: HistoryNode?, _ third: HistoryNode?, _ others: [HistoryNode?]
  ) {
    self.name = name
    self.first = first
    self.second = second
    self.third = third
    self.others = others
  }

  /// Releases the operands one after the other. Left to itself, each node's deinit would call that of the node before,
  /// and a long history would exhaust the stack.
  deinit {
    if others.isEmpty && !isKnownUniquelyReferenced(&first) && !isKnownUniquelyReferenced(&second)
      && !isKnownUniquelyReferenced(&third)
    {
      return
    }
    var doomed: [HistoryNode] = []
    releaseOperands(into: &doomed)
    while var node = doomed.popLast() {
      if isKnownUniquelyReferenced(&node) { node.releaseOperands(into: &doomed) }
    }
  }

  /// Moves the references to the operands into a list.
  final func releaseOperands(into list: inout [HistoryNode]) {
    if let node = first.take() { list.append(node) }
    if let node = second.take() { list.append(node) }
    if let node = third.take() { list.append(node) }
    if others.isEmpty { return }
    for case let node? in others { list.append(node) }
    others = []
  }

  @inline(__always)
  final func operand(_ index: Int) -> HistoryNode? {
    switch index {
    case 0: first
    case 1: second
    case 2: third
    default: others[index - 3]
    }
  }

  @inline(__always)
  final func forEachOperand(_ body: (HistoryNode) -> Void) {
    if let first { body(first) }
    if let second { body(second) }
    if let third { body(third) }
    for case let node? in others { body(node) }
  }
}

/// One recorded operation, or a leaf: how to send a gradient back, and what has been gathered.
package final class Node<Scalar: ComputeScalar>: HistoryNode, @unchecked Sendable {
  /// Sends the gradient of the result on to the operands.
  ///
  /// Captures what it needs of the operands *detached*, so that freeing a closure never frees a chain of nodes.
  package typealias Backward = (_ upstream: consuming Tensor<Scalar>, _ operands: GradientSink<Scalar>) -> Void

  var backward: Backward?
  /// What the backward pass under way has gathered.
  var gradient: Tensor<Scalar>?
  /// The lasting gradient of a leaf; nil for an operation.
  let leaf: LeafGradient<Scalar>?

  /// An operation on tensors with the given nodes.
  init(
    _ name: String, _ first: Node?, _ second: Node? = nil, _ third: Node? = nil, others: [Node?] = [],
    backward: @escaping Backward
  ) {
    self.backward = backward
    leaf = nil
    super.init(name, first, second, third, others)
    OperationTrace.note(name)
  }

  /// A leaf: a tensor that the user made and wants a gradient for.
  init() {
    backward = nil
    leaf = LeafGradient()
    super.init(HistoryNode.leafName, nil, nil, nil, [])
  }

  /// Adds to what has been gathered for this node.
  func accumulate(_ contribution: consuming Tensor<Scalar>) {
    if let leaf {
      leaf.add(contribution.packed())
    } else if gradient == nil {
      gradient = contribution
    } else {
      gradient!.add(contribution)
    }
  }
}

/// The gradient of a leaf. Locked, because models on several threads may share parameters.
final class LeafGradient<Scalar: ComputeScalar>: Sendable {
  private let total = Mutex<Tensor<Scalar>?>(nil)

  var value: Tensor<Scalar>? {
    get { total.withLock { $0 } }
    set { total.withLock { $0 = newValue } }
  }

  func add(_ contribution: Tensor<Scalar>) {
    total.withLock { total in
      if total == nil {
        total = contribution
      } else {
        total!.add(contribution)
      }
    }
  }
}

/// The operands of an operation as its backward function sees them: places to send gradients to.
package struct GradientSink<Scalar: ComputeScalar> {
  let node: Node<Scalar>

  /// Whether the operand wants a gradient; if not, it need not be computed.
  @inline(__always)
  package func wants(_ operand: Int) -> Bool { node.operand(operand) != nil }

  /// Adds to the gradient of an operand; a gradient that nobody wants is dropped.
  @inline(__always)
  package func send(_ operand: Int, _ gradient: consuming Tensor<Scalar>) {
    guard let target = node.operand(operand) else { return }
    if AnomalyWatch.isOn { AnomalyWatch.look(at: gradient, from: node, isBackward: true) }
    // The operands of an operation have its scalar type: `record` takes no others.
    unsafeDowncast(target, to: Node<Scalar>.self).accumulate(gradient)
  }
}

/// Which operations were recorded: lets a test find one that has no gradient check.
package enum OperationTrace {
  private static let isTracing = Atomic<Bool>(false)
  private static let names = Mutex<Set<String>>([])

  @inline(__always)
  static func note(_ name: String) {
    if isTracing.load(ordering: .relaxed) { names.withLock { _ = $0.insert(name) } }
  }

  /// The names of the operations that are recorded, on any thread, while `body` runs.
  package static func names(during body: () throws -> Void) rethrows -> Set<String> {
    names.withLock { $0 = [] }
    isTracing.store(true, ordering: .relaxed)
    defer { isTracing.store(false, ordering: .relaxed) }
    try body()
    return names.withLock { $0 }
  }
}
