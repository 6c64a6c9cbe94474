// How the kernels of StridedTaps.swift read a row of the input: a register of even columns, one of odd ones, and the odd ones one place
// before, inside of a row and at its ends.

/// What the three columns of a kernel meet.
struct ThreeColumns<Vector: KernelVector> {
  var x0, x1, x2: Vector
}

/// A way to read the columns from `row` on, the first one that the middle of the kernel meets.
protocol ColumnReading {
  associatedtype Vector: SplittingVector
  func callAsFunction(_ row: UnsafePointer<Vector.Scalar>) -> ThreeColumns<Vector>
  /// What of a gradient the kernel's first column has to do with: 0 where that stands in the padding. In split order.
  func first(_ gradient: Vector) -> Vector
  /// The same for the last column.
  func last(_ gradient: Vector) -> Vector
}

extension ColumnReading {
  @inline(__always) func first(_ gradient: Vector) -> Vector { gradient }
  @inline(__always) func last(_ gradient: Vector) -> Vector { gradient }
}

/// Inside of a row.
struct InnerColumns<Vector: SplittingVector>: ColumnReading {
  @inline(__always)
  func callAsFunction(_ row: UnsafePointer<Vector.Scalar>) -> ThreeColumns<Vector> {
    let (a, b) = (Vector.load(row), Vector.load(row + Vector.width))
    let odds = a.splitOdds(b)
    return ThreeColumns(x0: Vector.loadBefore(row, odds: odds), x1: a.splitEvens(b), x2: odds)
  }
}

/// At the beginning of a row, with one column of padding before it.
struct PaddedColumns<Vector: SplittingVector>: ColumnReading {
  @inline(__always)
  func callAsFunction(_ row: UnsafePointer<Vector.Scalar>) -> ThreeColumns<Vector> {
    let (a, b) = (Vector.load(row), Vector.load(row + Vector.width))
    let odds = a.splitOdds(b)
    return ThreeColumns(
      x0: Vector.loadBehind(Vector(repeating: 0), row, odds: odds), x1: a.splitEvens(b), x2: odds)
  }
  @inline(__always)
  func first(_ gradient: Vector) -> Vector {
    var inside = gradient
    inside[0] = 0
    return inside
  }
}

/// At either end of a row: the scalars before and behind what lies in it are zeros where `zeros` is given for them.
struct OuterColumns<Vector: SplittingVector>: ColumnReading {
  var before, behind: UnsafePointer<Vector.Scalar>?

  @inline(__always)
  func callAsFunction(_ row: UnsafePointer<Vector.Scalar>) -> ThreeColumns<Vector> {
    let (w, a) = (Vector.width, Vector.load(row))
    let b = Vector.load(row + w - 1).movedDown(before: Vector(repeating: (behind ?? row + 2 * w - 1).pointee))
    let odds = a.splitOdds(b)
    let first = Vector(repeating: (before ?? row - 1).pointee)
    return ThreeColumns(x0: Vector.loadBehind(first, row, odds: odds), x1: a.splitEvens(b), x2: odds)
  }
  @inline(__always)
  func first(_ gradient: Vector) -> Vector {
    var inside = gradient
    if before != nil { inside[0] = 0 }
    return inside
  }
  @inline(__always)
  func last(_ gradient: Vector) -> Vector {
    var inside = gradient
    if behind != nil { inside[Vector.width - 1] = 0 }
    return inside
  }
}

/// The lanes where `mask`, in split order, is true; 0 in the others.
struct SomeColumns<Reading: ColumnReading>: ColumnReading {
  typealias Vector = Reading.Vector
  var reading: Reading
  var mask: Vector.Mask

  @inline(__always)
  func callAsFunction(_ row: UnsafePointer<Vector.Scalar>) -> ThreeColumns<Vector> {
    let (x, zero) = (reading(row), Vector(repeating: 0))
    return ThreeColumns(
      x0: zero.replacing(with: x.x0, where: mask), x1: zero.replacing(with: x.x1, where: mask),
      x2: zero.replacing(with: x.x2, where: mask))
  }
  @inline(__always) func first(_ gradient: Vector) -> Vector { reading.first(gradient) }
  @inline(__always) func last(_ gradient: Vector) -> Vector { reading.last(gradient) }
}

/// The rows of the input that one row of the result, or several, meet, each from the same column on.
struct RowWindow<Scalar> {
  /// The first and the last one may be padding.
  var top, inner, bottom: UnsafePointer<Scalar>
  var pitch: Int

  /// A row between the first and the last one.
  @inline(__always)
  func row(_ j: Int) -> UnsafePointer<Scalar> { inner + (j - 1) * pitch }

  @inline(__always)
  mutating func advance(_ columns: Int) {
    top += columns
    inner += columns
    bottom += columns
  }
}
