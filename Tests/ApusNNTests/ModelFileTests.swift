import ApusData
@testable import ApusNN
import ApusTensor
import Foundation
import Testing

@Suite struct ModelFileTests {
  /// A path of its own for every test, removed when the test is over.
  private final class Place {
    let path = NSTemporaryDirectory() + "apus-model-\(UInt64.random(in: 0 ... .max)).safetensors"
    deinit { try? FileManager.default.removeItem(atPath: path) }
  }

  private func model(seed: UInt64 = 1) -> Sequential {
    withSeed(seed) {
      Sequential {
        Conv2d(1, 4, kernelSize: 3)
        BatchNorm2d(4)
        ReLU()
        MaxPool2d(2)
        Flatten()
        Dropout(0.25)
        Linear(676, 10)
      }
    }
  }

  /// Images on which the model's running statistics have moved.
  private func used(_ model: Sequential) -> Tensor<Float> {
    var random = Random(seed: 2)
    let images = Tensor<Float>.uniform([3, 1, 28, 28], using: &random)
    _ = model(images)
    return images
  }

  @Test func aSavedModelIsRebuiltFromItsFileAlone() throws {
    let place = Place()
    let original = model()
    let images = used(original)
    try original.save(place.path, normalization: .mnist, metadata: ["note": "from a test"])
    let file = try ModelFile(path: place.path)
    #expect(file.metadata["note"] == "from a test")
    #expect(file.metadata["format"] == "pt")
    #expect(file.normalization == .mnist)
    let again = try file.makeModel(inputShape: [1, 1, 28, 28])
    #expect(again.eval()(images).scalars == original.eval()(images).scalars)
    #expect(again.stateDictionary.names == original.stateDictionary.names)
    #expect((again[1] as? BatchNorm2d)?.batchCount?.value.item == 1)
    #expect((again[5] as? Dropout)?.isTraining == false)
  }

  @Test(arguments: ModelZoo.allCases) func zooModels(_ entry: ModelZoo) throws {
    let place = Place()
    let original = entry.make()
    try original.save(place.path)
    let again = try ModelFile(path: place.path).makeModel(inputShape: [1, 1, 28, 28])
    #expect(again.parameters.map(\.value.scalars) == original.parameters.map(\.value.scalars))
  }

  @Test func weightsThatAFileBringsAreNotDrawnBefore() {
    let drawn = withSeed(1) { Linear(3, 4) }
    let empty = FirstWeights.$areDrawn.withValue(false) { withSeed(1) { Linear(3, 4) } }
    #expect(drawn.weight.value.scalars.allSatisfy { $0 != 0 })
    #expect(empty.weight.value.shape == [4, 3] && empty.weight.value.scalars.allSatisfy { $0 == 0 })
    #expect(withSeed(1) { Linear(3, 4) }.weight.value.scalars == drawn.weight.value.scalars)
  }

  @Test func aFileLoadsIntoAModelOfTheOtherType() throws {
    let place = Place()
    try model().save(place.path)
    let twice = try ModelFile(path: place.path).makeModel(Double.self)
    #expect(twice.parameters.map { $0.value.scalars.map { Float($0) } } == model().parameters.map(\.value.scalars))
  }

  @Test func everyDifferenceIsListed() throws {
    let place = Place()
    try model().save(place.path)
    let other = Sequential {
      Conv2d(1, 5, kernelSize: 3)
      Linear(2, 2)
    }
    let before = other.parameters.map(\.value.scalars)
    let error = #expect(throws: ModelFileError.self) { try other.load(place.path) }
    guard case .state(_, let mismatch)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(mismatch.missing.isEmpty)
    #expect(
      mismatch.unexpected.sorted() == [
        "1.num_batches_tracked", "1.running_mean", "1.running_var", "6.bias", "6.weight",
      ])
    #expect(mismatch.misshapen.map(\.name) == ["0.weight", "0.bias", "1.weight", "1.bias"])
    #expect(mismatch.misshapen[0].expected == [5, 1, 3, 3])
    #expect(mismatch.misshapen[0].found == [4, 1, 3, 3])
    #expect("\(mismatch)".contains("0.weight (the model has [5, 1, 3, 3], the state [4, 1, 3, 3])"))
    #expect(error?.description.hasPrefix(place.path + ": ") == true)
    // Nothing was loaded by halves.
    #expect(other.parameters.map(\.value.scalars) == before)
  }

  @Test func leniencyPassesOverNamesButNotShapes() throws {
    let small = Sequential { Linear(2, 2) }
    var state = small.stateDictionary
    state["extra"] = .tensor(Tensor([1]))
    state["0.bias"] = nil
    #expect(throws: StateMismatch.self) { try small.load(state) }
    try small.load(state, strict: false)
    state["0.weight"] = .tensor(Tensor([1]))
    #expect(throws: StateMismatch.self) { try small.load(state, strict: false) }
    state["0.weight"] = .integers([1, 2])
    let error = #expect(throws: StateMismatch.self) { try small.load(state, strict: false) }
    #expect(error?.mistyped == ["0.weight"])
  }

  @Test func loadingDoesNotTieModelsTogether() throws {
    let (a, b) = (Linear(1, 1, bias: false), Linear(1, 1, bias: false))
    try b.load(a.stateDictionary)
    #expect(a.weight.value.scalars == b.weight.value.scalars)
    b.weight.initialize(.zeros)
    #expect(a.weight.value.scalars != [0])
    #expect(b.weight.value.requiresGradient)
  }

  @Test func aFileOfAnotherModuleSaysSo() throws {
    final class Own: Module {
      let fc = Linear(2, 2)
      func callAsFunction(_ x: Tensor<Float>) -> Tensor<Float> { fc(x) }
    }
    let place = Place()
    let own = Own()
    try own.save(place.path)
    let file = try ModelFile(path: place.path)
    #expect(try file.architecture == nil)
    let error = #expect(throws: ModelFileError.self) { try file.makeModel() }
    #expect(error?.description.contains("the metadata has no “apus.architecture”") == true)
    let twin = Own()
    try twin.load(place.path)
    #expect(twin.fc.weight.value.scalars == own.fc.weight.value.scalars)
  }

  /// Files whose metadata lies. None may crash, allocate what the file does not hold, or give a model.
  @Test(arguments: [
    "Sequential(Linear(100000, 100000))", "Sequential(Linear(2, 2)", "Sequential(Linear(2, 3))", "Sequential(ReLU())",
    "Sequential(Conv2d(1, 1, kernelSize: 1048576))", "Net()", "Sequential(Linear(2, 2), Linear(3, 2, bias: false))",
    "Sequential(BatchNorm1d(1000000, affine: false))",
  ])
  func lyingArchitectures(_ text: String) throws {
    let place = Place()
    var file = Safetensors()
    file.metadata["apus.architecture"] = text
    file.set("0.weight", Tensor<Float>.zeros([2, 2]))
    file.set("0.bias", Tensor<Float>.zeros([2]))
    try file.write(to: place.path)
    let read = try ModelFile(path: place.path)
    #expect(throws: ModelFileError.self) { try read.makeModel(inputShape: [1, 2]) }
  }

  @Test func aMissingFileAndACorruptOne() throws {
    #expect(throws: ModelFileError.self) { try ModelFile(path: "/nowhere/model.safetensors") }
    let place = Place()
    try Data([1, 2, 3]).write(to: URL(fileURLWithPath: place.path))
    #expect(throws: ModelFileError.self) { try Linear(1, 1).load(place.path) }
    #expect(throws: DataError.self) { try Linear(1, 1).save("/nowhere/model.safetensors") }
  }

  @Test func aNormalizationThatMakesNoSenseIsNone() throws {
    for (mean, deviation) in [("0", "0"), ("nan", "1"), ("0", "-1"), ("x", "1"), ("0", "inf")] {
      let place = Place()
      try Linear(1, 1).save(place.path, metadata: ["apus.input_mean": mean, "apus.input_deviation": deviation])
      #expect(try ModelFile(path: place.path).normalization == nil)
    }
  }
}

@Suite struct OutputShapeTests {
  @Test func agreesWithWhatTheModelDoes() throws {
    let model = Sequential {
      Conv2d(2, 4, kernelSize: (3, 2), stride: (2, 1), padding: .explicit(2, 1), dilation: (2, 1))
      Conv2d(4, 4, kernelSize: 4, padding: .same)
      BatchNorm2d(4)
      MaxPool2d(3, stride: 2, padding: 1, ceilMode: true)
      Sequential {
        LeakyReLU(); AvgPool2d(2, stride: 1, ceilMode: true)
      }
      Dropout2d()
      Flatten(from: 2)
      BatchNorm1d(4)
      Softmax(dim: -1)
    }
    for size in 6...13 {
      let input = Tensor<Float>.zeros([2, 2, size, size + 1])
      #expect(try model.outputShape(for: input.shape) == model(input).shape, "\(size)")
    }
  }

  @Test(arguments: [[1, 1, 28], [1, 2, 28, 28], [1, 1, 4, 28], [1, 1, 30, 30]])
  func whatDoesNotFitIsAnError(_ shape: [Int]) {
    let model = ModelZoo.cnnWide.make()
    #expect(throws: ArchitectureError.self) { try model.outputShape(for: Shape(shape)) }
  }

  @Test func sizesAreBounded() throws {
    let model = Sequential { Conv2d(1, 1, kernelSize: 1, padding: 1 << 20) }
    let error = #expect(throws: ArchitectureError.self) { try model.outputShape(for: [1, 1, 1, 1]) }
    #expect(error?.reason.contains("is too large") == true)
  }
}
