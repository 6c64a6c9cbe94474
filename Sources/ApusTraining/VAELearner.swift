import ApusNN
import ApusTensor

/// Trains a variational autoencoder by Adam on the negative evidence lower bound.
///
/// The loss is the bound in nats an image; `"reconstruction"` and `"divergence"` are its two parts.
public final class VAELearner: UnsupervisedLearner {
  /// The model that learns.
  public let model: VariationalAutoencoder
  /// What moves its parameters.
  public let optimizer: any Optimizer<Float>
  /// The weight of the divergence in what is minimised.
  public let beta: Double
  private var random: Random

  /// Binds a model to what it is trained with.
  ///
  /// - Parameters:
  ///   - beta: The weight of the divergence; 1 for the evidence lower bound.
  ///   - seed: What the noise depends on.
  /// - Precondition: `beta` and `learningRate` are not negative.
  public init(_ model: VariationalAutoencoder, learningRate: Double = 1e-3, beta: Double = 1, seed: UInt64 = 0) {
    demand(beta >= 0, "VAELearner: beta \(beta) is negative")
    self.model = model
    self.beta = beta
    optimizer = Adam(model.parameters, learningRate: learningRate)
    random = Random(seed: seed)
  }

  /// One step of the optimizer.
  public func step(_ images: Tensor<Float>) -> Evaluation {
    let noise = Tensor<Float>.normal([images.shape[0], model.latentSize], using: &random)
    let parts = model.loss(images, noise: noise, beta: beta)
    optimizer.zeroGradients()
    parts.total.backward()
    optimizer.step()
    return evaluation(parts.reconstruction, parts.divergence, images.shape[0])
  }

  /// The bound of images, with noise that is the same every time.
  public func judge(_ images: Tensor<Float>) -> Evaluation? {
    var random = Random(seed: 0x5EED)
    let noise = Tensor<Float>.normal([images.shape[0], model.latentSize], using: &random)
    let parts = model.loss(images, noise: noise)
    return evaluation(parts.reconstruction, parts.divergence, images.shape[0])
  }

  private func evaluation(_ reconstruction: Tensor<Float>, _ divergence: Tensor<Float>, _ count: Int) -> Evaluation {
    let (cost, distance) = (Double(reconstruction.item), Double(divergence.item))
    return Evaluation(
      loss: cost + distance,
      metrics: [.init(name: "reconstruction", value: cost), .init(name: "divergence", value: distance)],
      sampleCount: count)
  }
}
