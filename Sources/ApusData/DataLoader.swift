import ApusTensor

/// A data set in batches, to be walked by a `for` loop.
///
/// ```swift
/// for batch in DataLoader(train, batchSize: 64, shuffle: true, seed: UInt64(epoch)) { … }
/// ```
///
/// The same seed gives the same order. A loader can be walked again, and gives the same batches each time; give every
/// epoch a seed of its own.
public struct DataLoader: Sequence {
  /// Samples in a batch; the last one may have fewer.
  public let batchSize: Int
  private let dataset: any Dataset
  private let order: Order
  private let dropLast: Bool

  private enum Order {
    case given
    case shuffled(seed: UInt64)
  }

  /// Batches of `dataset`.
  ///
  /// - Parameters:
  ///   - shuffle: whether the samples come in random order.
  ///   - seed: what decides that order.
  ///   - dropLast: whether a last batch with fewer samples is left out.
  /// - Precondition: `batchSize` is at least 1.
  public init(
    _ dataset: some Dataset, batchSize: Int, shuffle: Bool = false, seed: UInt64 = 0, dropLast: Bool = false
  ) {
    precondition(batchSize > 0, "DataLoader: a batch size of \(batchSize)")
    self.dataset = dataset
    self.batchSize = batchSize
    self.dropLast = dropLast
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
    fileprivate var position = 0

    /// The next batch, or nil at the end.
    public mutating func next() -> Batch? {
      guard position < order.count else { return nil }
      let end = Swift.min(position + batchSize, order.count)
      defer { position = end }
      return dataset.batch(at: Array(order[position..<end]))
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
    return Iterator(dataset: dataset, order: indices, batchSize: batchSize)
  }

  /// A lower bound that is exact.
  public var underestimatedCount: Int { count }
}
