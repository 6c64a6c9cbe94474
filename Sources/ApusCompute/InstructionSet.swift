import ApusKernels
import Synchronization

#if arch(x86_64)
  import ApusKernelsAVX2
  import ApusKernelsAVX512
#endif

/// A build of the kernels: the instruction set that it was compiled for.
///
/// At start-up the engine picks the widest one that the CPU has. The environment variable `APUS_ISA` (`baseline`,
/// `avx2`, `avx512`) overrides the choice; naming one that the CPU lacks ends the program with a message.
public enum InstructionSet: String, CaseIterable, Sendable {
  /// What every CPU of the architecture has: SSE2 on x86-64, NEON on arm64.
  case baseline
  /// AVX2 with FMA (Haswell, Zen and later).
  case avx2
  /// AVX-512 F, BW, CD, DQ and VL (Skylake-SP, Zen 4 and later).
  case avx512

  /// The sets that this build holds and this CPU can execute, narrowest first.
  public static let available: [InstructionSet] = allCases.filter { $0.isSupported(by: .current) }

  /// The set whose kernels run: the one chosen at start-up.
  public static var active: InstructionSet {
    @inline(__always) get { isForced.load(ordering: .relaxed) ? forced ?? chosen : chosen }
  }

  /// Runs `body` on another set, for tests and measurements that compare them. Holds for this task and for the chunks
  /// that the worker team runs on its behalf; what goes on beside it keeps its own set.
  ///
  /// - Precondition: the CPU has the set.
  package static func with<Result>(_ set: InstructionSet, _ body: () throws -> Result) rethrows -> Result {
    precondition(
      available.contains(set), "this CPU has no \(set.rawValue); it has \(available.map(\.rawValue))")
    isForced.store(true, ordering: .relaxed)
    return try $forced.withValue(set, operation: body)
  }

  /// The set that this task asked for.
  @TaskLocal private static var forced: InstructionSet?

  /// Whether any task ever asked for one, so that a program that never does pays one load and no look-up.
  private static let isForced = Atomic<Bool>(false)

  /// What a member of the team must take over from the thread whose work it does; nil where no thread can have another.
  static var inherited: InstructionSet? { isForced.load(ordering: .relaxed) ? active : nil }

  /// The processor features that the set's code may use; all must be there before it is chosen.
  var requiredFeatures: [String] {
    switch self {
    case .baseline: []
    case .avx2: ["avx", "avx2", "fma", "f16c", "bmi1", "bmi2", "movbe", "abm"]
    case .avx512:
      InstructionSet.avx2.requiredFeatures
        + ["avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl", "adx", "aes", "pclmulqdq"]
    }
  }

  func isSupported(by processor: Processor) -> Bool {
    #if arch(x86_64)
      requiredFeatures.allSatisfy(processor.features.contains)
    #else
      self == .baseline
    #endif
  }

  /// The choice at start-up: `APUS_ISA` when it is set, the widest set otherwise.
  private static let chosen = choice(environmentValue("APUS_ISA"))

  /// Resolves the user's wish against what the CPU has.
  static func choice(_ wish: String?) -> InstructionSet {
    guard let wish, !wish.isEmpty else { return available.last ?? .baseline }
    let names = available.map(\.rawValue).joined(separator: ", ")
    guard let set = InstructionSet(rawValue: wish) else {
      stop("APUS_ISA=\(wish) is not an instruction set; this CPU can run: \(names)")
    }
    guard available.contains(set) else {
      stop("APUS_ISA=\(wish) asks for instructions that this CPU lacks; it can run: \(names)")
    }
    return set
  }
}

extension InstructionSet {
  var floatKernels: any Kernels<Float>.Type {
    @inline(__always) get {
      #if arch(x86_64)
        switch self {
        case .baseline: ApusKernels.FloatKernels.self
        case .avx2: ApusKernelsAVX2.FloatKernels.self
        case .avx512: ApusKernelsAVX512.FloatKernels.self
        }
      #else
        ApusKernels.FloatKernels.self
      #endif
    }
  }

  var doubleKernels: any Kernels<Double>.Type {
    @inline(__always) get {
      #if arch(x86_64)
        switch self {
        case .baseline: ApusKernels.DoubleKernels.self
        case .avx2: ApusKernelsAVX2.DoubleKernels.self
        case .avx512: ApusKernelsAVX512.DoubleKernels.self
        }
      #else
        ApusKernels.DoubleKernels.self
      #endif
    }
  }
}
