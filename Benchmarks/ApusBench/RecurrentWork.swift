import Apus

/// Time steps, sequences side by side, inputs and hidden numbers: MNIST's rows as a sequence, and a layer of a small language
/// model. The same list as peers/rnn.py.
private let recurrentShapes = [(28, 1, 28, 128), (28, 64, 28, 128), (64, 1, 256, 256), (64, 64, 256, 256)]

/// LSTM and GRU over whole sequences, forward, and with the gradients of input and weights.
func recurrentWork() -> [Work] {
  [("lstm", 4), ("gru", 3)].flatMap { name, gates in
    recurrentShapes.flatMap { steps, batch, inputs, size in
      let shape = "t\(steps) b\(batch) \(inputs)->\(size)"
      let operations = 2.0 * Double(steps * batch * gates * size * (inputs + size))
      var random = Random(seed: 1)
      let x = Tensor<Float>.uniform([steps, batch, inputs], -1, 1, using: &random)
      func layer() -> (Tensor<Float>) -> Tensor<Float> {
        withSeed(1) {
          if name == "lstm" {
            let lstm = LSTM(inputs, size)
            return { lstm($0).output }
          }
          let gru = GRU(inputs, size)
          return { gru($0).output }
        }
      }
      return [
        Work(op: "\(name)-forward", shape: shape, operations: operations) {
          let forward = layer()
          return { withoutGradients { _ = forward(x) } }
        },
        Work(op: "\(name)-forward-backward", shape: shape, operations: 3 * operations) {
          let (forward, leaf) = (layer(), x.requiringGradient())
          let upstream = Tensor<Float>.ones([steps, batch, size])
          return {
            leaf.gradient = nil
            forward(leaf).backward(upstream)
          }
        },
      ]
    }
  }
}
