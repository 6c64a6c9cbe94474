// Training through the umbrella: `train FILE` fits drawn digits and saves the model.
import Apus

let digits = SyntheticDigits.dataset(count: 1500, seed: 3)
let model = withSeed(1) { ModelZoo.cnn.make() }
let trainer = Trainer(model, optimizer: .adam(learningRate: 2e-3), loss: .nll, metrics: [.accuracy])
try trainer.fit(digits, epochs: 3, batchSize: 50)
let accuracy = try trainer.evaluate(digits).metrics[0].value
precondition(accuracy > 0.5, "only \(accuracy) of the digits that it was trained on")
if CommandLine.arguments.count > 1 { try model.save(CommandLine.arguments[1]) }
print("trained to \(accuracy)")
