import ApusCompute

// The checks of what works on sequences, of normalisations, and of images that change their size.

extension GradientCheckRegistry {
  static let normalizations: [GradientCheckEntry] = [
    GradientCheckEntry("layerNorm", [3, 5], [5], [5]) { layerNorm($0[0], [5], $0[1], $0[2]) },
    GradientCheckEntry("layerNorm, several dimensions", [2, 3, 4], [3, 4]) { layerNorm($0[0], [3, 4], $0[1]) },
    GradientCheckEntry("layerNorm, long rows, without parameters", [2, 41]) { layerNorm($0[0], [41]) },
    GradientCheckEntry("rmsNorm", [3, 5], [5]) { rmsNorm($0[0], [5], $0[1]) },
    GradientCheckEntry("rmsNorm, without weight", [2, 3, 4]) { rmsNorm($0[0], [3, 4], epsilon: 0.1) },
    GradientCheckEntry("groupNorm", [2, 4, 3], [4], [4]) { groupNorm($0[0], groups: 2, $0[1], $0[2]) },
    GradientCheckEntry("groupNorm, of features", [3, 6], [6], [6]) { groupNorm($0[0], groups: 3, $0[1], $0[2]) },
    GradientCheckEntry("groupNorm, of large images", [2, 4, 6, 6], [4], [4]) {
      groupNorm($0[0], groups: 2, $0[1], $0[2])
    },
    GradientCheckEntry("groupNorm, of single channels", [2, 3, 5, 7]) { groupNorm($0[0], groups: 3) },
  ]

  static let imageSizes: [GradientCheckEntry] = [
    GradientCheckEntry("interpolate, nearest", [1, 2, 3, 4]) { interpolate($0[0], size: (5, 3)) },
    GradientCheckEntry("interpolate, bilinear", [1, 2, 3, 4]) { interpolate($0[0], size: (7, 6), mode: .bilinear()) },
    GradientCheckEntry("interpolate, corners aligned", [2, 1, 4, 5]) {
      interpolate($0[0], scale: (1.5, 0.7), mode: .bilinear(alignCorners: true))
    },
    GradientCheckEntry("adaptiveAvgPool2d", [2, 2, 5, 7]) { adaptiveAvgPool2d($0[0], (3, 2)) },
    GradientCheckEntry("adaptiveAvgPool2d, of everything", [2, 2, 5, 7]) { adaptiveAvgPool2d($0[0], (1, 1)) },
    GradientCheckEntry("adaptiveMaxPool2d", [2, 2, 5, 7]) { adaptiveMaxPool2d($0[0], (3, 2)) },
    GradientCheckEntry("adaptiveMaxPool2d, of everything", [2, 2, 5, 7]) { adaptiveMaxPool2d($0[0], (1, 1)) },
    GradientCheckEntry("adaptiveMaxPool2d, of sequences", [2, 3, 7]) { adaptiveMaxPool1d($0[0], 3) },
    GradientCheckEntry("convTranspose2d", [2, 3, 4, 3], [3, 2, 3, 2], [2]) { convTranspose2d($0[0], $0[1], $0[2]) },
    GradientCheckEntry("convTranspose2d, everything", [2, 4, 3, 4], [4, 1, 3, 2], [2]) {
      convTranspose2d(
        $0[0], $0[1], $0[2], stride: (2, 3), padding: (1, 2), outputPadding: (1, 2), groups: 2, dilation: (2, 1))
    },
    GradientCheckEntry("convTranspose2d, of sequences", [2, 2, 5], [2, 3, 4]) {
      convTranspose1d($0[0], $0[1], stride: 2, padding: 1)
    },
    GradientCheckEntry("conv2d, of sequences", [2, 2, 7], [3, 2, 3], [3]) {
      conv1d($0[0], $0[1], $0[2], stride: 2, padding: 1)
    },
    GradientCheckEntry("maxPool2d, of sequences", [2, 2, 7]) { maxPool1d($0[0], 3, stride: 2) },
    GradientCheckEntry("avgPool2d, of sequences", [2, 2, 7]) { avgPool1d($0[0], 3, stride: 2, padding: 1) },
  ]

  /// The shapes of a recurrent layer's inputs: x, first states, and the parameters of each direction.
  private static func shapes(_ gates: Int, states: Int, directions: Int) -> [Shape] {
    let (steps, batch, inputs, size) = (3, 2, 4, 3)
    let state: Shape = [directions, batch, size]
    let parameters: [Shape] = [[gates * size, inputs], [gates * size, size], [gates * size], [gates * size]]
    return [[steps, batch, inputs]] + Array(repeating: state, count: states)
      + Array(repeating: parameters, count: directions).flatMap { $0 }
  }

  /// A recurrent layer, in both directions, over rows of a table of which one is used often and one never.
  private static func recurrentTableCheck(_ name: String, _ cell: RecurrentCell) -> GradientCheckEntry {
    let width = 3 * cell.gateCount
    let direction: [Shape] = [[width, 2], [width, 3], [width], [width]]
    let shapes: [Shape] = [[4, 2]] + direction + direction + [[2, 2, 3]]
    return GradientCheckEntry(name, inputs: { random in shapes.map { .normal($0, using: &random) } }) { inputs in
      func parameters(_ first: Int) -> RecurrentParameters<Double> {
        RecurrentParameters(
          input: inputs[first], hidden: inputs[first + 1], inputBias: inputs[first + 2], hiddenBias: inputs[first + 3])
      }
      return recurrent(
        cell, table: inputs[0], at: IndexTensor([2, 0, 2, 1, 2, 2], shape: [3, 2]), [parameters(1), parameters(5)],
        hidden: inputs[9]
      ).output
    }
  }

  private static func recurrentCheck(
    _ name: String, _ cell: RecurrentCell, states: Int, directions: Int = 1, givesCellState: Bool = false
  ) -> GradientCheckEntry {
    let shapes = shapes(cell.gateCount, states: states, directions: directions)
    return GradientCheckEntry(
      name, inputs: { random in shapes.map { Tensor.normal($0, 0, 0.7, using: &random) } },
      { x in
        let parameters = (0..<directions).map { d in
          let first = 1 + states + 4 * d
          return RecurrentParameters(
            input: x[first], hidden: x[first + 1], inputBias: x[first + 2], hiddenBias: x[first + 3])
        }
        let (output, cells) = recurrent(
          cell, x[0], parameters, hidden: states > 0 ? x[1] : nil, cellState: states > 1 ? x[2] : nil)
        return givesCellState ? cells! : output
      })
  }

  static let sequences: [GradientCheckEntry] = [
    recurrentCheck("rnn", .elman(usesTanh: true), states: 1),
    recurrentCheck("rnn, relu, both directions", .elman(usesTanh: false), states: 0, directions: 2),
    recurrentCheck("lstm", .lstm, states: 2),
    recurrentCheck("lstm, both directions", .lstm, states: 0, directions: 2),
    recurrentCheck("lstmCellState", .lstm, states: 2, directions: 2, givesCellState: true),
    recurrentCheck("gru", .gru, states: 1),
    recurrentCheck("gru, both directions", .gru, states: 0, directions: 2),
    GradientCheckEntry("lstm, one sequence, without bias", [4, 1, 2], [12, 2], [12, 3]) {
      recurrent(.lstm, $0[0], [RecurrentParameters(input: $0[1], hidden: $0[2])]).output
    },
    recurrentTableCheck("rnn, of a table", .elman(usesTanh: true)),
    recurrentTableCheck("lstm, of a table", .lstm),
    recurrentTableCheck("gru, of a table", .gru),
    GradientCheckEntry("gru, one sequence, without bias", [4, 1, 2], [9, 2], [9, 3]) {
      recurrent(.gru, $0[0], [RecurrentParameters(input: $0[1], hidden: $0[2])]).output
    },
    GradientCheckEntry("selfAttention", [2, 3, 12]) {
      selfAttention($0[0], heads: 2, batchFirst: true, isCausal: true)
    },
    GradientCheckEntry("selfAttention, positions first", [3, 2, 12]) { selfAttention($0[0], heads: 2) },
    GradientCheckEntry("scaledDotProductAttention", [2, 3, 4], [2, 5, 4], [2, 5, 3]) {
      scaledDotProductAttention($0[0], $0[1], $0[2])
    },
    GradientCheckEntry("scaledDotProductAttention, causal", [2, 2, 5, 4], [2, 2, 5, 4], [2, 2, 5, 4]) {
      scaledDotProductAttention($0[0], $0[1], $0[2], isCausal: true, scale: 0.7)
    },
    GradientCheckEntry("scaledDotProductAttention, masked", [2, 3, 4], [2, 5, 4], [2, 5, 4]) {
      scaledDotProductAttention(
        $0[0], $0[1], $0[2],
        mask: .hiding(IndexTensor([0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1, 1, 1, 1, 0], shape: [3, 5])))
    },
    GradientCheckEntry("softmax, of attention with a learned mask", [2, 3, 4], [2, 5, 4], [2, 5, 4], [3, 5]) {
      scaledDotProductAttention($0[0], $0[1], $0[2], mask: $0[3])
    },
    GradientCheckEntry("scaledDotProductAttention, several tiles", [1, 140, 2], [1, 300, 2], [1, 300, 2]) {
      scaledDotProductAttention($0[0], $0[1], $0[2])
    },
  ]
}
