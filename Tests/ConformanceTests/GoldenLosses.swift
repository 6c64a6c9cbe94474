import Apus
import Testing

@Suite struct GoldenLosses {
  static let run: Set<String> = [
    "mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "cross_entropy", "nll_loss", "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
  ]
  static let outOfSlice = [
    "kl_div": "no such loss yet", "cosine_embedding_loss": "no such loss yet", "hinge_loss": "no such loss yet",
    "hinge_embedding_loss": "no such loss yet", "margin_ranking_loss": "no such loss yet",
    "multi_margin_loss": "no such loss yet", "triplet_margin_loss": "no such loss yet",
  ]

  @Test func everyCaseIsKnown() {
    expectEveryCaseIsKnown("loss", run: Self.run, outOfSlice: Self.outOfSlice)
  }

  @Test(arguments: GoldenFile.all("loss").filter { run.contains($0.op) })
  func losses(_ file: GoldenFile) {
    check(file, Double.self)
    check(file, Float.self)
  }

  private func check<Scalar: TensorScalar>(_ file: GoldenFile, _: Scalar.Type) {
    var input: Tensor<Scalar> = file.tensor("input.0")
    input.requiresGradient = true
    let value = loss(file, input)
    file.expect(value, "output.0")
    file.backward([value])
    file.expect(input.gradient, "gradient.input.0")
  }

  private func loss<Scalar: TensorScalar>(_ file: GoldenFile, _ input: Tensor<Scalar>) -> Tensor<Scalar> {
    let reduction: Reduction =
      switch file.string("reduction") {
      case "mean": .mean
      case "sum": .sum
      default: .none
      }
    func target() -> Tensor<Scalar> { file.tensor("input.1") }
    switch file.op {
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
}
