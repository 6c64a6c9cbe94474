import ApusNN
import ApusTensor
import Testing

@testable import ApusCLI

@Suite struct GradcheckCommandTests {
  @Test func chosenChecksAreRunAndPrinted() throws {
    let result = try BuiltCommand.run("gradcheck", "conv2d", "Linear")
    #expect(result.code == 0 && result.messages.isEmpty)
    let checks = GradcheckCommand.checks.map(\.name).filter { $0.hasPrefix("conv2d") || $0.hasPrefix("Linear") }
    #expect(checks.count > 2)
    for name in checks { #expect(result.output.contains("\n\(name) ")) }
    #expect(result.output.hasSuffix("all \(checks.count) checks passed\n"))
  }

  @Test func everythingThatIsRegisteredIsRun() throws {
    let objects = try BuiltCommand.run("gradcheck", "--json").objects()
    let names = objects.compactMap { $0["name"] as? String }
    #expect(names == GradcheckCommand.checks.map(\.name))
    #expect(names.contains("matmul") && names.contains("Conv2d") && names.contains("crossEntropy"))
    for object in objects {
      #expect(object["passed"] as? Bool == true, "\(object)")
      let error = try #require(object["worst_relative_error"] as? Double)
      #expect(error < 1e-6)
    }
  }

  @Test func aWrongGradientIsReported() {
    let report = gradientCheck("wrong", [Tensor<Double>([1, 2, 3])]) { inputs in
      inputs[0] * inputs[0].detached()
    }
    let line = GradcheckCommand.json(.init(kind: "operation", name: "wrong") { report }, report)
    #expect("\(line)".contains(#""passed": false"#) && !"\(line)".contains(#""failure": null"#))
    let worst = report.worst.map(GradcheckCommand.relativeError)
    #expect((worst ?? 0) > 0.4)
  }

  @Test func theFirstWrongGradientEndsTheRun() {
    var runs = 0
    func check(_ name: String, isRight: Bool) -> GradcheckCommand.Check {
      .init(kind: "operation", name: name) {
        runs += 1
        return gradientCheck(name, [Tensor<Double>([1, 2, 3])]) { $0[0] * (isRight ? $0[0] : $0[0].detached()) }
      }
    }
    let checks = [check("a", isRight: true), check("b", isRight: false), check("c", isRight: true)]
    let first = #expect(throws: WorkError.self) {
      try GradcheckCommand.run(checks, keepsGoing: false, printsJSON: true)
    }
    #expect(runs == 2 && first?.description.contains("the gradient of b is wrong") == true)
    let all = #expect(throws: WorkError.self) { try GradcheckCommand.run(checks, keepsGoing: true, printsJSON: true) }
    #expect(runs == 5 && all?.description == "1 of 3 gradient checks failed")
  }

  @Test func errorsArePrintedShort() {
    #expect(scientific(0) == "0")
    #expect(scientific(1.23e-11) == "1.2e-11")
    #expect(scientific(9.96e-8) == "1.0e-07")
    #expect(scientific(0.5) == "5.0e-01")
    #expect(scientific(123) == "1.2e+02")
  }
}
