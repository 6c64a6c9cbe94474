import Apus
import Testing

/// The same seed gives the same bits, whatever the number of threads. Serialised, for the number is the process's.
@Suite(.serialized) struct DeterminismTests {
  /// Trains a small net with everything that could depend on the order of work: convolutions, pooling, normalisation,
  /// dropout, a shuffled loader.
  private func train(threads: Int, optimizer: OptimizerRecipe) throws -> [UInt32] {
    let before = Threads.count
    Threads.count = threads
    defer { Threads.count = before }
    let model = withSeed(42) {
      Sequential {
        Conv2d(1, 8, kernelSize: 5, padding: 2)
        BatchNorm2d(8)
        ReLU()
        MaxPool2d(2)
        Conv2d(8, 16, kernelSize: 3)
        Dropout2d(0.25)
        ReLU()
        AvgPool2d(2)
        Flatten()
        Linear(576, 64)
        ReLU()
        Dropout(0.5)
        Linear(64, 10)
      }
    }
    var random = Random(seed: 3)
    let images = Tensor<Float>.uniform([96, 1, 28, 28], using: &random)
    let classes = IndexTensor((0..<96).map { _ in random.integer(below: 10) })
    let trainer = Trainer(model, optimizer: optimizer, loss: .crossEntropy)
    try trainer.fit(
      TensorDataset(inputs: images, targets: classes, classCount: 10), epochs: 2, batchSize: 32, seed: 9,
      callbacks: [])
    let state = model.stateDictionary.entries.flatMap { entry -> [Float] in
      if case .tensor(let tensor) = entry.value { tensor.scalars } else { [] }
    }
    let isFinite = state.allSatisfy { $0.isFinite }
    #expect(isFinite)
    return state.map(\.bitPattern)
  }

  @Test func sameSeedSameBitsAtAnyNumberOfThreads() throws {
    for recipe in [OptimizerRecipe.sgd(learningRate: 0.05, momentum: 0.9), .adam()] {
      let one = try train(threads: 1, optimizer: recipe)
      #expect(one.count > 35_000)
      for threads in [1, 2, 4] {
        let bits = try train(threads: threads, optimizer: recipe)
        #expect(bits == one, "\(threads) threads: \(zip(bits, one).count { $0 != $1 }) of \(one.count) numbers differ")
      }
    }
  }
  @Test func modelsOfImagesLearnTheSameBitsAtAnyNumberOfThreads() throws {
    let digits = SyntheticDigits.dataset(count: 192, seed: 1)
    func bits(_ threads: Int) throws -> [UInt32] {
      let before = Threads.count
      Threads.count = threads
      defer { Threads.count = before }
      let vae = VAELearner(withSeed(6) { VariationalAutoencoder(latentSize: 3, channels: (4, 8)) }, seed: 6)
      try vae.fit(digits, epochs: 1, batchSize: 64, seed: 6)
      let dcgan = DCGANLearner(withSeed(6) { DCGAN(latentSize: 5, channels: (4, 8)) }, seed: 6)
      try dcgan.fit(digits, epochs: 1, batchSize: 64, seed: 6)
      return (vae.model.parameters + dcgan.model.parameters).flatMap {
        $0.value.detached().scalars.map(\.bitPattern)
      }
    }
    let one = try bits(1)
    for threads in [2, 3] { #expect(try bits(threads) == one, "\(threads) threads") }
  }
}
