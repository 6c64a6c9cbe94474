// How the kernels of StridedTaps.swift read rows of the result's gradient: for the weights one at a time, or four that share what they
// meet; for the input two, and the sums for even and odd columns that they make.

/// Where rows of a gradient are read. What meets a row of padding is read from a row of zeros: with an infinity, the padding would
/// make NaN.
struct GradientPlaces<Scalar> {
  /// As the first and the last row of the input meet it.
  var top, bottom: UnsafePointer<Scalar>
  var rows: UnsafePointer<Scalar>
  var stride: Int

  @inline(__always)
  mutating func advance(_ columns: Int) {
    top += columns
    bottom += columns
    rows += columns
  }
}

/// A register of each of some rows of a gradient, in split order.
protocol GradientRows {
  associatedtype Vector: SplittingVector
  static var rows: Int { get }
  var top: Vector { get }
  var g0: Vector { get }
  var g1: Vector { get }
  var g2: Vector { get }
  var g3: Vector { get }
  var bottom: Vector { get }
  init(_ places: GradientPlaces<Vector.Scalar>)
  /// Only the lanes where `mask` is true.
  func masked(_ mask: Vector.Mask) -> Self
}

struct OneGradient<Vector: SplittingVector>: GradientRows {
  var top, g0, bottom: Vector
  @inline(__always) static var rows: Int { 1 }
  @inline(__always) var g1: Vector { g0 }
  @inline(__always) var g2: Vector { g0 }
  @inline(__always) var g3: Vector { g0 }
  @inline(__always)
  init(_ places: GradientPlaces<Vector.Scalar>) {
    top = Vector.load(places.top).reordered
    g0 = Vector.load(places.rows).reordered
    bottom = Vector.load(places.bottom).reordered
  }
  @inline(__always)
  func masked(_ mask: Vector.Mask) -> Self {
    let zero = Vector(repeating: 0)
    var copy = self
    copy.top = zero.replacing(with: top, where: mask)
    copy.g0 = zero.replacing(with: g0, where: mask)
    copy.bottom = zero.replacing(with: bottom, where: mask)
    return copy
  }
}

struct FourGradients<Vector: SplittingVector>: GradientRows {
  var top, g0, g1, g2, g3, bottom: Vector
  @inline(__always) static var rows: Int { 4 }
  @inline(__always)
  init(_ places: GradientPlaces<Vector.Scalar>) {
    top = Vector.load(places.top).reordered
    g0 = Vector.load(places.rows).reordered
    g1 = Vector.load(places.rows + places.stride).reordered
    g2 = Vector.load(places.rows + 2 * places.stride).reordered
    g3 = Vector.load(places.rows + 3 * places.stride).reordered
    bottom = Vector.load(places.bottom).reordered
  }
  @inline(__always)
  func masked(_ mask: Vector.Mask) -> Self {
    let zero = Vector(repeating: 0)
    var copy = self
    copy.top = zero.replacing(with: top, where: mask)
    copy.g0 = zero.replacing(with: g0, where: mask)
    copy.g1 = zero.replacing(with: g1, where: mask)
    copy.g2 = zero.replacing(with: g2, where: mask)
    copy.g3 = zero.replacing(with: g3, where: mask)
    copy.bottom = zero.replacing(with: bottom, where: mask)
    return copy
  }
}

/// Two rows of the input's gradient, and the rows of the result's that they take from.
struct RowPair<V: SplittingVector> {
  /// Rows of the result: the middle of the kernel meets the upper one in the first row of the pair. Steps lead to the next plane.
  var upper, lower: UnsafePointer<V.Scalar>
  var upperStep, lowerStep: Int
  /// Rows of the input's gradient.
  var middle, between: UnsafeMutablePointer<V.Scalar>

  /// The same with zeros for rows that are outside of the result, and a spare place for such of the input's.
  @inline(__always)
  func inside(
    _ row: Int, _ rows: Int, _ y: Int, _ height: Int, zeros: UnsafePointer<V.Scalar>,
    spare: UnsafeMutablePointer<V.Scalar>
  ) -> Self {
    var pair = self
    if row < 0 || row >= rows { (pair.upper, pair.upperStep) = (zeros, 0) }
    if row + 1 >= rows { (pair.lower, pair.lowerStep) = (zeros, 0) }
    if y < 0 { pair.middle = spare }
    if y + 1 >= height { pair.between = spare }
    return pair
  }

  @inline(__always)
  func plane(_ output: Int) -> Self {
    var pair = self
    pair.upper += output * upperStep
    pair.lower += output * lowerStep
    return pair
  }

  /// What a register of the result at `column` contributes, the registers one place further being given.
  @inline(__always)
  func sums(_ taps: NineTaps<V>, _ column: Int, _ upperNext: V, _ lowerNext: V) -> SpreadSums<V> {
    let (u, v) = (V.load(upper + column), V.load(lower + column))
    var sums = SpreadSums<V>()
    sums.middleEven = sums.middleEven.adding(taps[4], times: u)
    sums.middleOdd = sums.middleOdd.adding(taps[5], times: u).adding(taps[3], times: upperNext)
    sums.betweenEven = sums.betweenEven.adding(taps[7], times: u).adding(taps[1], times: v)
    sums.betweenOdd = sums.betweenOdd.adding(taps[8], times: u).adding(taps[6], times: upperNext)
      .adding(taps[2], times: v).adding(taps[0], times: lowerNext)
    return sums
  }

  /// Column 0, where there is no padding before it and the first column of the kernel alone meets it.
  @inline(__always)
  func spreadFirst(_ weights: UnsafePointer<V.Scalar>, _ outputs: Int) {
    var (a, b) = (V.Scalar(0), V.Scalar(0))
    for output in 0..<outputs {
      let (w, p) = (weights + 9 * output, plane(output))
      a += w[3] * p.upper[0]
      b += w[6] * p.upper[0] + w[0] * p.lower[0]
    }
    middle[0] = a
    between[0] = b
  }
}

/// Sums of columns under the kernel's middle column and between, for both rows of a pair.
struct SpreadSums<V: SplittingVector> {
  var middleEven, middleOdd, betweenEven, betweenOdd: V

  @inline(__always)
  init() {
    middleEven = V(repeating: 0)
    middleOdd = middleEven
    betweenEven = middleEven
    betweenOdd = middleEven
  }

  @inline(__always)
  mutating func add(_ other: Self) {
    middleEven = middleEven + other.middleEven
    middleOdd = middleOdd + other.middleOdd
    betweenEven = betweenEven + other.betweenEven
    betweenOdd = betweenOdd + other.betweenOdd
  }

  /// Twice a register's width of both rows.
  @inline(__always)
  func store(_ pair: RowPair<V>, _ column: Int) {
    middleEven.storeZipped(with: middleOdd, pair.middle + column)
    betweenEven.storeZipped(with: betweenOdd, pair.between + column)
  }

  /// One scalar less of both rows.
  @inline(__always)
  func storeShort(_ pair: RowPair<V>, _ column: Int) {
    let (a, b) = middleEven.zipped(with: middleOdd)
    a.store(pair.middle + column)
    b.store(pair.middle + column + V.width, count: V.width - 1)
    let (c, d) = betweenEven.zipped(with: betweenOdd)
    c.store(pair.between + column)
    d.store(pair.between + column + V.width, count: V.width - 1)
  }
}
