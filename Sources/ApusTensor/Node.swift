import ApusCompute
import Synchronization

/// One recorded operation: where its operands came from, and how to send a gradient back to them.
///
/// A result refers to its node, and a node to the nodes of its operands, never the other way: there are no cycles, and
/// a result that nobody holds any more frees its history.
///
/// `@unchecked Sendable`: everything but the gradient of a leaf, which has a lock, is written only while the node is made
/// and by the one backward pass that runs through it.
package class Node<Scalar: ComputeScalar>: @unchecked Sendable {
  /// Sends the gradient of the result on to the operands.
  ///
  /// Captures what it needs of the operands *detached*, so that freeing a closure never frees a chain of nodes.
  package typealias Backward = (_ upstream: consuming Tensor<Scalar>, _ operands: GradientSink<Scalar>) -> Void

  /// The operation's name, as the gradient-check registry knows it.
  package let name: String
  /// The nodes of the operands; nil for one that needs no gradient. Most operations have one or two.
  fileprivate(set) var first: Node?
  fileprivate(set) var second: Node?
  fileprivate(set) var others: [Node?]
  var backward: Backward?
  /// What the backward pass under way has gathered.
  var gradient: Tensor<Scalar>?
  /// How many users the backward pass under way has yet to visit.
  var pendingUses = 0

  init(_ name: String, _ first: Node?, _ second: Node? = nil, others: [Node?] = [], backward: Backward?) {
    self.name = name
    self.first = first
    self.second = second
    self.others = others
    self.backward = backward
    OperationTrace.note(name)
  }

  /// Releases the operands one after the other. Left to itself, each node's deinit would call that of the node before,
  /// and a long history would exhaust the stack.
  deinit {
    if first == nil && second == nil && others.isEmpty { return }
    var doomed: [Node] = []
    releaseOperands(into: &doomed)
    while var node = doomed.popLast() {
      if isKnownUniquelyReferenced(&node) { node.releaseOperands(into: &doomed) }
    }
  }

  func releaseOperands(into list: inout [Node]) {
    if let node = first { list.append(node) }
    if let node = second { list.append(node) }
    for case let node? in others { list.append(node) }
    first = nil
    second = nil
    others = []
  }

  func operand(_ index: Int) -> Node? {
    switch index {
    case 0: first
    case 1: second
    default: others[index - 2]
    }
  }

  @inline(__always)
  func forEachOperand(_ body: (Node) -> Void) {
    if let first { body(first) }
    if let second { body(second) }
    for case let node? in others { body(node) }
  }

  var isLeaf: Bool { false }

  /// Adds to what the backward pass has gathered for this node.
  func accumulate(_ contribution: consuming Tensor<Scalar>) {
    if gradient == nil {
      gradient = contribution
    } else {
      gradient!.add(contribution)
    }
  }
}

/// The node of a tensor that was made by the user and wants a gradient.
final class Leaf<Scalar: ComputeScalar>: Node<Scalar>, @unchecked Sendable {
  /// Locked, because models on several threads may share parameters.
  private let total = Mutex<Tensor<Scalar>?>(nil)

  init() {
    super.init("leaf", nil, backward: nil)
  }

  override var isLeaf: Bool { true }

  var totalGradient: Tensor<Scalar>? {
    get { total.withLock { $0 } }
    set { total.withLock { $0 = newValue } }
  }

  override func accumulate(_ contribution: consuming Tensor<Scalar>) {
    let part = contribution.contiguous()
    total.withLock { total in
      if total == nil {
        total = part
      } else {
        total!.add(part)
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
    node.operand(operand)?.accumulate(gradient)
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
    return names.withLock { $0.subtracting(["leaf"]) }
  }
}
