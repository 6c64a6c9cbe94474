import ApusData
import ApusNN
import ApusTensor
import ApusTraining

/// Shows how a model of images learns: a row, or a JSON object, for each epoch on standard output, with what a judge thinks
/// of its samples, and a line that moves while an epoch runs, on a terminal only.
final class GenerativeReport: TrainingCallback {
  private let printsJSON: Bool
  private let judge: SampleJudge?
  private let samples: () -> Tensor<Float>
  private let grid: String?
  /// Steps of the optimizer that were done.
  private(set) var stepCount = 0
  private var lastDrawn = ContinuousClock.now - .seconds(1)
  private var hasHeader = false

  /// - Parameters:
  ///   - samples: Makes images with the model as it is.
  ///   - grid: Where a picture of them goes after every epoch.
  init(printsJSON: Bool, judge: SampleJudge?, samples: @escaping () -> Tensor<Float>, grid: String?) {
    self.printsJSON = printsJSON
    self.judge = judge
    self.samples = samples
    self.grid = grid
  }

  func batchDidEnd(_ run: TrainingRun) {
    stepCount = run.progress.step
    // Ten times a second is often enough for an eye, and costs nothing.
    guard Terminal.showsProgress, ContinuousClock.now - lastDrawn >= .milliseconds(100) else { return }
    lastDrawn = .now
    Terminal.progress(
      TrainReport.progressLine(run.progress, epochs: run.epochCount, samples: run.samplesPerEpoch))
  }

  func epochDidEnd(_ record: EpochRecord, _ run: TrainingRun) throws {
    Terminal.progress("")
    let quality = judge.map { $0(samples()) }
    if printsJSON {
      Terminal.print(Self.json(record, quality).description)
    } else {
      let columns = Self.columns(record, quality)
      if !hasHeader { Terminal.print(Self.row(columns.map(\.name), columns)) }
      hasHeader = true
      Terminal.print(Self.row(columns.map(\.cell), columns))
    }
    if let grid { try drawGrid(grid) }
  }

  func trainingDidEnd(_ run: TrainingRun) {
    Terminal.progress("")
  }

  /// Draws 64 samples of the model as it is.
  func drawGrid(_ path: String) throws {
    let images = samples().split(64)[0]
    try GreyImage.grid(of: images, columns: 8).write(to: path)
  }

  private static func columns(
    _ record: EpochRecord, _ quality: SampleQuality?
  ) -> [(name: String, cell: String)] {
    var columns = [("epoch", "\(record.epoch)"), ("loss", decimal(record.training.loss, places: 2))]
    columns += record.training.metrics.map { ($0.name, decimal($0.value, places: 2)) }
    if let validation = record.validation { columns.append(("test loss", decimal(validation.loss, places: 2))) }
    if let quality {
      columns += [
        ("confidence", percent(quality.confidence)), ("spread, bits", decimal(quality.entropy, places: 2)),
        ("score", decimal(quality.score, places: 2)),
      ]
    }
    columns += [
      ("seconds", decimal(record.seconds, places: 2)),
      ("images/s", grouped(Int(record.samplesPerSecond.rounded()))),
    ]
    return columns.map { (name: $0.0, cell: $0.1) }
  }

  private static func row(_ cells: [String], _ columns: [(name: String, cell: String)]) -> String {
    zip(cells, columns).map { $0.indented(to: max($1.name.count, 7)) }.joined(separator: "  ")
  }

  static func json(_ record: EpochRecord, _ quality: SampleQuality?) -> JSONLine {
    func key(_ name: String) -> String {
      switch name {
      case "D(x)": "discriminator_of_real"
      case "D(G(z))": "discriminator_of_fake"
      default: name
      }
    }
    var members: [JSONLine.Member] = [
      .init(name: "epoch", value: .integer(record.epoch)),
      .init(name: "train_loss", value: .number(record.training.loss)),
    ]
    members += record.training.metrics.map { .init(name: "train_" + key($0.name), value: .number($0.value)) }
    members.append(.init(name: "test_loss", value: record.validation.map { .number($0.loss) } ?? .null))
    members += SampleWords.members(quality)
    members += [
      .init(name: "seconds", value: .number(record.seconds)),
      .init(name: "images_per_second", value: .number(record.samplesPerSecond)),
    ]
    return .object(members)
  }
}
