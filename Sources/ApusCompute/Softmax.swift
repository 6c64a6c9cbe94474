/// Softmax and its relatives along rows and along columns.
protocol SoftmaxKernels<Scalar>: SendableMetatype {
  associatedtype Scalar

  static func softmaxRows(
    _ x: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>, _ rows: Int, _ count: Int)

  static func logSoftmaxRows(
    _ x: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>, _ rows: Int, _ count: Int)

  static func logSumExpRows(
    _ x: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>, _ rows: Int, _ count: Int)

  static func softmaxGradientRows(
    _ output: UnsafePointer<Scalar>, _ upstream: UnsafePointer<Scalar>, _ gradient: UnsafeMutablePointer<Scalar>,
    _ rows: Int, _ count: Int)

  static func logSoftmaxGradientRows(
    _ output: UnsafePointer<Scalar>, _ upstream: UnsafePointer<Scalar>, _ gradient: UnsafeMutablePointer<Scalar>,
    _ rows: Int, _ count: Int)

  static func softmaxColumns(
    _ x: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>, _ count: Int, _ inner: Int, _ columns: Int)

  static func logSoftmaxColumns(
    _ x: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>, _ count: Int, _ inner: Int, _ columns: Int)

  static func logSumExpColumns(
    _ x: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>, _ count: Int, _ inner: Int, _ columns: Int)

  static func softmaxGradientColumns(
    _ output: UnsafePointer<Scalar>, _ upstream: UnsafePointer<Scalar>, _ gradient: UnsafeMutablePointer<Scalar>,
    _ count: Int, _ inner: Int, _ columns: Int)

  static func logSoftmaxGradientColumns(
    _ output: UnsafePointer<Scalar>, _ upstream: UnsafePointer<Scalar>, _ gradient: UnsafeMutablePointer<Scalar>,
    _ count: Int, _ inner: Int, _ columns: Int)

  static func crossEntropyRows(
    _ logits: UnsafePointer<Scalar>, _ targets: UnsafePointer<Int>, _ rows: Int, _ classes: Int,
    _ losses: UnsafeMutablePointer<Scalar>, _ logSumExps: UnsafeMutablePointer<Scalar>)

  static func crossEntropyGradientRows(
    _ logits: UnsafePointer<Scalar>, _ targets: UnsafePointer<Int>, _ logSumExps: UnsafePointer<Scalar>,
    _ scales: UnsafePointer<Scalar>, _ rows: Int, _ classes: Int, _ gradient: UnsafeMutablePointer<Scalar>)
}

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
  forEachSlice(outer: outer, count: count, inner: inner) { rows in
    kernels(T.self).softmaxRows(x + rows.lowerBound * count, y + rows.lowerBound * count, rows.count, count)
  } columns: { start, columns in
    kernels(T.self).softmaxColumns(x + start, y + start, count, inner, columns)
  }
}

/// The logarithm of softmax, y = x − log Σ exp(x), without loss where softmax underflows. Parameters as for `softmax`.
@specialized(where T == Float)
@specialized(where T == Double)
public func logSoftmax<T: ComputeScalar>(
  _ x: UnsafePointer<T>, into y: UnsafeMutablePointer<T>, outer: Int, count: Int, inner: Int
) {
  forEachSlice(outer: outer, count: count, inner: inner) { rows in
    kernels(T.self).logSoftmaxRows(x + rows.lowerBound * count, y + rows.lowerBound * count, rows.count, count)
  } columns: { start, columns in
    kernels(T.self).logSoftmaxColumns(x + start, y + start, count, inner, columns)
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
  forEachSlice(outer: outer, count: count, inner: inner) { rows in
    let start = rows.lowerBound * count
    kernels(T.self).softmaxGradientRows(output + start, upstream + start, gradient + start, rows.count, count)
  } columns: { start, columns in
    kernels(T.self).softmaxGradientColumns(output + start, upstream + start, gradient + start, count, inner, columns)
  }
}

/// The backward pass of `logSoftmax`: gradient = upstream − exp(y) · Σ upstream. Parameters as for `softmaxGradient`.
@specialized(where T == Float)
@specialized(where T == Double)
public func logSoftmaxGradient<T: ComputeScalar>(
  output: UnsafePointer<T>, upstream: UnsafePointer<T>, into gradient: UnsafeMutablePointer<T>, outer: Int, count: Int,
  inner: Int
) {
  forEachSlice(outer: outer, count: count, inner: inner) { rows in
    let start = rows.lowerBound * count
    kernels(T.self).logSoftmaxGradientRows(output + start, upstream + start, gradient + start, rows.count, count)
  } columns: { start, columns in
    kernels(T.self).logSoftmaxGradientColumns(output + start, upstream + start, gradient + start, count, inner, columns)
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
  if count == 0 { return fill(y, with: -.infinity, count: outer * inner) }
  forEachSlice(outer: outer, count: count, inner: inner) { rows in
    kernels(T.self).logSumExpRows(x + rows.lowerBound * count, y + rows.lowerBound, rows.count, count)
  } columns: { start, columns in
    let plane = start / (count * inner)
    kernels(T.self).logSumExpColumns(x + start, y + start - plane * (count - 1) * inner, count, inner, columns)
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
  forEachRowRange(rows, length: classes) { range in
    let start = range.lowerBound
    kernels(T.self).crossEntropyRows(
      logits + start * classes, targets + start, range.count, classes, losses + start, logSumExps + start)
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
  forEachRowRange(rows, length: classes) { range in
    let start = range.lowerBound
    kernels(T.self).crossEntropyGradientRows(
      logits + start * classes, targets + start, logSumExps + start, scales + start, range.count, classes,
      gradient + start * classes)
  }
}

/// Cuts [outer, count, inner] into independent pieces and runs them on the team: ranges of rows where `inner` is 1, else
/// runs of columns, given by the position of their first element and their number.
@inline(__always)
private func forEachSlice(
  outer: Int, count: Int, inner: Int, rows: (Range<Int>) -> Void, columns: (_ start: Int, _ columns: Int) -> Void
) {
  guard outer * count * inner > 0 else { return }
  if inner == 1 { return forEachRowRange(outer, length: count, rows) }
  let block = min(inner, max(64, 16384 / count))
  let blocks = (inner + block - 1) / block
  forEachRowRange(outer * blocks, length: count * block) { units in
    for unit in units {
      let first = unit % blocks * block
      columns(unit / blocks * count * inner + first, min(block, inner - first))
    }
  }
}
