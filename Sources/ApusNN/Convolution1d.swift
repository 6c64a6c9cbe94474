import ApusTensor

/// What surrounds a sequence before a window passes over it.
public enum Padding1d: Equatable, Sendable {
  /// So many zeros on both sides.
  case explicit(Int)
  /// As much as makes the output as long as the input, the odd place on the right; stride 1 only.
  case same
  /// None.
  public static var valid: Padding1d { .explicit(0) }
}

extension Layers {
  /// A one-dimensional convolution of sequences [batch, channels, length].
  ///
  /// | parameter | shape |
  /// | --- | --- |
  /// | `weight` | [outChannels, inChannels / groups, kernel] |
  /// | `bias` | [outChannels] |
  ///
  /// Both start evenly distributed over ±1 / √(inChannels / groups · kernel), as in PyTorch.
  public final class Conv1d: DescribedModule {
    /// Channels of the input.
    public let inChannels: Int
    /// Channels of the output.
    public let outChannels: Int
    /// The length of the window.
    public let kernelSize: Int
    /// Places from one window to the next.
    public let stride: Int
    /// What surrounds the sequence.
    public let padding: Padding1d
    /// Places from one element of the window to the next.
    public let dilation: Int
    /// Into how many groups the channels fall that do not see each other.
    public let groups: Int
    /// [outChannels, inChannels / groups, kernel].
    public let weight: Parameter<Scalar>
    /// [outChannels], nil when the layer was made without.
    public let bias: Parameter<Scalar>?

    /// Makes a convolution with so many zeros on both sides, and weights from the seed of the `withSeed` around it.
    ///
    /// - Precondition: As for the initialiser that takes a `Padding1d`.
    public convenience init(
      _ inChannels: Int, _ outChannels: Int, kernelSize: Int, stride: Int = 1, padding: Int = 0, dilation: Int = 1,
      groups: Int = 1, bias: Bool = true
    ) {
      self.init(
        inChannels, outChannels, kernelSize: kernelSize, stride: stride, padding: .explicit(padding),
        dilation: dilation, groups: groups, bias: bias)
    }

    /// Makes a convolution with weights from the seed of the `withSeed` around it.
    ///
    /// - Precondition: Sizes, stride and dilation are positive, padding is not negative, `.same` has stride 1, and `groups`
    ///   divides both numbers of channels.
    public init(
      _ inChannels: Int, _ outChannels: Int, kernelSize: Int, stride: Int = 1, padding: Padding1d, dilation: Int = 1,
      groups: Int = 1, bias: Bool = true
    ) {
      let name = "Conv1d(\(inChannels), \(outChannels), kernelSize: \(kernelSize))"
      demand(
        inChannels > 0 && outChannels > 0 && kernelSize > 0 && stride > 0 && dilation > 0,
        "\(name): sizes, stride \(stride) and dilation \(dilation) must be positive")
      demand(
        groups > 0 && inChannels % groups == 0 && outChannels % groups == 0,
        "\(name): \(groups) groups must divide both numbers of channels")
      switch padding {
      case .explicit(let count): demand(count >= 0, "\(name): padding \(count) is negative")
      case .same: demand(stride == 1, "\(name): padding .same needs stride 1, not \(stride)")
      }
      self.inChannels = inChannels
      self.outChannels = outChannels
      self.kernelSize = kernelSize
      self.stride = stride
      self.padding = padding
      self.dilation = dilation
      self.groups = groups
      var generator = scopedRandom()
      weight = Parameter(defaultWeight([outChannels, inChannels / groups, kernelSize], using: &generator))
      self.bias =
        bias ? Parameter(defaultBias(outChannels, fanIn: inChannels / groups * kernelSize, using: &generator)) : nil
    }

    /// [batch, inChannels, length] → [batch, outChannels, length'].
    public func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> {
      let reach = dilation * (kernelSize - 1)
      var input = input
      var count = 0
      switch padding {
      case .explicit(let given): count = given
      case .same: count = reach / 2
      }
      require(
        input.rank == 3 && input.shape[1] == inChannels
          && input.shape[2] + 2 * count + (padding == .same ? 1 : 0) > reach,
        architecture, path: weight.name, input: input.shape, "[batch, \(inChannels), at least \(reach + 1 - 2 * count)]"
      )
      // The convolution pads evenly; what an even kernel needs on one side more is put there first.
      if padding == .same, reach % 2 == 1 { input = input.padded([0, 1]) }
      return ForwardObserver.note(
        self,
        conv1d(
          input, weight.value, bias?.value, stride: stride, padding: count, dilation: dilation, groups: groups))
    }

    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? {
      Architecture("Conv1d") {
        $0.add(.integer(inChannels))
        $0.add(.integer(outChannels))
        $0.add("kernelSize", .integer(kernelSize))
        $0.add("stride", stride, default: 1)
        switch padding {
        case .explicit(let count): $0.add("padding", count, default: 0)
        case .same: $0.add("padding", choice: "same")
        }
        $0.add("dilation", dilation, default: 1)
        $0.add("groups", groups, default: 1)
        $0.add("bias", bias != nil, default: true)
      }
    }
  }
}

/// A one-dimensional convolution of `Float`.
public typealias Conv1d = Layers<Float>.Conv1d
