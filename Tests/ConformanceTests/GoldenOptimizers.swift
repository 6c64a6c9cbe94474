import Apus
import Testing

@Suite struct GoldenOptimizers {
  static let run: Set<String> = [
    "sgd", "adam", "adamw", "rmsprop", "adagrad", "adadelta", "adamax", "nadam", "radam",
  ]
  static let clipping: Set<String> = ["clip_grad_norm", "clip_grad_value"]

  @Test func everyCaseIsKnown() {
    expectEveryCaseIsKnown("optimizer", run: Self.run.union(Self.clipping), outOfSlice: [:])
  }

  @Test(arguments: GoldenFile.all("optimizer").filter { run.contains($0.op) })
  func optimizers(_ file: GoldenFile) {
    check(file, Double.self)
    check(file, Float.self)
  }

  @Test(arguments: GoldenFile.all("optimizer").filter { clipping.contains($0.op) })
  func clippedGradients(_ file: GoldenFile) {
    clip(file, Double.self)
    clip(file, Float.self)
  }

  private func clip<Scalar: TensorScalar>(_ file: GoldenFile, _: Scalar.Type) {
    var parameters: [Parameter<Scalar>] = []
    while file.tensors["input.\(parameters.count)"] != nil {
      let gradient: Tensor<Scalar> = file.tensor("input.\(parameters.count)")
      parameters.append(Parameter(.zeros(gradient.shape)))
      parameters.last!.gradient = gradient
    }
    if file.op == "clip_grad_norm" {
      let norm = clipGradientNorm(
        parameters, maximum: file.number("max_norm"),
        p: file.isString("norm_type") ? .infinity : file.number("norm_type"))
      file.expect(Tensor(Scalar(norm)), "output.\(parameters.count)")
    } else {
      clipGradientValue(parameters, limit: file.number("clip_value"))
    }
    for (index, parameter) in parameters.enumerated() { file.expect(parameter.gradient, "output.\(index)") }
  }

  /// Feeds the given gradients step by step and holds the stacked values of every parameter against the reference.
  private func check<Scalar: TensorScalar>(_ file: GoldenFile, _: Scalar.Type) {
    let names = file.strings("parameter_names")
    let parameters = names.map { Parameter<Scalar>(file.tensor("parameter.\($0)")) }
    let optimizer = make(file, parameters)
    let gradients = names.indices.map { file.tensors["input.\($0)"]!.values.map { Scalar($0) } }
    var trace = names.map { _ in [Scalar]() }
    for step in 0..<file.integer("steps") {
      optimizer.zeroGradients()
      for (index, parameter) in parameters.enumerated() {
        let count = parameter.value.elementCount
        parameter.gradient = Tensor(
          Array(gradients[index][step * count..<(step + 1) * count]), shape: parameter.shape)
      }
      optimizer.step()
      for (index, parameter) in parameters.enumerated() { trace[index] += parameter.value.scalars }
    }
    for index in names.indices {
      let shape = Shape([file.integer("steps")] + Array(parameters[index].shape))
      file.expect(Tensor(trace[index], shape: shape), "output.\(index)")
    }
  }

  private func make<Scalar: TensorScalar>(
    _ file: GoldenFile, _ parameters: [Parameter<Scalar>]
  ) -> any Optimizer<Scalar> {
    let rate = file.number("lr")
    let decay = file.number("weight_decay")
    func betas() -> (Double, Double) { (file.numbers("betas")[0], file.numbers("betas")[1]) }
    switch file.op {
    case "rmsprop":
      return RMSprop(
        parameters, learningRate: rate, alpha: file.number("alpha"), epsilon: file.number("eps"), weightDecay: decay,
        momentum: file.number("momentum"), centered: file.flag("centered"))
    case "adagrad":
      return Adagrad(
        parameters, learningRate: rate, learningRateDecay: file.number("lr_decay"), weightDecay: decay,
        initialAccumulator: file.number("initial_accumulator_value"), epsilon: file.number("eps"))
    case "adadelta":
      return Adadelta(
        parameters, learningRate: rate, rho: file.number("rho"), epsilon: file.number("eps"), weightDecay: decay)
    case "adamax":
      return Adamax(parameters, learningRate: rate, betas: betas(), epsilon: file.number("eps"), weightDecay: decay)
    case "nadam":
      return NAdam(
        parameters, learningRate: rate, betas: betas(), epsilon: file.number("eps"), weightDecay: decay,
        momentumDecay: file.number("momentum_decay"), decoupledWeightDecay: file.flag("decoupled_weight_decay"))
    case "radam":
      return RAdam(
        parameters, learningRate: rate, betas: betas(), epsilon: file.number("eps"), weightDecay: decay,
        decoupledWeightDecay: file.flag("decoupled_weight_decay"))
    case "sgd":
      return SGD(
        parameters, learningRate: rate, momentum: file.number("momentum"), dampening: file.number("dampening"),
        weightDecay: decay, nesterov: file.flag("nesterov"))
    case "adam":
      return Adam(
        parameters, learningRate: rate, betas: betas(),
        epsilon: file.number("eps"), weightDecay: decay, amsgrad: file.flag("amsgrad"))
    default:
      return AdamW(
        parameters, learningRate: rate, betas: betas(),
        epsilon: file.number("eps"), weightDecay: decay, amsgrad: file.flag("amsgrad"))
    }
  }
}
