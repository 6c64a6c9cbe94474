import ApusData
import ApusNN

/// The mean loss and the metrics of a model over a number of samples.
public struct Evaluation: Equatable, Sendable {
  /// One metric's value.
  public struct Metric: Equatable, Sendable {
    /// The metric's name, as `"accuracy"`.
    public let name: String
    /// Its value.
    public let value: Double

    /// Makes a value of a metric.
    public init(name: String, value: Double) {
      self.name = name
      self.value = value
    }
  }

  /// The mean loss per sample.
  public var loss: Double
  /// The metrics in the order in which they were asked for.
  public var metrics: [Metric]
  /// How many samples were looked at.
  public var sampleCount: Int

  /// Makes a result.
  public init(loss: Double, metrics: [Metric] = [], sampleCount: Int = 0) {
    self.loss = loss
    self.metrics = metrics
    self.sampleCount = sampleCount
  }

  /// The value of the metric called `name`, nil when it was not asked for.
  public subscript(name: String) -> Double? {
    metrics.first { $0.name == name }?.value
  }

  /// The fraction of samples whose highest score is at their class; nil when accuracy was not asked for.
  public var accuracy: Double? { self["accuracy"] }
}

/// What one epoch of training came to.
public struct EpochRecord: Equatable, Sendable {
  /// The epoch's number, from 1.
  public var epoch: Int
  /// Loss and metrics over the training samples, taken while the model was changing.
  public var training: Evaluation
  /// Loss and metrics over the validation samples after the epoch; nil when there are none.
  public var validation: Evaluation?
  /// Seconds that the training part of the epoch took, validation left out.
  public var seconds: Double
  /// The learning rate in force at the end of the epoch.
  public var learningRate: Double

  /// Makes a record.
  public init(
    epoch: Int, training: Evaluation, validation: Evaluation? = nil, seconds: Double, learningRate: Double
  ) {
    self.epoch = epoch
    self.training = training
    self.validation = validation
    self.seconds = seconds
    self.learningRate = learningRate
  }

  /// Training samples per second.
  public var samplesPerSecond: Double {
    seconds > 0 ? Double(training.sampleCount) / seconds : 0
  }
}

/// The records of a training run, epoch by epoch. Printed, it is an aligned table.
public struct History: Equatable, Sendable, CustomStringConvertible {
  /// The records in order of time.
  public private(set) var epochs: [EpochRecord] = []

  /// An empty history.
  public init() {}

  /// Adds the next epoch.
  public mutating func append(_ record: EpochRecord) {
    epochs.append(record)
  }

  /// The record with the lowest validation loss, or training loss where there is no validation; nil when empty.
  public var best: EpochRecord? {
    let judged = epochs.map { (record: $0, loss: ($0.validation ?? $0.training).loss) }
    return judged.filter { !$0.loss.isNaN }.min { $0.loss < $1.loss }?.record
  }

  /// The metrics that any epoch has, in order of first appearance.
  var metricNames: [String] {
    var names: [String] = []
    for record in epochs {
      for metric in record.training.metrics + (record.validation?.metrics ?? []) where !names.contains(metric.name) {
        names.append(metric.name)
      }
    }
    return names
  }

  var hasValidation: Bool { epochs.contains { $0.validation != nil } }

  /// The history as a table: loss with four digits, metrics with four, time and samples per second.
  public var description: String {
    var header = ["epoch", "loss"] + metricNames
    if hasValidation { header += (["loss"] + metricNames).map { "test " + $0 } }
    header += ["seconds", "samples/s"]
    var table = TextTable(header, header.map { _ in .right })
    for record in epochs {
      var row = ["\(record.epoch)"] + cells(record.training, places: 4)
      if hasValidation { row += cells(record.validation, places: 4) }
      row += [decimal(record.seconds, places: 2), grouped(Int(record.samplesPerSecond.rounded()))]
      table.add(row)
    }
    return table.text
  }

  /// The history as comma-separated values, for a spreadsheet: a header line, then a line for each epoch.
  ///
  /// The columns are `epoch`, `train_loss` and `train_METRIC` for every metric, then, when there was validation,
  /// `test_loss` and `test_METRIC`, then `seconds`, `samples_per_second`, `learning_rate`. Numbers have all their
  /// digits; what is not known stays empty.
  public var csv: String {
    var header = ["epoch"] + (["loss"] + metricNames).map { "train_" + $0 }
    if hasValidation { header += (["loss"] + metricNames).map { "test_" + $0 } }
    header += ["seconds", "samples_per_second", "learning_rate"]
    var lines = [header.map(quoted).joined(separator: ",")]
    for record in epochs {
      var row = ["\(record.epoch)"] + cells(record.training, places: nil)
      if hasValidation { row += cells(record.validation, places: nil) }
      row += ["\(record.seconds)", "\(record.samplesPerSecond)", "\(record.learningRate)"]
      lines.append(row.joined(separator: ","))
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Writes `csv` to a file.
  ///
  /// - Throws: `DataError` of kind `unwritable`.
  public func writeCSV(to path: String) throws(DataError) {
    try FileAccess.write(Array(csv.utf8), to: path)
  }

  private func cells(_ evaluation: Evaluation?, places: Int?) -> [String] {
    let values = [evaluation?.loss] + metricNames.map { name in evaluation.flatMap { $0[name] } }
    return values.map { value in
      guard let value else { return places == nil ? "" : "–" }
      return places.map { decimal(value, places: $0) } ?? "\(value)"
    }
  }

  /// A field with the quotes that RFC 4180 asks for.
  private func quoted(_ field: String) -> String {
    guard field.contains(where: { $0 == "," || $0 == "\"" || $0.isNewline }) else { return field }
    return "\"" + field.map { $0 == "\"" ? "\"\"" : String($0) }.joined() + "\""
  }
}
