import ApusData
import ApusInference
import ApusNN
import ApusTensor
import Testing

/// The weights of a model as a file holds them.
private func file(of model: some Module<Tensor<Float>, Tensor<Float>>) -> Safetensors {
  var file = Safetensors()
  for (name, value) in model.stateDictionary.entries {
    switch value {
    case .tensor(let tensor): file.set(name, tensor)
    case .integers(let integers): file.set(name, integers)
    }
  }
  return file
}

private func numbers(_ count: Int) -> [Float] {
  (0..<count).map { Float(($0 * 7919) % 101) / 50 - 1 }
}

private func expectSame(
  _ network: Network, _ model: some Module<Tensor<Float>, Tensor<Float>>, batch: Int, _ comment: Comment
) {
  model.eval()
  let input = numbers(batch * network.inputShape.reduce(1, *))
  let expected = model(Tensor(input, shape: Shape([batch] + network.inputShape)))
  let result = network(input)
  #expect(Array(expected.shape) == [batch] + network.outputShape, comment)
  #expect(result.count == expected.shape.elementCount, comment)
  for (a, b) in zip(result, expected.scalars) { #expect((a - b).magnitude <= 1e-4 * max(1, b.magnitude), comment) }
}

@Suite("Networks of named layers")
struct NetworkTests {
  static let cnn: [Network.Layer] = [
    .conv2d("0"), .maxPool2d(2), .relu, .conv2d("3"), .maxPool2d(2), .relu, .flatten, .linear("8"), .relu,
    .linear("11"), .logSoftmax,
  ]

  @Test(arguments: [1, 3, 40])
  func aNetworkGivesWhatItsModelGives(batch: Int) throws {
    let model = withSeed(1) { ModelZoo.cnn.make() }
    let network = try Network(inputShape: [1, 28, 28], weights: file(of: model), Self.cnn)
    expectSame(network, model, batch: batch, "cnn, batch of \(batch)")
    #expect(network.outputShape == [10])
    #expect(network([]).isEmpty)
    let plan = try InferencePlan(model, inputShape: [1, 28, 28])
    let input = numbers(batch * 784)
    #expect(network(input) == plan(Tensor(input, shape: [batch, 1, 28, 28])).scalars, "the same bits as a plan")
  }

  @Test func everyLayerGivesWhatItsModuleGives() throws {
    let cases: [(Network.Layer, Sequential, [Int])] = withSeed(2) {
      [
        (
          .conv2d("0", stride: 2, padding: 1), Sequential { Conv2d(3, 5, kernelSize: 3, stride: 2, padding: 1) },
          [3, 9, 8]
        ),
        (
          .conv2d("0", dilation: 2, groups: 2), Sequential { Conv2d(4, 6, kernelSize: 2, dilation: 2, groups: 2) },
          [4, 7, 7]
        ),
        (.conv2d("0"), Sequential { Conv2d(2, 3, kernelSize: (1, 4), bias: false) }, [2, 5, 6]),
        (.linear("0"), Sequential { Linear(6, 4) }, [3, 6]),
        (.linear("0"), Sequential { Linear(6, 4, bias: false) }, [6]),
        (.batchNorm("0"), Sequential { BatchNorm2d(3) }, [3, 4, 4]),
        (.maxPool2d(3, stride: 2, padding: 1), Sequential { MaxPool2d(3, stride: 2, padding: 1) }, [2, 7, 7]),
        (.avgPool2d(2), Sequential { AvgPool2d(2) }, [2, 7, 6]),
        (.avgPool2d(3, stride: 1, padding: 1), Sequential { AvgPool2d(3, stride: 1, padding: 1) }, [1, 5, 5]),
        (.flatten, Sequential { Flatten() }, [2, 3, 4]),
        (.relu, Sequential { ReLU() }, [7]),
        (.leakyRelu(slope: 0.2), Sequential { LeakyReLU(0.2) }, [7]),
        (.sigmoid, Sequential { Sigmoid() }, [7]),
        (.tanh, Sequential { Tanh() }, [7]),
        (.gelu, Sequential { GELU() }, [7]),
        (.softmax, Sequential { Softmax(dim: 1) }, [5, 2, 2]),
        (.logSoftmax, Sequential { LogSoftmax(dim: 1) }, [5]),
      ]
    }
    for (layer, model, shape) in cases {
      // Running statistics that are not those of a new layer.
      _ = model(Tensor(numbers(4 * shape.reduce(1, *)), shape: Shape([4] + shape)))
      let network = try Network(inputShape: shape, weights: file(of: model), [layer])
      expectSame(network, model, batch: 2, "\(layer)")
    }
  }

  @Test func pixelsAreNormalisedAsTheFileSays() throws {
    let model = withSeed(3) { ModelZoo.mlp.make() }
    var weights = file(of: model)
    let layers: [Network.Layer] = [.flatten, .linear("1"), .relu, .linear("3")]
    let pixels = (0..<784).map { UInt8($0 % 256) }
    let plain = try Network(inputShape: [1, 28, 28], weights: weights, layers)
    #expect(plain.normalization == (0, 1))
    #expect(plain(pixels: pixels) == plain(pixels.map { Float($0) / 255 }))
    weights.metadata["apus.input_mean"] = "0.5"
    weights.metadata["apus.input_deviation"] = "0.25"
    let normalizing = try Network(inputShape: [1, 28, 28], weights: weights, layers)
    #expect(normalizing(pixels: pixels) == plain(pixels.map { (Float($0) / 255 - 0.5) / 0.25 }))
    weights.metadata["apus.input_deviation"] = "0"
    #expect(try Network(inputShape: [1, 28, 28], weights: weights, layers).normalization == (0, 1))
  }

  @Test func whatDoesNotFitIsNamed() throws {
    let weights = file(of: withSeed(1) { ModelZoo.cnn.make() })
    func reason(_ shape: [Int], _ layers: [Network.Layer], _ weights: Safetensors) -> String {
      do throws(NetworkError) {
        _ = try Network(inputShape: shape, weights: weights, layers)
        return "none"
      } catch {
        return error.description
      }
    }
    #expect(reason([1, 28, 28], [.conv2d("7")], weights).contains(#"layer 0, conv2d("#))
    #expect(reason([1, 28, 28], [.conv2d("7")], weights).contains(#"the file has no tensor "7.weight""#))
    #expect(reason([3, 28, 28], [.conv2d("0")], weights).contains("do not fit an input of shape [3, 28, 28]"))
    #expect(reason([1, 4, 4], [.conv2d("0")], weights).contains("larger than the padded input"))
    #expect(reason([1, 28, 28], [.conv2d("0", stride: 0)], weights).contains("a stride of"))
    #expect(reason([1, 28, 28], [.conv2d("0", stride: .max)], weights).contains("a stride of"))
    #expect(reason([1, 28, 28], [.conv2d("0", padding: -1)], weights).contains("padding of -1"))
    #expect(reason([1, 28, 28], [.conv2d("0", dilation: 0)], weights).contains("dilation of 0"))
    #expect(reason([1, 28, 28], [.conv2d("0", groups: 0)], weights).contains("groups"))
    #expect(reason([1, 28, 28], [.relu, .linear("8")], weights).contains("layer 1, linear("))
    #expect(reason([1, 28, 28], [.linear("0")], weights).contains("not 2 extents"))
    #expect(reason([1, 4, 4], [.maxPool2d(5)], weights).contains("windows of 5"))
    #expect(reason([1, 4, 4], [.maxPool2d(2, padding: 2)], weights).contains("padding 2"))
    #expect(reason([4, 4], [.avgPool2d(2)], weights).contains("do not fit an input of shape [4, 4]"))
    #expect(reason([0], [.relu], weights).contains("holds no numbers"))
    #expect(reason([], [.softmax], weights).contains("holds no numbers"))
    #expect(reason([1 << 40, 1 << 40], [.relu], weights).contains("too many"))
    var wrong = weights
    wrong.set("8.bias", Tensor<Float>.zeros([3]))
    #expect(reason([320], [.linear("8")], wrong).contains(#""8.bias" has the shape [3], not [50]"#))
    wrong.set("8.weight", IndexTensor([1, 2, 3, 4], shape: [2, 2]))
    #expect(reason([2], [.linear("8")], wrong).contains("I64"))
    #expect(reason([4], [.batchNorm("9")], weights).contains("9.running_mean"))
  }

  @Test func weightsOfSixteenBitsAreRead() throws {
    let model = withSeed(4) { Sequential { Linear(8, 3) } }
    var half = Safetensors()
    for parameter in model.namedParameters { half.set(parameter.name, parameter.parameter.value, as: .float16) }
    let network = try Network(inputShape: [8], weights: half, [.linear("0")])
    let expected = model(Tensor(numbers(8), shape: [1, 8])).scalars
    for (a, b) in zip(network(numbers(8)), expected) { #expect((a - b).magnitude < 5e-3) }
  }
}

@Suite("Search in texts")
struct TextSearchTests {
  @Test func occurrencesAreFoundAndReplaced() {
    #expect("abcabc".holds("cab"))
    #expect(!"abcabc".holds("cba"))
    #expect("".holds(""))
    #expect(!"".holds("a"))
    #expect("aaaa".substituting("aa", with: "b") == "bb")
    #expect("aaa".substituting("aa", with: "aa") == "aaa")
    #expect("a“b”a".substituting("“", with: "") == "ab”a")
    #expect("xSUMy SUM".substituting("SUM", with: "SUM+SUM") == "xSUM+SUMy SUM+SUM")
    #expect("abc"[...].substituting("d", with: "e") == "abc")
  }
}
