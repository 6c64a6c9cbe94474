import ApusCompute
import Testing

@testable import ApusCLI

@Suite struct InfoCommandTests {
  @Test func tellsWhatIsInForce() throws {
    let result = try BuiltCommand.run("info")
    #expect(result.code == 0 && result.messages.isEmpty)
    for name in ["version", "CPU", "features", "caches", "kernels", "threads"] {
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

  @Test func sizesAreInRoundUnits() {
    #expect(InfoCommand.size(48 << 10) == "48 KiB")
    #expect(InfoCommand.size(1 << 20) == "1 MiB")
    #expect(InfoCommand.size(1280 << 10) == "1280 KiB")
    #expect(InfoCommand.size(1000) == "1000 bytes")
  }
}
