import ApusCompute

/// Transposed two-dimensional convolution, as PyTorch's `conv_transpose2d`: the gradient of a convolution with respect to its
/// input, used forward. Every input pixel puts a weighted copy of the kernel into the output, `stride` pixels apart.
///
/// So its own gradients are a convolution: that of x is the upstream gradient convolved with the weight, that of the weight the
/// weight gradient of that convolution with input and output exchanged.
///
/// - Parameters:
///   - x: [batch, in, height, width].
///   - weight: [in, out / groups, rows, columns].
///   - bias: [out], or nil.
///   - stride: Rows and columns from one copy of the kernel to the next.
///   - padding: Rows and columns that are cut off the result on every side.
///   - outputPadding: Rows and columns by which the result is longer below and to the right; less than the stride or the
///     dilation.
///   - dilation: Rows and columns from one element of the kernel to the next.
///   - groups: Parts into which the channels are cut.
/// - Returns: [batch, out, height', width'], height' = (height − 1) · stride − 2 padding + dilation · (rows − 1) +
///   outputPadding + 1.
/// - Precondition: The shapes fit, groups divide the channels, and the result has pixels.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
public func convTranspose2d<Scalar: ComputeScalar>(
  _ x: Tensor<Scalar>, _ weight: Tensor<Scalar>, _ bias: Tensor<Scalar>? = nil, stride: (Int, Int) = (1, 1),
  padding: (Int, Int) = (0, 0), outputPadding: (Int, Int) = (0, 0), groups: Int = 1, dilation: (Int, Int) = (1, 1)
) -> Tensor<Scalar> {
  let name = "convTranspose2d"
  check(x.rank == 4 && weight.rank == 4, name, "images and weight need four dimensions", x.shape, weight.shape)
  check(
    weight.shape[0] == x.shape[1] && groups > 0 && weight.shape[0] % groups == 0, name,
    "the weight does not fit the channels in \(groups) groups", x.shape, weight.shape)
  let channels = weight.shape[1] * groups
  if let bias {
    check(bias.shape == [channels], name, "the bias does not fit the weight", bias.shape, weight.shape)
  }
  func extent(_ input: Int, _ kernel: Int, _ stride: Int, _ padding: Int, _ extra: Int, _ dilation: Int) -> Int {
    (input - 1) * stride - 2 * padding + dilation * (kernel - 1) + extra + 1
  }
  let settings =
    "stride \(stride), padding \(padding), output padding \(outputPadding), dilation \(dilation), \(groups) groups"
  check(
    stride.0 > 0 && stride.1 > 0 && dilation.0 > 0 && dilation.1 > 0 && padding.0 >= 0 && padding.1 >= 0
      && weight.shape.allSatisfy { $0 > 0 } && x.shape[2] > 0 && x.shape[3] > 0
      && (0..<stride.0 + padding.0).contains(outputPadding.0) && (0..<stride.1 + padding.1).contains(outputPadding.1)
      && outputPadding.0 < max(stride.0, dilation.0) && outputPadding.1 < max(stride.1, dilation.1),
    name, "there is no such convolution: \(settings)", x.shape, weight.shape)
  let height = extent(x.shape[2], weight.shape[2], stride.0, padding.0, outputPadding.0, dilation.0)
  let width = extent(x.shape[3], weight.shape[3], stride.1, padding.1, outputPadding.1, dilation.1)
  check(height > 0 && width > 0, name, "nothing is left of the result: \(settings)", x.shape, weight.shape)
  // The convolution whose input gradient this is: from the result to x. An output padding that its windows do not reach is
  // cut off its padding below and to the right, so that they come out as many as x has pixels.
  func behind(_ size: Int, _ input: Int, _ kernel: Int, _ stride: Int, _ before: Int, _ dilation: Int) -> Int {
    (input - 1) * stride + dilation * (kernel - 1) + 1 - size - before
  }
  let below = max(0, behind(height, x.shape[2], weight.shape[2], stride.0, padding.0, dilation.0))
  let right = max(0, behind(width, x.shape[3], weight.shape[3], stride.1, padding.1, dilation.1))
  let geometry = ConvolutionGeometry(
    batch: x.shape[0], inputChannels: channels, inputHeight: height, inputWidth: width, outputChannels: x.shape[1],
    kernelHeight: weight.shape[2], kernelWidth: weight.shape[3], stride: stride,
    padding: (top: padding.0, bottom: below, left: padding.1, right: right), dilation: dilation, groups: groups)
  let nodes = [x.recordedNode, weight.recordedNode, bias?.recordedNode]
  let (images, kernel) = (x.withoutHistory.packed(), weight.withoutHistory.packed())
  var y = Tensor<Scalar>(uninitialized: [x.shape[0], channels, height, width])
  withPointers(images, kernel) {
    convolutionInputGradient(geometry, outputGradient: $0, weight: $1, inputGradient: y.pointer)
  }
  if let bias {
    y = withoutGradients { y + bias.withoutHistory.packed().reshapedView([channels, 1, 1]) }
  }
  if nodes.allSatisfy({ $0 == nil }) { return y }
  let (xShape, weightShape) = (x.shape, weight.shape)
  let keptImages = nodes[1] == nil ? nil : images
  let keptKernel = nodes[0] == nil ? nil : kernel
  y.record(name, nodes) { upstream, operands in
    let upstream = upstream.packed()
    if operands.wants(2) { operands.send(2, reducing(.sum, copy upstream, [0, 2, 3])) }
    if let keptImages {
      let gradient = Tensor<Scalar>(uninitialized: weightShape)
      withPointers(upstream, keptImages) {
        convolutionWeightGradient(geometry, input: $0, outputGradient: $1, weightGradient: gradient.pointer)
      }
      operands.send(1, gradient)
    }
    if let keptKernel {
      let gradient = Tensor<Scalar>(uninitialized: xShape)
      withPointers(upstream, keptKernel) {
        convolutionForward(geometry, input: $0, weight: $1, bias: nil, output: gradient.pointer)
      }
      operands.send(0, gradient)
    }
  }
  return y
}
