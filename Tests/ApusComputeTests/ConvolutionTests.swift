import Testing

@testable import ApusCompute

extension PerKernelSet {
  /// Convolutions against the seven-loop twin, for every kernel set.
  @Suite struct ConvolutionTests {
    static func check<T: ComputeScalar>(_: T.Type, _ g: ConvolutionGeometry, bias hasBias: Bool = false) {
      let input: [T] = testNumbers(g.inputCount, seed: 1)
      let weight: [T] = testNumbers(g.weightCount, seed: 2)
      let upstream: [T] = testNumbers(g.outputCount, seed: 3)
      let bias: [T] = testNumbers(g.outputChannels, seed: 4)
      let (sums, dx, dw) = ConvolutionTwin.passes(g, input: input, weight: weight, upstream: upstream)
      var y = sums
      if hasBias {
        for index in y.indices {
          y[index] = max(0, y[index] + Double(bias[index / (g.outputHeight * g.outputWidth) % g.outputChannels]))
        }
      }
      var output = [T](repeating: .nan, count: g.outputCount)
      var inputGradient = [T](repeating: .nan, count: g.inputCount)
      var weightGradient = [T](repeating: .nan, count: g.weightCount)
      if hasBias {
        bias.withUnsafeBufferPointer {
          convolutionForward(
            g, input: input, weight: weight, bias: $0.baseAddress, output: &output, activation: .relu)
        }
      } else {
        convolutionForward(g, input: input, weight: weight, bias: nil, output: &output)
      }
      convolutionInputGradient(g, outputGradient: upstream, weight: weight, inputGradient: &inputGradient)
      convolutionWeightGradient(g, input: input, outputGradient: upstream, weightGradient: &weightGradient)
      // Winograd's transforms cost digits, measured against the largest values.
      let isWinograd = Winograd<T>(g) != nil
      let tolerance = T.self == Float.self ? 3e-5 : 1e-12
      for (name, actual, expected) in [
        ("forward", output.map(Double.init), y), ("input gradient", inputGradient.map(Double.init), dx),
        ("weight gradient", weightGradient.map(Double.init), dw),
      ] {
        let scale = isWinograd ? max(1, expected.lazy.map(\.magnitude).max() ?? 1) : 1
        let worst = worstDifference(actual, expected) / scale
        #expect(worst < tolerance, "\(T.self) \(InstructionSet.active) \(name) \(g): off by \(worst)")
      }
    }

    static func geometry(
      _ batch: Int, _ inputChannels: Int, _ height: Int, _ width: Int, _ outputChannels: Int, _ kernel: (Int, Int),
      stride: (Int, Int) = (1, 1), padding: Int = 0, dilation: (Int, Int) = (1, 1), groups: Int = 1
    ) -> ConvolutionGeometry {
      ConvolutionGeometry(
        batch: batch, inputChannels: inputChannels, inputHeight: height, inputWidth: width,
        outputChannels: outputChannels, kernelHeight: kernel.0, kernelWidth: kernel.1, stride: stride,
        padding: (padding, padding, padding, padding), dilation: dilation, groups: groups)
    }

    @Test func layersOfTheFiveModels() {
      forEachKernelSet { _ in
        Self.check(Float.self, Self.geometry(3, 1, 28, 28, 10, (5, 5)), bias: true)
        Self.check(Float.self, Self.geometry(5, 10, 12, 12, 20, (5, 5)), bias: true)
        Self.check(Float.self, Self.geometry(2, 1, 28, 28, 32, (3, 3)), bias: true)
        Self.check(Float.self, Self.geometry(2, 32, 13, 13, 64, (3, 3)), bias: true)
      }
    }

    @Test func everyStridePaddingAndDilation() {
      forEachKernelSet { _ in
        for kernel in [(1, 1), (2, 3), (3, 3), (5, 1)] {
          for stride in [(1, 1), (2, 2), (1, 3), (3, 2)] {
            for padding in [0, 1, 3] {
              for dilation in [(1, 1), (2, 1), (2, 3)] {
                let g = Self.geometry(
                  2, 3, 11, 9, 5, kernel, stride: stride, padding: padding, dilation: dilation)
                Self.check(Double.self, g)
              }
            }
          }
        }
        Self.check(Float.self, Self.geometry(1, 3, 37, 41, 17, (7, 7), stride: (2, 2), padding: 3), bias: true)
      }
    }

    @Test func groupsAndDepthwise() {
      forEachKernelSet { _ in
        Self.check(Float.self, Self.geometry(2, 6, 9, 8, 4, (3, 3), padding: 1, groups: 2), bias: true)
        Self.check(Double.self, Self.geometry(2, 6, 9, 8, 12, (3, 2), stride: (2, 2), padding: 1, groups: 6))
        Self.check(Float.self, Self.geometry(3, 6, 5, 5, 9, (1, 1), groups: 3), bias: true)
      }
    }

    @Test func depthwiseOfEveryStridePaddingAndDilation() {
      forEachKernelSet { _ in
        for outputs in 1...3 {
          for kernel in [(1, 1), (2, 3), (3, 3)] {
            for (stride, padding, dilation) in [
              ((1, 1), 0, (1, 1)), ((1, 1), 1, (1, 1)), ((2, 2), 1, (1, 1)), ((1, 3), 2, (2, 1)), ((3, 2), 3, (2, 3)),
            ] {
              let g = Self.geometry(
                2, 3, 11, 9, 3 * outputs, kernel, stride: stride, padding: padding, dilation: dilation, groups: 3)
              #expect(g.isDepthwise)
              Self.check(Double.self, g)
              Self.check(Float.self, g, bias: true)
            }
          }
        }
        // Rows of several registers, of one and a bit, of less than one; one column; planes that are their own layout.
        Self.check(Float.self, Self.geometry(1, 2, 5, 150, 2, (3, 3), padding: 1, groups: 2), bias: true)
        Self.check(Float.self, Self.geometry(2, 3, 40, 37, 3, (5, 5), stride: (2, 2), padding: 2, groups: 3))
        Self.check(Float.self, Self.geometry(1, 2, 70, 80, 4, (3, 3), padding: 1, groups: 2))
        Self.check(Float.self, Self.geometry(4, 5, 9, 1, 5, (3, 1), padding: 0, groups: 5), bias: true)
        Self.check(Float.self, Self.geometry(3, 4, 12, 18, 4, (3, 3), groups: 4))
        Self.check(Double.self, Self.geometry(2, 1, 8, 20, 2, (3, 3), padding: 1))
      }
    }

    @Test func depthwiseOfSquareKernels() {
      forEachKernelSet { _ in
        // Several bands of rows, rows that are no multiple of four and columns that fill no register, odd sizes of a strided input,
        // several images to a sum, and the dilations whose taps lie as those of a denser kernel do.
        for size in [3, 5] {
          for stride in [1, 2] {
            let (kernel, stride) = ((size, size), (stride, stride))
            for (height, width) in [(112, 58), (33, 31), (14, 14), (9, 70)] {
              let g = Self.geometry(
                1, 2, height, width, 2, kernel, stride: stride, padding: size / 2, groups: 2)
              Self.check(Float.self, g, bias: true)
              if height < 100 { Self.check(Double.self, g) }
            }
            let several = Self.geometry(7, 2, 19, 21, 6, kernel, stride: stride, padding: 1, groups: 2)
            #expect(several.sumsTapsOfPlanes)
            Self.check(Float.self, several)
            let dilated = Self.geometry(
              2, 3, 25, 22, 3, kernel, stride: stride, padding: 2, dilation: (2, 2), groups: 3)
            #expect(dilated.sumsTapsOfPlanes == (stride.0 == 2))
            Self.check(Float.self, dilated)
          }
        }
        // As many rows as are taken together, and fewer.
        Self.check(Float.self, Self.geometry(1, 2, 4, 30, 2, (3, 3), padding: 1, groups: 2))
        Self.check(Float.self, Self.geometry(1, 2, 3, 30, 2, (3, 3), padding: 1, groups: 2))
        Self.check(Float.self, Self.geometry(2, 2, 8, 3, 2, (5, 5), stride: (2, 1), padding: 2, groups: 2))
      }
    }

    /// Planes that are read in place: every padding, odd and even sizes, one register of columns and several and some that overlap, rows
    /// that are no multiple of four, one to three output channels.
    @Test func depthwiseInStepsOfTwo() {
      forEachKernelSet { _ in
        let lanes = kernels(Float.self).stridedColumns
        for padding in 0..<16 {
          let sides = (top: padding & 1, bottom: padding >> 1 & 1, left: padding >> 2 & 1, right: padding >> 3)
          for width in [2 * lanes - 1, 2 * lanes, 2 * lanes + 1, 2 * lanes + 2, 70, 4 * lanes, 4 * lanes + 1] {
            for height in [8, 9, 13, 15] {
              let outputs = 1 + (width + height + padding) % 3
              let g = ConvolutionGeometry(
                batch: 2, inputChannels: 2, inputHeight: height, inputWidth: width, outputChannels: 2 * outputs,
                kernelHeight: 3, kernelWidth: 3, stride: (2, 2), padding: sides, groups: 2)
              let isInPlace = StridedDepthwise<Float>(g) != nil
              #expect(isInPlace == (g.outputHeight >= 4 && g.outputWidth >= lanes), "\(g)")
              Self.check(Float.self, g, bias: outputs == 1)
            }
          }
        }
        #expect(StridedDepthwise<Double>(Self.geometry(1, 2, 70, 70, 2, (3, 3), stride: (2, 2), groups: 2)) == nil)
      }
    }

    /// What a tap does not meet must not reach it, though lanes behind a row's end are loaded and multiplied too.
    @Test func infinitiesReachTheSameTapsAsInTheTwin() {
      for (stride, width) in [((1, 1), 19), ((2, 2), 21), ((1, 1), 7), ((2, 2), 70), ((2, 2), 71)] {
        let g = Self.geometry(1, 3, 12, width, 3, (3, 3), stride: stride, padding: 1, groups: 3)
        #expect(g.sumsTapsOfPlanes)
        var input: [Float] = testNumbers(g.inputCount, seed: 1)
        let weight: [Float] = testNumbers(g.weightCount, seed: 2)
        var upstream: [Float] = testNumbers(g.outputCount, seed: 3)
        // The end of a row, its beginning, and the middle of a plane of the gradient.
        input[3 * width + width - 1] = .infinity
        input[(12 + 5) * width] = .nan
        upstream[2 * g.outputHeight * g.outputWidth + 2 * g.outputWidth + 2] = -.infinity
        var dx = [Double](repeating: 0, count: g.inputCount)
        var dw = [Double](repeating: 0, count: g.weightCount)
        ConvolutionTwin.forEachProduct(g) { o, i, w in
          dx[i] += Double(upstream[o]) * Double(weight[w])
          dw[w] += Double(upstream[o]) * Double(input[i])
        }
        forEachKernelSet { _ in
          var inputGradient = [Float](repeating: 0, count: g.inputCount)
          var weightGradient = [Float](repeating: 0, count: g.weightCount)
          convolutionInputGradient(g, outputGradient: upstream, weight: weight, inputGradient: &inputGradient)
          convolutionWeightGradient(g, input: input, outputGradient: upstream, weightGradient: &weightGradient)
          for (actual, expected) in [(inputGradient, dx), (weightGradient, dw)] {
            let differ = actual.indices.filter {
              let (a, e) = (actual[$0], Float(expected[$0]))
              return a.isNaN != e.isNaN || a.isInfinite != e.isInfinite || a.isInfinite && a.sign != e.sign
            }
            #expect(differ.isEmpty, "\(g): \(differ.map { (actual[$0], expected[$0]) })")
          }
        }
      }
    }

    /// At the edges too: infinities beside the padding and in every corner.
    @Test func infinitiesInStepsOfTwo() {
      for (height, width, padding) in [(12, 64, 1), (13, 67, 1), (12, 69, 0), (11, 32, 1)] {
        let g = Self.geometry(1, 2, height, width, 2, (3, 3), stride: (2, 2), padding: padding, groups: 2)
        let (rows, columns) = (g.outputHeight, g.outputWidth)
        var input: [Float] = testNumbers(g.inputCount, seed: 1)
        let weight: [Float] = testNumbers(g.weightCount, seed: 2)
        var upstream: [Float] = testNumbers(g.outputCount, seed: 3)
        input[3 * width + width - 1] = .infinity
        input[4 * width] = -.infinity
        input[height * width + 5 * width + 20] = .nan
        // The first plane's gradient: ends of rows; the second one's: a corner, where three rows and columns of padding meet it.
        upstream[columns - 1] = .infinity
        upstream[2 * columns] = -.infinity
        upstream[rows * columns] = .infinity
        upstream[2 * rows * columns - 1] = .infinity
        var y = [Double](repeating: 0, count: g.outputCount)
        var dx = [Double](repeating: 0, count: g.inputCount)
        var dw = [Double](repeating: 0, count: g.weightCount)
        ConvolutionTwin.forEachProduct(g) { o, i, w in
          y[o] += Double(input[i]) * Double(weight[w])
          dx[i] += Double(upstream[o]) * Double(weight[w])
          dw[w] += Double(upstream[o]) * Double(input[i])
        }
        forEachKernelSet { _ in
          // Narrower results than a register go another way, whose padding makes NaN of infinities.
          guard StridedDepthwise<Float>(g) != nil else { return }
          var output = [Float](repeating: 0, count: g.outputCount)
          var inputGradient = [Float](repeating: 0, count: g.inputCount)
          var weightGradient = [Float](repeating: 0, count: g.weightCount)
          convolutionForward(g, input: input, weight: weight, bias: nil, output: &output)
          convolutionInputGradient(g, outputGradient: upstream, weight: weight, inputGradient: &inputGradient)
          convolutionWeightGradient(g, input: input, outputGradient: upstream, weightGradient: &weightGradient)
          for (actual, expected) in [(output, y), (inputGradient, dx), (weightGradient, dw)] {
            let differ = actual.indices.filter {
              let (a, e) = (actual[$0], Float(expected[$0]))
              return a.isNaN != e.isNaN || a.isInfinite != e.isInfinite || a.isInfinite && a.sign != e.sign
            }
            #expect(differ.isEmpty, "\(g): \(differ.map { (actual[$0], expected[$0]) })")
          }
        }
      }
    }

    @Test func channelsInLanesForFewPixels() {
      forEachKernelSet { _ in
        let forward = Self.geometry(3, 8, 7, 7, 250, (3, 3), padding: 1)
        let both = Self.geometry(1, 112, 7, 7, 112, (3, 3), padding: 1)
        // A register that is narrower than a row of seven wastes little, and other ways win.
        let isWide = kernels(Float.self).tileColumns / 2 > 7
        for g in [forward, both] where isWide {
          let layout = g.inputLayout
          let product = PatchProduct(
            m: g.outputChannels, offsets: g.inputOffsets(layout), rows: 7, columns: 7, rowStride: layout.columns)
          let isTurned = product.isFasterTurned(Float.self, images: g.batch) && Winograd<Float>(g) == nil
          #expect(isTurned, "\(g)")
        }
        Self.check(Float.self, forward, bias: true)
        Self.check(Float.self, both)
        Self.check(Double.self, forward)
      }
    }

    @Test func weightGradientsSummedInParts() {
      forEachKernelSet { _ in
        // Parts of one image, parts that end within an image, small images that share a block, and a large kernel.
        Self.check(Float.self, Self.geometry(1, 5, 24, 26, 40, (3, 3)))
        Self.check(Float.self, Self.geometry(3, 4, 15, 17, 36, (3, 3), padding: 1))
        Self.check(Float.self, Self.geometry(5, 4, 6, 6, 40, (3, 3), padding: 1))
        Self.check(Double.self, Self.geometry(6, 3, 13, 16, 34, (4, 2), stride: (1, 2)))
        Self.check(Double.self, Self.geometry(1, 40, 25, 25, 35, (1, 1)))
      }
    }

    @Test func activations() {
      forEachKernelSet { _ in
        for g in [
          Self.geometry(2, 3, 9, 20, 3, (3, 3), padding: 1, groups: 3),
          Self.geometry(2, 3, 10, 40, 3, (3, 3), stride: (2, 2), padding: 1, groups: 3),
          Self.geometry(1, 8, 7, 7, 250, (3, 3), padding: 1),
          Self.geometry(2, 3, 12, 32, 20, (3, 3)),
        ] {
          let input: [Float] = testNumbers(g.inputCount, seed: 1)
          let weight: [Float] = testNumbers(g.weightCount, seed: 2)
          let bias: [Float] = testNumbers(g.outputChannels, seed: 3)
          func run(_ activation: Epilogue<Float>.Activation) -> [Float] {
            var output = [Float](repeating: .nan, count: g.outputCount)
            bias.withUnsafeBufferPointer {
              convolutionForward(
                g, input: input, weight: weight, bias: $0.baseAddress, output: &output, activation: activation)
            }
            return output
          }
          let plain = run(.identity)
          #expect(run(.relu) == plain.map { max($0, 0) })
          #expect(run(.leakyReLU(slope: 0.25)) == plain.map { $0 < 0 ? 0.25 * $0 : $0 })
        }
      }
    }

    @Test func denormalsAreNotFlushed() {
      forEachKernelSet { _ in
        for g in [
          Self.geometry(1, 3, 9, 20, 3, (3, 3), padding: 1, groups: 3),
          Self.geometry(1, 3, 10, 40, 3, (3, 3), stride: (2, 2), padding: 1, groups: 3),
          Self.geometry(1, 8, 7, 7, 250, (3, 3), padding: 1),
          Self.geometry(1, 2, 10, 12, 20, (3, 3)),
        ] {
          let input = (0..<g.inputCount).map { Float(bitPattern: UInt32(1 + $0 % 50)) }
          let weight = (0..<g.weightCount).map { Float($0 % 3) }
          var expected = [Double](repeating: 0, count: g.outputCount)
          ConvolutionTwin.forEachProduct(g) { o, i, w in expected[o] += Double(input[i]) * Double(weight[w]) }
          var output = [Float](repeating: .nan, count: g.outputCount)
          convolutionForward(g, input: input, weight: weight, bias: nil, output: &output)
          // Whole multiples of the least number: exact.
          #expect(output.map(Double.init) == expected)
        }
      }
    }

    @Test func differentPaddingOnEachSide() {
      let g = ConvolutionGeometry(
        batch: 2, inputChannels: 2, inputHeight: 7, inputWidth: 6, outputChannels: 3, kernelHeight: 4, kernelWidth: 2,
        padding: (top: 1, bottom: 2, left: 0, right: 1))
      #expect(g.outputHeight == 7 && g.outputWidth == 6)
      forEachKernelSet { _ in Self.check(Double.self, g) }
    }

    @Test func sizesAtTheEdges() {
      forEachKernelSet { _ in
        // A kernel as large as the input, one pixel, no image, more taps and channels than one cache block.
        Self.check(Double.self, Self.geometry(2, 3, 5, 4, 2, (5, 4)))
        Self.check(Double.self, Self.geometry(1, 1, 1, 1, 1, (1, 1)))
        Self.check(Double.self, Self.geometry(0, 2, 5, 5, 3, (3, 3)))
        Self.check(Float.self, Self.geometry(1, 70, 6, 7, 33, (3, 3), padding: 1))
        Self.check(Float.self, Self.geometry(17, 2, 4, 4, 3, (2, 2)))
        Self.check(Float.self, Self.geometry(2, 2, 3, 67, 3, (2, 2), stride: (2, 1)))
      }
    }

    @Test func winogradOfEverySize() {
      forEachKernelSet { _ in
        // Channels that do not fill a register, heights and widths that do not fill a tile, every padding it takes, more
        // tiles than one block and than one sum hold.
        for g in [
          Self.geometry(3, 18, 9, 11, 33, (3, 3), padding: 1), Self.geometry(4, 16, 7, 14, 16, (3, 3), padding: 2),
          Self.geometry(1, 17, 30, 6, 20, (3, 3)), Self.geometry(40, 16, 12, 13, 17, (3, 3)),
          ConvolutionGeometry(
            batch: 4, inputChannels: 19, inputHeight: 10, inputWidth: 9, outputChannels: 16, kernelHeight: 3,
            kernelWidth: 3, padding: (top: 2, bottom: 0, left: 1, right: 2)),
        ] {
          #expect(Winograd<Float>(g) != nil, "\(g)")
          Self.check(Float.self, g, bias: true)
          if g.batch < 40 { Self.check(Double.self, g) }
        }
      }
    }

    /// Outputs that are whole tiles of an input that is not: its gradient is added up from their tiles.
    @Test func winogradInputGradientFromTilesOfTheOutput() {
      forEachKernelSet { _ in
        for g in [
          Self.geometry(3, 16, 13, 13, 18, (3, 3)), Self.geometry(7, 19, 10, 14, 33, (3, 3)),
          Self.geometry(40, 16, 9, 9, 17, (3, 3)),
          ConvolutionGeometry(
            batch: 4, inputChannels: 17, inputHeight: 9, inputWidth: 9, outputChannels: 16, kernelHeight: 3,
            kernelWidth: 3, padding: (top: 1, bottom: 0, left: 0, right: 1)),
        ] {
          let isTaken = Winograd<Float>(g).map(\.scattersInputGradient) ?? false
          #expect(isTaken, "\(g)")
          Self.check(Float.self, g)
          if g.batch < 40 { Self.check(Double.self, g) }
        }
      }
    }

    /// Both gradients at once have the bits of one after the other: where they share a transform, where they do not, and where a value
    /// is not finite.
    @Test func bothGradientsAtOnce() {
      for (g, shares) in [
        (Self.geometry(7, 19, 10, 14, 33, (3, 3)), true), (Self.geometry(40, 16, 9, 9, 17, (3, 3)), true),
        (Self.geometry(3, 16, 12, 12, 18, (3, 3)), false), (Self.geometry(2, 3, 9, 9, 4, (5, 5)), false),
      ] {
        let (input, weight): ([Float], [Float]) = (
          testNumbers(g.inputCount, seed: 1), testNumbers(g.weightCount, seed: 2)
        )
        for special in [nil, Float.infinity, .nan] {
          var upstream: [Float] = testNumbers(g.outputCount, seed: 3)
          if let special { upstream[g.outputCount / 2] = special }
          forEachKernelSet { set in
            #expect((Winograd<Float>(g)?.scattersInputGradient ?? false) == shares)
            var one = ([Float](repeating: 7, count: g.weightCount), [Float](repeating: 7, count: g.inputCount))
            var other = one
            convolutionWeightGradient(g, input: input, outputGradient: upstream, weightGradient: &one.0)
            convolutionInputGradient(g, outputGradient: upstream, weight: weight, inputGradient: &one.1)
            convolutionGradients(
              g, input: input, outputGradient: upstream, weight: weight, weightGradient: &other.0,
              inputGradient: &other.1)
            #expect(one.0.map(\.bitPattern) == other.0.map(\.bitPattern), "\(g) \(set)")
            #expect(one.1.map(\.bitPattern) == other.1.map(\.bitPattern), "\(g) \(set)")
          }
        }
      }
    }

    /// Whole registers of pixels and one or two more, by every activation.
    @Test func oddPixels() {
      forEachKernelSet { _ in
        for (channels, outputs, height, width) in [(40, 60, 7, 7), (33, 130, 5, 10), (150, 57, 9, 9)] {
          let g = Self.geometry(1, channels, height, width, outputs, (3, 3), stride: (1, 1), padding: 1)
          Self.check(Float.self, g, bias: true)
          Self.check(Float.self, g)
          Self.check(Double.self, g, bias: true)
        }
        // The way itself, whether or not it is the one that is taken.
        let g = Self.geometry(1, 32, 7, 7, 112, (3, 3), padding: 1)
        let layout = g.inputLayout
        let product = PatchProduct(
          m: 112, offsets: g.inputOffsets(layout), rows: 7, columns: 7, rowStride: layout.columns)
        guard let odd = OddPixelProduct<Float>(product) else {
          Issue.record("7×7 pixels are whole registers and one more on every set")
          return
        }
        let input: [Float] = testNumbers(g.inputCount, seed: 1)
        let weight: [Float] = testNumbers(g.weightCount, seed: 2)
        let bias: [Float] = testNumbers(g.outputChannels, seed: 4)
        var y = [Double](repeating: 0, count: g.outputCount)
        ConvolutionTwin.forEachProduct(g) { o, i, w in y[o] += Double(input[i]) * Double(weight[w]) }
        for index in y.indices { y[index] += Double(bias[index / 49]) }
        for (code, slope) in [(0, Float(0)), (1, 0), (2, 0.25)] {
          var output = [Float](repeating: .nan, count: g.outputCount)
          Scratch.withScalars(LaidOutBatch<Float>.scratchCount(layout, count: 1, readsBehind: true), of: Float.self) {
            let source = LaidOutBatch(layout, input, count: 1, readsBehind: true, copy: $0)
            odd.run(source.pointer(0), weight: weight, into: &output, bias: bias, activation: code, slope: slope)
          }
          let expected = y.map { $0 >= 0 || code == 0 ? $0 : code == 1 ? 0 : 0.25 * $0 }
          let worst = worstDifference(output.map(Double.init), expected)
          #expect(worst < 3e-5, "\(InstructionSet.active) activation \(code): off by \(worst)")
        }
      }
    }

    @Test func imagesInLanes() {
      // Whole groups and a rest that leaves lanes empty, rows shorter and longer than a register, a kernel that reaches over half of
      // the image, padding on one side, dilation, pixels that meet nothing, more channels than a tile has rows.
      for g in [
        Self.geometry(32, 10, 12, 12, 20, (5, 5)), Self.geometry(50, 6, 9, 7, 33, (5, 3), padding: 1),
        Self.geometry(32, 16, 6, 5, 14, (4, 4), padding: 2), Self.geometry(96, 12, 8, 9, 5, (3, 2), dilation: (2, 3)),
        Self.geometry(32, 20, 3, 3, 6, (3, 3), padding: 3),
        ConvolutionGeometry(
          batch: 64, inputChannels: 18, inputHeight: 5, inputWidth: 6, outputChannels: 4, kernelHeight: 2,
          kernelWidth: 5, padding: (top: 0, bottom: 3, left: 2, right: 0)),
      ] {
        Self.checkInLanes(g)
      }
    }

    /// All passes in lanes, whether or not it is the way that is taken.
    private static func checkInLanes(_ g: ConvolutionGeometry) {
      let input: [Float] = testNumbers(g.inputCount, seed: 1)
      let weight: [Float] = testNumbers(g.weightCount, seed: 2)
      let upstream: [Float] = testNumbers(g.outputCount, seed: 3)
      let bias: [Float] = testNumbers(g.outputChannels, seed: 4)
      let (sums, dx, dw) = ConvolutionTwin.passes(g, input: input, weight: weight, upstream: upstream)
      var y = sums
      for index in y.indices {
        y[index] += Double(bias[index / (g.outputHeight * g.outputWidth) % g.outputChannels])
        if y[index] < 0 { y[index] *= 0.25 }
      }
      forEachKernelSet { set in
        #expect(g.fitsLanes(Float.self), "\(set) \(g)")
        let lanes = LaneConvolution<Float>(unchecked: g)
        var output = [Float](repeating: .nan, count: g.outputCount)
        var inputGradient = [Float](repeating: .nan, count: g.inputCount)
        var weightGradient = [Float](repeating: .nan, count: g.weightCount)
        bias.withUnsafeBufferPointer {
          lanes.forward(input, weight: weight, bias: $0.baseAddress, output: &output, activation: 2, slope: 0.25)
        }
        upstream.withUnsafeBufferPointer {
          lanes.gradients(
            input: input, weight: weight, .whole($0.baseAddress!), weightGradient: &weightGradient, biasGradient: nil,
            inputGradient: &inputGradient)
        }
        for (name, actual, expected) in [
          ("forward", output, y), ("input gradient", inputGradient, dx), ("weight gradient", weightGradient, dw),
        ] {
          let worst = worstDifference(actual.map(Double.init), expected)
          #expect(worst < 3e-5, "\(set) \(name) \(g): off by \(worst)")
        }
      }
    }

    /// The layer that images in lanes are for takes that way.
    @Test func layersOfFewPixelsGoInLanes() {
      let g = Self.geometry(64, 10, 12, 12, 20, (5, 5))
      let input: [Float] = testNumbers(g.inputCount, seed: 1)
      let weight: [Float] = testNumbers(g.weightCount, seed: 2)
      // With four lanes a row of eight pixels wastes nothing.
      forEachKernelSet { set in
        guard kernels(Float.self).tileColumns > 8 else { return }
        #expect(g.suitsLanes(.forward, Float.self) && g.suitsLanes(.inputGradient, Float.self), "\(set)")
        var taken = [Float](repeating: .nan, count: g.outputCount)
        var inLanes = taken
        convolutionForward(g, input: input, weight: weight, bias: nil, output: &taken)
        LaneConvolution<Float>(unchecked: g).forward(
          input, weight: weight, bias: nil, output: &inLanes, activation: 0, slope: 0)
        #expect(taken == inLanes, "\(set)")
      }
    }

    @Test func winogradByChannels() {
      forEachKernelSet { _ in
        // Fewer tiles than channels: slices that do not fill two registers, several blocks of input channels, several images, and
        // one whose gradient of the input goes by stages.
        for g in [
          Self.geometry(1, 35, 14, 11, 50, (3, 3), padding: 1), Self.geometry(1, 150, 8, 8, 32, (3, 3), padding: 1),
          Self.geometry(1, 16, 20, 20, 40, (3, 3), padding: 1), Self.geometry(2, 20, 8, 8, 34, (3, 3), padding: 1),
        ] {
          #expect(Winograd<Float>(g)?.goesByChannels == true, "\(g)")
          Self.check(Float.self, g, bias: true)
          if g.inputChannels < 100 { Self.check(Double.self, g) }
        }
        let back = Winograd<Float>(Self.geometry(1, 16, 20, 20, 40, (3, 3), padding: 1))?.exchanged
        #expect(back?.goesByChannels == false)
      }
    }

    @Test(arguments: [1, 16, 128, 5])
    func infinitiesAndNaNReachTheSamePixelsAsInTheTwin(outputs: Int) {
      let isDepthwise = outputs == 1
      // Five channels of 32 images go in the lanes.
      let g = Self.geometry(
        outputs == 5 ? 32 : 2, 16, 12, 12, isDepthwise ? 16 : outputs, (3, 3), padding: 1,
        groups: isDepthwise ? 16 : 1)
      var input: [Float] = testNumbers(g.inputCount, seed: 1)
      let weight: [Float] = testNumbers(g.weightCount, seed: 2)
      input[5 * 144 + 40] = .infinity
      input[16 * 144 + 77] = .nan
      input[17 * 144 + 3] = 3e38
      var expected = [Double](repeating: 0, count: g.outputCount)
      ConvolutionTwin.forEachProduct(g) { o, i, w in expected[o] += Double(input[i]) * Double(weight[w]) }
      forEachKernelSet { _ in
        var output = [Float](repeating: 0, count: g.outputCount)
        convolutionForward(g, input: input, weight: weight, bias: nil, output: &output)
        for index in output.indices {
          let (a, e) = (output[index], Float(expected[index]))
          let same = a.isNaN == e.isNaN && a.isInfinite == e.isInfinite && (!a.isInfinite || a.sign == e.sign)
          #expect(same, "\(index): \(a) instead of \(e)")
          if !same { return }
        }
      }
    }

    @Test func infinitiesAndNaNReachTheSamePixelsOfTheInputGradient() {
      let g = Self.geometry(9, 16, 10, 10, 17, (3, 3))
      var upstream: [Float] = testNumbers(g.outputCount, seed: 3)
      let weight: [Float] = testNumbers(g.weightCount, seed: 2)
      upstream[17 * 64 + 20] = .infinity
      upstream[40 * 64 + 63] = .nan
      var expected = [Double](repeating: 0, count: g.inputCount)
      ConvolutionTwin.forEachProduct(g) { o, i, w in expected[i] += Double(upstream[o]) * Double(weight[w]) }
      forEachKernelSet { _ in
        #expect(Winograd<Float>(g)?.scattersInputGradient == true)
        var gradient = [Float](repeating: 0, count: g.inputCount)
        convolutionInputGradient(g, outputGradient: upstream, weight: weight, inputGradient: &gradient)
        for index in gradient.indices {
          let (a, e) = (gradient[index], Float(expected[index]))
          let same = a.isNaN == e.isNaN && a.isInfinite == e.isInfinite && (!a.isInfinite || a.sign == e.sign)
          #expect(same, "\(index): \(a) instead of \(e)")
          if !same { return }
        }
      }
    }

    @Test func nothingBehindAnOperandIsTouched() {
      forEachKernelSet { _ in
        for g in [
          Self.geometry(2, 3, 9, 7, 5, (3, 3)), Self.geometry(1, 2, 6, 6, 20, (5, 5)),
          Self.geometry(2, 16, 10, 10, 16, (3, 3)), Self.geometry(9, 16, 10, 10, 17, (3, 3)),
          Self.geometry(1, 20, 3, 5, 7, (1, 1)),
          Self.geometry(1, 17, 13, 13, 18, (3, 3), padding: 1), Self.geometry(1, 112, 7, 7, 112, (3, 3), padding: 1),
          Self.geometry(2, 3, 9, 20, 3, (3, 3), groups: 3), Self.geometry(1, 2, 5, 5, 4, (3, 3), padding: 1, groups: 2),
          Self.geometry(1, 3, 20, 40, 40, (5, 5), stride: (2, 2), padding: 2),
          Self.geometry(1, 4, 3, 3, 4, (1, 1), groups: 4),
          Self.geometry(2, 2, 30, 23, 2, (5, 5), stride: (2, 2), padding: 2, groups: 2),
          Self.geometry(1, 2, 6, 7, 2, (3, 3), stride: (2, 2), padding: 1, groups: 2),
          Self.geometry(1, 40, 20, 20, 35, (1, 1)), Self.geometry(50, 10, 12, 11, 20, (5, 5)),
          Self.geometry(32, 17, 3, 4, 15, (3, 3), padding: 1),
          Self.geometry(2, 2, 8, 32, 2, (3, 3), stride: (2, 2), padding: 1, groups: 2),
          Self.geometry(1, 2, 15, 77, 4, (3, 3), stride: (2, 2), padding: 1, groups: 2),
          Self.geometry(1, 2, 12, 42, 2, (3, 3), stride: (2, 2), groups: 2),
        ] {
          let input = GuardedMemory<Float>(testNumbers(g.inputCount, seed: 1))
          let weight = GuardedMemory<Float>(testNumbers(g.weightCount, seed: 2))
          let upstream = GuardedMemory<Float>(testNumbers(g.outputCount, seed: 3))
          let output = GuardedMemory<Float>([Float](repeating: .nan, count: g.outputCount))
          let inputGradient = GuardedMemory<Float>([Float](repeating: .nan, count: g.inputCount))
          let weightGradient = GuardedMemory<Float>([Float](repeating: .nan, count: g.weightCount))
          convolutionForward(g, input: input.pointer, weight: weight.pointer, bias: nil, output: output.pointer)
          convolutionInputGradient(
            g, outputGradient: upstream.pointer, weight: weight.pointer, inputGradient: inputGradient.pointer)
          convolutionWeightGradient(
            g, input: input.pointer, outputGradient: upstream.pointer, weightGradient: weightGradient.pointer)
          for result in [output, inputGradient, weightGradient] {
            let isFilled = result.values.allSatisfy { $0.isFinite }
            #expect(isFilled, "\(g)")
          }
        }
      }
    }

    @Test func im2colTimesWeightIsTheConvolution() {
      let g = Self.geometry(1, 3, 8, 7, 4, (3, 2), stride: (2, 1), padding: 1)
      let input: [Double] = testNumbers(g.inputCount, seed: 1)
      let weight: [Double] = testNumbers(g.weightCount, seed: 2)
      var patches = [Double](repeating: .nan, count: 3 * 6 * g.outputHeight * g.outputWidth)
      im2col(g, image: input, channels: 0..<3, into: &patches)
      var viaMatrix = [Double](repeating: .nan, count: g.outputCount)
      weight.withUnsafeBufferPointer { weight in
        patches.withUnsafeBufferPointer { patches in
          viaMatrix.withUnsafeMutableBufferPointer { output in
            gemm(
              Matrix(weight, rows: 4, columns: 18), Matrix(patches, rows: 18, columns: g.outputHeight * g.outputWidth),
              into: MutableMatrix(output, rows: 4, columns: g.outputHeight * g.outputWidth))
          }
        }
      }
      var direct = [Double](repeating: .nan, count: g.outputCount)
      convolutionForward(g, input: input, weight: weight, bias: nil, output: &direct)
      #expect(worstDifference(direct, viaMatrix) < 1e-13)
    }

    @Test func sameBitsAtAnyNumberOfThreads() {
      let before = Threads.count
      defer { Threads.count = before }
      for g in [
        Self.geometry(64, 1, 28, 28, 10, (5, 5)), Self.geometry(1, 16, 30, 30, 40, (3, 3), padding: 1),
        Self.geometry(9, 8, 15, 15, 12, (3, 3), stride: (2, 2), padding: 1, groups: 2),
        Self.geometry(64, 16, 13, 13, 32, (3, 3)), Self.geometry(2, 3, 20, 20, 64, (7, 7), padding: 3),
        Self.geometry(1, 160, 14, 14, 130, (3, 3), padding: 1),
        Self.geometry(1, 112, 7, 7, 112, (3, 3), padding: 1), Self.geometry(1, 40, 30, 30, 48, (1, 1)),
        Self.geometry(2, 32, 30, 30, 32, (3, 3), padding: 1, groups: 32),
        Self.geometry(9, 8, 31, 30, 8, (5, 5), stride: (2, 2), padding: 2, groups: 8),
        Self.geometry(1, 3, 64, 64, 64, (7, 7), stride: (2, 2), padding: 3), Self.geometry(50, 10, 12, 12, 20, (5, 5)),
        Self.geometry(9, 8, 31, 46, 16, (3, 3), stride: (2, 2), padding: 1, groups: 8),
      ] {
        let input: [Float] = testNumbers(g.inputCount, seed: 1)
        let weight: [Float] = testNumbers(g.weightCount, seed: 2)
        let upstream: [Float] = testNumbers(g.outputCount, seed: 3)
        let results = [1, 2, 4].map { threads -> [[Float]] in
          Threads.count = threads
          var output = [Float](repeating: 0, count: g.outputCount)
          var inputGradient = [Float](repeating: 0, count: g.inputCount)
          var weightGradient = [Float](repeating: 0, count: g.weightCount)
          convolutionForward(g, input: input, weight: weight, bias: nil, output: &output)
          convolutionInputGradient(g, outputGradient: upstream, weight: weight, inputGradient: &inputGradient)
          convolutionWeightGradient(g, input: input, outputGradient: upstream, weightGradient: &weightGradient)
          return [output, inputGradient, weightGradient]
        }
        #expect(results[0] == results[1] && results[0] == results[2])
      }
    }
  }
}

@Suite struct ConvolutionGeometryTests {
  @Test func problemsAreNamed() async {
    await #expect(processExitsWith: .failure) {
      _ = ConvolutionGeometry(
        batch: 1, inputChannels: 1, inputHeight: 3, inputWidth: 3, outputChannels: 1, kernelHeight: 5, kernelWidth: 5)
    }
    await #expect(processExitsWith: .failure) {
      _ = ConvolutionGeometry(
        batch: 1, inputChannels: 3, inputHeight: 3, inputWidth: 3, outputChannels: 4, kernelHeight: 1, kernelWidth: 1,
        groups: 2)
    }
  }
}
