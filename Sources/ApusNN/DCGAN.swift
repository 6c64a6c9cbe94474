import ApusTensor

extension Layers {
  /// A generator of images and a discriminator that tells them from real ones, made of strided convolutions and batch
  /// normalisation (Radford, Metz and Chintala 2015).
  ///
  /// The paper's rules: no pooling; batch normalisation in both networks, but neither at the generator's output nor at the
  /// discriminator's input; no hidden dense layers; ReLU in the generator and tanh at its end, leaky ReLU (0.2) in the
  /// discriminator; weights drawn from N(0, 0.02²).
  public final class DCGAN: Module {
    /// [batch, latentSize] → [batch, 1, height, width], values −1 … 1.
    public let generator: Sequential
    /// [batch, 1, height, width] → [batch, 1]: scores whose sigmoid is the probability that the image is real.
    public let discriminator: Sequential
    /// Numbers in a code.
    public let latentSize: Int

    /// Makes a model of 28×28 images with weights from the seed of the `withSeed` around it.
    ///
    /// - Parameters:
    ///   - latentSize: Numbers in a code.
    ///   - channels: Channels at 14×14 and at 7×7, in both networks.
    /// - Precondition: All are positive.
    public convenience init(latentSize: Int = 64, channels: (Int, Int) = (32, 64)) {
      demand(
        latentSize > 0 && channels.0 > 0 && channels.1 > 0, "DCGAN: latent size \(latentSize), channels \(channels)")
      let (wide, deep) = channels
      // A bias in front of a batch normalisation would be taken off again by it.
      self.init(
        generator: Sequential {
          Linear(latentSize, deep * 49, bias: false)
          Unflatten([deep, 7, 7])
          BatchNorm2d(deep)
          ReLU()
          ConvTranspose2d(deep, wide, kernelSize: 4, stride: 2, padding: 1, bias: false)
          BatchNorm2d(wide)
          ReLU()
          ConvTranspose2d(wide, 1, kernelSize: 4, stride: 2, padding: 1)
          Tanh()
        },
        discriminator: Sequential {
          Conv2d(1, wide, kernelSize: 4, stride: 2, padding: 1)
          LeakyReLU(0.2)
          Conv2d(wide, deep, kernelSize: 4, stride: 2, padding: 1, bias: false)
          BatchNorm2d(deep)
          LeakyReLU(0.2)
          Flatten()
          Linear(deep * 49, 1)
        }, latentSize: latentSize)
      for (name, parameter) in namedParameters {
        if name.hasSuffix(".bias") {
          parameter.initialize(.zeros)
        } else {
          // The factors of a batch normalisation have one dimension; they lie around 1.
          parameter.initialize(.normal(mean: parameter.shape.rank == 1 ? 1 : 0, standardDeviation: 0.02))
        }
      }
    }

    init(generator: Sequential, discriminator: Sequential, latentSize: Int) {
      self.generator = generator
      self.discriminator = discriminator
      self.latentSize = latentSize
    }

    /// The images that the generator makes of codes, values −1 … 1.
    public func callAsFunction(_ codes: Tensor<Scalar>) -> Tensor<Scalar> { generator(codes) }
  }
}

/// A DCGAN of `Float`.
public typealias DCGAN = Layers<Float>.DCGAN
