extension FloatKernels {
  /// MR: rows of the register tile, and of a panel of A.
  public static var tileRows: Int { registerTileRows }
  /// NR: columns of the register tile, and of a panel of B.
  public static var tileColumns: Int { 2 * FloatVector.width }

  /// `C = activation(alpha · A · B + beta · C + bias)` for packed A and B; `panelStride` is the distance of two panels.
  /// `activation` is 0 (none), 1 (ReLU) or 2 (leaky ReLU with `slope`).
  public static func gemmBlock(
    m: Int, n: Int, depth: Int, a: UnsafePointer<Float>, panelStrideA: Int, b: UnsafePointer<Float>,
    panelStrideB: Int, c: UnsafeMutablePointer<Float>, rowStride: Int, alpha: Float, beta: Float,
    rowBias: UnsafePointer<Float>?, columnBias: UnsafePointer<Float>?, activation: Int, slope: Float
  ) {
    macroKernel(
      FloatVector.self, PackedOperands<FloatVector>.self, m: m, n: n, depth: depth, a: a, rowStrideA: 1,
      depthStrideA: registerTileRows, panelStrideA: panelStrideA, b: b, panelStrideB: panelStrideB, offsets: nil, c: c,
      rowStride: rowStride, alpha: alpha, beta: beta, rowBias: rowBias, columnBias: columnBias,
      activation: activation, slope: slope, rowsOutside: false, movesLeft: false)
  }

  /// `C = activation(alpha · A · B + beta · C + bias)` with operands read where they lie: row r, step k of A is
  /// `a[r · rowStrideA + k · depthStrideA]`, panels of A are `panelStrideA` apart; row k of panel p of B begins at
  /// `b + p · panelStrideB + offsets[k]`.
  ///
  /// The same is done for `lines` Bs and Cs, which lie at the distances of `lineStrideB` and `lineStrideC`.
  ///
  /// With `panelStrideB == tileColumns`, so that panels lie side by side, and `beta == 0`, nothing behind the last column
  /// of a row of B is read, if there are at least a register of columns. Else each panel is read in whole registers.
  public static func gemmDirect(
    m: Int, n: Int, depth: Int, a: UnsafePointer<Float>, rowStrideA: Int, depthStrideA: Int, panelStrideA: Int,
    b: UnsafePointer<Float>, panelStrideB: Int, offsets: UnsafePointer<Int>, c: UnsafeMutablePointer<Float>,
    rowStride: Int,
    alpha: Float, beta: Float, rowBias: UnsafePointer<Float>?, columnBias: UnsafePointer<Float>?, activation: Int,
    slope: Float, rowsOutside: Bool, lines: Int, lineStrideB: Int, lineStrideC: Int
  ) {
    macroKernel(
      FloatVector.self, DirectOperands<FloatVector>.self, m: m, n: n, depth: depth, a: a, rowStrideA: rowStrideA,
      depthStrideA: depthStrideA, panelStrideA: panelStrideA, b: b, panelStrideB: panelStrideB, offsets: offsets, c: c,
      rowStride: rowStride, alpha: alpha, beta: beta, rowBias: rowBias, columnBias: columnBias,
      activation: activation, slope: slope, rowsOutside: rowsOutside,
      movesLeft: panelStrideB == tileColumns && beta == 0,
      lines: ProductLines(count: lines, strideB: lineStrideB, strideC: lineStrideC))
  }

  /// `C = activation(alpha · A · B + beta · C + bias)` for packed A and a B that lies as the strides say; panel p of B is
  /// packed to `packed + p · panelStrideB` on the way, each with room for one register more. `panelStrideB` 0: nobody wants them later.
  public static func gemmPackingB(
    m: Int, n: Int, depth: Int, a: UnsafePointer<Float>, panelStrideA: Int, b: UnsafePointer<Float>, rowStrideB: Int,
    columnStrideB: Int, packed: UnsafeMutablePointer<Float>, panelStrideB: Int, c: UnsafeMutablePointer<Float>,
    rowStride: Int, alpha: Float, beta: Float, rowBias: UnsafePointer<Float>?, columnBias: UnsafePointer<Float>?,
    activation: Int, slope: Float
  ) {
    packingMacroKernel(
      FloatVector.self, m: m, n: n, depth: depth, a: a, panelStrideA: panelStrideA, b: b, rowStrideB: rowStrideB,
      columnStrideB: columnStrideB, packed: packed, panelStrideB: panelStrideB, c: c, rowStride: rowStride,
      alpha: alpha, beta: beta, rowBias: rowBias, columnBias: columnBias, activation: activation, slope: slope)
  }
}

extension DoubleKernels {
  /// MR: rows of the register tile, and of a panel of A.
  public static var tileRows: Int { registerTileRows }
  /// NR: columns of the register tile, and of a panel of B.
  public static var tileColumns: Int { 2 * DoubleVector.width }

  /// `C = activation(alpha · A · B + beta · C + bias)` for packed A and B; see `FloatKernels.gemmBlock`.
  public static func gemmBlock(
    m: Int, n: Int, depth: Int, a: UnsafePointer<Double>, panelStrideA: Int, b: UnsafePointer<Double>,
    panelStrideB: Int, c: UnsafeMutablePointer<Double>, rowStride: Int, alpha: Double, beta: Double,
    rowBias: UnsafePointer<Double>?, columnBias: UnsafePointer<Double>?, activation: Int, slope: Double
  ) {
    macroKernel(
      DoubleVector.self, PackedOperands<DoubleVector>.self, m: m, n: n, depth: depth, a: a, rowStrideA: 1,
      depthStrideA: registerTileRows, panelStrideA: panelStrideA, b: b, panelStrideB: panelStrideB, offsets: nil, c: c,
      rowStride: rowStride, alpha: alpha, beta: beta, rowBias: rowBias, columnBias: columnBias,
      activation: activation, slope: slope, rowsOutside: false, movesLeft: false)
  }

  /// `C = activation(alpha · A · B + beta · C + bias)` with operands read where they lie; see `FloatKernels.gemmDirect`.
  public static func gemmDirect(
    m: Int, n: Int, depth: Int, a: UnsafePointer<Double>, rowStrideA: Int, depthStrideA: Int, panelStrideA: Int,
    b: UnsafePointer<Double>, panelStrideB: Int, offsets: UnsafePointer<Int>, c: UnsafeMutablePointer<Double>,
    rowStride: Int,
    alpha: Double, beta: Double, rowBias: UnsafePointer<Double>?, columnBias: UnsafePointer<Double>?, activation: Int,
    slope: Double, rowsOutside: Bool, lines: Int, lineStrideB: Int, lineStrideC: Int
  ) {
    macroKernel(
      DoubleVector.self, DirectOperands<DoubleVector>.self, m: m, n: n, depth: depth, a: a, rowStrideA: rowStrideA,
      depthStrideA: depthStrideA, panelStrideA: panelStrideA, b: b, panelStrideB: panelStrideB, offsets: offsets, c: c,
      rowStride: rowStride, alpha: alpha, beta: beta, rowBias: rowBias, columnBias: columnBias,
      activation: activation, slope: slope, rowsOutside: rowsOutside,
      movesLeft: panelStrideB == tileColumns && beta == 0,
      lines: ProductLines(count: lines, strideB: lineStrideB, strideC: lineStrideC))
  }

  /// `C = activation(alpha · A · B + beta · C + bias)` with B packed on the way; see `FloatKernels.gemmPackingB`.
  public static func gemmPackingB(
    m: Int, n: Int, depth: Int, a: UnsafePointer<Double>, panelStrideA: Int, b: UnsafePointer<Double>, rowStrideB: Int,
    columnStrideB: Int, packed: UnsafeMutablePointer<Double>, panelStrideB: Int, c: UnsafeMutablePointer<Double>,
    rowStride: Int, alpha: Double, beta: Double, rowBias: UnsafePointer<Double>?, columnBias: UnsafePointer<Double>?,
    activation: Int, slope: Double
  ) {
    packingMacroKernel(
      DoubleVector.self, m: m, n: n, depth: depth, a: a, panelStrideA: panelStrideA, b: b, rowStrideB: rowStrideB,
      columnStrideB: columnStrideB, packed: packed, panelStrideB: panelStrideB, c: c, rowStride: rowStride,
      alpha: alpha, beta: beta, rowBias: rowBias, columnBias: columnBias, activation: activation, slope: slope)
  }
}
