// Bytes of images as numbers. A loop over scalars: LLVM makes it registers, and knows how to widen bytes.

@inline(__always)
private func convert<Scalar: BinaryFloatingPoint>(
  _ bytes: UnsafePointer<UInt8>, _ target: UnsafeMutablePointer<Scalar>, _ count: Int, scale: Scalar, shift: Scalar
) {
  for index in 0..<count { target[index] = Scalar(bytes[index]) * scale + shift }
}

extension FloatKernels {
  /// `target = byte · scale + shift`.
  public static func convertBytes(
    _ bytes: UnsafePointer<UInt8>, _ target: UnsafeMutablePointer<Float>, _ count: Int, scale: Float, shift: Float
  ) {
    convert(bytes, target, count, scale: scale, shift: shift)
  }
}

extension DoubleKernels {
  /// `target = byte · scale + shift`.
  public static func convertBytes(
    _ bytes: UnsafePointer<UInt8>, _ target: UnsafeMutablePointer<Double>, _ count: Int, scale: Double, shift: Double
  ) {
    convert(bytes, target, count, scale: scale, shift: shift)
  }
}
