import Apus
import Testing

@Suite struct GoldenLosses {
  static let run: Set<String> = [
    "mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "cross_entropy", "nll_loss", "binary_cross_entropy",
    "binary_cross_entropy_with_logits", "kl_div", "cosine_embedding_loss", "hinge_loss", "hinge_embedding_loss",
    "margin_ranking_loss", "multi_margin_loss", "triplet_margin_loss",
  ]

  @Test func everyCaseIsKnown() {
    expectEveryCaseIsKnown("loss", run: Self.run, outOfSlice: [:])
  }

  @Test(arguments: GoldenFile.all("loss").filter { run.contains($0.op) })
  func losses(_ file: GoldenFile) {
    check(file, Double.self)
    check(file, Float.self)
  }

  private func check<Scalar: TensorScalar>(_ file: GoldenFile, _: Scalar.Type) {
    var inputs: [Tensor<Scalar>] = []
    while let entry = file.tensors["input.\(inputs.count)"] {
      var input: Tensor<Scalar> = file.tensor("input.\(inputs.count)")
      input.requiresGradient = !entry.isInteger && file.tensors["gradient.input.\(inputs.count)"] != nil
      inputs.append(input)
    }
    let value = loss(file, inputs)
    file.expect(value, "output.0")
    file.backward([value])
    for (index, input) in inputs.enumerated() where input.requiresGradient {
      file.expect(input.gradient, "gradient.input.\(index)")
    }
  }

  private func loss<Scalar: TensorScalar>(_ file: GoldenFile, _ inputs: [Tensor<Scalar>]) -> Tensor<Scalar> {
    let input = inputs[0]
    let reduction: Reduction =
      switch file.string("reduction") {
      case "mean": .mean
      case "sum": .sum
      default: .none
      }
    func target() -> Tensor<Scalar> { inputs[1] }
    func margin() -> Double { file.number("margin") }
    switch file.op {
    case "kl_div":
      let reductions: [String: DivergenceReduction] = [
        "mean": .mean, "batchmean": .batchMean, "sum": .sum, "none": .none,
      ]
      return klDivergence(
        input, target(), logTarget: file.flag("log_target"), reduction: reductions[file.string("reduction")]!)
    case "cosine_embedding_loss":
      return cosineEmbeddingLoss(input, inputs[1], signs(file), margin: margin(), reduction: reduction)
    case "hinge_loss": return hingeLoss(input, target(), margin: margin(), reduction: reduction)
    case "hinge_embedding_loss": return hingeEmbeddingLoss(input, target(), margin: margin(), reduction: reduction)
    case "margin_ranking_loss":
      return marginRankingLoss(input, inputs[1], signs(file), margin: margin(), reduction: reduction)
    case "multi_margin_loss":
      return multiMarginLoss(
        input, file.indices("input.1"), p: file.integer("p"), margin: margin(), reduction: reduction)
    case "triplet_margin_loss":
      return tripletMarginLoss(
        input, inputs[1], inputs[2], margin: margin(), p: file.number("p"), epsilon: file.number("eps"),
        swap: file.flag("swap"), reduction: reduction)
    case "mse_loss": return mseLoss(input, target(), reduction: reduction)
    case "l1_loss": return l1Loss(input, target(), reduction: reduction)
    case "smooth_l1_loss": return smoothL1Loss(input, target(), beta: file.number("beta"), reduction: reduction)
    case "huber_loss": return huberLoss(input, target(), delta: file.number("delta"), reduction: reduction)
    case "cross_entropy":
      let weight = file.optionalInput("weight", Scalar.self)
      let smoothing = file.number("label_smoothing")
      guard file.tensors["input.1"]!.isInteger else {
        return crossEntropy(input, target(), weight: weight, labelSmoothing: smoothing, reduction: reduction)
      }
      return crossEntropy(
        input, file.indices("input.1"), weight: weight, ignoreIndex: file.integer("ignore_index"),
        labelSmoothing: smoothing, reduction: reduction)
    case "nll_loss":
      return nllLoss(
        input, file.indices("input.1"), weight: file.optionalInput("weight"),
        ignoreIndex: file.integer("ignore_index"), reduction: reduction)
    case "binary_cross_entropy":
      return binaryCrossEntropy(input, target(), weight: file.optionalInput("weight"), reduction: reduction)
    default:
      return binaryCrossEntropyWithLogits(
        input, target(), weight: file.optionalInput("weight"), positiveWeight: file.optionalInput("pos_weight"),
        reduction: reduction)
    }
  }

  private func signs<Scalar: TensorScalar>(_ file: GoldenFile) -> Tensor<Scalar> { file.tensor("input.2") }
}
