import ApusKernels

#if arch(x86_64)
  import ApusKernelsAVX2
  import ApusKernelsAVX512
#endif

/// The table of kernels for one scalar type: what every build of the kernel source offers. A witness table is the
/// table of function references that the hot path calls through.
///
/// Each concept declares its own part beside its driver, as `protocol GEMMKernels`.
protocol Kernels<Scalar>: SendableMetatype,
  GEMMKernels,
  VectorMathKernels,
  ConvolutionKernels,
  WinogradKernels,
  ArithmeticKernels,
  ReductionKernels,
  SoftmaxKernels,
  NormalizationKernels,
  RowNormalizationKernels,
  RecurrentKernels,
  AttentionKernels,
  AdaptiveStepKernels,
  ResamplingKernels,
  PoolingKernels,
  RectifiedPoolingKernels,
  OptimizerKernels,
  StridedKernels,
  ByteKernels,
  PlanKernels,
  PeakKernels
{
  associatedtype Scalar

  /// The name of the instruction set that the kernels were compiled for.
  static func compiledName() -> String
}

extension ApusKernels.FloatKernels: Kernels { typealias Scalar = Float }
extension ApusKernels.DoubleKernels: Kernels { typealias Scalar = Double }

#if arch(x86_64)
  extension ApusKernelsAVX2.FloatKernels: Kernels { typealias Scalar = Float }
  extension ApusKernelsAVX2.DoubleKernels: Kernels { typealias Scalar = Double }
  extension ApusKernelsAVX512.FloatKernels: Kernels { typealias Scalar = Float }
  extension ApusKernelsAVX512.DoubleKernels: Kernels { typealias Scalar = Double }
#endif

/// The kernels of one scalar type, seen from outside: a value that only the engine can open.
public struct KernelReference<Scalar: ComputeScalar>: Sendable {
  let kernels: any Kernels<Scalar>.Type
}

/// A scalar type that the engine computes in: `Float` or `Double`. No other type can conform.
public protocol ComputeScalar: BinaryFloatingPoint, SIMDScalar, Codable, Sendable, LosslessStringConvertible {
  /// The kernels in force for this type.
  static var activeKernels: KernelReference<Self> { get }
}

extension Float: ComputeScalar {
  /// The kernels in force for Float.
  public static var activeKernels: KernelReference<Float> {
    KernelReference(kernels: InstructionSet.active.floatKernels)
  }
}

extension Double: ComputeScalar {
  /// The kernels in force for Double.
  public static var activeKernels: KernelReference<Double> {
    KernelReference(kernels: InstructionSet.active.doubleKernels)
  }
}

/// The kernels in force for `T`.
@inline(__always)
func kernels<T: ComputeScalar>(_: T.Type) -> any Kernels<T>.Type {
  T.activeKernels.kernels
}
