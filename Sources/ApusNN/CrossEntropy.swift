import ApusCompute
import ApusTensor

// With scores x, p = softmax(x) and a goal q over the classes, weighted by w, the loss of one sample is
//     l = − Σ_c w_c q_c log p_c.
// From ∂ log p_c / ∂ x_k = [c = k] − p_k follows
//     ∂l / ∂x_k = p_k Σ_c w_c q_c − w_k q_k,
// so forward and backward need only the table w_c q_c and log p. For a class y with label smoothing ε over C classes
// q_c = (1 − ε) [c = y] + ε / C.

/// The cross-entropy of scores against classes: `nllLoss(logSoftmax(scores), targets)` in one step.
///
/// - Parameters:
///   - scores: Unnormalised log-probabilities: [batch, classes], [batch, classes, d₁, …] or, for one sample, [classes].
///   - targets: Classes: [batch], [batch, d₁, …] or a single number.
///   - weight: A factor for each class, [classes].
///   - ignoreIndex: A target that marks a sample as not there.
///   - labelSmoothing: ε in 0 … 1, the part of the goal that is spread evenly over the classes.
///   - reduction: `.mean` divides by the sum of the weights of the targets, ignored ones left out.
/// - Returns: A single number, or with `.none` the losses in the shape of `targets`.
/// - Precondition: The shapes fit and every target is a class or `ignoreIndex`.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
public func crossEntropy<Scalar: TensorScalar>(
  _ scores: Tensor<Scalar>, _ targets: IndexTensor, weight: Tensor<Scalar>? = nil, ignoreIndex: Int = -100,
  labelSmoothing: Double = 0, reduction: Reduction = .mean
) -> Tensor<Scalar> {
  demand((0...1).contains(labelSmoothing), "crossEntropy: labelSmoothing \(labelSmoothing) is not in 0...1")
  let layout = ClassLayout("crossEntropy", scores: scores.shape, targets: targets.shape)
  let weights = layout.weights(weight)
  if labelSmoothing == 0, layout.inner == 1 {
    return hardCrossEntropy(scores, targets, layout, weights, ignoreIndex: ignoreIndex, reduction)
  }
  let goal = smoothedGoal(layout, targets, weights, ignoreIndex: ignoreIndex, smoothing: labelSmoothing)
  return softCrossEntropy(scores, goal: goal.table, layout, divisor: goal.weightSum, reduction)
}

/// The cross-entropy of scores against probabilities over the classes.
///
/// - Parameters:
///   - scores: Unnormalised log-probabilities: [batch, classes], [batch, classes, d₁, …] or, for one sample, [classes].
///   - targets: Probabilities, in the shape of `scores`. They get a gradient when they require one.
///   - weight: A factor for each class, [classes].
///   - labelSmoothing: ε in 0 … 1, the part of the goal that is spread evenly over the classes.
///   - reduction: `.mean` divides by the number of samples.
/// - Precondition: The shapes fit.
public func crossEntropy<Scalar: TensorScalar>(
  _ scores: Tensor<Scalar>, _ targets: Tensor<Scalar>, weight: Tensor<Scalar>? = nil, labelSmoothing: Double = 0,
  reduction: Reduction = .mean
) -> Tensor<Scalar> {
  demand((0...1).contains(labelSmoothing), "crossEntropy: labelSmoothing \(labelSmoothing) is not in 0...1")
  demand(
    scores.shape == targets.shape,
    "crossEntropy: the scores have shape \(scores.shape), the target probabilities \(targets.shape)")
  let layout = ClassLayout("crossEntropy", scores: scores.shape)
  let weights = layout.weights(weight)
  let keep = Scalar(1 - labelSmoothing)
  let spread = Scalar(labelSmoothing / Double(layout.classes))
  var goal = targets.scalars
  layout.forEachEntry { index, _, column in goal[index] = weights[column] * (keep * goal[index] + spread) }
  return softCrossEntropy(
    scores, goal: goal, layout, divisor: Scalar(layout.sampleCount), reduction, targets: targets,
    targetFactors: targets.requiresGradient ? weights.map { keep * $0 } : [])
}

/// The negative log-likelihood: minus the log-probability of the target, times its class's weight.
///
/// - Parameters:
///   - logProbabilities: [batch, classes], [batch, classes, d₁, …] or, for one sample, [classes]; as `logSoftmax` gives.
///   - targets: Classes: [batch], [batch, d₁, …] or a single number.
///   - weight: A factor for each class, [classes].
///   - ignoreIndex: A target that marks a sample as not there.
///   - reduction: `.mean` divides by the sum of the weights of the targets, ignored ones left out.
/// - Returns: A single number, or with `.none` the losses in the shape of `targets`.
/// - Precondition: The shapes fit and every target is a class or `ignoreIndex`.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
public func nllLoss<Scalar: TensorScalar>(
  _ logProbabilities: Tensor<Scalar>, _ targets: IndexTensor, weight: Tensor<Scalar>? = nil,
  ignoreIndex: Int = -100, reduction: Reduction = .mean
) -> Tensor<Scalar> {
  let layout = ClassLayout("nllLoss", scores: logProbabilities.shape, targets: targets.shape)
  let weights = layout.weights(weight)
  // Where in the scores each sample's target stands, and its weight.
  var places = [Int](repeating: 0, count: layout.sampleCount)
  var factors = [Scalar](repeating: 0, count: layout.sampleCount)
  var weightSum: Scalar = 0
  for (sample, target) in targets.values.enumerated() where target != ignoreIndex {
    layout.check(target, ignoreIndex: ignoreIndex)
    places[sample] = layout.index(sample, target)
    factors[sample] = weights[target]
    weightSum += weights[target]
  }
  let scale = reduction == .mean ? 1 / weightSum : 1
  var losses = [Scalar](repeating: 0, count: layout.sampleCount)
  logProbabilities.contiguous().withUnsafeScalars { values in
    for sample in losses.indices where factors[sample] != 0 {
      losses[sample] = -factors[sample] * values[places[sample]]
    }
  }
  let value = layout.reduced(losses, scale: scale, reduction)
  return Tensor.recorded("nllLoss", value, inputs: [logProbabilities]) { upstream in
    let upstreams = upstream.scalars
    var gradient = [Scalar](repeating: 0, count: layout.scoresShape.elementCount)
    for sample in places.indices where factors[sample] != 0 {
      gradient[places[sample]] = -factors[sample] * scale * upstreams[upstreams.count == 1 ? 0 : sample]
    }
    return [Tensor(gradient, shape: layout.scoresShape)]
  }
}

/// How samples and classes lie in a tensor of scores: [outer, classes, inner], with a sample for each outer and inner.
struct ClassLayout {
  let name: String
  let scoresShape: Shape
  let targetsShape: Shape
  let outer: Int
  let classes: Int
  let inner: Int

  /// Reads the layout off the scores' shape, and holds it against the targets' when they are classes.
  init(_ name: String, scores: Shape, targets: Shape? = nil) {
    demand(scores.rank >= 1, "\(name): scores need a dimension of classes, a single number has none")
    let axis = scores.rank == 1 ? 0 : 1
    self.name = name
    scoresShape = scores
    outer = axis == 0 ? 1 : scores[0]
    classes = scores[axis]
    inner = scores.dropFirst(axis + 1).reduce(1, *)
    var sizes = Array(scores)
    sizes.remove(at: axis)
    targetsShape = Shape(sizes)
    demand(
      targets == nil || targets == targetsShape,
      "\(name): scores of shape \(scores) need targets of shape \(targetsShape), not \(targets ?? targetsShape)")
  }

  var axis: Int { scoresShape.rank == 1 ? 0 : 1 }
  var sampleCount: Int { outer * inner }

  /// The place of a sample's score for a class.
  @inline(__always)
  func index(_ sample: Int, _ class: Int) -> Int {
    (sample / inner * classes + `class`) * inner + sample % inner
  }

  /// Calls `body` with every place, its sample and its class.
  @inline(__always)
  func forEachEntry(_ body: (_ index: Int, _ sample: Int, _ class: Int) -> Void) {
    var index = 0
    for block in 0..<outer {
      for column in 0..<classes {
        for position in 0..<inner {
          body(index, block * inner + position, column)
          index += 1
        }
      }
    }
  }

  func check(_ target: Int, ignoreIndex: Int) {
    demand(
      (0..<classes).contains(target),
      "\(name): target \(target) is none of the \(classes) classes, nor ignoreIndex \(ignoreIndex)")
  }

  /// The classes' weights, ones where none are given.
  func weights<Scalar>(_ weight: Tensor<Scalar>?) -> [Scalar] {
    guard let weight else { return Array(repeating: 1, count: classes) }
    demand(weight.shape == [classes], "\(name): weight of shape \(weight.shape) for \(classes) classes")
    return weight.scalars
  }

  func reduced<Scalar>(_ losses: [Scalar], scale: Scalar, _ reduction: Reduction) -> Tensor<Scalar> {
    reduction == .none ? Tensor(losses, shape: targetsShape) : Tensor(losses.reduce(0, +) * scale)
  }
}

/// The table w_c q_c for class targets, rows of ignored samples zero, and the sum of the targets' weights.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func smoothedGoal<Scalar: TensorScalar>(
  _ layout: ClassLayout, _ targets: IndexTensor, _ weights: [Scalar], ignoreIndex: Int, smoothing: Double
) -> (table: [Scalar], weightSum: Scalar) {
  var table = [Scalar](repeating: 0, count: layout.scoresShape.elementCount)
  var weightSum: Scalar = 0
  let spread = Scalar(smoothing / Double(layout.classes))
  let keep = Scalar(1 - smoothing)
  for (sample, target) in targets.values.enumerated() where target != ignoreIndex {
    layout.check(target, ignoreIndex: ignoreIndex)
    weightSum += weights[target]
    if spread != 0 {
      for column in 0..<layout.classes { table[layout.index(sample, column)] = spread * weights[column] }
    }
    table[layout.index(sample, target)] += keep * weights[target]
  }
  return (table, weightSum)
}

/// Cross-entropy against any goal: the general path.
///
/// - Parameters:
///   - goal: w_c q_c in the layout of the scores.
///   - divisor: What `.mean` divides the sum by.
///   - targets: Probabilities that may want a gradient.
///   - targetFactors: For each class, ∂(w_c q_c) / ∂target; empty when the targets want no gradient.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func softCrossEntropy<Scalar: TensorScalar>(
  _ scores: Tensor<Scalar>, goal: [Scalar], _ layout: ClassLayout, divisor: Scalar, _ reduction: Reduction,
  targets: Tensor<Scalar>? = nil, targetFactors: [Scalar] = []
) -> Tensor<Scalar> {
  let logarithms = withoutGradients { logSoftmax(scores, dim: layout.axis).contiguous() }
  var losses = [Scalar](repeating: 0, count: layout.sampleCount)
  var goalSums = losses
  logarithms.withUnsafeScalars { logarithms in
    layout.forEachEntry { index, sample, _ in
      // A class that is not wanted counts nothing, even where its log-probability is −∞.
      guard goal[index] != 0 else { return }
      losses[sample] -= goal[index] * logarithms[index]
      goalSums[sample] += goal[index]
    }
  }
  let scale = reduction == .mean ? 1 / divisor : 1
  let value = layout.reduced(losses, scale: scale, reduction)
  let hasTargets = targets != nil
  return Tensor.recorded("crossEntropy", value, inputs: [scores] + (targets.map { [$0] } ?? [])) { upstream in
    let upstreams = upstream.scalars.map { $0 * scale }
    var gradient = withoutGradients { exp(logarithms).scalars }
    layout.forEachEntry { index, sample, _ in
      gradient[index] =
        upstreams[upstreams.count == 1 ? 0 : sample] * (gradient[index] * goalSums[sample] - goal[index])
    }
    var gradients: [Tensor<Scalar>?] = [Tensor(gradient, shape: layout.scoresShape)]
    guard hasTargets else { return gradients }
    guard !targetFactors.isEmpty else { return gradients + [nil] }
    var byTarget = logarithms.scalars
    layout.forEachEntry { index, sample, column in
      byTarget[index] *= -targetFactors[column] * upstreams[upstreams.count == 1 ? 0 : sample]
    }
    gradients.append(Tensor(byTarget, shape: layout.scoresShape))
    return gradients
  }
}

/// Cross-entropy of rows of scores against one class each: the path of every classifier, on the fused kernels.
///
/// The gradient up to the upstream factor, (softmax − onehot) · weight · scale, is made with the loss, while the scores are in
/// the cache; a backward pass from the loss itself, whose factor is 1, hands it on as it is.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func hardCrossEntropy<Scalar: TensorScalar>(
  _ scores: Tensor<Scalar>, _ targets: IndexTensor, _ layout: ClassLayout, _ weights: [Scalar], ignoreIndex: Int,
  _ reduction: Reduction
) -> Tensor<Scalar> {
  let (rows, columns) = (targets.elementCount, layout.classes)
  // The kernels pass over rows whose target is no class.
  var classes = targets.values
  var factors = [Scalar](repeating: 0, count: rows)
  var weightSum: Scalar = 0
  for row in 0..<rows {
    if classes[row] == ignoreIndex {
      classes[row] = -1
    } else {
      layout.check(classes[row], ignoreIndex: ignoreIndex)
      factors[row] = weights[classes[row]]
      weightSum += factors[row]
    }
  }
  var losses = [Scalar](repeating: 0, count: rows)
  var logSumExps = losses
  let scale = reduction == .mean ? 1 / weightSum : 1
  let isRecorded = scores.requiresGradient && isRecordingGradients
  var gradient: Tensor<Scalar>?
  scores.withUnsafeScalars { logits in
    guard let start = logits.baseAddress else { return }
    ApusCompute.crossEntropy(
      logits: start, targets: classes, rows: rows, classes: columns, losses: &losses, logSumExps: &logSumExps)
    for row in 0..<rows {
      losses[row] *= factors[row]
      factors[row] *= scale
    }
    guard isRecorded else { return }
    gradient = Tensor(shape: layout.scoresShape) { result in
      guard let result = result.baseAddress else { return }
      crossEntropyGradient(
        logits: start, targets: classes, logSumExps: logSumExps, scales: factors, rows: rows, classes: columns,
        into: result)
    }
  }
  let value = layout.reduced(losses, scale: scale, reduction)
  guard isRecorded else { return value }
  let kept = gradient ?? .zeros(layout.scoresShape)
  return Tensor.recorded("crossEntropy", value, inputs: [scores]) { upstream in
    if upstream.elementCount == 1 {
      let factor = upstream.item
      return [factor == 1 ? kept : kept * factor]
    }
    return [kept * upstream.reshaped([rows, 1])]
  }
}
