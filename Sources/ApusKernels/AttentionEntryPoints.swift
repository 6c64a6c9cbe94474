// The entry points of attention.

extension FloatKernels {
  /// One tile of the softmax over scores.
  public static func attentionTile(
    _ scores: UnsafeMutablePointer<Float>, _ rows: Int, _ columns: Int, _ mask: UnsafePointer<Float>?,
    _ maskStride: Int, _ firstVisible: Int, _ visibleStep: Int, _ maxima: UnsafeMutablePointer<Float>,
    _ sums: UnsafeMutablePointer<Float>, _ output: UnsafeMutablePointer<Float>, _ width: Int
  ) {
    FloatVector.attentionTile(
      scores, rows, columns, mask, maskStride, firstVisible, visibleStep, maxima, sums, output, width)
  }

  /// The end of the softmax over scores.
  public static func attentionFinish(
    _ maxima: UnsafeMutablePointer<Float>, _ sums: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>,
    _ rows: Int, _ width: Int
  ) {
    FloatVector.attentionFinish(maxima, sums, output, rows, width)
  }

  /// The backward pass of one tile.
  public static func attentionGradientTile(
    _ scores: UnsafeMutablePointer<Float>, _ slopes: UnsafeMutablePointer<Float>, _ rows: Int, _ columns: Int,
    _ mask: UnsafePointer<Float>?, _ maskStride: Int, _ firstVisible: Int, _ visibleStep: Int,
    _ logSumExps: UnsafePointer<Float>, _ deltas: UnsafePointer<Float>, _ scale: Float
  ) {
    FloatVector.attentionGradientTile(
      scores, slopes, rows, columns, mask, maskStride, firstVisible, visibleStep, logSumExps, deltas, scale)
  }

  /// Σ a · b.
  public static func dotRow(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ count: Int
  ) -> Double {
    FloatVector.dotRow(a, b, count)
  }
}

extension DoubleKernels {
  /// One tile of the softmax over scores.
  public static func attentionTile(
    _ scores: UnsafeMutablePointer<Double>, _ rows: Int, _ columns: Int, _ mask: UnsafePointer<Double>?,
    _ maskStride: Int, _ firstVisible: Int, _ visibleStep: Int, _ maxima: UnsafeMutablePointer<Double>,
    _ sums: UnsafeMutablePointer<Double>, _ output: UnsafeMutablePointer<Double>, _ width: Int
  ) {
    DoubleVector.attentionTile(
      scores, rows, columns, mask, maskStride, firstVisible, visibleStep, maxima, sums, output, width)
  }

  /// The end of the softmax over scores.
  public static func attentionFinish(
    _ maxima: UnsafeMutablePointer<Double>, _ sums: UnsafePointer<Double>, _ output: UnsafeMutablePointer<Double>,
    _ rows: Int, _ width: Int
  ) {
    DoubleVector.attentionFinish(maxima, sums, output, rows, width)
  }

  /// The backward pass of one tile.
  public static func attentionGradientTile(
    _ scores: UnsafeMutablePointer<Double>, _ slopes: UnsafeMutablePointer<Double>, _ rows: Int, _ columns: Int,
    _ mask: UnsafePointer<Double>?, _ maskStride: Int, _ firstVisible: Int, _ visibleStep: Int,
    _ logSumExps: UnsafePointer<Double>, _ deltas: UnsafePointer<Double>, _ scale: Double
  ) {
    DoubleVector.attentionGradientTile(
      scores, slopes, rows, columns, mask, maskStride, firstVisible, visibleStep, logSumExps, deltas, scale)
  }

  /// Σ a · b.
  public static func dotRow(
    _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, _ count: Int
  ) -> Double {
    DoubleVector.dotRow(a, b, count)
  }
}
