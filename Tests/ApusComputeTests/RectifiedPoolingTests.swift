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

    /// Groups of images of every size that the cut makes, against the convolution and the pooling one after the other.
    @Test func convolutionAndPooling() {
      forEachKernelSet { set in
        for batch in [1, 3, 9, 40] {
          let g = ConvolutionGeometry(
            batch: batch, inputChannels: 2, inputHeight: 10, inputWidth: 9, outputChannels: 3, kernelHeight: 3,
            kernelWidth: 2)
          var random = TestRandom(44)
          let input: [Float] = random.numbers(g.inputCount)
          let weight: [Float] = random.numbers(g.weightCount)
          let bias: [Float] = random.numbers(g.outputChannels)
          let windows = PoolingGeometry(windowsOf: g)
          var between = [Float](repeating: 0, count: g.outputCount)
          convolutionForward(g, input: input, weight: weight, bias: bias, output: &between)
          var expected = [Float](repeating: 0, count: windows.outputCount)
          var expectedCodes = [UInt8](repeating: 9, count: windows.outputCount)
          rectifiedMaxPool(between, into: &expected, codes: &expectedCodes, windows)
          for threads in [1, 3] {
            let before = Threads.count
            Threads.count = threads
            defer { Threads.count = before }
            var y = [Float](repeating: 0, count: windows.outputCount)
            var codes = [UInt8](repeating: 9, count: windows.outputCount)
            convolutionRectifiedPool(g, input: input, weight: weight, bias: bias, into: &y, codes: &codes)
            #expect(y == expected, "batch \(batch), \(threads) threads, \(set)")
            #expect(codes == expectedCodes, "batch \(batch), \(threads) threads, \(set)")
          }
        }
      }
    }

    /// The weight gradient from the codes has the bits of that from the whole gradient, with odd sides, groups, a stride, and
    /// more channels than a block has.
    @Test func weightGradientFromCodes() {
      func check<T: ComputeScalar>(_: T.Type, _ g: ConvolutionGeometry, _ set: InstructionSet) {
        var random = TestRandom(45)
        let input: [T] = random.numbers(g.inputCount)
        let windows = PoolingGeometry(windowsOf: g)
        let upstream: [T] = random.numbers(windows.outputCount)
        let codes = (0..<windows.outputCount).map { UInt8($0 * 7 % 5) }
        var spread = [T](repeating: .nan, count: g.outputCount)
        rectifiedMaxPoolGradient(upstream: upstream, codes: codes, into: &spread, windows)
        var expected = [T](repeating: .nan, count: g.weightCount)
        convolutionWeightGradient(g, input: input, outputGradient: spread, weightGradient: &expected)
        for threads in [1, 3] {
          let before = Threads.count
          Threads.count = threads
          defer { Threads.count = before }
          var gradient = [T](repeating: .nan, count: g.weightCount)
          let isDone = rectifiedPoolWeightGradient(
            g, input: input, upstream: upstream, codes: codes, weightGradient: &gradient)
          #expect(isDone && gradient == expected, "\(g), \(threads) threads, \(set)")
        }
      }
      forEachKernelSet { set in
        for g in [
          ConvolutionGeometry(
            batch: 9, inputChannels: 1, inputHeight: 28, inputWidth: 28, outputChannels: 10, kernelHeight: 5,
            kernelWidth: 5),
          ConvolutionGeometry(
            batch: 5, inputChannels: 1, inputHeight: 13, inputWidth: 14, outputChannels: 32, kernelHeight: 3,
            kernelWidth: 3),
          ConvolutionGeometry(
            batch: 2, inputChannels: 4, inputHeight: 12, inputWidth: 11, outputChannels: 14, kernelHeight: 3,
            kernelWidth: 2, groups: 2),
          ConvolutionGeometry(
            batch: 1, inputChannels: 3, inputHeight: 21, inputWidth: 20, outputChannels: 3, kernelHeight: 3,
            kernelWidth: 3, stride: (2, 2), padding: (top: 1, bottom: 1, left: 1, right: 1)),
        ] {
          check(Float.self, g, set)
          check(Double.self, g, set)
        }
      }
    }
  }
}
