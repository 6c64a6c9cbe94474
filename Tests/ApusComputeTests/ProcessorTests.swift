import Testing

@testable import ApusCompute

@Suite struct ProcessorTests {
  @Test func readsTheKernelsDescription() {
    let processor = Processor(
      cpuinfo: """
        processor\t: 0
        model name\t: Some CPU @ 3.00GHz
        flags\t\t: fpu sse2 avx2 fma

        processor\t: 1
        model name\t: Another
        flags\t\t: fpu
        """, cacheDirectory: "/nonexistent")
    #expect(processor.name == "Some CPU @ 3.00GHz")
    #expect(processor.features == ["fpu", "sse2", "avx2", "fma"])
    #expect(processor.featureNote == nil)
  }

  @Test func aSystemThatHidesEverythingGetsTheBaseline() {
    let processor = Processor(cpuinfo: "", cacheDirectory: "/nonexistent")
    #expect(processor.name == "unknown processor")
    #expect(processor.level1DataCache > 0 && processor.level2Cache > 0)
    #expect(InstructionSet.allCases.filter { $0.isSupported(by: processor) } == [.baseline])
  }

  @Test(arguments: [
    nil, "", "\n", "flags", "flags\t:", "flags : ", "model name: x\n\nnothing: here", ": avx2 fma avx512f",
    "Flags : avx2", String(repeating: "flags", count: 100_000), "\0\0\0",
    "CPU implementer : 0x41\nFeatures\t: fp asimd",
    "model name\t: VirtualApple @ 2.50GHz\nflags : fpu sse2 ssse3",
  ])
  func anUnknownProcessorGetsTheBaseline(cpuinfo: String?) {
    let processor = Processor(cpuinfo: cpuinfo, cacheDirectory: "/nonexistent")
    #expect(InstructionSet.allCases.filter { $0.isSupported(by: processor) } == [.baseline])
    #expect((processor.featureNote != nil) == processor.features.isEmpty)
  }

  @Test func aKernelThatHidesItsRegistersHidesTheSet() {
    // What a kernel lists that was told not to save AVX-512's registers, on a CPU that has them.
    let processor = Processor(
      cpuinfo: "flags : " + InstructionSet.avx2.requiredFeatures.joined(separator: " ") + " avx512_bf16",
      cacheDirectory: "/nonexistent")
    #if arch(x86_64)
      #expect(InstructionSet.allCases.filter { $0.isSupported(by: processor) } == [.baseline, .avx2])
    #endif
  }

  @Test func itSaysWhyNoFeaturesAreKnown() {
    let missing = Processor(cpuinfo: nil, cacheDirectory: "/nonexistent")
    #expect(missing.featureNote == "/proc/cpuinfo cannot be read")
    let empty = Processor(cpuinfo: "processor : 0\n", cacheDirectory: "/nonexistent")
    #expect(empty.featureNote == "/proc/cpuinfo names no features")
  }

  @Test func aSetNeedsAllItsFeatures() {
    var processor = Processor(cpuinfo: "", cacheDirectory: "/nonexistent")
    processor.features = Set(InstructionSet.avx512.requiredFeatures)
    #if arch(x86_64)
      #expect(InstructionSet.avx512.isSupported(by: processor) && InstructionSet.avx2.isSupported(by: processor))
      processor.features.remove("avx512dq")
      #expect(!InstructionSet.avx512.isSupported(by: processor))
      processor.features.remove("fma")
      #expect(!InstructionSet.avx2.isSupported(by: processor))
    #endif
  }

  @Test func cacheSizes() {
    #expect(Processor.bytes("48K") == 48 << 10)
    #expect(Processor.bytes("2M") == 2 << 20)
    #expect(Processor.bytes("512") == 512)
    #expect(Processor.bytes("") == nil)
    #expect(Processor.bytes("K") == nil)
    #expect(Processor.bytes("-3K") == nil)
    #expect(Processor.bytes("99999999999999999G") == nil)
  }

  @Test func theUsersWishIsHeardOrRefused() async {
    #expect(InstructionSet.choice("baseline") == .baseline)
    #expect(InstructionSet.choice(nil) == InstructionSet.available.last)
    #expect(InstructionSet.choice("") == InstructionSet.available.last)
    await #expect(processExitsWith: .exitCode(2)) { _ = InstructionSet.choice("sse9") }
  }
}
