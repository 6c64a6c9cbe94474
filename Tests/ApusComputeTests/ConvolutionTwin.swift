@testable import ApusCompute

/// The seven loops that define the three passes of a convolution.
enum ConvolutionTwin {
  /// Calls `body(output index, input index, weight index)` for every product of the definition.
  static func forEachProduct(_ g: ConvolutionGeometry, _ body: (Int, Int, Int) -> Void) {
    let (inPerGroup, outPerGroup) = (g.inputChannels / g.groups, g.outputChannels / g.groups)
    for image in 0..<g.batch {
      for outer in 0..<g.outputChannels {
        for oy in 0..<g.outputHeight {
          for ox in 0..<g.outputWidth {
            for inner in 0..<inPerGroup {
              for ky in 0..<g.kernelHeight {
                for kx in 0..<g.kernelWidth {
                  let y = oy * g.stride.0 + ky * g.dilation.0 - g.padding.top
                  let x = ox * g.stride.1 + kx * g.dilation.1 - g.padding.left
                  guard y >= 0, y < g.inputHeight, x >= 0, x < g.inputWidth else { continue }
                  let channel = outer / outPerGroup * inPerGroup + inner
                  body(
                    ((image * g.outputChannels + outer) * g.outputHeight + oy) * g.outputWidth + ox,
                    ((image * g.inputChannels + channel) * g.inputHeight + y) * g.inputWidth + x,
                    ((outer * inPerGroup + inner) * g.kernelHeight + ky) * g.kernelWidth + kx)
                }
              }
            }
          }
        }
      }
    }
  }

  /// The sums of the forward pass, the gradient of the input, and that of the weight.
  static func passes<T: ComputeScalar>(
    _ g: ConvolutionGeometry, input: [T], weight: [T], upstream: [T]
  ) -> (output: [Double], inputGradient: [Double], weightGradient: [Double]) {
    var y = [Double](repeating: 0, count: g.outputCount)
    var dx = [Double](repeating: 0, count: g.inputCount)
    var dw = [Double](repeating: 0, count: g.weightCount)
    forEachProduct(g) { o, i, w in
      y[o] += Double(input[i]) * Double(weight[w])
      dx[i] += Double(upstream[o]) * Double(weight[w])
      dw[w] += Double(upstream[o]) * Double(input[i])
    }
    return (y, dx, dw)
  }
}
