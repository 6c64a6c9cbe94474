import ApusCompute
import ApusData
import ApusNN
import ApusTraining

/// `apus overfit`: the gap between training and test, with and without what helps against it.
struct OverfitCommand: Command {
  static let description = CommandDescription(
    name: "overfit",
    summary: "show what helps against overfitting, on a few training images",
    discussion: """
      Trains one small convolutional network on the first --samples training images, once for each remedy, and prints
      the accuracy on those images (as they are, with nothing dropped), on all test images, the gap between the two in
      percentage points, and the gap between the losses (cross-entropy): means over --seeds runs, the deviation of the
      test accuracy over the runs behind ±. The first seed of every remedy draws the same first weights.

      Early stopping pays for its judgement: it keeps back a fifth of the images, and learns from the others.

      Ctrl-C ends the run after the remedy at hand; what is done is shown.
      """,
    options: [
      OptionDescription(
        "only", "LIST",
        (["some of the remedies, with commas between them (default: all)"]
          + OverfittingStudy.Remedy.allCases.map { "  \($0.rawValue.padded(to: 16))\($0.summary)" })
          .joined(separator: "\n")),
      DataSource.option,
      OptionDescription("samples", "N", "training images to learn from, from 10 (default: 1000)"),
      OptionDescription("test-limit", "N", "use only the first N test images"),
      OptionDescription("epochs", "N", "times through the images (default: 40)"),
      OptionDescription("seeds", "N", "runs for each remedy, with the seeds 0, 1, … (default: 3)"),
      OptionDescription("threads", "N", "threads to use; the result does not depend on it (default: all CPUs)"),
      OptionDescription("plot", "FILE", "draw both accuracies of every remedy to FILE, as SVG"),
      OptionDescription("json", nil, "print one JSON object for each remedy instead of the table"),
    ],
    examples: [
      ("apus overfit --data ~/mnist --plot overfit.svg", "every remedy on 1000 images of MNIST"),
      ("apus overfit --only none,dropout,all --seeds 5 --json", "three of them, for another program"),
    ])

  private typealias Remedy = OverfittingStudy.Remedy

  private let remedies: [OverfittingStudy.Remedy]
  private let data: String?
  private let samples: Int
  private let testLimit: Int?
  private let epochs: Int
  private let seeds: Int
  private let threads: Int?
  private let plotPath: String?
  private let printsJSON: Bool

  init(_ arguments: Arguments) throws(UsageError) {
    let names = Remedy.allCases.map(\.rawValue)
    var chosen: Set<String> = []
    for name in arguments.text("only")?.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      ?? names
    {
      guard names.contains(name) else {
        throw arguments.failure(
          "--only names remedies: \(names.joined(separator: ", ")), not “\(name)”\(suggestion(for: name, among: names))"
        )
      }
      chosen.insert(name)
    }
    remedies = Remedy.allCases.filter { chosen.contains($0.rawValue) }
    data = arguments.text("data")
    samples = try arguments.integer("samples", in: 10...Int.max) ?? 1000
    testLimit = try arguments.integer("test-limit", in: 1...Int.max)
    epochs = try arguments.integer("epochs", in: 1...1_000_000) ?? 40
    seeds = try arguments.integer("seeds", in: 1...10_000) ?? 3
    threads = try arguments.integer("threads", in: 1...256)
    plotPath = arguments.text("plot")
    printsJSON = arguments.has("json")
  }

  func run() throws -> Int32 {
    if let threads { Threads.count = threads }
    if let plotPath { try Terminal.checkWritable(plotPath) }
    Interrupt.watch()
    let source = try DataSource.load(data, limit: nil)
    guard samples <= source.train.count else {
      throw WorkError("\(source.name): \(grouped(source.train.count)) training images, not \(grouped(samples))")
    }
    let train = source.train.limited(to: samples).normalized(.mnist)
    let test = source.test.limited(to: testLimit).normalized(.mnist)
    if !printsJSON {
      Terminal.print(
        """
        \(source.name): \(grouped(train.count)) images to train, \(grouped(test.count)) to test; \(grouped(epochs)) epochs, \
        \(seeds) \(seeds == 1 ? "seed" : "seeds")

        \(OverfitRow.header)
        """)
    }
    var rows: [OverfitRow] = []
    do {
      for remedy in remedies {
        var outcomes: [OverfittingStudy.Outcome] = []
        for seed in 0..<seeds {
          Terminal.progress("\(remedy.rawValue), run \(seed + 1) of \(seeds)")
          outcomes.append(
            try OverfittingStudy.run(
              remedy, train: train, test: test, epochs: epochs, seed: UInt64(seed),
              cancellation: Interrupt.cancellation))
        }
        Terminal.progress("")
        let row = OverfitRow(remedy, outcomes)
        rows.append(row)
        Terminal.print(printsJSON ? "\(row.json)" : row.text)
      }
    } catch is CancellationError {
      Terminal.progress("")
    }
    if let plotPath, !rows.isEmpty {
      let title = "\(grouped(train.count)) training images: accuracy on them, and on new ones"
      try FileAccess.write(Array(OverfitPlot(title: title, rows: rows).svg.utf8), to: plotPath)
      if !printsJSON { Terminal.print("\ndrew the accuracies to \(plotPath)") }
    }
    guard let signal = Interrupt.signalNumber else { return ExitCode.success }
    Terminal.note("stopped early, after \(rows.count) of \(remedies.count) remedies")
    return ExitCode.signal(signal)
  }
}

/// The runs of one remedy, taken together.
struct OverfitRow {
  let name: String
  let runs: Int
  let trainAccuracy: Double
  let testAccuracy: Double
  /// The standard deviation of the test accuracy over the runs, nil for one.
  let testDeviation: Double?
  let trainLoss: Double
  let testLoss: Double
  let epochs: Double

  init(_ remedy: OverfittingStudy.Remedy, _ outcomes: [OverfittingStudy.Outcome]) {
    func mean(_ value: (OverfittingStudy.Outcome) -> Double) -> Double {
      outcomes.reduce(0) { $0 + value($1) } / Double(outcomes.count)
    }
    name = remedy.rawValue
    runs = outcomes.count
    trainAccuracy = mean { $0.training.accuracy ?? .nan }
    let test = mean { $0.test.accuracy ?? .nan }
    testAccuracy = test
    testDeviation =
      outcomes.count > 1
      ? (outcomes.reduce(0) { $0 + (($1.test.accuracy ?? .nan) - test) * (($1.test.accuracy ?? .nan) - test) }
        / Double(outcomes.count - 1)).squareRoot() : nil
    trainLoss = mean { $0.training.loss }
    testLoss = mean { $0.test.loss }
    epochs = mean { Double($0.epochs) }
  }

  private static let widths = [16, 9, 18, 8, 11, 10, 9, 7]

  private static func row(_ cells: [String]) -> String {
    zip(cells, widths).enumerated().map { $0 == 0 ? $1.0.padded(to: $1.1) : $1.0.indented(to: $1.1) }.joined()
  }

  static var header: String {
    row(["remedy", "train", "test", "gap", "train loss", "test loss", "loss gap", "epochs"])
  }

  var text: String {
    let deviation = testDeviation.map { " ± \(decimal($0 * 100, places: 2))" } ?? ""
    return Self.row([
      name, percent(trainAccuracy), decimal(testAccuracy * 100, places: 2) + deviation + " %",
      decimal((trainAccuracy - testAccuracy) * 100, places: 2), decimal(trainLoss, places: 4),
      decimal(testLoss, places: 4), decimal(testLoss - trainLoss, places: 4), decimal(epochs, places: 0),
    ])
  }

  var json: JSONLine {
    [
      "remedy": .text(name),
      "runs": .integer(runs),
      "train_accuracy": .number(trainAccuracy),
      "test_accuracy": .number(testAccuracy),
      "test_accuracy_deviation": testDeviation.map(JSONLine.number) ?? .null,
      "accuracy_gap": .number(trainAccuracy - testAccuracy),
      "train_loss": .number(trainLoss),
      "test_loss": .number(testLoss),
      "loss_gap": .number(testLoss - trainLoss),
      "epochs": .number(epochs),
    ]
  }
}
