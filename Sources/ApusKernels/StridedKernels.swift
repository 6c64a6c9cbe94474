// Copies between arrays of any strides: a row at a time, and a tile of a transpose at a time.

extension MathVector {
  /// target[i · targetStep] = source[i · sourceStep].
  @inline(__always)
  static func copy(
    _ source: UnsafePointer<Scalar>, _ sourceStep: Int, _ target: UnsafeMutablePointer<Scalar>, _ targetStep: Int,
    _ count: Int
  ) {
    if sourceStep == 1 && targetStep == 1 {
      target.update(from: source, count: count)
    } else if sourceStep == 0 && targetStep == 1 {
      target.update(repeating: source.pointee, count: count)
    } else {
      for i in 0..<count { target[i * targetStep] = source[i * sourceStep] }
    }
  }

  /// target[i · targetStep] += source[i · sourceStep].
  @inline(__always)
  static func accumulate(
    _ source: UnsafePointer<Scalar>, _ sourceStep: Int, _ target: UnsafeMutablePointer<Scalar>, _ targetStep: Int,
    _ count: Int
  ) {
    if sourceStep == 1 && targetStep == 1 {
      accumulate(source, 1, target, count)
    } else {
      for i in 0..<count { target[i * targetStep] += source[i * sourceStep] }
    }
  }

  /// target[i · targetStride + j] = source[j · sourceStride + i] for i < rows, j < columns.
  ///
  /// In tiles of 16 × 16, so that every line of either array is used up while it is in the cache.
  @inline(__always)
  static func transpose(
    _ source: UnsafePointer<Scalar>, _ sourceStride: Int, _ target: UnsafeMutablePointer<Scalar>, _ targetStride: Int,
    _ rows: Int, _ columns: Int
  ) {
    let tile = 16
    for i0 in stride(from: 0, to: rows, by: tile) {
      let i1 = min(i0 + tile, rows)
      for j0 in stride(from: 0, to: columns, by: tile) {
        let j1 = min(j0 + tile, columns)
        for i in i0..<i1 {
          let from = source + i
          let to = target + i * targetStride
          for j in j0..<j1 { to[j] = from[j * sourceStride] }
        }
      }
    }
  }
}

extension FloatKernels {
  /// target[i · targetStep] = source[i · sourceStep].
  public static func copy(
    _ source: UnsafePointer<Float>, _ sourceStep: Int, _ target: UnsafeMutablePointer<Float>, _ targetStep: Int,
    _ count: Int
  ) {
    FloatVector.copy(source, sourceStep, target, targetStep, count)
  }

  /// target[i · targetStep] += source[i · sourceStep].
  public static func accumulate(
    _ source: UnsafePointer<Float>, _ sourceStep: Int, _ target: UnsafeMutablePointer<Float>, _ targetStep: Int,
    _ count: Int
  ) {
    FloatVector.accumulate(source, sourceStep, target, targetStep, count)
  }

  /// target[i · targetStride + j] = source[j · sourceStride + i] for i < rows, j < columns.
  public static func transpose(
    _ source: UnsafePointer<Float>, _ sourceStride: Int, _ target: UnsafeMutablePointer<Float>, _ targetStride: Int,
    _ rows: Int, _ columns: Int
  ) {
    FloatVector.transpose(source, sourceStride, target, targetStride, rows, columns)
  }
}

extension DoubleKernels {
  /// target[i · targetStep] = source[i · sourceStep].
  public static func copy(
    _ source: UnsafePointer<Double>, _ sourceStep: Int, _ target: UnsafeMutablePointer<Double>, _ targetStep: Int,
    _ count: Int
  ) {
    DoubleVector.copy(source, sourceStep, target, targetStep, count)
  }

  /// target[i · targetStep] += source[i · sourceStep].
  public static func accumulate(
    _ source: UnsafePointer<Double>, _ sourceStep: Int, _ target: UnsafeMutablePointer<Double>, _ targetStep: Int,
    _ count: Int
  ) {
    DoubleVector.accumulate(source, sourceStep, target, targetStep, count)
  }

  /// target[i · targetStride + j] = source[j · sourceStride + i] for i < rows, j < columns.
  public static func transpose(
    _ source: UnsafePointer<Double>, _ sourceStride: Int, _ target: UnsafeMutablePointer<Double>, _ targetStride: Int,
    _ rows: Int, _ columns: Int
  ) {
    DoubleVector.transpose(source, sourceStride, target, targetStride, rows, columns)
  }
}
