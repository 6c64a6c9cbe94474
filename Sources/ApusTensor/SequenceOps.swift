// Convolution and pooling of sequences [batch, channels, length], which are images of one row.

/// One-dimensional convolution, as PyTorch's `conv1d`: `conv2d` over images of one row.
///
/// - Parameters:
///   - x: [batch, in, length].
///   - weight: [out, in / groups, taps].
///   - bias: [out], or nil.
///   - stride: Places from one patch to the next.
///   - padding: Zeros on both sides.
///   - dilation: Places from one tap to the next.
///   - groups: Parts into which the channels are cut.
/// - Returns: [batch, out, length'].
/// - Precondition: The shapes fit, groups divide the channels, and the kernel fits the padded sequence.
public func conv1d<Scalar: ComputeScalar>(
  _ x: Tensor<Scalar>, _ weight: Tensor<Scalar>, _ bias: Tensor<Scalar>? = nil, stride: Int = 1, padding: Int = 0,
  dilation: Int = 1, groups: Int = 1
) -> Tensor<Scalar> {
  check(x.rank == 3 && weight.rank == 3, "conv1d", "sequences and weight need three dimensions", x.shape, weight.shape)
  return conv2d(
    x.unsqueezed(2), weight.unsqueezed(2), bias, stride: (1, stride), padding: (0, padding), dilation: (1, dilation),
    groups: groups
  ).squeezed(2)
}

/// Transposed one-dimensional convolution, as PyTorch's `conv_transpose1d`: `convTranspose2d` over images of one row.
///
/// - Parameters:
///   - x: [batch, in, length].
///   - weight: [in, out / groups, taps].
///   - bias: [out], or nil.
/// - Returns: [batch, out, length'].
/// - Precondition: As for `convTranspose2d`.
public func convTranspose1d<Scalar: ComputeScalar>(
  _ x: Tensor<Scalar>, _ weight: Tensor<Scalar>, _ bias: Tensor<Scalar>? = nil, stride: Int = 1, padding: Int = 0,
  outputPadding: Int = 0, groups: Int = 1, dilation: Int = 1
) -> Tensor<Scalar> {
  check(
    x.rank == 3 && weight.rank == 3, "convTranspose1d", "sequences and weight need three dimensions", x.shape,
    weight.shape)
  return convTranspose2d(
    x.unsqueezed(2), weight.unsqueezed(2), bias, stride: (1, stride), padding: (0, padding),
    outputPadding: (0, outputPadding), groups: groups, dilation: (1, dilation)
  ).squeezed(2)
}

/// The largest number of every window of a sequence, as PyTorch's `max_pool1d`; see `maxPool2d`.
///
/// - Parameter x: [batch, channels, length].
/// - Returns: [batch, channels, length'].
public func maxPool1d<Scalar: ComputeScalar>(
  _ x: Tensor<Scalar>, _ kernel: Int, stride: Int? = nil, padding: Int = 0, dilation: Int = 1, ceilMode: Bool = false
) -> Tensor<Scalar> {
  check(x.rank == 3, "maxPool1d", "sequences need three dimensions", x.shape)
  return maxPool2d(
    x.unsqueezed(2), (1, kernel), stride: (1, stride ?? kernel), padding: (0, padding), dilation: (1, dilation),
    ceilMode: ceilMode
  ).squeezed(2)
}

/// The mean of every window of a sequence, as PyTorch's `avg_pool1d`; see `avgPool2d`.
///
/// - Parameter x: [batch, channels, length].
/// - Returns: [batch, channels, length'].
public func avgPool1d<Scalar: ComputeScalar>(
  _ x: Tensor<Scalar>, _ kernel: Int, stride: Int? = nil, padding: Int = 0, ceilMode: Bool = false,
  countIncludePad: Bool = true
) -> Tensor<Scalar> {
  check(x.rank == 3, "avgPool1d", "sequences need three dimensions", x.shape)
  return avgPool2d(
    x.unsqueezed(2), (1, kernel), stride: (1, stride ?? kernel), padding: (0, padding), ceilMode: ceilMode,
    countIncludePad: countIncludePad
  ).squeezed(2)
}

/// The means of as many windows as the result has places, as PyTorch's `adaptive_avg_pool1d`; see `adaptiveAvgPool2d`.
///
/// - Parameters:
///   - x: [batch, channels, length].
///   - size: The length of the result.
/// - Returns: [batch, channels, size].
public func adaptiveAvgPool1d<Scalar: ComputeScalar>(_ x: Tensor<Scalar>, _ size: Int) -> Tensor<Scalar> {
  check(x.rank == 3, "adaptiveAvgPool1d", "sequences need three dimensions", x.shape)
  return adaptiveAvgPool2d(x.unsqueezed(2), (1, size)).squeezed(2)
}

/// The largest number of each of as many windows as the result has places, as PyTorch's `adaptive_max_pool1d`; see
/// `adaptiveMaxPool2d`.
///
/// - Parameters:
///   - x: [batch, channels, length].
///   - size: The length of the result.
/// - Returns: [batch, channels, size].
public func adaptiveMaxPool1d<Scalar: ComputeScalar>(_ x: Tensor<Scalar>, _ size: Int) -> Tensor<Scalar> {
  check(x.rank == 3, "adaptiveMaxPool1d", "sequences need three dimensions", x.shape)
  return adaptiveMaxPool2d(x.unsqueezed(2), (1, size)).squeezed(2)
}
