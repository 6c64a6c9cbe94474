// y = A · x for the two layouts of A. Both read A once, front to back.

/// A's rows are contiguous: each y is a dot product. Four rows share each register of x, and each row has its own
/// accumulator, so four chains hide the latency of the multiply-add.
@inline(__always)
private func dotRows<V: KernelVector>(
  _: V.Type, m: Int, k: Int, a: UnsafePointer<V.Scalar>, rowStride: Int, x: UnsafePointer<V.Scalar>,
  y: UnsafeMutablePointer<V.Scalar>
) {
  let whole = k / V.width * V.width
  let rest = k - whole
  var row = 0
  while row < m {
    // Rows that do not exist are read as the last one and not written.
    let last = m - 1
    let a0 = a + row * rowStride
    let a1 = a + min(row + 1, last) * rowStride
    let a2 = a + min(row + 2, last) * rowStride
    let a3 = a + min(row + 3, last) * rowStride
    var s0 = V(repeating: 0)
    var s1 = s0
    var s2 = s0
    var s3 = s0
    var i = 0
    while i < whole {
      let v = V.load(x + i)
      s0 = s0.adding(V.load(a0 + i), times: v)
      s1 = s1.adding(V.load(a1 + i), times: v)
      s2 = s2.adding(V.load(a2 + i), times: v)
      s3 = s3.adding(V.load(a3 + i), times: v)
      i += V.width
    }
    if rest > 0 {
      let v = V.load(x + i, count: rest)
      s0 = s0.adding(V.load(a0 + i, count: rest), times: v)
      s1 = s1.adding(V.load(a1 + i, count: rest), times: v)
      s2 = s2.adding(V.load(a2 + i, count: rest), times: v)
      s3 = s3.adding(V.load(a3 + i, count: rest), times: v)
    }
    y[row] = s0.laneSum
    if row + 1 < m { y[row + 1] = s1.laneSum }
    if row + 2 < m { y[row + 2] = s2.laneSum }
    if row + 3 < m { y[row + 3] = s3.laneSum }
    row += 4
  }
}

/// A's columns are contiguous: a strip of y stays in four registers while all columns pass by.
@inline(__always)
private func addColumns<V: KernelVector>(
  _: V.Type, m: Int, k: Int, a: UnsafePointer<V.Scalar>, columnStride: Int, x: UnsafePointer<V.Scalar>, xStride: Int,
  y: UnsafeMutablePointer<V.Scalar>
) {
  let strip = 4 * V.width
  var row = 0
  while row + strip <= m {
    var s0 = V(repeating: 0)
    var s1 = s0
    var s2 = s0
    var s3 = s0
    for j in 0..<k {
      let factor = V(repeating: x[j * xStride])
      let column = a + j * columnStride + row
      s0 = s0.adding(V.load(column), times: factor)
      s1 = s1.adding(V.load(column + V.width), times: factor)
      s2 = s2.adding(V.load(column + 2 * V.width), times: factor)
      s3 = s3.adding(V.load(column + 3 * V.width), times: factor)
    }
    s0.store(y + row)
    s1.store(y + row + V.width)
    s2.store(y + row + 2 * V.width)
    s3.store(y + row + 3 * V.width)
    row += strip
  }
  while row < m {
    let count = min(V.width, m - row)
    var sum = V(repeating: 0)
    for j in 0..<k {
      sum = sum.adding(V.load(a + j * columnStride + row, count: count), times: V(repeating: x[j * xStride]))
    }
    sum.store(y + row, count: count)
    row += V.width
  }
}

extension FloatKernels {
  /// `y[i] = Σ a[i · rowStride + j] · x[j]`, i < m, j < k.
  public static func gemvRows(
    m: Int, k: Int, a: UnsafePointer<Float>, rowStride: Int, x: UnsafePointer<Float>, y: UnsafeMutablePointer<Float>
  ) {
    dotRows(FloatVector.self, m: m, k: k, a: a, rowStride: rowStride, x: x, y: y)
  }

  /// `y[i] = Σ a[i + j · columnStride] · x[j · xStride]`, i < m, j < k.
  public static func gemvColumns(
    m: Int, k: Int, a: UnsafePointer<Float>, columnStride: Int, x: UnsafePointer<Float>, xStride: Int,
    y: UnsafeMutablePointer<Float>
  ) {
    addColumns(FloatVector.self, m: m, k: k, a: a, columnStride: columnStride, x: x, xStride: xStride, y: y)
  }
}

extension DoubleKernels {
  /// `y[i] = Σ a[i · rowStride + j] · x[j]`, i < m, j < k.
  public static func gemvRows(
    m: Int, k: Int, a: UnsafePointer<Double>, rowStride: Int, x: UnsafePointer<Double>,
    y: UnsafeMutablePointer<Double>
  ) {
    dotRows(DoubleVector.self, m: m, k: k, a: a, rowStride: rowStride, x: x, y: y)
  }

  /// `y[i] = Σ a[i + j · columnStride] · x[j · xStride]`, i < m, j < k.
  public static func gemvColumns(
    m: Int, k: Int, a: UnsafePointer<Double>, columnStride: Int, x: UnsafePointer<Double>, xStride: Int,
    y: UnsafeMutablePointer<Double>
  ) {
    addColumns(DoubleVector.self, m: m, k: k, a: a, columnStride: columnStride, x: x, xStride: xStride, y: y)
  }
}
