import ApusCompute
import ApusTensor

/// A trained model made ready for nothing but inference, several times faster than calling the model.
///
/// ```swift
/// let plan = try InferencePlan(model, inputShape: [1, 28, 28])
/// let scores = plan(images)  // [batch, 1, 28, 28] → [batch, 10], for a batch of any size
/// ```
///
/// The layers are put together into a fixed list of steps: weights are packed once, in the order in which the register
/// tile reads them; bias and ReLU become part of the products before them, and a max-pooling part of its convolution;
/// a batch normalisation is folded into the weights of the layer before it; dropout and flattening vanish. All
/// activations have their places in memory that is there before the first call: a call of `predict` allocates nothing and
/// takes no lock.
///
/// The results are those of the model in evaluation mode, up to the order of sums, and the same bits at any number of
/// threads. The plan holds a copy of the weights: it does not see what the model learns later. It works for
/// `Threads.count` threads as it was when the plan was made, and with one call at a time: threads that predict side by side
/// need a plan each.
public final class InferencePlan {
  /// The shape of one input, without the batch.
  public let inputShape: Shape
  /// The shape of one result, without the batch.
  public let outputShape: Shape
  private let program: InferenceProgram

  /// Makes a plan of a model.
  ///
  /// - Parameters:
  ///   - model: A `Sequential` of the layers here, or a module that calls such layers one after the other. It is run once on
  ///     made-up numbers, in evaluation mode, and keeps the mode that it was in.
  ///   - inputShape: The shape of one input, without the batch: `[1, 28, 28]`.
  /// - Throws: `InferencePlanError`, which names the layer that no plan can be made of.
  public init(
    _ model: some Module<Tensor<Float>, Tensor<Float>>, inputShape: Shape
  ) throws(InferencePlanError) {
    self.inputShape = inputShape
    let modes = model.namedModules.compactMap { $0.module as? any TrainingDependent }.map { ($0, $0.isTraining) }
    model.eval()
    defer { for (module, mode) in modes { module.isTraining = mode } }
    var compiler = try InferenceCompiler(model, inputShape: inputShape)
    try compiler.compile()
    outputShape = compiler.sampleShape
    program = InferenceProgram(inputCount: inputShape.elementCount, compiler.steps)
    try check(model)
  }

  /// Bytes of packed weights and activations.
  public var byteCount: Int { program.bytes }

  /// The model's results: [batch, …] → [batch, …].
  ///
  /// - Precondition: The input is a batch of `inputShape`.
  public func callAsFunction(_ input: Tensor<Float>) -> Tensor<Float> {
    demand(
      input.rank == inputShape.rank + 1 && input.shape.dropFirst().elementsEqual(inputShape),
      "InferencePlan: an input of shape \(input.shape) is no batch of \(inputShape)")
    let batch = input.shape[0]
    return input.withUnsafeScalars { source in
      Tensor(shape: Shape([batch] + Array(outputShape))) { predict(into: $0, from: source) }
    }
  }

  /// Writes the results for the inputs that follow one another in `input` into `output`.
  ///
  /// - Precondition: Both hold the same number of whole inputs and results.
  public func predict(into output: UnsafeMutableBufferPointer<Float>, from input: UnsafeBufferPointer<Float>) {
    let (inputs, outputs) = (inputShape.elementCount, outputShape.elementCount)
    let batch = input.count / inputs
    demand(
      input.count == batch * inputs && output.count == batch * outputs,
      "InferencePlan: \(input.count) numbers are not the inputs \(inputShape) to \(output.count) of \(outputShape)")
    guard batch > 0, let source = input.baseAddress, let target = output.baseAddress else { return }
    program.run(source, into: target, batch: batch)
  }

  /// Holds the plan against the model on made-up numbers: a module may do more than call its layers one after the other, and
  /// only its results tell.
  private func check(_ model: some Module<Tensor<Float>, Tensor<Float>>) throws(InferencePlanError) {
    if model is Layers<Float>.Sequential, !InferenceCompiler.hasForeignModules(model) { return }
    var random = Random(seed: 7)
    let probe = Tensor<Float>.uniform(Shape([2] + Array(inputShape)), -1, 1, using: &random)
    let expected = withoutGradients { model(probe) }
    let result = self(probe)
    let agrees =
      expected.shape == result.shape
      && zip(expected.scalars, result.scalars).allSatisfy { a, b in
        (a - b).magnitude <= 1e-4 * max(1, a.magnitude) || (a.isNaN && b.isNaN)
      }
    guard agrees else {
      throw InferencePlanError(
        layer: "\(type(of: model))", reason: "it does more than call its layers one after the other")
    }
  }
}

/// Why no inference plan can be made of a model.
public struct InferencePlanError: Error, Equatable, CustomStringConvertible {
  /// The layer that stands in the way, as `"Softmax(dim: 0)"`.
  public let layer: String
  /// What is the matter with it.
  public let reason: String

  /// The layer and the reason.
  public var description: String { "no inference plan: \(layer): \(reason)" }
}
