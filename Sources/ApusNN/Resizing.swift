import ApusTensor

extension Layers {
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

/// Enlarging of images of `Float`.
public typealias Upsample = Layers<Float>.Upsample
