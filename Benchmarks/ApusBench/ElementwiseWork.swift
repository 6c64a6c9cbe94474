import ApusCompute

private let rows = 1024
private let columns = 1024

/// Functions of a million numbers, on buffers that stay. The same names as peers/ops.py.
func elementwiseWork() -> [Work] {
  let count = rows * columns
  func work(
    _ op: String, byRows: Bool = false,
    _ run: @escaping (_ x: UnsafeMutablePointer<Float>, _ y: UnsafeMutablePointer<Float>) -> Void
  ) -> Work {
    Work(op: op, shape: byRows ? "\(rows)x\(columns)" : "\(count)", operations: Double(count), hasPeak: false) {
      let x = Buffer(count, seed: 1)
      let y = Buffer(count, seed: 2)
      return {
        run(x.pointer, y.pointer)
        withExtendedLifetime((x, y)) {}
      }
    }
  }
  let functions: [(String, UnaryFunction)] = [
    ("exp", .exp), ("log", .log), ("tanh", .tanh), ("sigmoid", .sigmoid), ("erf", .erf),
    ("gelu", .gelu), ("relu", .relu),
  ]
  return functions.map { name, function in work(name) { apply(function, $0, into: $1, count: count) } } + [
    work("add") { combine(.add, $0, $0, into: $1, count: count) },
    work("sum") { reduce(.sum, $0, into: $1, outer: 1, count: count, inner: 1) },
    work("softmax", byRows: true) { softmax($0, into: $1, outer: rows, count: columns, inner: 1) },
    work("log-softmax", byRows: true) { logSoftmax($0, into: $1, outer: rows, count: columns, inner: 1) },
    work("sum-rows", byRows: true) { reduce(.sum, $0, into: $1, outer: rows, count: columns, inner: 1) },
    work("max-rows", byRows: true) { reduce(.maximum, $0, into: $1, outer: rows, count: columns, inner: 1) },
  ]
}
