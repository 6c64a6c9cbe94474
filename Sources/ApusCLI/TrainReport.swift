import ApusNN
import ApusTraining

/// Shows a training run: a row, or a JSON object, for each epoch on standard output, and a line that moves while an
/// epoch runs, on a terminal only.
final class TrainReport: TrainingCallback {
  private let printsJSON: Bool
  /// What the images are that an epoch is judged by, as `"test"` or `"held-back"`.
  private let judge: String
  /// Steps of the optimizer that were done.
  private(set) var stepCount = 0
  private var lastDrawn = ContinuousClock.now - .seconds(1)

  init(printsJSON: Bool, judge: String = "test") {
    self.printsJSON = printsJSON
    self.judge = judge
  }

  private var header: [String] { ["epoch", "loss", "train accuracy", "\(judge) accuracy", "seconds", "images/s"] }

  /// Cells in columns, two spaces apart however large a number grows: the loss of a run that went wrong has no bound.
  private func row(_ cells: [String]) -> String {
    let widths = [5, 7, 14, judge.count + 9, 8, 10]
    return zip(cells, widths).map { $0.indented(to: $1) }.joined(separator: "  ")
  }

  func trainingWillBegin(_ run: TrainingRun) {
    if !printsJSON { Terminal.print(row(header)) }
  }

  func batchDidEnd(_ run: TrainingRun) {
    stepCount = run.progress.step
    // Ten times a second is often enough for an eye, and costs nothing.
    guard Terminal.showsProgress, ContinuousClock.now - lastDrawn >= .milliseconds(100) else { return }
    lastDrawn = .now
    Terminal.progress(Self.progressLine(run.progress, epochs: run.epochCount, samples: run.samplesPerEpoch))
  }

  func epochDidEnd(_ record: EpochRecord, _ run: TrainingRun) {
    Terminal.progress("")
    Terminal.print(printsJSON ? Self.json(record, judge: judge).description : row(Self.cells(record)))
  }

  func trainingDidEnd(_ run: TrainingRun) {
    Terminal.progress("")
  }

  static func progressLine(_ progress: TrainingRun.Progress, epochs: Int, samples: Int) -> String {
    let fraction = Double(progress.sampleCount) / Double(max(samples, 1))
    let width = 20
    let filled = min(width, Int(fraction * Double(width)))
    let bar = String(repeating: "━", count: filled) + String(repeating: "─", count: width - filled)
    let rate = progress.seconds > 0 ? Double(progress.sampleCount) / progress.seconds : 0
    return "epoch \(progress.epoch)/\(epochs) \(bar) \(decimal(fraction * 100, places: 0).indented(to: 3)) %"
      + "  loss \(decimal(progress.training.loss, places: 4))  \(grouped(Int(rate))) images/s"
  }

  static func cells(_ record: EpochRecord) -> [String] {
    [
      "\(record.epoch)", decimal(record.training.loss, places: 4), percent(record.training.accuracy),
      percent(record.validation?.accuracy), decimal(record.seconds, places: 2),
      grouped(Int(record.samplesPerSecond.rounded())),
    ]
  }

  static func json(_ record: EpochRecord, judge: String = "test") -> JSONLine {
    .object([
      .init(name: "epoch", value: .integer(record.epoch)),
      .init(name: "train_loss", value: .number(record.training.loss)),
      .init(name: "train_accuracy", value: record.training.accuracy.map(JSONLine.number) ?? .null),
      .init(
        name: judge == "test" ? "test_accuracy" : "held_back_accuracy",
        value: record.validation?.accuracy.map(JSONLine.number) ?? .null),
      .init(name: "seconds", value: .number(record.seconds)),
      .init(name: "images_per_second", value: .number(record.samplesPerSecond)),
    ])
  }
}

/// 0.98765 → "98.77 %".
func percent(_ fraction: Double?) -> String {
  fraction.map { decimal($0 * 100, places: 2) + " %" } ?? "–"
}
