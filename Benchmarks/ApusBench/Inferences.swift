import Apus

/// Plans of three models, one image and a thousand at a time. The same list as peers/infer.py.
func inferences() -> [Work] {
  [ModelZoo.mlp, .cnn, .kerasCNN].flatMap { model in
    [1, 1000].map { batch in
      Work(
        op: "infer", shape: "\(model.name) batch \(batch)", operations: model.forwardOperations * Double(batch)
      ) {
        let network = withSeed(1) { model.make() }
        guard let plan = try? InferencePlan(network, inputShape: [1, 28, 28]) else { fail("\(model.name) has no plan") }
        var random = Random(seed: 1)
        let images = Tensor<Float>.uniform([batch, 1, 28, 28], using: &random)
        // As the peer, into memory that is there already.
        let scores = UnsafeMutableBufferPointer<Float>.allocate(capacity: batch * 10)
        return { images.withUnsafeScalars { plan.predict(into: scores, from: $0) } }
      }
    }
  }
}
