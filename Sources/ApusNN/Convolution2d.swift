import ApusTensor

/// What surrounds an image before a window passes over it.
public enum Padding2d: Equatable, Sendable {
  /// So many rows of zeros above and below, so many columns left and right.
  case explicit(Int, Int)
  /// As much as makes the output as large as the input, the odd row or column below and to the right; stride 1 only.
  case same
  /// None.
  public static var valid: Padding2d { .explicit(0, 0) }
}

extension Layers {
  /// A two-dimensional convolution (cross-correlation, as in every deep-learning library).
  ///
  /// | parameter | shape |
  /// | --- | --- |
  /// | `weight` | [outChannels, inChannels / groups, kernel height, kernel width] |
  /// | `bias` | [outChannels] |
  ///
  /// Both start evenly distributed over ±1 / √(inChannels / groups · kernel size), as in PyTorch. The output's size is
  /// ⌊(size + 2 padding − dilation (kernel − 1) − 1) / stride⌋ + 1.
  public final class Conv2d: DescribedModule {
    /// Channels of the input.
    public let inChannels: Int
    /// Channels of the output.
    public let outChannels: Int
    /// Height and width of the window.
    public let kernelSize: (Int, Int)
    /// Rows and columns from one window to the next.
    public let stride: (Int, Int)
    /// What surrounds the image.
    public let padding: Padding2d
    /// Rows and columns from one element of the window to the next.
    public let dilation: (Int, Int)
    /// Into how many groups the channels fall that do not see each other.
    public let groups: Int
    /// [outChannels, inChannels / groups, kernel height, kernel width].
    public let weight: Parameter<Scalar>
    /// [outChannels], nil when the layer was made without.
    public let bias: Parameter<Scalar>?

    /// Makes a convolution with square sizes and weights from the seed of the `withSeed` around it.
    ///
    /// - Precondition: As for the initialiser with sizes for each axis.
    public convenience init(
      _ inChannels: Int, _ outChannels: Int, kernelSize: Int, stride: Int = 1, padding: Int = 0, dilation: Int = 1,
      groups: Int = 1, bias: Bool = true
    ) {
      self.init(
        inChannels, outChannels, kernelSize: (kernelSize, kernelSize), stride: (stride, stride),
        padding: .explicit(padding, padding), dilation: (dilation, dilation), groups: groups, bias: bias)
    }

    /// Makes a convolution with square sizes, padded by `.same` or `.valid`.
    ///
    /// - Precondition: As for the initialiser with sizes for each axis.
    public convenience init(
      _ inChannels: Int, _ outChannels: Int, kernelSize: Int, stride: Int = 1, padding: Padding2d, dilation: Int = 1,
      groups: Int = 1, bias: Bool = true
    ) {
      self.init(
        inChannels, outChannels, kernelSize: (kernelSize, kernelSize), stride: (stride, stride), padding: padding,
        dilation: (dilation, dilation), groups: groups, bias: bias)
    }

    /// Makes a convolution with a size for each axis, and weights from the seed of the `withSeed` around it.
    ///
    /// - Precondition: As for the initialiser that takes a generator.
    public convenience init(
      _ inChannels: Int, _ outChannels: Int, kernelSize: (Int, Int), stride: (Int, Int) = (1, 1),
      padding: Padding2d = .valid, dilation: (Int, Int) = (1, 1), groups: Int = 1, bias: Bool = true
    ) {
      var generator = scopedRandom()
      self.init(
        inChannels, outChannels, kernelSize: kernelSize, stride: stride, padding: padding, dilation: dilation,
        groups: groups, bias: bias, using: &generator)
    }

    /// Makes a convolution with a size for each axis, and weights from `generator`.
    ///
    /// - Precondition: Sizes, strides and dilations are positive, padding is not negative, `.same` has stride 1, and
    ///   `groups` divides both numbers of channels.
    public init(
      _ inChannels: Int, _ outChannels: Int, kernelSize: (Int, Int), stride: (Int, Int) = (1, 1),
      padding: Padding2d = .valid, dilation: (Int, Int) = (1, 1), groups: Int = 1, bias: Bool = true,
      using generator: inout Random
    ) {
      let name = "Conv2d(\(inChannels), \(outChannels), kernelSize: \(kernelSize))"
      demand(inChannels > 0 && outChannels > 0, "\(name): channels must be positive")
      demand(kernelSize.0 > 0 && kernelSize.1 > 0, "\(name): the kernel must be positive")
      demand(stride.0 > 0 && stride.1 > 0, "\(name): stride \(stride) must be positive")
      demand(dilation.0 > 0 && dilation.1 > 0, "\(name): dilation \(dilation) must be positive")
      demand(
        groups > 0 && inChannels % groups == 0 && outChannels % groups == 0,
        "\(name): \(groups) groups must divide both numbers of channels")
      switch padding {
      case .explicit(let rows, let columns):
        demand(rows >= 0 && columns >= 0, "\(name): padding \((rows, columns)) is negative")
      case .same:
        demand(stride == (1, 1), "\(name): padding .same needs stride 1, not \(stride)")
      }
      self.inChannels = inChannels
      self.outChannels = outChannels
      self.kernelSize = kernelSize
      self.stride = stride
      self.padding = padding
      self.dilation = dilation
      self.groups = groups
      let shape: Shape = [outChannels, inChannels / groups, kernelSize.0, kernelSize.1]
      weight = Parameter(defaultWeight(shape, using: &generator))
      let fanIn = inChannels / groups * kernelSize.0 * kernelSize.1
      self.bias = bias ? Parameter(defaultBias(outChannels, fanIn: fanIn, using: &generator)) : nil
    }

    /// [batch, inChannels, height, width] → [batch, outChannels, height', width'].
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> {
      require(
        input.rank == 4 && input.shape[1] == inChannels, architecture, path: weight.name, input: input.shape,
        "[batch, \(inChannels), height, width]")
      return ForwardObserver.note(self, convolve(input))
    }

    private func convolve(_ input: Tensor<Scalar>) -> Tensor<Scalar> {
      var input = input
      let rows: Int
      let columns: Int
      switch padding {
      case .explicit(let height, let width):
        (rows, columns) = (height, width)
      case .same:
        let total = (dilation.0 * (kernelSize.0 - 1), dilation.1 * (kernelSize.1 - 1))
        (rows, columns) = (total.0 / 2, total.1 / 2)
        // The convolution pads evenly; what an even kernel needs on one side more is put there first.
        if total.0 % 2 + total.1 % 2 > 0 { input = input.padded([0, total.1 % 2, 0, total.0 % 2]) }
      }
      let extent = (dilation.0 * (kernelSize.0 - 1) + 1, dilation.1 * (kernelSize.1 - 1) + 1)
      require(
        input.shape[2] + 2 * rows >= extent.0 && input.shape[3] + 2 * columns >= extent.1, architecture,
        path: weight.name, input: input.shape,
        "at least [batch, \(inChannels), \(extent.0 - 2 * rows), \(extent.1 - 2 * columns)]")
      return conv2d(
        input, weight.value, bias?.value, stride: stride, padding: (rows, columns), dilation: dilation, groups: groups)
    }

    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? {
      Architecture("Conv2d") {
        $0.add(.integer(inChannels))
        $0.add(.integer(outChannels))
        $0.add("kernelSize", kernelSize)
        $0.add("stride", stride, default: (1, 1))
        switch padding {
        case .explicit(let rows, let columns): $0.add("padding", (rows, columns), default: (0, 0))
        case .same: $0.add("padding", choice: "same")
        }
        $0.add("dilation", dilation, default: (1, 1))
        $0.add("groups", groups, default: 1)
        $0.add("bias", bias != nil, default: true)
      }
    }
  }
}

/// A two-dimensional convolution of `Float`.
public typealias Conv2d = Layers<Float>.Conv2d
