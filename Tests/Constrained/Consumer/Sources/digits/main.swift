// Inference and nothing else: `digits model.safetensors image.png` tells the digit; without arguments a `cnn` of seeded weights
// looks at a drawn digit, so that the program proves itself where there is no other file.
import ApusCompute
import ApusData
import ApusNN
import ApusTensor

let words = CommandLine.arguments.dropFirst()
let model: Sequential
let image: Tensor<Float>
if words.count == 2 {
  let file = try ModelFile(path: words[1])
  model = try file.makeModel(inputShape: [1, 1, 28, 28])
  let pixels = try GreyImage(path: words[2])
  precondition(pixels.width == 28 && pixels.height == 28, "\(words[2]) is not 28×28")
  image = file.normalization?(pixels.tensor) ?? pixels.tensor
} else {
  model = withSeed(1) { ModelZoo.cnn.make() }
  image = Tensor((0..<784).map { Float(($0 % 28 + $0 / 28) % 9) / 8 }, shape: [1, 28, 28])
}
let plan = try InferencePlan(model, inputShape: [1, 28, 28])
let scores = plan(image.reshaped(1, 1, 28, 28)).scalars
let digit = scores.indices.max { scores[$0] < scores[$1] }!
print("digit \(digit), scores \(scores.map { ($0 * 100).rounded() / 100 }), on \(InstructionSet.active)")
