// The entry points of batch normalisation.

extension FloatKernels {
  /// Σ (x − mean)².
  public static func squaredDeviations(
    _ x: UnsafePointer<Float>, _ count: Int, _ mean: Float
  ) -> Double {
    FloatVector.squaredDeviations(x, count, mean)
  }

  /// Σ upstream · (x − mean).
  public static func centeredDot(
    _ x: UnsafePointer<Float>, _ upstream: UnsafePointer<Float>, _ count: Int, _ mean: Float
  ) -> Double {
    FloatVector.centeredDot(x, upstream, count, mean)
  }

  /// y = (x − mean) · scale + shift.
  public static func normalizeRow(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int, _ mean: Float, _ scale: Float,
    _ shift: Float
  ) {
    FloatVector.normalizeRow(x, y, count, mean, scale, shift)
  }

  /// gradient = upstream · scale + (x − mean) · slope + shift.
  public static func normalizeGradientRow(
    _ x: UnsafePointer<Float>, _ upstream: UnsafePointer<Float>, _ gradient: UnsafeMutablePointer<Float>, _ count: Int,
    _ mean: Float, _ scale: Float, _ slope: Float, _ shift: Float
  ) {
    FloatVector.normalizeGradientRow(x, upstream, gradient, count, mean, scale, slope, shift)
  }
}

extension DoubleKernels {
  /// Σ (x − mean)².
  public static func squaredDeviations(
    _ x: UnsafePointer<Double>, _ count: Int, _ mean: Double
  ) -> Double {
    DoubleVector.squaredDeviations(x, count, mean)
  }

  /// Σ upstream · (x − mean).
  public static func centeredDot(
    _ x: UnsafePointer<Double>, _ upstream: UnsafePointer<Double>, _ count: Int, _ mean: Double
  ) -> Double {
    DoubleVector.centeredDot(x, upstream, count, mean)
  }

  /// y = (x − mean) · scale + shift.
  public static func normalizeRow(
    _ x: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>, _ count: Int, _ mean: Double, _ scale: Double,
    _ shift: Double
  ) {
    DoubleVector.normalizeRow(x, y, count, mean, scale, shift)
  }

  /// gradient = upstream · scale + (x − mean) · slope + shift.
  public static func normalizeGradientRow(
    _ x: UnsafePointer<Double>, _ upstream: UnsafePointer<Double>, _ gradient: UnsafeMutablePointer<Double>,
    _ count: Int, _ mean: Double, _ scale: Double, _ slope: Double, _ shift: Double
  ) {
    DoubleVector.normalizeGradientRow(x, upstream, gradient, count, mean, scale, slope, shift)
  }
}
