import ApusData
import ApusNN
import ApusTensor

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A model of 28×28 images from a file that `apus train --save` wrote, or that follows its example.
struct StoredModel {
  /// The model, in evaluation mode.
  let model: Sequential
  /// The model made ready for inference; nil when one of its layers does not allow it.
  private let plan: InferencePlan?
  /// The model on bytes, when the file holds them.
  let quantizedPlan: QuantizedPlan?
  /// What is done to pixels before the model sees them.
  let normalization: Normalize
  /// The name in the list of models; "model" for one that is not there.
  let name: String
  /// How many classes it tells apart.
  let classCount: Int

  /// The text beside the tensors.
  let metadata: [String: String]

  /// The shape of one image.
  static let inputShape: Shape = [1, 28, 28]

  /// Numbers of one image.
  var inputCount: Int { Self.inputShape.elementCount }

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
    quantizedPlan = file.isQuantized ? try file.makeQuantizedPlan(inputShape: Self.inputShape) : nil
    plan = file.isQuantized ? nil : try? InferencePlan(model, inputShape: Self.inputShape)
    metadata = file.metadata
    normalization = file.normalization ?? Normalize(mean: 0, deviation: 1)
    // The name goes to the terminal, so a stranger's text will not do.
    name = file.metadata[Self.nameKey].flatMap(ModelZoo.init(name:))?.name ?? "model"
  }

  /// The scores, or log-probabilities, of a batch that is prepared as the model takes it.
  func scores(_ input: Tensor<Float>) -> Tensor<Float> {
    withoutGradients { quantizedPlan.map { $0(input) } ?? plan.map { $0(input) } ?? model(input) }
  }

  /// The probability of every class for an image of 28×28 values from 0 to 1.
  func probabilities(_ image: [Float]) -> [Double] {
    withoutGradients {
      let input = normalization(Tensor(image, shape: [1, 1, 28, 28]))
      // Log-probabilities are scores as well: softmax gives the same probabilities back.
      return ApusTensor.softmax(scores(input), dim: 1).scalars.map(Double.init)
    }
  }

  /// The probability of every class for each of `count` images that follow one another; bit for bit the same whatever
  /// images an image is among.
  func probabilities(ofBatch images: [Float], count: Int) -> [[Float]] {
    // A plan adds up in another order when images do not fill its registers: so they always do.
    let full = plan == nil ? count : (count + 63) / 64 * 64
    var padded = images
    padded += [Float](repeating: 0, count: full * inputCount - images.count)
    let shape = Shape([full] + Array(Self.inputShape))
    let input = withoutGradients { normalization(Tensor(padded, shape: shape)) }
    let rows: [Float]
    if plan == nil && quantizedPlan == nil {
      rows = (0..<count).flatMap { image in
        let one = Array(input.scalars[image * inputCount..<(image + 1) * inputCount])
        return scores(Tensor(one, shape: Shape([1] + Array(Self.inputShape)))).scalars
      }
    } else {
      rows = scores(input).scalars
    }
    return (0..<count).map { Self.softmax(rows[$0 * classCount..<($0 + 1) * classCount]) }
  }

  /// One row by itself.
  private static func softmax(_ scores: ArraySlice<Float>) -> [Float] {
    let largest = scores.max() ?? 0
    let powers = scores.map { exp(Double($0 - largest)) }
    let sum = powers.reduce(0, +)
    return powers.map { Float($0 / sum) }
  }
}
