// C = activation(alpha · A · B + beta · C + bias), after Goto and van de Geijn, "Anatomy of High-Performance Matrix
// Multiplication" (2008), in the names of BLIS (Van Zee and van de Geijn, 2015). Docs/GEMM.md derives it step by step.

/// The part of the kernel table that matrix products use.
protocol GEMMKernels<Scalar> {
  associatedtype Scalar
  static var tileRows: Int { get }
  static var tileColumns: Int { get }
  static func unpackPanel(
    _ panel: UnsafePointer<Scalar>, lanes: Int, depth: Int, width: Int, into target: UnsafeMutablePointer<Scalar>,
    laneStride: Int)
  static func packPanel(
    _ source: UnsafePointer<Scalar>, lanes: Int, laneStride: Int, depth: Int, depthStride: Int, width: Int,
    into panel: UnsafeMutablePointer<Scalar>)
  static func gemmBlock(
    m: Int, n: Int, depth: Int, a: UnsafePointer<Scalar>, panelStrideA: Int, b: UnsafePointer<Scalar>,
    panelStrideB: Int, c: UnsafeMutablePointer<Scalar>, rowStride: Int, alpha: Scalar, beta: Scalar,
    rowBias: UnsafePointer<Scalar>?, columnBias: UnsafePointer<Scalar>?, activation: Int, slope: Scalar)
  static func gemmPackingB(
    m: Int, n: Int, depth: Int, a: UnsafePointer<Scalar>, panelStrideA: Int, b: UnsafePointer<Scalar>, rowStrideB: Int,
    columnStrideB: Int, packed: UnsafeMutablePointer<Scalar>, panelStrideB: Int, c: UnsafeMutablePointer<Scalar>,
    rowStride: Int, alpha: Scalar, beta: Scalar, rowBias: UnsafePointer<Scalar>?, columnBias: UnsafePointer<Scalar>?,
    activation: Int, slope: Scalar)
  static func gemmDirect(
    m: Int, n: Int, depth: Int, a: UnsafePointer<Scalar>, rowStrideA: Int, depthStrideA: Int, panelStrideA: Int,
    b: UnsafePointer<Scalar>, panelStrideB: Int, offsets: UnsafePointer<Int>, c: UnsafeMutablePointer<Scalar>,
    rowStride: Int, alpha: Scalar, beta: Scalar, rowBias: UnsafePointer<Scalar>?, columnBias: UnsafePointer<Scalar>?,
    activation: Int, slope: Scalar, rowsOutside: Bool, lines: Int, lineStrideB: Int, lineStrideC: Int)
  static var dotColumns: Int { get }
  static func gemmDots(
    m: Int, n: Int, depth: Int, a: UnsafePointer<Scalar>, rowStrideA: Int, b: UnsafePointer<Scalar>, columnStrideB: Int,
    c: UnsafeMutablePointer<Scalar>, rowStride: Int, alpha: Scalar, beta: Scalar, rowBias: UnsafePointer<Scalar>?,
    columnBias: UnsafePointer<Scalar>?, activation: Int, slope: Scalar)
  static func gemvRows(
    m: Int, k: Int, a: UnsafePointer<Scalar>, rowStride: Int, x: UnsafePointer<Scalar>,
    y: UnsafeMutablePointer<Scalar>)
  static func gemvColumns(
    m: Int, k: Int, a: UnsafePointer<Scalar>, columnStride: Int, x: UnsafePointer<Scalar>, xStride: Int,
    y: UnsafeMutablePointer<Scalar>)
}

extension GEMMKernels {
  /// As the function of the kernels, for one B and one C.
  @inline(__always)
  static func gemmDirect(
    m: Int, n: Int, depth: Int, a: UnsafePointer<Scalar>, rowStrideA: Int, depthStrideA: Int, panelStrideA: Int,
    b: UnsafePointer<Scalar>, panelStrideB: Int, offsets: UnsafePointer<Int>, c: UnsafeMutablePointer<Scalar>,
    rowStride: Int, alpha: Scalar, beta: Scalar, rowBias: UnsafePointer<Scalar>?, columnBias: UnsafePointer<Scalar>?,
    activation: Int, slope: Scalar, rowsOutside: Bool
  ) {
    gemmDirect(
      m: m, n: n, depth: depth, a: a, rowStrideA: rowStrideA, depthStrideA: depthStrideA, panelStrideA: panelStrideA,
      b: b, panelStrideB: panelStrideB, offsets: offsets, c: c, rowStride: rowStride, alpha: alpha, beta: beta,
      rowBias: rowBias, columnBias: columnBias, activation: activation, slope: slope, rowsOutside: rowsOutside,
      lines: 1, lineStrideB: 0, lineStrideC: 0)
  }
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
  if gemmNarrow(a, b, into: c, alpha: alpha, beta: beta, epilogue: epilogue) { return }
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
///
/// B is packed by the first rows of C while they are computed, A one panel at a time just before it is used: both then come
/// out of a near cache, and no core waits for memory with idle multipliers.
@inline(__always)
private func gemmPacked<T: ComputeScalar>(
  _ a: Matrix<T>, _ b: Matrix<T>, into c: MutableMatrix<T>, alpha: T, beta: T, epilogue: Epilogue<T>
) {
  let kernels = kernels(T.self)
  let (m, n, k) = (c.rows, c.columns, a.columns)
  let (mr, nr) = (kernels.tileRows, kernels.tileColumns)
  let blocking = Blocking(tileRows: mr, tileColumns: nr, scalarBytes: MemoryLayout<T>.stride)
  let kc = blocking.depth(of: k)
  // Rows that meet each panel of B as soon as it is packed: all of them when they fit the level-2 cache, and then one panel
  // of B is enough for each thread. Else one panel's: the others read the packed B after them.
  let firstRows = m <= blocking.mc(depth: kc) ? m : mr
  let keepsB = firstRows < m
  // A B that nobody wants again needs no room, and so no limit.
  let nc = keepsB ? min(blocking.nc(depth: kc) / nr * nr, roundUp(n, nr)) : roundUp(n, nr)
  // Packing may store one register over the end of a panel.
  let panelB = kc * nr + 16
  Scratch.withScalars(keepsB ? nc / nr * panelB : 0, of: T.self) { packedB in
    // Loop 5 splits n: the block of B (KC × NC) that is packed at a time fits the last-level cache, if it is to be read again.
    var jc = 0
    while jc < n {
      let columns = min(nc, n - jc)
      // Loop 4 splits k. Serial, because its turns add up in C: the order of summation is the same at any number of threads.
      var pc = 0
      repeat {
        let block = ProductBlock(
          a: a, b: b, c: c, epilogue: epilogue, alpha: alpha, beta: pc == 0 ? beta : 1, columns: jc..<jc + columns,
          depth: pc..<min(pc + kc, k), isLast: pc + kc >= k)
        block.packingB(rows: firstRows, into: keepsB ? packedB : nil, panelStride: panelB)
        if keepsB { block.fromPacked(rows: firstRows..<m, packedB, panelStride: panelB) }
        pc += kc
      } while pc < k
      jc += columns
    }
  }
}

/// One block of k and of columns of a packed product.
private struct ProductBlock<T: ComputeScalar> {
  let a: Matrix<T>
  let b: Matrix<T>
  let c: MutableMatrix<T>
  let epilogue: Epilogue<T>
  let alpha: T
  /// Factor of what C holds: 1 from the second block of k on.
  let beta: T
  let columns: Range<Int>
  let depth: Range<Int>
  /// Whether bias and activation follow.
  let isLast: Bool

  /// Rows or columns in units of `unit` that one chunk takes, so that a chunk is worth handing to another core: about 100,000
  /// multiply-adds.
  private func units(in total: Int, of unit: Int, across other: Int) -> Int {
    max(1, min(total, 100_000 / max(1, unit * other * max(1, depth.count))))
  }

  /// Packs panels of A that start at `row`.
  private func packA(_ kernels: any Kernels<T>.Type, rows: Range<Int>, into packed: UnsafeMutablePointer<T>) {
    let mr = kernels.tileRows
    // Where the rows of a column follow one another, a whole register of them is moved; the next column's store covers
    // what is too much.
    let lanes = a.rowStride == 1 ? roundUp(mr, kernels.tileColumns / 2) : mr
    // A line holds rows of several panels: all of them are packed while the near cache has it.
    let step = panelsAtOnce == 1 ? max(1, depth.count) : 32
    for k in stride(from: 0, to: depth.count, by: step) {
      for row in stride(from: rows.lowerBound, to: rows.upperBound, by: mr) {
        kernels.packPanel(
          a.pointer + row * a.rowStride + (depth.lowerBound + k) * a.columnStride, lanes: min(lanes, a.rows - row),
          laneStride: a.rowStride, depth: min(step, depth.count - k), depthStride: a.columnStride, width: mr,
          into: packed + (row - rows.lowerBound) / mr * (depth.count * mr + 16) + k * mr)
      }
    }
  }

  /// Panels of A that are packed together: one where its rows are contiguous, and else as many as take whole lines of its columns,
  /// which lie far apart, so that each line is fetched once and not for each panel anew.
  private var panelsAtOnce: Int { a.rowStride == 1 && a.columnStride > 1 ? 8 : 1 }

  private func rowBias(_ row: Int) -> UnsafePointer<T>? { isLast ? epilogue.rowBias.map { $0 + row } : nil }

  private func columnBias(_ column: Int) -> UnsafePointer<T>? {
    isLast ? epilogue.columnBias.map { $0 + column } : nil
  }

  /// The first rows of C, from a B that is packed on the way, into `packed` or, when nobody wants it later, into room of each
  /// thread's own. The columns are shared out.
  func packingB(rows: Int, into packed: UnsafeMutablePointer<T>?, panelStride: Int) {
    let kernels = kernels(T.self)
    let (mr, nr) = (kernels.tileRows, kernels.tileColumns)
    let panelA = depth.count * mr + 16
    let countA = (rows + mr - 1) / mr * panelA
    let panels = (columns.count + nr - 1) / nr
    func multiply(_ panels: Range<Int>, _ packedA: UnsafePointer<T>, packingTo own: UnsafeMutablePointer<T>) {
      let column = columns.lowerBound + panels.lowerBound * nr
      kernels.gemmPackingB(
        m: rows, n: min(panels.count * nr, columns.upperBound - column), depth: depth.count, a: packedA,
        panelStrideA: panelA, b: b.pointer + depth.lowerBound * b.rowStride + column * b.columnStride,
        rowStrideB: b.rowStride, columnStrideB: b.columnStride,
        packed: packed.map { $0 + panels.lowerBound * panelStride } ?? own,
        panelStrideB: packed == nil ? 0 : panelStride, c: c.pointer + column, rowStride: c.rowStride, alpha: alpha,
        beta: beta, rowBias: rowBias(0), columnBias: columnBias(column),
        activation: isLast ? epilogue.activationCode : 0, slope: epilogue.slope)
    }
    let ownCount = packed == nil ? panelStride : 0
    let isLarge = rows * depth.count >= 65_536
    let work = rows * columns.count * depth.count
    if packed == nil && !isLarge && work <= 16_000_000 {
      // Some tens of microseconds: one part of columns a thread, always the same (see `TileSplit`), and an A for each. To pack it takes as
      // long as to wait for another core that does, which then would have to hand it over.
      let parts = max(1, min(Threads.count, panels, work / 100_000))
      let perPart = (panels + parts - 1) / parts
      parallelFor((panels + perPart - 1) / perPart) { part in
        Scratch.withScalars(countA + ownCount, of: T.self) { packedA in
          packA(kernels, rows: 0..<rows, into: packedA)
          multiply(part * perPart..<min(panels, (part + 1) * perPart), packedA, packingTo: packedA + countA)
        }
      }
      return
    }
    let perChunk = units(in: panels, of: nr, across: rows)
    Scratch.withScalars(countA, of: T.self) { packedA in
      // A block of A that is large is packed by all: else those who wait for it are idle as long as a tenth of the product.
      let rowsPerPart = isLarge ? panelsAtOnce * mr : rows
      parallelFor((rows + rowsPerPart - 1) / rowsPerPart) { part in
        let first = part * rowsPerPart
        packA(kernels, rows: first..<min(rows, first + rowsPerPart), into: packedA + first / mr * panelA)
      }
      parallelFor((panels + perChunk - 1) / perChunk) { chunk in
        Scratch.withScalars(ownCount, of: T.self) { own in
          multiply(chunk * perChunk..<min(panels, (chunk + 1) * perChunk), packedA, packingTo: own)
        }
      }
    }
  }

  /// The other rows, from the packed B. Loop 3 goes by one panel of A, which is packed, meets all of B, and is forgotten: B then
  /// comes from the last-level cache, front to back, and C is written along its rows. The panels of A are shared out.
  func fromPacked(rows: Range<Int>, _ packed: UnsafePointer<T>, panelStride: Int) {
    let kernels = kernels(T.self)
    let mr = kernels.tileRows
    let panels = (rows.count + mr - 1) / mr
    // Panels that share lines stay together, but not so many that a core waits for the last of them.
    let perChunk = max(units(in: panels, of: mr, across: columns.count), min(panelsAtOnce, panels / 16))
    let panelA = depth.count * mr + 16
    parallelFor((panels + perChunk - 1) / perChunk) { chunk in
      let end = min(panels, (chunk + 1) * perChunk)
      Scratch.withScalars(panelsAtOnce * panelA, of: T.self) { packedA in
        for first in stride(from: chunk * perChunk, to: end, by: panelsAtOnce) {
          let group = first..<min(end, first + panelsAtOnce)
          packA(
            kernels, rows: rows.lowerBound + first * mr..<min(rows.upperBound, rows.lowerBound + group.upperBound * mr),
            into: packedA)
          for panel in group {
            let row = rows.lowerBound + panel * mr
            kernels.gemmBlock(
              m: min(mr, rows.upperBound - row), n: columns.count, depth: depth.count,
              a: packedA + (panel - first) * panelA, panelStrideA: 0, b: packed, panelStrideB: panelStride,
              c: c.pointer + row * c.rowStride + columns.lowerBound, rowStride: c.rowStride, alpha: alpha, beta: beta,
              rowBias: rowBias(row), columnBias: columnBias(columns.lowerBound),
              activation: isLast ? epilogue.activationCode : 0, slope: epilogue.slope)
          }
        }
      }
    }
  }
}
