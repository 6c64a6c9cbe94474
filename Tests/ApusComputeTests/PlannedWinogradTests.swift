import Testing

@testable import ApusCompute

extension PerKernelSet {
  /// Convolutions of a program that go by Winograd's transform, against the convolution in Double.
  @Suite struct PlannedWinogradTests {
    /// Padding or none on each side, sides that tiles fill and that they do not, channels that fill registers and that do not.
    static let geometries = [
      geometry(32, 64, (13, 13)), geometry(16, 16, (6, 6)), geometry(33, 35, (12, 15), (1, 1, 1, 1)),
      geometry(40, 32, (17, 9), (2, 0, 1, 2)), geometry(16, 48, (8, 21), (0, 1, 2, 0)),
    ]

    static func geometry(
      _ inputs: Int, _ outputs: Int, _ size: (Int, Int), _ padding: (Int, Int, Int, Int) = (0, 0, 0, 0)
    ) -> ConvolutionGeometry {
      ConvolutionGeometry(
        batch: 1, inputChannels: inputs, inputHeight: size.0, inputWidth: size.1, outputChannels: outputs,
        kernelHeight: 3, kernelWidth: 3,
        padding: (top: padding.0, bottom: padding.1, left: padding.2, right: padding.3))
    }

    /// The largest of each 2 × 2 window of [channels, height, width].
    func pooled(_ x: [Double], _ g: ConvolutionGeometry) -> [Double] {
      var result: [Double] = []
      for channel in 0..<g.outputChannels {
        for row in 0..<g.outputHeight / 2 {
          for column in 0..<g.outputWidth / 2 {
            let corner = (channel * g.outputHeight + 2 * row) * g.outputWidth + 2 * column
            result.append(max(x[corner], x[corner + 1], x[corner + g.outputWidth], x[corner + g.outputWidth + 1]))
          }
        }
      }
      return result
    }

    func check(_ g: ConvolutionGeometry, pools: Bool, rectifies: Bool, _ set: InstructionSet) {
      let weight: [Float] = testNumbers(g.weightCount, seed: 1)
      let bias: [Float] = testNumbers(g.outputChannels, seed: 2)
      let program = InferenceProgram(inputCount: g.inputCount)
      program.appendConvolution(g, weight: weight, bias: bias)
      if rectifies { program.appendFunction(.relu) }
      if pools {
        program.appendPooling(
          PoolingGeometry(planes: g.outputChannels, height: g.outputHeight, width: g.outputWidth, kernel: (2, 2)),
          isMaximum: true, countsPadding: true)
      }
      program.finish()
      // One image, and in lanes with some left over, which go one by one.
      for batch in [1, 35] {
        let images: [Float] = testNumbers(batch * g.inputCount, seed: 3)
        var output = [Float](repeating: .nan, count: batch * program.outputCount)
        program.run(images, into: &output, batch: batch)
        var expected: [Double] = []
        for image in 0..<batch {
          var y = [Double](repeating: .nan, count: g.outputCount)
          let x = images[image * g.inputCount..<(image + 1) * g.inputCount].map(Double.init)
          bias.map(Double.init).withUnsafeBufferPointer {
            convolutionForward(
              g, input: x, weight: weight.map(Double.init), bias: $0.baseAddress, output: &y,
              activation: rectifies ? .relu : .identity)
          }
          expected += pools ? pooled(y, g) : y
        }
        let scale = expected.reduce(0) { max($0, $1.magnitude) }
        let error = zip(output, expected).reduce(0) { max($0, (Double($1.0) - $1.1).magnitude) }
        // Winograd's transforms cost digits, measured against the largest values: 6e-6 is the most that was seen.
        #expect(error <= 1e-5 * scale, "\(g) batch \(batch), pools \(pools), \(set): off by \(error) of \(scale)")
      }
    }

    @Test func holdsAgainstDouble() {
      forEachKernelSet { set in
        for g in Self.geometries {
          for (pools, rectifies) in [(true, true), (false, false)] {
            check(g, pools: pools, rectifies: rectifies, set)
          }
        }
      }
    }

    /// The transform is taken at all, or this would hold nothing against anything.
    @Test func takesTheTransform() {
      forEachKernelSet { set in
        let g = Self.geometry(32, 64, (13, 13))
        let memory = PlanMemory()
        let weight = memory.scalars(testNumbers(g.weightCount, seed: 1) as [Float])
        let table: FloatTable = kernels(Float.self)
        let planned = PlannedWinograd(table, memory, g, weight: weight, bias: nil)
        #expect((planned?.scratchForImage(parts: 2) ?? 0) > 0, "\(set)")
      }
    }

    /// An infinity stays where its patches are: the transform would spread it over the tile.
    @Test func infinitiesStayInTheirPatches() {
      let g = Self.geometry(32, 64, (13, 13))
      let program = InferenceProgram(inputCount: g.inputCount)
      program.appendConvolution(g, weight: [Float](repeating: 1, count: g.weightCount), bias: nil)
      program.finish()
      for batch in [1, 40] {
        var images: [Float] = testNumbers(batch * g.inputCount, seed: 3)
        images[5 * 13 + 5] = .infinity
        var output = [Float](repeating: .nan, count: batch * program.outputCount)
        program.run(images, into: &output, batch: batch)
        for row in 0..<11 {
          for column in 0..<11 {
            let isInside = (3...5).contains(row) && (3...5).contains(column)
            #expect(output[row * 11 + column].isFinite != isInside, "\(row), \(column) of batch \(batch)")
          }
        }
      }
    }

    /// The same bits at any number of threads.
    @Test func sameBitsAtAnyNumberOfThreads() {
      let before = Threads.count
      defer { Threads.count = before }
      let g = Self.geometry(32, 64, (13, 13))
      let images: [Float] = testNumbers(g.inputCount, seed: 3)
      let results = [1, 2, 3].map { threads -> [Float] in
        Threads.count = threads
        let program = InferenceProgram(inputCount: g.inputCount)
        program.appendConvolution(g, weight: testNumbers(g.weightCount, seed: 1), bias: nil)
        program.finish()
        var output = [Float](repeating: .nan, count: program.outputCount)
        program.run(images, into: &output, batch: 1)
        return output
      }
      #expect(results[0] == results[1] && results[0] == results[2])
    }
  }
}
