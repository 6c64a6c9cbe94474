// The entry points of recurrent cells.

extension FloatKernels {
  /// One step of a plain recurrent layer.
  public static func elmanCell(
    _ gates: UnsafeMutablePointer<Float>, _ recurrent: UnsafePointer<Float>, _ hidden: UnsafeMutablePointer<Float>,
    _ hiddenStride: Int, _ rows: Int, _ size: Int, _ usesTanh: Bool
  ) {
    FloatVector.elmanCell(gates, recurrent, hidden, hiddenStride, rows, size, usesTanh)
  }

  /// The backward pass of `elmanCell`.
  public static func elmanCellGradient(
    _ gates: UnsafePointer<Float>, _ upstream: UnsafePointer<Float>, _ upstreamStride: Int,
    _ carried: UnsafePointer<Float>, _ gateGradient: UnsafeMutablePointer<Float>, _ rows: Int, _ size: Int,
    _ usesTanh: Bool
  ) {
    FloatVector.elmanCellGradient(gates, upstream, upstreamStride, carried, gateGradient, rows, size, usesTanh)
  }

  /// One step of long short-term memory.
  public static func lstmCell(
    _ gates: UnsafeMutablePointer<Float>, _ recurrent: UnsafePointer<Float>, _ cellBefore: UnsafePointer<Float>,
    _ cell: UnsafeMutablePointer<Float>, _ hidden: UnsafeMutablePointer<Float>, _ hiddenStride: Int, _ rows: Int,
    _ size: Int
  ) {
    FloatVector.lstmCell(gates, recurrent, cellBefore, cell, hidden, hiddenStride, rows, size)
  }

  /// The backward pass of `lstmCell`.
  public static func lstmCellGradient(
    _ gates: UnsafePointer<Float>, _ cellBefore: UnsafePointer<Float>, _ cell: UnsafePointer<Float>,
    _ upstream: UnsafePointer<Float>, _ upstreamStride: Int, _ carried: UnsafePointer<Float>,
    _ cellGradient: UnsafeMutablePointer<Float>, _ gateGradient: UnsafeMutablePointer<Float>, _ rows: Int, _ size: Int
  ) {
    FloatVector.lstmCellGradient(
      gates, cellBefore, cell, upstream, upstreamStride, carried, cellGradient, gateGradient, rows, size)
  }

  /// One step of a gated recurrent unit.
  public static func gruCell(
    _ gates: UnsafePointer<Float>, _ recurrent: UnsafePointer<Float>, _ recurrentBias: UnsafePointer<Float>?,
    _ hiddenBefore: UnsafePointer<Float>, _ beforeStride: Int, _ hidden: UnsafeMutablePointer<Float>,
    _ hiddenStride: Int, _ saved: UnsafeMutablePointer<Float>, _ rows: Int, _ size: Int
  ) {
    FloatVector.gruCell(
      gates, recurrent, recurrentBias, hiddenBefore, beforeStride, hidden, hiddenStride, saved, rows, size)
  }

  /// The backward pass of `gruCell`.
  public static func gruCellGradient(
    _ saved: UnsafePointer<Float>, _ hiddenBefore: UnsafePointer<Float>, _ beforeStride: Int,
    _ upstream: UnsafePointer<Float>, _ upstreamStride: Int, _ carried: UnsafeMutablePointer<Float>,
    _ gateGradient: UnsafeMutablePointer<Float>, _ recurrentGradient: UnsafeMutablePointer<Float>, _ rows: Int,
    _ size: Int
  ) {
    FloatVector.gruCellGradient(
      saved, hiddenBefore, beforeStride, upstream, upstreamStride, carried, gateGradient, recurrentGradient, rows, size)
  }
}

extension DoubleKernels {
  /// One step of a plain recurrent layer.
  public static func elmanCell(
    _ gates: UnsafeMutablePointer<Double>, _ recurrent: UnsafePointer<Double>, _ hidden: UnsafeMutablePointer<Double>,
    _ hiddenStride: Int, _ rows: Int, _ size: Int, _ usesTanh: Bool
  ) {
    DoubleVector.elmanCell(gates, recurrent, hidden, hiddenStride, rows, size, usesTanh)
  }

  /// The backward pass of `elmanCell`.
  public static func elmanCellGradient(
    _ gates: UnsafePointer<Double>, _ upstream: UnsafePointer<Double>, _ upstreamStride: Int,
    _ carried: UnsafePointer<Double>, _ gateGradient: UnsafeMutablePointer<Double>, _ rows: Int, _ size: Int,
    _ usesTanh: Bool
  ) {
    DoubleVector.elmanCellGradient(gates, upstream, upstreamStride, carried, gateGradient, rows, size, usesTanh)
  }

  /// One step of long short-term memory.
  public static func lstmCell(
    _ gates: UnsafeMutablePointer<Double>, _ recurrent: UnsafePointer<Double>, _ cellBefore: UnsafePointer<Double>,
    _ cell: UnsafeMutablePointer<Double>, _ hidden: UnsafeMutablePointer<Double>, _ hiddenStride: Int, _ rows: Int,
    _ size: Int
  ) {
    DoubleVector.lstmCell(gates, recurrent, cellBefore, cell, hidden, hiddenStride, rows, size)
  }

  /// The backward pass of `lstmCell`.
  public static func lstmCellGradient(
    _ gates: UnsafePointer<Double>, _ cellBefore: UnsafePointer<Double>, _ cell: UnsafePointer<Double>,
    _ upstream: UnsafePointer<Double>, _ upstreamStride: Int, _ carried: UnsafePointer<Double>,
    _ cellGradient: UnsafeMutablePointer<Double>, _ gateGradient: UnsafeMutablePointer<Double>, _ rows: Int, _ size: Int
  ) {
    DoubleVector.lstmCellGradient(
      gates, cellBefore, cell, upstream, upstreamStride, carried, cellGradient, gateGradient, rows, size)
  }

  /// One step of a gated recurrent unit.
  public static func gruCell(
    _ gates: UnsafePointer<Double>, _ recurrent: UnsafePointer<Double>, _ recurrentBias: UnsafePointer<Double>?,
    _ hiddenBefore: UnsafePointer<Double>, _ beforeStride: Int, _ hidden: UnsafeMutablePointer<Double>,
    _ hiddenStride: Int, _ saved: UnsafeMutablePointer<Double>, _ rows: Int, _ size: Int
  ) {
    DoubleVector.gruCell(
      gates, recurrent, recurrentBias, hiddenBefore, beforeStride, hidden, hiddenStride, saved, rows, size)
  }

  /// The backward pass of `gruCell`.
  public static func gruCellGradient(
    _ saved: UnsafePointer<Double>, _ hiddenBefore: UnsafePointer<Double>, _ beforeStride: Int,
    _ upstream: UnsafePointer<Double>, _ upstreamStride: Int, _ carried: UnsafeMutablePointer<Double>,
    _ gateGradient: UnsafeMutablePointer<Double>, _ recurrentGradient: UnsafeMutablePointer<Double>, _ rows: Int,
    _ size: Int
  ) {
    DoubleVector.gruCellGradient(
      saved, hiddenBefore, beforeStride, upstream, upstreamStride, carried, gateGradient, recurrentGradient, rows, size)
  }
}
