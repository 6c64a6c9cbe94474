import ApusCompute
import ApusTensor

/// A data set in batches, to be walked by a `for` loop.
///
/// ```swift
/// for batch in DataLoader(train, batchSize: 64, shuffle: true, seed: UInt64(epoch)) { … }
/// ```
///
/// While a batch is in use, a thread of the engine that waits for work puts the next one together, so `batch(at:)` and the transform
/// may be called on another thread than the loop's. Batches do not depend on it, nor on the number of threads.
///
/// The same seed gives the same order. A loader can be walked again, and gives the same batches each time; give every
/// epoch a seed of its own.
public struct DataLoader: Sequence {
  /// Samples in a batch; the last one may have fewer.
  public let batchSize: Int
  private let dataset: any Dataset
  private let order: Order
  private let dropLast: Bool
  private let transform: (any BatchTransform)?
  private let seed: UInt64

  private enum Order {
    case given
    case shuffled(seed: UInt64)
  }

  /// Batches of `dataset`.
  ///
  /// - Parameters:
  ///   - shuffle: whether the samples come in random order.
  ///   - seed: what decides that order, and what the transform does.
  ///   - dropLast: whether a last batch with fewer samples is left out.
  ///   - transform: what changes the samples at random, as an `Augmentation`; nothing unless given. What happens to the
  ///     sample at a place of the order does not depend on `batchSize`.
  /// - Precondition: `batchSize` is at least 1.
  public init(
    _ dataset: some Dataset, batchSize: Int, shuffle: Bool = false, seed: UInt64 = 0, dropLast: Bool = false,
    transform: (any BatchTransform)? = nil
  ) {
    precondition(batchSize > 0, "DataLoader: a batch size of \(batchSize)")
    self.dataset = dataset
    self.batchSize = batchSize
    self.dropLast = dropLast
    self.transform = transform
    self.seed = seed
    order = shuffle ? .shuffled(seed: seed) : .given
  }

  /// Batches.
  public var count: Int {
    dropLast ? dataset.count / batchSize : (dataset.count + batchSize - 1) / batchSize
  }

  /// Samples in all batches together.
  public var sampleCount: Int { dropLast ? count * batchSize : dataset.count }

  /// Walks the batches.
  public struct Iterator: IteratorProtocol {
    fileprivate let dataset: any Dataset
    fileprivate let order: [Int]
    fileprivate let batchSize: Int
    fileprivate let transform: (any BatchTransform)?
    fileprivate var random: Random
    fileprivate var position = 0
    private var ahead: Ahead<Batch>?

    fileprivate init(
      dataset: any Dataset, order: [Int], batchSize: Int, transform: (any BatchTransform)?, random: Random
    ) {
      (self.dataset, self.order, self.batchSize, self.transform) = (dataset, order, batchSize, transform)
      self.random = random
    }

    /// The next batch, or nil at the end.
    public mutating func next() -> Batch? {
      guard let upcoming = ahead ?? prepare() else { return nil }
      let batch = upcoming.value
      ahead = prepare()
      return batch
    }

    /// Has the batch at `position` made, and goes on; nil at the end.
    private mutating func prepare() -> Ahead<Batch>? {
      guard position < order.count else { return nil }
      let places = position..<Swift.min(position + batchSize, order.count)
      position = places.upperBound
      let seeds = transform == nil ? [] : places.map { _ in random.next() }
      return Ahead { [dataset, transform, indices = Array(order[places])] in
        var batch = dataset.batch(at: indices)
        if let transform { batch.inputs = transform(batch.inputs, seeds: seeds) }
        return batch
      }
    }
  }

  /// Starts from the first batch.
  public func makeIterator() -> Iterator {
    var indices: [Int]
    switch order {
    case .given: indices = Array(0..<dataset.count)
    case .shuffled(let seed):
      var random = Random(seed: seed)
      indices = random.permutation(dataset.count)
    }
    indices.removeLast(dataset.count - sampleCount)
    // Another stream than that of the order.
    return Iterator(
      dataset: dataset, order: indices, batchSize: batchSize, transform: transform,
      random: Random(seed: seed ^ 0x6175_676D_656E_7421))
  }

  /// A lower bound that is exact.
  public var underestimatedCount: Int { count }
}
