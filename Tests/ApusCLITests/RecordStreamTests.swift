import ApusData
import ApusTensor
import Foundation
import Testing

@testable import ApusCLI

@Suite struct RecordStreamTests {
  /// All records of a stream that comes in pieces of a size.
  private func records(
    _ bytes: [UInt8], count: Int = 3, piece: Int, _ change: (inout RecordStream.Settings) -> Void = { _ in }
  ) throws -> [InputRecord] {
    var settings = RecordStream.Settings(count: count, scale: 1)
    change(&settings)
    var stream = RecordStream(settings)
    var result: [InputRecord] = []
    for start in stride(from: 0, to: bytes.count, by: piece) {
      bytes[start..<min(start + piece, bytes.count)].withUnsafeBytes { stream.feed($0) }
      while let record = try stream.next() { result.append(record) }
    }
    stream.end()
    while let record = try stream.next() { result.append(record) }
    return result
  }

  private let pieces = [1, 2, 3, 7, 64, 100_000]

  @Test func linesOfNumbers() throws {
    let text = "1,2,3\r\n 4 ; 5e1\t-6.5\n\n7,8\n9,x,1\n1,2,nan\n1,2,3,4\n10,11,12"
    for piece in pieces {
      let found = try records(Array(text.utf8), piece: piece)
      #expect(found.map(\.number) == [1, 2, 3, 4, 5, 6, 7])
      #expect(found[0].content == .numbers([1, 2, 3]))
      #expect(found[1].content == .numbers([4, 50, -6.5]))
      #expect(found[2].content == .fault("2 numbers instead of 3"))
      #expect(found[3].content == .fault("field 2 is no finite number: “x”"))
      #expect(found[4].content == .fault("field 3 is no finite number: “nan”"))
      #expect(found[5].content == .fault("4 numbers instead of 3"))
      #expect(found[6].content == .numbers([10, 11, 12]))
    }
  }

  @Test func keysHeadersAndScales() throws {
    let text = "id,a,b,c\nseven,255,0,51\n"
    for piece in pieces {
      let found = try records(Array(text.utf8), piece: piece) {
        $0.isKeyed = true
        $0.hasHeader = true
        $0.scale = nil
      }
      #expect(found == [InputRecord(number: 1, key: "seven", content: .numbers([1, 0, 0.2]))])
    }
  }

  @Test func namesOfImages() throws {
    for piece in pieces {
      let found = try records(Array("a b.png\nfile:3\n".utf8), piece: piece)
      #expect(found.map(\.content) == [.path("a b.png"), .path("file:3")])
      #expect(found.map(\.key) == ["a b.png", "file:3"])
    }
  }

  @Test func overlongLinesAreSkipped() throws {
    let text = "1,2,3\n" + String(repeating: "5", count: RecordStream.maximumLine + 10) + "\n4,5,6\n"
    for piece in [4096, 10_000_000] {
      let found = try records(Array(text.utf8), piece: piece)
      #expect(found.count == 3 && found[2].content == .numbers([4, 5, 6]) && found[2].number == 3)
      guard case .fault(let reason) = found[1].content else {
        Issue.record("an overlong line was taken")
        continue
      }
      #expect(reason.contains("longer"))
    }
  }

  @Test func rowsOfArrays() throws {
    let first = NPYFile(Tensor<Float>([1, 2, 3, 4, .infinity, 6], shape: [2, 3])).encoded
    let second = NPYFile([51, 102, 255], shape: [1, 3]).encoded
    let single = NPYFile([0, 0, 255], shape: [3]).encoded
    for piece in pieces {
      let found = try records(first + second + single, piece: piece) { $0.scale = nil }
      #expect(found.map(\.number) == [1, 2, 3, 4])
      #expect(found[0].content == .numbers([1, 2, 3]))
      #expect(found[1].content == .fault("number 2 is not finite"))
      #expect(found[2].content == .numbers([0.2, 0.4, 1]))
      #expect(found[3].content == .numbers([0, 0, 1]))
    }
  }

  @Test func brokenStreamsEnd() throws {
    let whole = NPYFile([1, 2, 3, 4, 5, 6], shape: [2, 3]).encoded
    for piece in [1, 1000] {
      #expect(throws: WorkError.self) { try records(Array(whole.dropLast()), piece: piece) }
      #expect(throws: WorkError.self) { try records(Array(whole[..<20]), piece: piece) }
      #expect(throws: (any Error).self) { try records(whole + [1, 2, 3], piece: piece) }
      #expect(throws: WorkError.self) { try records(NPYFile([1, 2], shape: [1, 2]).encoded, piece: piece) }
    }
    #expect(try records([], piece: 1).isEmpty)
  }

  @Test func resultsKeepTheirNames() {
    #expect(BatchPrediction.csv("7", [0.25, 0.75]) == "7,1,0.25,0.75\n")
    #expect(BatchPrediction.csv("a,\"b\"", [1, 0]) == "\"a,\"\"b\"\"\",0,1.0,0.0\n")
    let line = BatchPrediction.json("7", [0.25, 0.75])
    #expect(line == "{\"record\": \"7\", \"class\": 1, \"probability\": 0.75, \"probabilities\": [0.25, 0.75]}\n")
  }
}

/// The commands as a user runs them.
@Suite struct SmallModelCommandTests {
  private static let trained: (folder: TemporaryFolder, path: String)? = {
    guard let folder = try? TemporaryFolder() else { return nil }
    let path = folder.path("mlp.safetensors")
    let words = ["train", "--model", "mlp", "--limit", "600", "--epochs", "3", "--save", path]
    guard let result = try? BuiltCommand.start(words).finish(), result.code == 0 else { return nil }
    return (folder, path)
  }()

  private var model: String { get throws { try #require(Self.trained?.path, "apus train --save failed") } }

  @Test func batchesGiveTheSameWhereverTheyAreCut() throws {
    let folder = try TemporaryFolder()
    let (_, test) = SyntheticDigits.load(trainCount: 0, testCount: 300)
    let all = try folder.write("all.npy", NPYFile(test.pixels, shape: [300, 784]).encoded)
    let whole = try BuiltCommand.run("predict", model, "--batch", all)
    #expect(whole.code == 0 && whole.messages.isEmpty, "\(whole.messages)")
    let lines = whole.output.split(separator: "\n")
    #expect(lines.count == 300 && lines[0].hasPrefix("1,") && lines[299].hasPrefix("300,"))
    let some = try folder.write(
      "some.npy", NPYFile(Array(test.pixels[(290 * 784)...]), shape: [10, 1, 28, 28]).encoded)
    let part = try BuiltCommand.run("predict", model, "--batch", some).output.split(separator: "\n")
    for (one, other) in zip(lines.suffix(10), part) {
      #expect(one.drop { $0 != "," } == other.drop { $0 != "," })
    }
    // The same numbers as text, one of them spoilt.
    var rows = (0..<3).map { row in test.image(row).map(String.init).joined(separator: ",") }
    rows[1] = "rubbish"
    let text = try folder.write("rows.csv", Array(rows.joined(separator: "\n").utf8))
    let result = try BuiltCommand.run("predict", model, "--batch", text)
    #expect(result.code == 0 && result.messages.contains("record 2 skipped"))
    #expect(result.output.split(separator: "\n") == [lines[0], lines[2]])
    #expect(try BuiltCommand.run("predict", model, "--batch", text, "--strict").code == 1)
  }

  @Test func quantisedModelsAreEvaluatedAndExported() throws {
    let folder = try TemporaryFolder()
    let (bytes, half) = (folder.path("8.safetensors"), folder.path("16.safetensors"))
    #expect(try BuiltCommand.run("quantize", model, "--int8", "--output", bytes, "--images", "64").code == 0)
    #expect(try BuiltCommand.run("quantize", model, "--float16", "--output", half).code == 0)
    var accuracies: [Double] = []
    for path in [try model, bytes, half] {
      let object = try BuiltCommand.run("evaluate", path, "--limit", "400", "--json").objects().first
      accuracies.append(try #require(object?["accuracy"] as? Double))
    }
    #expect(abs(accuracies[1] - accuracies[0]) < 0.02 && abs(accuracies[2] - accuracies[0]) < 0.01)
    let source = folder.path("Model.swift")
    for words in [[try model], [bytes], [try model, "--int8", "--images", "16"]] {
      let result = try BuiltCommand.start(["export"] + words + ["--swift", source]).finish()
      #expect(result.code == 0, "\(result.messages)")
      #expect(try String(contentsOfFile: source, encoding: .utf8).contains("struct Model"))
    }
    #expect(try BuiltCommand.run("quantize", bytes, "--int8", "--output", half).code == 1)
    #expect(try BuiltCommand.run("quantize", model, "--output", half).code == 2)
    #expect(try BuiltCommand.run("export", model, "--swift", source, "--name", "1x").code == 2)
    #expect(try BuiltCommand.run("predict", model).code == 2)
  }
}
