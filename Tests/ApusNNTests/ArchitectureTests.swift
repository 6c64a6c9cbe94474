import ApusNN
import ApusTensor
import Testing

@Suite struct ArchitectureTests {
  @Test(arguments: ModelZoo.allCases) func zooModelsSurviveTheirText(_ entry: ModelZoo) throws {
    let model = entry.make()
    let text = try #require(model.architecture).description
    let again = try Sequential(Architecture(parsing: text))
    #expect(again.architecture?.description == text)
    #expect(again.namedParameters.map(\.name) == model.namedParameters.map(\.name))
    #expect(again.parameters.map(\.shape) == model.parameters.map(\.shape))
  }

  @Test func everyOptionSurvives() throws {
    let model = Sequential {
      Conv2d(
        4, 6, kernelSize: (3, 5), stride: (2, 1), padding: .explicit(1, 2), dilation: (1, 2), groups: 2, bias: false)
      Conv2d(6, 6, kernelSize: 3, padding: .same)
      BatchNorm2d(6, epsilon: 1e-3, momentum: nil, affine: false, trackRunningStats: true)
      MaxPool2d((3, 2), stride: (2, 2), padding: (1, 1), dilation: (1, 1), ceilMode: true)
      AvgPool2d(2, stride: 1, padding: 1, ceilMode: true, countIncludePad: false)
      Dropout2d(0.25)
      Flatten(from: 2)
      LeakyReLU(0.2)
      GELU(approximate: .tanh)
      Softmax(dim: -1)
      Sequential {
        Sigmoid(); Tanh(); Identity(); LogSoftmax(dim: 2)
      }
      BatchNorm1d(3, momentum: 0.2, trackRunningStats: false)
      Linear(3, 2, bias: false)
    }
    let text = try #require(model.architecture).description
    #expect(text.hasPrefix("Sequential(Conv2d(4, 6, kernelSize: [3, 5], stride: [2, 1], padding: [1, 2], "))
    #expect(try Sequential(Architecture(parsing: text)).architecture?.description == text)
  }

  @Test func aModuleOfTheUsersOwnHasNoText() {
    final class Own: Module {
      func callAsFunction(_ x: Tensor<Float>) -> Tensor<Float> { x }
    }
    #expect(
      Sequential {
        Linear(1, 1); Own()
      }.architecture == nil)
  }

  @Test(arguments: [
    "", "Sequential", "Sequential(", "Sequential(Linear(3))", "Sequential(Linear(3, 4)", "Sequential(Linear(3, 4)) x",
    "Sequential(Linear(-3, 4))", "Sequential(Linear(3, 4, bias: 7))", "Sequential(Linear(3, 4, colour: true))",
    "Sequential(Linear(99999999999999999999, 4))", "Sequential(Conv2d(3, 4, kernelSize: 0))",
    "Sequential(Conv2d(3, 4, kernelSize: 3, groups: 2))",
    "Sequential(Conv2d(3, 4, kernelSize: 3, stride: 2, padding: .same))",
    "Sequential(Dropout(1.5))", "Sequential(Dropout(nan))", "Sequential(Teleport())", "Linear(3, 4)", "Sequential(3)",
    "Sequential(MaxPool2d(2, padding: 2))", "Sequential(BatchNorm2d(0))", "Sequential(Flatten(from: 99))",
    "Sequential(Linear(2147483648, 2147483648))", "Sequential(Conv2d(1048576, 1048576, kernelSize: 1048576))",
  ])
  func nonsenseIsAnError(_ text: String) {
    #expect(throws: ArchitectureError.self) { try Sequential(Architecture(parsing: text)) }
  }

  @Test func sizeIsPaidForBeforeItIsAllocated() {
    #expect(throws: ArchitectureError.self) {
      try Sequential(Architecture(parsing: "Sequential(Linear(1000, 1000))"), limit: 1000)
    }
    #expect(throws: Never.self) {
      try Sequential(Architecture(parsing: "Sequential(Linear(10, 10))"), limit: 110)
    }
  }

  @Test func depthIsBounded() {
    let text = String(repeating: "Sequential(", count: 100_000) + String(repeating: ")", count: 100_000)
    #expect(throws: ArchitectureError.self) { try Architecture(parsing: text) }
  }
}
