// The entry points of layer normalisation.

extension FloatKernels {
  /// y = (x − mean) · inverse · weight + bias for each row.
  public static func normalizeRows(
    _ x: UnsafePointer<Float>, _ weight: UnsafePointer<Float>?, _ bias: UnsafePointer<Float>?,
    _ y: UnsafeMutablePointer<Float>, _ means: UnsafeMutablePointer<Float>, _ inverses: UnsafeMutablePointer<Float>,
    _ rows: Int, _ count: Int, _ epsilon: Double, _ centers: Bool
  ) {
    FloatVector.normalizeRows(x, weight, bias, y, means, inverses, rows, count, epsilon, centers)
  }

  /// The backward pass of `normalizeRows`.
  public static func normalizeGradientRows(
    _ x: UnsafePointer<Float>, _ upstream: UnsafePointer<Float>, _ weight: UnsafePointer<Float>?,
    _ means: UnsafePointer<Float>, _ inverses: UnsafePointer<Float>, _ gradient: UnsafeMutablePointer<Float>,
    _ weightGradient: UnsafeMutablePointer<Float>?, _ biasGradient: UnsafeMutablePointer<Float>?, _ rows: Int,
    _ count: Int, _ centers: Bool
  ) {
    FloatVector.normalizeGradientRows(
      x, upstream, weight, means, inverses, gradient, weightGradient, biasGradient, rows, count, centers)
  }
}

extension DoubleKernels {
  /// y = (x − mean) · inverse · weight + bias for each row.
  public static func normalizeRows(
    _ x: UnsafePointer<Double>, _ weight: UnsafePointer<Double>?, _ bias: UnsafePointer<Double>?,
    _ y: UnsafeMutablePointer<Double>, _ means: UnsafeMutablePointer<Double>, _ inverses: UnsafeMutablePointer<Double>,
    _ rows: Int, _ count: Int, _ epsilon: Double, _ centers: Bool
  ) {
    DoubleVector.normalizeRows(x, weight, bias, y, means, inverses, rows, count, epsilon, centers)
  }

  /// The backward pass of `normalizeRows`.
  public static func normalizeGradientRows(
    _ x: UnsafePointer<Double>, _ upstream: UnsafePointer<Double>, _ weight: UnsafePointer<Double>?,
    _ means: UnsafePointer<Double>, _ inverses: UnsafePointer<Double>, _ gradient: UnsafeMutablePointer<Double>,
    _ weightGradient: UnsafeMutablePointer<Double>?, _ biasGradient: UnsafeMutablePointer<Double>?, _ rows: Int,
    _ count: Int, _ centers: Bool
  ) {
    DoubleVector.normalizeGradientRows(
      x, upstream, weight, means, inverses, gradient, weightGradient, biasGradient, rows, count, centers)
  }
}
