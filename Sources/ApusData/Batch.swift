import ApusTensor

/// Samples that are trained on or evaluated together.
public struct Batch: Sendable {
  /// The samples, `[count, …]`.
  public var inputs: Tensor<Float>
  /// The class of each sample, `[count]`.
  public var targets: IndexTensor

  /// A batch.
  ///
  /// - Precondition: there are as many targets as samples.
  public init(inputs: Tensor<Float>, targets: IndexTensor) {
    precondition(
      inputs.rank > 0 && inputs.shape[0] == targets.elementCount,
      "a batch of inputs \(inputs.shape) needs as many targets, not \(targets.shape)")
    self.inputs = inputs
    self.targets = targets
  }

  /// Samples in the batch.
  public var count: Int { targets.elementCount }
}
