import Testing

@testable import ApusCompute

extension PerKernelSet {
  /// The forward pass against plain loops; the backward pass is held against differences in the gradient checks, and here
  /// only against itself on other kernels.
  @Suite struct RecurrentTests {
    static let cells: [RecurrentCell] = [.elman(usesTanh: true), .elman(usesTanh: false), .lstm, .gru]

    func sigmoid(_ x: Double) -> Double { 1 / (1 + exponential(-x)) }
    func hyperbolicTangent(_ x: Double) -> Double { 2 * sigmoid(2 * x) - 1 }
    func exponential(_ x: Double) -> Double {
      var result = [0.0]
      apply(.exp, [x], into: &result, count: 1)
      return result[0]
    }

    struct Run<T: ComputeScalar> {
      var output: [T]
      var gates: [T]
      var cells: [T]
      var gradients: [[T]]
    }

    func run<T: ComputeScalar>(
      _ layout: RecurrentLayout, _ x: [T], _ w: [T], _ u: [T], _ b: [T], _ c: [T], _ h0: [T], _ c0: [T],
      _ upstream: [T],
      table: RecurrentTable? = nil
    ) -> Run<T> {
      let rows = layout.steps * layout.batch
      var output = [T](repeating: -7, count: rows * layout.outputStride)
      var gates = [T](repeating: 0, count: rows * layout.keptGates)
      var cells = [T](repeating: 0, count: rows * layout.size)
      var toInput = [T](repeating: 0, count: rows * layout.gates)
      var toHidden = toInput
      var hiddenGradient = h0
      var cellGradient = [T](repeating: 0, count: c0.count)
      var weightGradient = u
      let isLSTM = layout.cell == .lstm
      x.withUnsafeBufferPointer { x in
        w.withUnsafeBufferPointer { w in
          u.withUnsafeBufferPointer { u in
            b.withUnsafeBufferPointer { b in
              c.withUnsafeBufferPointer { c in
                h0.withUnsafeBufferPointer { h0 in
                  c0.withUnsafeBufferPointer { c0 in
                    let weights = RecurrentWeights(
                      input: w.baseAddress!, hidden: u.baseAddress!, inputBias: b.baseAddress!,
                      hiddenBias: c.baseAddress!)
                    cells.withUnsafeMutableBufferPointer { cells in
                      recurrentForward(
                        layout, x.baseAddress!, table: table, weights, hidden: h0.baseAddress!,
                        cell: isLSTM ? c0.baseAddress! : nil, output: &output, gates: &gates,
                        cells: isLSTM ? cells.baseAddress! : nil)
                      output.withUnsafeBufferPointer { output in
                        gates.withUnsafeBufferPointer { gates in
                          let trace = RecurrentTrace(
                            hidden: h0.baseAddress!, cell: isLSTM ? c0.baseAddress! : nil,
                            output: output.baseAddress!, gates: gates.baseAddress!,
                            cells: isLSTM ? UnsafePointer(cells.baseAddress!) : nil)
                          cellGradient.withUnsafeMutableBufferPointer { cellGradient in
                            toInput.withUnsafeMutableBufferPointer { toInput in
                              toHidden.withUnsafeMutableBufferPointer { toHidden in
                                let second = layout.cell == .gru ? toHidden.baseAddress! : toInput.baseAddress!
                                recurrentBackward(
                                  layout, weights, trace, upstream: upstream, gateGradient: toInput.baseAddress!,
                                  recurrentGradient: second, hiddenGradient: &hiddenGradient,
                                  cellGradient: isLSTM ? cellGradient.baseAddress! : nil)
                                recurrentWeightGradient(
                                  layout, trace, recurrentGradient: second, into: &weightGradient)
                              }
                            }
                          }
                        }
                      }
                    }
                  }
                }
              }
            }
          }
        }
      }
      return Run(
        output: output, gates: gates, cells: cells, gradients: [toInput, hiddenGradient, cellGradient, weightGradient])
    }

    /// The hidden states by plain loops.
    func twin(
      _ layout: RecurrentLayout, _ x: [Double], _ w: [Double], _ u: [Double], _ b: [Double], _ c: [Double],
      _ h0: [Double], _ c0: [Double]
    ) -> [Double] {
      let (batch, size, inputs, width) = (layout.batch, layout.size, layout.inputs, layout.gates)
      var output = [Double](repeating: -7, count: layout.steps * batch * layout.outputStride)
      var h = h0
      var cell = c0
      for k in 0..<layout.steps {
        let t = layout.step(k)
        var fresh = h
        for n in 0..<batch {
          func part(_ weights: [Double], _ values: [Double], _ start: Int, _ count: Int, _ gate: Int) -> Double {
            (0..<count).reduce(0) { $0 + weights[gate * count + $1] * values[start + $1] }
          }
          let fromInput = (0..<width).map { part(w, x, (t * batch + n) * inputs, inputs, $0) + b[$0] }
          let fromHidden = (0..<width).map { part(u, h, n * size, size, $0) + c[$0] }
          for i in 0..<size {
            func sum(_ gate: Int) -> Double { fromInput[gate * size + i] + fromHidden[gate * size + i] }
            switch layout.cell {
            case .elman(let usesTanh): fresh[n * size + i] = usesTanh ? hyperbolicTangent(sum(0)) : max(0, sum(0))
            case .lstm:
              let state = sigmoid(sum(1)) * cell[n * size + i] + sigmoid(sum(0)) * hyperbolicTangent(sum(2))
              cell[n * size + i] = state
              fresh[n * size + i] = sigmoid(sum(3)) * hyperbolicTangent(state)
            case .gru:
              let z = sigmoid(sum(1))
              let candidate = hyperbolicTangent(
                fromInput[2 * size + i] + sigmoid(sum(0)) * fromHidden[2 * size + i])
              fresh[n * size + i] = (1 - z) * candidate + z * h[n * size + i]
            }
          }
        }
        h = fresh
        for n in 0..<batch {
          for i in 0..<size { output[(t * batch + n) * layout.outputStride + i] = h[n * size + i] }
        }
      }
      return output
    }

    @Test func everyCell() {
      // Sizes below, at and above a register; batches of one, few and more than a register tile has rows.
      let sizes = [(3, 1, 5, 7), (2, 3, 4, 16), (4, 17, 9, 33), (1, 2, 3, 1)]
      forEachKernelSet { set in
        for cell in Self.cells {
          for (number, (steps, batch, inputs, size)) in sizes.enumerated() {
            let layout = RecurrentLayout(
              cell, steps: steps, batch: batch, inputs: inputs, size: size, outputStride: number == 1 ? 2 * size : size,
              isReversed: number == 2)
            var random = TestRandom(UInt64(80 + number))
            let x: [Double] = random.numbers(steps * batch * inputs)
            let w: [Double] = random.numbers(layout.gates * inputs, in: -1..<1)
            let u: [Double] = random.numbers(layout.gates * size, in: -0.5..<0.5)
            let b: [Double] = random.numbers(layout.gates)
            let c: [Double] = random.numbers(layout.gates)
            let h0: [Double] = random.numbers(batch * size)
            let c0: [Double] = random.numbers(batch * size)
            let upstream: [Double] = random.numbers(steps * batch * layout.outputStride)
            let expected = twin(layout, x, w, u, b, c, h0, c0)
            let label = "\(cell) \(steps) \(batch) \(inputs) \(size) \(set)"
            let result = run(layout, x, w, u, b, c, h0, c0, upstream)
            expectAgreement(result.output, expected, units: 64, floor: 1e-12, label)
            func single(_ values: [Double]) -> [Float] { values.map { Float($0) } }
            let small = run(
              layout, single(x), single(w), single(u), single(b), single(c), single(h0), single(c0), single(upstream))
            expectAgreement(small.output, single(expected), units: 64, floor: 1e-4, "Float \(label)")
            // The same input as rows of a table, in another order, one of which is not used.
            let rows = steps * batch
            let shuffled = x.count / max(inputs, 1) == rows ? (0..<rows).map { (7 * $0 + 3) % (rows + 1) } : []
            if rows % 7 != 6 {
              var content = [Double](repeating: 5, count: (rows + 1) * inputs)
              for (row, place) in shuffled.enumerated() {
                for i in 0..<inputs { content[place * inputs + i] = x[row * inputs + i] }
              }
              let looked = run(
                layout, content, w, u, b, c, h0, c0, upstream, table: RecurrentTable(rows: rows + 1, places: shuffled))
              expectAgreement(looked.output, expected, units: 64, floor: 1e-12, "table \(label)")
            }
            for (a, b) in zip(small.gradients, result.gradients) {
              expectAgreement(a, single(b), units: 64, floor: 2e-3, "gradient in Float \(label)")
            }
          }
        }
      }
    }

    @Test func sameBitsAtAnyThreadCount() {
      var random = TestRandom(91)
      let layout = RecurrentLayout(
        .lstm, steps: 3, batch: 40, inputs: 20, size: 96, outputStride: 96, isReversed: false)
      let x: [Float] = random.numbers(3 * 40 * 20)
      let w: [Float] = random.numbers(layout.gates * 20, in: -0.2..<0.2)
      let u: [Float] = random.numbers(layout.gates * 96, in: -0.2..<0.2)
      let b: [Float] = random.numbers(layout.gates)
      let state: [Float] = random.numbers(40 * 96)
      let upstream: [Float] = random.numbers(3 * 40 * 96)
      expectSameBits("LSTM") {
        let result = run(layout, x, w, u, b, b, state, state, upstream)
        return result.output + result.gradients.flatMap { $0 }
      }
    }
  }
}
