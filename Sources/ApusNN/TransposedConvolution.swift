import ApusTensor

extension Layers {
  /// A transposed two-dimensional convolution: every input pixel puts a weighted copy of the kernel into the output. It enlarges
  /// images as a convolution of the same stride makes them smaller.
  ///
  /// | parameter | shape |
  /// | --- | --- |
  /// | `weight` | [inChannels, outChannels / groups, kernel height, kernel width] |
  /// | `bias` | [outChannels] |
  ///
  /// Both start evenly distributed over ±1 / √(outChannels / groups · kernel size), as in PyTorch. The output's size is
  /// (size − 1) stride − 2 padding + dilation (kernel − 1) + outputPadding + 1.
  public final class ConvTranspose2d: DescribedModule {
    /// Channels of the input.
    public let inChannels: Int
    /// Channels of the output.
    public let outChannels: Int
    /// Height and width of the kernel.
    public let kernelSize: (Int, Int)
    /// Rows and columns from one copy of the kernel to the next.
    public let stride: (Int, Int)
    /// Rows and columns that are cut off the result on every side.
    public let padding: (Int, Int)
    /// Rows and columns by which the result is longer below and to the right.
    public let outputPadding: (Int, Int)
    /// Rows and columns from one element of the kernel to the next.
    public let dilation: (Int, Int)
    /// Into how many groups the channels fall that do not see each other.
    public let groups: Int
    /// [inChannels, outChannels / groups, kernel height, kernel width].
    public let weight: Parameter<Scalar>
    /// [outChannels], nil when the layer was made without.
    public let bias: Parameter<Scalar>?

    /// Makes a layer with square sizes and weights from the seed of the `withSeed` around it.
    ///
    /// - Precondition: As for the initialiser with sizes for each axis.
    public convenience init(
      _ inChannels: Int, _ outChannels: Int, kernelSize: Int, stride: Int = 1, padding: Int = 0,
      outputPadding: Int = 0, groups: Int = 1, bias: Bool = true, dilation: Int = 1
    ) {
      self.init(
        inChannels, outChannels, kernelSize: (kernelSize, kernelSize), stride: (stride, stride),
        padding: (padding, padding), outputPadding: (outputPadding, outputPadding), groups: groups, bias: bias,
        dilation: (dilation, dilation))
    }

    /// Makes a layer with a size for each axis, and weights from the seed of the `withSeed` around it.
    ///
    /// - Precondition: Sizes, strides and dilations are positive, paddings are not negative, an output padding is less than
    ///   the stride or the dilation, and `groups` divides both numbers of channels.
    public init(
      _ inChannels: Int, _ outChannels: Int, kernelSize: (Int, Int), stride: (Int, Int) = (1, 1),
      padding: (Int, Int) = (0, 0), outputPadding: (Int, Int) = (0, 0), groups: Int = 1, bias: Bool = true,
      dilation: (Int, Int) = (1, 1)
    ) {
      let name = "ConvTranspose2d(\(inChannels), \(outChannels), kernelSize: \(kernelSize))"
      demand(inChannels > 0 && outChannels > 0, "\(name): channels must be positive")
      demand(kernelSize.0 > 0 && kernelSize.1 > 0, "\(name): the kernel must be positive")
      demand(
        stride.0 > 0 && stride.1 > 0 && dilation.0 > 0 && dilation.1 > 0 && padding.0 >= 0 && padding.1 >= 0,
        "\(name): stride \(stride) and dilation \(dilation) must be positive, padding \(padding) not negative")
      demand(
        outputPadding.0 >= 0 && outputPadding.1 >= 0 && outputPadding.0 < max(stride.0, dilation.0)
          && outputPadding.1 < max(stride.1, dilation.1),
        "\(name): output padding \(outputPadding) must be less than stride \(stride) or dilation \(dilation)")
      demand(
        groups > 0 && inChannels % groups == 0 && outChannels % groups == 0,
        "\(name): \(groups) groups must divide both numbers of channels")
      self.inChannels = inChannels
      self.outChannels = outChannels
      self.kernelSize = kernelSize
      self.stride = stride
      self.padding = padding
      self.outputPadding = outputPadding
      self.dilation = dilation
      self.groups = groups
      var generator = scopedRandom()
      let shape: Shape = [inChannels, outChannels / groups, kernelSize.0, kernelSize.1]
      weight = Parameter(defaultWeight(shape, using: &generator))
      let fanIn = outChannels / groups * kernelSize.0 * kernelSize.1
      self.bias = bias ? Parameter(defaultBias(outChannels, fanIn: fanIn, using: &generator)) : nil
    }

    /// [batch, inChannels, height, width] → [batch, outChannels, height', width'].
    public func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> {
      require(
        input.rank == 4 && input.shape[1] == inChannels, architecture, path: weight.name, input: input.shape,
        "[batch, \(inChannels), height, width]")
      return ForwardObserver.note(
        self,
        convTranspose2d(
          input, weight.value, bias?.value, stride: stride, padding: padding, outputPadding: outputPadding,
          groups: groups, dilation: dilation))
    }

    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? {
      Architecture("ConvTranspose2d") {
        $0.add(.integer(inChannels))
        $0.add(.integer(outChannels))
        $0.add("kernelSize", kernelSize)
        $0.add("stride", stride, default: (1, 1))
        $0.add("padding", padding, default: (0, 0))
        $0.add("outputPadding", outputPadding, default: (0, 0))
        $0.add("groups", groups, default: 1)
        $0.add("bias", bias != nil, default: true)
        $0.add("dilation", dilation, default: (1, 1))
      }
    }
  }

  /// A transposed one-dimensional convolution of sequences [batch, channels, length]; see `ConvTranspose2d`.
  ///
  /// | parameter | shape |
  /// | --- | --- |
  /// | `weight` | [inChannels, outChannels / groups, kernel] |
  /// | `bias` | [outChannels] |
  public final class ConvTranspose1d: DescribedModule {
    /// Channels of the input.
    public let inChannels: Int
    /// Channels of the output.
    public let outChannels: Int
    /// The length of the kernel.
    public let kernelSize: Int
    /// Places from one copy of the kernel to the next.
    public let stride: Int
    /// Places that are cut off the result on both sides.
    public let padding: Int
    /// Places by which the result is longer on the right.
    public let outputPadding: Int
    /// Places from one element of the kernel to the next.
    public let dilation: Int
    /// Into how many groups the channels fall that do not see each other.
    public let groups: Int
    /// [inChannels, outChannels / groups, kernel].
    public let weight: Parameter<Scalar>
    /// [outChannels], nil when the layer was made without.
    public let bias: Parameter<Scalar>?

    /// Makes a layer with weights from the seed of the `withSeed` around it.
    ///
    /// - Precondition: As for `ConvTranspose2d`.
    public init(
      _ inChannels: Int, _ outChannels: Int, kernelSize: Int, stride: Int = 1, padding: Int = 0,
      outputPadding: Int = 0, groups: Int = 1, bias: Bool = true, dilation: Int = 1
    ) {
      let name = "ConvTranspose1d(\(inChannels), \(outChannels), kernelSize: \(kernelSize))"
      demand(
        inChannels > 0 && outChannels > 0 && kernelSize > 0 && stride > 0 && dilation > 0 && padding >= 0,
        "\(name): sizes, stride \(stride) and dilation \(dilation) must be positive, padding \(padding) not negative")
      demand(
        outputPadding >= 0 && outputPadding < max(stride, dilation),
        "\(name): output padding \(outputPadding) must be less than stride \(stride) or dilation \(dilation)")
      demand(
        groups > 0 && inChannels % groups == 0 && outChannels % groups == 0,
        "\(name): \(groups) groups must divide both numbers of channels")
      self.inChannels = inChannels
      self.outChannels = outChannels
      self.kernelSize = kernelSize
      self.stride = stride
      self.padding = padding
      self.outputPadding = outputPadding
      self.dilation = dilation
      self.groups = groups
      var generator = scopedRandom()
      weight = Parameter(defaultWeight([inChannels, outChannels / groups, kernelSize], using: &generator))
      self.bias =
        bias ? Parameter(defaultBias(outChannels, fanIn: outChannels / groups * kernelSize, using: &generator)) : nil
    }

    /// [batch, inChannels, length] → [batch, outChannels, length'].
    public func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> {
      require(
        input.rank == 3 && input.shape[1] == inChannels, architecture, path: weight.name, input: input.shape,
        "[batch, \(inChannels), length]")
      return ForwardObserver.note(
        self,
        convTranspose1d(
          input, weight.value, bias?.value, stride: stride, padding: padding, outputPadding: outputPadding,
          groups: groups, dilation: dilation))
    }

    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? {
      Architecture("ConvTranspose1d") {
        $0.add(.integer(inChannels))
        $0.add(.integer(outChannels))
        $0.add("kernelSize", .integer(kernelSize))
        $0.add("stride", stride, default: 1)
        $0.add("padding", padding, default: 0)
        $0.add("outputPadding", outputPadding, default: 0)
        $0.add("groups", groups, default: 1)
        $0.add("bias", bias != nil, default: true)
        $0.add("dilation", dilation, default: 1)
      }
    }
  }
}

/// A transposed two-dimensional convolution of `Float`.
public typealias ConvTranspose2d = Layers<Float>.ConvTranspose2d
/// A transposed one-dimensional convolution of `Float`.
public typealias ConvTranspose1d = Layers<Float>.ConvTranspose1d
