import ApusKernels

#if arch(x86_64)
  import ApusKernelsAVX2
  import ApusKernelsAVX512
#endif

/// The table of kernels for one scalar type: what every build of the kernel source offers. A witness table is the
/// table of function references that the hot path calls through.
///
/// Each concept declares its own part beside its driver, as `protocol GEMMKernels`.
protocol Kernels<Scalar>: SendableMetatype {
  associatedtype Scalar
}

extension ApusKernels.FloatKernels: Kernels { typealias Scalar = Float }
extension ApusKernels.DoubleKernels: Kernels { typealias Scalar = Double }

#if arch(x86_64)
  extension ApusKernelsAVX2.FloatKernels: Kernels { typealias Scalar = Float }
  extension ApusKernelsAVX2.DoubleKernels: Kernels { typealias Scalar = Double }
  extension ApusKernelsAVX512.FloatKernels: Kernels { typealias Scalar = Float }
  extension ApusKernelsAVX512.DoubleKernels: Kernels { typealias Scalar = Double }
#endif

/// A scalar type that the engine computes in: `Float` or `Double`. No other type may conform.
public protocol ComputeScalar: BinaryFloatingPoint, SIMDScalar, Codable, Sendable, LosslessStringConvertible {}

extension Float: ComputeScalar {}
extension Double: ComputeScalar {}

/// The kernels in force for `T`. In specialised code the test folds away and what is left is one load.
@inline(__always)
func kernels<T: ComputeScalar>(_: T.Type) -> any Kernels<T>.Type {
  if T.self == Float.self {
    return unsafeBitCast(InstructionSet.active.floatKernels, to: (any Kernels<T>.Type).self)
  }
  return unsafeBitCast(InstructionSet.active.doubleKernels, to: (any Kernels<T>.Type).self)
}
