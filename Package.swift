// swift-tools-version: 6.2
import PackageDescription

// Apus: deep learning in pure Swift on Linux. No external packages, no C targets, no Foundation in Sources.
//
// Swift has no per-function target attribute, so one kernel source is compiled as up to three modules, each for
// another instruction set; ApusCompute picks one at start-up. Only these modules may hold instructions beyond the
// baseline. `-Ounchecked` keeps kernels fast in debug builds too. `-disable-cmo`: a release build would else hand small
// functions to the modules above, which would compile them for the baseline, whatever set they belong to. `BuiltinModule`
// is for what a register can do, in the compiler's own words (ApusKernels/VectorArithmetic.swift and its neighbours).

#if arch(x86_64)
  let kernelVariants: [(module: String, processor: String, define: String)] = [
    ("ApusKernelsAVX2", "haswell", "APUS_AVX2"),
    ("ApusKernelsAVX512", "skylake-avx512", "APUS_AVX512"),
  ]
#else
  let kernelVariants: [(module: String, processor: String, define: String)] = []
#endif

let kernelFlags = ["-Ounchecked", "-wmo", "-num-threads", "2", "-disable-batch-mode", "-disable-cmo"]

let kernelTargets: [Target] =
  [
    .target(
      name: "ApusKernels",
      swiftSettings: [.unsafeFlags(kernelFlags), .enableExperimentalFeature("BuiltinModule")])
  ]
  + kernelVariants.map { variant in
    .target(
      name: variant.module,
      swiftSettings: [
        .unsafeFlags(kernelFlags + ["-target-cpu", variant.processor]),
        .define(variant.define), .enableExperimentalFeature("BuiltinModule"),
      ])
  }

// A section for each function, and none kept merely because it is public: the linker then leaves out what a program does
// not call. Without this a program that only multiplies matrices carries every driver.
//
// Regular expressions (`_StringProcessing`, imported by every file unless told otherwise) are 1.2 MB of a static program, and one call of
// `contains("text")` brings them in: without the import such a call does not compile.
let collectable: [SwiftSetting] = [
  .unsafeFlags(
    ["-Xfrontend", "-function-sections", "-Xfrontend", "-internalize-at-link"], .when(configuration: .release)),
  .unsafeFlags(["-Xfrontend", "-disable-implicit-string-processing-module-import"]),
]

// The steps of Docs/GEMM.md are compiled for each instruction set too, or they could not be set beside the shipped one.
let ladderTargets: [Target] =
  [
    .target(
      name: "ApusLadder", path: "Benchmarks/ApusBench/Ladder",
      swiftSettings: [.unsafeFlags(kernelFlags)])
  ]
  + kernelVariants.map { variant in
    let name = variant.module.replacing("Kernels", with: "Ladder")
    return .target(
      name: name, path: "Benchmarks/\(name.replacing("Apus", with: ""))",
      swiftSettings: [
        .unsafeFlags(kernelFlags + ["-target-cpu", variant.processor]),
        .define(variant.define),
      ])
  }

let package = Package(
  name: "Apus",
  products: [
    .library(name: "Apus", targets: ["Apus"]),
    .library(name: "ApusCompute", targets: ["ApusCompute"]),
    .library(name: "ApusInference", targets: ["ApusInference"]),
    .library(name: "ApusTensor", targets: ["ApusTensor"]),
    .library(name: "ApusData", targets: ["ApusData"]),
    .library(name: "ApusNN", targets: ["ApusNN"]),
    .library(name: "ApusTraining", targets: ["ApusTraining"]),
    .executable(name: "apus", targets: ["ApusCLI"]),
    .executable(name: "apus-bench", targets: ["ApusBench"]),
    .executable(name: "apus-epoch", targets: ["ApusEpoch"]),
  ],
  targets: kernelTargets + ladderTargets + [
    .target(
      name: "ApusCompute", dependencies: kernelTargets.map { .byName(name: $0.name) }, swiftSettings: collectable),
    .target(name: "ApusFiles", dependencies: ["ApusCompute"], swiftSettings: collectable),
    .target(name: "ApusInference", dependencies: ["ApusCompute", "ApusFiles"], swiftSettings: collectable),
    .target(name: "ApusTensor", dependencies: ["ApusCompute"], swiftSettings: collectable),
    .target(name: "ApusData", dependencies: ["ApusTensor", "ApusFiles"], swiftSettings: collectable),
    .target(name: "ApusNN", dependencies: ["ApusTensor", "ApusData"], swiftSettings: collectable),
    .target(name: "ApusTraining", dependencies: ["ApusNN", "ApusData", "ApusTensor"], swiftSettings: collectable),
    .target(
      name: "Apus",
      dependencies: ["ApusCompute", "ApusTensor", "ApusData", "ApusNN", "ApusTraining"]),
    .executableTarget(
      name: "ApusCLI", dependencies: ["Apus"],
      swiftSettings: [.unsafeFlags(["-Xfrontend", "-disable-implicit-string-processing-module-import"])]),
    .target(name: "Accuracy", dependencies: ["ApusCompute"], path: "Benchmarks/Accuracy"),
    .target(
      name: "EpochWork", dependencies: ["Apus", "ApusTensor"], path: "Benchmarks/EpochWork",
      swiftSettings: [.unsafeFlags(["-Xfrontend", "-disable-implicit-string-processing-module-import"])]),
    .executableTarget(
      name: "ApusEpoch", dependencies: ["Apus", "EpochWork"], path: "Benchmarks/ApusEpoch",
      swiftSettings: [.unsafeFlags(["-Xfrontend", "-disable-implicit-string-processing-module-import"])]),
    .executableTarget(
      name: "ApusBench",
      dependencies: ["Apus", "ApusCompute", "Accuracy", "EpochWork"] + ladderTargets.map { .byName(name: $0.name) },
      path: "Benchmarks/ApusBench", exclude: ["Ladder"]),

    // Optimised: its naive twins are what takes the time.
    .testTarget(
      name: "ApusComputeTests", dependencies: ["ApusCompute", "Accuracy"], swiftSettings: [.unsafeFlags(["-O"])]),
    .testTarget(name: "ApusTensorTests", dependencies: ["ApusTensor"]),
    .testTarget(name: "ApusInferenceTests", dependencies: ["ApusInference", "ApusNN"]),
    .testTarget(name: "ApusDataTests", dependencies: ["ApusData"]),
    .testTarget(name: "ApusNNTests", dependencies: ["ApusNN", "ApusTensor", "ApusData"]),
    .testTarget(name: "ApusTrainingTests", dependencies: ["Apus"]),
    .testTarget(name: "ApusCLITests", dependencies: ["Apus", "ApusCLI"]),
    .testTarget(name: "ApusBenchTests", dependencies: ["ApusBench"]),
    .testTarget(name: "ConformanceTests", dependencies: ["Apus"], exclude: ["golden"]),
    .testTarget(name: "DocumentationTests", dependencies: ["Apus"]),
  ],
  swiftLanguageModes: [.v6]
)
