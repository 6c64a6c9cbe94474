import Testing

@testable import ApusCompute

/// Products of bytes against loops over integers, on every kernel set: nothing is rounded, so all must be equal.
extension PerKernelSet {
  @Suite(.serialized) struct QuantizedProgramTests {
    private func bytes(_ count: Int, _ random: inout TestRandom) -> [UInt8] {
      (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
    }

    private func weights(_ count: Int, _ random: inout TestRandom) -> [Int8] {
      (0..<count).map { _ in Int8.random(in: -127...127, using: &random) }
    }

    @Test func productsAreExact() {
      var random = TestRandom(1)
      for (rows, outputs, depth) in [(1, 1, 32), (2, 4, 32), (3, 5, 64), (7, 10, 96), (24, 20, 256), (5, 7, 800)] {
        let x = bytes(rows * (depth + 3), &random)
        let w = weights(outputs * depth, &random)
        var expected = [Int32](repeating: 0, count: rows * outputs)
        for row in 0..<rows {
          for output in 0..<outputs {
            for i in 0..<depth {
              expected[row * outputs + output] += Int32(x[row * (depth + 3) + i]) * Int32(w[output * depth + i])
            }
          }
        }
        forEachKernelSet { set in
          var y = [Int32](repeating: -1, count: rows * outputs)
          set.integerKernels.products(
            x, rows: rows, xStride: depth + 3, w, outputs: outputs, depth: depth, &y)
          #expect(y == expected, "\(set) \(rows)×\(outputs)×\(depth)")
        }
      }
    }

    @Test func extremeSumsDoNotOverflow() {
      let depth = QuantizedProgram.maximumDepth / 32 * 32
      let x = [UInt8](repeating: 255, count: depth)
      let w = [Int8](repeating: -127, count: depth)
      forEachKernelSet { set in
        var y: [Int32] = [0]
        set.integerKernels.products(x, rows: 1, xStride: depth, w, outputs: 1, depth: depth, &y)
        #expect(y[0] == Int32(-255 * 127 * depth))
      }
    }

    @Test func numbersBecomeBytes() {
      let x: [Float] = [-1e30, -3, -0.5, 0.5, 1.5, 2.5, 254.4, 254.6, 255, 300, .infinity, -.infinity, .nan, 0]
      let expected: [UInt8] = [0, 0, 0, 0, 2, 2, 254, 255, 255, 255, 255, 0, 0, 0]
      let sums: [Int32] = [-100, -1, 0, 1, 3, 5, 600, 1_000_000]
      forEachKernelSet { set in
        var y = [UInt8](repeating: 9, count: x.count)
        set.integerKernels.quantize(x, &y, x.count, factor: 1, zero: 0)
        #expect(y == expected, "\(set)")
        var z = [UInt8](repeating: 9, count: sums.count)
        set.integerKernels.requantize(
          sums, rows: 1, outputs: sums.count, bias: [Int32](repeating: 0, count: sums.count),
          multiplier: [Float](repeating: 0.5, count: sums.count), zero: 10, floor: 10, &z, yStride: sums.count)
        #expect(z == [10, 10, 10, 10, 12, 12, 255, 255], "\(set)")
      }
    }

    /// A convolution, a pooling and a dense layer, with every kind of geometry.
    @Test func programsAreExact() {
      var random = TestRandom(2)
      let geometries = [
        ConvolutionGeometry(
          batch: 1, inputChannels: 1, inputHeight: 12, inputWidth: 12, outputChannels: 10, kernelHeight: 5,
          kernelWidth: 5),
        ConvolutionGeometry(
          batch: 1, inputChannels: 3, inputHeight: 9, inputWidth: 11, outputChannels: 5, kernelHeight: 3,
          kernelWidth: 2, stride: (2, 1), padding: (1, 2, 0, 1), dilation: (1, 2)),
        ConvolutionGeometry(
          batch: 1, inputChannels: 6, inputHeight: 7, inputWidth: 7, outputChannels: 4, kernelHeight: 3,
          kernelWidth: 3, padding: (1, 1, 1, 1), groups: 2),
      ]
      for g in geometries {
        let pooling = PoolingGeometry(
          planes: g.outputChannels, height: g.outputHeight, width: g.outputWidth, kernel: (2, 2))
        let features = g.outputChannels * pooling.outputHeight * pooling.outputWidth
        let (w1, w2) = (weights(g.weightCount, &random), weights(3 * features, &random))
        let scales = (0..<g.outputChannels).map { 0.001 + 0.0001 * Float($0) }
        let bias = (0..<g.outputChannels).map { Float($0) * 0.1 - 0.2 }
        let images = 19
        let x = bytes(images * g.inputCount, &random)
        let (from, to) = (ByteScale(scale: 0.02, zero: 33), ByteScale(scale: 0.03, zero: 100))
        let c1 = ProductConstants(weight: w1, weightScales: scales, bias: bias, from: from, to: to)
        let c2 = ProductConstants(
          weight: w2, weightScales: [0.01, 0.02, 0.03], bias: [1, 2, 3], from: to, to: nil)
        var expected: [Float] = []
        for image in 0..<images {
          let hidden = convolve(g, x, image, w1, zero: 33, c1, to: to)
          let pooled = maximum(pooling, hidden)
          for output in 0..<3 {
            let sum = (0..<features).reduce(Int32(0)) { $0 + Int32(pooled[$1]) * Int32(w2[output * features + $1]) }
            expected.append(Float(sum + c2.bias[output]) * c2.multiplier[output])
          }
        }
        let numbers = x.map { (Float($0) - 33) * 0.02 }
        forEachKernelSet { set in
          let program = QuantizedProgram(inputCount: g.inputCount, channels: g.inputChannels, input: from)
          program.appendConvolution(
            g, weight: w1, weightScales: scales, bias: bias, from: from, to: to, isRectified: false)
          program.appendMaxPooling(pooling)
          program.appendLinear(
            inputs: features, channels: g.outputChannels, outputs: 3, weight: w2, weightScales: [0.01, 0.02, 0.03],
            bias: [1, 2, 3], from: to, to: nil, isRectified: false)
          program.finish()
          for batch in [images, 1, 16, 17] {
            var y = [Float](repeating: .nan, count: 3 * batch)
            numbers.withUnsafeBufferPointer { source in
              y.withUnsafeMutableBufferPointer { program.run(source.baseAddress!, into: $0.baseAddress!, batch: batch) }
            }
            #expect(y == Array(expected.prefix(3 * batch)), "\(set) \(g) batch \(batch)")
          }
        }
      }
    }

    private func convolve(
      _ g: ConvolutionGeometry, _ x: [UInt8], _ image: Int, _ w: [Int8], zero: Int32, _ constants: ProductConstants,
      to: ByteScale
    ) -> [UInt8] {
      var y: [UInt8] = []
      let channels = g.inputChannels / g.groups
      for output in 0..<g.outputChannels {
        let group = output / (g.outputChannels / g.groups)
        for row in 0..<g.outputHeight {
          for column in 0..<g.outputWidth {
            var sum: Int32 = 0
            for c in 0..<channels {
              for i in 0..<g.kernelHeight {
                for j in 0..<g.kernelWidth {
                  let r = row * g.stride.0 + i * g.dilation.0 - g.padding.top
                  let s = column * g.stride.1 + j * g.dilation.1 - g.padding.left
                  let inside = r >= 0 && r < g.inputHeight && s >= 0 && s < g.inputWidth
                  let place = ((image * g.inputChannels + group * channels + c) * g.inputHeight + r) * g.inputWidth + s
                  let value = inside ? Int32(x[place]) : zero
                  sum += value * Int32(w[((output * channels + c) * g.kernelHeight + i) * g.kernelWidth + j])
                }
              }
            }
            let value = Float(sum + constants.bias[output]) * constants.multiplier[output] + Float(to.zero)
            y.append(UInt8(max(0, min(255, value.rounded(.toNearestOrEven)))))
          }
        }
      }
      return y
    }

    private func maximum(_ g: PoolingGeometry, _ x: [UInt8]) -> [UInt8] {
      var y: [UInt8] = []
      for plane in 0..<g.planes {
        for row in 0..<g.outputHeight {
          for column in 0..<g.outputWidth {
            var largest: UInt8 = 0
            for i in 0..<2 {
              for j in 0..<2 { largest = max(largest, x[(plane * g.height + 2 * row + i) * g.width + 2 * column + j]) }
            }
            y.append(largest)
          }
        }
      }
      return y
    }
  }
}
