import ApusNN
import ApusTensor
import Testing

/// Mistakes in shapes end the program with a message that names the layer, its place, and both shapes.
@Suite struct TrapTests {
  private func message(_ result: ExitTest.Result?) -> String {
    String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
  }

  @Test func linear() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let model = Sequential {
        ReLU()
        Linear(320, 50)
      }
      _ = model.parameters
      _ = model(Tensor<Float>.zeros([64, 100]))
    }
    let text = message(result)
    #expect(text.contains("Linear(320, 50) at “1”: an input of shape [64, 100] does not fit, it needs [..., 320]"))
  }

  @Test func convolution() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Conv2d(3, 8, kernelSize: 5)(Tensor<Float>.zeros([1, 1, 28, 28]))
    }
    #expect(
      message(result).contains(
        "Conv2d(3, 8, kernelSize: 5): an input of shape [1, 1, 28, 28] does not fit, it needs [batch, 3, height, width]"
      ))
    let small = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Conv2d(1, 8, kernelSize: 5)(Tensor<Float>.zeros([1, 1, 4, 28]))
    }
    #expect(message(small).contains("[1, 1, 4, 28] does not fit, it needs at least [batch, 1, 5, 5]"))
  }

  @Test func normalization() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = BatchNorm2d(4)(Tensor<Float>.zeros([2, 3, 5, 5]))
    }
    #expect(
      message(result).contains("BatchNorm2d(4): an input of shape [2, 3, 5, 5] does not fit, it needs [batch, 4, "))
    let single = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = BatchNorm1d(4)(Tensor<Float>.zeros([1, 4]))
    }
    #expect(message(single).contains("more than one value for each channel in training"))
  }

  @Test func losses() async {
    let shapes = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = crossEntropy(Tensor<Float>.zeros([4, 3]), IndexTensor([0, 1], shape: [2]))
    }
    #expect(message(shapes).contains("crossEntropy: scores of shape [4, 3] need targets of shape [4], not [2]"))
    let target = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = nllLoss(Tensor<Float>.zeros([2, 3]), [0, 3])
    }
    #expect(message(target).contains("nllLoss: target 3 is none of the 3 classes"))
    let broadcast = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = mseLoss(Tensor<Float>.zeros([4, 1]), Tensor<Float>.zeros([4]))
    }
    #expect(message(broadcast).contains("mseLoss: the input has shape [4, 1], the target [4]"))
  }

  @Test func mixedScalarTypes() async {
    final class Mixed: Module {
      let layer = Layers<Double>.Linear(1, 1)
      func callAsFunction(_ x: Tensor<Float>) -> Tensor<Float> { x }
    }
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Mixed().parameters
    }
    #expect(message(result).contains("layer.weight holds Double in a model of Float"))
  }
}
