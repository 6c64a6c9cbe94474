import ApusNN
import ApusTensor

/// Keeps a moving average of a model's weights and running statistics while a `Trainer` works, and puts it in their place when
/// the run is over.
///
/// The figures of the epochs are those of the weights themselves; judge the model again after the run.
///
/// ```swift
/// try trainer.fit(train, epochs: 10, callbacks: [WeightAveraging(model, decay: 0.995)])
/// print(try trainer.evaluate(test))
/// ```
public final class WeightAveraging: TrainingCallback {
  /// How much of the average is kept from step to step, once there have been enough steps.
  public let decay: Double
  private let average: WeightAverage<Float>
  private let buffers: [Buffer<Float>]
  private var bufferValues: [Tensor<Float>]
  private var steps = 0

  /// Makes the callback for the model that is trained.
  ///
  /// - Precondition: `decay` lies in 0 … 1.
  public init(_ model: some Module<Tensor<Float>, Tensor<Float>>, decay: Double = 0.999) {
    self.decay = decay
    let parts = Self.parts(model)
    average = WeightAverage(parts.parameters, decay: decay)
    buffers = parts.buffers
    bufferValues = buffers.map { $0.value.detached() }
  }

  private static func parts(
    _ model: some Module<Tensor<Float>, Tensor<Float>>
  ) -> (parameters: [Parameter<Float>], buffers: [Buffer<Float>]) {
    func floats<Model: Module>(_ model: Model) -> (parameters: [Parameter<Float>], buffers: [Buffer<Float>]) {
      (
        model.parameters.compactMap { $0 as? Parameter<Float> },
        model.buffers.compactMap { $0 as? Buffer<Float> }
      )
    }
    return floats(model)
  }

  /// Adds the weights after a step to the average. Early on the average is shorter, so that it forgets the first weights.
  public func batchDidEnd(_ run: TrainingRun) {
    steps += 1
    let keep = min(decay, Double(1 + steps) / Double(10 + steps))
    average.update(decay: keep)
    withoutGradients {
      for (index, buffer) in buffers.enumerated() {
        bufferValues[index] = bufferValues[index] * Float(keep) + buffer.value.detached() * Float(1 - keep)
      }
    }
  }

  /// Puts the averages in place.
  public func trainingDidEnd(_ run: TrainingRun) {
    guard steps > 0 else { return }
    average.apply()
    for (buffer, value) in zip(buffers, bufferValues) { buffer.value = value }
  }
}
