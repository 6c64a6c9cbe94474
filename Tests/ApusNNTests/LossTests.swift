import ApusNN
import ApusTensor
import Testing

/// What the golden vectors do not show: edges, and agreement between the ways to the same figure.
@Suite struct LossTests {
  typealias T = Tensor<Double>

  private func close(_ a: [Double], _ b: [Double], _ tolerance: Double = 1e-12) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) <= tolerance * (1 + abs($1)) }
  }

  @Test func crossEntropyIsNLLOfLogSoftmax() {
    var generator = Random(seed: 3)
    let scores: T = Initializer.normal()([5, 4], using: &generator)
    let targets = IndexTensor([0, 3, 1, 1, 2], shape: [5])
    let weight = T([0.5, 2, 1, 3])
    for reduction in [Reduction.mean, .sum, .none] {
      var a = scores
      var b = scores
      a.requiresGradient = true
      b.requiresGradient = true
      let fused = crossEntropy(a, targets, weight: weight, reduction: reduction)
      let parts = nllLoss(logSoftmax(b, dim: 1), targets, weight: weight, reduction: reduction)
      #expect(close(fused.scalars, parts.scalars))
      fused.sum().backward()
      parts.sum().backward()
      #expect(close(a.gradient!.scalars, b.gradient!.scalars))
    }
  }

  @Test func aLeastBitOfSmoothingChangesLittle() {
    // The general path and the fused path are two programs; next to each other they must agree.
    let scores = T([1, 2, 3, -1, 0, 1], shape: [2, 3])
    let targets = IndexTensor([2, 0], shape: [2])
    let hard = crossEntropy(scores, targets).item
    let soft = crossEntropy(scores, targets, labelSmoothing: 1e-13).item
    #expect(abs(hard - soft) < 1e-11)
  }

  @Test func oneHotProbabilitiesAreClasses() {
    let scores = T([1, 2, 3, -1, 0, 1], shape: [2, 3])
    let a = crossEntropy(scores, IndexTensor([2, 0], shape: [2])).item
    let b = crossEntropy(scores, T([0, 0, 1, 1, 0, 0], shape: [2, 3])).item
    #expect(abs(a - b) < 1e-12)
  }

  @Test func scoresOfAnySizeStayFinite() {
    let scores = Tensor<Float>([3e38, -3e38, 0, 1000], shape: [2, 2])
    let loss = crossEntropy(scores, IndexTensor([0, 1], shape: [2]))
    #expect(loss.item == 0)
    #expect(binaryCrossEntropyWithLogits(Tensor<Float>([1e30, -1e30]), Tensor<Float>([1, 0])).item == 0)
  }

  @Test func aMeanOverNothingIsNotANumber() {
    let scores = T([1, 2], shape: [1, 2])
    #expect(crossEntropy(scores, IndexTensor([-100], shape: [1])).item.isNaN)
    #expect(crossEntropy(scores, IndexTensor([-100], shape: [1]), reduction: .sum).item == 0)
  }

  @Test func targetProbabilitiesGetAGradient() {
    let scores = T([1, 2, 0, -1], shape: [2, 2])
    var targets = T([0.25, 0.75, 0.5, 0.5], shape: [2, 2])
    targets.requiresGradient = true
    crossEntropy(scores, targets, reduction: .sum).backward()
    let expected = logSoftmax(scores, dim: 1).scalars.map { -$0 }
    #expect(close(targets.gradient!.scalars, expected))
  }

  @Test func smoothL1AtTheEdges() {
    let x = T([0, 0.5, 1, 2])
    let y = T([0, 0, 0, 0])
    #expect(close(smoothL1Loss(x, y, reduction: .none).scalars, [0, 0.125, 0.5, 1.5]))
    #expect(close(smoothL1Loss(x, y, beta: 0, reduction: .none).scalars, [0, 0.5, 1, 2]))
    #expect(close(huberLoss(x, y, delta: 0.5, reduction: .none).scalars, [0, 0.125, 0.375, 0.875]))
  }

  @Test func certainAndWrongCostsAHundred() {
    let loss = binaryCrossEntropy(T([0, 1, 1]), T([1, 0, 1]), reduction: .none)
    #expect(close(loss.scalars, [100, 100, 0]))
  }
}
