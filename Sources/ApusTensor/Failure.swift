/// Ends the program because of a mistake in the calling code: operands that do not fit together.
///
/// `fatalError`, because the messages of preconditions are not printed by optimised builds.
///
/// - Parameters:
///   - operation: The operation's name as the user knows it.
///   - problem: What does not fit.
///   - shapes: The shapes of the operands.
@inline(never)
package func fail(_ operation: String, _ problem: String, _ shapes: Shape...) -> Never {
  let operands: String
  switch shapes.count {
  case 0: operands = ""
  case 1: operands = " (shape \(shapes[0]))"
  default:
    let names = shapes.map(\.description)
    operands = " (shapes \(names.dropLast().joined(separator: ", ")) and \(names[names.count - 1]))"
  }
  fatalError("\(operation): \(problem)\(operands)")
}

/// Ends the program as `fail` does unless `condition` holds. The message is made only when it is needed.
@inline(__always)
package func check(_ condition: Bool, _ operation: String, _ problem: @autoclosure () -> String, _ shape: Shape) {
  if !condition { fail(operation, problem(), shape) }
}

/// Ends the program as `fail` does, naming both shapes, unless `condition` holds.
@inline(__always)
package func check(
  _ condition: Bool, _ operation: String, _ problem: @autoclosure () -> String, _ first: Shape, _ second: Shape
) {
  if !condition { fail(operation, problem(), first, second) }
}
