import ApusTensor

extension GradientCheckRegistry {
  private typealias L = Layers<Double>

  /// Activation functions.
  static let pointwiseLayers: [GradientCheckEntry] = [
    GradientCheckEntry("ELU", inputShape: [4, 5]) { L.ELU(alpha: 0.7) },
    GradientCheckEntry("SELU", inputShape: [4, 5]) { L.SELU() },
    GradientCheckEntry("CELU", inputShape: [4, 5]) { L.CELU(alpha: 0.7) },
    GradientCheckEntry("SiLU", inputShape: [4, 5]) { L.SiLU() },
    GradientCheckEntry("Mish", inputShape: [4, 5]) { L.Mish() },
    GradientCheckEntry("Hardswish", inputShape: [4, 5]) { L.Hardswish() },
    GradientCheckEntry("Hardsigmoid", inputShape: [4, 5]) { L.Hardsigmoid() },
    GradientCheckEntry("ReLU6", inputShape: [4, 5]) { L.ReLU6() },
    GradientCheckEntry("LogSigmoid", inputShape: [4, 5]) { L.LogSigmoid() },
    GradientCheckEntry("Softsign", inputShape: [4, 5]) { L.Softsign() },
    GradientCheckEntry("Tanhshrink", inputShape: [4, 5]) { L.Tanhshrink() },
    GradientCheckEntry("Softshrink", inputShape: [4, 5]) { L.Softshrink(0.3) },
    GradientCheckEntry("Hardshrink", inputShape: [4, 5]) { L.Hardshrink(0.3) },
    GradientCheckEntry("Softplus", inputShape: [4, 5]) { L.Softplus(beta: 2) },
    GradientCheckEntry("Hardtanh", inputShape: [4, 5]) { L.Hardtanh(-0.5, 0.8) },
    GradientCheckEntry("Threshold", inputShape: [4, 5]) { L.Threshold(0.1, 7) },
    GradientCheckEntry("PReLU", inputShape: [4, 5]) { L.PReLU() },
    GradientCheckEntry("GLU", inputShape: [4, 5]) { L.GLU(dim: 0) },
    GradientCheckEntry("PReLU, for each channel", inputShape: [2, 3, 4]) { L.PReLU(3) },
  ]

  /// Normalisations, and layers that change the size of images and sequences.
  static let imageLayers: [GradientCheckEntry] = [
    GradientCheckEntry("LayerNorm", inputShape: [3, 5]) { L.LayerNorm(5) },
    GradientCheckEntry("LayerNorm, of images", inputShape: [2, 3, 4]) { L.LayerNorm([3, 4], bias: false) },
    GradientCheckEntry("RMSNorm", inputShape: [3, 5]) { L.RMSNorm(5) },
    GradientCheckEntry("GroupNorm", inputShape: [2, 4, 3, 3]) { L.GroupNorm(2, 4) },
    GradientCheckEntry("InstanceNorm1d", inputShape: [2, 3, 5]) { L.InstanceNorm1d(3, affine: true) },
    GradientCheckEntry("InstanceNorm2d", inputShape: [2, 3, 4, 3]) { L.InstanceNorm2d(3) },
    GradientCheckEntry("Conv1d", inputShape: [2, 3, 7]) { L.Conv1d(3, 4, kernelSize: 3, stride: 2, padding: 1) },
    GradientCheckEntry("Conv1d, depthwise, same", inputShape: [2, 3, 6]) {
      L.Conv1d(3, 3, kernelSize: 4, padding: .same, dilation: 1, groups: 3)
    },
    GradientCheckEntry("ConvTranspose2d", inputShape: [2, 3, 3, 4]) {
      L.ConvTranspose2d(3, 2, kernelSize: 3, stride: 2, padding: 1, outputPadding: 1)
    },
    GradientCheckEntry("ConvTranspose1d", inputShape: [2, 4, 5]) {
      L.ConvTranspose1d(4, 2, kernelSize: 3, stride: 2, groups: 2, bias: false)
    },
    GradientCheckEntry("MaxPool1d", inputShape: [2, 3, 8]) { L.MaxPool1d(3, stride: 2) },
    GradientCheckEntry("AvgPool1d", inputShape: [2, 3, 8]) { L.AvgPool1d(3, stride: 2, padding: 1) },
    GradientCheckEntry("AdaptiveAvgPool2d", inputShape: [2, 2, 5, 7]) { L.AdaptiveAvgPool2d((2, 3)) },
    GradientCheckEntry("AdaptiveAvgPool1d", inputShape: [2, 3, 7]) { L.AdaptiveAvgPool1d(3) },
    GradientCheckEntry("AdaptiveMaxPool2d", inputShape: [2, 2, 5, 7]) { L.AdaptiveMaxPool2d((2, 3)) },
    GradientCheckEntry("AdaptiveMaxPool1d", inputShape: [2, 3, 7]) { L.AdaptiveMaxPool1d(3) },
    GradientCheckEntry("GlobalAvgPool2d", inputShape: [2, 3, 4, 5]) { L.GlobalAvgPool2d() },
    GradientCheckEntry("GlobalAvgPool1d", inputShape: [2, 3, 5]) { L.GlobalAvgPool1d() },
    GradientCheckEntry("GlobalMaxPool2d", inputShape: [2, 3, 4, 5]) { L.GlobalMaxPool2d() },
    GradientCheckEntry("GlobalMaxPool1d", inputShape: [2, 3, 5]) { L.GlobalMaxPool1d() },
    GradientCheckEntry("Rows", inputShape: [2, 2, 3, 4]) { L.Rows() },
    GradientCheckEntry("Upsample", inputShape: [1, 2, 3, 4]) { L.Upsample(2, mode: .bilinear()) },
  ]

  /// Layers of sequences.
  static let sequenceLayers: [GradientCheckEntry] = [
    GradientCheckEntry("Embedding", inputs: [], { L.Embedding(5, 3) }) { model, _ in
      model(IndexTensor([4, 0, 4, 1], shape: [2, 2]))
    },
    GradientCheckEntry("RNN", inputs: [[3, 2, 4], [2, 2, 3]], { L.RNN(4, 3, layers: 2) }) {
      $0($1[0], hidden: $1[1]).output
    },
    GradientCheckEntry("RNN, relu", inputs: [[2, 3, 4]], { L.RNN(4, 3, nonlinearity: .relu, batchFirst: true) }) {
      $0($1[0]).hidden
    },
    GradientCheckEntry("LSTM", inputs: [[3, 2, 4]], { L.LSTM(4, 3, layers: 2, dropout: 0.3, bidirectional: true) }) {
      $0($1[0]).output
    },
    GradientCheckEntry("LSTM, last states", inputs: [[3, 2, 4], [2, 2, 3], [2, 2, 3]], { L.LSTM(4, 3, layers: 2) }) {
      let result = $0($1[0], hidden: $1[1], cellState: $1[2])
      return result.output.sum() * result.hidden + result.cellState!
    },
    GradientCheckEntry("GRU", inputs: [[3, 2, 4], [2, 2, 3]], { L.GRU(4, 3, bidirectional: true) }) {
      let result = $0($1[0], hidden: $1[1])
      return result.output.sum() + result.hidden
    },
    GradientCheckEntry("LastState", inputShape: [2, 3, 4]) { L.LastState(L.LSTM(4, 3, batchFirst: true)) },
    GradientCheckEntry("LastState, of both directions", inputShape: [3, 2, 4]) {
      L.LastState(L.GRU(4, 3, layers: 2, bidirectional: true))
    },
    GradientCheckEntry("MultiheadAttention", inputShape: [3, 2, 4]) { L.MultiheadAttention(4, 2) },
    GradientCheckEntry("MultiheadAttention, masked", inputs: [[3, 2, 4]], { L.MultiheadAttention(4, 2) }) {
      $0($1[0], mask: .causalMask(3))
    },
    GradientCheckEntry(
      "MultiheadAttention, across", inputs: [[2, 3, 4], [2, 5, 3], [2, 5, 6]],
      { L.MultiheadAttention(4, 2, keySize: 3, valueSize: 6, batchFirst: true) }
    ) { $0($1[0], $1[1], $1[2]) },
    GradientCheckEntry("MultiheadAttention, with dropout", inputShape: [3, 2, 4]) {
      L.MultiheadAttention(4, 2, dropout: 0.4)
    },
    GradientCheckEntry(
      "MultiheadAttention, with weights", inputs: [[3, 2, 4]], { L.MultiheadAttention(4, 2) }
    ) {
      let (output, weights) = $0.withWeights($1[0], $1[0], $1[0], isCausal: true)
      return output.sum() * weights
    },
    GradientCheckEntry(
      "TransformerEncoderLayer", inputs: [[3, 2, 4]], { L.TransformerEncoderLayer(4, 2, feedForwardSize: 5) }
    ) {
      $0($1[0], mask: nil, isCausal: true)
    },
    GradientCheckEntry("TransformerEncoderLayer, normFirst", inputShape: [3, 2, 4]) {
      L.TransformerEncoderLayer(4, 2, feedForwardSize: 5, dropout: 0, activation: .gelu, normFirst: true)
    },
    GradientCheckEntry(
      "TransformerDecoderLayer", inputs: [[3, 2, 4], [5, 2, 4]],
      { L.TransformerDecoderLayer(4, 2, feedForwardSize: 5, dropout: 0, activation: .gelu) }
    ) { $0($1[0], memory: $1[1], isCausal: true) },
    GradientCheckEntry(
      "TransformerEncoder", inputs: [[3, 2, 4]],
      {
        L.TransformerEncoder(2, norm: L.LayerNorm(4)) {
          L.TransformerEncoderLayer(4, 2, feedForwardSize: 5, dropout: 0, activation: .gelu, normFirst: true)
        }
      }
    ) { $0($1[0], mask: nil, isCausal: true) },
    GradientCheckEntry(
      "TransformerDecoder", inputs: [[3, 2, 4], [5, 2, 4]],
      { L.TransformerDecoder(2) { L.TransformerDecoderLayer(4, 2, feedForwardSize: 5, dropout: 0) } }
    ) { $0($1[0], memory: $1[1], isCausal: true) },
    GradientCheckEntry("PositionalEncoding", inputShape: [2, 3, 4]) {
      L.PositionalEncoding(4, maximumLength: 6, learned: true, batchFirst: true)
    },
    GradientCheckEntry(
      "RecurrentLanguageModel", inputs: [], { L.RecurrentLanguageModel(5, embeddingSize: 3, hiddenSize: 4, layers: 2) }
    ) { model, _ in
      var state = LanguageModelState<Double>()
      let first = model(IndexTensor([4, 0, 4, 1], shape: [2, 2]), state: &state)
      return first + model(IndexTensor([3, 2, 0, 1], shape: [2, 2]), state: &state)
    },
    GradientCheckEntry(
      "RecurrentLanguageModel, looking up", inputs: [],
      { L.RecurrentLanguageModel(3, cell: .gru, embeddingSize: 2, hiddenSize: 4) }
    ) { model, _ in model(IndexTensor([2, 0, 2, 1, 1, 1, 0, 2], shape: [2, 4])) },
    GradientCheckEntry(
      "GPT", inputs: [], { L.GPT(5, width: 4, layers: 2, heads: 2, context: 3) }
    ) { model, _ in model(IndexTensor([4, 0, 4, 1, 2, 2], shape: [2, 3])) },
  ]
}
