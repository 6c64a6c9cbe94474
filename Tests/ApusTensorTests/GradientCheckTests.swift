import Foundation
import Testing

@testable import ApusTensor

@Suite struct GradientCheckTests {
  @Test(arguments: GradientCheckRegistry.tensorOperations.map(\.name))
  func everyOperation(_ name: String) throws {
    let entry = try #require(GradientCheckRegistry.tensorOperations.first { $0.name == name })
    let report = entry.check()
    #expect(report.passed, "\(report)")
    #expect(report.entriesChecked > 0)
  }

  /// The names in the sources, and those seen at run time: a new operation without an entry is found either way.
  @Test func everyRecordedOperationIsRegistered() throws {
    let seen = OperationTrace.names {
      for entry in GradientCheckRegistry.tensorOperations { _ = entry.check() }
    }
    let registered = Set(
      GradientCheckRegistry.tensorOperations.map { String($0.name.prefix { $0 != "," }) })
    let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Sources/ApusTensor")
    let pattern = try Regex(
      #"(?:record|recorded|recordingView|selectingSlices|unary|extreme|extremum)\([^"\n]*"([A-Za-z0-9]+)""#)
    var named: Set<String> = []
    for file in try FileManager.default.contentsOfDirectory(atPath: sources.path) where file.hasSuffix(".swift") {
      let text = try String(contentsOf: sources.appendingPathComponent(file), encoding: .utf8)
      for line in text.split(separator: "\n") where !line.contains("///") {
        for match in line.matches(of: pattern) { named.insert(String(match.output[1].substring!)) }
      }
    }
    // Piecewise constant: its gradient is zero everywhere, which a check cannot tell from a mistake.
    named.remove("sign")
    #expect(named.count > 50)
    #expect(named.subtracting(registered).isEmpty, "without a gradient check: \(named.subtracting(registered))")
    #expect(named.subtracting(seen).isEmpty, "never recorded by the registry: \(named.subtracting(seen))")
    #expect(registered.subtracting(seen).isEmpty, "registered, but no such operation: \(registered.subtracting(seen))")
  }

  /// A function with a backward function made by hand.
  private func custom(
    _ value: @escaping (Tensor<Double>) -> Tensor<Double>,
    _ backward: @escaping (_ x: Tensor<Double>, _ upstream: Tensor<Double>) -> Tensor<Double>?
  ) -> ([Tensor<Double>]) -> Tensor<Double> {
    { inputs in
      let x = inputs[0].detached()
      return Tensor.recorded("custom", withoutGradients { value(x) }, inputs: inputs) { [backward(x, $0)] }
    }
  }

  private let x = Tensor<Double>([0.5, -1.25, 2, 0.75, -0.3, 1.1], shape: [2, 3])

  @Test func rightBackwardPasses() {
    let report = gradientCheck("cube", [x], custom({ $0 * $0 * $0 }, { x, g in 3 * x * x * g }))
    #expect(report.passed, "\(report)")
    #expect(report.entriesChecked == 6)
  }

  @Test func wrongFactorIsCaught() throws {
    let report = gradientCheck("cube", [x], inputNames: ["base"], custom({ $0 * $0 * $0 }, { x, g in 2.9 * x * x * g }))
    #expect(!report.passed)
    let worst = try #require(report.worst)
    #expect(worst.input == "base")
    #expect(worst.excess > 1000)
    #expect(report.description.contains("differ"))
  }

  @Test func smallErrorIsCaught() {
    let factor = 3 * (1 + 1e-5)
    #expect(!gradientCheck("cube", [x], custom({ $0 * $0 * $0 }, { x, g in factor * x * x * g })).passed)
  }

  @Test func wrongSingleEntryIsNamed() throws {
    let wrong = Tensor<Double>([1, 1, 1, 1, 1.01, 1], shape: [2, 3])
    let report = gradientCheck("square", [x], custom({ $0 * $0 }, { x, g in 2 * x * g * wrong }))
    #expect(!report.passed)
    #expect(try #require(report.worst).position == [1, 1])
  }

  @Test func ignoredUpstreamIsCaught() {
    #expect(!gradientCheck("square", [x], custom({ $0 * $0 }, { x, _ in 2 * x })).passed)
  }

  @Test func wrongSignIsCaught() {
    #expect(!gradientCheck("sine", [x], custom({ $0.sin() }, { x, g in -x.cos() * g })).passed)
  }

  @Test func missingGradientIsCaught() {
    #expect(!gradientCheck("square", [x], custom({ $0 * $0 }, { _, _ in nil })).passed)
  }

  @Test func transposedGradientIsCaught() {
    let square = Tensor<Double>([1, 2, 3, 4], shape: [2, 2])
    let report = gradientCheck(
      "square", [square], custom({ $0 * $0 }, { x, g in (2 * x * g).transposed().contiguous() }))
    #expect(!report.passed)
  }

  @Test func allZeroFails() {
    let report = gradientCheck("nothing", [x], custom({ $0 * 0 }, { _, g in g * 0 }))
    #expect(!report.passed)
    #expect(report.description.contains("zero"))
  }

  @Test func detachedResultFails() {
    #expect(!gradientCheck("detached", [x]) { $0[0].detached() * 2 }.passed)
  }

  @Test func notANumberFails() {
    let report = gradientCheck("root", [Tensor([-1, 2])]) { $0[0].sqrt() }
    #expect(!report.passed)
  }

  @Test func kinksArePassedOver() {
    let report = gradientCheck("relu", [Tensor([0, 0.00003, -0.00003, 1, -2, 3, 4])]) { relu($0[0]) }
    #expect(report.passed, "\(report)")
    #expect(report.entriesAtKinks == 3)
  }

  @Test func onlyKinksFails() {
    let report = gradientCheck("abs", [Tensor([0, 0, 0, 1])]) { abs($0[0]) }
    #expect(!report.passed)
  }

  /// A smooth function with a wrong derivative must not be taken for one with a kink.
  @Test func strongCurvatureIsNoKink() {
    let report = gradientCheck("curved", [Tensor([0.3, 0.7])]) { ($0[0] * 20).sin() }
    #expect(report.passed, "\(report)")
    #expect(report.entriesAtKinks == 0)
  }

  @Test func bigInputsAreSampled() {
    var random = Random(seed: 3)
    var settings = GradientCheckSettings()
    settings.samplesPerInput = 10
    let big = Tensor<Double>.normal([50, 50], using: &random)
    let report = gradientCheck("sum", [big], settings: settings) { $0[0].square().mean() }
    #expect(report.passed, "\(report)")
    #expect(report.entriesChecked == 10)
    let again = gradientCheck("sum", [big], settings: settings) { $0[0].square().mean() }
    #expect(again.worst?.position == report.worst?.position)
  }

  @Test func severalInputsAreToldApart() throws {
    let report = gradientCheck("product", [x, x + 1]) { inputs in
      Tensor.recorded("custom", inputs[0].detached() * inputs[1].detached(), inputs: inputs) { [inputs] g in
        [inputs[1].detached() * g, inputs[0].detached() * g * 1.5]
      }
    }
    #expect(!report.passed)
    #expect(try #require(report.worst).input == "input 1")
  }
}
