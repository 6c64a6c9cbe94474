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
}

extension TransposableVector {
  /// target[i · targetStride + j] = source[j · sourceStride + i] for i < rows, j < columns.
  ///
  /// Square blocks of a register's width are transposed in registers; the last block of each direction overlaps the one
  /// before it. An array narrower than a block goes scalar by scalar.
  @inline(__always)
  static func transpose(
    _ source: UnsafePointer<Scalar>, _ sourceStride: Int, _ target: UnsafeMutablePointer<Scalar>, _ targetStride: Int,
    _ rows: Int, _ columns: Int
  ) {
    guard rows >= width && columns >= width else {
      transposeNarrow(source, sourceStride, target, targetStride, rows, columns)
      return
    }
    var j = 0
    while j < columns {
      let column = min(j, columns - width)
      var i = 0
      while i < rows {
        let row = min(i, rows - width)
        transposeBlock(
          source + column * sourceStride + row, stride: sourceStride, count: width,
          into: target + row * targetStride + column, targetStride: targetStride)
        i += width
      }
      j += width
    }
  }

  @inline(never)
  private static func transposeNarrow(
    _ source: UnsafePointer<Scalar>, _ sourceStride: Int, _ target: UnsafeMutablePointer<Scalar>, _ targetStride: Int,
    _ rows: Int, _ columns: Int
  ) {
    for i in 0..<rows {
      for j in 0..<columns { target[i * targetStride + j] = source[j * sourceStride + i] }
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
