/// A matrix in somebody else's memory, to be read: element (i, j) lies at `pointer[i · rowStride + j · columnStride]`.
///
/// Any strides will do, so a transpose is the same memory seen with its strides exchanged.
public struct Matrix<Scalar: ComputeScalar> {
  /// The first element.
  public let pointer: UnsafePointer<Scalar>
  /// Rows.
  public let rows: Int
  /// Columns.
  public let columns: Int
  /// Scalars from an element to the one below it.
  public let rowStride: Int
  /// Scalars from an element to the one to its right.
  public let columnStride: Int

  /// A view of `rows × columns` scalars of `buffer`, by default in row-major order without gaps.
  ///
  /// - Precondition: every element lies in the buffer; sizes and strides are not negative.
  public init(
    _ buffer: UnsafeBufferPointer<Scalar>, rows: Int, columns: Int, rowStride: Int? = nil, columnStride: Int = 1
  ) {
    let rowStride = rowStride ?? columns
    checkReach(rows, columns, rowStride, columnStride, count: buffer.count)
    self.init(
      unchecked: buffer.baseAddress ?? UnsafePointer(bitPattern: 64)!, rows: rows, columns: columns,
      rowStride: rowStride, columnStride: columnStride)
  }

  /// A view whose bounds the caller has checked.
  package init(unchecked pointer: UnsafePointer<Scalar>, rows: Int, columns: Int, rowStride: Int, columnStride: Int) {
    self.pointer = pointer
    self.rows = rows
    self.columns = columns
    self.rowStride = rowStride
    self.columnStride = columnStride
  }

  /// The same memory with rows and columns exchanged. Costs nothing.
  public var transposed: Matrix {
    Matrix(unchecked: pointer, rows: columns, columns: rows, rowStride: columnStride, columnStride: rowStride)
  }
}

/// A matrix in somebody else's memory, to be written; see ``Matrix``.
public struct MutableMatrix<Scalar: ComputeScalar> {
  /// The first element.
  public let pointer: UnsafeMutablePointer<Scalar>
  /// Rows.
  public let rows: Int
  /// Columns.
  public let columns: Int
  /// Scalars from an element to the one below it.
  public let rowStride: Int
  /// Scalars from an element to the one to its right.
  public let columnStride: Int

  /// A view of `rows × columns` scalars of `buffer`, by default in row-major order without gaps.
  ///
  /// - Precondition: every element lies in the buffer, and no two elements share a place.
  public init(
    _ buffer: UnsafeMutableBufferPointer<Scalar>, rows: Int, columns: Int, rowStride: Int? = nil,
    columnStride: Int = 1
  ) {
    let rowStride = rowStride ?? columns
    checkReach(rows, columns, rowStride, columnStride, count: buffer.count)
    precondition(
      rows <= 1 || columns <= 1 || rowStride >= columns * columnStride || columnStride >= rows * rowStride,
      "the elements of a matrix to be written overlap: \(rows)x\(columns), strides \(rowStride), \(columnStride)")
    self.init(
      unchecked: buffer.baseAddress ?? UnsafeMutablePointer(bitPattern: 64)!, rows: rows, columns: columns,
      rowStride: rowStride, columnStride: columnStride)
  }

  /// A view whose bounds the caller has checked.
  package init(
    unchecked pointer: UnsafeMutablePointer<Scalar>, rows: Int, columns: Int, rowStride: Int, columnStride: Int
  ) {
    self.pointer = pointer
    self.rows = rows
    self.columns = columns
    self.rowStride = rowStride
    self.columnStride = columnStride
  }

  /// The same memory with rows and columns exchanged. Costs nothing.
  public var transposed: MutableMatrix {
    MutableMatrix(unchecked: pointer, rows: columns, columns: rows, rowStride: columnStride, columnStride: rowStride)
  }
}

/// Stops the program unless every element of the view lies within `count` scalars.
private func checkReach(_ rows: Int, _ columns: Int, _ rowStride: Int, _ columnStride: Int, count: Int) {
  precondition(rows >= 0 && columns >= 0, "a matrix has \(rows) rows and \(columns) columns")
  precondition(rowStride >= 0 && columnStride >= 0, "a matrix has the strides \(rowStride), \(columnStride)")
  guard rows > 0 && columns > 0 else { return }
  let (down, over1) = (rows - 1).multipliedReportingOverflow(by: rowStride)
  let (right, over2) = (columns - 1).multipliedReportingOverflow(by: columnStride)
  let (last, over3) = down.addingReportingOverflow(right)
  precondition(
    !over1 && !over2 && !over3 && last < count,
    "a matrix of \(rows)x\(columns), strides \(rowStride), \(columnStride), reaches over its \(count) scalars")
}
