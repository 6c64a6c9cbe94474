import ApusNN
import Foundation
import Testing

@testable import ApusBench

/// A comparison asks a peer for work by its name, so both sides must list the same. Needs Python, but none of its packages.
@Suite(.enabled(if: Comparison.foundPython() != nil, "needs python3"))
struct PeerScriptTests {
  /// The lines that a piece of Python prints, with the peers' scripts at hand.
  private func lines(_ code: String) throws -> [String] {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: try #require(Comparison.foundPython()))
    process.arguments = ["-B", "-c", code]
    process.currentDirectoryURL = Comparison.scriptDirectory()
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    return text.split(separator: "\n").map(String.init)
  }

  @Test func products() throws {
    let theirs = try lines("import gemm\nfor m, n, k, t in gemm.products(): print(f'{m}x{n}x{k} {t}')")
    #expect(matrixProducts().map(\.shape) == theirs)
    for transposes in ["nn", "nt", "tn", "tt"] {
      #expect(theirs.filter { $0.hasSuffix(transposes) }.count >= 6)
    }
  }

  @Test func convolutionLayers() throws {
    let theirs = try lines("import conv\nfor layer in conv.LAYERS: print(conv.name(layer))")
    let works = convolutions()
    #expect(works.filter { $0.op == "conv-forward" }.map(\.shape) == theirs)
    #expect(works.filter { $0.op == "conv-forward-backward" }.map(\.shape) == theirs)
  }

  @Test func functions() throws {
    let theirs = try lines("import ops\nfor op in ops.ELEMENTWISE + ops.WHOLE + ops.ROWWISE: print(op)")
    #expect(elementwiseWork().map(\.op) == theirs)
    let rows = try lines("import ops\nfor op in ops.ROWWISE: print(op)")
    #expect(elementwiseWork().filter { $0.shape == "1024x1024" }.map(\.op) == rows)
  }

  /// The share of the peak is as good as the operations are counted.
  @Test func operationsOfAnEpoch() throws {
    let theirs = try lines(
      "import models\nfor name, r in models.RECIPES.items(): print(name, r.forward_operations, r.training_operations)")
    #expect(theirs.count == 5)
    for line in theirs {
      let words = line.split(separator: " ")
      let model = try #require(ModelZoo(name: String(words[0])))
      #expect(model.forwardOperations == Double(words[1]))
      #expect(model.trainingOperations == Double(words[2]))
    }
  }

  @Test func modelsAtStartUp() throws {
    let theirs = try lines("import startup\nfor name in startup.PREDICT: print(name)")
    #expect(StartupReport.peers == theirs)
  }
}
