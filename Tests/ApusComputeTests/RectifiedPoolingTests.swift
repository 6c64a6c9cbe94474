import Testing

@testable import ApusCompute

extension PerKernelSet {
  @Suite struct RectifiedPoolingTests {
    /// Rows of windows shorter and longer than a register, sides that windows do not cover, images of a single window.
    static let sizes: [(Int, Int, Int)] = [
      (3, 24, 24), (5, 26, 26), (4, 11, 11), (7, 8, 8), (2, 2, 2), (3, 3, 3), (2, 5, 71), (1, 4, 66), (2, 2, 35),
      (0, 4, 4),
    ]

    func check<T: ComputeScalar>(_: T.Type, _ size: (Int, Int, Int), _ set: InstructionSet) {
      let g = PoolingGeometry(planes: size.0, height: size.1, width: size.2, kernel: (2, 2))
      var random = TestRandom(43)
      // Few different values, so that ties and windows without a positive number occur.
      let x = random.numbers(g.inputCount, in: -5..<3, as: T.self).map { $0.rounded() }
      let upstream: [T] = random.numbers(g.outputCount)
      var expected = [T](repeating: 0, count: g.outputCount)
      var expectedCodes = [UInt8](repeating: 4, count: g.outputCount)
      var expectedGradient = [T](repeating: 0, count: g.inputCount)
      var result = 0
      for plane in 0..<g.planes {
        for row in 0..<g.outputHeight {
          for column in 0..<g.outputWidth {
            let corner = (plane * g.height + 2 * row) * g.width + 2 * column
            let places = [corner, corner + 1, corner + g.width, corner + g.width + 1]
            let best = places.map { x[$0] }.max()!
            if best > 0 {
              let which = places.firstIndex { x[$0] == best }!
              expected[result] = best
              expectedCodes[result] = UInt8(which)
              expectedGradient[places[which]] = upstream[result]
            }
            result += 1
          }
        }
      }
      var y = [T](repeating: -7, count: g.outputCount + 1)
      var codes = [UInt8](repeating: 77, count: g.outputCount + 1)
      rectifiedMaxPool(x, into: &y, codes: &codes, g)
      #expect(y == expected + [-7], "\(size) \(T.self) \(set)")
      #expect(codes == expectedCodes + [77], "\(size) \(T.self) \(set)")
      var gradient = [T](repeating: -7, count: g.inputCount + 1)
      rectifiedMaxPoolGradient(upstream: upstream, codes: codes, into: &gradient, g)
      #expect(gradient == expectedGradient + [-7], "\(size) \(T.self) \(set)")
      let windows = g.outputHeight * g.outputWidth
      var sums = [T](repeating: -7, count: g.planes + 1)
      rectifiedMaxPoolBiasGradient(
        upstream: upstream, codes: codes, batch: 1, channels: g.planes, windows: windows, into: &sums)
      for plane in 0..<g.planes {
        let exact = (0..<windows).reduce(0.0) {
          expectedCodes[plane * windows + $1] == 4 ? $0 : $0 + Double(upstream[plane * windows + $1])
        }
        #expect((Double(sums[plane]) - exact).magnitude <= Double(T.ulpOfOne) * 16 * Double(windows), "\(size) \(set)")
      }
      #expect(sums[g.planes] == -7)
    }

    @Test func holdsAgainstTheTwin() {
      forEachKernelSet { set in
        for size in Self.sizes {
          check(Float.self, size, set)
          check(Double.self, size, set)
        }
      }
    }

    /// NaN wins and stays, as in the maximum and ReLU one after the other, and no gradient passes.
    @Test func notANumberStays() {
      forEachKernelSet { set in
        for place in [0, 1, 40, 41] {
          var x = [Float](repeating: 1, count: 80)
          x[place] = .nan
          let g = PoolingGeometry(planes: 1, height: 2, width: 40, kernel: (2, 2))
          var y = [Float](repeating: 0, count: 20)
          var codes = [UInt8](repeating: 9, count: 20)
          rectifiedMaxPool(x, into: &y, codes: &codes, g)
          #expect(y[0].isNaN && codes[0] == 4 && y[1] == 1 && codes[1] == 0, "\(set)")
        }
      }
    }

    /// Convolution, ReLU and pooling as the definitions say, in whole numbers, so that every sum is exact whatever its order.
    private struct Twin {
      var y: [Float]
      var weightGradient: [Float]
      var biasGradient: [Float]
      var inputGradient: [Float]

      init(_ g: ConvolutionGeometry, input: [Float], weight: [Float], bias: [Float], upstream: [Float]) {
        let windows = PoolingGeometry(windowsOf: g)
        let plane = g.outputHeight * g.outputWidth
        var between = (0..<g.outputCount).map { bias[$0 / plane % g.outputChannels] }
        ConvolutionTwin.forEachProduct(g) { o, i, w in between[o] += input[i] * weight[w] }
        // The gradient of the convolution's output: a window's goes to the first of its largest, if that is above 0.
        var spread = [Float](repeating: 0, count: g.outputCount)
        y = []
        biasGradient = [Float](repeating: 0, count: g.outputChannels)
        for index in 0..<windows.planes {
          for row in 0..<windows.outputHeight {
            for column in 0..<windows.outputWidth {
              let corner = index * plane + 2 * row * g.outputWidth + 2 * column
              let places = [corner, corner + 1, corner + g.outputWidth, corner + g.outputWidth + 1]
              let best = places.map { between[$0] }.max() ?? 0
              if best > 0, let place = places.first(where: { between[$0] == best }) {
                spread[place] = upstream[y.count]
                biasGradient[index % g.outputChannels] += upstream[y.count]
              }
              y.append(max(best, 0))
            }
          }
        }
        let passes = ConvolutionTwin.passes(g, input: input, weight: weight, upstream: spread)
        weightGradient = passes.weightGradient.map { Float($0) }
        inputGradient = passes.inputGradient.map { Float($0) }
      }
    }

    /// Few images and many, whole groups of lanes and a rest, odd sides, padding, dilation, groups, a stride, more channels than
    /// a tile.
    static let convolutions: [ConvolutionGeometry] = [
      ConvolutionGeometry(
        batch: 3, inputChannels: 2, inputHeight: 10, inputWidth: 9, outputChannels: 3, kernelHeight: 3, kernelWidth: 2),
      ConvolutionGeometry(
        batch: 40, inputChannels: 2, inputHeight: 10, inputWidth: 9, outputChannels: 5, kernelHeight: 3,
        kernelWidth: 2),
      ConvolutionGeometry(
        batch: 64, inputChannels: 3, inputHeight: 12, inputWidth: 11, outputChannels: 20, kernelHeight: 5,
        kernelWidth: 5),
      ConvolutionGeometry(
        batch: 50, inputChannels: 4, inputHeight: 9, inputWidth: 8, outputChannels: 7, kernelHeight: 5, kernelWidth: 5,
        padding: (top: 2, bottom: 1, left: 0, right: 2)),
      ConvolutionGeometry(
        batch: 32, inputChannels: 6, inputHeight: 11, inputWidth: 13, outputChannels: 6, kernelHeight: 3,
        kernelWidth: 4, padding: (top: 1, bottom: 1, left: 3, right: 3), dilation: (1, 2)),
      ConvolutionGeometry(
        batch: 9, inputChannels: 2, inputHeight: 11, inputWidth: 12, outputChannels: 14, kernelHeight: 3,
        kernelWidth: 3, padding: (top: 1, bottom: 1, left: 1, right: 1), groups: 2),
      ConvolutionGeometry(
        batch: 2, inputChannels: 1, inputHeight: 20, inputWidth: 19, outputChannels: 5, kernelHeight: 2,
        kernelWidth: 5, stride: (2, 1)),
    ]

    @Test func convolutionAndPoolingForwardAndBackward() {
      for g in Self.convolutions {
        var random = TestRandom(44)
        func whole(_ count: Int) -> [Float] { random.numbers(count, in: -2..<3, as: Float.self).map { $0.rounded() } }
        let (input, weight, bias) = (whole(g.inputCount), whole(g.weightCount), whole(g.outputChannels))
        let upstream = whole(PoolingGeometry(windowsOf: g).outputCount)
        let twin = Twin(g, input: input, weight: weight, bias: bias, upstream: upstream)
        forEachKernelSet { set in
          for threads in [1, 3] {
            let before = Threads.count
            Threads.count = threads
            defer { Threads.count = before }
            let context = "\(g), \(threads) threads, \(set)"
            let operation = RectifiedPoolConvolution<Float>(g)
            var y = [Float](repeating: .nan, count: twin.y.count)
            var codes = [UInt8](repeating: 9, count: operation.codeCount)
            bias.withUnsafeBufferPointer {
              operation.forward(input: input, weight: weight, bias: $0.baseAddress, into: &y, codes: &codes)
            }
            #expect(y == twin.y, "\(context)")
            var weightGradient = [Float](repeating: .nan, count: g.weightCount)
            var biasGradient = [Float](repeating: .nan, count: g.outputChannels)
            var inputGradient = [Float](repeating: .nan, count: g.inputCount)
            operation.gradients(
              input: input, weight: weight, upstream: upstream, codes: codes, weightGradient: &weightGradient,
              biasGradient: &biasGradient, inputGradient: &inputGradient)
            #expect(weightGradient == twin.weightGradient, "\(context)")
            #expect(biasGradient == twin.biasGradient, "\(context)")
            #expect(inputGradient == twin.inputGradient, "\(context)")
            // Each gradient alone, which may take a shorter way.
            weightGradient = [Float](repeating: .nan, count: g.weightCount)
            operation.gradients(
              input: input, weight: nil, upstream: upstream, codes: codes, weightGradient: &weightGradient,
              biasGradient: nil, inputGradient: nil)
            #expect(weightGradient == twin.weightGradient, "\(context)")
            biasGradient = [Float](repeating: .nan, count: g.outputChannels)
            operation.gradients(
              input: nil, weight: nil, upstream: upstream, codes: codes, weightGradient: nil,
              biasGradient: &biasGradient, inputGradient: nil)
            #expect(biasGradient == twin.biasGradient, "\(context)")
            inputGradient = [Float](repeating: .nan, count: g.inputCount)
            operation.gradients(
              input: nil, weight: weight, upstream: upstream, codes: codes, weightGradient: nil, biasGradient: nil,
              inputGradient: &inputGradient)
            #expect(inputGradient == twin.inputGradient, "\(context)")
          }
        }
      }
    }

    /// Both ways are among the cases above, on every kernel set.
    @Test func bothWaysAreTried() {
      forEachKernelSet { set in
        let inLanes = Self.convolutions.filter { $0.suitsLanes(.pooled, Float.self) }.count
        #expect(inLanes >= 2 && inLanes < Self.convolutions.count, "\(set): \(inLanes)")
      }
    }
  }
}
