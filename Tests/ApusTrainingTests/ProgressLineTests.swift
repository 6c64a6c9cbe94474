import ApusData
import ApusNN
import ApusTensor
import Testing

@testable import ApusTraining

@Suite struct ProgressLineTests {
  private func output(isEnabled: Bool) throws -> String {
    var text = ""
    var clock = 0.0
    let line = ProgressLine(isEnabled: isEnabled, now: { clock }) { text += $0 }
    let model = Sequential { Linear(2, 2) }
    let trainer = Trainer(model, optimizer: .sgd(learningRate: 0.1), loss: .crossEntropy, metrics: [.accuracy])
    let data = TensorDataset(inputs: .ones([4, 2]), targets: [0, 1, 0, 1])
    final class Tick: TrainingCallback {
      let body: () -> Void
      init(_ body: @escaping () -> Void) { self.body = body }
      func batchDidEnd(_ run: TrainingRun) { body() }
    }
    try trainer.fit(data, epochs: 1, batchSize: 2, validation: data, callbacks: [Tick { clock += 1 }, line])
    return text
  }

  @Test func drawsOnATerminal() throws {
    let text = try output(isEnabled: true)
    let parts = text.split(separator: "\r\u{1B}[2K")
    #expect(parts.count == 3)
    #expect(parts[0].hasPrefix("epoch 1/1 ━━━━━━━━━━━━──────────── 50%  loss "))
    #expect(parts[1].hasPrefix("epoch 1/1 ━━━━━━━━━━━━━━━━━━━━━━━━ 100%  loss "))
    #expect(parts[2].hasPrefix("epoch 1/1  loss "))
    #expect(parts[2].contains("  accuracy 0.5000  test loss ") && parts[2].contains("  test accuracy 0.5000"))
    #expect(text.hasSuffix(" samples/s\n"))
  }

  @Test func isSilentElsewhere() throws {
    #expect(try output(isEnabled: false).isEmpty)
  }

  @Test func durations() {
    #expect(ProgressLine.duration(1.25) == "1.3 s")
    #expect(ProgressLine.duration(59.94) == "59.9 s")
    #expect(ProgressLine.duration(61) == "1:01 min")
  }
}
