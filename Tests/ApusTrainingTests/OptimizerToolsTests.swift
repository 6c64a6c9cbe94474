import Apus
import Testing

@Suite struct OptimizerToolsTests {
  @Test func groupsKeepTheirOwnRates() {
    let (a, b) = (Parameter(Tensor<Float>([1])), Parameter(Tensor<Float>([1])))
    let groups = OptimizerGroups([SGD([a], learningRate: 0.5), SGD([b], learningRate: 0.1)])
    for parameter in groups.parameters { parameter.gradient = Tensor([1]) }
    groups.step()
    #expect(a.value.item == 0.5 && b.value.item == 0.9)
    groups.learningRate = 0.25
    #expect(groups.groups.map { $0.learningRate } == [0.25, 0.05])
  }

  @Test func aScheduleMovesEveryGroup() {
    let groups = OptimizerGroups([
      SGD([Parameter(Tensor<Float>([1]))], learningRate: 0.5), SGD([Parameter(Tensor<Float>([1]))], learningRate: 0.1),
    ])
    let scheduler = LearningRateScheduler(groups, .step(size: 1, gamma: 0.5))
    scheduler.step()
    #expect(groups.groups.map { $0.learningRate } == [0.25, 0.05])
  }

  @Test func frozenParametersStay() {
    let (a, b) = (Parameter(Tensor<Float>([1]), isFrozen: true), Parameter(Tensor<Float>([1])))
    for optimizer in [RMSprop([a, b]) as any Optimizer<Float>, Lion([a, b]), Adagrad([a, b]), NAdam([a, b])] {
      b.value = Tensor([1])
      (a.value * b.value).sum().backward()
      optimizer.step()
      #expect(a.value.item == 1)
      #expect(b.value.item < 1)
    }
  }

  @Test func lionStepsByTheSign() {
    let w = Parameter(Tensor<Float>([1, 1, 1]))
    w.gradient = Tensor([1000, -0.001, 0])
    Lion([w], learningRate: 0.25).step()
    #expect(w.value.scalars == [0.75, 1.25, 1])
  }

  @Test func averagesFollowSlowlyAndGiveTheWeightsBack() {
    let w = Parameter(Tensor<Float>([0]))
    let average = WeightAverage([w], decay: 0.75)
    w.value = Tensor([8])
    average.update()
    #expect(average.values[0].item == 2)
    average.update()
    #expect(average.values[0].item == 3.5)
    let seen = average.whileApplied { w.value.item }
    #expect(seen == 3.5 && w.value.item == 8)
  }

  @Test func clippingLeavesSmallGradientsAlone() {
    let w = Parameter(Tensor<Float>([0, 0]))
    #expect(clipGradientNorm([w], maximum: 1) == 0)
    w.gradient = Tensor([0.3, 0.4])
    #expect(abs(clipGradientNorm([w], maximum: 1) - 0.5) < 1e-6)
    #expect(w.gradient!.scalars == [0.3, 0.4])
    clipGradientNorm([w], maximum: 0.05)
    #expect(abs(w.gradient!.norm().item - 0.05) < 1e-5)
  }

  @Test func aRecipeClipsBeforeItSteps() {
    let w = Parameter(Tensor<Float>([0, 0]))
    let optimizer = OptimizerRecipe.sgd(learningRate: 1).clippingNorm(0.5).make([w])
    w.gradient = Tensor([30, 40])
    optimizer.step()
    #expect(abs(w.value.scalars[0] + 0.3) < 1e-5 && abs(w.value.scalars[1] + 0.4) < 1e-5)
  }

  @Test func schedulesFollowEachOther() {
    let warm = LearningRateSchedule.linear(startFactor: 0.5, steps: 2).followed(by: .exponential(gamma: 0.5), after: 2)
    #expect((0..<5).map { warm($0, initial: 1) } == [0.5, 0.75, 1, 0.5, 0.25])
    let both = LearningRateSchedule.linear(startFactor: 0.5, steps: 2).times(.step(size: 1, gamma: 0.5))
    #expect((0..<3).map { both($0, initial: 1) } == [0.5, 0.375, 0.25])
  }
}
