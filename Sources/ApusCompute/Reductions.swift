import ApusKernels

/// A function from many numbers to one: `sum`, `mean`, `product`, `maximum`, `minimum`, `sumOfSquares`,
/// `sumOfMagnitudes`, `maximumMagnitude`.
///
/// Over no numbers: 0 for the sums, NaN for `mean`, 1 for `product`, −∞ and ∞ for `maximum` and `minimum`, 0 for
/// `maximumMagnitude`. A NaN among the numbers makes the result NaN.
public typealias ReductionFunction = ApusKernels.ReductionCode

/// Which extreme `argument` looks for.
public enum Extreme: Sendable {
  case maximum, minimum
}

/// Reduces the middle dimension of an array [outer, count, inner].
///
/// One call covers a reduction over rows (`inner` = 1), over columns (`outer` = 1) and over everything (both 1), and any
/// run of adjacent dimensions. The order of additions depends only on the sizes: the result has the same bits at any
/// thread count. Sums are exact to about log₂(count) roundings, not count.
///
/// - Parameters:
///   - function: What to compute of the `count` numbers.
///   - x: outer × count × inner numbers in row-major order.
///   - y: Receives outer × inner results. Must not overlap x.
///   - outer: The product of the dimensions before the reduced ones.
///   - count: The product of the reduced dimensions.
///   - inner: The product of the dimensions after.
@specialized(where T == Float)
@specialized(where T == Double)
public func reduce<T: ComputeScalar>(
  _ function: ReductionFunction, _ x: UnsafePointer<T>, into y: UnsafeMutablePointer<T>, outer: Int, count: Int,
  inner: Int
) {
  for o in 0..<outer {
    for i in 0..<inner {
      y[o * inner + i] = ScalarTwin.reduce(function, x + o * count * inner + i, count, inner)
    }
  }
}

/// The sum of `count` numbers; see `reduce`.
@specialized(where T == Float)
@specialized(where T == Double)
public func sum<T: ComputeScalar>(_ x: UnsafePointer<T>, count: Int) -> T {
  var result: T = 0
  reduce(.sum, x, into: &result, outer: 1, count: count, inner: 1)
  return result
}

/// The position of the largest or smallest number along the middle dimension of an array [outer, count, inner].
///
/// Of equal numbers the first counts; a NaN counts as larger and smaller than all others.
///
/// - Parameters:
///   - extreme: Largest or smallest.
///   - x: outer × count × inner numbers in row-major order.
///   - positions: Receives outer × inner positions, each in 0 ..< count.
///   - outer: The product of the dimensions before.
///   - count: The extent searched.
///   - inner: The product of the dimensions after.
/// - Precondition: `count` > 0.
@specialized(where T == Float)
@specialized(where T == Double)
public func argument<T: ComputeScalar>(
  of extreme: Extreme, _ x: UnsafePointer<T>, into positions: UnsafeMutablePointer<Int>, outer: Int, count: Int,
  inner: Int
) {
  precondition(count > 0, "argument of the \(extreme) of no numbers")
  for o in 0..<outer {
    for i in 0..<inner {
      let column = x + o * count * inner + i
      var best = 0
      for k in 1..<max(count, 1) where column[best * inner] == column[best * inner] {
        let value = column[k * inner]
        if extreme == .maximum ? value > column[best * inner] : value < column[best * inner] { best = k }
        if value != value { best = k }
      }
      positions[o * inner + i] = best
    }
  }
}

extension ScalarTwin {
  static func reduce<T: ComputeScalar>(_ function: ReductionFunction, _ x: UnsafePointer<T>, _ n: Int, _ step: Int)
    -> T
  {
    var total = 0.0
    var product = 1.0
    var low = Double.infinity
    var high = -Double.infinity
    var squares = 0.0
    var magnitudes = 0.0
    var greatest = 0.0
    for k in 0..<n {
      let value = Double(x[k * step])
      total += value
      product *= value
      squares += value * value
      magnitudes += abs(value)
      low = low != low || low < value ? low : value
      high = high != high || high > value ? high : value
      greatest = greatest != greatest || greatest > abs(value) ? greatest : abs(value)
    }
    switch function {
    case .sum: return T(total)
    case .mean: return T(total / Double(n))
    case .product: return T(product)
    case .maximum: return T(high)
    case .minimum: return T(low)
    case .sumOfSquares: return T(squares)
    case .sumOfMagnitudes: return T(magnitudes)
    case .maximumMagnitude: return T(greatest)
    }
  }
}
