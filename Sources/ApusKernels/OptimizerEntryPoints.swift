// The entry points of the optimizers' updates.

extension FloatKernels {
  /// Stochastic gradient descent without momentum.
  public static func sgdStep(
    _ w: UnsafeMutablePointer<Float>, _ g: UnsafePointer<Float>, _ count: Int, rate: Float, decay: Float
  ) {
    FloatVector.sgdStep(w, g, count, rate: rate, decay: decay)
  }

  /// Stochastic gradient descent with momentum.
  public static func sgdMomentumStep(
    _ w: UnsafeMutablePointer<Float>, _ g: UnsafePointer<Float>, _ v: UnsafeMutablePointer<Float>, _ count: Int,
    isFirst: Bool, rate: Float, decay: Float, momentum: Float, fresh: Float, direct: Float, carried: Float
  ) {
    FloatVector.sgdMomentumStep(
      w, g, v, count, isFirst: isFirst, rate: rate, decay: decay, momentum: momentum, fresh: fresh, direct: direct,
      carried: carried)
  }

  /// Adam; the constants are decay, shrink, beta1, fresh1, beta2, fresh2, rate, scale, epsilon.
  public static func adamStep(
    _ w: UnsafeMutablePointer<Float>, _ g: UnsafePointer<Float>, _ m: UnsafeMutablePointer<Float>,
    _ v: UnsafeMutablePointer<Float>, _ greatest: UnsafeMutablePointer<Float>?, _ count: Int,
    _ constants: UnsafePointer<Float>
  ) {
    FloatVector.adamStep(w, g, m, v, greatest, count, constants)
  }
}

extension DoubleKernels {
  /// Stochastic gradient descent without momentum.
  public static func sgdStep(
    _ w: UnsafeMutablePointer<Double>, _ g: UnsafePointer<Double>, _ count: Int, rate: Double, decay: Double
  ) {
    DoubleVector.sgdStep(w, g, count, rate: rate, decay: decay)
  }

  /// Stochastic gradient descent with momentum.
  public static func sgdMomentumStep(
    _ w: UnsafeMutablePointer<Double>, _ g: UnsafePointer<Double>, _ v: UnsafeMutablePointer<Double>, _ count: Int,
    isFirst: Bool, rate: Double, decay: Double, momentum: Double, fresh: Double, direct: Double, carried: Double
  ) {
    DoubleVector.sgdMomentumStep(
      w, g, v, count, isFirst: isFirst, rate: rate, decay: decay, momentum: momentum, fresh: fresh, direct: direct,
      carried: carried)
  }

  /// Adam; the constants are decay, shrink, beta1, fresh1, beta2, fresh2, rate, scale, epsilon.
  public static func adamStep(
    _ w: UnsafeMutablePointer<Double>, _ g: UnsafePointer<Double>, _ m: UnsafeMutablePointer<Double>,
    _ v: UnsafeMutablePointer<Double>, _ greatest: UnsafeMutablePointer<Double>?, _ count: Int,
    _ constants: UnsafePointer<Double>
  ) {
    DoubleVector.adamStep(w, g, m, v, greatest, count, constants)
  }
}
