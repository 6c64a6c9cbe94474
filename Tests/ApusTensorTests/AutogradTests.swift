import ApusCompute
import Testing

@testable import ApusTensor

@Suite struct AutogradTests {
  private func leaf(_ scalars: [Double]) -> Tensor<Double> { Tensor(scalars).requiringGradient() }

  @Test func gradientsAddUp() {
    let w = leaf([1, 2, 3])
    (w * w).sum().backward()
    #expect(w.gradient?.scalars == [2, 4, 6])
    (w * 3).sum().backward()
    #expect(w.gradient?.scalars == [5, 7, 9])
    w.gradient = nil
    #expect(w.gradient == nil)
  }

  @Test func sharedSubexpressionIsVisitedOnce() {
    let x = leaf([2])
    let y = x * x
    let z = y * y + y
    z.backward()
    // z = x⁴ + x².
    #expect(x.gradient?.scalars == [4 * 8 + 2 * 2])
  }

  @Test func copiesOfALeafShareItsGradient() {
    let x = leaf([1, 2])
    let copy = x
    (x + copy).sum().backward()
    #expect(x.gradient?.scalars == [2, 2])
    #expect(copy.gradient?.scalars == [2, 2])
  }

  @Test func upstreamIsApplied() {
    let x = leaf([1, 2, 3])
    (x * x).backward(Tensor([1, 10, 100]))
    #expect(x.gradient?.scalars == [2, 40, 600])
  }

  @Test func operandsWithoutGradientGetNone() {
    let x = leaf([1, 2])
    let constant = Tensor<Double>([3, 4])
    (x * constant).sum().backward()
    #expect(x.gradient?.scalars == [3, 4])
    #expect(constant.gradient == nil)
    #expect(!constant.requiresGradient)
  }

  @Test func detachedStopsGradients() {
    let x = leaf([3])
    (x * x.detached()).backward()
    #expect(x.gradient?.scalars == [3])
  }

  @Test func withoutGradientsRecordsNothing() throws {
    let x = leaf([3])
    #expect(isRecordingGradients)
    let y = withoutGradients { () -> Tensor<Double> in
      #expect(!isRecordingGradients)
      return withoutGradients { x * 2 } + x
    }
    #expect(!y.requiresGradient)
    #expect(isRecordingGradients)
    struct Failure: Error {}
    #expect(throws: Failure.self) { try withoutGradients { throw Failure() } }
    #expect(isRecordingGradients)
    #expect((x * 2).requiresGradient)
  }

  @Test func retainedGraphRunsTwice() {
    let x = leaf([3])
    let y = x * x
    y.backward(retainGraph: true)
    y.backward()
    #expect(x.gradient?.scalars == [12])
  }

  @Test func secondBackwardThroughAFreedGraphFails() async {
    await #expect(processExitsWith: .failure) {
      let x = Tensor<Double>([3]).requiringGradient()
      let y = x * x
      y.backward()
      y.backward()
    }
  }

  @Test func backwardFreesTheGraph() {
    let x = Tensor<Double>.ones([100]).requiringGradient()
    weak var node: HistoryNode?
    let y = { () -> Tensor<Double> in
      let square = x * x
      node = square.node
      return square.sum()
    }()
    #expect(node != nil)
    y.backward()
    #expect(node == nil)
  }

  /// 100,000 operations: recursion over them would need some 20 MB of stack.
  @Test func deepGraphIsFreedWithoutRecursion() {
    let x = leaf([1, 2])
    var y = x
    for _ in 0..<100_000 { y = y + 1 }
    weak let last: HistoryNode? = y.node
    #expect(last != nil)
    y = Tensor(0)
    #expect(last == nil)
  }

  @Test func deepGraphWithTwoOperandsIsFreedWithoutRecursion() {
    let x = leaf([1, 2])
    var y = x
    for _ in 0..<100_000 { y = y + y * x }
    y = Tensor(0)
    #expect(x.gradient == nil)
  }

  @Test(arguments: [false, true])
  func deepGraphBackward(_ retainGraph: Bool) {
    let x = leaf([1, 2])
    var y = x
    for _ in 0..<100_000 { y = y + 1 }
    y.sum().backward(retainGraph: retainGraph)
    #expect(x.gradient?.scalars == [1, 1])
  }

  @Test func gradientOfAnExpandedResultIsDense() {
    let x = Tensor<Double>.ones([2, 3]).requiringGradient()
    x.sum().backward()
    #expect(x.gradient?.isContiguous == true)
    x.sum().backward()
    #expect(x.gradient?.scalars == [Double](repeating: 2, count: 6))
  }

  @Test func gradientsHaveNoHistory() {
    let x = leaf([1, 2])
    (x * x).sum().backward()
    #expect(x.gradient?.requiresGradient == false)
  }

  @Test func leavesAreSharedBetweenThreads() {
    let x = leaf([1, 2, 3])
    parallelFor(64) { _ in
      for _ in 0..<50 { (x * 2).sum().backward() }
    }
    #expect(x.gradient?.scalars == [6400, 6400, 6400])
  }

  @Test func noRecordingOnOneThreadDoesNotStopAnother() {
    let x = leaf([1])
    withoutGradients {
      // Whatever thread runs a chunk, its own flag decides: this one's is set.
      #expect(!(x * 2).requiresGradient)
    }
    parallelFor(8) { _ in #expect((x * 2).requiresGradient) }
  }

  @Test func leafIsChangedInPlace() {
    var x = leaf([1, 2])
    (x * x).sum().backward()
    let gradient = x.gradient
    x.withUnsafeMutableScalars { $0[0] = 10 }
    #expect(x.scalars == [10, 2])
    #expect(x.gradient?.scalars == gradient?.scalars)
    x.gradient = nil
    (x * x).sum().backward()
    #expect(x.gradient?.scalars == [20, 4])
  }

  @Test func changingALeafLeavesRecordedValuesAlone() {
    var x = leaf([1, 2])
    let y = (x * x).sum()
    x.withUnsafeMutableScalars { $0[0] = 100 }
    y.backward()
    #expect(x.gradient?.scalars == [2, 4])
  }

  @Test func recordedResultCannotBeChanged() async {
    await #expect(processExitsWith: .failure) {
      var y = Tensor<Double>([1]).requiringGradient() * 2
      y.withUnsafeMutableScalars { $0[0] = 3 }
    }
  }

  @Test func requiresGradientOfAResultCannotBeCleared() async {
    await #expect(processExitsWith: .failure) {
      var y = Tensor<Double>([1]).requiringGradient() * 2
      y.requiresGradient = false
    }
  }

  @Test func gradientOfAnotherShapeIsRefused() async {
    await #expect(processExitsWith: .failure) {
      Tensor<Double>([1, 2]).requiringGradient().gradient = Tensor([1])
    }
  }

  @Test func backwardNeedsASingleNumber() async {
    await #expect(processExitsWith: .failure) { (Tensor<Double>([1, 2]).requiringGradient() * 2).backward() }
  }

  @Test func backwardNeedsAHistory() async {
    await #expect(processExitsWith: .failure) { Tensor<Double>(1).backward() }
  }

  /// Operands that are kept for the backward pass must not be overwritten by operations that work in place.
  @Test func inPlaceWorkSparesWhatIsNeeded() {
    let x = leaf([0.5, -1])
    let y = relu(exp(x) * 2 - 1)
    let z = tanh(y + y.sigmoid())
    z.sum().backward()
    let report = gradientCheck("chain", [x.detached()]) { inputs in
      let y = relu(exp(inputs[0]) * 2 - 1)
      return tanh(y + y.sigmoid())
    }
    #expect(report.passed, "\(report)")
    #expect(x.gradient?.scalars.allSatisfy { $0.isFinite } == true)
  }

  @Test func recordedGradientsMustMatchTheInputs() async {
    await #expect(processExitsWith: .failure) {
      let x = Tensor<Double>([1, 2]).requiringGradient()
      Tensor.recorded("wrong", Tensor(1), inputs: [x]) { _ in [Tensor(1)] }.backward()
    }
  }
}
