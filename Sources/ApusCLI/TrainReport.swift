import ApusNN
import ApusTraining

/// Shows a training run: a row, or a JSON object, for each epoch on standard output, and a line that moves while an
/// epoch runs, on a terminal only.
final class TrainReport: TrainingCallback {
  private let printsJSON: Bool
  /// Steps of the optimizer that were done.
  private(set) var stepCount = 0
  private var lastDrawn = ContinuousClock.now - .seconds(1)

  init(printsJSON: Bool) {
    self.printsJSON = printsJSON
  }

  private static let header = ["epoch", "loss", "train accuracy", "test accuracy", "seconds", "images/s"]
  private static let widths = [5, 7, 14, 13, 8, 10]

  /// Cells in columns, two spaces apart however large a number grows: the loss of a run that went wrong has no bound.
  private static func row(_ cells: [String]) -> String {
    zip(cells, widths).map { $0.indented(to: $1) }.joined(separator: "  ")
  }

  func trainingWillBegin(_ run: TrainingRun) {
    if !printsJSON { Terminal.print(Self.row(Self.header)) }
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
    Terminal.print(printsJSON ? Self.json(record).description : Self.row(Self.cells(record)))
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

  static func json(_ record: EpochRecord) -> JSONLine {
    [
      "epoch": .integer(record.epoch),
      "train_loss": .number(record.training.loss),
      "train_accuracy": record.training.accuracy.map(JSONLine.number) ?? .null,
      "test_accuracy": record.validation?.accuracy.map(JSONLine.number) ?? .null,
      "seconds": .number(record.seconds),
      "images_per_second": .number(record.samplesPerSecond),
    ]
  }
}

/// 0.98765 → "98.77 %".
func percent(_ fraction: Double?) -> String {
  fraction.map { decimal($0 * 100, places: 2) + " %" } ?? "–"
}
