import ApusTensor

extension Layers {
  /// Cuts the features of every sample into more dimensions, as the images that a decoder builds from a code: the opposite of
  /// `Flatten`.
  public final class Unflatten: DescribedModule {
    /// The extents of a sample, without the batch.
    public let sampleShape: Shape

    /// Makes a layer that gives every sample the extents `sampleShape`: `Unflatten([64, 7, 7])`.
    ///
    /// - Precondition: There is an extent, and all are positive.
    public init(_ sampleShape: Shape) {
      demand(
        sampleShape.rank > 0 && sampleShape.allSatisfy { $0 > 0 }, "Unflatten(\(sampleShape)): extents must be positive"
      )
      self.sampleShape = sampleShape
    }

    /// [batch, features] → [batch, …sampleShape].
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> {
      require(
        input.rank == 2 && input.shape[1] == sampleShape.elementCount, architecture, path: nil, input: input.shape,
        "[batch, \(sampleShape.elementCount)]")
      return ForwardObserver.note(self, input.reshaped([input.shape[0]] + Array(sampleShape)))
    }

    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? {
      Architecture("Unflatten") { $0.add(.integers(Array(sampleShape))) }
    }
  }
}

/// A layer of `Float` that cuts features into images.
public typealias Unflatten = Layers<Float>.Unflatten
