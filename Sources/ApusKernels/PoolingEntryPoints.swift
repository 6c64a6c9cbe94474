// The entry points of pooling.

extension FloatKernels {
  /// The largest of each window and its position.
  public static func maxPool(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ indices: UnsafeMutablePointer<Int32>?,
    _ layout: UnsafePointer<Int>
  ) {
    FloatVector.maxPool(x, y, indices, PoolingLayout(layout))
  }

  /// The backward pass of `maxPool`.
  public static func maxPoolGradient(
    _ upstream: UnsafePointer<Float>, _ indices: UnsafePointer<Int32>, _ gradient: UnsafeMutablePointer<Float>,
    _ layout: UnsafePointer<Int>
  ) {
    FloatVector.maxPoolGradient(upstream, indices, gradient, PoolingLayout(layout))
  }

  /// The mean of each window.
  public static func averagePool(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ layout: UnsafePointer<Int>, _ countsPadding: Bool
  ) {
    FloatVector.averagePool(x, y, PoolingLayout(layout), countsPadding)
  }

  /// The backward pass of `averagePool`.
  public static func averagePoolGradient(
    _ upstream: UnsafePointer<Float>, _ gradient: UnsafeMutablePointer<Float>, _ layout: UnsafePointer<Int>,
    _ countsPadding: Bool
  ) {
    FloatVector.averagePoolGradient(upstream, gradient, PoolingLayout(layout), countsPadding)
  }
}

extension DoubleKernels {
  /// The largest of each window and its position.
  public static func maxPool(
    _ x: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>, _ indices: UnsafeMutablePointer<Int32>?,
    _ layout: UnsafePointer<Int>
  ) {
    DoubleVector.maxPool(x, y, indices, PoolingLayout(layout))
  }

  /// The backward pass of `maxPool`.
  public static func maxPoolGradient(
    _ upstream: UnsafePointer<Double>, _ indices: UnsafePointer<Int32>, _ gradient: UnsafeMutablePointer<Double>,
    _ layout: UnsafePointer<Int>
  ) {
    DoubleVector.maxPoolGradient(upstream, indices, gradient, PoolingLayout(layout))
  }

  /// The mean of each window.
  public static func averagePool(
    _ x: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>, _ layout: UnsafePointer<Int>, _ countsPadding: Bool
  ) {
    DoubleVector.averagePool(x, y, PoolingLayout(layout), countsPadding)
  }

  /// The backward pass of `averagePool`.
  public static func averagePoolGradient(
    _ upstream: UnsafePointer<Double>, _ gradient: UnsafeMutablePointer<Double>, _ layout: UnsafePointer<Int>,
    _ countsPadding: Bool
  ) {
    DoubleVector.averagePoolGradient(upstream, gradient, PoolingLayout(layout), countsPadding)
  }
}
