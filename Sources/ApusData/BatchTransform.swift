import ApusTensor

/// Changes samples at random as they are put together into a batch, so that no epoch shows the same ones again.
///
/// ```swift
/// struct Noise: BatchTransform {
///   func callAsFunction(_ inputs: Tensor<Float>, seeds: [UInt64]) -> Tensor<Float> {
///     var random = Random(seed: seeds[0])
///     return inputs + 0.1 * Tensor<Float>.normal(inputs.shape, using: &random)
///   }
/// }
/// ```
public protocol BatchTransform: Sendable {
  /// The samples, changed.
  ///
  /// - Parameters:
  ///   - inputs: `[count, …]`.
  ///   - seeds: One for each sample. What happens to a sample should follow from its seed alone, so that it depends neither on
  ///     the size of the batch nor on the number of threads.
  /// - Returns: A tensor of the same shape.
  func callAsFunction(_ inputs: Tensor<Float>, seeds: [UInt64]) -> Tensor<Float>
}
