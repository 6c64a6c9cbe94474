import ApusTensor
import Testing

@testable import ApusNN

/// The text of exported files. That they compile and compute is for Tests/Conformance/export.
@Suite struct SwiftSourceTests {
  private func calibration() -> Tensor<Float> {
    var random = Random(seed: 4)
    return .uniform([8, 1, 28, 28], 0, 1, using: &random)
  }

  /// Every model but the recurrent one, whose layers plans and exported files do not know (and say so).
  static let planned = ModelZoo.allCases.filter { $0 != .rowLSTM }

  @Test(arguments: planned) func zooModels(_ zoo: ModelZoo) throws {
    let model = withSeed(3) { zoo.make() }
    let plan = try QuantizedPlan(model, inputShape: [1, 28, 28], calibratedWith: calibration())
    let sources = [
      try SwiftSource(model, inputShape: [1, 28, 28], name: "Digits", normalization: .mnist, title: zoo.name),
      try SwiftSource(plan, name: "Digits", normalization: .mnist, title: zoo.name),
    ]
    for source in sources {
      let lines = source.text.split(separator: "\n")
      #expect(lines[0].hasPrefix("// \(zoo.name): 1×28×28 numbers in, 10 out"))
      #expect(!lines.contains { $0.hasPrefix("import") })
      #expect(source.text.contains("public struct Digits: ~Copyable {"))
      #expect(source.text.contains("predict(pixels:"))
      #expect(!source.text.contains("SCALAR") && !source.text.contains("PIXELS"))
      // Only what is called is brought along.
      #expect(source.text.contains("func softmax") == (zoo == .cnn))
      #expect(source.text.contains("func convolve") == source.text.contains("Self.convolve("))
      #expect(!source.text.contains("func gelu"))
    }
    #expect(sources[1].text.utf8.count < sources[0].text.utf8.count / 2)
  }

  @Test func base64() {
    #expect(encodeBase64([]) == "")
    #expect(encodeBase64(Array("Man".utf8)) == "TWFu")
    #expect(encodeBase64(Array("Ma".utf8)) == "TWE")
    #expect(encodeBase64([0xFF, 0xFE, 0xFD, 0xFC]) == "//79/A")
  }

  @Test func whatCannotBeWrittenIsNamed() {
    let model = Sequential {
      Flatten(); Linear(784, 4); GroupNorm(2, 4); Linear(4, 2)
    }
    let found = #expect(throws: InferencePlanError.self) {
      try SwiftSource(model, inputShape: [1, 28, 28], name: "Digits")
    }
    #expect(found?.layer.hasPrefix("GroupNorm") == true)
    let recurrent = #expect(throws: InferencePlanError.self) {
      try SwiftSource(ModelZoo.rowLSTM.make(), inputShape: [1, 28, 28], name: "Digits")
    }
    #expect(recurrent?.layer == "Rows()")
  }

  @Test func namesOfTypes() {
    for name in ["Model", "_Digits9"] { #expect(SwiftSource.isIdentifier(name)) }
    for name in ["", "9Digits", "a b", "struct", "Über", "x;import Foundation"] {
      #expect(!SwiftSource.isIdentifier(name), "\(name)")
    }
  }
}
