import ApusNN
import ApusTensor

/// Trains the two networks of a DCGAN against each other: the discriminator D to tell images x from the generator's G(z),
/// the generator to be taken for real (Goodfellow et al. 2014, with the loss −log D(G(z)) that they recommend, since
/// log(1 − D(G(z))) gives next to no gradient at first).
///
/// The loss is the generator's. `"discriminator"` is the discriminator's, `"D(x)"` and `"D(G(z))"` are the mean
/// probabilities of being real that it gives to real images and to made ones; near ½ both when it cannot tell them apart.
public final class DCGANLearner: UnsupervisedLearner {
  /// The model that learns.
  public let model: DCGAN
  /// What moves the generator.
  public let optimizer: any Optimizer<Float>
  /// What moves the discriminator.
  public let discriminatorOptimizer: any Optimizer<Float>
  private var random: Random

  /// Binds a model to what it is trained with: Adam with β₁ = ½ for both networks, as the paper has it.
  ///
  /// - Parameter seed: What the codes depend on.
  /// - Precondition: `learningRate` is not negative.
  public init(_ model: DCGAN, learningRate: Double = 2e-4, seed: UInt64 = 0) {
    self.model = model
    optimizer = Adam(model.generator.parameters, learningRate: learningRate, betas: (0.5, 0.999))
    discriminatorOptimizer = Adam(model.discriminator.parameters, learningRate: learningRate, betas: (0.5, 0.999))
    random = Random(seed: seed)
  }

  /// A step of the discriminator, and one of the generator against it.
  public func step(_ images: Tensor<Float>) -> Evaluation {
    let count = images.shape[0]
    let fakes = model.generator(Tensor<Float>.normal([count, model.latentSize], using: &random))
    let judged = stepDiscriminator(real: images * 2 - 1, fakes: fakes.detached())
    let loss = stepGenerator(fakes)
    return Evaluation(
      loss: loss,
      metrics: [
        .init(name: "discriminator", value: judged.loss), .init(name: "D(x)", value: judged.real),
        .init(name: "D(G(z))", value: judged.fake),
      ], sampleCount: count)
  }

  /// Moves the discriminator: −log D(x) − log(1 − D(G(z))). Real images and made ones are batches of their own, each
  /// normalised by itself.
  func stepDiscriminator(real: Tensor<Float>, fakes: Tensor<Float>) -> (loss: Double, real: Double, fake: Double) {
    let realScores = model.discriminator(real)
    let fakeScores = model.discriminator(fakes)
    let loss =
      binaryCrossEntropyWithLogits(realScores, .ones(realScores.shape))
      + binaryCrossEntropyWithLogits(fakeScores, .zeros(fakeScores.shape))
    discriminatorOptimizer.zeroGradients()
    loss.backward()
    discriminatorOptimizer.step()
    return withoutGradients {
      (
        Double(loss.item), Double(realScores.detached().sigmoid().mean().item),
        Double(fakeScores.detached().sigmoid().mean().item)
      )
    }
  }

  /// Moves the generator that made `fakes`: −log D(G(z)).
  func stepGenerator(_ fakes: Tensor<Float>) -> Double {
    // The gradient goes through the discriminator but is not wanted for its parameters, so it is not computed.
    model.discriminator.freeze()
    defer { model.discriminator.unfreeze() }
    let scores = model.discriminator(fakes)
    let loss = binaryCrossEntropyWithLogits(scores, .ones(scores.shape))
    optimizer.zeroGradients()
    loss.backward()
    optimizer.step()
    return Double(loss.item)
  }
}
