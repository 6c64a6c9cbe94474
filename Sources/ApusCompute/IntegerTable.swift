import ApusKernels

#if arch(x86_64)
  import ApusKernelsAVX2
  import ApusKernelsAVX512
#endif

/// The kernels on bytes that every build of the kernel source offers.
protocol IntegerTable: SendableMetatype {
  static func depthUnit() -> Int

  static func products(
    _ x: UnsafePointer<UInt8>, rows: Int, xStride: Int, _ w: UnsafePointer<Int8>, outputs: Int, depth: Int,
    _ y: UnsafeMutablePointer<Int32>)

  static func requantize(
    _ sums: UnsafePointer<Int32>, rows: Int, outputs: Int, bias: UnsafePointer<Int32>,
    multiplier: UnsafePointer<Float>, zero: Float, floor: Float, _ y: UnsafeMutablePointer<UInt8>, yStride: Int)

  static func dequantize(
    _ sums: UnsafePointer<Int32>, rows: Int, outputs: Int, bias: UnsafePointer<Int32>,
    multiplier: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>)

  static func quantize(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<UInt8>, _ count: Int, factor: Float, zero: Float)

  static func maximum(_ x: UnsafePointer<UInt8>, into y: UnsafeMutablePointer<UInt8>, _ count: Int)

  static func gatherRuns(
    _ x: UnsafePointer<UInt8>, _ offsets: UnsafePointer<Int>, runs: Int, length: Int, pixels: Int, pixelStride: Int,
    _ y: UnsafeMutablePointer<UInt8>, yStride: Int)
}

extension ApusKernels.IntegerKernels: IntegerTable {}

#if arch(x86_64)
  extension ApusKernelsAVX2.IntegerKernels: IntegerTable {}
  extension ApusKernelsAVX512.IntegerKernels: IntegerTable {}
#endif

extension InstructionSet {
  /// The kernels on bytes of this set.
  var integerKernels: any IntegerTable.Type {
    #if arch(x86_64)
      switch self {
      case .baseline: ApusKernels.IntegerKernels.self
      case .avx2: ApusKernelsAVX2.IntegerKernels.self
      case .avx512: ApusKernelsAVX512.IntegerKernels.self
      }
    #else
      ApusKernels.IntegerKernels.self
    #endif
  }
}
