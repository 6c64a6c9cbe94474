import ApusTensor

extension Layers {
  /// A convolutional autoencoder of 28×28 grey images: an encoder to a code, and a decoder back to the image. Trained on
  /// corrupted images to give back the clean ones, the encoder learns what images have in common (Vincent et al. 2008),
  /// and is then a good beginning for a classifier with few labels.
  ///
  /// Batch normalisation behind every layer but the last makes training fast, and leaves codes whose numbers have a mean and
  /// a spread that a new layer behind them is ready for.
  public final class DenoisingAutoencoder: Module {
    /// [batch, 1, 28, 28] → [batch, codeSize], no number below 0.
    public let encoder: Sequential
    /// [batch, codeSize] → [batch, 1, 28, 28]: scores whose sigmoid is the grey of the pixel.
    public let decoder: Sequential
    /// Numbers in a code.
    public let codeSize: Int

    /// Makes a model with weights from the seed of the `withSeed` around it.
    ///
    /// - Parameters:
    ///   - codeSize: Numbers in a code.
    ///   - channels: Channels at 14×14 and at 7×7.
    /// - Precondition: All are positive.
    public init(codeSize: Int = 256, channels: (Int, Int) = (16, 32)) {
      demand(
        codeSize > 0 && channels.0 > 0 && channels.1 > 0,
        "DenoisingAutoencoder: code size \(codeSize), channels \(channels)")
      let (wide, deep) = channels
      self.codeSize = codeSize
      encoder = Self.makeEncoder(codeSize: codeSize, channels: channels)
      decoder = Sequential {
        Linear(codeSize, deep * 49)
        BatchNorm1d(deep * 49)
        ReLU()
        Unflatten([deep, 7, 7])
        ConvTranspose2d(deep, wide, kernelSize: 4, stride: 2, padding: 1)
        BatchNorm2d(wide)
        ReLU()
        ConvTranspose2d(wide, 1, kernelSize: 4, stride: 2, padding: 1)
      }
    }

    private static func makeEncoder(codeSize: Int, channels: (Int, Int)) -> Sequential {
      Sequential {
        Conv2d(1, channels.0, kernelSize: 3, stride: 2, padding: 1)
        BatchNorm2d(channels.0)
        ReLU()
        Conv2d(channels.0, channels.1, kernelSize: 3, stride: 2, padding: 1)
        BatchNorm2d(channels.1)
        ReLU()
        Flatten()
        Linear(channels.1 * 49, codeSize)
        BatchNorm1d(codeSize)
        ReLU()
      }
    }

    /// What the model makes of images, as scores.
    public func callAsFunction(_ images: Tensor<Scalar>) -> Tensor<Scalar> { decoder(encoder(images)) }

    /// The cost of giving back `clean` images from corrupted ones: the binary cross-entropy summed over the pixels, the
    /// mean over the batch, in nats an image.
    public func loss(corrupted: Tensor<Scalar>, clean: Tensor<Scalar>) -> Tensor<Scalar> {
      binaryCrossEntropyWithLogits(self(corrupted), clean, reduction: .sum) / Scalar(clean.shape[0])
    }

    /// A classifier of an encoder like this model's, dropout and a dense layer, all of it with weights from the seed of the
    /// `withSeed` around the call: `classifier[0]` is the encoder, which `load(_:)` can give what another has learned.
    ///
    /// - Parameters:
    ///   - classCount: How many scores it gives.
    ///   - dropout: The probability with which a number of the code is dropped in training.
    public static func classifier(
      codeSize: Int = 256, channels: (Int, Int) = (16, 32), classCount: Int = 10, dropout: Double = 0.5
    ) -> Sequential {
      Sequential {
        makeEncoder(codeSize: codeSize, channels: channels)
        Dropout(dropout)
        Linear(codeSize, classCount)
      }
    }
  }
}

/// A denoising autoencoder of `Float`.
public typealias DenoisingAutoencoder = Layers<Float>.DenoisingAutoencoder
