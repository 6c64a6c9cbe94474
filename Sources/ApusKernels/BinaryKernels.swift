// Elementwise functions of two variables, and the small loops of arithmetic around them.

extension MathVector {
  /// Hands `loop` the function that `code` names: the choice is made once, outside the loop.
  @inline(__always)
  static func withBinaryFunction(_ code: Int, _ loop: ((Self, Self) -> Self) -> Void) {
    let zero = Self(repeating: 0)
    let one = Self(repeating: 1)
    switch BinaryCode(rawValue: code)! {
    case .add: loop { $0 + $1 }
    case .subtract: loop { $0 - $1 }
    case .multiply: loop { $0 * $1 }
    case .divide: loop { $0 / $1 }
    case .maximum: loop { $0.maximum($1) }
    case .minimum: loop { $0.minimum($1) }
    case .power: loop { $0.power($1) }
    case .less: loop { zero.replacing(with: one, where: $0 .< $1) }
    case .lessEqual: loop { zero.replacing(with: one, where: $0 .<= $1) }
    case .greater: loop { zero.replacing(with: one, where: $1 .< $0) }
    case .greaterEqual: loop { zero.replacing(with: one, where: $1 .<= $0) }
    case .equal: loop { zero.replacing(with: one, where: $0 .== $1) }
    case .notEqual: loop { zero.replacing(with: one, where: $0 .!= $1) }
    }
  }

  /// y = f(a, b) for any count.
  @inline(__always)
  static func combine(
    _ code: Int, _ a: UnsafePointer<Scalar>, _ b: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>,
    _ count: Int
  ) {
    withShortArrays(a, b, y, count) { a, b, y, count in
      withBinaryFunction(code) { function in map(a, b, y, count, function) }
    }
  }

  /// y = f(a, b) for any count, one b.
  @inline(__always)
  static func combine(
    _ code: Int, _ a: UnsafePointer<Scalar>, scalar b: Scalar, _ y: UnsafeMutablePointer<Scalar>, _ count: Int
  ) {
    let b = Self(repeating: b)
    withShortArrays(a, y, count) { a, y, count in
      withBinaryFunction(code) { function in map(a, y, count) { function($0, b) } }
    }
  }

  /// y = f(a, b) for any count, one a.
  @inline(__always)
  static func combine(
    _ code: Int, scalar a: Scalar, _ b: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>, _ count: Int
  ) {
    let a = Self(repeating: a)
    withShortArrays(b, y, count) { b, y, count in
      withBinaryFunction(code) { function in map(b, y, count) { function(a, $0) } }
    }
  }

  /// y = condition ≠ 0 ? a : b for any count.
  @inline(__always)
  static func select(
    _ condition: UnsafePointer<Scalar>, _ a: UnsafePointer<Scalar>, _ b: UnsafePointer<Scalar>,
    _ y: UnsafeMutablePointer<Scalar>, _ count: Int
  ) {
    var i = 0
    while i + width <= count {
      load(b + i).replacing(with: load(a + i), where: load(condition + i) .!= Self(repeating: 0)).store(y + i)
      i += width
    }
    while i < count {
      y[i] = condition[i] != 0 ? a[i] : b[i]
      i += 1
    }
  }

  /// y += scale · x for any count.
  @inline(__always)
  static func accumulate(
    _ x: UnsafePointer<Scalar>, _ scale: Scalar, _ y: UnsafeMutablePointer<Scalar>, _ count: Int
  ) {
    let scale = Self(repeating: scale)
    withShortArrays(x, y, y, count) { x, old, y, count in
      map(x, old, y, count) { $1.adding($0, times: scale) }
    }
  }
}

extension FloatKernels {
  /// y = f(a, b); see `BinaryCode`.
  public static func combine(
    _ code: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int
  ) {
    FloatVector.combine(code, a, b, y, count)
  }

  /// y = f(a, b) for one b.
  public static func combine(
    _ code: Int, _ a: UnsafePointer<Float>, scalar b: Float, _ y: UnsafeMutablePointer<Float>, _ count: Int
  ) {
    FloatVector.combine(code, a, scalar: b, y, count)
  }

  /// y = f(a, b) for one a.
  public static func combine(
    _ code: Int, scalar a: Float, _ b: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int
  ) {
    FloatVector.combine(code, scalar: a, b, y, count)
  }

  /// y = condition ≠ 0 ? a : b.
  public static func select(
    _ condition: UnsafePointer<Float>, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
    _ y: UnsafeMutablePointer<Float>, _ count: Int
  ) {
    FloatVector.select(condition, a, b, y, count)
  }

  /// y += scale · x.
  public static func accumulate(
    _ x: UnsafePointer<Float>, _ scale: Float, _ y: UnsafeMutablePointer<Float>, _ count: Int
  ) {
    FloatVector.accumulate(x, scale, y, count)
  }

  /// y = keep ≠ 0 ? x · scale : 0. A plain loop, which the compiler turns into registers by itself.
  public static func applyMask(
    _ keep: UnsafePointer<UInt8>, _ x: UnsafePointer<Float>, _ scale: Float, _ y: UnsafeMutablePointer<Float>,
    _ count: Int
  ) {
    for i in 0..<count { y[i] = keep[i] != 0 ? x[i] * scale : 0 }
  }
}

extension DoubleKernels {
  /// y = f(a, b); see `BinaryCode`.
  public static func combine(
    _ code: Int, _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>,
    _ count: Int
  ) {
    DoubleVector.combine(code, a, b, y, count)
  }

  /// y = f(a, b) for one b.
  public static func combine(
    _ code: Int, _ a: UnsafePointer<Double>, scalar b: Double, _ y: UnsafeMutablePointer<Double>, _ count: Int
  ) {
    DoubleVector.combine(code, a, scalar: b, y, count)
  }

  /// y = f(a, b) for one a.
  public static func combine(
    _ code: Int, scalar a: Double, _ b: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>, _ count: Int
  ) {
    DoubleVector.combine(code, scalar: a, b, y, count)
  }

  /// y = condition ≠ 0 ? a : b.
  public static func select(
    _ condition: UnsafePointer<Double>, _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>,
    _ y: UnsafeMutablePointer<Double>, _ count: Int
  ) {
    DoubleVector.select(condition, a, b, y, count)
  }

  /// y += scale · x.
  public static func accumulate(
    _ x: UnsafePointer<Double>, _ scale: Double, _ y: UnsafeMutablePointer<Double>, _ count: Int
  ) {
    DoubleVector.accumulate(x, scale, y, count)
  }

  /// y = keep ≠ 0 ? x · scale : 0.
  public static func applyMask(
    _ keep: UnsafePointer<UInt8>, _ x: UnsafePointer<Double>, _ scale: Double, _ y: UnsafeMutablePointer<Double>,
    _ count: Int
  ) {
    for i in 0..<count { y[i] = keep[i] != 0 ? x[i] * scale : 0 }
  }
}
