import ApusCompute
import Synchronization

/// A number that is none, or is infinite, and the operation that it came from.
public struct NumericalAnomaly: Sendable {
  /// Whether the number came up in the backward pass: as the gradient that the operation sends to an operand.
  public let isBackward: Bool
  /// The operation's name.
  public let operation: String
  /// The shape of the result, or of the gradient.
  public let shape: Shape
  /// The place of the first such number, in row-major order.
  public let position: Int
  /// The number: NaN, or an infinity.
  public let value: Double
  /// The leaves of the recorded history that the operation worked on, nearest first, by identity.
  package let leaves: [ObjectIdentifier]
}

/// Looks at the results of recorded operations while it is switched on.
package enum AnomalyWatch {
  @TaskLocal private static var current: Watch?
  /// How many watch, so that an operation that nobody watches pays for one load and no more.
  private static let watchers = Atomic<Int>(0)

  /// `@unchecked Sendable`: the operations of a task run on one thread at a time.
  private final class Watch: @unchecked Sendable {
    var first: NumericalAnomaly?
  }

  /// Whether anybody watches.
  @inline(__always)
  package static var isOn: Bool { watchers.load(ordering: .relaxed) > 0 }

  /// Runs `body`, and gives the first anomaly that came up in it.
  package static func run<Result>(_ body: () throws -> Result) rethrows -> (result: Result, anomaly: NumericalAnomaly?)
  {
    let watch = Watch()
    watchers.wrappingAdd(1, ordering: .relaxed)
    defer { watchers.wrappingSubtract(1, ordering: .relaxed) }
    let result = try $current.withValue(watch, operation: body)
    return (result, watch.first)
  }

  @inline(never)
  static func look<Scalar: ComputeScalar>(at numbers: Tensor<Scalar>, from node: HistoryNode, isBackward: Bool) {
    guard let watch = current, watch.first == nil else { return }
    let found = numbers.withUnsafeScalars { scalars in scalars.firstIndex { !$0.isFinite }.map { ($0, scalars[$0]) } }
    guard let (position, value) = found else { return }
    watch.first = NumericalAnomaly(
      isBackward: isBackward, operation: node.name, shape: numbers.shape, position: position, value: Double(value),
      leaves: node.nearestLeaves)
  }
}

extension HistoryNode {
  /// The leaves that can be reached, those over the fewest operations first, at most 16 of them.
  fileprivate var nearestLeaves: [ObjectIdentifier] {
    var seen: Set<ObjectIdentifier> = [ObjectIdentifier(self)]
    var leaves: [ObjectIdentifier] = []
    var level = [self]
    while !level.isEmpty && leaves.count < 16 {
      var next: [HistoryNode] = []
      for node in level {
        if node.name == HistoryNode.leafName { leaves.append(ObjectIdentifier(node)) }
        node.forEachOperand { if seen.insert(ObjectIdentifier($0)).inserted { next.append($0) } }
      }
      level = next
    }
    return leaves
  }
}
