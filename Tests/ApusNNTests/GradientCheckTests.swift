import ApusNN
import ApusTensor
import Foundation
import Testing

@Suite struct GradientCheckTests {
  static let all = GradientCheckRegistry.layers + GradientCheckRegistry.losses

  @Test(arguments: all.map(\.name))
  func gradients(_ name: String) throws {
    let entry = try #require(Self.all.first { $0.name == name })
    let report = entry.check()
    #expect(report.passed, "\(report)")
  }

  /// Looks for layers, and for losses, in the sources: a new one without a check is found.
  @Test func everyLayerAndEveryLossIsRegistered() throws {
    let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../Sources/ApusNN")
    var found: Set<String> = []
    for file in try FileManager.default.contentsOfDirectory(atPath: sources.path) where file.hasSuffix(".swift") {
      let text = try String(contentsOf: sources.appendingPathComponent(file), encoding: .utf8)
      let lines = text.split(separator: "\n")
      for (number, line) in lines.enumerated() {
        if line.contains("public final class "), line.contains("DescribedModule") {
          found.insert(String(line.split(separator: "class ")[1].prefix { $0 != ":" }))
        }
        let isLoss =
          line.hasPrefix("public func ") && lines[number...].prefix(5).contains { $0.contains("Reduction = ") }
        if isLoss { found.insert(String(line.dropFirst("public func ".count).prefix { $0 != "<" })) }
      }
    }
    #expect(found.count >= 25, "the search itself finds too little: \(found.sorted())")
    #expect(found == Set(Self.all.map { String($0.name.prefix { $0 != "," }) }))
  }

  @Test func aWrongGradientIsCaught() {
    final class Wrong: Module {
      typealias Scalar = Double
      let scale = Parameter(Tensor<Double>([1.5]))
      func callAsFunction(_ x: Tensor<Double>) -> Tensor<Double> {
        // The history of one factor is cut off: the gradient of the parameter is half of what it should be.
        x * scale.value * scale.value.detached()
      }
    }
    let report = GradientCheckEntry("Wrong", inputShape: [3]) { Wrong() }.check()
    #expect(!report.passed)
    #expect(report.worst?.input == "input 1")
  }
}
