import Apus
import Foundation
import Testing

@testable import ApusBench

@Suite struct StartupReportTests {
  @Test func predictionsAreTenProbabilities() {
    let tenths = Array(repeating: "0.1", count: 10).joined(separator: ", ")
    #expect(StartupReport.isPrediction("{\"class\": 3, \"probabilities\": [\(tenths)]}"))
    #expect(!StartupReport.isPrediction("{\"probabilities\": [0.5, 0.5]}"))
    #expect(!StartupReport.isPrediction("{\"probabilities\": [\(tenths), 0]}"))
    #expect(!StartupReport.isPrediction("written"))
  }

  @Test func filesAreWhatTheCommandReads() throws {
    let files = try StartupFiles()
    defer { files.remove() }
    for model in StartupReport.models {
      try files.write(model)
      let words = files.ownArguments(model)
      let stored = try ModelFile(path: words[1])
      #expect(stored.metadata["apus.model"] == model.name)
      #expect(stored.normalization == model.recipe.normalization)
      let network: Sequential = try stored.makeModel(inputShape: [1, 1, 28, 28])
      network.eval()
      let scores = network(try GreyImage(path: words[2]).tensor.reshaped([1, 1, 28, 28]))
      #expect(scores.shape == [1, 10] && scores.scalars.allSatisfy(\.isFinite))
    }
    files.remove()
    #expect(!FileManager.default.fileExists(atPath: files.folder))
  }

  @Test func programsAreTimedInTurnsAfterARunThatDoesNotCount() throws {
    let log = FileManager.default.temporaryDirectory.appendingPathComponent("apus-turns-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: log) }
    let line = "{\"probabilities\": [1, 0, 0, 0, 0, 0, 0, 0, 0, 0]}"
    func program(_ name: String, _ script: String) -> StartupReport.Program {
      .init(name: name, path: "/bin/sh", arguments: ["-c", "printf \(name) >> \"$0\"; \(script)", log.path])
    }
    let programs = [program("apus", "echo '\(line)'"), program("b", "echo nonsense"), program("c", "echo '\(line)'")]
    let times = try StartupReport.times(programs, rounds: 2)
    #expect(times.map(\.count) == [2, 0, 2])
    #expect(try String(contentsOf: log, encoding: .utf8) == "apusbcapuscapusc")
    #expect(throws: FirstLine.Failure.self) {
      try StartupReport.times([program("apus", "echo nonsense")], rounds: 1)
    }
  }
}
