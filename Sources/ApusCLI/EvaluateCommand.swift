import ApusCompute
import ApusData
import ApusNN
import ApusTensor
import ApusTraining

/// `apus evaluate`: how good a saved model is.
struct EvaluateCommand: Command {
  static let description = CommandDescription(
    name: "evaluate",
    summary: "measure a saved model on the test images",
    discussion: """
      Prints the mean loss (cross-entropy), the accuracy and the confusion matrix: rows are the true classes, columns
      what the model took the images for.
      """,
    operands: .init(placeholder: "FILE", minimum: 1, maximum: 1, minimumWords: "a model file is"),
    options: [
      DataSource.option, DataSource.limitOption,
      OptionDescription("threads", "N", "threads to use (default: all CPUs)"),
      OptionDescription("json", nil, "print one JSON object instead"),
    ],
    examples: [("apus evaluate digits.safetensors --data ~/mnist", "accuracy on the test images of MNIST")])

  private let path: String
  private let data: String?
  private let limit: Int?
  private let threads: Int?
  private let printsJSON: Bool

  init(_ arguments: Arguments) throws(UsageError) {
    path = arguments.operands[0]
    data = arguments.text("data")
    limit = try arguments.integer("limit", in: 1...Int.max)
    threads = try arguments.integer("threads", in: 1...256)
    printsJSON = arguments.has("json")
  }

  func run() throws -> Int32 {
    if let threads { Threads.count = threads }
    let stored = try StoredModel(path: path)
    let source = try DataSource.load(data, limit: limit)
    let test = source.test.normalized(stored.normalization)
    guard stored.classCount == test.classCount else {
      throw WorkError("\(path): the model tells \(stored.classCount) classes apart, not \(test.classCount)")
    }
    let (loss, matrix, seconds) = evaluate(stored, test)
    if printsJSON {
      let line: JSONLine = [
        "model": .text(stored.name),
        "images": .integer(test.count),
        "loss": .number(loss),
        "accuracy": .number(matrix.accuracy),
        "images_per_second": .number((Double(test.count) / seconds).rounded()),
        "confusion_matrix": .list(
          (0..<matrix.classCount).map { truth in
            .list((0..<matrix.classCount).map { .integer(matrix[truth, $0]) })
          }),
      ]
      Terminal.print("\(line)")
      return ExitCode.success
    }
    Terminal.print(
      """
      \(stored.name) on \(grouped(test.count)) test images of \(source.name)

      loss      \(decimal(loss, places: 4))
      accuracy  \(percent(matrix.accuracy))
      speed     \(grouped(Int(Double(test.count) / seconds))) images/s

      \(matrix)
      """)
    return ExitCode.success
  }

  /// The mean loss, the confusion matrix, and the seconds that the model took, by the plan that the file asks for.
  private func evaluate(
    _ stored: StoredModel, _ test: ImageDataset
  ) -> (loss: Double, matrix: ConfusionMatrix, seconds: Double) {
    var matrix = ConfusionMatrix(classCount: test.classCount)
    var loss = 0.0
    var time = Duration.zero
    withoutGradients {
      for batch in DataLoader(test, batchSize: StoredModel.batchSize) {
        var scores = batch.inputs
        time += ContinuousClock().measure { scores = stored.scores(batch.inputs) }
        // Cross-entropy of log-probabilities is their negative log-likelihood, so it fits the models that end in
        // log-softmax too.
        loss += Double(crossEntropy(scores, batch.targets).item) * Double(batch.targets.shape[0])
        matrix.add(truths: batch.targets, scores: scores)
      }
    }
    return (loss / Double(max(test.count, 1)), matrix, max(time / .seconds(1), 1e-9))
  }
}
