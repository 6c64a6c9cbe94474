import Testing

@testable import ApusTensor

@Suite struct AutogradTests {
  @Test func squares() {
    var w = Tensor<Float>([1, 2, 3])
    w.requiresGradient = true
    (w * w).sum().backward()
    #expect(w.gradient?.scalars == [2, 4, 6])
    (w * 3).sum().backward()
    #expect(w.gradient?.scalars == [5, 7, 9])
  }

  @Test func deepGraphIsFreedWithoutRecursion() {
    var x = Tensor<Double>([1, 2])
    x.requiresGradient = true
    var y = x
    for _ in 0..<100_000 { y = y + 1 }
    y = Tensor(0)
    #expect(y.item == 0)
  }

  @Test func deepGraphBackward() {
    var x = Tensor<Double>([1, 2])
    x.requiresGradient = true
    var y = x
    for _ in 0..<100_000 { y = y + 1 }
    y.sum().backward()
    #expect(x.gradient?.scalars == [1, 1])
  }

  @Test func linearLayer() {
    let x = Tensor<Float>([1, 2, 3, 4], shape: [2, 2]).requiringGradient()
    let w = Tensor<Float>([1, 0, 0, 1, 1, 1], shape: [3, 2]).requiringGradient()
    let b = Tensor<Float>([10, 20, 30]).requiringGradient()
    let y = linear(x, w, b)
    #expect(y.scalars == [11, 22, 33, 13, 24, 37])
    y.sum().backward()
    #expect(x.gradient?.scalars == [2, 2, 2, 2])
    #expect(w.gradient?.scalars == [4, 6, 4, 6, 4, 6])
    #expect(b.gradient?.scalars == [2, 2, 2])
  }
}
