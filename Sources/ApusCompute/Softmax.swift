#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Softmax along the middle dimension of an array [outer, count, inner]: y = exp(x − max x) / Σ exp(x − max x).
///
/// - Parameters:
///   - x: outer × count × inner numbers in row-major order.
///   - y: Receives as many. May be x.
///   - outer: The product of the dimensions before.
///   - count: The extent over which the results sum to 1.
///   - inner: The product of the dimensions after.
@specialized(where T == Float)
@specialized(where T == Double)
public func softmax<T: ComputeScalar>(
  _ x: UnsafePointer<T>, into y: UnsafeMutablePointer<T>, outer: Int, count: Int, inner: Int
) {
  ScalarTwin.forEachColumn(outer, count, inner) { at in
    let lse = ScalarTwin.logSumExp(x + at, count, inner)
    for k in 0..<count { y[at + k * inner] = T(exp(Double(x[at + k * inner]) - lse)) }
  }
}

/// The logarithm of softmax, y = x − log Σ exp(x), without loss where softmax underflows. Parameters as for `softmax`.
@specialized(where T == Float)
@specialized(where T == Double)
public func logSoftmax<T: ComputeScalar>(
  _ x: UnsafePointer<T>, into y: UnsafeMutablePointer<T>, outer: Int, count: Int, inner: Int
) {
  ScalarTwin.forEachColumn(outer, count, inner) { at in
    let lse = ScalarTwin.logSumExp(x + at, count, inner)
    for k in 0..<count { y[at + k * inner] = T(Double(x[at + k * inner]) - lse) }
  }
}

/// The backward pass of `softmax`: gradient = y · (upstream − Σ upstream · y).
///
/// - Parameters:
///   - output: What `softmax` returned, y.
///   - upstream: The gradient with respect to y.
///   - gradient: Receives the gradient with respect to x. May be `output` or `upstream`.
///   - outer: As for `softmax`.
///   - count: As for `softmax`.
///   - inner: As for `softmax`.
@specialized(where T == Float)
@specialized(where T == Double)
public func softmaxGradient<T: ComputeScalar>(
  output: UnsafePointer<T>, upstream: UnsafePointer<T>, into gradient: UnsafeMutablePointer<T>, outer: Int, count: Int,
  inner: Int
) {
  ScalarTwin.forEachColumn(outer, count, inner) { at in
    var dot = 0.0
    for k in 0..<count { dot += Double(output[at + k * inner]) * Double(upstream[at + k * inner]) }
    for k in 0..<count {
      let i = at + k * inner
      gradient[i] = output[i] * (upstream[i] - T(dot))
    }
  }
}

/// The backward pass of `logSoftmax`: gradient = upstream − exp(y) · Σ upstream. Parameters as for `softmaxGradient`.
@specialized(where T == Float)
@specialized(where T == Double)
public func logSoftmaxGradient<T: ComputeScalar>(
  output: UnsafePointer<T>, upstream: UnsafePointer<T>, into gradient: UnsafeMutablePointer<T>, outer: Int, count: Int,
  inner: Int
) {
  ScalarTwin.forEachColumn(outer, count, inner) { at in
    var total = 0.0
    for k in 0..<count { total += Double(upstream[at + k * inner]) }
    for k in 0..<count {
      let i = at + k * inner
      gradient[i] = T(Double(upstream[i]) - exp(Double(output[i])) * total)
    }
  }
}

/// y = log Σ exp(x) along the middle dimension of an array [outer, count, inner], without overflow.
///
/// −∞ over no numbers, or where all are −∞.
///
/// - Parameters:
///   - x: outer × count × inner numbers in row-major order.
///   - y: Receives outer × inner results.
///   - outer: The product of the dimensions before.
///   - count: The extent reduced.
///   - inner: The product of the dimensions after.
@specialized(where T == Float)
@specialized(where T == Double)
public func logSumExp<T: ComputeScalar>(
  _ x: UnsafePointer<T>, into y: UnsafeMutablePointer<T>, outer: Int, count: Int, inner: Int
) {
  var i = 0
  ScalarTwin.forEachColumn(outer, count, inner) { at in
    y[i] = T(ScalarTwin.logSumExp(x + at, count, inner))
    i += 1
  }
}

/// Cross-entropy of rows of logits against class numbers: loss = logSumExp(row) − row[target].
///
/// - Parameters:
///   - logits: rows × classes numbers.
///   - targets: The class of each row. A row whose target is outside 0 ..< classes is ignored: its loss is 0.
///   - rows: How many rows.
///   - classes: How many classes.
///   - losses: Receives one loss for each row.
///   - logSumExps: Receives log Σ exp of each row, which `crossEntropyGradient` needs.
@specialized(where T == Float)
@specialized(where T == Double)
public func crossEntropy<T: ComputeScalar>(
  logits: UnsafePointer<T>, targets: UnsafePointer<Int>, rows: Int, classes: Int, losses: UnsafeMutablePointer<T>,
  logSumExps: UnsafeMutablePointer<T>
) {
  logSumExp(logits, into: logSumExps, outer: rows, count: classes, inner: 1)
  for r in 0..<rows {
    let target = targets[r]
    losses[r] = (0..<classes).contains(target) ? logSumExps[r] - logits[r * classes + target] : 0
  }
}

/// The backward pass of `crossEntropy`: gradient = scale · (softmax(row) − onehot(target)).
///
/// - Parameters:
///   - logits: As given to `crossEntropy`.
///   - targets: As given to `crossEntropy`; the gradient of an ignored row is 0.
///   - logSumExps: What `crossEntropy` returned.
///   - scales: For each row, the gradient of the objective with respect to its loss.
///   - rows: How many rows.
///   - classes: How many classes.
///   - gradient: Receives rows × classes numbers. May be `logits`.
@specialized(where T == Float)
@specialized(where T == Double)
public func crossEntropyGradient<T: ComputeScalar>(
  logits: UnsafePointer<T>, targets: UnsafePointer<Int>, logSumExps: UnsafePointer<T>, scales: UnsafePointer<T>,
  rows: Int, classes: Int, into gradient: UnsafeMutablePointer<T>
) {
  for r in 0..<rows {
    let isUsed = (0..<classes).contains(targets[r])
    for k in 0..<classes {
      let i = r * classes + k
      let probability = T(exp(Double(logits[i]) - Double(logSumExps[r])))
      gradient[i] = isUsed ? scales[r] * (probability - (k == targets[r] ? 1 : 0)) : 0
    }
  }
}

extension ScalarTwin {
  static func forEachColumn(_ outer: Int, _ count: Int, _ inner: Int, _ body: (Int) -> Void) {
    for o in 0..<outer {
      for i in 0..<inner { body(o * count * inner + i) }
    }
  }

  static func logSumExp<T: ComputeScalar>(_ x: UnsafePointer<T>, _ n: Int, _ step: Int) -> Double {
    var high = -Double.infinity
    for k in 0..<n {
      let value = Double(x[k * step])
      high = high != high || high > value ? high : value
    }
    if high == -.infinity || high == .infinity { return high }
    var total = 0.0
    for k in 0..<n { total += exp(Double(x[k * step]) - high) }
    return high + log(total)
  }
}
