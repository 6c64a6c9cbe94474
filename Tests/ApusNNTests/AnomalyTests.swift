import ApusNN
import ApusTensor
import Testing

@Suite struct AnomalyTests {
  private final class Net: Module {
    let first = Linear(3, 4)
    let second = Linear(4, 2)
    func callAsFunction(_ x: Tensor<Float>) -> Tensor<Float> { second(sqrt(first(x))) }
  }

  private let model = withSeed(3) { Net() }

  private func anomaly(_ body: () -> Void) -> AnomalyError? {
    do {
      try model.detectingAnomalies(batch: 7, body)
      return nil
    } catch {
      return error as? AnomalyError
    }
  }

  @Test func theFirstOperationIsNamed() throws {
    model.first.bias!.value = Tensor([-5, 1, 1, 1])
    model.first.weight.value = .zeros([4, 3])
    let error = try #require(anomaly { model(.ones([2, 3])).sum().backward() })
    #expect(error.anomaly?.operation == "sqrt" && error.anomaly?.isBackward == false)
    #expect(error.anomaly?.position == 0 && error.anomaly?.value.isNaN == true)
    #expect(error.layer == "first" && error.batch == 7)
    #expect("\(error)".contains("the result of sqrt of shape [2, 4]") && "\(error)".contains("in batch 7"))
  }

  @Test func aGradientThatIsInfiniteIsNamed() throws {
    // √0 is 0; its slope is infinite.
    model.first.bias!.value = .zeros([4])
    model.first.weight.value = .zeros([4, 3])
    let error = try #require(anomaly { model(.ones([2, 3])).sum().backward() })
    #expect(error.anomaly?.operation == "sqrt" && error.anomaly?.isBackward == true)
    #expect("\(error)".contains("gradient"))
  }

  @Test func aParameterThatHeldItBeforeIsNamed() throws {
    model.second.weight.value = .full([2, 4], .infinity)
    let error = try #require(anomaly {})
    #expect(error.anomaly == nil && error.parameter == "second.weight" && error.layer == "second")
  }

  @Test func aSoundStepPasses() throws {
    let loss = try model.detectingAnomalies { () -> Float in
      let loss = square(model.first(.ones([2, 3]))).mean()
      loss.backward()
      return loss.item
    }
    #expect(loss.isFinite && model.first.weight.gradient != nil)
  }

  @Test func nobodyIsWatchedOutsideTheScope() throws {
    // What came up outside is no business of the step inside.
    let bad = Tensor<Float>([-1]).requiringGradient().sqrt()
    #expect(bad.item.isNaN)
    try model.detectingAnomalies { _ = model.first(.ones([1, 3])) }
  }

  @Test func graphsCallLeavesByTheirNames() {
    let loss = model.second(relu(model.first(.ones([1, 3])))).sum()
    let graph = model.graph(behind: loss)
    #expect(
      graph.description == """
        sum
        └ linear
          ├ relu
          │ └ linear
          │   ├ first.weight
          │   └ first.bias
          ├ second.weight
          └ second.bias
        """)
    #expect(graph.dot.hasPrefix("digraph {") && graph.dot.contains("label=\"first.weight\", shape=box"))
    #expect(graph.dot.split(separator: "\n").filter { $0.contains("->") }.count == 7)
  }

  @Test func sharedLeavesAreWrittenOnce() {
    let x = Tensor<Float>([1, 2]).requiringGradient()
    #expect(
      (x * x + x).sum().graph.description
        == "sum\n└ add\n  ├ multiply\n  │ ├ leaf\n  │ └ leaf (above)\n  └ leaf (above)")
  }

  @Test func longHistoriesDoNotExhaustTheStack() {
    var x = Tensor<Float>([1]).requiringGradient()
    for _ in 0..<20_000 { x = x + 1 }
    #expect(x.graph.vertices.count == 20_001)
  }

  @Test func frozenModulesLearnNothing() {
    model.first.freeze()
    #expect(model.parameterCount == 10)
    square(model.second(relu(model.first(.ones([1, 3]))))).sum().backward()
    #expect(model.first.weight.gradient == nil && model.second.weight.gradient != nil)
    model.unfreeze()
    #expect(model.parameterCount == 26)
  }
}
