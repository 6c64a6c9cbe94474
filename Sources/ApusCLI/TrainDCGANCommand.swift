import ApusNN
import ApusTraining

/// `apus train dcgan`: two networks against each other.
struct TrainDCGANCommand: Command {
  static let description = CommandDescription(
    name: "train dcgan",
    summary: "train a generator of digits against a discriminator",
    discussion: """
      A generator draws images from codes, a discriminator learns to tell them from real ones, and the generator learns
      to be taken for real. For each epoch it prints the generator's loss, the discriminator's, the mean probability
      of being real that the discriminator gives to real images, D(x), and to made ones, D(G(z)), and what a
      classifier thinks of 1000 samples: how sure it is of each, how evenly the ten classes occur, and the inception
      score, which holds both together. The same seed gives the same model at any number of threads.

      Ctrl-C ends the run after the step at hand; what was reached is saved, and the exit code is 130.
      """,
    options: GenerativeSettings.options(epochs: epochs, latentSize: latentSize, learningRate: learningRate),
    examples: [
      ("apus train dcgan --data ~/mnist --save dcgan.safetensors", "a model for apus generate"),
      ("apus train dcgan --epochs 2 --limit 10000 --grid samples.png", "a short look at how it learns"),
    ])

  private static let epochs = 10
  private static let latentSize = 64
  private static let learningRate = 2e-4

  private let settings: GenerativeSettings

  init(_ arguments: Arguments) throws(UsageError) {
    settings = try GenerativeSettings(
      arguments, epochs: Self.epochs, latentSize: Self.latentSize, learningRate: Self.learningRate)
  }

  func run() throws -> Int32 {
    try GenerativeRun(settings: settings).run {
      let model = withSeed(settings.seed) { DCGAN(latentSize: settings.latentSize) }
      return DCGANLearner(model, learningRate: settings.learningRate, seed: settings.seed)
    } describe: { learner in
      let (generator, discriminator) = (learner.model.generator, learner.model.discriminator)
      return "dcgan: \(grouped(generator.parameterCount)) parameters to draw, "
        + "\(grouped(discriminator.parameterCount)) to judge, codes of \(settings.latentSize), "
        + "Adam, learning rate \(settings.learningRate)"
    } generator: {
      ImageGenerator($0.model)
    } save: {
      try $0.model.save($1)
    }
  }
}
