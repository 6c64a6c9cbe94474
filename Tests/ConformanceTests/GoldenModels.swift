import Apus
import Testing

/// Whole models: the loss, what the model gave, and the gradient of every parameter.
@Suite struct GoldenModels {
  static let run: Set<String> = [
    "mlp", "cnn", "residual_block", "autoencoder", "gan_discriminator", "gan_generator", "char_lstm",
    "causal_transformer",
  ]

  @Test func everyCaseIsKnown() {
    expectEveryCaseIsKnown("model", run: Self.run, outOfSlice: [:])
  }

  @Test(arguments: GoldenFile.all("model").filter { run.contains($0.op) })
  func models(_ file: GoldenFile) throws {
    try check(file, Double.self)
    try check(file, Float.self)
  }

  private func check<Scalar: TensorScalar>(_ file: GoldenFile, _: Scalar.Type) throws {
    switch file.op {
    case "mlp":
      let model = Chain<Scalar>(file.integers("sizes")) { relu($0) }
      try runModel(file, model) { crossEntropy($0, file.indices("input.1")) }
    case "autoencoder":
      #expect(file.string("activation") == "tanh")
      let model = Chain<Scalar>(file.integers("sizes")) { tanh($0) }
      try runModel(file, model) { mseLoss($0, file.tensor("input.1")) }
    case "cnn":
      try runModel(file, ConvolutionalNet<Scalar>(file)) { nllLoss($0, file.indices("input.1")) }
    case "residual_block":
      try runModel(file, ResidualBlock<Scalar>(file)) { mseLoss($0, file.tensor("input.1")) }
    case "char_lstm", "causal_transformer":
      try sequenceModel(file, Scalar.self)
    default:
      try adversarial(file, Scalar.self)
    }
  }

  private func runModel<Model: Module>(
    _ file: GoldenFile, _ model: Model, loss: (Tensor<Model.Scalar>) -> Tensor<Model.Scalar>
  ) throws where Model.Input == Tensor<Model.Scalar>, Model.Output == Tensor<Model.Scalar> {
    try model.load(file.state(Model.Scalar.self))
    var input: Tensor<Model.Scalar> = file.tensor("input.0")
    input.requiresGradient = true
    let output = model(input)
    let value = loss(output)
    file.expect(value, "output.0")
    file.expect(output, "output.1")
    file.backward([value])
    if file.tensors["gradient.input.0"] != nil { file.expect(input.gradient, "gradient.input.0") }
    file.expectState(model)
  }

  /// Models of characters: integers in, scores for every position out.
  private func sequenceModel<Scalar: TensorScalar>(_ file: GoldenFile, _: Scalar.Type) throws {
    func finish<Model: Module>(_ model: Model) throws
    where Model.Input == IndexTensor, Model.Output == Tensor<Scalar>, Model.Scalar == Scalar {
      try model.load(file.state(Scalar.self))
      let scores = model(file.indices("input.0"))
      let loss = crossEntropy(scores.flattened(from: 0, to: 1), file.indices("input.1").reshaped([-1]))
      file.expect(loss, "output.0")
      file.expect(scores, "output.1")
      file.backward([loss])
      file.expectState(model)
    }
    if file.op == "char_lstm" {
      try finish(CharacterModel<Scalar>(file))
    } else {
      try finish(CausalTransformer<Scalar>(file))
    }
  }

  private func adversarial<Scalar: TensorScalar>(_ file: GoldenFile, _: Scalar.Type) throws {
    let model = Adversaries<Scalar>(file)
    try model.load(file.state(Scalar.self))
    let noise: Tensor<Scalar> = file.tensor("input.0")
    let goals = { (value: Scalar) in Tensor<Scalar>.full([noise.shape[0], 1], value) }
    if file.op == "gan_generator" {
      let fake = model.discriminator(model.generator(noise))
      let loss = binaryCrossEntropyWithLogits(fake, goals(1))
      file.expect(loss, "output.0")
      file.expect(fake, "output.1")
      file.backward([loss])
    } else {
      let real = model.discriminator(file.tensor("input.1"))
      let fake = model.discriminator(model.generator(noise).detached())
      let loss = binaryCrossEntropyWithLogits(real, goals(1)) + binaryCrossEntropyWithLogits(fake, goals(0))
      file.expect(loss, "output.0")
      file.expect(real, "output.1")
      file.expect(fake, "output.2")
      file.backward([loss])
      #expect(model.generator.parameters.allSatisfy { $0.gradient == nil })
    }
    file.expectState(model)
  }
}

private final class Chain<Scalar: TensorScalar>: Module {
  let layers: [Layers<Scalar>.Linear]
  let activation: (Tensor<Scalar>) -> Tensor<Scalar>

  init(_ sizes: [Int], _ activation: @escaping (Tensor<Scalar>) -> Tensor<Scalar>) {
    layers = zip(sizes, sizes.dropFirst()).map { Layers<Scalar>.Linear($0, $1) }
    self.activation = activation
  }

  func callAsFunction(_ x: Tensor<Scalar>) -> Tensor<Scalar> {
    var h = layers[0](x)
    for layer in layers.dropFirst() { h = layer(activation(h)) }
    return h
  }
}

private final class ConvolutionalNet<Scalar: TensorScalar>: Module {
  let conv1: Layers<Scalar>.Conv2d
  let conv2: Layers<Scalar>.Conv2d
  let fc1: Layers<Scalar>.Linear
  let fc2: Layers<Scalar>.Linear

  init(_ file: GoldenFile) {
    let channels = file.integers("channels")
    let kernel = file.integer("kernel_size")
    conv1 = .init(channels[0], channels[1], kernelSize: kernel)
    conv2 = .init(channels[1], channels[2], kernelSize: kernel)
    let side = ((file.integer("image_size") - kernel + 1) / 2 - kernel + 1) / 2
    fc1 = .init(channels[2] * side * side, file.integer("hidden"))
    fc2 = .init(file.integer("hidden"), file.integer("classes"))
  }

  func callAsFunction(_ x: Tensor<Scalar>) -> Tensor<Scalar> {
    let h = relu(maxPool2d(conv2(relu(maxPool2d(conv1(x), 2))), 2)).flattened()
    return logSoftmax(fc2(relu(fc1(h))))
  }
}

private final class ResidualBlock<Scalar: TensorScalar>: Module {
  let conv1: Layers<Scalar>.Conv2d
  let bn1: Layers<Scalar>.BatchNorm2d
  let conv2: Layers<Scalar>.Conv2d
  let bn2: Layers<Scalar>.BatchNorm2d
  let shortcut: Layers<Scalar>.Sequential?

  init(_ file: GoldenFile) {
    let (inputs, channels) = (file.integer("in_channels"), file.integer("channels"))
    let stride = file.integer("stride")
    conv1 = .init(inputs, channels, kernelSize: 3, stride: stride, padding: 1, bias: false)
    bn1 = .init(channels)
    conv2 = .init(channels, channels, kernelSize: 3, padding: 1, bias: false)
    bn2 = .init(channels)
    shortcut =
      stride == 1 && inputs == channels
      ? nil
      : .init {
        Layers<Scalar>.Conv2d(inputs, channels, kernelSize: 1, stride: stride, bias: false)
        Layers<Scalar>.BatchNorm2d(channels)
      }
  }

  func callAsFunction(_ x: Tensor<Scalar>) -> Tensor<Scalar> {
    relu(bn2(conv2(relu(bn1(conv1(x))))) + (shortcut.map { $0(x) } ?? x))
  }
}

private final class Adversaries<Scalar: TensorScalar>: Module {
  let generator: Layers<Scalar>.Sequential
  let discriminator: Layers<Scalar>.Sequential

  init(_ file: GoldenFile) {
    let (noise, hidden, data) = (file.integer("noise"), file.integer("hidden"), file.integer("data"))
    generator = .init {
      Layers<Scalar>.Linear(noise, hidden)
      Layers<Scalar>.ReLU()
      Layers<Scalar>.Linear(hidden, data)
      Layers<Scalar>.Tanh()
    }
    discriminator = .init {
      Layers<Scalar>.Linear(data, hidden)
      Layers<Scalar>.LeakyReLU(file.number("negative_slope"))
      Layers<Scalar>.Linear(hidden, 1)
    }
  }

  func callAsFunction(_ x: Tensor<Scalar>) -> Tensor<Scalar> { discriminator(generator(x)) }
}

private final class CharacterModel<Scalar: TensorScalar>: Module {
  let embedding: Layers<Scalar>.Embedding
  let lstm: Layers<Scalar>.LSTM
  let linear: Layers<Scalar>.Linear

  init(_ file: GoldenFile) {
    let (vocabulary, width, size) = (
      file.integer("vocabulary"), file.integer("embedding_dim"), file.integer("hidden_size")
    )
    embedding = .init(vocabulary, width)
    lstm = .init(width, size, layers: file.integer("num_layers"), batchFirst: true)
    linear = .init(size, vocabulary)
  }

  func callAsFunction(_ x: IndexTensor) -> Tensor<Scalar> { linear(lstm(embedding(x)).output) }
}

private final class CausalTransformer<Scalar: TensorScalar>: Module {
  let token: Layers<Scalar>.Embedding
  let position: Layers<Scalar>.Embedding
  let block: Layers<Scalar>.TransformerEncoderLayer
  let norm: Layers<Scalar>.LayerNorm
  let head: Layers<Scalar>.Linear

  init(_ file: GoldenFile) {
    let (vocabulary, size) = (file.integer("vocabulary"), file.integer("d_model"))
    token = .init(vocabulary, size)
    position = .init(file.integer("length"), size)
    block = .init(
      size, file.integer("nhead"), feedForwardSize: file.integer("dim_feedforward"), dropout: 0, activation: .gelu,
      batchFirst: true, normFirst: true)
    norm = .init(size)
    head = .init(size, vocabulary, bias: false)
  }

  func callAsFunction(_ x: IndexTensor) -> Tensor<Scalar> {
    let places = IndexTensor(Array(0..<x.shape[1]))
    return head(norm(block(token(x) + position(places), mask: nil, isCausal: true)))
  }
}
