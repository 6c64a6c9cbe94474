import Apus
import Foundation
import Testing

// The two programs of the design, as a user writes them, on images drawn here.

final class Net: Module {  // parameters are found by name: "conv1.weight", as PyTorch names them
  let conv1 = Conv2d(1, 10, kernelSize: 5)
  let conv2 = Conv2d(10, 20, kernelSize: 5)
  let dropout = Dropout2d()
  let fc1 = Linear(320, 50)
  let fc2 = Linear(50, 10)

  func callAsFunction(_ x: Tensor<Float>) -> Tensor<Float> {
    var h = relu(maxPool2d(conv1(x), 2))
    h = relu(maxPool2d(dropout(conv2(h)), 2)).flattened()
    return logSoftmax(fc2(relu(fc1(h))))
  }
}

@Suite struct SampleTests {
  /// 600 digits to learn from and 200 to be judged by.
  static let digits = (SyntheticDigits.dataset(count: 600, seed: 1), SyntheticDigits.dataset(count: 200, seed: 2))

  @Test func aLoopByHand() throws {
    let (train, test) = Self.digits
    let model = withSeed(1) { Net() }
    let optimizer = SGD(model.parameters, learningRate: 0.01, momentum: 0.5)
    var losses: [Float] = []

    for epoch in 1...2 {
      for batch in DataLoader(train, batchSize: 64, shuffle: true, seed: UInt64(epoch)) {
        optimizer.zeroGradients()
        let loss = nllLoss(model(batch.inputs), batch.targets)
        loss.backward()
        optimizer.step()
        losses.append(loss.item)
      }
    }
    #expect(losses.count == 20)
    let (first, last): (Float, Float) = (losses.prefix(5).reduce(0, +), losses.suffix(5).reduce(0, +))
    #expect(last < first)

    let path = NSTemporaryDirectory() + "apus-net-\(UInt64.random(in: 0 ... .max)).safetensors"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try model.save(path)
    let again = Net()
    try again.load(path)
    let images = test.all().inputs
    model.eval()
    again.eval()
    #expect(model(images).scalars == again(images).scalars)
    #expect(
      model.stateDictionary.names == [
        "conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias", "fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias",
      ])
  }

  @Test func aTrainer() throws {
    let (train, test) = Self.digits
    let model = withSeed(1) {
      Sequential {
        Conv2d(1, 32, kernelSize: 3); ReLU(); MaxPool2d(2)
        Conv2d(32, 64, kernelSize: 3); ReLU(); MaxPool2d(2)
        Flatten(); Linear(1600, 128); ReLU(); Dropout(0.5); Linear(128, 10)
      }
    }
    let trainer = Trainer(model, optimizer: .adam(learningRate: 1e-3), loss: .crossEntropy, metrics: [.accuracy])
    try trainer.fit(train, epochs: 3, batchSize: 32, validation: test)  // a progress line, metrics per epoch
    let result = try trainer.evaluate(test)
    #expect(try #require(result.accuracy) > 0.5)
  }

  @Test(arguments: ModelZoo.allCases) func everyZooModelLearnsByItsRecipe(_ entry: ModelZoo) throws {
    let recipe = entry.recipe
    let train = Self.digits.0.normalized(recipe.normalization)
    let model = withSeed(1) { entry.make() }
    let trainer = Trainer(model, optimizer: recipe.optimizer, loss: recipe.loss)
    let before = try trainer.evaluate(train).loss
    try trainer.fit(train, epochs: 1, batchSize: recipe.batchSize, callbacks: [])
    #expect(try trainer.evaluate(train).loss < before)
  }
}
