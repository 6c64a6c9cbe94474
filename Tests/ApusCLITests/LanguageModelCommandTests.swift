import ApusData
import ApusNN
import ApusTensor
import Foundation
import Testing

@testable import ApusCLI

@Suite struct LanguageModelCommandTests {
  @Test(arguments: ["lstm", "gru", "gpt"])
  func trainsAndGenerates(model: String) throws {
    let folder = try TemporaryFolder()
    let file = folder.path("m.safetensors")
    let history = folder.path("h.csv")
    let trained = try BuiltCommand.run(
      "train", "lm", "--model", model, "--layers", "1", "--width", "16", "--context", "16", "--epochs", "2", "--json",
      "--save", file, "--history-csv", history)
    #expect(trained.code == 0 && trained.messages.isEmpty, "\(trained.messages)")
    let objects = try trained.objects()
    #expect(objects.compactMap { $0["epoch"] as? Int } == [1, 2])
    #expect(objects.allSatisfy { ($0["held_back_bits_per_character"] as? Double ?? 0) > 1 })
    #expect(try String(contentsOfFile: history, encoding: .utf8).contains("test_bits per character"))
    let words = ["generate", file, "--prompt", "Shall I", "--length", "40", "--seed", "3"]
    let text = try BuiltCommand.start(words).finish()
    #expect(text.code == 0 && text.output.hasPrefix("Shall I"), "\(text.messages)")
    #expect(text.output.unicodeScalars.count == 7 + 40 + 1)
    #expect(try BuiltCommand.start(words + ["--threads", "1"]).finish().output == text.output)
    let json = try BuiltCommand.start(words + ["--json"]).finish().objects()
    #expect(json.count == 1 && json[0]["text"] as? String == String(text.output.dropLast()))
    let measured = try BuiltCommand.run("evaluate", "lm", file, "--json").objects()
    #expect((1...8).contains(try #require(measured[0]["bits_per_character"] as? Double)))
  }

  @Test func writesNewNames() throws {
    let folder = try TemporaryFolder()
    let list = try folder.write(
      "names.txt", Array((0..<40).map { "anna\nbert\ncarl\n\($0 % 7)x" }.joined(separator: "\n").utf8))
    let file = folder.path("names.safetensors")
    let trained = try BuiltCommand.run(
      "train", "lm", "--model", "gru", "--data", list, "--width", "16", "--epochs", "3", "--learning-rate", "0.02",
      "--save", file)
    #expect(trained.code == 0 && trained.output.contains(" in 144 lines to train"), "\(trained.output)")
    let names = try BuiltCommand.run("generate", file, "--count", "5", "--data", list)
    #expect(names.code == 0 && names.output.split(separator: "\n", omittingEmptySubsequences: false).count == 6)
    #expect(names.messages.contains(" of 5 stand among the 10 lines of \(list), "), "\(names.messages)")
    let json = try BuiltCommand.run("generate", file, "--count", "3", "--data", list, "--json").objects()
    #expect(json.count == 3 && json.allSatisfy { $0["new"] is Bool })
    let two = try BuiltCommand.run("generate", file, "--prompt", "an\nna")
    #expect(two.code == 1 && two.messages.contains("cannot have more than one"))
    let short = try BuiltCommand.run("train", "lm", "--model", "gpt", "--data", list, "--context", "3")
    #expect(short.code == 1 && short.messages.contains("--context 3 is too short"))
  }

  @Test func wrongInputsEndWithOne() throws {
    let folder = try TemporaryFolder()
    let missing = try BuiltCommand.run("train", "lm", "--data", folder.path("none.txt"))
    #expect(missing.code == 1 && missing.messages.contains("none.txt: missing"))
    let tiny = try folder.write("tiny.txt", Array("ab".utf8))
    #expect(try BuiltCommand.run("train", "lm", "--data", tiny).code == 1)
    let bytes = try folder.write("bytes.txt", [0x61, 0xFF])
    let wrong = try BuiltCommand.run("train", "lm", environment: ["APUS_TEXT": bytes])
    #expect(wrong.code == 1 && wrong.messages.contains("malformed at byte 1: expected text in UTF-8"))
    let classifier = folder.path("c.safetensors")
    try Sequential { Linear(2, 3) }.save(classifier)
    let other = try BuiltCommand.run("generate", classifier)
    #expect(other.code == 1 && other.messages.contains("its model makes nothing that generate knows"))
    let file = folder.path("m.safetensors")
    let vocabulary = try CharacterVocabulary(symbols: "ab")
    let model = GPT(2, width: 4, layers: 1, heads: 1, context: 4)
    try LanguageModelFile.save(model, vocabulary: vocabulary, form: .continuous, to: file)
    let unknown = try BuiltCommand.run("generate", file, "--prompt", "abc")
    #expect(unknown.code == 1 && unknown.messages.contains("at byte 2: expected one of the 2 symbols"))
    let noNumber = model.embedding.weight
    noNumber.value = .full(noNumber.value.shape, .nan)
    try LanguageModelFile.save(model, vocabulary: vocabulary, form: .continuous, to: file)
    let nan = try BuiltCommand.run("generate", file)
    #expect(nan.code == 1 && nan.messages.contains("scores are no numbers"))
  }

  @Test func interruptionSaves() throws {
    let folder = try TemporaryFolder()
    let file = folder.path("m.safetensors")
    let running = try BuiltCommand.start(
      ["train", "lm", "--width", "8", "--context", "16", "--epochs", "100000", "--json", "--save", file])
    let end = Date() + 60
    while running.output.isEmpty && Date() < end { usleep(20_000) }
    running.process.interrupt()
    let result = running.finish()
    #expect(result.code == 130 && result.messages.contains("stopped early"), "\(result.messages)")
    #expect(try LanguageModelFile(path: file).vocabulary.count > 20)
  }
}
