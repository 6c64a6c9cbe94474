import ApusData
import ApusNN
import ApusTensor

/// What a denoising autoencoder is given in the place of an image.
public struct Corruption: Equatable, Sendable {
  /// The part of the pixels that are set to 0, chosen for every image anew (the masking noise of Vincent et al. 2008).
  public var masked: Double
  /// The standard deviation of normal noise that is added to every pixel.
  public var noise: Double
  /// How the image is moved, turned and slanted before, nil for not at all. The autoencoder must undo it, so that its code
  /// depends little on what handwriting varies without changing its meaning.
  public var deformation: Augmentation?

  /// A corruption; without all three, an autoencoder sees the image itself.
  ///
  /// - Precondition: `masked` lies in 0 ..< 1, `noise` is finite and not negative.
  public init(masked: Double = 0, noise: Double = 0, deformation: Augmentation? = nil) {
    demand((0..<1).contains(masked), "Corruption: \(masked) is no part of the pixels")
    demand(noise >= 0 && noise.isFinite, "Corruption: noise of deviation \(noise)")
    self.masked = masked
    self.noise = noise
    self.deformation = deformation
  }

  /// The images deformed, with noise added, and pixels masked, in this order.
  public func callAsFunction(_ images: Tensor<Float>, using random: inout Random) -> Tensor<Float> {
    var result = images
    if let deformation { result = deformation(result, seeds: (0..<images.shape[0]).map { _ in random.next() }) }
    if noise > 0 { result = result + Tensor.normal(images.shape, 0, noise, using: &random) }
    if masked > 0 {
      result = result.maskedFill(Tensor.uniform(images.shape, using: &random) .< Float(masked), 0)
    }
    return result
  }
}

/// Trains a denoising autoencoder by Adam to give back the clean image from a corrupted one (Vincent et al. 2008,
/// "Extracting and Composing Robust Features with Denoising Autoencoders").
///
/// The loss is the binary cross-entropy of the pixels, in nats an image.
public final class DenoisingLearner: UnsupervisedLearner {
  /// The model that learns.
  public let model: DenoisingAutoencoder
  /// What moves its parameters.
  public let optimizer: any Optimizer<Float>
  /// What is done to the images.
  public let corruption: Corruption
  private var random: Random

  /// Binds a model to what it is trained with.
  ///
  /// - Parameters:
  ///   - learningRate: The factor of Adam's steps; the highest, where it changes.
  ///   - steps: The length of a run over which the rate goes up and then down to nothing; nil for a rate that stays.
  ///   - seed: What the noise depends on.
  /// - Precondition: `learningRate` is not negative, `steps` is positive.
  public init(
    _ model: DenoisingAutoencoder, corruption: Corruption, learningRate: Double = 1e-3, steps: Int? = nil,
    seed: UInt64 = 0
  ) {
    self.model = model
    self.corruption = corruption
    let adam = Adam(model.parameters, learningRate: learningRate)
    optimizer = steps.map { ScheduledOptimizer(adam, .warmUpAndCosine(steps: $0, rising: 0.1)) } ?? adam
    random = Random(seed: seed)
  }

  /// One step of the optimizer. A single image is taken twice, each time corrupted anew: batch normalisation needs more
  /// than one.
  public func step(_ images: Tensor<Float>) -> Evaluation {
    let clean = images.shape[0] > 1 ? images : concatenated([images, images])
    let loss = model.loss(corrupted: corruption(clean, using: &random), clean: clean)
    optimizer.zeroGradients()
    loss.backward()
    optimizer.step()
    return Evaluation(loss: Double(loss.item), sampleCount: images.shape[0])
  }

  /// The loss of images, with noise that is the same every time.
  public func judge(_ images: Tensor<Float>) -> Evaluation? {
    var random = Random(seed: 0x5EED)
    let loss = model.loss(corrupted: corruption(images, using: &random), clean: images)
    return Evaluation(loss: Double(loss.item), sampleCount: images.shape[0])
  }
}
