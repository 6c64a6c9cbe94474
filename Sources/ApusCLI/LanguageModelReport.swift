import ApusNN
import ApusTraining

/// Shows how a language model learns: a row, or a JSON object, for each epoch on standard output, and a line that moves while an
/// epoch runs, on a terminal only.
final class LanguageModelReport: TrainingCallback {
  private let printsJSON: Bool
  private var lastDrawn = ContinuousClock.now - .seconds(1)
  /// Steps of the optimizer that were done.
  private(set) var stepCount = 0

  init(printsJSON: Bool) {
    self.printsJSON = printsJSON
  }

  private static let header = ["epoch", "bits/character", "held back", "seconds", "characters/s", "ms/step"]
  private static let widths = [5, 14, 9, 8, 12, 8]

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
    Terminal.progress(Self.progressLine(run.progress, epochs: run.epochCount, symbols: run.samplesPerEpoch))
  }

  func epochDidEnd(_ record: EpochRecord, _ run: TrainingRun) {
    Terminal.progress("")
    let steps = run.progress.batch
    Terminal.print(
      printsJSON ? Self.json(record, steps: steps).description : Self.row(Self.cells(record, steps: steps)))
  }

  func trainingDidEnd(_ run: TrainingRun) { Terminal.progress("") }

  static func progressLine(_ progress: TrainingRun.Progress, epochs: Int, symbols: Int) -> String {
    let fraction = Double(progress.sampleCount) / Double(max(symbols, 1))
    let width = 20
    let filled = min(width, Int(fraction * Double(width)))
    let bar = String(repeating: "━", count: filled) + String(repeating: "─", count: width - filled)
    let rate = progress.seconds > 0 ? Double(progress.sampleCount) / progress.seconds : 0
    let bits = progress.training.bitsPerCharacter ?? .nan
    return "epoch \(progress.epoch)/\(epochs) \(bar) \(decimal(fraction * 100, places: 0).indented(to: 3)) %"
      + "  \(decimal(bits, places: 3)) bits/character  \(grouped(Int(rate))) characters/s"
  }

  static func cells(_ record: EpochRecord, steps: Int) -> [String] {
    [
      "\(record.epoch)", bits(record.training), bits(record.validation), decimal(record.seconds, places: 2),
      grouped(Int(record.samplesPerSecond.rounded())),
      decimal(1000 * record.seconds / Double(max(steps, 1)), places: 2),
    ]
  }

  static func json(_ record: EpochRecord, steps: Int) -> JSONLine {
    [
      "epoch": .integer(record.epoch),
      "train_bits_per_character": record.training.bitsPerCharacter.map(JSONLine.number) ?? .null,
      "held_back_bits_per_character": record.validation?.bitsPerCharacter.map(JSONLine.number) ?? .null,
      "steps": .integer(steps),
      "seconds": .number(record.seconds),
      "characters_per_second": .number(record.samplesPerSecond),
      "learning_rate": .number(record.learningRate),
    ]
  }

  private static func bits(_ evaluation: Evaluation?) -> String {
    evaluation?.bitsPerCharacter.map { decimal($0, places: 4) } ?? "–"
  }
}
