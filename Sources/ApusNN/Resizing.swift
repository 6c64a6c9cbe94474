import ApusTensor

extension Layers {
  /// The means of as many windows as the result has pixels, whatever the size of the image.
  public final class AdaptiveAvgPool2d: DescribedModule {
    /// Height and width of the result.
    public let outputSize: (Int, Int)

    /// Makes a pooling to a square; 1 is global average pooling.
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
      require(
        input.rank == 4 && input.shape[2] > 0 && input.shape[3] > 0, architecture, path: nil, input: input.shape,
        "[batch, channels, height, width]")
      return ForwardObserver.note(self, adaptiveAvgPool2d(input, outputSize))
    }

    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? { Architecture("AdaptiveAvgPool2d") { $0.add(nil, outputSize) } }
  }

  /// The means of as many windows as the result has places, whatever the length of the sequence.
  public final class AdaptiveAvgPool1d: DescribedModule {
    /// The length of the result.
    public let outputSize: Int

    /// Makes a pooling to a length; 1 is global average pooling.
    ///
    /// - Precondition: The length is positive.
    public init(_ outputSize: Int) {
      demand(outputSize > 0, "AdaptiveAvgPool1d: the length \(outputSize) must be positive")
      self.outputSize = outputSize
    }

    /// [batch, channels, length] → [batch, channels, outputSize].
    public func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> {
      require(
        input.rank == 3 && input.shape[2] > 0, architecture, path: nil, input: input.shape,
        "[batch, channels, length]")
      return ForwardObserver.note(self, adaptiveAvgPool1d(input, outputSize))
    }

    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? { Architecture("AdaptiveAvgPool1d") { $0.add(.integer(outputSize)) } }
  }

  /// An image enlarged by a whole factor.
  public final class Upsample: DescribedModule {
    /// The factors of height and width.
    public let scale: (Int, Int)
    /// How pixels are found.
    public let mode: InterpolationMode

    /// Makes a layer that enlarges height and width alike.
    ///
    /// - Precondition: The factor is positive.
    public convenience init(_ scale: Int, mode: InterpolationMode = .nearest) { self.init((scale, scale), mode: mode) }

    /// Makes a layer with a factor for each axis.
    ///
    /// - Precondition: The factors are positive.
    public init(_ scale: (Int, Int), mode: InterpolationMode = .nearest) {
      demand(scale.0 > 0 && scale.1 > 0, "Upsample: the factors \(scale) must be positive")
      self.scale = scale
      self.mode = mode
    }

    /// [batch, channels, height, width] → [batch, channels, height · scale.0, width · scale.1].
    public func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> {
      require(
        input.rank == 4 && input.shape[2] > 0 && input.shape[3] > 0, architecture, path: nil, input: input.shape,
        "[batch, channels, height, width]")
      return ForwardObserver.note(
        self, interpolate(input, size: (input.shape[2] * scale.0, input.shape[3] * scale.1), mode: mode))
    }

    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? {
      Architecture("Upsample") {
        $0.add(nil, scale)
        switch mode {
        case .nearest: break
        case .bilinear(let alignCorners):
          $0.add("mode", choice: alignCorners ? "bilinearAlignedCorners" : "bilinear")
        }
      }
    }
  }
}

/// Average pooling to a given size, of `Float`.
public typealias AdaptiveAvgPool2d = Layers<Float>.AdaptiveAvgPool2d
/// Average pooling to a given length, of `Float`.
public typealias AdaptiveAvgPool1d = Layers<Float>.AdaptiveAvgPool1d
/// Enlarging of images of `Float`.
public typealias Upsample = Layers<Float>.Upsample
