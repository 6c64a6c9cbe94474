import ApusNN
import ApusTensor

/// A figure by which a classifier is judged, averaged over samples.
public struct Metric: Sendable {
  /// The name under which the figure appears in tables and files, as `"accuracy"`.
  public let name: String
  private let sum: @Sendable (_ scores: Tensor<Float>, _ targets: IndexTensor) -> Double

  /// Makes a metric.
  ///
  /// - Parameters:
  ///   - name: The name, in lower case.
  ///   - sum: The figure summed over the samples of a batch, from the model's output and the targets.
  public init(
    _ name: String, sum: @escaping @Sendable (_ scores: Tensor<Float>, _ targets: IndexTensor) -> Double
  ) {
    self.name = name
    self.sum = sum
  }

  /// The figure summed over a batch.
  public func callAsFunction(_ scores: Tensor<Float>, _ targets: IndexTensor) -> Double {
    sum(scores, targets)
  }

  /// The fraction of samples whose class has the highest score.
  public static let accuracy = Metric("accuracy") { scores, targets in
    Double(zip(predictedClasses(scores), targets.values).count { $0 == $1 })
  }

  /// The fraction of samples whose class is among the `count` highest scores.
  ///
  /// - Precondition: `count` is positive.
  public static func topAccuracy(_ count: Int) -> Metric {
    demand(count > 0, "topAccuracy(\(count)): the count must be positive")
    return Metric("top\(count)_accuracy") { scores, targets in
      let classes = scores.shape[1]
      let values = scores.scalars
      return Double(
        targets.values.enumerated().count { row, target in
          let row = values[row * classes..<(row + 1) * classes]
          let own = row[row.startIndex + target]
          // A NaN is no better than any score, but a sample whose own score is NaN is not right.
          return !own.isNaN && row.count { $0 > own } < count
        })
    }
  }
}

/// The class with the highest score in every row of [batch, classes]; the first of several. A NaN counts as highest,
/// so that a model gone wrong does not look right.
///
/// - Precondition: Two dimensions, at least one class.
public func predictedClasses<Scalar: TensorScalar>(_ scores: Tensor<Scalar>) -> [Int] {
  demand(
    scores.rank == 2 && scores.shape[1] > 0, "predictedClasses needs scores [batch, classes], not \(scores.shape)")
  return highestColumns(scores.detached(), classes: scores.shape[1])
}

@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func highestColumns<Scalar: TensorScalar>(_ scores: Tensor<Scalar>, classes: Int) -> [Int] {
  scores.contiguous().withUnsafeScalars { values in
    (0..<values.count / classes).map { row in
      var best = 0
      var highest = values[row * classes]
      for column in 1..<max(classes, 1) where !highest.isNaN {
        let value = values[row * classes + column]
        if value > highest || value.isNaN { (best, highest) = (column, value) }
      }
      return best
    }
  }
}
