// Elementwise functions of two variables, and the small loops of arithmetic around them.

/// An elementwise function of two variables.
protocol BinaryOperation {
  static func value<V: MathVector>(_ a: V, _ b: V) -> V
}

enum AdditionOperation: BinaryOperation {
  @inline(__always) static func value<V: MathVector>(_ a: V, _ b: V) -> V { a + b }
}

enum SubtractionOperation: BinaryOperation {
  @inline(__always) static func value<V: MathVector>(_ a: V, _ b: V) -> V { a - b }
}

enum MultiplicationOperation: BinaryOperation {
  @inline(__always) static func value<V: MathVector>(_ a: V, _ b: V) -> V { a * b }
}

enum DivisionOperation: BinaryOperation {
  @inline(__always) static func value<V: MathVector>(_ a: V, _ b: V) -> V { a / b }
}

enum MaximumOperation: BinaryOperation {
  @inline(__always) static func value<V: MathVector>(_ a: V, _ b: V) -> V { a.maximum(b) }
}

enum MinimumOperation: BinaryOperation {
  @inline(__always) static func value<V: MathVector>(_ a: V, _ b: V) -> V { a.minimum(b) }
}

enum PowerOfTwoOperandsOperation: BinaryOperation {
  @inline(__always) static func value<V: MathVector>(_ a: V, _ b: V) -> V { a.power(b) }
}

enum LessOperation: BinaryOperation {
  @inline(__always) static func value<V: MathVector>(_ a: V, _ b: V) -> V {
    V(repeating: 0).replacing(with: V(repeating: 1), where: a .< b)
  }
}

enum LessEqualOperation: BinaryOperation {
  @inline(__always) static func value<V: MathVector>(_ a: V, _ b: V) -> V {
    V(repeating: 0).replacing(with: V(repeating: 1), where: a .<= b)
  }
}

enum GreaterOperation: BinaryOperation {
  @inline(__always) static func value<V: MathVector>(_ a: V, _ b: V) -> V {
    V(repeating: 0).replacing(with: V(repeating: 1), where: b .< a)
  }
}

enum GreaterEqualOperation: BinaryOperation {
  @inline(__always) static func value<V: MathVector>(_ a: V, _ b: V) -> V {
    V(repeating: 0).replacing(with: V(repeating: 1), where: b .<= a)
  }
}

enum EqualOperation: BinaryOperation {
  @inline(__always) static func value<V: MathVector>(_ a: V, _ b: V) -> V {
    V(repeating: 0).replacing(with: V(repeating: 1), where: a .== b)
  }
}

enum NotEqualOperation: BinaryOperation {
  @inline(__always) static func value<V: MathVector>(_ a: V, _ b: V) -> V {
    V(repeating: 0).replacing(with: V(repeating: 1), where: a .!= b)
  }
}

/// The arrays of one call: `count` ≥ width numbers each, or a single one of a or b.
struct BinaryArrays<V: MathVector> {
  enum Layout { case arrays, scalarA, scalarB }

  var layout: Layout
  var a: UnsafePointer<V.Scalar>
  var b: UnsafePointer<V.Scalar>
  var result: UnsafeMutablePointer<V.Scalar>
  var count: Int

  /// Runs one operation. Never inlined, as with the functions of one variable.
  @inline(never)
  func run<Op: BinaryOperation>(_: Op.Type) {
    switch layout {
    case .arrays:
      @inline(__always) func body(_ a: V, _ b: V) -> V { Op.value(a, b) }
      V.map(a, b, result, count, body)
    case .scalarA:
      let a = V(repeating: a.pointee)
      @inline(__always) func body(_ b: V) -> V { Op.value(a, b) }
      V.map(b, result, count, body)
    case .scalarB:
      let b = V(repeating: b.pointee)
      @inline(__always) func body(_ a: V) -> V { Op.value(a, b) }
      V.map(a, result, count, body)
    }
  }

  @inline(__always)
  func run(_ code: Int) {
    switch BinaryCode(rawValue: code)! {
    case .add: run(AdditionOperation.self)
    case .subtract: run(SubtractionOperation.self)
    case .multiply: run(MultiplicationOperation.self)
    case .divide: run(DivisionOperation.self)
    case .maximum: run(MaximumOperation.self)
    case .minimum: run(MinimumOperation.self)
    case .power: run(PowerOfTwoOperandsOperation.self)
    case .less: run(LessOperation.self)
    case .lessEqual: run(LessEqualOperation.self)
    case .greater: run(GreaterOperation.self)
    case .greaterEqual: run(GreaterEqualOperation.self)
    case .equal: run(EqualOperation.self)
    case .notEqual: run(NotEqualOperation.self)
    }
  }
}

extension MathVector {
  /// y = f(a, b) for any count.
  @inline(__always)
  static func combine(
    _ code: Int, _ a: UnsafePointer<Scalar>, _ b: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>,
    _ count: Int
  ) {
    withShortArrays(a, b, y, count) { a, b, y, count in
      BinaryArrays<Self>(layout: .arrays, a: a, b: b, result: y, count: count).run(code)
    }
  }

  /// y = f(a, b) for any count, one b.
  @inline(__always)
  static func combine(
    _ code: Int, _ a: UnsafePointer<Scalar>, scalar b: Scalar, _ y: UnsafeMutablePointer<Scalar>, _ count: Int
  ) {
    withUnsafePointer(to: b) { b in
      withShortArrays(a, y, count) { a, y, count in
        BinaryArrays<Self>(layout: .scalarB, a: a, b: b, result: y, count: count).run(code)
      }
    }
  }

  /// y = f(a, b) for any count, one a.
  @inline(__always)
  static func combine(
    _ code: Int, scalar a: Scalar, _ b: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>, _ count: Int
  ) {
    withUnsafePointer(to: a) { a in
      withShortArrays(b, y, count) { b, y, count in
        BinaryArrays<Self>(layout: .scalarA, a: a, b: b, result: y, count: count).run(code)
      }
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
