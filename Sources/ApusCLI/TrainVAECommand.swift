import ApusNN
import ApusTraining

/// `apus train vae`: a variational autoencoder of digits.
struct TrainVAECommand: Command {
  static let description = CommandDescription(
    name: "train vae",
    summary: "train a variational autoencoder that draws digits",
    discussion: """
      An encoder learns what distribution of codes an image stands for, a decoder learns to draw images from codes.
      For each epoch it prints the negative evidence lower bound in nats an image (loss) and its two parts, the bound
      over the test images, and what a classifier thinks of 1000 samples: how sure it is of each, how evenly the ten
      classes occur, and the inception score, which holds both together. The same seed gives the same model at any
      number of threads.

      Ctrl-C ends the run after the step at hand; what was reached is saved, and the exit code is 130.
      """,
    options: [
      OptionDescription("beta", "X", "weight of the codes' divergence from the normal distribution (default: 1)")
    ] + GenerativeSettings.options(epochs: epochs, latentSize: latentSize, learningRate: learningRate),
    examples: [
      ("apus train vae --data ~/mnist --save vae.safetensors", "a model for apus generate"),
      ("apus train vae --epochs 2 --limit 10000 --grid samples.png", "a short look at how it learns"),
    ])

  private static let epochs = 10
  private static let latentSize = 16
  private static let learningRate = 1e-3

  private let settings: GenerativeSettings
  private let beta: Double

  init(_ arguments: Arguments) throws(UsageError) {
    settings = try GenerativeSettings(
      arguments, epochs: Self.epochs, latentSize: Self.latentSize, learningRate: Self.learningRate)
    beta = try arguments.positiveNumber("beta", upTo: 1000) ?? 1
  }

  func run() throws -> Int32 {
    try GenerativeRun(settings: settings).run {
      let model = withSeed(settings.seed) { VariationalAutoencoder(latentSize: settings.latentSize) }
      return VAELearner(model, learningRate: settings.learningRate, beta: beta, seed: settings.seed)
    } describe: { learner in
      "vae: \(grouped(learner.model.parameterCount)) parameters, codes of \(settings.latentSize), "
        + "Adam, learning rate \(settings.learningRate)" + (beta == 1 ? "" : ", beta \(beta)")
    } generator: {
      ImageGenerator($0.model)
    } save: {
      try $0.model.save($1)
    }
  }
}
