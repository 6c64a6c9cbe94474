/// The entry points of this build for `Float`. Each concept's file adds its own in an extension; ApusCompute calls
/// them through one protocol, so that the same driver runs on whichever build the CPU can execute.
public enum FloatKernels {}

/// The entry points of this build for `Double`.
public enum DoubleKernels {}

extension FloatKernels {
  /// The name of the instruction set that this build was compiled for: the raw value of ApusCompute's `InstructionSet`.
  /// Never inlined into another module, so that it tells which build ran.
  @inline(never)
  public static func compiledName() -> String { buildName }
}

extension DoubleKernels {
  /// The name of the instruction set that this build was compiled for.
  @inline(never)
  public static func compiledName() -> String { buildName }
}

private var buildName: String {
  #if APUS_AVX512
    "avx512"
  #elseif APUS_AVX2
    "avx2"
  #else
    "baseline"
  #endif
}
