import ApusCompute

/// Layer normalisation (Ba et al. 2016): (x − mean) / √(variance + ε) · weight + bias, over the last dimensions.
///
/// With x̂ = (x − mean) / σ and d = g · weight, ∂L/∂x = 1 / σ · (d − mean(d) − x̂ · mean(d x̂)): the mean shifts all of x̂ alike,
/// and the variance stretches it, so the parts of d that do the same have no effect.
///
/// - Parameters:
///   - x: [.., shape of the weight].
///   - normalizedShape: The last extents of x, over which mean and variance are taken.
///   - weight: A factor for each number, of shape `normalizedShape`; 1 for nil.
///   - bias: A summand for each number, of shape `normalizedShape`; 0 for nil.
///   - epsilon: What is added to the variance.
/// - Precondition: The shapes fit.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
public func layerNorm<Scalar: ComputeScalar>(
  _ x: Tensor<Scalar>, _ normalizedShape: Shape, _ weight: Tensor<Scalar>? = nil, _ bias: Tensor<Scalar>? = nil,
  epsilon: Double = 1e-5
) -> Tensor<Scalar> {
  let layout = rowLayout("layerNorm", x, normalizedShape, [weight, bias], epsilon, centers: true)
  return normalizedByGroups("layerNorm", x, layout, weight, bias)
}

/// Root-mean-square normalisation (Zhang and Sennrich 2019): x / √(mean(x²) + ε) · weight, over the last dimensions.
///
/// As `layerNorm`, without a mean: ∂L/∂x = 1 / ρ · (d − x̂ · mean(d x̂)), with ρ the root and d = g · weight.
///
/// - Parameters:
///   - x: [.., shape of the weight].
///   - normalizedShape: The last extents of x, over which the mean square is taken.
///   - weight: A factor for each number, of shape `normalizedShape`; 1 for nil.
///   - epsilon: What is added to the mean square; the distance from 1 to the next number of the type unless given.
/// - Precondition: The shapes fit.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
public func rmsNorm<Scalar: ComputeScalar>(
  _ x: Tensor<Scalar>, _ normalizedShape: Shape, _ weight: Tensor<Scalar>? = nil, epsilon: Double? = nil
) -> Tensor<Scalar> {
  let epsilon = epsilon ?? Double(Scalar.ulpOfOne)
  let layout = rowLayout("rmsNorm", x, normalizedShape, [weight], epsilon, centers: false)
  return normalizedByGroups("rmsNorm", x, layout, weight, nil)
}

/// Group normalisation (Wu and He 2018): the channels of a sample fall into groups, and each group has its own mean and
/// variance over its channels and all places. The gradient is that of `layerNorm`.
///
/// As many groups as channels make it instance normalisation (Ulyanov et al. 2016).
///
/// - Parameters:
///   - x: [batch, channels, ..].
///   - groups: Into how many groups the channels fall.
///   - weight: A factor for each channel, [channels]; 1 for nil.
///   - bias: A summand for each channel, [channels]; 0 for nil.
///   - epsilon: What is added to the variance.
/// - Precondition: The shapes fit, and `groups` divides the channels.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
public func groupNorm<Scalar: ComputeScalar>(
  _ x: Tensor<Scalar>, groups: Int, _ weight: Tensor<Scalar>? = nil, _ bias: Tensor<Scalar>? = nil,
  epsilon: Double = 1e-5
) -> Tensor<Scalar> {
  check(x.rank >= 2, "groupNorm", "there is no dimension of channels", x.shape)
  let (batch, channels, spatial) = x.shape.around(1)
  check(
    groups > 0 && channels % groups == 0, "groupNorm", "the channels do not fall into \(groups) groups", x.shape)
  for tensor in [weight, bias] {
    if let tensor {
      check(tensor.shape == [channels], "groupNorm", "there is not one number for each channel", x.shape, tensor.shape)
    }
  }
  let layout = GroupLayout(batch: batch, channels: channels, spatial: spatial, groups: groups, epsilon: epsilon)
  return normalizedByGroups("groupNorm", x, layout, weight, bias)
}

@inline(__always)
private func rowLayout<Scalar: ComputeScalar>(
  _ name: String, _ x: Tensor<Scalar>, _ normalizedShape: Shape, _ parameters: [Tensor<Scalar>?], _ epsilon: Double,
  centers: Bool
) -> GroupLayout {
  check(
    normalizedShape.rank > 0 && x.rank >= normalizedShape.rank
      && x.shape.suffix(normalizedShape.rank).elementsEqual(normalizedShape),
    name, "the input does not end in the normalised extents", x.shape, normalizedShape)
  for case let tensor? in parameters {
    check(
      tensor.shape == normalizedShape, name, "there is not one parameter for each normalised number", tensor.shape,
      normalizedShape)
  }
  let count = normalizedShape.elementCount
  let rows = x.shape.dropLast(normalizedShape.rank).reduce(1, *)
  return GroupLayout(
    batch: rows, channels: count, spatial: 1, groups: 1, epsilon: epsilon, centers: centers)
}

@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func normalizedByGroups<Scalar: ComputeScalar>(
  _ name: String, _ x: Tensor<Scalar>, _ layout: GroupLayout, _ weight: Tensor<Scalar>?, _ bias: Tensor<Scalar>?
) -> Tensor<Scalar> {
  let nodes = [x.recordedNode, weight?.recordedNode, bias?.recordedNode]
  let input = x.withoutHistory.packed()
  let factors = weight?.withoutHistory.packed()
  let summands = bias?.withoutHistory.packed()
  var y = Tensor<Scalar>(uninitialized: x.shape)
  let means = Storage<Scalar>(count: layout.rows)
  let inverses = Storage<Scalar>(count: layout.rows)
  normalizeGroups(
    input.pointer, layout, weight: factors.map { UnsafePointer($0.pointer) },
    bias: summands.map { UnsafePointer($0.pointer) }, into: y.pointer, means: means.pointer,
    inverseDeviations: inverses.pointer)
  withExtendedLifetime((input, factors, summands, means, inverses)) {}
  if nodes.allSatisfy({ $0 == nil }) { return y }
  let (weightShape, biasShape) = (weight?.shape, bias?.shape)
  y.record(name, nodes) { upstream, operands in
    var upstream = upstream.packed()
    let wantsParameters = operands.wants(1) || operands.wants(2)
    let extents: Shape = [wantsParameters ? layout.channels : 0]
    let weightGradient = Tensor<Scalar>(uninitialized: extents)
    let biasGradient = Tensor<Scalar>(uninitialized: extents)
    let gradient = upstream.canOverwrite ? upstream : Tensor<Scalar>(uninitialized: input.shape)
    normalizeGroupsGradient(
      input.pointer, upstream: upstream.pointer, layout, weight: factors.map { UnsafePointer($0.pointer) },
      means: means.pointer, inverseDeviations: inverses.pointer, into: gradient.pointer,
      weightGradient: wantsParameters ? weightGradient.pointer : nil,
      biasGradient: wantsParameters ? biasGradient.pointer : nil)
    withExtendedLifetime((input, upstream, factors, means, inverses)) {}
    if let weightShape, wantsParameters { operands.send(1, weightGradient.reshapedView(weightShape)) }
    if let biasShape, wantsParameters { operands.send(2, biasGradient.reshapedView(biasShape)) }
    operands.send(0, gradient)
  }
  return y
}
