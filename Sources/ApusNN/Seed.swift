import ApusTensor
import Synchronization

/// Runs `body` with a source of random numbers that starts from `seed`.
///
/// Everything that a layer draws when it is *made* comes from the innermost `withSeed` around it: its first weights, and
/// for dropout the seed of the masks it will draw later. So the same seed gives the same model, and the same training,
/// on every machine and at any number of threads:
///
/// ```swift
/// let model = withSeed(42) { Net() }
/// ```
///
/// Without `withSeed` a layer starts from the system's entropy: every run is different. There is no global seed: the
/// source belongs to the scope (and to the task that runs it), so two threads may build two models at once.
/// A layer can also be given its own source: `Linear(3, 4, using: &generator)`.
public func withSeed<Result>(_ seed: UInt64, _ body: () throws -> Result) rethrows -> Result {
  try SeededSource.$current.withValue(SeededSource(seed: seed)) { try body() }
}

/// Whether layers draw their first weights. Who makes a model to fill it from a file turns that off: the numbers would be overwritten.
enum FirstWeights {
  @TaskLocal static var areDrawn = true
}

/// A generator for one layer: seeded by the scope, or by the system where there is no scope.
package func scopedRandom() -> Random {
  if let source = SeededSource.current { return Random(seed: source.next()) }
  var system = SystemRandomNumberGenerator()
  return Random(seed: system.next())
}

/// The generator of one `withSeed` scope, shared by all that is made inside. The lock is for child tasks that a body
/// may start: they inherit the scope.
private final class SeededSource: Sendable {
  @TaskLocal static var current: SeededSource?

  private let generator: Mutex<Random>

  init(seed: UInt64) {
    generator = Mutex(Random(seed: seed))
  }

  func next() -> UInt64 {
    generator.withLock { $0.next() }
  }
}
