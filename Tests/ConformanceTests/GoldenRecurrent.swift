import Apus
import Testing

/// Recurrent layers: sequences, last states, and the gradients of inputs, first states and weights.
@Suite struct GoldenRecurrent {
  static let run: Set<String> = ["rnn", "lstm", "gru"]

  @Test func everyCaseIsKnown() {
    expectEveryCaseIsKnown("recurrent", run: Self.run, outOfSlice: [:])
  }

  @Test(arguments: GoldenFile.all("recurrent"))
  func layers(_ file: GoldenFile) throws {
    try check(file, Double.self)
    try check(file, Float.self)
  }

  private func check<Scalar: TensorScalar>(_ file: GoldenFile, _: Scalar.Type) throws {
    let (inputs, size, layers) = (file.integer("input_size"), file.integer("hidden_size"), file.integer("num_layers"))
    let (bias, batchFirst, both) = (file.flag("bias"), file.flag("batch_first"), file.flag("bidirectional"))
    var leaves: [Tensor<Scalar>] = []
    while file.tensors["input.\(leaves.count)"] != nil {
      leaves.append(file.tensor("input.\(leaves.count)").requiringGradient())
    }
    let hidden = file.flag("initial_state") ? leaves[1] : nil
    switch file.op {
    case "rnn":
      let model = Layers<Scalar>.RNN(
        inputs, size, layers: layers, nonlinearity: file.string("nonlinearity") == "tanh" ? .tanh : .relu, bias: bias,
        batchFirst: batchFirst, bidirectional: both)
      try finish(file, model, leaves) { model(leaves[0], hidden: hidden) }
    case "gru":
      let model = Layers<Scalar>.GRU(
        inputs, size, layers: layers, bias: bias, batchFirst: batchFirst, bidirectional: both)
      try finish(file, model, leaves) { model(leaves[0], hidden: hidden) }
    default:
      let model = Layers<Scalar>.LSTM(
        inputs, size, layers: layers, bias: bias, batchFirst: batchFirst, bidirectional: both)
      try finish(file, model, leaves) {
        model(leaves[0], hidden: hidden, cellState: hidden == nil ? nil : leaves[2])
      }
    }
  }

  private func finish<Model: Module>(
    _ file: GoldenFile, _ model: Model, _ leaves: [Tensor<Model.Scalar>], _ run: () -> RecurrentOutput<Model.Scalar>
  ) throws {
    try model.load(file.state(Model.Scalar.self))
    let result = run()
    let outputs = [result.output, result.hidden] + (result.cellState.map { [$0] } ?? [])
    for (index, output) in outputs.enumerated() { file.expect(output, "output.\(index)") }
    file.backward(outputs)
    for (index, leaf) in leaves.enumerated() where file.tensors["gradient.input.\(index)"] != nil {
      file.expect(leaf.gradient, "gradient.input.\(index)")
    }
    file.expectState(model)
  }
}
