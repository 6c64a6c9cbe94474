import ApusTensor

extension Layers {
  /// The highest value of every window.
  public final class MaxPool2d: DescribedModule {
    /// Height and width of the window.
    public let kernelSize: (Int, Int)
    /// Rows and columns from one window to the next.
    public let stride: (Int, Int)
    /// Rows and columns around the image that no maximum is taken from.
    public let padding: (Int, Int)
    /// Rows and columns from one element of the window to the next.
    public let dilation: (Int, Int)
    /// Whether a last window that reaches beyond the image counts.
    public let ceilMode: Bool

    /// Makes a pooling with square windows; the stride is the window's size unless given.
    public convenience init(
      _ kernelSize: Int, stride: Int? = nil, padding: Int = 0, dilation: Int = 1, ceilMode: Bool = false
    ) {
      self.init(
        (kernelSize, kernelSize), stride: stride.map { ($0, $0) }, padding: (padding, padding),
        dilation: (dilation, dilation), ceilMode: ceilMode)
    }

    /// Makes a pooling with a size for each axis; the stride is the window's size unless given.
    ///
    /// - Precondition: Sizes, strides and dilations are positive, padding is at most half the window.
    public init(
      _ kernelSize: (Int, Int), stride: (Int, Int)? = nil, padding: (Int, Int) = (0, 0),
      dilation: (Int, Int) = (1, 1), ceilMode: Bool = false
    ) {
      checkPooling("MaxPool2d", kernelSize, stride ?? kernelSize, padding, dilation)
      self.kernelSize = kernelSize
      self.stride = stride ?? kernelSize
      self.padding = padding
      self.dilation = dilation
      self.ceilMode = ceilMode
    }

    /// [batch, channels, height, width] → [batch, channels, height', width'].
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> {
      require(
        input.rank == 4, architecture, path: nil, input: input.shape, "[batch, channels, height, width]")
      return ForwardObserver.note(
        self,
        maxPool2d(input, kernelSize, stride: stride, padding: padding, dilation: dilation, ceilMode: ceilMode))
    }

    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? {
      Architecture("MaxPool2d") {
        $0.add(nil, kernelSize)
        $0.add("stride", stride, default: kernelSize)
        $0.add("padding", padding, default: (0, 0))
        $0.add("dilation", dilation, default: (1, 1))
        $0.add("ceilMode", ceilMode, default: false)
      }
    }
  }

  /// The mean of every window.
  public final class AvgPool2d: DescribedModule {
    /// Height and width of the window.
    public let kernelSize: (Int, Int)
    /// Rows and columns from one window to the next.
    public let stride: (Int, Int)
    /// Rows and columns of zeros around the image.
    public let padding: (Int, Int)
    /// Whether a last window that reaches beyond the image counts.
    public let ceilMode: Bool
    /// Whether the zeros of the padding count in the mean.
    public let countIncludePad: Bool

    /// Makes a pooling with square windows; the stride is the window's size unless given.
    public convenience init(
      _ kernelSize: Int, stride: Int? = nil, padding: Int = 0, ceilMode: Bool = false, countIncludePad: Bool = true
    ) {
      self.init(
        (kernelSize, kernelSize), stride: stride.map { ($0, $0) }, padding: (padding, padding), ceilMode: ceilMode,
        countIncludePad: countIncludePad)
    }

    /// Makes a pooling with a size for each axis; the stride is the window's size unless given.
    ///
    /// - Precondition: Sizes and strides are positive, padding is at most half the window.
    public init(
      _ kernelSize: (Int, Int), stride: (Int, Int)? = nil, padding: (Int, Int) = (0, 0), ceilMode: Bool = false,
      countIncludePad: Bool = true
    ) {
      checkPooling("AvgPool2d", kernelSize, stride ?? kernelSize, padding, (1, 1))
      self.kernelSize = kernelSize
      self.stride = stride ?? kernelSize
      self.padding = padding
      self.ceilMode = ceilMode
      self.countIncludePad = countIncludePad
    }

    /// [batch, channels, height, width] → [batch, channels, height', width'].
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> {
      require(
        input.rank == 4, architecture, path: nil, input: input.shape, "[batch, channels, height, width]")
      return ForwardObserver.note(
        self,
        avgPool2d(
          input, kernelSize, stride: stride, padding: padding, ceilMode: ceilMode, countIncludePad: countIncludePad))
    }

    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? {
      Architecture("AvgPool2d") {
        $0.add(nil, kernelSize)
        $0.add("stride", stride, default: kernelSize)
        $0.add("padding", padding, default: (0, 0))
        $0.add("ceilMode", ceilMode, default: false)
        $0.add("countIncludePad", countIncludePad, default: true)
      }
    }
  }
}

/// Maximum pooling of `Float`.
public typealias MaxPool2d = Layers<Float>.MaxPool2d
/// Average pooling of `Float`.
public typealias AvgPool2d = Layers<Float>.AvgPool2d

private func checkPooling(
  _ name: String, _ kernel: (Int, Int), _ stride: (Int, Int), _ padding: (Int, Int), _ dilation: (Int, Int)
) {
  demand(kernel.0 > 0 && kernel.1 > 0, "\(name): the window \(kernel) must be positive")
  demand(stride.0 > 0 && stride.1 > 0, "\(name): stride \(stride) must be positive")
  demand(dilation.0 > 0 && dilation.1 > 0, "\(name): dilation \(dilation) must be positive")
  demand(
    padding.0 >= 0 && padding.1 >= 0 && padding.0 <= kernel.0 / 2 && padding.1 <= kernel.1 / 2,
    "\(name): padding \(padding) must be at most half the window \(kernel)")
}
