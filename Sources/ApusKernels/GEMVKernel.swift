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

/// A's columns are contiguous: eight of them at a time are added to y, each read from front to back. (Were a strip of y to stay in
/// registers while all columns pass by, each step would touch a page of its own, which the hardware does not see coming.)
@inline(__always)
private func addColumns<V: KernelVector>(
  _: V.Type, m: Int, k: Int, a: UnsafePointer<V.Scalar>, columnStride: Int, x: UnsafePointer<V.Scalar>, xStride: Int,
  y: UnsafeMutablePointer<V.Scalar>
) {
  for row in 0..<m { y[row] = 0 }
  var column = 0
  while column + 8 <= k {
    addEightColumns(
      V.self, m: m, a: a + column * columnStride, columnStride: columnStride, x: x + column * xStride,
      xStride: xStride, y: y)
    column += 8
  }
  while column < k {
    let from = a + column * columnStride
    let factor = V(repeating: x[column * xStride])
    var row = 0
    while row < m {
      let count = min(V.width, m - row)
      V.load(y + row, count: count).adding(factor, times: V.load(from + row, count: count)).store(y + row, count: count)
      row += V.width
    }
    column += 1
  }
}

@inline(never)
private func addEightColumns<V: KernelVector>(
  _: V.Type, m: Int, a: UnsafePointer<V.Scalar>, columnStride s: Int, x: UnsafePointer<V.Scalar>, xStride: Int,
  y: UnsafeMutablePointer<V.Scalar>
) {
  let (f0, f1, f2, f3) = (
    V(repeating: x[0]), V(repeating: x[xStride]), V(repeating: x[2 * xStride]), V(repeating: x[3 * xStride])
  )
  let (f4, f5, f6, f7) = (
    V(repeating: x[4 * xStride]), V(repeating: x[5 * xStride]), V(repeating: x[6 * xStride]),
    V(repeating: x[7 * xStride])
  )
  var row = 0
  while row + V.width <= m {
    let from = a + row
    var sum = V.load(y + row)
    sum = sum.adding(f0, times: V.load(from))
    sum = sum.adding(f1, times: V.load(from + s))
    sum = sum.adding(f2, times: V.load(from + 2 * s))
    sum = sum.adding(f3, times: V.load(from + 3 * s))
    sum = sum.adding(f4, times: V.load(from + 4 * s))
    sum = sum.adding(f5, times: V.load(from + 5 * s))
    sum = sum.adding(f6, times: V.load(from + 6 * s))
    sum = sum.adding(f7, times: V.load(from + 7 * s))
    sum.store(y + row)
    row += V.width
  }
  if row < m {
    var sum = V.load(y + row, count: m - row)
    for column in 0..<8 {
      sum = sum.adding(V(repeating: x[column * xStride]), times: V.load(a + column * s + row, count: m - row))
    }
    sum.store(y + row, count: m - row)
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
