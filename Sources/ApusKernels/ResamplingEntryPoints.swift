// The entry points of resampling.

extension FloatKernels {
  /// y = a · p + b · q.
  public static func blendRow(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int, _ p: Float,
    _ q: Float
  ) {
    FloatVector.blendRow(a, b, y, count, p, q)
  }

  /// y += x · factor.
  public static func accumulateScaledRow(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int, _ factor: Float
  ) {
    FloatVector.accumulateScaledRow(x, y, count, factor)
  }

  /// Numbers of a row, or mixtures of two.
  public static func resampleRow(
    _ x: UnsafePointer<Float>, _ first: UnsafePointer<Int>, _ second: UnsafePointer<Int>,
    _ share: UnsafePointer<Float>?, _ y: UnsafeMutablePointer<Float>, _ count: Int
  ) {
    FloatVector.resampleRow(x, first, second, share, y, count)
  }

  /// The backward pass of `resampleRow`.
  public static func resampleGradientRow(
    _ upstream: UnsafePointer<Float>, _ first: UnsafePointer<Int>, _ second: UnsafePointer<Int>,
    _ share: UnsafePointer<Float>?, _ gradient: UnsafeMutablePointer<Float>, _ count: Int
  ) {
    FloatVector.resampleGradientRow(upstream, first, second, share, gradient, count)
  }

  /// The mean of each window of a plane.
  public static func adaptiveAveragePlane(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ height: Int, _ width: Int, _ rows: Int,
    _ columns: Int
  ) {
    FloatVector.adaptiveAveragePlane(x, y, height, width, rows, columns)
  }

  /// The backward pass of `adaptiveAveragePlane`.
  public static func adaptiveAverageGradientPlane(
    _ upstream: UnsafePointer<Float>, _ gradient: UnsafeMutablePointer<Float>, _ height: Int, _ width: Int, _ rows: Int,
    _ columns: Int
  ) {
    FloatVector.adaptiveAverageGradientPlane(upstream, gradient, height, width, rows, columns)
  }
}

extension DoubleKernels {
  /// y = a · p + b · q.
  public static func blendRow(
    _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>, _ count: Int,
    _ p: Double, _ q: Double
  ) {
    DoubleVector.blendRow(a, b, y, count, p, q)
  }

  /// y += x · factor.
  public static func accumulateScaledRow(
    _ x: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>, _ count: Int, _ factor: Double
  ) {
    DoubleVector.accumulateScaledRow(x, y, count, factor)
  }

  /// Numbers of a row, or mixtures of two.
  public static func resampleRow(
    _ x: UnsafePointer<Double>, _ first: UnsafePointer<Int>, _ second: UnsafePointer<Int>,
    _ share: UnsafePointer<Double>?, _ y: UnsafeMutablePointer<Double>, _ count: Int
  ) {
    DoubleVector.resampleRow(x, first, second, share, y, count)
  }

  /// The backward pass of `resampleRow`.
  public static func resampleGradientRow(
    _ upstream: UnsafePointer<Double>, _ first: UnsafePointer<Int>, _ second: UnsafePointer<Int>,
    _ share: UnsafePointer<Double>?, _ gradient: UnsafeMutablePointer<Double>, _ count: Int
  ) {
    DoubleVector.resampleGradientRow(upstream, first, second, share, gradient, count)
  }

  /// The mean of each window of a plane.
  public static func adaptiveAveragePlane(
    _ x: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>, _ height: Int, _ width: Int, _ rows: Int,
    _ columns: Int
  ) {
    DoubleVector.adaptiveAveragePlane(x, y, height, width, rows, columns)
  }

  /// The backward pass of `adaptiveAveragePlane`.
  public static func adaptiveAverageGradientPlane(
    _ upstream: UnsafePointer<Double>, _ gradient: UnsafeMutablePointer<Double>, _ height: Int, _ width: Int,
    _ rows: Int, _ columns: Int
  ) {
    DoubleVector.adaptiveAverageGradientPlane(upstream, gradient, height, width, rows, columns)
  }
}
