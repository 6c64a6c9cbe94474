import ApusCompute
import ApusLadder

#if arch(x86_64)
  import ApusLadderAVX2
  import ApusLadderAVX512
#endif

/// The ladder's steps and the memory streams, of the build that fits the instruction set in force.
struct BenchKernels {
  let ladder: [(name: String, product: ApusLadder.Product)]
  let read: (UnsafePointer<Float>, Int, _ passes: Int) -> Float
  let write: (UnsafeMutablePointer<Float>, Int, _ passes: Int) -> Void
  let copy: (UnsafePointer<Float>, UnsafeMutablePointer<Float>, Int, _ passes: Int) -> Void
  let triad: (UnsafePointer<Float>, UnsafeMutablePointer<Float>, Int, Float, _ passes: Int) -> Void

  static var active: BenchKernels {
    #if arch(x86_64)
      switch InstructionSet.active {
      case .baseline: break
      case .avx2:
        return BenchKernels(
          ladder: ApusLadderAVX2.ladder, read: ApusLadderAVX2.streamRead, write: ApusLadderAVX2.streamWrite,
          copy: ApusLadderAVX2.streamCopy, triad: ApusLadderAVX2.streamTriad)
      case .avx512:
        return BenchKernels(
          ladder: ApusLadderAVX512.ladder, read: ApusLadderAVX512.streamRead, write: ApusLadderAVX512.streamWrite,
          copy: ApusLadderAVX512.streamCopy, triad: ApusLadderAVX512.streamTriad)
      }
    #endif
    return BenchKernels(
      ladder: ApusLadder.ladder, read: ApusLadder.streamRead, write: ApusLadder.streamWrite,
      copy: ApusLadder.streamCopy, triad: ApusLadder.streamTriad)
  }
}
