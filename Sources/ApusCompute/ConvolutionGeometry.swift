/// The sizes of a 2-D convolution (cross-correlation, as deep learning means the word), NCHW, PyTorch's conventions.
///
/// Input `[batch, inputChannels, inputHeight, inputWidth]`, weight `[outputChannels, inputChannels / groups,
/// kernelHeight, kernelWidth]`, output `[batch, outputChannels, outputHeight, outputWidth]`, with
/// `output = (input + padding before and behind − dilation · (kernel − 1) − 1) / stride + 1`, rounded down.
public struct ConvolutionGeometry: Equatable, Sendable {
  /// Images.
  public var batch: Int
  /// Channels of the input.
  public var inputChannels: Int
  /// Rows of the input.
  public var inputHeight: Int
  /// Columns of the input.
  public var inputWidth: Int
  /// Channels of the output.
  public var outputChannels: Int
  /// Rows of the kernel.
  public var kernelHeight: Int
  /// Columns of the kernel.
  public var kernelWidth: Int
  /// Rows, columns from one output pixel's patch to the next one's.
  public var stride: (Int, Int)
  /// Zeros above, below, left and right of the input.
  public var padding: (top: Int, bottom: Int, left: Int, right: Int)
  /// Rows, columns from one tap of the kernel to the next.
  public var dilation: (Int, Int)
  /// Groups of channels that are convolved apart; 1 for an ordinary convolution, the channels for a depthwise one.
  public var groups: Int

  /// Sizes of a convolution.
  ///
  /// - Precondition: `problem` is nil: sizes are positive, groups divide both channels, the kernel fits the padded input.
  public init(
    batch: Int, inputChannels: Int, inputHeight: Int, inputWidth: Int, outputChannels: Int, kernelHeight: Int,
    kernelWidth: Int, stride: (Int, Int) = (1, 1),
    padding: (top: Int, bottom: Int, left: Int, right: Int) = (0, 0, 0, 0), dilation: (Int, Int) = (1, 1),
    groups: Int = 1
  ) {
    self.batch = batch
    self.inputChannels = inputChannels
    self.inputHeight = inputHeight
    self.inputWidth = inputWidth
    self.outputChannels = outputChannels
    self.kernelHeight = kernelHeight
    self.kernelWidth = kernelWidth
    self.stride = stride
    self.padding = padding
    self.dilation = dilation
    self.groups = groups
    if let problem { preconditionFailure("convolution: \(problem)") }
  }

  /// Rows of the output.
  public var outputHeight: Int {
    (inputHeight + padding.top + padding.bottom - dilation.0 * (kernelHeight - 1) - 1) / stride.0 + 1
  }
  /// Columns of the output.
  public var outputWidth: Int {
    (inputWidth + padding.left + padding.right - dilation.1 * (kernelWidth - 1) - 1) / stride.1 + 1
  }
  /// Scalars of the input.
  public var inputCount: Int { batch * inputChannels * inputHeight * inputWidth }
  /// Scalars of the weight.
  public var weightCount: Int { outputChannels * inputChannelsPerGroup * kernelHeight * kernelWidth }
  /// Scalars of the output.
  public var outputCount: Int { batch * outputChannels * outputHeight * outputWidth }
  /// Floating-point operations of the forward pass, a multiply-add being two.
  public var operations: Int {
    2 * outputCount * inputChannelsPerGroup * kernelHeight * kernelWidth
  }

  var inputChannelsPerGroup: Int { inputChannels / groups }
  var outputChannelsPerGroup: Int { outputChannels / groups }
  var inputPixels: Int { inputHeight * inputWidth }
  var outputPixels: Int { outputHeight * outputWidth }

  /// What is wrong with the sizes, or nil.
  public var problem: String? {
    if batch < 0 { return "a batch of \(batch)" }
    if inputChannels < 1 || outputChannels < 1 { return "\(inputChannels) input and \(outputChannels) output channels" }
    if inputHeight < 0 || inputWidth < 0 { return "an input of \(inputHeight)x\(inputWidth)" }
    if kernelHeight < 1 || kernelWidth < 1 { return "a kernel of \(kernelHeight)x\(kernelWidth)" }
    if stride.0 < 1 || stride.1 < 1 { return "a stride of \(stride)" }
    if dilation.0 < 1 || dilation.1 < 1 { return "a dilation of \(dilation)" }
    if padding.top < 0 || padding.bottom < 0 || padding.left < 0 || padding.right < 0 {
      return "a padding of \(padding)"
    }
    if groups < 1 || inputChannels % groups != 0 || outputChannels % groups != 0 {
      return "\(groups) groups do not divide \(inputChannels) input and \(outputChannels) output channels"
    }
    let reachY = dilation.0 * (kernelHeight - 1) + 1
    let reachX = dilation.1 * (kernelWidth - 1) + 1
    let (height, width) = (inputHeight + padding.top + padding.bottom, inputWidth + padding.left + padding.right)
    if reachY > height || reachX > width {
      return "a kernel that reaches over \(reachY)x\(reachX) is larger than the padded input of \(height)x\(width)"
    }
    return nil
  }

  /// Equal when every size is.
  public static func == (a: Self, b: Self) -> Bool {
    (a.batch, a.inputChannels, a.inputHeight, a.inputWidth, a.groups)
      == (b.batch, b.inputChannels, b.inputHeight, b.inputWidth, b.groups)
      && (a.outputChannels, a.kernelHeight, a.kernelWidth) == (b.outputChannels, b.kernelHeight, b.kernelWidth)
      && a.stride == b.stride && a.padding == b.padding && a.dilation == b.dilation
  }
}
