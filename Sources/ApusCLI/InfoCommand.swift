import ApusCompute

/// `apus info`: what the machine has and what the engine makes of it.
struct InfoCommand: Command {
  static let description = CommandDescription(
    name: "info",
    summary: "show the CPU, its caches, the kernels in force, the number of threads and the limits found",
    discussion: """
      The kernels are chosen at start-up: the widest set that the CPU can execute, or the one that the environment
      variable APUS_ISA names. The number of threads is that of the CPUs which the process may use, fewer where a
      control group grants less CPU time, or APUS_THREADS. Memory that a control group or the machine does not have is
      refused with a message; APUS_MEMORY sets a limit of your own, or "unlimited".
      """,
    options: [OptionDescription("json", nil, "print one JSON object instead")],
    examples: [
      ("apus info", "what this machine offers"),
      ("APUS_ISA=avx2 APUS_THREADS=1 apus info --json", "what a program would read with another choice"),
    ])

  private let printsJSON: Bool

  init(_ arguments: Arguments) {
    printsJSON = arguments.has("json")
  }

  func run() -> Int32 {
    let processor = Processor.current
    let features = Self.notableFeatures.filter(processor.features.contains)
    let available = InstructionSet.available.map(\.rawValue)
    let active = InstructionSet.active.rawValue
    let limits = ResourceLimits.current
    let caches = [
      ("level1_data", processor.level1DataCache), ("level2", processor.level2Cache), ("level3", processor.level3Cache),
    ]
    if printsJSON {
      let line: JSONLine = [
        "version": .text(version),
        "architecture": .text(Self.architecture),
        "cpu": .text(processor.name),
        "features": .list(features.map(JSONLine.text)),
        "caches": .object(caches.map { .init(name: $0, value: .integer($1)) }),
        "kernels": .text(active),
        "kernels_available": .list(available.map(JSONLine.text)),
        "features_note": processor.featureNote.map(JSONLine.text) ?? .null,
        "threads": .integer(Threads.count),
        "limits": Self.json(limits),
        "debug_build": .flag(Self.isDebugBuild),
      ]
      Terminal.print("\(line)")
      return ExitCode.success
    }
    let names = ["level 1 data", "level 2", "level 3"]
    let cacheWords = zip(names, caches).filter { $0.1.1 > 0 }.map { "\($0) \(Self.size($1.1))" }
    let kernelChoice = Terminal.variable("APUS_ISA") == nil ? "" : ", chosen by APUS_ISA"
    let threadChoice = Terminal.variable("APUS_THREADS") == nil ? "" : " (APUS_THREADS)"
    let rows = [
      ("version", version + (Self.isDebugBuild ? ", a debug build: build with -c release for speed" : "")),
      ("CPU", "\(processor.name) (\(Self.architecture))"),
      (
        "features",
        processor.featureNote.map { "unknown, so the baseline: \($0)" }
          ?? (features.isEmpty ? "none beyond the baseline" : features.joined(separator: " "))
      ),
      ("caches", cacheWords.joined(separator: ", ")),
      ("kernels", "\(active)\(kernelChoice) (available: \(available.joined(separator: ", ")))"),
      ("threads", "\(Threads.count)\(threadChoice)"),
      ("limits", Self.words(limits).joined(separator: "; ")),
    ]
    for (name, text) in rows { Terminal.print(name.padded(to: 10) + text) }
    return ExitCode.success
  }

  /// The limits that the system sets, in words.
  static func words(_ limits: ResourceLimits) -> [String] {
    var words = ["\(limits.processors) \(limits.processors == 1 ? "CPU" : "CPUs") in the affinity mask"]
    if let quota = limits.processorQuota { words.append("time of \(quota.value) CPUs (\(quota.source))") }
    if let memory = MemoryBudget.tightest {
      words.append("memory \(MemoryBudget.words(memory.limit)) (\(memory.source))")
    } else if let memory = limits.memory {
      words.append("memory \(MemoryBudget.words(memory.limit)) (\(memory.source)), not enforced (APUS_MEMORY)")
    }
    return words
  }

  /// The same for a program; what is not bounded is null.
  static func json(_ limits: ResourceLimits) -> JSONLine {
    let memory = MemoryBudget.tightest
    return [
      "processors": .integer(limits.processors),
      "processor_quota": limits.processorQuota.map { .number($0.value) } ?? .null,
      "processor_quota_source": limits.processorQuota.map { .text($0.source) } ?? .null,
      "memory": memory.map { .integer($0.limit) } ?? .null,
      "memory_source": memory.map { .text($0.source) } ?? .null,
    ]
  }

  /// The features that tell how fast the CPU computes, narrow to wide.
  static let notableFeatures = [
    "sse4_1", "sse4_2", "avx", "f16c", "fma", "avx2", "bmi1", "bmi2", "avx_vnni", "avx512f", "avx512bw", "avx512cd",
    "avx512dq", "avx512vl", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_tile", "amx_bf16", "amx_int8",
    "asimd", "asimdhp", "asimddp", "asimdfhm", "sve", "sve2", "bf16", "i8mm", "sme",
  ]

  static var architecture: String {
    #if arch(x86_64)
      "x86-64"
    #elseif arch(arm64)
      "arm64"
    #elseif arch(riscv64)
      "riscv64"
    #else
      "another architecture"
    #endif
  }

  static var isDebugBuild: Bool {
    #if DEBUG
      true
    #else
      false
    #endif
  }

  /// 49152 → "48 KiB".
  static func size(_ bytes: Int) -> String {
    let units = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")]
    for (unit, name) in units where bytes >= unit && bytes % unit == 0 { return "\(bytes / unit) \(name)" }
    return "\(bytes) bytes"
  }
}
