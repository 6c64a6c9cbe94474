// The entry points of the less common optimizers.

extension FloatKernels {
  /// RMSprop.
  public static func rmspropStep(
    _ w: UnsafeMutablePointer<Float>, _ g: UnsafePointer<Float>, _ square: UnsafeMutablePointer<Float>,
    _ mean: UnsafeMutablePointer<Float>?, _ velocity: UnsafeMutablePointer<Float>?, _ count: Int,
    _ c: UnsafePointer<Float>
  ) {
    FloatVector.rmspropStep(w, g, square, mean, velocity, count, c)
  }

  /// Adagrad.
  public static func adagradStep(
    _ w: UnsafeMutablePointer<Float>, _ g: UnsafePointer<Float>, _ sum: UnsafeMutablePointer<Float>, _ count: Int,
    _ c: UnsafePointer<Float>
  ) {
    FloatVector.adagradStep(w, g, sum, count, c)
  }

  /// Adadelta.
  public static func adadeltaStep(
    _ w: UnsafeMutablePointer<Float>, _ g: UnsafePointer<Float>, _ square: UnsafeMutablePointer<Float>,
    _ stepSquare: UnsafeMutablePointer<Float>, _ count: Int, _ c: UnsafePointer<Float>
  ) {
    FloatVector.adadeltaStep(w, g, square, stepSquare, count, c)
  }

  /// Adamax.
  public static func adamaxStep(
    _ w: UnsafeMutablePointer<Float>, _ g: UnsafePointer<Float>, _ m: UnsafeMutablePointer<Float>,
    _ norm: UnsafeMutablePointer<Float>, _ count: Int, _ c: UnsafePointer<Float>
  ) {
    FloatVector.adamaxStep(w, g, m, norm, count, c)
  }

  /// NAdam and RAdam.
  public static func momentStep(
    _ w: UnsafeMutablePointer<Float>, _ g: UnsafePointer<Float>, _ m: UnsafeMutablePointer<Float>,
    _ v: UnsafeMutablePointer<Float>, _ count: Int, _ c: UnsafePointer<Float>
  ) {
    FloatVector.momentStep(w, g, m, v, count, c)
  }

  /// Lion.
  public static func lionStep(
    _ w: UnsafeMutablePointer<Float>, _ g: UnsafePointer<Float>, _ m: UnsafeMutablePointer<Float>, _ count: Int,
    _ c: UnsafePointer<Float>
  ) {
    FloatVector.lionStep(w, g, m, count, c)
  }
}

extension DoubleKernels {
  /// RMSprop.
  public static func rmspropStep(
    _ w: UnsafeMutablePointer<Double>, _ g: UnsafePointer<Double>, _ square: UnsafeMutablePointer<Double>,
    _ mean: UnsafeMutablePointer<Double>?, _ velocity: UnsafeMutablePointer<Double>?, _ count: Int,
    _ c: UnsafePointer<Double>
  ) {
    DoubleVector.rmspropStep(w, g, square, mean, velocity, count, c)
  }

  /// Adagrad.
  public static func adagradStep(
    _ w: UnsafeMutablePointer<Double>, _ g: UnsafePointer<Double>, _ sum: UnsafeMutablePointer<Double>, _ count: Int,
    _ c: UnsafePointer<Double>
  ) {
    DoubleVector.adagradStep(w, g, sum, count, c)
  }

  /// Adadelta.
  public static func adadeltaStep(
    _ w: UnsafeMutablePointer<Double>, _ g: UnsafePointer<Double>, _ square: UnsafeMutablePointer<Double>,
    _ stepSquare: UnsafeMutablePointer<Double>, _ count: Int, _ c: UnsafePointer<Double>
  ) {
    DoubleVector.adadeltaStep(w, g, square, stepSquare, count, c)
  }

  /// Adamax.
  public static func adamaxStep(
    _ w: UnsafeMutablePointer<Double>, _ g: UnsafePointer<Double>, _ m: UnsafeMutablePointer<Double>,
    _ norm: UnsafeMutablePointer<Double>, _ count: Int, _ c: UnsafePointer<Double>
  ) {
    DoubleVector.adamaxStep(w, g, m, norm, count, c)
  }

  /// NAdam and RAdam.
  public static func momentStep(
    _ w: UnsafeMutablePointer<Double>, _ g: UnsafePointer<Double>, _ m: UnsafeMutablePointer<Double>,
    _ v: UnsafeMutablePointer<Double>, _ count: Int, _ c: UnsafePointer<Double>
  ) {
    DoubleVector.momentStep(w, g, m, v, count, c)
  }

  /// Lion.
  public static func lionStep(
    _ w: UnsafeMutablePointer<Double>, _ g: UnsafePointer<Double>, _ m: UnsafeMutablePointer<Double>, _ count: Int,
    _ c: UnsafePointer<Double>
  ) {
    DoubleVector.lionStep(w, g, m, count, c)
  }
}
