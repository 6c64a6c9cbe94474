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

  /// Text, parameters and the output's shape of each layer that is not in the classifiers.
  @Test func everyOtherLayerSurvivesAndKnowsItsOutput() throws {
    let layers: [(any Module<Tensor<Float>, Tensor<Float>>, Shape)] = [
      (LayerNorm(4, epsilon: 0.1), [2, 4]), (LayerNorm([3, 4], bias: false), [2, 3, 4]),
      (LayerNorm(4, elementwiseAffine: false), [2, 4]), (RMSNorm([3, 4], epsilon: 0.5), [2, 3, 4]),
      (RMSNorm(4, elementwiseAffine: false), [2, 4]), (GroupNorm(2, 4, epsilon: 0.1, affine: false), [2, 4, 3]),
      (InstanceNorm1d(3, affine: true), [2, 3, 5]), (InstanceNorm2d(3, epsilon: 0.1), [2, 3, 5, 4]),
      (Conv1d(4, 6, kernelSize: 3, stride: 2, padding: 2, dilation: 2, groups: 2, bias: false), [2, 4, 9]),
      (Conv1d(4, 6, kernelSize: 4, padding: .same), [2, 4, 9]),
      (
        ConvTranspose2d(
          4, 6, kernelSize: (3, 2), stride: (2, 3), padding: (1, 0), outputPadding: (1, 2), groups: 2, bias: false,
          dilation: (2, 1)), [2, 4, 3, 5]
      ),
      (
        ConvTranspose1d(4, 6, kernelSize: 3, stride: 2, padding: 1, outputPadding: 1, groups: 2, dilation: 2),
        [2, 4, 5]
      ),
      (MaxPool1d(3, stride: 2, padding: 1, dilation: 2, ceilMode: true), [2, 4, 9]),
      (AvgPool1d(3, stride: 2, padding: 1, ceilMode: true, countIncludePad: false), [2, 4, 9]),
      (AdaptiveAvgPool2d((2, 3)), [2, 4, 5, 7]), (AdaptiveAvgPool1d(3), [2, 4, 7]),
      (AdaptiveMaxPool2d((2, 3)), [2, 4, 5, 7]), (AdaptiveMaxPool1d(3), [2, 4, 7]), (GlobalAvgPool2d(), [2, 3, 4, 5]),
      (GlobalMaxPool2d(), [2, 3, 4, 5]), (GlobalAvgPool1d(), [2, 3, 4]), (GlobalMaxPool1d(), [2, 3, 4]),
      (Rows(), [2, 3, 4, 5]), (LastState(LSTM(4, 3, batchFirst: true)), [2, 5, 4]),
      (LastState(GRU(4, 3, layers: 2, bias: false, dropout: 0.5, bidirectional: true)), [5, 2, 4]),
      (LastState(RNN(4, 3, nonlinearity: .relu)), [5, 2, 4]), (Upsample((2, 3)), [1, 2, 3, 4]),
      (Upsample(2, mode: .bilinear()), [1, 2, 3, 4]),
      (Upsample(2, mode: .bilinear(alignCorners: true)), [1, 2, 3, 4]),
      (MultiheadAttention(4, 2, dropout: 0.1, bias: false, batchFirst: true), [2, 3, 4]),
      (TransformerEncoderLayer(4, 2), [3, 2, 4]),
      (
        TransformerEncoderLayer(
          4, 2, feedForwardSize: 5, dropout: 0, activation: .gelu, normEpsilon: 0.1, batchFirst: true, normFirst: true,
          bias: false), [2, 3, 4]
      ),
      (PositionalEncoding(4, maximumLength: 9, learned: true, batchFirst: true), [2, 3, 4]),
      (PositionalEncoding(4, maximumLength: 9), [3, 2, 4]), (PReLU(3, initialSlope: 0.5), [2, 3, 4]),
      (GLU(dim: 1), [2, 4, 3]), (ELU(alpha: 0.5), [3]), (SELU(), [3]), (CELU(alpha: 0.5), [3]), (SiLU(), [3]),
      (Mish(), [3]), (Hardswish(), [3]), (Hardsigmoid(), [3]), (ReLU6(), [3]), (LogSigmoid(), [3]), (Softsign(), [3]),
      (Tanhshrink(), [3]), (Softshrink(0.25), [3]), (Hardshrink(0.25), [3]), (Softplus(beta: 2, threshold: 9), [3]),
      (Hardtanh(-2, 2), [3]), (Threshold(0.5, 9), [3]),
    ]
    for (layer, shape) in layers {
      let model = Sequential([layer])
      let text = try #require(model.architecture).description
      let again = try Sequential(Architecture(parsing: text))
      #expect(again.architecture?.description == text)
      #expect(again.parameters.map(\.shape) == model.parameters.map(\.shape), "\(text)")
      let output = again.eval()(Tensor.zeros(shape))
      #expect(try again.outputShape(for: shape) == output.shape, "\(text)")
    }
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
    "Sequential(Linear(2147483648, 2147483648))",
    "Sequential(LayerNorm([]))", "Sequential(LayerNorm([2147483648, 2147483648, 2147483648]))",
    "Sequential(GroupNorm(3, 4))", "Sequential(Conv1d(3, 4, kernelSize: 3, stride: 2, padding: .same))",
    "Sequential(ConvTranspose2d(3, 4, kernelSize: 3, outputPadding: 7))", "Sequential(MaxPool1d(2, padding: 2))",
    "Sequential(MultiheadAttention(4, 3))",
    "Sequential(LastState(3))", "Sequential(LastState(Linear(3, 4)))", "Sequential(LastState(LSTM(3)))",
    "Sequential(LastState(LSTM(2000000000, 2000000000)))", "Sequential(LastState(LSTM(3, 4), 5))",
    "Sequential(Rows(1))",
    "Sequential(AdaptiveMaxPool2d(0))", "Sequential(GlobalAvgPool2d(1))",
    "Sequential(PositionalEncoding(3))", "Sequential(PReLU(0))",
    "Sequential(Conv2d(1048576, 1048576, kernelSize: 1048576))",
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
