import ApusTensor

extension GradientCheckRegistry {
  /// A loss of inputs that are normally distributed, or probabilities well inside 0 … 1 where their number says so.
  private static func loss(
    _ name: String, _ shapes: [Shape], probabilities: Set<Int> = [],
    _ function: @escaping @Sendable ([Tensor<Double>]) -> Tensor<Double>
  ) -> GradientCheckEntry {
    GradientCheckEntry(
      name,
      inputs: { random in
        shapes.enumerated().map { index, shape in
          probabilities.contains(index)
            ? .uniform(shape, 0.05, 0.95, using: &random) : .normal(shape, using: &random)
        }
      }, function)
  }

  private static let classes = IndexTensor([2, 0, 1, 2], shape: [4])
  private static let weights = Tensor<Double>([0.5, 2, 1])
  private static let signs = Tensor<Double>([1, -1, 1, 1, -1, -1, 1, -1, 1, 1, 1, -1], shape: [3, 4])

  /// Every loss.
  public static let losses: [GradientCheckEntry] = [
    loss("crossEntropy", [[4, 3]]) { crossEntropy($0[0], classes) },
    loss("crossEntropy, weighted, ignoring", [[4, 3]]) {
      crossEntropy($0[0], classes, weight: weights, ignoreIndex: 0, reduction: .sum)
    },
    loss("crossEntropy, smoothed", [[4, 3]]) {
      crossEntropy($0[0], classes, weight: weights, labelSmoothing: 0.2, reduction: .none)
    },
    loss("crossEntropy, of pixels", [[2, 3, 2]]) {
      crossEntropy($0[0], IndexTensor([0, 1, 2, 2], shape: [2, 2]))
    },
    loss("crossEntropy, against probabilities", [[4, 3], [4, 3]], probabilities: [1]) {
      crossEntropy($0[0], $0[1], weight: weights, labelSmoothing: 0.1)
    },
    loss("nllLoss", [[4, 3]]) { nllLoss($0[0], classes, weight: weights) },
    loss("nllLoss, of pixels", [[2, 3, 2]]) {
      nllLoss($0[0], IndexTensor([0, 1, 2, 2], shape: [2, 2]), reduction: .none)
    },
    loss("mseLoss", [[3, 4], [3, 4]]) { mseLoss($0[0], $0[1]) },
    loss("l1Loss", [[3, 4], [3, 4]]) { l1Loss($0[0], $0[1], reduction: .sum) },
    loss("smoothL1Loss", [[3, 4], [3, 4]]) { smoothL1Loss($0[0], $0[1], beta: 0.7) },
    loss("huberLoss", [[3, 4], [3, 4]]) { huberLoss($0[0], $0[1], delta: 0.7, reduction: .none) },
    loss("binaryCrossEntropy", [[3, 4], [3, 4]], probabilities: [0, 1]) {
      binaryCrossEntropy($0[0], $0[1], weight: Tensor([1, 2, 3, 4]))
    },
    loss("binaryCrossEntropyWithLogits", [[3, 4], [3, 4]], probabilities: [1]) {
      binaryCrossEntropyWithLogits(
        $0[0], $0[1], weight: Tensor([1, 2, 3, 4]), positiveWeight: Tensor([3, 1, 0.5, 2]), reduction: .none)
    },
    loss("klDivergence", [[3, 4], [3, 4]], probabilities: [1]) { klDivergence($0[0], $0[1], reduction: .batchMean) },
    loss("klDivergence, of logarithms", [[3, 4], [3, 4]]) { klDivergence($0[0], $0[1], logTarget: true) },
    loss("gaussianNLLLoss", [[3, 4], [3, 4], [3, 4]], probabilities: [2]) {
      gaussianNLLLoss($0[0], $0[1], variance: $0[2], full: true)
    },
    loss("poissonNLLLoss", [[3, 4], [3, 4]]) { poissonNLLLoss($0[0], $0[1], reduction: .sum) },
    loss("poissonNLLLoss, of rates", [[3, 4], [3, 4]], probabilities: [0]) {
      poissonNLLLoss($0[0], $0[1], logInput: false)
    },
    loss("standardNormalDivergence", [[3, 4], [3, 4]]) {
      standardNormalDivergence(mean: $0[0], logVariance: $0[1])
    },
    loss("standardNormalDivergence, of codes that are drawn too", [[3, 4], [3, 4], [3, 4]]) {
      let codes = reparameterized(mean: $0[0], logVariance: $0[1], noise: $0[2])
      return standardNormalDivergence(mean: $0[0], logVariance: $0[1], reduction: .none) + sin(codes).sum(dim: 1)
    },
    loss("hingeLoss", [[3, 4]]) { hingeLoss($0[0], signs, reduction: .none) },
    loss("hingeEmbeddingLoss", [[3, 4]]) { hingeEmbeddingLoss($0[0], signs, margin: 0.7) },
    loss("softMarginLoss", [[3, 4]]) { softMarginLoss($0[0], signs) },
    loss("marginRankingLoss", [[3, 4], [3, 4]]) { marginRankingLoss($0[0], $0[1], signs, margin: 0.3) },
    loss("multiMarginLoss", [[4, 3]]) { multiMarginLoss($0[0], classes, weight: weights) },
    loss("multiMarginLoss, squared", [[4, 3]]) { multiMarginLoss($0[0], classes, p: 2, margin: 0.6, reduction: .none) },
    loss("tripletMarginLoss", [[3, 4], [3, 4], [3, 4]]) { tripletMarginLoss($0[0], $0[1], $0[2]) },
    loss("tripletMarginLoss, swapped", [[3, 4], [3, 4], [3, 4]]) {
      tripletMarginLoss($0[0], $0[1], $0[2], margin: 2, p: 3, swap: true, reduction: .sum)
    },
    loss("cosineEmbeddingLoss", [[3, 4], [3, 4]]) {
      cosineEmbeddingLoss($0[0], $0[1], Tensor([1, -1, 1]), margin: -0.5)
    },
  ]
}
