import ApusData
import ApusNN
import ApusTensor

/// A model of 28×28 images from a file that `apus train --save` wrote, or that follows its example.
struct StoredModel {
  /// The model, in evaluation mode.
  let model: Sequential
  /// The model made ready for inference; nil when one of its layers does not allow it.
  private let plan: InferencePlan?
  /// What is done to pixels before the model sees them.
  let normalization: Normalize
  /// The name in the list of models; "model" for one that is not there.
  let name: String
  /// How many classes it tells apart.
  let classCount: Int

  /// Under which the name stands in the file's metadata.
  static let nameKey = "apus.model"

  /// Images that a model looks at together.
  static let batchSize = 256

  /// Reads a file, and makes sure that the model takes images and gives a score for each class.
  ///
  /// - Throws: `ModelFileError`, or `WorkError` when the model is of another kind.
  init(path: String) throws {
    let file = try ModelFile(path: path)
    let inputShape: Shape = [Self.batchSize, 1, 28, 28]
    model = try file.makeModel(inputShape: inputShape)
    let output = try model.outputShape(for: inputShape)
    guard output.count == 2, output[0] == Self.batchSize else {
      throw WorkError("\(path): the model makes \(output) of \(inputShape), not a row of scores for each image")
    }
    classCount = output[1]
    plan = try? InferencePlan(model, inputShape: [1, 28, 28])
    normalization = file.normalization ?? Normalize(mean: 0, deviation: 1)
    // The name goes to the terminal, so a stranger's text will not do.
    name = file.metadata[Self.nameKey].flatMap(ModelZoo.init(name:))?.name ?? "model"
  }

  /// The probability of every class for an image of 28×28 values from 0 to 1.
  func probabilities(_ image: [Float]) -> [Double] {
    withoutGradients {
      let input = normalization(Tensor(image, shape: [1, 1, 28, 28]))
      // Log-probabilities are scores as well: softmax gives the same probabilities back.
      return softmax(plan.map { $0(input) } ?? model(input), dim: 1).scalars.map(Double.init)
    }
  }
}
