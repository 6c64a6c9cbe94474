import ApusCompute
import ApusTensor

/// A trained model made ready for inference on bytes: a quarter of the memory, integer products, results that do not depend
/// on the kernel set, the batch or the number of threads.
///
/// ```swift
/// let plan = try QuantizedPlan(model, inputShape: [1, 28, 28], calibratedWith: images)
/// let scores = plan(batch)   // [batch, 1, 28, 28] → [batch, 10]
/// try plan.save("digits-int8.safetensors")
/// ```
///
/// It takes chains of convolutions, dense layers, ReLU, max-pooling, functions of each number, normalisations that follow a layer with
/// weights, dropout and flattening that end in a dense layer, and perhaps a softmax behind it. The plan holds a copy of the
/// weights; two threads need a plan each.
public final class QuantizedPlan {
  /// The shape of one input, without the batch.
  public let inputShape: Shape
  /// The shape of one result, without the batch.
  public let outputShape: Shape
  /// The scales.
  public let quantization: Quantization
  /// What is stored: the layers, with the folded weights.
  let model: Sequential
  let layers: [QuantizedLayer]
  private let program: QuantizedProgram

  /// Quantises a model.
  ///
  /// - Parameters:
  ///   - model: A chain of layers.
  ///   - inputShape: The shape of one input, without the batch: `[1, 28, 28]`.
  ///   - images: Inputs as the model takes them, [batch, …]: some hundreds of the training set are enough.
  ///   - calibration: Which range of each activation is covered.
  /// - Throws: `InferencePlanError`, which names the layer that cannot be quantised.
  /// - Precondition: The images are a batch of `inputShape`, with at least one image.
  public convenience init(
    _ model: Sequential, inputShape: Shape, calibratedWith images: Tensor<Float>,
    calibration: Calibration = .meanSquare
  ) throws(InferencePlanError) {
    demand(
      images.rank == inputShape.rank + 1 && images.shape.dropFirst().elementsEqual(inputShape) && images.shape[0] > 0,
      "QuantizedPlan: images of shape \(images.shape) are no batch of \(inputShape)")
    let layers = try QuantizedLayer.layers(of: model, inputShape: inputShape)
    let scales = QuantizedLayer.calibrate(layers.layers, inputShape, images, calibration)
    try self.init(model, inputShape, layers, scales)
  }

  /// A model with scales that are known.
  ///
  /// - Throws: `InferencePlanError` when a layer cannot be quantised, or the scales are not this model's.
  public convenience init(
    _ model: Sequential, inputShape: Shape, quantization: Quantization
  ) throws(InferencePlanError) {
    try self.init(model, inputShape, try QuantizedLayer.layers(of: model, inputShape: inputShape), quantization)
  }

  private init(
    _ model: Sequential, _ inputShape: Shape, _ found: (layers: [QuantizedLayer], outputShape: Shape),
    _ quantization: Quantization
  ) throws(InferencePlanError) {
    self.model = model
    self.inputShape = inputShape
    outputShape = found.outputShape
    layers = found.layers
    self.quantization = quantization
    try QuantizedLayer.check(layers, quantization)
    program = QuantizedLayer.program(layers, inputShape, quantization)
  }

  /// Bytes of weights, tables and activations.
  public var byteCount: Int { program.bytes }

  /// The model's results: [batch, …] → [batch, …].
  ///
  /// - Precondition: The input is a batch of `inputShape`.
  public func callAsFunction(_ input: Tensor<Float>) -> Tensor<Float> {
    demand(
      input.rank == inputShape.rank + 1 && input.shape.dropFirst().elementsEqual(inputShape),
      "QuantizedPlan: an input of shape \(input.shape) is no batch of \(inputShape)")
    let batch = input.shape[0]
    return input.withUnsafeScalars { source in
      Tensor(shape: Shape([batch] + Array(outputShape))) { target in
        guard let source = source.baseAddress, let target = target.baseAddress, batch > 0 else { return }
        program.run(source, into: target, batch: batch)
      }
    }
  }
}
