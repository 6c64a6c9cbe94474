// Folding many numbers into one: the loops behind every reduction.
//
// A fold goes by registers, four of them at once so that an addition need not wait for the one before, and in stages:
// within a register's lane some 16 numbers, then some 16 such results, then `Double`. The order depends on the count
// alone, and the rounding error of a sum grows with the number of stages rather than the number of summands.

/// An associative operation with a neutral element.
protocol Fold {
  associatedtype Vector: MathVector

  static var neutral: Vector.Scalar { get }
  static func merge(_ a: Vector, _ b: Vector) -> Vector
  static func merge(_ a: Double, _ b: Double) -> Double
}

/// A fold that picks one of its numbers.
protocol ExtremeFold: Fold {
  /// `merge` of numbers, by one instruction: NaN may be lost.
  static func pick(_ a: Vector, _ b: Vector) -> Vector
  static func pick(_ a: Vector.Scalar, _ b: Vector.Scalar) -> Vector.Scalar
}

enum SumFold<Vector: MathVector>: Fold {
  @inline(__always) static var neutral: Vector.Scalar { 0 }
  @inline(__always) static func merge(_ a: Vector, _ b: Vector) -> Vector { a + b }
  @inline(__always) static func merge(_ a: Double, _ b: Double) -> Double { a + b }
}

/// The largest; NaN when there is one.
enum MaximumFold<Vector: MathVector>: ExtremeFold {
  @inline(__always) static var neutral: Vector.Scalar { -Vector.Scalar.infinity }
  @inline(__always) static func merge(_ a: Vector, _ b: Vector) -> Vector { a.maximum(b) }
  @inline(__always) static func merge(_ a: Double, _ b: Double) -> Double { a != a || b <= a ? a : b }
  @inline(__always) static func pick(_ a: Vector, _ b: Vector) -> Vector { a.atLeast(b) }
  @inline(__always) static func pick(_ a: Vector.Scalar, _ b: Vector.Scalar) -> Vector.Scalar { a < b ? b : a }
}

/// The smallest; NaN when there is one.
enum MinimumFold<Vector: MathVector>: ExtremeFold {
  @inline(__always) static var neutral: Vector.Scalar { Vector.Scalar.infinity }
  @inline(__always) static func merge(_ a: Vector, _ b: Vector) -> Vector { a.minimum(b) }
  @inline(__always) static func merge(_ a: Double, _ b: Double) -> Double { a != a || a <= b ? a : b }
  @inline(__always) static func pick(_ a: Vector, _ b: Vector) -> Vector { a.atMost(b) }
  @inline(__always) static func pick(_ a: Vector.Scalar, _ b: Vector.Scalar) -> Vector.Scalar { b < a ? b : a }
}

extension Fold {
  /// Numbers that are folded in the scalar's own precision before `Double` takes over.
  @inline(__always) static var segment: Int { 16384 }

  /// Folds `term(0)`, `term(width)` … and, for what is left, `rest(i)`, a register filled up with the neutral element.
  @inline(__always)
  static func row(
    _ count: Int, _ term: (_ start: Int) -> Vector, rest: (_ start: Int, _ count: Int) -> Vector
  ) -> Double {
    let width = Vector.width
    var total = Double(neutral)
    var start = 0
    while start < count {
      let end = min(start + segment, count)
      var sum = Vector(repeating: neutral)
      var i = start
      while i + 4 * width <= end {
        var a = term(i)
        var b = term(i + width)
        var c = term(i + 2 * width)
        var d = term(i + 3 * width)
        let blockEnd = min(end, i + 64 * width)
        i += 4 * width
        while i + 4 * width <= blockEnd {
          a = merge(a, term(i))
          b = merge(b, term(i + width))
          c = merge(c, term(i + 2 * width))
          d = merge(d, term(i + 3 * width))
          i += 4 * width
        }
        sum = merge(sum, merge(merge(a, b), merge(c, d)))
      }
      while i + width <= end {
        sum = merge(sum, term(i))
        i += width
      }
      if i < end { sum = merge(sum, rest(i, end - i)) }
      total = merge(total, lanes(sum))
      start = end
    }
    return total
  }

  /// Folds the lanes of a register.
  @inline(__always)
  static func lanes(_ vector: Vector) -> Double {
    var copy = vector
    var result = Double(neutral)
    copy.withScalars { scalars in
      var even = Double(scalars[0])
      var odd = Double(scalars[1])
      var lane = 2
      while lane < Vector.width {
        even = merge(even, Double(scalars[lane]))
        odd = merge(odd, Double(scalars[lane + 1]))
        lane += 2
      }
      result = merge(even, odd)
    }
    return result
  }

  /// Folds `rows` rows into `totals`, column by column: totals[c] = fold(totals[c], term(0, c), term(1, c) …).
  ///
  /// `term(r, c)` is a register of columns from c on; `rest(r, c, n)` the same with n columns.
  @inline(__always)
  static func columns(
    _ rows: Int, _ columns: Int, _ totals: UnsafeMutablePointer<Double>,
    _ term: (_ row: Int, _ column: Int) -> Vector, rest: (_ row: Int, _ column: Int, _ count: Int) -> Vector
  ) {
    let width = Vector.width
    // At most 8 results of 16 rows each in the scalar's own precision, then `Double`.
    var firstRow = 0
    while firstRow < rows {
      let lastRow = min(firstRow + 128, rows)
      var c = 0
      while c + 4 * width <= columns {
        var total0 = Vector(repeating: neutral)
        var total1 = total0
        var total2 = total0
        var total3 = total0
        var r = firstRow
        while r < lastRow {
          let blockEnd = min(r + 16, lastRow)
          var s0 = term(r, c)
          var s1 = term(r, c + width)
          var s2 = term(r, c + 2 * width)
          var s3 = term(r, c + 3 * width)
          r += 1
          while r < blockEnd {
            s0 = merge(s0, term(r, c))
            s1 = merge(s1, term(r, c + width))
            s2 = merge(s2, term(r, c + 2 * width))
            s3 = merge(s3, term(r, c + 3 * width))
            r += 1
          }
          total0 = merge(total0, s0)
          total1 = merge(total1, s1)
          total2 = merge(total2, s2)
          total3 = merge(total3, s3)
        }
        flush(total0, totals + c, width)
        flush(total1, totals + c + width, width)
        flush(total2, totals + c + 2 * width, width)
        flush(total3, totals + c + 3 * width, width)
        c += 4 * width
      }
      while c < columns {
        let count = min(width, columns - c)
        var total = Vector(repeating: neutral)
        var r = firstRow
        while r < lastRow {
          let blockEnd = min(r + 16, lastRow)
          var sum = Vector(repeating: neutral)
          while r < blockEnd {
            sum = merge(sum, count == width ? term(r, c) : rest(r, c, count))
            r += 1
          }
          total = merge(total, sum)
        }
        flush(total, totals + c, count)
        c += width
      }
      firstRow = lastRow
    }
  }

  /// Merges the first `count` lanes into `totals`.
  @inline(__always)
  static func flush(_ vector: Vector, _ totals: UnsafeMutablePointer<Double>, _ count: Int) {
    var copy = vector
    copy.withScalars { scalars in
      for lane in 0..<count { totals[lane] = merge(totals[lane], Double(scalars[lane])) }
    }
  }
}
