// C = activation(alpha · A · B + beta · C + bias), after Goto and van de Geijn, "Anatomy of High-Performance Matrix
// Multiplication" (2008), in the names of BLIS (Van Zee and van de Geijn, 2015). Docs/GEMM.md derives it step by step.

/// The part of the kernel table that matrix products use.
protocol GEMMKernels<Scalar> {
  associatedtype Scalar
  static var tileRows: Int { get }
  static var tileColumns: Int { get }
  static func packPanel(
    _ source: UnsafePointer<Scalar>, lanes: Int, laneStride: Int, depth: Int, depthStride: Int, width: Int,
    into panel: UnsafeMutablePointer<Scalar>)
  static func gemmBlock(
    m: Int, n: Int, depth: Int, a: UnsafePointer<Scalar>, panelStrideA: Int, b: UnsafePointer<Scalar>,
    panelStrideB: Int, c: UnsafeMutablePointer<Scalar>, rowStride: Int, alpha: Scalar, beta: Scalar,
    rowBias: UnsafePointer<Scalar>?, columnBias: UnsafePointer<Scalar>?, activation: Int, slope: Scalar)
  static func gemmDirect(
    m: Int, n: Int, depth: Int, a: UnsafePointer<Scalar>, rowStrideA: Int, depthStrideA: Int, panelStrideA: Int,
    b: UnsafePointer<Scalar>, panelStrideB: Int, offsets: UnsafePointer<Int>, c: UnsafeMutablePointer<Scalar>,
    rowStride: Int, alpha: Scalar, beta: Scalar, rowBias: UnsafePointer<Scalar>?, columnBias: UnsafePointer<Scalar>?,
    activation: Int, slope: Scalar, rowsOutside: Bool)
  static func gemvRows(
    m: Int, k: Int, a: UnsafePointer<Scalar>, rowStride: Int, x: UnsafePointer<Scalar>,
    y: UnsafeMutablePointer<Scalar>)
  static func gemvColumns(
    m: Int, k: Int, a: UnsafePointer<Scalar>, columnStride: Int, x: UnsafePointer<Scalar>, xStride: Int,
    y: UnsafeMutablePointer<Scalar>)
}

/// What is done to a product before it reaches memory.
public struct Epilogue<Scalar: ComputeScalar> {
  /// The function that is applied to each element, after the bias.
  public enum Activation: Sendable {
    /// None.
    case identity
    /// `max(x, 0)`; a NaN stays.
    case relu
    /// `x` where positive, `slope · x` elsewhere.
    case leakyReLU(slope: Double)

    /// Whether the function is `max(x, floor)`.
    var isRectifierOrNone: Bool {
      if case .leakyReLU = self { return false }
      return true
    }

    /// The floor of a rectifier: 0, or −∞ for none.
    func floor<T: ComputeScalar>() -> T {
      if case .relu = self { return 0 }
      return -.infinity
    }
  }

  /// One value for each row of C, or nil.
  public var rowBias: UnsafePointer<Scalar>?
  /// One value for each column of C, or nil.
  public var columnBias: UnsafePointer<Scalar>?
  /// The function that is applied last.
  public var activation: Activation

  /// An epilogue; by default it does nothing.
  public init(
    rowBias: UnsafePointer<Scalar>? = nil, columnBias: UnsafePointer<Scalar>? = nil,
    activation: Activation = .identity
  ) {
    self.rowBias = rowBias
    self.columnBias = columnBias
    self.activation = activation
  }

  /// The epilogue of the transposed product.
  var transposed: Epilogue { Epilogue(rowBias: columnBias, columnBias: rowBias, activation: activation) }

  var activationCode: Int {
    switch activation {
    case .identity: 0
    case .relu: 1
    case .leakyReLU: 2
    }
  }

  var slope: Scalar {
    if case .leakyReLU(let slope) = activation { return Scalar(slope) }
    return 0
  }
}

/// Computes `C = activation(alpha · A · B + beta · C + bias)` for an m×k matrix A, a k×n matrix B and an m×n matrix C.
///
/// With `beta == 0`, C is not read: it may hold anything, NaN included. C must not overlap A or B. Each element is
/// summed in the same order whatever the number of threads, so results are bit-identical. O(m · n · k).
///
/// - Precondition: the sizes fit together.
@specialized(where T == Float)
@specialized(where T == Double)
public func gemm<T: ComputeScalar>(
  _ a: Matrix<T>, _ b: Matrix<T>, into c: MutableMatrix<T>, alpha: T = 1, beta: T = 0,
  epilogue: Epilogue<T> = Epilogue()
) {
  precondition(
    a.columns == b.rows && a.rows == c.rows && b.columns == c.columns,
    "gemm: \(a.rows)x\(a.columns) times \(b.rows)x\(b.columns) does not give \(c.rows)x\(c.columns)")
  guard c.rows > 0 && c.columns > 0 else { return }
  // The kernels write rows of C. A C whose columns are contiguous is the transpose of one whose rows are: Cᵀ = Bᵀ Aᵀ.
  if c.columnStride != 1 && c.columns > 1 {
    if c.rowStride == 1 || c.rows == 1 {
      gemm(
        b.transposed, a.transposed, into: c.transposed, alpha: alpha, beta: beta, epilogue: epilogue.transposed)
    } else {
      gemmThroughBuffer(a, b, into: c, alpha: alpha, beta: beta, epilogue: epilogue)
    }
    return
  }
  let plain = alpha == 1 && beta == 0
  if plain && gemv(a, b, into: c, epilogue: epilogue) { return }
  if gemmInPlace(a, b, into: c, alpha: alpha, beta: beta, epilogue: epilogue) { return }
  gemmPacked(a, b, into: c, alpha: alpha, beta: beta, epilogue: epilogue)
}

/// A C with gaps in both directions: the product is made in a dense buffer.
private func gemmThroughBuffer<T: ComputeScalar>(
  _ a: Matrix<T>, _ b: Matrix<T>, into c: MutableMatrix<T>, alpha: T, beta: T, epilogue: Epilogue<T>
) {
  Scratch.withScalars(c.rows * c.columns, of: T.self) { buffer in
    if beta != 0 {
      for i in 0..<c.rows {
        for j in 0..<c.columns { buffer[i * c.columns + j] = c.pointer[i * c.rowStride + j * c.columnStride] }
      }
    }
    let dense = MutableMatrix(
      unchecked: buffer, rows: c.rows, columns: c.columns, rowStride: c.columns, columnStride: 1)
    gemm(a, b, into: dense, alpha: alpha, beta: beta, epilogue: epilogue)
    for i in 0..<c.rows {
      for j in 0..<c.columns { c.pointer[i * c.rowStride + j * c.columnStride] = buffer[i * c.columns + j] }
    }
  }
}

/// The packed five-loop algorithm. The rows of C are contiguous.
@inline(__always)
private func gemmPacked<T: ComputeScalar>(
  _ a: Matrix<T>, _ b: Matrix<T>, into c: MutableMatrix<T>, alpha: T, beta: T, epilogue: Epilogue<T>
) {
  let kernels = kernels(T.self)
  let (m, n, k) = (c.rows, c.columns, a.columns)
  let mr = kernels.tileRows
  let nr = kernels.tileColumns
  let blocking = Blocking(tileRows: mr, tileColumns: nr, scalarBytes: MemoryLayout<T>.stride)
  let kc = blocking.depth(of: k)
  let mc = min(blocking.mc, roundUp(m, mr))
  let nc = min(blocking.nc, roundUp(n, nr))
  // A alone is packed for several blocks of MC rows at once, so that all threads find work in few rows.
  let mTotal = min(blocking.mTotal, roundUp(m, mr))
  // Packing may store one register over the end of a panel, and panels are packed side by side.
  let panelA = kc * mr + 16
  let panelB = kc * nr + 16
  let sizeA = mTotal / mr * panelA
  let sizeB = nc / nr * panelB
  let activation = epilogue.activationCode
  let slope = epilogue.slope
  Scratch.withScalars(sizeA + sizeB, of: T.self) { scratch in
    let packedA = scratch
    let packedB = scratch + roundUp(sizeA, 16)
    // Loop 5 splits n: the block of B (KC × NC) that is packed at a time fits the last-level cache.
    var jc = 0
    while jc < n {
      let columns = min(nc, n - jc)
      // Loop 4 splits k: a panel of B (KC × NR) fits the level-1 cache. Serial, because its turns add up in C: the
      // order of summation is the same at any number of threads.
      var pc = 0
      repeat {
        let depth = min(kc, k - pc)
        let isLast = pc + depth >= k
        let beta: T = pc == 0 ? beta : 1
        // Loop 3, outer part: as many rows as the packed A holds.
        var ic = 0
        while ic < m {
          let rows = min(mTotal, m - ic)
          let panelsA = (rows + mr - 1) / mr
          let panelsB = ic == 0 ? (columns + nr - 1) / nr : 0
          packPanels(
            kernels, a, row: ic, rows: rows, b, column: jc, columns: columns, at: pc, depth: depth,
            panelsA: panelsA, packedA, panelA, panelsB: panelsB, packedB, panelB)
          // Loop 3, inner part, is the parallel one: a block of A (MC × KC) fits the level-2 cache of one core. A
          // short and wide C is split along n as well, so that every thread has a part.
          let split = blocking.split(rows: rows, columns: columns, depth: depth, mc: mc)
          parallelFor(split.rowParts * split.columnParts) { part in
            let (down, across) = (part / split.columnParts, part % split.columnParts)
            let firstRow = down * split.rowsPerPart
            let firstColumn = across * split.columnsPerPart
            let partRows = min(split.rowsPerPart, rows - firstRow)
            let partColumns = min(split.columnsPerPart, columns - firstColumn)
            guard partRows > 0 && partColumns > 0 else { return }
            // Loops 2 and 1, over the panels of B and of A, are the macro-kernel.
            kernels.gemmBlock(
              m: partRows, n: partColumns, depth: depth, a: packedA + firstRow / mr * panelA, panelStrideA: panelA,
              b: packedB + firstColumn / nr * panelB, panelStrideB: panelB,
              c: c.pointer + (ic + firstRow) * c.rowStride + jc + firstColumn, rowStride: c.rowStride,
              alpha: alpha, beta: beta,
              rowBias: isLast ? epilogue.rowBias.map { $0 + ic + firstRow } : nil,
              columnBias: isLast ? epilogue.columnBias.map { $0 + jc + firstColumn } : nil,
              activation: isLast ? activation : 0, slope: slope)
          }
          ic += rows
        }
        pc += max(depth, 1)
      } while pc < k
      jc += columns
    }
  }
}

/// Packs the panels of A and those of B, shared out over the team.
@inline(__always)
private func packPanels<T: ComputeScalar>(
  _ kernels: any Kernels<T>.Type, _ a: Matrix<T>, row: Int, rows: Int, _ b: Matrix<T>, column: Int, columns: Int,
  at pc: Int, depth: Int, panelsA: Int, _ packedA: UnsafeMutablePointer<T>, _ panelA: Int, panelsB: Int,
  _ packedB: UnsafeMutablePointer<T>, _ panelB: Int
) {
  let mr = kernels.tileRows
  let nr = kernels.tileColumns
  // A part packs about 16,000 scalars: less is not worth handing to another core.
  let perPart = max(1, 16384 / max(1, depth * nr))
  let parts = (panelsA + panelsB + perPart - 1) / perPart
  parallelFor(parts) { part in
    for panel in part * perPart..<min((part + 1) * perPart, panelsA + panelsB) {
      if panel < panelsA {
        kernels.packPanel(
          a.pointer + (row + panel * mr) * a.rowStride + pc * a.columnStride, lanes: min(mr, rows - panel * mr),
          laneStride: a.rowStride, depth: depth, depthStride: a.columnStride, width: mr,
          into: packedA + panel * panelA)
      } else {
        let first = (panel - panelsA) * nr
        kernels.packPanel(
          b.pointer + pc * b.rowStride + (column + first) * b.columnStride, lanes: min(nr, columns - first),
          laneStride: b.columnStride, depth: depth, depthStride: b.rowStride, width: nr,
          into: packedB + (panel - panelsA) * panelB)
      }
    }
  }
}
