import ApusTensor

extension Layers {
  /// A learned vector for each of a number of things: characters, words, classes.
  ///
  /// | parameter | shape | at first |
  /// | --- | --- | --- |
  /// | `weight` | [count, width] | normally distributed; the padding row 0 |
  public final class Embedding: DescribedModule {
    /// How many things there are.
    public let count: Int
    /// Numbers of a vector.
    public let width: Int
    /// The thing whose vector takes no gradient, nil for none.
    public let paddingIndex: Int?
    /// [count, width].
    public let weight: Parameter<Scalar>

    /// Makes a table with vectors from the seed of the `withSeed` around it.
    ///
    /// - Precondition: Both sizes are positive, and `paddingIndex` is one of the things.
    public convenience init(_ count: Int, _ width: Int, paddingIndex: Int? = nil) {
      var generator = scopedRandom()
      self.init(count, width, paddingIndex: paddingIndex, using: &generator)
    }

    /// Makes a table with vectors from `generator`.
    ///
    /// - Precondition: Both sizes are positive, and `paddingIndex` is one of the things.
    public init(_ count: Int, _ width: Int, paddingIndex: Int? = nil, using generator: inout Random) {
      demand(count > 0 && width > 0, "Embedding(\(count), \(width)): sizes must be positive")
      demand(
        paddingIndex.map { (0..<count).contains($0) } ?? true,
        "Embedding(\(count), \(width)): padding index \(paddingIndex ?? 0) is not in 0..<\(count)")
      self.count = count
      self.width = width
      self.paddingIndex = paddingIndex
      var table = Tensor<Scalar>.normal([count, width], using: &generator)
      if let paddingIndex {
        table.withUnsafeMutableScalars { numbers in
          for i in paddingIndex * width..<(paddingIndex + 1) * width { numbers[i] = 0 }
        }
      }
      weight = Parameter(table)
    }

    /// Positions of any shape, each in 0 ..< count → the same shape with a last dimension of `width`.
    public func callAsFunction(_ input: IndexTensor) -> Tensor<Scalar> {
      ForwardObserver.note(self, embedding(input, weight.value, paddingIndex: paddingIndex))
    }

    /// The layer written down, as in the Swift that makes it.
    public var architecture: Architecture? {
      Architecture("Embedding") {
        $0.add(.integer(count))
        $0.add(.integer(width))
        if let paddingIndex { $0.add("paddingIndex", .integer(paddingIndex)) }
      }
    }
  }
}

/// A table of learned vectors of `Float`.
public typealias Embedding = Layers<Float>.Embedding
