import ApusTensor

extension Layers {
  /// The means of as many windows as the result has pixels, whatever the size of the image.
  public final class AdaptiveAvgPool2d: DescribedModule {
    /// Height and width of the result.
    public let outputSize: (Int, Int)

    /// Makes a pooling to a square.
    ///
    /// - Precondition: The size is positive.
    public convenience init(_ outputSize: Int) { self.init((outputSize, outputSize)) }

    /// Makes a pooling to a height and a width.
    ///
    /// - Precondition: The sizes are positive.
    public init(_ outputSize: (Int, Int)) {
      demand(outputSize.0 > 0 && outputSize.1 > 0, "AdaptiveAvgPool2d: the size \(outputSize) must be positive")
      self.outputSize = outputSize
    }

    /// [batch, channels, height, width] → [batch, channels, outputSize.0, outputSize.1].
    public func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> {
      requireImages(input, architecture)
      return ForwardObserver.note(self, adaptiveAvgPool2d(input, outputSize))
    }

    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? { Architecture("AdaptiveAvgPool2d") { $0.add(nil, outputSize) } }
  }

  /// The means of as many windows as the result has places, whatever the size of the sequence.
  public final class AdaptiveAvgPool1d: DescribedModule {
    /// The length of the result.
    public let outputSize: Int

    /// Makes a pooling to a length.
    ///
    /// - Precondition: The length is positive.
    public init(_ outputSize: Int) {
      demand(outputSize > 0, "AdaptiveAvgPool1d: the length \(outputSize) must be positive")
      self.outputSize = outputSize
    }

    /// [batch, channels, length] → [batch, channels, outputSize].
    public func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> {
      requireSequences(input, architecture)
      return ForwardObserver.note(self, adaptiveAvgPool1d(input, outputSize))
    }

    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? { Architecture("AdaptiveAvgPool1d") { $0.add(.integer(outputSize)) } }
  }

  /// The largest number of each of as many windows as the result has pixels, whatever the size of the
  /// image.
  public final class AdaptiveMaxPool2d: DescribedModule {
    /// Height and width of the result.
    public let outputSize: (Int, Int)

    /// Makes a pooling to a square.
    ///
    /// - Precondition: The size is positive.
    public convenience init(_ outputSize: Int) { self.init((outputSize, outputSize)) }

    /// Makes a pooling to a height and a width.
    ///
    /// - Precondition: The sizes are positive.
    public init(_ outputSize: (Int, Int)) {
      demand(outputSize.0 > 0 && outputSize.1 > 0, "AdaptiveMaxPool2d: the size \(outputSize) must be positive")
      self.outputSize = outputSize
    }

    /// [batch, channels, height, width] → [batch, channels, outputSize.0, outputSize.1].
    public func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> {
      requireImages(input, architecture)
      return ForwardObserver.note(self, adaptiveMaxPool2d(input, outputSize))
    }

    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? { Architecture("AdaptiveMaxPool2d") { $0.add(nil, outputSize) } }
  }

  /// The largest number of each of as many windows as the result has places, whatever the size of the
  /// sequence.
  public final class AdaptiveMaxPool1d: DescribedModule {
    /// The length of the result.
    public let outputSize: Int

    /// Makes a pooling to a length.
    ///
    /// - Precondition: The length is positive.
    public init(_ outputSize: Int) {
      demand(outputSize > 0, "AdaptiveMaxPool1d: the length \(outputSize) must be positive")
      self.outputSize = outputSize
    }

    /// [batch, channels, length] → [batch, channels, outputSize].
    public func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> {
      requireSequences(input, architecture)
      return ForwardObserver.note(self, adaptiveMaxPool1d(input, outputSize))
    }

    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? { Architecture("AdaptiveMaxPool1d") { $0.add(.integer(outputSize)) } }
  }
}

/// Average pooling to a given size, of `Float`.
public typealias AdaptiveAvgPool2d = Layers<Float>.AdaptiveAvgPool2d
/// Average pooling to a given length, of `Float`.
public typealias AdaptiveAvgPool1d = Layers<Float>.AdaptiveAvgPool1d
/// Maximum pooling to a given size, of `Float`.
public typealias AdaptiveMaxPool2d = Layers<Float>.AdaptiveMaxPool2d
/// Maximum pooling to a given length, of `Float`.
public typealias AdaptiveMaxPool1d = Layers<Float>.AdaptiveMaxPool1d

/// Stops on what is no batch of images with pixels.
func requireImages<Scalar>(_ input: Tensor<Scalar>, _ architecture: Architecture?) {
  require(
    input.rank == 4 && input.shape[2] > 0 && input.shape[3] > 0, architecture, path: nil, input: input.shape,
    "[batch, channels, height, width]")
}

/// Stops on what is no batch of sequences with steps.
func requireSequences<Scalar>(_ input: Tensor<Scalar>, _ architecture: Architecture?) {
  require(
    input.rank == 3 && input.shape[2] > 0, architecture, path: nil, input: input.shape, "[batch, channels, length]")
}
