import ApusTensor

extension Layers {
  /// The highest value of every window of a sequence.
  public final class MaxPool1d: DescribedModule {
    /// The length of the window.
    public let kernelSize: Int
    /// Places from one window to the next.
    public let stride: Int
    /// Places at both ends that no maximum is taken from.
    public let padding: Int
    /// Places from one element of the window to the next.
    public let dilation: Int
    /// Whether a last window that reaches beyond the sequence counts.
    public let ceilMode: Bool

    /// Makes a pooling; the stride is the window's length unless given.
    ///
    /// - Precondition: Sizes, stride and dilation are positive, padding is at most half the window.
    public init(_ kernelSize: Int, stride: Int? = nil, padding: Int = 0, dilation: Int = 1, ceilMode: Bool = false) {
      checkPooling("MaxPool1d", kernelSize, stride ?? kernelSize, padding, dilation)
      self.kernelSize = kernelSize
      self.stride = stride ?? kernelSize
      self.padding = padding
      self.dilation = dilation
      self.ceilMode = ceilMode
    }

    /// [batch, channels, length] → [batch, channels, length'].
    public func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> {
      require(input.rank == 3, architecture, path: nil, input: input.shape, "[batch, channels, length]")
      return ForwardObserver.note(
        self,
        maxPool1d(input, kernelSize, stride: stride, padding: padding, dilation: dilation, ceilMode: ceilMode))
    }

    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? {
      Architecture("MaxPool1d") {
        $0.add(.integer(kernelSize))
        $0.add("stride", stride, default: kernelSize)
        $0.add("padding", padding, default: 0)
        $0.add("dilation", dilation, default: 1)
        $0.add("ceilMode", ceilMode, default: false)
      }
    }
  }

  /// The mean of every window of a sequence.
  public final class AvgPool1d: DescribedModule {
    /// The length of the window.
    public let kernelSize: Int
    /// Places from one window to the next.
    public let stride: Int
    /// Zeros at both ends.
    public let padding: Int
    /// Whether a last window that reaches beyond the sequence counts.
    public let ceilMode: Bool
    /// Whether the zeros of the padding count in the mean.
    public let countIncludePad: Bool

    /// Makes a pooling; the stride is the window's length unless given.
    ///
    /// - Precondition: Sizes and stride are positive, padding is at most half the window.
    public init(
      _ kernelSize: Int, stride: Int? = nil, padding: Int = 0, ceilMode: Bool = false, countIncludePad: Bool = true
    ) {
      checkPooling("AvgPool1d", kernelSize, stride ?? kernelSize, padding, 1)
      self.kernelSize = kernelSize
      self.stride = stride ?? kernelSize
      self.padding = padding
      self.ceilMode = ceilMode
      self.countIncludePad = countIncludePad
    }

    /// [batch, channels, length] → [batch, channels, length'].
    public func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> {
      require(input.rank == 3, architecture, path: nil, input: input.shape, "[batch, channels, length]")
      return ForwardObserver.note(
        self,
        avgPool1d(
          input, kernelSize, stride: stride, padding: padding, ceilMode: ceilMode, countIncludePad: countIncludePad))
    }

    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? {
      Architecture("AvgPool1d") {
        $0.add(.integer(kernelSize))
        $0.add("stride", stride, default: kernelSize)
        $0.add("padding", padding, default: 0)
        $0.add("ceilMode", ceilMode, default: false)
        $0.add("countIncludePad", countIncludePad, default: true)
      }
    }
  }
}

/// Maximum pooling of sequences of `Float`.
public typealias MaxPool1d = Layers<Float>.MaxPool1d
/// Average pooling of sequences of `Float`.
public typealias AvgPool1d = Layers<Float>.AvgPool1d

private func checkPooling(_ name: String, _ kernel: Int, _ stride: Int, _ padding: Int, _ dilation: Int) {
  demand(
    kernel > 0 && stride > 0 && dilation > 0,
    "\(name): the window \(kernel), stride \(stride) and dilation \(dilation) must be positive")
  demand(
    padding >= 0 && padding <= kernel / 2, "\(name): padding \(padding) must be at most half the window \(kernel)")
}
