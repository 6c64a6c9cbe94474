// The entry points of softmax and its relatives.

extension FloatKernels {
  /// Softmax of each row.
  public static func softmaxRows(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ rows: Int, _ count: Int
  ) {
    FloatVector.softmaxRows(x, y, rows, count)
  }

  /// Log-softmax of each row.
  public static func logSoftmaxRows(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ rows: Int, _ count: Int
  ) {
    FloatVector.logSoftmaxRows(x, y, rows, count)
  }

  /// log Σ exp of each row.
  public static func logSumExpRows(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ rows: Int, _ count: Int
  ) {
    FloatVector.logSumExpRows(x, y, rows, count)
  }

  /// The backward pass of `softmaxRows`.
  public static func softmaxGradientRows(
    _ output: UnsafePointer<Float>, _ upstream: UnsafePointer<Float>, _ gradient: UnsafeMutablePointer<Float>,
    _ rows: Int, _ count: Int
  ) {
    FloatVector.softmaxGradientRows(output, upstream, gradient, rows, count)
  }

  /// The backward pass of `logSoftmaxRows`.
  public static func logSoftmaxGradientRows(
    _ output: UnsafePointer<Float>, _ upstream: UnsafePointer<Float>, _ gradient: UnsafeMutablePointer<Float>,
    _ rows: Int, _ count: Int
  ) {
    FloatVector.logSoftmaxGradientRows(output, upstream, gradient, rows, count)
  }

  /// Softmax of each column.
  public static func softmaxColumns(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int, _ inner: Int, _ columns: Int
  ) {
    FloatVector.softmaxColumns(x, y, count, inner, columns)
  }

  /// Log-softmax of each column.
  public static func logSoftmaxColumns(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int, _ inner: Int, _ columns: Int
  ) {
    FloatVector.logSoftmaxColumns(x, y, count, inner, columns)
  }

  /// log Σ exp of each column.
  public static func logSumExpColumns(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int, _ inner: Int, _ columns: Int
  ) {
    FloatVector.logSumExpColumns(x, y, count, inner, columns)
  }

  /// The backward pass of `softmaxColumns`.
  public static func softmaxGradientColumns(
    _ output: UnsafePointer<Float>, _ upstream: UnsafePointer<Float>, _ gradient: UnsafeMutablePointer<Float>,
    _ count: Int, _ inner: Int, _ columns: Int
  ) {
    FloatVector.softmaxGradientColumns(output, upstream, gradient, count, inner, columns)
  }

  /// The backward pass of `logSoftmaxColumns`.
  public static func logSoftmaxGradientColumns(
    _ output: UnsafePointer<Float>, _ upstream: UnsafePointer<Float>, _ gradient: UnsafeMutablePointer<Float>,
    _ count: Int, _ inner: Int, _ columns: Int
  ) {
    FloatVector.logSoftmaxGradientColumns(output, upstream, gradient, count, inner, columns)
  }

  /// Cross-entropy of each row.
  public static func crossEntropyRows(
    _ logits: UnsafePointer<Float>, _ targets: UnsafePointer<Int>, _ rows: Int, _ classes: Int,
    _ losses: UnsafeMutablePointer<Float>, _ logSumExps: UnsafeMutablePointer<Float>
  ) {
    FloatVector.crossEntropyRows(logits, targets, rows, classes, losses, logSumExps)
  }

  /// The backward pass of `crossEntropyRows`.
  public static func crossEntropyGradientRows(
    _ logits: UnsafePointer<Float>, _ targets: UnsafePointer<Int>, _ logSumExps: UnsafePointer<Float>,
    _ scales: UnsafePointer<Float>, _ rows: Int, _ classes: Int, _ gradient: UnsafeMutablePointer<Float>
  ) {
    FloatVector.crossEntropyGradientRows(logits, targets, logSumExps, scales, rows, classes, gradient)
  }
}

extension DoubleKernels {
  /// Softmax of each row.
  public static func softmaxRows(
    _ x: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>, _ rows: Int, _ count: Int
  ) {
    DoubleVector.softmaxRows(x, y, rows, count)
  }

  /// Log-softmax of each row.
  public static func logSoftmaxRows(
    _ x: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>, _ rows: Int, _ count: Int
  ) {
    DoubleVector.logSoftmaxRows(x, y, rows, count)
  }

  /// log Σ exp of each row.
  public static func logSumExpRows(
    _ x: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>, _ rows: Int, _ count: Int
  ) {
    DoubleVector.logSumExpRows(x, y, rows, count)
  }

  /// The backward pass of `softmaxRows`.
  public static func softmaxGradientRows(
    _ output: UnsafePointer<Double>, _ upstream: UnsafePointer<Double>, _ gradient: UnsafeMutablePointer<Double>,
    _ rows: Int, _ count: Int
  ) {
    DoubleVector.softmaxGradientRows(output, upstream, gradient, rows, count)
  }

  /// The backward pass of `logSoftmaxRows`.
  public static func logSoftmaxGradientRows(
    _ output: UnsafePointer<Double>, _ upstream: UnsafePointer<Double>, _ gradient: UnsafeMutablePointer<Double>,
    _ rows: Int, _ count: Int
  ) {
    DoubleVector.logSoftmaxGradientRows(output, upstream, gradient, rows, count)
  }

  /// Softmax of each column.
  public static func softmaxColumns(
    _ x: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>, _ count: Int, _ inner: Int, _ columns: Int
  ) {
    DoubleVector.softmaxColumns(x, y, count, inner, columns)
  }

  /// Log-softmax of each column.
  public static func logSoftmaxColumns(
    _ x: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>, _ count: Int, _ inner: Int, _ columns: Int
  ) {
    DoubleVector.logSoftmaxColumns(x, y, count, inner, columns)
  }

  /// log Σ exp of each column.
  public static func logSumExpColumns(
    _ x: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>, _ count: Int, _ inner: Int, _ columns: Int
  ) {
    DoubleVector.logSumExpColumns(x, y, count, inner, columns)
  }

  /// The backward pass of `softmaxColumns`.
  public static func softmaxGradientColumns(
    _ output: UnsafePointer<Double>, _ upstream: UnsafePointer<Double>, _ gradient: UnsafeMutablePointer<Double>,
    _ count: Int, _ inner: Int, _ columns: Int
  ) {
    DoubleVector.softmaxGradientColumns(output, upstream, gradient, count, inner, columns)
  }

  /// The backward pass of `logSoftmaxColumns`.
  public static func logSoftmaxGradientColumns(
    _ output: UnsafePointer<Double>, _ upstream: UnsafePointer<Double>, _ gradient: UnsafeMutablePointer<Double>,
    _ count: Int, _ inner: Int, _ columns: Int
  ) {
    DoubleVector.logSoftmaxGradientColumns(output, upstream, gradient, count, inner, columns)
  }

  /// Cross-entropy of each row.
  public static func crossEntropyRows(
    _ logits: UnsafePointer<Double>, _ targets: UnsafePointer<Int>, _ rows: Int, _ classes: Int,
    _ losses: UnsafeMutablePointer<Double>, _ logSumExps: UnsafeMutablePointer<Double>
  ) {
    DoubleVector.crossEntropyRows(logits, targets, rows, classes, losses, logSumExps)
  }

  /// The backward pass of `crossEntropyRows`.
  public static func crossEntropyGradientRows(
    _ logits: UnsafePointer<Double>, _ targets: UnsafePointer<Int>, _ logSumExps: UnsafePointer<Double>,
    _ scales: UnsafePointer<Double>, _ rows: Int, _ classes: Int, _ gradient: UnsafeMutablePointer<Double>
  ) {
    DoubleVector.crossEntropyGradientRows(logits, targets, logSumExps, scales, rows, classes, gradient)
  }
}
