import ApusCompute

private let rows = 1024
private let columns = 1024

/// Functions of a million numbers, on buffers that stay. The same names as peers/ops.py.
func elementwiseWork() -> [Work] {
  let count = rows * columns
  /// `arithmetic` is what the Float kernel does for an element, counted in its source, a multiply-add as two.
  func work(
    _ op: String, arithmetic: Double, bytes: Double, byRows: Bool = false,
    _ run: @escaping (_ x: UnsafeMutablePointer<Float>, _ y: UnsafeMutablePointer<Float>) -> Void
  ) -> Work {
    Work(
      op: op, shape: byRows ? "\(rows)x\(columns)" : "\(count)", operations: Double(count), hasPeak: false,
      bytes: bytes * Double(count), arithmeticPerElement: arithmetic
    ) {
      let x = Buffer(count, seed: 1)
      let y = Buffer(count, seed: 2)
      return {
        run(x.pointer, y.pointer)
        withExtendedLifetime((x, y)) {}
      }
    }
  }
  let functions: [(String, UnaryFunction, arithmetic: Double)] = [
    ("exp", .exp, 19), ("log", .log, 25), ("tanh", .tanh, 28), ("sigmoid", .sigmoid, 22), ("erf", .erf, 20),
    ("sin", .sin, 28), ("gelu", .gelu, 70), ("gelu-tanh", .geluTanh, 38), ("silu", .silu, 22), ("relu", .relu, 1),
  ]
  return functions.map { name, function, arithmetic in
    work(name, arithmetic: arithmetic, bytes: 8) { apply(function, $0, into: $1, count: count) }
  } + [
    // x + x: one array is read.
    work("add", arithmetic: 1, bytes: 8) { combine(.add, $0, $0, into: $1, count: count) },
    work("sum", arithmetic: 1, bytes: 4) { reduce(.sum, $0, into: $1, outer: 1, count: count, inner: 1) },
    work("softmax", arithmetic: 24, bytes: 8, byRows: true) {
      softmax($0, into: $1, outer: rows, count: columns, inner: 1)
    },
    work("log-softmax", arithmetic: 24, bytes: 8, byRows: true) {
      logSoftmax($0, into: $1, outer: rows, count: columns, inner: 1)
    },
    // A row is read twice, the second time from the cache: moments, then (x − mean) · inverse · gain + shift.
    work("layer-norm", arithmetic: 8, bytes: 8, byRows: true, layerNorm()),
    work("sum-rows", arithmetic: 1, bytes: 4, byRows: true) {
      reduce(.sum, $0, into: $1, outer: rows, count: columns, inner: 1)
    },
    work("max-rows", arithmetic: 1, bytes: 4, byRows: true) {
      reduce(.maximum, $0, into: $1, outer: rows, count: columns, inner: 1)
    },
  ]
}

/// Layer normalisation of rows, with a gain and a shift for each column.
private func layerNorm() -> (_ x: UnsafeMutablePointer<Float>, _ y: UnsafeMutablePointer<Float>) -> Void {
  let layout = GroupLayout(batch: rows, channels: columns, spatial: 1, groups: 1, epsilon: 1e-5)
  let (gain, shift) = (Buffer(columns, seed: 3), Buffer(columns, seed: 4))
  let (means, deviations) = (Buffer(rows, seed: 5), Buffer(rows, seed: 6))
  return { x, y in
    normalizeGroups(
      x, layout, weight: UnsafePointer(gain.pointer), bias: UnsafePointer(shift.pointer), into: y,
      means: means.pointer, inverseDeviations: deviations.pointer)
    withExtendedLifetime((gain, shift, means, deviations)) {}
  }
}
