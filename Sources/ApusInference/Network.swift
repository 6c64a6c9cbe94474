import ApusCompute
@_exported import ApusFiles

/// A trained network that names its layers and reads nothing but their weights: prediction in the smallest program.
///
/// ```swift
/// let weights = try Safetensors(path: "cnn.safetensors")
/// let network = try Network(inputShape: [1, 28, 28], weights: weights, [
///   .conv2d("0"), .maxPool2d(2), .relu, .conv2d("3"), .maxPool2d(2), .relu,
///   .flatten, .linear("8"), .relu, .linear("11"), .logSoftmax,
/// ])
/// let scores = network(pixels)     // 784 numbers to 10, or any number of images one after the other
/// ```
///
/// It stands on the engine alone: no tensors, no gradients, and no layers but those listed, where a model that a file
/// describes may hold any. The sizes of a layer are those of its weights in the file, under the names that PyTorch gives
/// them (`"0.weight"`, `"0.bias"`). What computes is what an `InferencePlan` computes with: packed weights, activations in
/// memory that is there before the first call, the same bits at any number of threads. One call at a time; threads that
/// predict side by side need a network each.
public final class Network {
  /// The shape of one input, without the batch.
  public let inputShape: [Int]
  /// The shape of one result, without the batch.
  public let outputShape: [Int]
  /// What the file says is done to pixels from 0 to 1 before the network sees them: `(x − mean) / deviation`; (0, 1) when it
  /// says nothing.
  public let normalization: (mean: Float, deviation: Float)
  private let program: InferenceProgram
  private let inputCount: Int
  private let outputCount: Int

  /// Makes a network of layers that run one after the other.
  ///
  /// - Parameters:
  ///   - inputShape: The shape of one input, without the batch: `[1, 28, 28]`.
  ///   - weights: The file that holds the layers' weights.
  ///   - layers: The layers, in their order. Dropout is left out: it does nothing in prediction.
  /// - Throws: `NetworkError`, which names the layer that does not fit.
  public init(inputShape: [Int], weights: Safetensors, _ layers: [Layer]) throws(NetworkError) {
    guard let count = checkedProduct(inputShape), !inputShape.isEmpty, count > 0,
      count <= NetworkBuilder.largestActivation
    else {
      throw NetworkError(layer: "input", reason: "its shape \(inputShape) holds no numbers, or too many")
    }
    var builder = NetworkBuilder(shape: inputShape, count: count, weights: weights)
    for (position, layer) in layers.enumerated() {
      do throws(NetworkProblem) { try builder.add(layer) } catch {
        throw NetworkError(layer: "layer \(position), \(layer)", reason: error.reason)
      }
    }
    builder.program.finish()
    program = builder.program
    self.inputShape = inputShape
    outputShape = builder.shape
    inputCount = count
    outputCount = program.outputCount
    let mean = weights.metadata["apus.input_mean"].flatMap(Float.init)
    let deviation = weights.metadata["apus.input_deviation"].flatMap(Float.init)
    if let mean, let deviation, mean.isFinite, deviation.isFinite, deviation > 0 {
      normalization = (mean, deviation)
    } else {
      normalization = (0, 1)
    }
  }

  /// Bytes of packed weights and activations.
  public var byteCount: Int { program.bytes }

  /// The results for inputs that follow one another, each in row-major order.
  ///
  /// - Precondition: There are whole inputs.
  public func callAsFunction(_ inputs: [Float]) -> [Float] {
    precondition(inputs.count % inputCount == 0, "Network: the numbers are no whole inputs")
    let count = inputs.count / inputCount * outputCount
    return [Float](unsafeUninitializedCapacity: count) { target, filled in
      inputs.withUnsafeBufferPointer { predict(into: UnsafeMutableBufferPointer(rebasing: target[..<count]), from: $0) }
      filled = count
    }
  }

  /// The results for images of bytes, 255 being white, which are normalised as the file says.
  ///
  /// - Precondition: There are whole images.
  public func callAsFunction(pixels: [UInt8]) -> [Float] {
    let (mean, deviation) = normalization
    return self(pixels.map { (Float($0) / 255 - mean) / deviation })
  }

  /// Writes the results for the inputs that follow one another in `input` into `output`. Allocates nothing.
  ///
  /// - Precondition: Both hold the same number of whole inputs and results.
  public func predict(into output: UnsafeMutableBufferPointer<Float>, from input: UnsafeBufferPointer<Float>) {
    let batch = input.count / inputCount
    precondition(
      input.count == batch * inputCount && output.count == batch * outputCount,
      "Network: the numbers are no whole inputs, or there is not room for their results")
    guard batch > 0, let source = input.baseAddress, let target = output.baseAddress else { return }
    program.run(source, into: target, batch: batch)
  }

  /// A layer: what it is called in the file, where it has weights, and what its weights do not tell.
  public enum Layer: Sendable {
    /// A convolution of [channels, height, width]; the kernel's size is that of its weights.
    case conv2d(_ name: String, stride: Int = 1, padding: Int = 0, dilation: Int = 1, groups: Int = 1)
    /// A dense layer on the last dimension.
    case linear(_ name: String)
    /// A normalisation of each channel by the mean and variance in the file.
    case batchNorm(_ name: String, epsilon: Double = 1e-5)
    /// The maximum of square windows; the stride is the window's size unless it is given.
    case maxPool2d(_ kernel: Int, stride: Int? = nil, padding: Int = 0)
    /// The mean of square windows, padding included.
    case avgPool2d(_ kernel: Int, stride: Int? = nil, padding: Int = 0)
    /// What is left of [channels, height, width] as one row of numbers.
    case flatten
    /// max(x, 0).
    case relu
    /// x, or slope · x below 0.
    case leakyRelu(slope: Double = 0.01)
    /// 1 / (1 + e⁻ˣ).
    case sigmoid
    /// The hyperbolic tangent.
    case tanh
    /// x Φ(x).
    case gelu
    /// Probabilities along the first dimension: classes, or channels.
    case softmax
    /// The logarithms of probabilities along the first dimension.
    case logSoftmax
  }
}

/// Why no network can be made of the layers and the file.
public struct NetworkError: Error, Equatable, CustomStringConvertible {
  /// The layer that does not fit, with its place, counted from 0.
  public let layer: String
  /// What is the matter with it.
  public let reason: String

  /// The layer and the reason.
  public var description: String { "no network: \(layer): \(reason)" }
}
