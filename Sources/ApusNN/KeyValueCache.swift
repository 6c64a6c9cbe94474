import ApusTensor

/// The keys and values that an attention layer made of the positions so far, so that a position that follows needs no other but
/// its own: text is then written in time that grows with its length and not, for every symbol, with all that stands before it.
///
/// For generation, not for training: nothing that goes through a cache is recorded.
public struct KeyValueCache<Scalar: TensorScalar> {
  /// [batch, heads, positions, width], nil while there are none.
  private var keys: Tensor<Scalar>?
  private var values: Tensor<Scalar>?

  /// A cache without positions.
  public init() {}

  /// Positions that it holds.
  public var length: Int { keys?.shape[2] ?? 0 }

  /// Adds positions, and gives all.
  mutating func append(
    _ newKeys: Tensor<Scalar>, _ newValues: Tensor<Scalar>
  ) -> (keys: Tensor<Scalar>, values: Tensor<Scalar>) {
    let allKeys = keys.map { concatenated([$0, newKeys], dim: 2) } ?? newKeys
    let allValues = values.map { concatenated([$0, newValues], dim: 2) } ?? newValues
    (keys, values) = (allKeys, allValues)
    return (allKeys, allValues)
  }
}

extension Layers.MultiheadAttention {
  /// Causal self-attention of positions that follow those in the cache, which takes them up: what `isCausal` gives them when all
  /// positions are there at once.
  ///
  /// - Parameters:
  ///   - input: The new positions, [positions, batch, embed], or batch first.
  ///   - cache: The positions before.
  /// - Precondition: The cache was used by this layer only, and with the same batch.
  public func callAsFunction(_ input: Tensor<Scalar>, cache: inout KeyValueCache<Scalar>) -> Tensor<Scalar> {
    withoutGradients {
      let (q, newKeys, newValues) = projected(input, input, input)
      let before = cache.length
      let (k, v) = cache.append(newKeys, newValues)
      let count = q.shape[2]
      guard before > 0 else { return finished(scaledDotProductAttention(q, k, v, isCausal: true)) }
      // A single new position sees all; of several, each sees what was there and those up to itself.
      let mask: Tensor<Scalar>? =
        count == 1 ? nil : Tensor.full([count, before + count], -Scalar.infinity).triu(before + 1)
      return finished(scaledDotProductAttention(q, k, v, mask: mask))
    }
  }
}

extension Layers.TransformerEncoderLayer {
  /// Positions that follow those in the cache; see `MultiheadAttention`.
  public func callAsFunction(_ input: Tensor<Scalar>, cache: inout KeyValueCache<Scalar>) -> Tensor<Scalar> {
    withoutGradients {
      if normFirst {
        let x = input + dropouts[1](attention(norm1(input), cache: &cache))
        return ForwardObserver.note(self, x + feedForward(norm2(x)))
      }
      let x = norm1(input + dropouts[1](attention(input, cache: &cache)))
      return ForwardObserver.note(self, norm2(x + feedForward(x)))
    }
  }
}
