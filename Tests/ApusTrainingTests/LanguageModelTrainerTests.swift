import ApusCompute
import ApusData
import ApusNN
import ApusTensor
import Foundation
import Testing

@testable import ApusTraining

@Suite(.serialized) struct LanguageModelTrainerTests {
  private static let text = String(repeating: "abcabdabc\n\nxyz ", count: 40)

  private func model(_ name: String, _ symbols: Int) -> any LanguageModel<Float> {
    withSeed(2) {
      switch name {
      case "gpt": GPT(symbols, width: 16, layers: 1, heads: 2, context: 16)
      case "gru": RecurrentLanguageModel(symbols, cell: .gru, embeddingSize: 8, hiddenSize: 24)
      default: RecurrentLanguageModel(symbols, cell: .lstm, embeddingSize: 8, hiddenSize: 24)
      }
    }
  }

  @Test(arguments: ["lstm", "gru", "gpt"])
  func learnsMoreThanFrequencies(name: String) throws {
    let corpus = try TextCorpus(Self.text, heldBack: 0.2)
    let model = model(name, corpus.vocabulary.count)
    let trainer = LanguageModelTrainer(model, optimizer: AdamW(model.parameters, learningRate: 0.02))
    let before = try trainer.evaluate(corpus.heldBack, batchSize: 4, steps: 16)
    let history = try trainer.fit(corpus, epochs: 10, batchSize: 4, steps: 16, callbacks: [])
    let bits = try #require(history.epochs.last?.validation?.bitsPerCharacter)
    #expect(bits < corpus.heldBack.unigramEntropy - 0.3, "\(bits) of \(corpus.heldBack.unigramEntropy)")
    #expect(try #require(before.bitsPerCharacter) > 3)
    #expect(history.epochs.allSatisfy { $0.training.sampleCount > 400 && $0.training.bitsPerCharacter != nil })
    // Nats and bits are the same figure.
    let last = history.epochs.last!.training
    #expect(abs(last.loss / 0.6931471805599453 - last.bitsPerCharacter!) < 1e-9)
  }

  @Test(arguments: ["lstm", "gru", "gpt"])
  func sameBitsAtAnyThreadCount(name: String) throws {
    let count = Threads.count
    defer { Threads.count = count }
    let corpus = try TextCorpus(Self.text, heldBack: 0.2)
    var results: [[Float]] = []
    for threads in [1, 2, 3] {
      Threads.count = threads
      let model = model(name, corpus.vocabulary.count)
      let trainer = LanguageModelTrainer(model, optimizer: AdamW(model.parameters, learningRate: 0.01))
      try trainer.fit(corpus, epochs: 2, batchSize: 8, steps: 16, maximumSteps: 6, callbacks: [])
      results.append(model.parameters.flatMap { $0.value.scalars })
    }
    #expect(results[0] == results[1] && results[0] == results[2])
  }

  @Test func theStateIsCarriedOnButNotItsHistory() throws {
    let corpus = try TextCorpus(Self.text, heldBack: 0)
    let model = model("gru", corpus.vocabulary.count)
    let trainer = LanguageModelTrainer(model, optimizer: SGD(model.parameters, learningRate: 0))
    // With nothing learned, pieces of any length give the same sum, for each goes on with the state of the one before.
    let short = try trainer.evaluate(corpus.training, batchSize: 2, steps: 3)
    let long = try trainer.evaluate(corpus.training, batchSize: 2, steps: 10_000)
    #expect(abs(short.loss - long.loss) < 1e-5 && short.sampleCount == long.sampleCount)
    let trained = try trainer.fit(corpus, batchSize: 2, steps: 3, callbacks: []).epochs[0].training
    #expect(abs(trained.loss - long.loss) < 1e-5)
  }

  @Test func listsAreReadLineByLine() throws {
    let names = (0..<60).map { ["anna", "berta", "carla", "dora"][$0 % 4] }.joined(separator: "\n")
    let corpus = try TextCorpus(names, heldBack: 0.2)
    #expect(corpus.form == .lines)
    let model = model("gru", corpus.vocabulary.count)
    let trainer = LanguageModelTrainer(model, optimizer: AdamW(model.parameters, learningRate: 0.02))
    let history = try trainer.fit(corpus, epochs: 12, batchSize: 8, callbacks: [])
    // Which of four names it is takes 2 bits, for some 5.5 characters; the rest follows.
    let bits = try #require(history.epochs.last?.validation?.bitsPerCharacter)
    #expect(bits < 1, "\(bits)")
    #expect(history.epochs[0].training.sampleCount == corpus.training.symbolCount)
    var generator = TextGenerator(model.eval(), rule: SamplingRule(temperature: 0.3), seed: 2)
    generator.read([try #require(corpus.vocabulary.number(of: "\n"))])
    let letters = corpus.vocabulary.decode((0..<30).compactMap { _ in generator.next() })
    #expect(["anna", "berta", "carla", "dora"].contains { letters.contains($0) }, "\(letters)")
  }

  @Test func cancellationEndsARun() throws {
    let corpus = try TextCorpus(Self.text, heldBack: 0.2)
    let model = model("lstm", corpus.vocabulary.count)
    let trainer = LanguageModelTrainer(model, optimizer: AdamW(model.parameters))
    let cancellation = Cancellation()
    cancellation.cancel()
    let history = try trainer.fit(corpus, epochs: 5, callbacks: [], cancellation: cancellation)
    #expect(history.epochs.isEmpty)
  }
}
