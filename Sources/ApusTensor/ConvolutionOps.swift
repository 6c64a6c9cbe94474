import ApusCompute

/// Two-dimensional convolution (cross-correlation) of images, as PyTorch's `conv2d`.
///
/// With the output o, o[n, c, y, x] = b[c] + Σ w[c, i, ky, kx] · input[n, i, y · stride + ky · dilation − padding, …]. Every input
/// pixel contributes to the outputs whose patches contain it, with the weight of its place there: the gradient of the
/// input is the upstream gradient convolved with the weight the other way round, that of the weight correlates input and
/// upstream gradient, and that of the bias sums it over images and pixels.
///
/// - Parameters:
///   - x: [batch, in, height, width].
///   - weight: [out, in / groups, rows, columns].
///   - bias: [out], or nil.
///   - stride: Rows and columns from one patch to the next.
///   - padding: Zeros above and below, and at the left and right.
///   - dilation: Rows and columns from one element of a patch to the next.
///   - groups: Parts into which the channels are cut, each convolved apart.
/// - Returns: [batch, out, height', width'].
/// - Precondition: The shapes fit, groups divide the channels, and the kernel fits the padded image.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
public func conv2d<Scalar: ComputeScalar>(
  _ x: Tensor<Scalar>, _ weight: Tensor<Scalar>, _ bias: Tensor<Scalar>? = nil, stride: (Int, Int) = (1, 1),
  padding: (Int, Int) = (0, 0), dilation: (Int, Int) = (1, 1), groups: Int = 1
) -> Tensor<Scalar> {
  let geometry = checkedConvolutionGeometry(
    "conv2d", x.shape, weight.shape, bias?.shape, stride: stride, padding: padding, dilation: dilation, groups: groups)
  let nodes = (x.recordedNode, weight.recordedNode, bias?.recordedNode)
  let images = x.withoutHistory.packed()
  let kernel = weight.withoutHistory.packed()
  var y = Tensor<Scalar>(
    uninitialized: [geometry.batch, geometry.outputChannels, geometry.outputHeight, geometry.outputWidth])
  withPointers(images, kernel) { images, kernel in
    if let bias = bias?.withoutHistory.packed() {
      withPointer(bias) {
        convolutionForward(geometry, input: images, weight: kernel, bias: $0, output: y.pointer)
      }
    } else {
      convolutionForward(geometry, input: images, weight: kernel, bias: nil, output: y.pointer)
    }
  }
  if nodes.0 == nil && nodes.1 == nil && nodes.2 == nil { return y }
  let keptImages = nodes.1 == nil ? nil : images
  let keptKernel = nodes.0 == nil ? nil : kernel
  y.record("conv2d", nodes.0, nodes.1, nodes.2) { upstream, operands in
    let upstream = upstream.packed()
    if operands.wants(2) { operands.send(2, reducing(.sum, copy upstream, [0, 2, 3])) }
    sendConvolutionGradients(geometry, upstream, images: keptImages, kernel: keptKernel, to: operands)
  }
  return y
}

/// Sends a convolution's gradients to its input (operand 0) and its weight (operand 1).
///
/// - Parameters:
///   - upstream: The gradient with respect to the convolution's result, without gaps.
///   - images: The input, when the weight wants a gradient.
///   - kernel: The weight, when the input wants one.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
func sendConvolutionGradients<Scalar: ComputeScalar>(
  _ geometry: ConvolutionGeometry, _ upstream: Tensor<Scalar>, images: Tensor<Scalar>?, kernel: Tensor<Scalar>?,
  to operands: GradientSink<Scalar>
) {
  let weightGradient = images.map { _ in
    Tensor<Scalar>(
      uninitialized: [
        geometry.outputChannels, geometry.inputChannels / geometry.groups, geometry.kernelHeight, geometry.kernelWidth,
      ])
  }
  let inputGradient = kernel.map { _ in
    Tensor<Scalar>(
      uninitialized: [geometry.batch, geometry.inputChannels, geometry.inputHeight, geometry.inputWidth])
  }
  if let images, let weightGradient, let kernel, let inputGradient {
    withPointers(images, upstream) { x, dy in
      withPointer(kernel) { w in
        convolutionGradients(
          geometry, input: x, outputGradient: dy, weight: w, weightGradient: weightGradient.pointer,
          inputGradient: inputGradient.pointer)
      }
    }
  } else if let images, let weightGradient {
    withPointers(images, upstream) {
      convolutionWeightGradient(geometry, input: $0, outputGradient: $1, weightGradient: weightGradient.pointer)
    }
  } else if let kernel, let inputGradient {
    withPointers(kernel, upstream) {
      convolutionInputGradient(geometry, outputGradient: $1, weight: $0, inputGradient: inputGradient.pointer)
    }
  }
  if let weightGradient { operands.send(1, weightGradient) }
  if let inputGradient { operands.send(0, inputGradient) }
}

/// `conv2d` with the same sizes for rows and columns.
public func conv2d<Scalar: ComputeScalar>(
  _ x: Tensor<Scalar>, _ weight: Tensor<Scalar>, _ bias: Tensor<Scalar>? = nil, stride: Int, padding: Int = 0,
  dilation: Int = 1, groups: Int = 1
) -> Tensor<Scalar> {
  conv2d(
    x, weight, bias, stride: (stride, stride), padding: (padding, padding), dilation: (dilation, dilation),
    groups: groups)
}

/// `conv2d` with stride 1 and the same padding on all sides.
public func conv2d<Scalar: ComputeScalar>(
  _ x: Tensor<Scalar>, _ weight: Tensor<Scalar>, _ bias: Tensor<Scalar>? = nil, padding: Int, dilation: Int = 1,
  groups: Int = 1
) -> Tensor<Scalar> {
  conv2d(x, weight, bias, stride: 1, padding: padding, dilation: dilation, groups: groups)
}

/// The geometry of a convolution of images with a weight; stops with the operation's name when they do not fit.
func checkedConvolutionGeometry(
  _ name: String, _ x: Shape, _ weight: Shape, _ bias: Shape?, stride: (Int, Int), padding: (Int, Int),
  dilation: (Int, Int), groups: Int
) -> ConvolutionGeometry {
  check(x.rank == 4 && weight.rank == 4, name, "images and weight need four dimensions", x, weight)
  check(
    groups > 0 && weight[1] * groups == x[1], name, "the weight does not fit the channels in \(groups) groups", x,
    weight)
  if let bias {
    check(bias == [weight[0]], name, "the bias does not fit the weight", bias, weight)
  }
  let reach = (dilation.0 * (weight[2] - 1) + 1, dilation.1 * (weight[3] - 1) + 1)
  let settings = "stride \(stride), padding \(padding), dilation \(dilation), \(groups) groups"
  check(
    stride.0 > 0 && stride.1 > 0 && dilation.0 > 0 && dilation.1 > 0 && padding.0 >= 0 && padding.1 >= 0
      && x[1] > 0 && weight.allSatisfy { $0 > 0 } && weight[0] % groups == 0,
    name, "there is no such convolution: \(settings)", x, weight)
  check(
    reach.0 <= x[2] + 2 * padding.0 && reach.1 <= x[3] + 2 * padding.1, name,
    "the kernel is larger than the image: \(settings)", x, weight)
  return ConvolutionGeometry(
    batch: x[0], inputChannels: x[1], inputHeight: x[2], inputWidth: x[3], outputChannels: weight[0],
    kernelHeight: weight[2], kernelWidth: weight[3], stride: stride,
    padding: (top: padding.0, bottom: padding.0, left: padding.1, right: padding.1), dilation: dilation, groups: groups)
}
