import ApusTensor
import Foundation
import Testing

@testable import ApusData

@Suite struct TextCorpusTests {
  @Test func vocabularies() throws {
    let vocabulary = try CharacterVocabulary(of: "hello, wörld\n".unicodeScalars)
    #expect(vocabulary.text == "\n ,dehlorwö")
    let numbers = try vocabulary.encode("wörld")
    #expect(vocabulary.decode(numbers) == "wörld" && numbers.first == vocabulary.number(of: "w"))
    #expect(try CharacterVocabulary(symbols: vocabulary.text) == vocabulary)
    let error = #expect(throws: DataError.self) { _ = try vocabulary.encode("ö?") }
    #expect(error?.position == .byte(2) && error?.kind == .malformed)
    #expect(throws: DataError.self) { _ = try CharacterVocabulary(symbols: "") }
    #expect(throws: DataError.self) { _ = try CharacterVocabulary(symbols: "aba") }
    // A symbol is a scalar: what a reader takes for one letter may be two.
    #expect(try CharacterVocabulary(of: "e\u{301}".unicodeScalars).count == 2)
  }

  @Test func theEndOfATextIsHeldBack() throws {
    let corpus = try TextCorpus("The quick\n\nbrown fox", heldBack: 0.25)
    #expect(corpus.form == .continuous)
    #expect(corpus.vocabulary.decode(corpus.training.sequences[0]) == "The quick\n\nbrow")
    #expect(corpus.vocabulary.decode(corpus.heldBack.sequences[0]) == "n fox")
    #expect(try TextCorpus("ab cd", heldBack: 0).heldBack.symbolCount == 0)
    for text in ["", "a", "abc"] { #expect(throws: DataError.self) { _ = try TextCorpus(text, heldBack: 0.1) } }
  }

  @Test func listsAreKnownByTheirLines() throws {
    #expect(try TextCorpus("anna\nbert\r\ncarl\n", heldBack: 0.4).form == .lines)
    #expect(try TextCorpus("anna\n\nbert\n", heldBack: 0.4).form == .continuous)
    #expect(try TextCorpus("one line alone\n", heldBack: 0.4).form == .continuous)
    #expect(try TextCorpus("a\n" + String(repeating: "b", count: 65) + "\nc", heldBack: 0.4).form == .continuous)
    let corpus = try TextCorpus("anna\nbert\r\ncarl\ndora", form: .lines, heldBack: 0.25, seed: 1)
    #expect(corpus.training.sequences.count == 3 && corpus.heldBack.sequences.count == 1)
    let names = (corpus.training.sequences + corpus.heldBack.sequences).map { corpus.vocabulary.decode($0) }
    #expect(Set(names) == ["anna", "bert", "carl", "dora"])
    #expect(corpus.training.symbolCount == 15 && corpus.training.longestLength == 5)
  }

  @Test func streamsGoOnWhereTheyEnded() throws {
    let text = TextSequences([Array(0..<23)])
    let batches = text.streams(batchSize: 3, steps: 4)
    // 22 symbols have one that follows; 3 streams of 7.
    #expect(batches.map(\.begins) == [true, false])
    #expect(batches[0].inputs == IndexTensor([0, 1, 2, 3, 7, 8, 9, 10, 14, 15, 16, 17], shape: [3, 4]))
    #expect(batches[1].inputs == IndexTensor([4, 5, 6, 11, 12, 13, 18, 19, 20], shape: [3, 3]))
    for batch in batches { #expect(batch.targets.values == batch.inputs.values.map { $0 + 1 }) }
    #expect(TextSequences([[4, 5]]).streams(batchSize: 9, steps: 9)[0].inputs == IndexTensor([4], shape: [1, 1]))
  }

  @Test func windowsCoverTheTextOnce() throws {
    let text = TextSequences([Array(0..<24)])
    // Without a seed in order, to the last symbol.
    let plain = text.windows(batchSize: 2, length: 5, seed: nil)
    #expect(plain.flatMap(\.inputs.values) == Array(0..<23))
    #expect(plain.flatMap(\.targets.values) == Array(1..<24))
    for seed in 0..<8 as Range<UInt64> {
      let drawn = text.windows(batchSize: 3, length: 5, seed: seed)
      let seen = drawn.flatMap(\.inputs.values)
      #expect(Set(seen).count == 20 && seen.count == 20 && drawn.allSatisfy { $0.begins })
      #expect(drawn.map { $0.inputs.shape[0] } == [3, 1])
      #expect(
        drawn.flatMap(\.inputs.values) == text.windows(batchSize: 3, length: 5, seed: seed).flatMap(\.inputs.values))
    }
  }

  @Test func linesBeginAndEndWithNewlines() throws {
    let list = TextSequences([[1, 2, 3], [4], [5, 6]], newline: 0)
    let batch = list.lines(batchSize: 3, seed: nil)[0]
    let nothing = TextBatch.nothing
    #expect(batch.inputs == IndexTensor([0, 4, 0, 0, 0, 5, 6, 0, 0, 1, 2, 3], shape: [3, 4]))
    #expect(
      batch.targets
        == IndexTensor([4, 0, nothing, nothing, 5, 6, 0, nothing, 1, 2, 3, 0], shape: [3, 4]))
    #expect(batch.symbolCount == list.symbolCount)
    let drawn = list.lines(batchSize: 2, seed: 3)
    #expect(drawn.count == 2 && drawn.reduce(0) { $0 + $1.symbolCount } == 9)
  }

  @Test func entropyOfFrequencies() throws {
    #expect(TextSequences([[0, 1, 2, 3]]).unigramEntropy == 2)
    #expect(TextSequences([[7, 7, 7]]).unigramEntropy == 0)
    #expect(abs(TextSequences([[1], [1]], newline: 0).unigramEntropy - 1) < 1e-12)
  }

  @Test func filesAreChecked() throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("apus-text-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data("abö".utf8 + [0xFF, 0x61]).write(to: URL(fileURLWithPath: path))
    let error = #expect(throws: DataError.self) { _ = try TextCorpus(path: path) }
    #expect(error?.path == path && error?.position == .byte(4) && error?.kind == .malformed)
    try Data("new symbol".utf8).write(to: URL(fileURLWithPath: path))
    let known = try CharacterVocabulary(symbols: "new ")
    let unknown = #expect(throws: DataError.self) {
      _ = try TextCorpus(path: path, heldBack: 0, vocabulary: known)
    }
    #expect(unknown?.path == path && unknown?.position == .byte(4))
    #expect(throws: DataError.self) { _ = try TextCorpus(path: path + ".missing") }
  }
}
