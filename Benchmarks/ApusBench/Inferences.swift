import Apus

/// Three models in evaluation mode, one image and a thousand at a time. The same list as peers/infer.py.
func inferences() -> [Work] {
  [ModelZoo.mlp, .cnn, .kerasCNN].flatMap { model in
    [1, 1000].map { batch in
      Work(
        op: "infer", shape: "\(model.name) batch \(batch)", operations: model.forwardOperations * Double(batch)
      ) {
        let network = withSeed(1) { model.make() }
        network.eval()
        var random = Random(seed: 1)
        let images = Tensor<Float>.uniform([batch, 1, 28, 28], using: &random)
        return { withoutGradients { _ = network(images) } }
      }
    }
  }
}
