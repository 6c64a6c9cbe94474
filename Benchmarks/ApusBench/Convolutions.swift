import Apus

/// A convolution with square images and kernels.
private struct Layer {
  let batch, channels, size, outputs, kernel, stride, padding: Int
  var groups = 1

  var name: String {
    let groups = groups == 1 ? "" : " g\(groups)"
    return "n\(batch) \(channels)->\(outputs) \(kernel)x\(kernel) s\(stride) p\(padding) \(size)x\(size)\(groups)"
  }

  var outputSize: Int { (size + 2 * padding - kernel) / stride + 1 }

  var operations: Double {
    2 * Double(batch * outputs * outputSize * outputSize) * Double(channels / groups * kernel * kernel)
  }

  /// Input, weight and output, once each.
  var bytes: Double {
    let (input, weight) = (batch * channels * size * size, outputs * channels / groups * kernel * kernel)
    return 4 * Double(input + weight + batch * outputs * outputSize * outputSize)
  }

  func tensors() -> (x: Tensor<Float>, weight: Tensor<Float>, bias: Tensor<Float>) {
    var random = Random(seed: 1)
    return (
      .normal([batch, channels, size, size], using: &random),
      .normal([outputs, channels / groups, kernel, kernel], using: &random), .normal([outputs], using: &random)
    )
  }
}

/// Layers of the MNIST models, of ResNet-50 and of MobileNet (depthwise), and one of ResNeXt-50 (32 groups). The same list as peers/conv.py.
private let layers = [
  Layer(batch: 64, channels: 1, size: 28, outputs: 10, kernel: 5, stride: 1, padding: 0),
  Layer(batch: 64, channels: 10, size: 12, outputs: 20, kernel: 5, stride: 1, padding: 0),
  Layer(batch: 64, channels: 1, size: 28, outputs: 32, kernel: 5, stride: 1, padding: 0),
  Layer(batch: 128, channels: 1, size: 28, outputs: 32, kernel: 3, stride: 1, padding: 0),
  Layer(batch: 128, channels: 32, size: 13, outputs: 64, kernel: 3, stride: 1, padding: 0),
  Layer(batch: 1, channels: 64, size: 56, outputs: 64, kernel: 3, stride: 1, padding: 1),
  Layer(batch: 1, channels: 128, size: 28, outputs: 128, kernel: 3, stride: 1, padding: 1),
  Layer(batch: 1, channels: 256, size: 14, outputs: 256, kernel: 3, stride: 1, padding: 1),
  Layer(batch: 1, channels: 512, size: 7, outputs: 512, kernel: 3, stride: 1, padding: 1),
  Layer(batch: 1, channels: 3, size: 224, outputs: 64, kernel: 7, stride: 2, padding: 3),
  Layer(batch: 1, channels: 256, size: 56, outputs: 64, kernel: 1, stride: 1, padding: 0),
  Layer(batch: 1, channels: 32, size: 112, outputs: 32, kernel: 3, stride: 1, padding: 1, groups: 32),
  Layer(batch: 1, channels: 64, size: 112, outputs: 64, kernel: 3, stride: 2, padding: 1, groups: 64),
  Layer(batch: 1, channels: 256, size: 14, outputs: 256, kernel: 3, stride: 1, padding: 1, groups: 256),
  Layer(batch: 1, channels: 128, size: 56, outputs: 128, kernel: 3, stride: 1, padding: 1, groups: 32),
]

/// Convolutions as a user calls them, on tensors: what the peers' calls do too.
func convolutions() -> [Work] {
  layers.flatMap { layer in
    [
      Work(op: "conv-forward", shape: layer.name, operations: layer.operations, bytes: layer.bytes) {
        let (x, weight, bias) = layer.tensors()
        return {
          withoutGradients {
            _ = conv2d(x, weight, bias, stride: layer.stride, padding: layer.padding, groups: layer.groups)
          }
        }
      },
      // Three products of the same three arrays or their gradients.
      Work(
        op: "conv-forward-backward", shape: layer.name, operations: 3 * layer.operations, bytes: 3 * layer.bytes
      ) {
        var (x, weight, bias) = layer.tensors()
        x.requiresGradient = true
        weight.requiresGradient = true
        bias.requiresGradient = true
        let leaves = [x, weight, bias]
        let upstream = Tensor<Float>.full([layer.batch, layer.outputs, layer.outputSize, layer.outputSize], 0.5)
        return {
          for leaf in leaves { leaf.gradient = nil }
          conv2d(leaves[0], leaves[1], leaves[2], stride: layer.stride, padding: layer.padding, groups: layer.groups)
            .backward(upstream)
        }
      },
    ]
  }
}
