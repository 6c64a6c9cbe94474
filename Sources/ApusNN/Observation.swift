import ApusTensor
import Synchronization

/// Tells whoever watches, as `summary(inputShape:)`, what every layer made of its input.
enum ForwardObserver {
  @TaskLocal private static var current: Watch?
  /// How many watch, so that a forward pass that nobody watches pays for one load and no more.
  private static let watchers = Atomic<Int>(0)

  /// Whether anybody watches.
  @inline(__always)
  static var isOn: Bool { watchers.load(ordering: .relaxed) > 0 }

  /// Notes in order of the calls.
  private final class Watch: @unchecked Sendable {
    // A forward pass is synchronous; only the task that watches writes here.
    var shapes: [(module: ObjectIdentifier, output: Shape)] = []
    var modules: [AnyObject] = []
  }

  /// Runs `body` and returns the shape of every layer's result, in the order of the calls.
  static func shapes(during body: () -> Void) -> [(module: ObjectIdentifier, output: Shape)] {
    watch(body).shapes
  }

  /// Runs `body` and returns the layers that gave results, in the order of the calls.
  static func modules(during body: () -> Void) -> [any Module] {
    watch(body).modules.compactMap { $0 as? any Module }
  }

  private static func watch(_ body: () -> Void) -> Watch {
    let watch = Watch()
    watchers.wrappingAdd(1, ordering: .relaxed)
    defer { watchers.wrappingSubtract(1, ordering: .relaxed) }
    $current.withValue(watch, operation: body)
    return watch
  }

  @inline(__always)
  static func note<Scalar>(_ module: AnyObject, _ output: Tensor<Scalar>) -> Tensor<Scalar> {
    if watchers.load(ordering: .relaxed) > 0, let watch = current {
      watch.shapes.append((ObjectIdentifier(module), output.shape))
      watch.modules.append(module)
    }
    return output
  }
}

/// Ends the program because of a mistake in the calling code unless `condition` holds.
///
/// `fatalError`, because the messages of preconditions are not printed by optimised builds.
@inline(__always)
package func demand(_ condition: Bool, _ message: @autoclosure () -> String) {
  if !condition { fatalError(message()) }
}

/// Stops with the layer's name and both shapes when an input does not fit.
///
/// - Parameters:
///   - expected: The shape that fits, with letters for free sizes: `"[batch, 1, height, width]"`.
///   - path: The name of one of the layer's parameters, which tells where in the model it stands.
@inline(__always)
func require(
  _ fits: Bool, _ layer: @autoclosure () -> Architecture?, path: @autoclosure () -> String?, input: Shape,
  _ expected: @autoclosure () -> String
) {
  if !fits { failShape(layer(), path(), input, expected()) }
}

@inline(never)
private func failShape(_ layer: Architecture?, _ path: String?, _ input: Shape, _ expected: String) -> Never {
  // The path of a parameter without the parameter.
  let place = path.map { $0.split(separator: ".").dropLast().joined(separator: ".") } ?? ""
  let name = (layer?.description ?? "layer") + (place.isEmpty ? "" : " at “\(place)”")
  fatalError("\(name): an input of shape \(input) does not fit, it needs \(expected)")
}
