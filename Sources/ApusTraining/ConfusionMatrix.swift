import ApusNN
import ApusTensor

/// Counts of what a classifier said, by what was true: row `i`, column `j` holds the samples of class `i` that were
/// taken for class `j`. Printed, it is a table with precision, recall and F1 of every class.
public struct ConfusionMatrix: Equatable, Sendable, CustomStringConvertible {
  /// The number of classes.
  public let classCount: Int
  /// The names of the classes, their numbers unless given.
  public let classNames: [String]
  private var counts: [Int]

  /// A matrix of zeros.
  ///
  /// - Precondition: At least one class; as many names as classes, when there are names.
  public init(classCount: Int, classNames: [String]? = nil) {
    demand(classCount > 0, "a confusion matrix needs at least one class, not \(classCount)")
    demand(
      classNames == nil || classNames?.count == classCount,
      "\(classNames?.count ?? 0) class names for \(classCount) classes")
    self.classCount = classCount
    self.classNames = classNames ?? (0..<classCount).map { "\($0)" }
    counts = Array(repeating: 0, count: classCount * classCount)
  }

  /// How many samples of class `truth` were taken for class `prediction`.
  public subscript(truth: Int, prediction: Int) -> Int {
    counts[index(truth, prediction)]
  }

  /// Counts one sample.
  public mutating func add(truth: Int, prediction: Int) {
    counts[index(truth, prediction)] += 1
  }

  /// Counts a batch of samples.
  ///
  /// - Precondition: As many predictions as truths, all of them classes of the matrix.
  public mutating func add(truths: [Int], predictions: [Int]) {
    demand(truths.count == predictions.count, "\(truths.count) truths and \(predictions.count) predictions")
    for (truth, prediction) in zip(truths, predictions) { add(truth: truth, prediction: prediction) }
  }

  /// Counts a batch given by its scores [batch, classes], of which the highest is the prediction.
  public mutating func add<Scalar: TensorScalar>(truths: IndexTensor, scores: Tensor<Scalar>) {
    add(truths: truths.values, predictions: predictedClasses(scores))
  }

  /// Samples in all.
  public var total: Int { counts.reduce(0, +) }

  /// The fraction of samples taken for what they are; 0 when there is none.
  public var accuracy: Double {
    ratio((0..<classCount).reduce(0) { $0 + self[$1, $1] }, total)
  }

  /// Of the samples taken for `class`, the fraction that is; 0 when there is none.
  public func precision(_ class: Int) -> Double {
    ratio(self[`class`, `class`], (0..<classCount).reduce(0) { $0 + self[$1, `class`] })
  }

  /// Of the samples of `class`, the fraction that was found; 0 when there is none.
  public func recall(_ class: Int) -> Double {
    ratio(self[`class`, `class`], support(`class`))
  }

  /// The harmonic mean of precision and recall; 0 when both are.
  public func f1(_ class: Int) -> Double {
    let precision = precision(`class`)
    let recall = recall(`class`)
    return precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0
  }

  /// How many samples belong to `class`.
  public func support(_ class: Int) -> Int {
    (0..<classCount).reduce(0) { $0 + self[`class`, $1] }
  }

  /// The mean of the classes' F1, each class counting the same.
  public var macroF1: Double {
    (0..<classCount).reduce(0) { $0 + f1($1) } / Double(classCount)
  }

  /// A table: rows are the true classes, columns the predicted ones, zeros are dots.
  public var description: String {
    let header = ["true"] + classNames + ["precision", "recall", "F1", "samples"]
    var table = TextTable(header, header.map { _ in .right })
    for row in 0..<classCount {
      var cells = [classNames[row]]
      cells += (0..<classCount).map { self[row, $0] == 0 ? "·" : "\(self[row, $0])" }
      cells += [precision(row), recall(row), f1(row)].map { decimal($0, places: 4) }
      table.add(cells + ["\(support(row))"])
    }
    let correct = (0..<classCount).reduce(0) { $0 + self[$1, $1] }
    return table.text + "\naccuracy \(decimal(accuracy, places: 4)) (\(correct) of \(total)), macro F1 "
      + decimal(macroF1, places: 4)
  }

  private func index(_ truth: Int, _ prediction: Int) -> Int {
    let classes = 0..<classCount
    demand(
      classes.contains(truth) && classes.contains(prediction),
      "truth \(truth), prediction \(prediction): a class is not in \(classes)")
    return truth * classCount + prediction
  }

  private func ratio(_ part: Int, _ whole: Int) -> Double {
    whole > 0 ? Double(part) / Double(whole) : 0
  }
}
