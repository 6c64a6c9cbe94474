import ApusTensor

/// Labelled samples that can be taken in any order.
public protocol Dataset: Sendable {
  /// Samples.
  var count: Int { get }
  /// The shape of one sample, `[channels, height, width]` for images.
  var sampleShape: Shape { get }
  /// Classes; targets are 0 ..< classCount.
  var classCount: Int { get }

  /// The samples at the given places, in that order.
  ///
  /// - Precondition: each index is in 0 ..< count.
  func batch(at indices: [Int]) -> Batch

  /// The classes of all samples.
  var targets: [Int] { get }
}

extension Dataset {
  /// One sample, with the batch axis left out, and its class.
  public subscript(index: Int) -> (input: Tensor<Float>, target: Int) {
    let batch = batch(at: [index])
    return (batch.inputs.reshaped(Array(sampleShape)), batch.targets.values[0])
  }

  /// All samples in one batch.
  public func all() -> Batch { batch(at: Array(0..<count)) }

  /// The samples at the given places, as a data set.
  ///
  /// - Precondition: each index is in 0 ..< count.
  public func subset(_ indices: [Int]) -> Subset { Subset(self, indices) }

  /// The first `count` samples, or all when there are fewer.
  public func prefix(_ count: Int) -> Subset { subset(Array(0..<min(max(0, count), self.count))) }

  /// Two parts, the first with `fraction` of the samples, chosen at random.
  ///
  /// The same seed gives the same parts. For a validation set: `let (train, validation) = data.split(0.9, seed: 1)`.
  ///
  /// - Precondition: `fraction` is in 0 … 1.
  public func split(_ fraction: Double, seed: UInt64) -> (Subset, Subset) {
    precondition((0...1).contains(fraction), "split: the fraction \(fraction) is not in 0...1")
    var random = Random(seed: seed)
    let order = random.permutation(count)
    let first = Int((Double(count) * fraction).rounded())
    return (subset(Array(order[..<first])), subset(Array(order[first...])))
  }
}

/// Some of the samples of another data set, without copying them.
public struct Subset: Dataset {
  private let base: any Dataset
  private let indices: [Int]

  /// The samples of `base` at `indices`, in that order; an index may stand there twice.
  ///
  /// - Precondition: each index is in 0 ..< base.count.
  public init(_ base: some Dataset, _ indices: [Int]) {
    precondition(
      indices.allSatisfy { $0 >= 0 && $0 < base.count },
      "subset: an index lies outside of a data set of \(base.count) samples")
    self.base = base
    self.indices = indices
  }

  /// Samples.
  public var count: Int { indices.count }
  /// The shape of one sample.
  public var sampleShape: Shape { base.sampleShape }
  /// Classes of the whole data set.
  public var classCount: Int { base.classCount }
  /// The classes of the chosen samples.
  public var targets: [Int] {
    let all = base.targets
    return indices.map { all[$0] }
  }
  /// The samples at the given places of the subset.
  public func batch(at places: [Int]) -> Batch { base.batch(at: places.map { indices[$0] }) }
}

/// Samples that are already tensors.
public struct TensorDataset: Dataset {
  private let inputs: Tensor<Float>
  /// The class of each sample.
  public let targets: [Int]
  /// Classes.
  public let classCount: Int

  /// A data set of `inputs`, `[count, …]`, and the class of each.
  ///
  /// - Parameter classCount: the number of classes; by default one more than the largest target.
  /// - Precondition: there are as many targets as inputs, each in 0 ..< classCount.
  public init(inputs: Tensor<Float>, targets: IndexTensor, classCount: Int? = nil) {
    precondition(
      inputs.rank > 0 && inputs.shape[0] == targets.elementCount,
      "TensorDataset: inputs \(inputs.shape) and targets \(targets.shape) do not fit together")
    let classes = classCount ?? (targets.values.max() ?? -1) + 1
    precondition(
      targets.values.allSatisfy { $0 >= 0 && $0 < classes }, "TensorDataset: a target is not in 0..<\(classes)")
    self.inputs = inputs.detached().contiguous()
    self.targets = targets.values
    self.classCount = classes
  }

  /// Samples.
  public var count: Int { targets.count }
  /// The shape of one sample.
  public var sampleShape: Shape { Shape(inputs.shape.dropFirst()) }

  /// The samples at the given places, copied side by side.
  public func batch(at indices: [Int]) -> Batch {
    let size = sampleShape.elementCount
    let gathered = inputs.withUnsafeScalars { source in
      Tensor<Float>(shape: Shape([indices.count] + Array(sampleShape))) { target in
        for (place, index) in indices.enumerated() {
          precondition(index >= 0 && index < count, "batch: \(index) is not in 0..<\(count)")
          (target.baseAddress! + place * size).update(from: source.baseAddress! + index * size, count: size)
        }
      }
    }
    return Batch(inputs: gathered, targets: IndexTensor(indices.map { targets[$0] }))
  }
}
