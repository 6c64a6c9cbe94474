import ApusNN
import ApusTensor
import Testing

@Suite struct SummaryTests {
  @Test func layersShapesAndParameters() {
    let model = Sequential {
      Conv2d(1, 8, kernelSize: 3, padding: .same)
      BatchNorm2d(8)
      ReLU()
      MaxPool2d(2)
      Flatten()
      Dropout(0.5)
      Linear(1568, 10)
    }
    let text = model.summary(inputShape: [1, 1, 28, 28])
    let lines = text.split(separator: "\n").map(String.init)
    #expect(lines.count == 2 + 7 + 2)
    #expect(lines[0].hasPrefix("layer") && lines[0].hasSuffix("parameters"))
    #expect(lines[2].contains("[1, 8, 28, 28]") && lines[2].hasSuffix(" 80"))
    #expect(lines[3].hasSuffix(" 16"))
    #expect(lines[5].contains("[1, 8, 14, 14]"))
    #expect(lines[6].contains("[1, 1568]"))
    #expect(lines[8].contains("Linear(1568, 10)") && lines[8].hasSuffix(" 15,690"))
    #expect(lines[10].hasPrefix("total") && lines[10].hasSuffix(" 15,786"))
    // 8 · 28 · 28 outputs of 9 multiply-adds, and 1568 · 10.
    #expect(lines[0].contains("FLOPs") && lines[2].contains(" 112,896 ") && lines[8].contains(" 31,360 "))
    #expect(lines[10].contains(" 144,256 "))
    // (6272 outputs + 80 parameters) · 4 bytes.
    #expect(lines[2].contains(" 24.8 KiB"))
    // Looking leaves the model as it was: in training, with its first running statistics.
    #expect((model[5] as? Dropout)?.isTraining == true)
    #expect((model[1] as? BatchNorm2d)?.batchCount?.value.item == 0)
  }

  @Test func modelsOfSequences() {
    final class Net: Module {
      let embedding = Embedding(11, 4)
      let lstm = LSTM(4, 5, batchFirst: true)
      let head = Linear(5, 11)
      func callAsFunction(_ x: IndexTensor) -> Tensor<Float> { head(lstm(embedding(x)).output) }
    }
    let lines = Net().summary(of: IndexTensor([1, 2, 3, 4, 5, 6], shape: [2, 3])).split(separator: "\n").map(
      String.init)
    #expect(lines.contains { $0.hasPrefix("embedding") && $0.contains("[2, 3, 4]") && $0.hasSuffix(" 44") })
    // 6 places · (20 · 4 + 20 · 5) multiply-adds.
    #expect(lines.contains { $0.hasPrefix("lstm") && $0.contains("[2, 3, 5]") && $0.contains(" 2,160 ") })
    #expect(lines.contains { $0.hasPrefix("head") && $0.contains(" 660 ") })
  }

  @Test func namesNestedModulesAndFrozenParameters() {
    final class Head: Module {
      let fc = Linear(4, 2)
      func callAsFunction(_ x: Tensor<Float>) -> Tensor<Float> { fc(x) }
    }
    final class Net: Module {
      let body = Linear(3, 4)
      let head = Head()
      let scale = Parameter(Tensor<Float>.ones([1]))
      func callAsFunction(_ x: Tensor<Float>) -> Tensor<Float> { head(body(x)) * scale.value }
    }
    let model = Net()
    model.body.weight.isFrozen = true
    let lines = model.summary.split(separator: "\n").map(String.init)
    #expect(lines.contains { $0.hasPrefix("model") && $0.contains("Net") && $0.hasSuffix(" 1") })
    #expect(lines.contains { $0.hasPrefix("head.fc") && $0.hasSuffix(" 10") })
    #expect(!lines.contains { $0.hasPrefix("head ") })
    #expect(lines.suffix(2).map { $0.split(separator: " ").joined(separator: " ") } == ["total 27", "trainable 15"])
  }

  @Test(arguments: [
    (ModelZoo.cnn, 21_840), (.mlp, 101_770), (.mlp3, 109_386), (.cnnWide, 46_922), (.kerasCNN, 225_034),
    (.deepCNN, 195_410),
    (.rowLSTM, 82_186),
  ])
  func zoo(_ entry: ModelZoo, parameters: Int) {
    let model = withSeed(1) { entry.make() }
    #expect(model.parameterCount == parameters)
    let images = Tensor<Float>.zeros([2, 1, 28, 28])
    let output = model.eval()(images)
    #expect(output.shape == [2, 10])
    let sum = exp(output).sum(dim: 1).scalars
    #expect(entry.givesLogProbabilities == sum.allSatisfy { abs($0 - 1) < 1e-5 })
    #expect(ModelZoo(name: entry.name) == entry)
    #expect(model.summary(inputShape: [1, 1, 28, 28]).contains("[1, 10]"))
  }
}
