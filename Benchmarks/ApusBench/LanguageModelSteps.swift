import Apus

/// One training step of each language model of `apus train lm`, on a batch that stays: forward, backward, a limit for the norm of
/// the gradients, AdamW. A recurrent model goes on with the state that the step before ended with.
func languageModelSteps() -> [Work] {
  let symbols = 65
  func work(
    _ name: String, batch: Int, steps: Int, multiplyAdds: Int, make: @escaping () -> any LanguageModel<Float>
  ) -> Work {
    // Backward each product is taken twice: for its weights and for its input.
    Work(op: "lm-step", shape: "\(name) \(batch)x\(steps)", operations: 2 * 3 * Double(batch * steps * multiplyAdds)) {
      let model = withSeed(1) { make() }
      model.train()
      let optimizer = ClippedOptimizer(AdamW(model.parameters, learningRate: 1e-3), maximumNorm: 1)
      var random = Random(seed: 1)
      func draw(_ shape: Shape) -> IndexTensor {
        IndexTensor((0..<shape.elementCount).map { _ in random.integer(below: symbols) }, shape: shape)
      }
      let (inputs, targets) = (draw([batch, steps]), draw([batch * steps]))
      var state = LanguageModelState<Float>()
      return {
        optimizer.zeroGradients()
        let scores = model.contextLength == nil ? model(inputs, state: &state) : model(inputs)
        crossEntropy(scores.reshaped(-1, symbols), targets).backward()
        state = state.detached()
        optimizer.step()
      }
    }
  }
  return [
    work("lstm", batch: 32, steps: 64, multiplyAdds: 4 * 256 * 512 + 256 * symbols) {
      RecurrentLanguageModel(symbols, cell: .lstm, embeddingSize: 256, hiddenSize: 256)
    },
    work("gru", batch: 32, steps: 64, multiplyAdds: 3 * 256 * 512 + 256 * symbols) {
      RecurrentLanguageModel(symbols, cell: .gru, embeddingSize: 256, hiddenSize: 256)
    },
    work(
      "gpt", batch: 16, steps: 128,
      multiplyAdds: 4 * 12 * 128 * 128 + 128 * symbols + 4 * 2 * 128 * 128
    ) {
      GPT(symbols, width: 128, layers: 4, heads: 4, context: 128)
    },
  ]
}
