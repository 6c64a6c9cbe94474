// One register of the processor that this build is for.
#if APUS_AVX512
  typealias Vector = SIMD16<Float>
#elseif APUS_AVX2
  typealias Vector = SIMD8<Float>
#else
  typealias Vector = SIMD4<Float>
#endif

let width = Vector.scalarCount

@inline(__always)
func load(_ source: UnsafePointer<Float>) -> Vector {
  UnsafeRawPointer(source).loadUnaligned(as: Vector.self)
}

@inline(__always)
func store(_ vector: Vector, _ target: UnsafeMutablePointer<Float>) {
  UnsafeMutableRawPointer(target).storeBytes(of: vector, as: Vector.self)
}

/// sum + factor · row: one fused instruction where the processor has it.
@inline(__always)
func multiplyAdd(_ sum: Vector, _ factor: Float, _ row: Vector) -> Vector {
  #if APUS_AVX512 || APUS_AVX2 || arch(arm64)
    sum.addingProduct(Vector(repeating: factor), row)
  #else
    sum + factor * row
  #endif
}
