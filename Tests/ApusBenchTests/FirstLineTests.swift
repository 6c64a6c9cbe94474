import Testing

@testable import ApusBench

@Suite struct FirstLineTests {
  @Test func timesTheLineAndNotTheEnd() throws {
    let clock = ContinuousClock()
    var line: FirstLine?
    let whole = try clock.measure { line = try FirstLine.of("/bin/sh", ["-c", "echo first; sleep 1; echo second"]) }
    let first = try #require(line)
    #expect(first.text == "first")
    #expect(first.seconds > 0 && whole - .seconds(first.seconds) > .milliseconds(900))
  }

  @Test func theEnvironmentIsHandedOn() throws {
    #expect(try FirstLine.of("/bin/sh", ["-c", "echo \"$0:${PATH:+path}\"", "word"]).text == "word:path")
  }

  @Test(arguments: [
    ("/no/such/program", "does not start"), ("/bin/true", "says nothing"),
  ])
  func tellsWhatWentWrong(_ program: String, _ reason: String) {
    let failure = #expect(throws: FirstLine.Failure.self) { try FirstLine.of(program, []) }
    #expect(failure?.description.contains(reason) == true)
  }

  /// Exit code 3 is what the peers' scripts end with.
  @Test(arguments: [("echo x; exit 1", "failed"), ("exit 3", "not installed")])
  func tellsHowItEnded(_ script: String, _ reason: String) {
    let failure = #expect(throws: FirstLine.Failure.self) { try FirstLine.of("/bin/sh", ["-c", script]) }
    #expect(failure?.description.contains(reason) == true)
  }
}
