import ApusNN
import ApusTensor
import Testing

private final class Block: Module {
  let conv = Conv2d(2, 2, kernelSize: 3, padding: .same)
  let bn = BatchNorm2d(2)
  let scale = Parameter(Tensor<Float>.ones([1]))
  func callAsFunction(_ x: Tensor<Float>) -> Tensor<Float> { bn(conv(x)) * scale.value }
}

private class Base: Module {
  let first = Linear(2, 3)
  func callAsFunction(_ x: Tensor<Float>) -> Tensor<Float> { first(x) }
}

private final class Derived: Base {
  let second = Linear(3, 1)
  override func callAsFunction(_ x: Tensor<Float>) -> Tensor<Float> { second(super.callAsFunction(x)) }
}

private final class Pair<Part: Module>: Module {
  typealias Scalar = Part.Scalar
  let left: Part
  let right: Part
  init(_ left: Part, _ right: Part) { (self.left, self.right) = (left, right) }
  func callAsFunction(_ x: Part.Input) -> Part.Output {
    _ = left(x)
    return right(x)
  }
}

private final class Everything: Module {
  let blocks = [Linear(1, 1), Linear(1, 2, bias: false)]
  let mixed: [any Module] = [ReLU(), Linear(2, 1)]
  let there: Linear? = Linear(1, 3)
  let missing: Linear? = nil
  let named = ["b": Linear(1, 1), "a": Linear(1, 1)]
  let pair = (Linear(1, 1, bias: false), again: Linear(1, 1, bias: false))
  let list = [Parameter(Tensor<Float>.ones([2])), Parameter(Tensor<Float>.ones([3]))]
  lazy var late = Linear(1, 1, bias: false)
  let width = 3
  let text = "x"
  let numbers = [1.0, 2]
  func callAsFunction(_ x: Tensor<Float>) -> Tensor<Float> { x }
}

private final class Tied: Module {
  let embedding = Parameter(Tensor<Float>.ones([2, 2]))
  let output: Linear
  let shared: Linear
  init() {
    output = Linear(2, 2)
    shared = output
  }
  func callAsFunction(_ x: Tensor<Float>) -> Tensor<Float> { output(shared(x)) }
}

private final class Cyclic: Module {
  let layer = Linear(1, 1)
  var parent: Cyclic?
  var part: Cyclic?
  func callAsFunction(_ x: Tensor<Float>) -> Tensor<Float> { layer(x) }
}

@Suite struct ModuleTests {
  @Test func namesAreThoseOfPyTorch() {
    let block = Block()
    // A module's own parameters come before its parts', whatever the order of declaration.
    #expect(block.namedParameters.map(\.name) == ["scale", "conv.weight", "conv.bias", "bn.weight", "bn.bias"])
    #expect(
      block.stateDictionary.names == [
        "scale", "conv.weight", "conv.bias", "bn.weight", "bn.bias", "bn.running_mean", "bn.running_var",
        "bn.num_batches_tracked",
      ])
    #expect(block.namedBuffers.map(\.name) == ["bn.running_mean", "bn.running_var"])
    #expect(block.conv.weight.name == "conv.weight")
    #expect(block.parameterCount == 1 + 36 + 2 + 2 + 2)
  }

  @Test func superclassComesFirst() {
    #expect(
      Derived().namedParameters.map(\.name) == ["first.weight", "first.bias", "second.weight", "second.bias"])
  }

  @Test func genericModules() {
    let pair = Pair(Layers<Double>.Linear(2, 1), Layers<Double>.Linear(2, 1, bias: false))
    #expect(pair.namedParameters.map(\.name) == ["left.weight", "left.bias", "right.weight"])
    let nested = Pair(pair, pair)
    #expect(nested.namedParameters.map(\.name) == ["left.left.weight", "left.left.bias", "left.right.weight"])
  }

  @Test func collectionsOptionalsTuplesAndLazyProperties() {
    let model = Everything()
    let before = [
      "list.0", "list.1", "blocks.0.weight", "blocks.0.bias", "blocks.1.weight", "mixed.1.weight", "mixed.1.bias",
      "there.weight", "there.bias", "named.a.weight", "named.a.bias", "named.b.weight", "named.b.bias",
      "pair.0.weight", "pair.again.weight",
    ]
    #expect(model.namedParameters.map(\.name) == before)
    _ = model.late
    #expect(model.namedParameters.map(\.name) == before + ["late.weight"])
  }

  @Test func tiedWeightsAppearOnce() {
    let model = Tied()
    #expect(model.namedParameters.map(\.name) == ["embedding", "output.weight", "output.bias"])
    #expect(model.parameterCount == 4 + 6)
    #expect(model.namedModules.map(\.name) == ["", "output"])
  }

  @Test func aReferenceToTheParentEndsTheWalk() {
    let parent = Cyclic()
    let part = Cyclic()
    parent.part = part
    part.parent = parent
    #expect(
      parent.namedParameters.map(\.name) == ["layer.weight", "layer.bias", "part.layer.weight", "part.layer.bias"])
  }

  @Test func trainAndEvalReachEveryModule() {
    let model = Sequential {
      Linear(2, 2)
      Sequential {
        Dropout()
        BatchNorm1d(2)
      }
    }
    let modes = { model.namedModules.compactMap { ($0.module as? any TrainingDependent)?.isTraining } }
    #expect(modes() == [true, true])
    model.eval()
    #expect(modes() == [false, false])
    model.train()
    #expect(modes() == [true, true])
  }

  @Test func aFrozenParameterTakesNoGradient() {
    let model = Linear(2, 1)
    model.weight.isFrozen = true
    model(Tensor<Float>.ones([1, 2])).sum().backward()
    #expect(model.weight.gradient == nil)
    #expect(model.bias?.gradient?.scalars == [1])
    #expect(model.parameterCount == 1)
    model.weight.isFrozen = false
    model(Tensor<Float>.ones([1, 2])).sum().backward()
    #expect(model.weight.gradient?.scalars == [1, 1])
    model.zeroGradients()
    #expect(model.weight.gradient == nil)
  }

  @Test func assigningAValueKeepsItALeaf() {
    let parameter = Parameter(Tensor<Float>([1, 2]))
    parameter.value = Tensor<Float>([3, 4])
    #expect(parameter.value.requiresGradient)
    (parameter.value * parameter.value).sum().backward()
    #expect(parameter.gradient?.scalars == [6, 8])
  }
}

@Suite struct SequentialTests {
  private func build(depth: Int, regularised: Bool, last: Int?) -> Sequential {
    Sequential {
      Flatten()
      for width in 0..<depth {
        Linear(4 + width, 5 + width)
        ReLU()
      }
      if regularised { Dropout(0.5) }
      if let last { Linear(4 + depth, last) } else { Identity() }
    }
  }

  @Test func namesCountPositions() {
    #expect(
      build(depth: 2, regularised: false, last: 3).namedParameters.map(\.name) == [
        "1.weight", "1.bias", "3.weight", "3.bias", "5.weight", "5.bias",
      ])
    #expect(
      build(depth: 1, regularised: true, last: 3).namedParameters.map(\.name) == [
        "1.weight", "1.bias", "4.weight", "4.bias",
      ])
    #expect(build(depth: 0, regularised: false, last: nil).count == 2)
  }

  @Test func nestedAndArrays() {
    let heads: [any Module<Tensor<Float>, Tensor<Float>>] = [Linear(2, 2), Tanh()]
    let model = Sequential {
      heads
      Sequential { Linear(2, 1, bias: false) }
    }
    #expect(model.namedParameters.map(\.name) == ["0.weight", "0.bias", "2.0.weight"])
  }

  @Test func runsItsModulesInOrder() {
    let model = Layers<Double>.Sequential {
      Layers<Double>.LeakyReLU(0.5)
      Layers<Double>.Softmax()
    }
    let y = model(Tensor<Double>([-2, 0], shape: [1, 2])).scalars
    // LeakyReLU makes −1 of −2.
    #expect(abs(y[0] - 0.268_941_421_369_995_1) < 1e-12)
    #expect(abs(y[1] - 0.731_058_578_630_004_9) < 1e-12)
  }
}

@Suite struct SeedTests {
  @Test func sameSeedSameModel() {
    func weights(_ seed: UInt64) -> [[Float]] {
      withSeed(seed) { ModelZoo.mlp3.make() }.parameters.map(\.value.scalars)
    }
    #expect(weights(1) == weights(1))
    #expect(weights(1) != weights(2))
    // Two layers of one scope differ.
    let pair = withSeed(3) { (Linear(4, 4), Linear(4, 4)) }
    #expect(pair.0.weight.value.scalars != pair.1.weight.value.scalars)
  }

  @Test func withoutASeedModelsDiffer() {
    #expect(Linear(8, 8).weight.value.scalars != Linear(8, 8).weight.value.scalars)
  }

  @Test func scopesNestAndEnd() {
    let plain = withSeed(5) { Linear(3, 3).weight.value.scalars }
    let (outer, inner) = withSeed(5) {
      let inner = withSeed(5) { Linear(3, 3).weight.value.scalars }
      return (Linear(3, 3).weight.value.scalars, inner)
    }
    #expect(outer == plain)
    #expect(inner == plain)
  }

  @Test func dropoutMasksComeFromTheSeed() {
    func masks(_ seed: UInt64) -> [Float] {
      let layer = withSeed(seed) { Dropout(0.5) }
      let ones = Tensor<Float>.ones([100])
      return layer(ones).scalars + layer(ones).scalars
    }
    let drawn = masks(1)
    #expect(drawn == masks(1))
    #expect(drawn != masks(2))
    #expect(Array(drawn[..<100]) != Array(drawn[100...]))
  }
}
