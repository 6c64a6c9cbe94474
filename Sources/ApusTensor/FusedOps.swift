import ApusCompute

// Operations that stand for several, in one pass over memory. `Sequential` puts them in the place of the layers that they
// stand for; their results are those of the operations one after the other, and so are their gradients up to the order
// of sums.

/// max(x Wᵀ + b, 0): a linear layer and ReLU, which is applied while the product's tile is in registers.
///
/// With G the upstream gradient where the result is above 0 and zero elsewhere, the gradients are those of `linear`.
///
/// - Parameters: As for `linear`, x of rank 2.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
package func rectifiedLinear<Scalar: ComputeScalar>(
  _ x: Tensor<Scalar>, _ weight: Tensor<Scalar>, _ bias: Tensor<Scalar>? = nil
) -> Tensor<Scalar> {
  linear(x, weight, bias, rectifies: true)
}

/// max-pooling by 2 × 2 windows of max(conv2d(x, weight, bias), 0): what most image models begin with.
///
/// The gradient of a window goes to the largest of its four numbers, of equals the first, if that is above 0; from there on it
/// is that of `conv2d`. Neither the convolution's result nor ReLU's is kept.
///
/// - Parameters: As for `conv2d`.
/// - Returns: [batch, out, ⌊height' / 2⌋, ⌊width' / 2⌋].
/// - Precondition: The convolution's result has two rows and two columns at least.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
package func rectifiedPooledConv2d<Scalar: ComputeScalar>(
  _ x: Tensor<Scalar>, _ weight: Tensor<Scalar>, _ bias: Tensor<Scalar>? = nil, stride: (Int, Int) = (1, 1),
  padding: (Int, Int) = (0, 0), dilation: (Int, Int) = (1, 1), groups: Int = 1
) -> Tensor<Scalar> {
  let name = "rectifiedPooledConv2d"
  let geometry = checkedConvolutionGeometry(
    name, x.shape, weight.shape, bias?.shape, stride: stride, padding: padding, dilation: dilation, groups: groups)
  check(
    geometry.outputHeight > 1 && geometry.outputWidth > 1, name, "there is no window of 2 by 2", x.shape, weight.shape)
  let nodes = (x.recordedNode, weight.recordedNode, bias?.recordedNode)
  let images = x.withoutHistory.packed()
  let kernel = weight.withoutHistory.packed()
  let operation = RectifiedPoolConvolution<Scalar>(geometry)
  var y = Tensor<Scalar>(
    uninitialized: [geometry.batch, geometry.outputChannels, geometry.outputHeight / 2, geometry.outputWidth / 2])
  let codes = Storage<UInt8>(count: operation.codeCount)
  withPointers(images, kernel) { images, kernel in
    if let bias = bias?.withoutHistory.packed() {
      withPointer(bias) {
        operation.forward(input: images, weight: kernel, bias: $0, into: y.pointer, codes: codes.pointer)
      }
    } else {
      operation.forward(input: images, weight: kernel, bias: nil, into: y.pointer, codes: codes.pointer)
    }
  }
  if nodes.0 == nil && nodes.1 == nil && nodes.2 == nil { return y }
  let keptImages = nodes.1 == nil ? nil : images
  let keptKernel = nodes.0 == nil ? nil : kernel
  let kernelShape = kernel.shape
  let channels = geometry.outputChannels
  y.record(name, nodes.0, nodes.1, nodes.2) { upstream, operands in
    let weightGradient = keptImages == nil ? nil : Tensor<Scalar>(uninitialized: kernelShape)
    let biasGradient = operands.wants(2) ? Tensor<Scalar>(uninitialized: [channels]) : nil
    let inputGradient =
      keptKernel == nil
      ? nil
      : Tensor<Scalar>(
        uninitialized: [geometry.batch, geometry.inputChannels, geometry.inputHeight, geometry.inputWidth])
    withPointer(upstream.packed()) {
      operation.gradients(
        input: keptImages?.pointer, weight: keptKernel?.pointer, upstream: $0, codes: codes.pointer,
        weightGradient: weightGradient?.pointer, biasGradient: biasGradient?.pointer,
        inputGradient: inputGradient?.pointer)
    }
    withExtendedLifetime((codes, keptImages, keptKernel)) {}
    if let biasGradient { operands.send(2, biasGradient) }
    if let weightGradient { operands.send(1, weightGradient) }
    if let inputGradient { operands.send(0, inputGradient) }
  }
  return y
}
