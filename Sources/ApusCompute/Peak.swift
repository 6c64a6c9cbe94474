/// The part of the kernel table that measures the CPU.
protocol PeakKernels<Scalar> {
  associatedtype Scalar
  static var operationsPerStep: Int { get }
  static func multiplyAdd(steps: Int, start: Scalar, factor: Scalar, addend: Scalar) -> Scalar
}

/// Measures how many floating-point operations a second the active kernel set can do at most, a multiply-add being two,
/// on `Threads.count` threads. Takes about a tenth of a second.
///
/// The loop works on registers alone. It is the roof under which every kernel stands: benchmarks report percentages of it.
package func measurePeak<T: ComputeScalar>(_: T.Type) -> Double {
  var best = 0.0
  let end = monotonicSeconds() + 0.1
  while monotonicSeconds() < end { best = max(best, samplePeak(T.self)) }
  return best
}

/// One sample of `measurePeak`: a millisecond or so, for what is compared with it in turns.
package func samplePeak<T: ComputeScalar>(_: T.Type) -> Double {
  let threads = Threads.count
  let chunks = threads == 1 ? 1 : 8 * threads
  // Half a millisecond or so a chunk: long enough for a clock, short enough that chunks share the threads evenly.
  let steps = 80_000
  let start = monotonicSeconds()
  parallelFor(chunks) { _ in
    let result = kernels(T.self).multiplyAdd(steps: steps, start: 1, factor: 0.5, addend: 0.25)
    // The result must matter, or the loop may be left out. 0.25 / (1 − 0.5), twelve times.
    precondition(result > 5 && result < 7, "the multiply-add loop computed \(result)")
  }
  return Double(chunks * steps * kernels(T.self).operationsPerStep) / (monotonicSeconds() - start)
}
