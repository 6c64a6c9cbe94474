/// The entry points of this build for `Float`. Each concept's file adds its own in an extension; ApusCompute calls
/// them through one protocol, so that the same driver runs on whichever build the CPU can execute.
public enum FloatKernels {
  /// The instruction set that this build was compiled for: a test's proof of which one ran.
  public static var builtFor: StaticString { instructionSetName }
}

/// The entry points of this build for `Double`.
public enum DoubleKernels {
  /// The instruction set that this build was compiled for.
  public static var builtFor: StaticString { instructionSetName }
}

#if APUS_AVX512
  private var instructionSetName: StaticString { "avx512" }
#elseif APUS_AVX2
  private var instructionSetName: StaticString { "avx2" }
#else
  private var instructionSetName: StaticString { "baseline" }
#endif
