import ApusTensor

extension Layers {
  /// The mean of every channel of an image, as Keras's `GlobalAveragePooling2D`: for a classifier that takes
  /// images of any size.
  public final class GlobalAvgPool2d: DescribedModule {
    /// Makes the layer.
    public init() {}

    /// [batch, channels, height, width] → [batch, channels].
    public func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> {
      requireImages(input, architecture)
      return ForwardObserver.note(self, adaptiveAvgPool2d(input, (1, 1)).flattened())
    }

    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? { Architecture("GlobalAvgPool2d") }
  }

  /// The mean of every channel of a sequence, as Keras's `GlobalAveragePooling1D`: for a classifier that takes
  /// sequences of any length.
  public final class GlobalAvgPool1d: DescribedModule {
    /// Makes the layer.
    public init() {}

    /// [batch, channels, length] → [batch, channels].
    public func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> {
      requireSequences(input, architecture)
      return ForwardObserver.note(self, adaptiveAvgPool1d(input, 1).flattened())
    }

    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? { Architecture("GlobalAvgPool1d") }
  }

  /// The largest number of every channel of an image, as Keras's `GlobalMaxPooling2D`: for a classifier that takes
  /// images of any size.
  public final class GlobalMaxPool2d: DescribedModule {
    /// Makes the layer.
    public init() {}

    /// [batch, channels, height, width] → [batch, channels].
    public func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> {
      requireImages(input, architecture)
      return ForwardObserver.note(self, adaptiveMaxPool2d(input, (1, 1)).flattened())
    }

    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? { Architecture("GlobalMaxPool2d") }
  }

  /// The largest number of every channel of a sequence, as Keras's `GlobalMaxPooling1D`: for a classifier that takes
  /// sequences of any length.
  public final class GlobalMaxPool1d: DescribedModule {
    /// Makes the layer.
    public init() {}

    /// [batch, channels, length] → [batch, channels].
    public func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> {
      requireSequences(input, architecture)
      return ForwardObserver.note(self, adaptiveMaxPool1d(input, 1).flattened())
    }

    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? { Architecture("GlobalMaxPool1d") }
  }
}

/// Global average pooling of images of `Float`.
public typealias GlobalAvgPool2d = Layers<Float>.GlobalAvgPool2d
/// Global average pooling of sequences of `Float`.
public typealias GlobalAvgPool1d = Layers<Float>.GlobalAvgPool1d
/// Global maximum pooling of images of `Float`.
public typealias GlobalMaxPool2d = Layers<Float>.GlobalMaxPool2d
/// Global maximum pooling of sequences of `Float`.
public typealias GlobalMaxPool1d = Layers<Float>.GlobalMaxPool1d
