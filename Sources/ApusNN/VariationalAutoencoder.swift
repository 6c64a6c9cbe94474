import ApusTensor

extension Layers {
  /// A variational autoencoder of grey images (Kingma and Welling 2013): an encoder that gives the distribution of an image's
  /// code, and a decoder that draws an image from a code. After training, codes from the standard normal distribution
  /// decode to images like those it was trained on.
  ///
  /// ```swift
  /// let model = withSeed(1) { VariationalAutoencoder() }
  /// var random = Random(seed: 2)
  /// let noise = Tensor<Float>.normal([images.shape[0], model.latentSize], using: &random)
  /// let loss = model.loss(images, noise: noise).total
  /// ```
  public final class VariationalAutoencoder: Module {
    /// [batch, 1, height, width] → [batch, 2 · latentSize]: means, then logarithms of variances.
    public let encoder: Sequential
    /// [batch, latentSize] → [batch, 1, height, width]: scores whose sigmoid is the grey of the pixel.
    public let decoder: Sequential
    /// Numbers in a code.
    public let latentSize: Int

    /// Makes a model of 28×28 images with weights from the seed of the `withSeed` around it: two convolutions of stride 2
    /// with ReLU down to 7×7, a dense layer, and the same upwards with transposed convolutions.
    ///
    /// - Parameters:
    ///   - latentSize: Numbers in a code.
    ///   - channels: Channels at 14×14 and at 7×7.
    /// - Precondition: All are positive.
    public convenience init(latentSize: Int = 16, channels: (Int, Int) = (32, 64)) {
      demand(
        latentSize > 0 && channels.0 > 0 && channels.1 > 0,
        "VariationalAutoencoder: latent size \(latentSize), channels \(channels)")
      let (wide, deep) = channels
      self.init(
        encoder: Sequential {
          Conv2d(1, wide, kernelSize: 3, stride: 2, padding: 1)
          ReLU()
          Conv2d(wide, deep, kernelSize: 3, stride: 2, padding: 1)
          ReLU()
          Flatten()
          Linear(deep * 49, 2 * latentSize)
        },
        decoder: Sequential {
          Linear(latentSize, deep * 49)
          ReLU()
          Unflatten([deep, 7, 7])
          ConvTranspose2d(deep, wide, kernelSize: 4, stride: 2, padding: 1)
          ReLU()
          ConvTranspose2d(wide, 1, kernelSize: 4, stride: 2, padding: 1)
        }, latentSize: latentSize)
    }

    init(encoder: Sequential, decoder: Sequential, latentSize: Int) {
      self.encoder = encoder
      self.decoder = decoder
      self.latentSize = latentSize
    }

    /// The distributions of the images' codes: means and logarithms of variances, [batch, latentSize] each.
    public func encode(_ images: Tensor<Scalar>) -> (mean: Tensor<Scalar>, logVariance: Tensor<Scalar>) {
      let both = encoder(images)
      return (
        both.narrowed(1, from: 0, length: latentSize), both.narrowed(1, from: latentSize, length: latentSize)
      )
    }

    /// The images that codes stand for, as scores: [batch, latentSize] → [batch, 1, height, width].
    public func decode(_ codes: Tensor<Scalar>) -> Tensor<Scalar> { decoder(codes) }

    /// What the model makes of images by way of the means of their codes, as scores.
    public func callAsFunction(_ images: Tensor<Scalar>) -> Tensor<Scalar> { decode(encode(images).mean) }

    /// The negative evidence lower bound of images with values 0 … 1, in nats an image: an upper bound of
    /// −log p(image), which is what training minimises.
    ///
    /// A pixel's grey counts as the probability that it is white, so the reconstruction costs the binary cross-entropy,
    /// summed over the pixels. Grey images have an entropy of their own, so it does not come down to 0.
    ///
    /// - Parameters:
    ///   - images: [batch, 1, height, width].
    ///   - noise: Standard normal, [batch, latentSize].
    ///   - beta: The weight of the divergence; 1 gives the bound (Higgins et al. 2017 for others).
    /// - Returns: `total` = `reconstruction` + beta · `divergence`, all means over the batch.
    public func loss(
      _ images: Tensor<Scalar>, noise: Tensor<Scalar>, beta: Double = 1
    ) -> (total: Tensor<Scalar>, reconstruction: Tensor<Scalar>, divergence: Tensor<Scalar>) {
      let (mean, logVariance) = encode(images)
      let scores = decode(reparameterized(mean: mean, logVariance: logVariance, noise: noise))
      let reconstruction =
        binaryCrossEntropyWithLogits(scores, images, reduction: .sum) / Scalar(images.shape[0])
      let divergence = standardNormalDivergence(mean: mean, logVariance: logVariance)
      return (reconstruction + divergence * Scalar(beta), reconstruction, divergence)
    }
  }
}

/// A variational autoencoder of `Float`.
public typealias VariationalAutoencoder = Layers<Float>.VariationalAutoencoder
