import Apus
import Testing

@Suite struct GoldenOptimizers {
  static let run: Set<String> = ["sgd", "adam", "adamw"]
  static let outOfSlice = [
    "rmsprop": "no such optimizer yet", "adagrad": "no such optimizer yet", "adadelta": "no such optimizer yet",
    "adamax": "no such optimizer yet", "nadam": "no such optimizer yet", "radam": "no such optimizer yet",
    "clip_grad_norm": "no clipping yet", "clip_grad_value": "no clipping yet",
  ]

  @Test func everyCaseIsKnown() {
    expectEveryCaseIsKnown("optimizer", run: Self.run, outOfSlice: Self.outOfSlice)
  }

  @Test(arguments: GoldenFile.all("optimizer").filter { run.contains($0.op) })
  func optimizers(_ file: GoldenFile) {
    check(file, Double.self)
    check(file, Float.self)
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
    switch file.op {
    case "sgd":
      return SGD(
        parameters, learningRate: rate, momentum: file.number("momentum"), dampening: file.number("dampening"),
        weightDecay: decay, nesterov: file.flag("nesterov"))
    case "adam":
      return Adam(
        parameters, learningRate: rate, betas: (file.numbers("betas")[0], file.numbers("betas")[1]),
        epsilon: file.number("eps"), weightDecay: decay, amsgrad: file.flag("amsgrad"))
    default:
      return AdamW(
        parameters, learningRate: rate, betas: (file.numbers("betas")[0], file.numbers("betas")[1]),
        epsilon: file.number("eps"), weightDecay: decay, amsgrad: file.flag("amsgrad"))
    }
  }
}
