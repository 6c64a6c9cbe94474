import ApusData
import ApusNN
import ApusTensor

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// How good made-up images are, as a trained classifier sees them: whether each is clearly of a class, and whether all
/// classes are there.
public struct SampleQuality: Equatable, Sendable {
  /// The mean of the probability of the likeliest class, at most 1. Low for images that look like nothing.
  public let confidence: Double
  /// How many images each class was the likeliest of.
  public let histogram: [Int]
  /// The inception score (Salimans et al. 2016), exp of the mean over images of KL(p(class | image) ‖ p(class)), here with
  /// the classifier at hand in the place of the Inception network: 1 at worst, the number of classes at best.
  public let score: Double

  /// The entropy of the histogram in bits: 0 when all images are of one class, `maximumEntropy` when every class has as
  /// many.
  public var entropy: Double {
    let total = Double(max(histogram.reduce(0, +), 1))
    return histogram.reduce(0) { sum, count in
      let part = Double(count) / total
      return count == 0 ? sum : sum - part * log2(part)
    }
  }

  /// The entropy of classes that are all equally frequent, in bits.
  public var maximumEntropy: Double { log2(Double(histogram.count)) }

  /// Judges by the probability of every class for each image, [images, classes].
  ///
  /// - Precondition: There is an image, and a class.
  public init(probabilities: Tensor<Float>) {
    demand(
      probabilities.rank == 2 && probabilities.elementCount > 0,
      "SampleQuality: probabilities of shape \(probabilities.shape) are not [images, classes]")
    let (count, classes) = (probabilities.shape[0], probabilities.shape[1])
    let numbers = probabilities.scalars
    var histogram = [Int](repeating: 0, count: classes)
    var marginal = [Double](repeating: 0, count: classes)
    var confidence = 0.0
    for image in 0..<count {
      let row = numbers[image * classes..<(image + 1) * classes]
      let best = row.indices.max { row[$0] < row[$1] } ?? row.startIndex
      histogram[best - row.startIndex] += 1
      confidence += Double(row[best])
      for (place, value) in row.enumerated() { marginal[place] += Double(value) / Double(count) }
    }
    var divergence = 0.0
    for (place, value) in numbers.enumerated() where value > 0 {
      divergence += Double(value) * log(Double(value) / marginal[place % classes])
    }
    self.histogram = histogram
    self.confidence = confidence / Double(count)
    score = exp(divergence / Double(count))
  }
}

/// A classifier that judges made-up images.
public struct SampleJudge {
  private let classifier: Sequential
  private let normalization: Normalize

  /// Makes a judge of a trained classifier, which is put into evaluation mode.
  ///
  /// - Parameters:
  ///   - classifier: Gives scores, or log-probabilities, of classes for images.
  ///   - normalization: What is done to values 0 … 1 before the classifier sees them.
  public init(_ classifier: Sequential, normalization: Normalize = Normalize(mean: 0, deviation: 1)) {
    self.classifier = classifier.eval()
    self.normalization = normalization
  }

  /// The quality of images with values 0 … 1, [count, 1, height, width].
  ///
  /// - Precondition: There are images, and the classifier takes them.
  public func callAsFunction(_ images: Tensor<Float>) -> SampleQuality {
    withoutGradients {
      let parts = images.split(256).map { softmax(classifier(normalization($0)), dim: 1) }
      return SampleQuality(probabilities: concatenated(parts))
    }
  }
}
