import Apus
import EpochWork
import Foundation

extension ModelZoo {
  /// Multiply-adds of one image, forward, of each layer in order.
  fileprivate var multiplyAdds: [Int] {
    switch self {
    case .mlp: [784 * 128, 128 * 10]
    case .mlp3: [784 * 128, 128 * 64, 64 * 10]
    case .cnn: [10 * 24 * 24 * 25, 20 * 8 * 8 * 250, 320 * 50, 50 * 10]
    case .cnnWide: [32 * 24 * 24 * 25, 4608 * 10]
    case .kerasCNN: [32 * 26 * 26 * 9, 64 * 11 * 11 * 288, 1600 * 128, 128 * 10]
    case .deepCNN:
      [24 * 26 * 26 * 9, 32 * 24 * 24 * 216, 64 * 10 * 10 * 288, 64 * 8 * 8 * 576, 1024 * 128, 128 * 10]
    case .rowLSTM: [28 * 512 * 28, 28 * 512 * 128, 128 * 10]
    }
  }

  /// Operations of one image, forward.
  var forwardOperations: Double { 2 * Double(multiplyAdds.reduce(0, +)) }

  /// Operations of one image in training: forward, weight gradient and input gradient cost the same, and the first layer
  /// needs no input gradient.
  var trainingOperations: Double { 2 * Double(3 * multiplyAdds.reduce(0, +) - multiplyAdds[0]) }
}

/// An epoch of each of the five models, with all that it takes: shuffling, putting batches together, forward, backward,
/// optimizer, and the last smaller batch.
func trainingEpochs(_ options: Options) -> [Work] {
  let data = LazyImages(options)
  return [ModelZoo.mlp, .mlp3, .cnn, .cnnWide, .kerasCNN].map { model in
    Work(
      op: "train", shape: "\(model.name) \(options.samples)",
      operations: model.trainingOperations * Double(options.samples), isLong: true
    ) {
      let recipe = model.recipe
      let images = data.images.normalized(recipe.normalization)
      let network = withSeed(1) { model.make() }
      network.train()
      let optimizer = recipe.optimizer.make(network.parameters)
      var epoch: UInt64 = 0
      return {
        epoch += 1
        let before = StepCosts.now
        defer { if epoch == 2 { before.report(model.name, steps: options.samples / recipe.batchSize) } }
        for batch in DataLoader(images, batchSize: recipe.batchSize, shuffle: true, seed: epoch) {
          optimizer.zeroGradients()
          recipe.loss(network(batch.inputs), batch.targets).backward()
          optimizer.step()
        }
      }
    }
  }
}

/// One step of each of the five models, on a batch that stays: forward, backward, optimizer.
func trainingSteps() -> [Work] {
  [ModelZoo.mlp, .mlp3, .cnn, .cnnWide, .kerasCNN].map { model in
    let recipe = model.recipe
    return Work(
      op: "training-step", shape: "\(model.name) batch \(recipe.batchSize)",
      operations: model.trainingOperations * Double(recipe.batchSize)
    ) {
      let network = withSeed(1) { model.make() }
      network.train()
      let optimizer = recipe.optimizer.make(network.parameters)
      var random = Random(seed: 1)
      let images = Tensor<Float>.uniform([recipe.batchSize, 1, 28, 28], using: &random)
      let targets = IndexTensor((0..<recipe.batchSize).map { $0 % 10 })
      return {
        optimizer.zeroGradients()
        recipe.loss(network(images), targets).backward()
        optimizer.step()
      }
    }
  }
}

/// The training images, read when the first epoch needs them.
final class LazyImages {
  private let options: Options
  private(set) lazy var images = load()

  init(_ options: Options) { self.options = options }

  private func load() -> ImageDataset {
    do {
      return try ImageDataset.training(directory: options.data, count: options.samples)
    } catch {
      fail("\(error)")
    }
  }
}

/// What steps ask of the system: a steady step should ask for nothing.
private struct StepCosts {
  let blocks: Int
  let faults: Int

  static var now: StepCosts {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return StepCosts(blocks: BufferPool.statistics.systemAllocations, faults: usage.ru_minflt)
  }

  /// Says on standard error, where it mixes with no table, what has come since this was taken.
  func report(_ name: String, steps: Int) {
    let now = StepCosts.now
    let line = "\(name): \(now.blocks - blocks) fresh blocks, \(now.faults - faults) page faults in \(steps) steps\n"
    FileHandle.standardError.write(Data(line.utf8))
  }
}
