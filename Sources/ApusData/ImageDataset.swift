import ApusCompute
import ApusTensor

/// Labelled images, kept as bytes: a quarter of what Float would take. A batch turns them into Float as it is put
/// together, `(byte / 255 − mean) / deviation`.
public struct ImageDataset: Dataset {
  /// All images, one after another: `[count, channels, height, width]`.
  public let pixels: [UInt8]
  /// The class of each image.
  public let targets: [Int]
  /// Classes.
  public let classCount: Int
  /// Planes of an image.
  public let channels: Int
  /// Rows of an image.
  public let height: Int
  /// Columns of an image.
  public let width: Int
  /// What is subtracted from, and divides, the values 0 … 1.
  public private(set) var normalization = Normalize(mean: 0, deviation: 1)

  /// A data set of images.
  ///
  /// - Precondition: `pixels` holds `targets.count` images; each target is in 0 ..< classCount.
  public init(pixels: [UInt8], targets: [Int], channels: Int = 1, height: Int, width: Int, classCount: Int) {
    precondition(channels > 0 && height > 0 && width > 0, "ImageDataset: images of \(channels)x\(height)x\(width)")
    precondition(
      pixels.count == targets.count * channels * height * width,
      "ImageDataset: \(pixels.count) bytes are not \(targets.count) images of \(channels)x\(height)x\(width)")
    precondition(
      targets.allSatisfy { $0 >= 0 && $0 < classCount }, "ImageDataset: a target is not in 0..<\(classCount)")
    self.pixels = pixels
    self.targets = targets
    self.channels = channels
    self.height = height
    self.width = width
    self.classCount = classCount
  }

  /// Images.
  public var count: Int { targets.count }
  /// `[channels, height, width]`.
  public var sampleShape: Shape { [channels, height, width] }

  /// The same images, normalised differently when batches are made. Replaces an earlier normalisation.
  public func normalized(_ normalization: Normalize) -> ImageDataset {
    var result = self
    result.normalization = normalization
    return result
  }

  /// The bytes of one image, row by row.
  ///
  /// - Precondition: the index is in 0 ..< count.
  public func image(_ index: Int) -> ArraySlice<UInt8> {
    let size = channels * height * width
    return pixels[index * size..<(index + 1) * size]
  }

  /// The images at the given places as Float, normalised.
  public func batch(at indices: [Int]) -> Batch {
    let size = channels * height * width
    let scale = 1 / (255 * normalization.deviation)
    let shift = -normalization.mean / normalization.deviation
    for index in indices { precondition(index >= 0 && index < count, "batch: \(index) is not in 0..<\(count)") }
    let inputs = Tensor<Float>(shape: [indices.count, channels, height, width]) { target in
      pixels.withUnsafeBufferPointer { source in
        indices.withUnsafeBufferPointer { indices in
          guard let source = source.baseAddress, let target = target.baseAddress else { return }
          gatherBytes(source, rows: indices, count: size, scale: scale, shift: shift, into: target)
        }
      }
    }
    return Batch(inputs: inputs, targets: IndexTensor(indices.map { targets[$0] }))
  }
}

/// Shifts and scales values: `(x − mean) / deviation`.
public struct Normalize: Equatable, Sendable {
  /// What is subtracted.
  public var mean: Float
  /// What divides.
  public var deviation: Float

  /// A normalisation.
  ///
  /// - Precondition: `deviation` is positive and finite, `mean` finite.
  public init(mean: Float, deviation: Float) {
    precondition(
      deviation > 0 && deviation.isFinite && mean.isFinite, "Normalize: mean \(mean), deviation \(deviation)")
    self.mean = mean
    self.deviation = deviation
  }

  /// The mean and deviation of MNIST's training images, as PyTorch's example has them.
  public static let mnist = Normalize(mean: 0.1307, deviation: 0.3081)

  /// Normalises a tensor of any shape.
  public func callAsFunction(_ input: Tensor<Float>) -> Tensor<Float> { (input - mean) / deviation }

  /// Normalises a data set.
  public func callAsFunction(_ dataset: ImageDataset) -> ImageDataset { dataset.normalized(self) }
}
