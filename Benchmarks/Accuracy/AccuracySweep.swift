import ApusCompute

/// A function measured on the bit patterns 0, stride, 2 · stride … of `Float`, on several kernel sets at once.
package struct AccuracySweep: Sendable {
  package let function: UnaryFunction
  /// 1 for every `Float` there is.
  package let stride: Int
  package let sets: [InstructionSet]
  /// Whether the reference is the C library everywhere; see `run`.
  package let usesLibraryOnly: Bool

  /// What came out.
  package struct Result: Sendable {
    /// For each set, in order.
    package var measures: [ErrorMeasure]
    /// The largest difference between the two references, in units in the last place of a `Float`.
    package var referenceError = 0.0
    /// Arguments for which both references were computed.
    package var referenceChecks = 0

    mutating func merge(_ other: Result) {
      for index in measures.indices { measures[index].merge(other.measures[index]) }
      referenceError = max(referenceError, other.referenceError)
      referenceChecks += other.referenceChecks
    }
  }

  package init(_ function: UnaryFunction, stride: Int, sets: [InstructionSet], usesLibraryOnly: Bool) {
    precondition(stride > 0)
    self.function = function
    self.stride = stride
    self.sets = sets
    self.usesLibraryOnly = usesLibraryOnly
  }

  private static let blockLength = 4096

  /// How many arguments there are.
  package var count: Int { ((1 << 32) - 1) / stride + 1 }

  /// Measures, on all threads.
  ///
  /// The reference is Apus's own `Double` kernel, which is quick; and the C library wherever something special may happen
  /// (zeros, denormal numbers, infinities, NaN), for sine and cosine of large arguments, whose reduction is the same in
  /// both formats, and on every 64th block of arguments, where both are computed and held against each other.
  package func run() -> Result {
    let blocks = (count + Self.blockLength - 1) / Self.blockLength
    let blocksPerChunk = max(1, min(256, blocks / 64))
    let chunks = (blocks + blocksPerChunk - 1) / blocksPerChunk
    let empty = Result(measures: sets.map { _ in ErrorMeasure() })
    var results = [Result](repeating: empty, count: chunks)
    results.withUnsafeMutableBufferPointer { results in
      // `nonisolated(unsafe)`: each chunk writes to its own element.
      nonisolated(unsafe) let results = results
      parallelFor(chunks) { chunk in
        var result = empty
        Scratch(Self.blockLength).use { scratch in
          for block in chunk * blocksPerChunk..<min(blocks, (chunk + 1) * blocksPerChunk) {
            measure(block, scratch, &result)
          }
        }
        results[chunk] = result
      }
    }
    return results.reduce(into: empty) { $0.merge($1) }
  }

  /// The arrays of one thread.
  private struct Scratch {
    let x: UnsafeMutablePointer<Float>
    let y: UnsafeMutablePointer<Float>
    let wide: UnsafeMutablePointer<Double>
    let exact: UnsafeMutablePointer<Double>

    init(_ count: Int) {
      x = .allocate(capacity: count)
      y = .allocate(capacity: count)
      wide = .allocate(capacity: count)
      exact = .allocate(capacity: count)
      x.initialize(repeating: 0, count: count)
      y.initialize(repeating: 0, count: count)
      wide.initialize(repeating: 0, count: count)
      exact.initialize(repeating: 0, count: count)
    }

    func use(_ body: (Scratch) -> Void) {
      body(self)
      x.deallocate()
      y.deallocate()
      wide.deallocate()
      exact.deallocate()
    }
  }

  private func measure(_ block: Int, _ scratch: Scratch, _ result: inout Result) {
    let first = block * Self.blockLength
    let length = min(Self.blockLength, count - first)
    for i in 0..<length {
      let x = Float(bitPattern: UInt32(truncatingIfNeeded: (first + i) * stride))
      scratch.x[i] = x
      scratch.wide[i] = Double(x)
    }
    computeExact(block, length, scratch, &result)
    for index in sets.indices {
      InstructionSet.with(sets[index]) { apply(function, scratch.x, into: scratch.y, count: length) }
      var measure = result.measures[index]
      for i in 0..<length { measure.add(scratch.x[i], scratch.y[i], exact: scratch.exact[i]) }
      result.measures[index] = measure
    }
  }

  private func computeExact(_ block: Int, _ length: Int, _ scratch: Scratch, _ result: inout Result) {
    let isSpecial = !scratch.x[0].isNormal || !scratch.x[length - 1].isNormal
    let largest = max(abs(scratch.x[0]), abs(scratch.x[length - 1]))
    let isLargeAngle = (function == .sin || function == .cos) && !(largest < 10000)
    if usesLibraryOnly || isSpecial || isLargeAngle || block % 64 == 0 {
      for i in 0..<length { scratch.exact[i] = exactValue(function, scratch.wide[i]) }
    }
    if usesLibraryOnly || isSpecial || isLargeAngle { return }
    if block % 64 != 0 {
      apply(function, scratch.wide, into: scratch.exact, count: length)
      return
    }
    apply(function, scratch.wide, into: scratch.wide, count: length)
    for i in 0..<length {
      let (own, library) = (scratch.wide[i], scratch.exact[i])
      // Beyond the range of Float the two need not agree.
      if own == library || (own.isNaN && library.isNaN) || min(abs(own), abs(library)) > 0x1p128 { continue }
      let exponent = library.isFinite ? max(Int(library.exponent), -126) : 127
      let error = abs(own - library) * Double(sign: .plus, exponent: 23 - exponent, significand: 1)
      result.referenceError = max(result.referenceError, error.isNaN ? .infinity : error)
    }
    result.referenceChecks += length
  }
}
