import ApusKernels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// An elementwise function of two variables: `add`, `subtract`, `multiply`, `divide`, `maximum`, `minimum`, `power`,
/// and the comparisons `less`, `lessEqual`, `greater`, `greaterEqual`, `equal`, `notEqual`, whose result is 0 or 1.
///
/// `maximum` and `minimum` give NaN when either operand is NaN. `power` has the special cases of C's `pow`.
public typealias BinaryFunction = ApusKernels.BinaryCode

/// y = f(a, b) for `count` numbers.
///
/// - Parameters:
///   - function: The function f.
///   - a: `count` left operands.
///   - b: `count` right operands.
///   - y: Receives `count` results. May be `a` or `b`, but must not overlap them otherwise.
///   - count: How many.
@specialized(where T == Float)
@specialized(where T == Double)
public func combine<T: ComputeScalar>(
  _ function: BinaryFunction, _ a: UnsafePointer<T>, _ b: UnsafePointer<T>, into y: UnsafeMutablePointer<T>, count: Int
) {
  for i in 0..<count { y[i] = ScalarTwin.value(function, a[i], b[i]) }
}

/// y = f(a, b) for `count` numbers a and one number b. Otherwise as the function of two vectors.
@specialized(where T == Float)
@specialized(where T == Double)
public func combine<T: ComputeScalar>(
  _ function: BinaryFunction, _ a: UnsafePointer<T>, scalar b: T, into y: UnsafeMutablePointer<T>, count: Int
) {
  for i in 0..<count { y[i] = ScalarTwin.value(function, a[i], b) }
}

/// y = f(a, b) for one number a and `count` numbers b. Otherwise as the function of two vectors.
@specialized(where T == Float)
@specialized(where T == Double)
public func combine<T: ComputeScalar>(
  _ function: BinaryFunction, scalar a: T, _ b: UnsafePointer<T>, into y: UnsafeMutablePointer<T>, count: Int
) {
  for i in 0..<count { y[i] = ScalarTwin.value(function, a, b[i]) }
}

/// y = f(a, b) over a shape, the operands with any strides; y is contiguous in row-major order.
///
/// A stride of 0 repeats an operand along that dimension: that is how broadcasting is expressed.
///
/// - Parameters:
///   - function: The function f.
///   - a: The left operand's first element.
///   - aStrides: Its step, in elements, along each dimension of `shape`.
///   - b: The right operand's first element.
///   - bStrides: Its steps.
///   - y: Receives the results, one for each element of `shape`. May be an operand that has exactly y's layout.
///   - shape: The extents of the result; empty for a single number.
@specialized(where T == Float)
@specialized(where T == Double)
public func combine<T: ComputeScalar>(
  _ function: BinaryFunction, _ a: UnsafePointer<T>, strides aStrides: [Int], _ b: UnsafePointer<T>,
  strides bStrides: [Int], into y: UnsafeMutablePointer<T>, shape: [Int]
) {
  var i = 0
  ScalarTwin.forEachIndex(shape) { index in
    var p = a
    var q = b
    for d in shape.indices {
      p += index[d] * aStrides[d]
      q += index[d] * bStrides[d]
    }
    y[i] = ScalarTwin.value(function, p.pointee, q.pointee)
    i += 1
  }
}

/// y = condition ≠ 0 ? a : b for `count` numbers.
///
/// y may be any of the operands.
@specialized(where T == Float)
@specialized(where T == Double)
public func select<T: ComputeScalar>(
  _ condition: UnsafePointer<T>, _ a: UnsafePointer<T>, _ b: UnsafePointer<T>, into y: UnsafeMutablePointer<T>,
  count: Int
) {
  for i in 0..<count { y[i] = condition[i] != 0 ? a[i] : b[i] }
}

/// y = keep ≠ 0 ? x · scale : 0 for `count` numbers: dropout, forward and backward. y may be x.
@specialized(where T == Float)
@specialized(where T == Double)
public func applyMask<T: ComputeScalar>(
  _ keep: UnsafePointer<UInt8>, _ x: UnsafePointer<T>, scale: T, into y: UnsafeMutablePointer<T>, count: Int
) {
  for i in 0..<count { y[i] = keep[i] != 0 ? x[i] * scale : 0 }
}

/// y += scale · x for `count` numbers.
@specialized(where T == Float)
@specialized(where T == Double)
public func accumulate<T: ComputeScalar>(
  _ x: UnsafePointer<T>, scale: T = 1, into y: UnsafeMutablePointer<T>, count: Int
) {
  for i in 0..<count { y[i] += scale * x[i] }
}

/// y = value for `count` numbers.
@specialized(where T == Float)
@specialized(where T == Double)
public func fill<T: ComputeScalar>(_ y: UnsafeMutablePointer<T>, with value: T, count: Int) {
  y.update(repeating: value, count: count)
}

extension ScalarTwin {
  static func value<T: ComputeScalar>(_ function: BinaryFunction, _ a: T, _ b: T) -> T {
    switch function {
    case .add: a + b
    case .subtract: a - b
    case .multiply: a * b
    case .divide: a / b
    case .maximum: a != a || a > b ? a : b
    case .minimum: a != a || a < b ? a : b
    case .power: T(pow(Double(a), Double(b)))
    case .less: a < b ? 1 : 0
    case .lessEqual: a <= b ? 1 : 0
    case .greater: a > b ? 1 : 0
    case .greaterEqual: a >= b ? 1 : 0
    case .equal: a == b ? 1 : 0
    case .notEqual: a != b ? 1 : 0
    }
  }

  static func forEachIndex(_ shape: [Int], _ body: ([Int]) -> Void) {
    let total = shape.reduce(1, *)
    var index = [Int](repeating: 0, count: shape.count)
    for _ in 0..<total {
      body(index)
      for d in shape.indices.reversed() {
        index[d] += 1
        if index[d] < shape[d] { break }
        index[d] = 0
      }
    }
  }
}
