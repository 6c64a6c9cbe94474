import ApusCompute
import Testing

@testable import ApusCLI

@Suite struct InfoCommandTests {
  @Test func tellsWhatIsInForce() throws {
    let result = try BuiltCommand.run("info")
    #expect(result.code == 0 && result.messages.isEmpty)
    for name in ["version", "CPU", "features", "caches", "kernels", "threads", "limits"] {
      #expect(result.output.split(separator: "\n").contains { $0.hasPrefix(name + " ") }, "\(name)")
    }
  }

  @Test(arguments: InstructionSet.available)
  func environmentChoosesKernelsAndThreads(set: InstructionSet) throws {
    let variables = ["APUS_ISA": set.rawValue, "APUS_THREADS": "3"]
    let object = try #require(try BuiltCommand.run("info", "--json", environment: variables).objects().first)
    #expect(object["kernels"] as? String == set.rawValue)
    #expect(object["threads"] as? Int == 3)
    #expect(object["kernels_available"] as? [String] == InstructionSet.available.map(\.rawValue))
    #expect(object["version"] as? String == version)
    #expect((object["caches"] as? [String: Int])?["level1_data"] == Processor.current.level1DataCache)
    let words = try BuiltCommand.run("info", environment: variables).output
    #expect(words.contains("\(set.rawValue), chosen by APUS_ISA"))
  }

  @Test func aMemoryLimitOfOnesOwn() throws {
    let object = try #require(
      try BuiltCommand.run("info", "--json", environment: ["APUS_MEMORY": "64M"]).objects().first)
    let limits = try #require(object["limits"] as? [String: Any])
    #expect(limits["memory"] as? Int == 64 << 20)
    #expect(limits["memory_source"] as? String == "APUS_MEMORY")
    #expect((limits["processors"] as? Int ?? 0) >= 1)
    #expect(try BuiltCommand.run("info", environment: ["APUS_MEMORY": "much"]).code == 2)
    #expect(try BuiltCommand.run("info", environment: ["APUS_MEMORY": "unlimited"]).output.contains("limits "))
  }

  @Test func trainingBeyondTheMemoryLimitEndsWithAMessage() throws {
    let result = try BuiltCommand.run(
      "train", "--data", "synthetic", "--limit", "64", "--epochs", "1", environment: ["APUS_MEMORY": "64K"])
    #expect(result.code == 1)
    #expect(result.messages.contains("out of memory") && result.messages.contains("(APUS_MEMORY)"))
  }

  @Test func sizesAreInRoundUnits() {
    #expect(InfoCommand.size(48 << 10) == "48 KiB")
    #expect(InfoCommand.size(1 << 20) == "1 MiB")
    #expect(InfoCommand.size(1280 << 10) == "1280 KiB")
    #expect(InfoCommand.size(1000) == "1000 bytes")
  }
}
