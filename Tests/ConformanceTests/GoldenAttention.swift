import Apus
import Testing

/// Attention and the layers of transformers.
@Suite struct GoldenAttention {
  static let run: Set<String> = [
    "scaled_dot_product_attention", "multihead_attention", "transformer_encoder_layer", "transformer_decoder_layer",
  ]

  @Test func everyCaseIsKnown() {
    expectEveryCaseIsKnown("attention", run: Self.run, outOfSlice: [:])
  }

  @Test(arguments: GoldenFile.all("attention"))
  func cases(_ file: GoldenFile) throws {
    try check(file, Double.self)
    try check(file, Float.self)
  }

  private func check<Scalar: TensorScalar>(_ file: GoldenFile, _: Scalar.Type) throws {
    var leaves: [Tensor<Scalar>] = []
    while file.tensors["input.\(leaves.count)"] != nil {
      var leaf: Tensor<Scalar> = file.tensor("input.\(leaves.count)")
      leaf.requiresGradient = file.tensors["gradient.input.\(leaves.count)"] != nil
      leaves.append(leaf)
    }
    switch file.op {
    case "scaled_dot_product_attention":
      let output = scaledDotProductAttention(
        leaves[0], leaves[1], leaves[2], mask: mask(file, "attn_mask", leaves, marksVisible: true),
        isCausal: file.flag("is_causal"), scale: file.isNull("scale") ? nil : file.number("scale"))
      expect(file, [output], leaves)
    case "multihead_attention": try multihead(file, leaves)
    case "transformer_encoder_layer":
      let layer = Layers<Scalar>.TransformerEncoderLayer(
        file.integer("d_model"), file.integer("nhead"), feedForwardSize: file.integer("dim_feedforward"),
        dropout: file.number("dropout"), activation: TransformerActivation(rawValue: file.string("activation"))!,
        normEpsilon: file.number("layer_norm_eps"), batchFirst: file.flag("batch_first"),
        normFirst: file.flag("norm_first"), bias: file.flag("bias"))
      try layer.load(file.state(Scalar.self))
      let output = layer(
        leaves[0], mask: mask(file, "src_mask", leaves), keyPaddingMask: mask(file, "src_key_padding_mask", leaves))
      expect(file, [output], leaves)
      file.expectState(layer)
    default:
      let layer = Layers<Scalar>.TransformerDecoderLayer(
        file.integer("d_model"), file.integer("nhead"), feedForwardSize: file.integer("dim_feedforward"),
        dropout: file.number("dropout"), activation: TransformerActivation(rawValue: file.string("activation"))!,
        normEpsilon: file.number("layer_norm_eps"), batchFirst: file.flag("batch_first"),
        normFirst: file.flag("norm_first"), bias: file.flag("bias"))
      try layer.load(file.state(Scalar.self))
      let output = layer(
        leaves[0], memory: leaves[1], mask: mask(file, "tgt_mask", leaves),
        memoryMask: mask(file, "memory_mask", leaves),
        keyPaddingMask: mask(file, "tgt_key_padding_mask", leaves),
        memoryKeyPaddingMask: mask(file, "memory_key_padding_mask", leaves))
      expect(file, [output], leaves)
      file.expectState(layer)
    }
  }

  private func multihead<Scalar: TensorScalar>(_ file: GoldenFile, _ leaves: [Tensor<Scalar>]) throws {
    let layer = Layers<Scalar>.MultiheadAttention(
      file.integer("embed_dim"), file.integer("num_heads"), dropout: file.number("dropout"), bias: file.flag("bias"),
      keySize: file.isNull("kdim") ? nil : file.integer("kdim"),
      valueSize: file.isNull("vdim") ? nil : file.integer("vdim"), batchFirst: file.flag("batch_first"))
    try layer.load(file.state(Scalar.self))
    let isSelf = file.flag("self_attention")
    let (k, v) = isSelf ? (leaves[0], leaves[0]) : (leaves[1], leaves[2])
    let scores: Tensor<Scalar>? = mask(file, "attn_mask", leaves)
    let padding: Tensor<Scalar>? = mask(file, "key_padding_mask", leaves)
    if file.flag("need_weights") {
      let (output, weights) = layer.withWeights(
        leaves[0], k, v, mask: scores, keyPaddingMask: padding, averagesHeads: file.flag("average_attn_weights"))
      file.expect(weights, "output.1")
      expect(file, [output], leaves)
      file.expectState(layer)
      for parameter in layer.parameters { parameter.gradient = nil }
      for leaf in leaves where leaf.requiresGradient { leaf.gradient = nil }
    }
    // The same in tiles, whatever the case asked for.
    expect(file, [layer(leaves[0], k, v, mask: scores, keyPaddingMask: padding)], leaves)
    file.expectState(layer)
  }

  private func expect<Scalar: TensorScalar>(
    _ file: GoldenFile, _ outputs: [Tensor<Scalar>], _ leaves: [Tensor<Scalar>]
  ) {
    for (index, output) in outputs.enumerated() { file.expect(output, "output.\(index)") }
    file.backward(outputs)
    for (index, leaf) in leaves.enumerated() where leaf.requiresGradient {
      file.expect(leaf.gradient, "gradient.input.\(index)")
    }
  }

  /// The mask whose input's number an attribute holds, as a summand: an integer mask marks what is hidden, or visible.
  private func mask<Scalar: TensorScalar>(
    _ file: GoldenFile, _ key: String, _ leaves: [Tensor<Scalar>], marksVisible: Bool = false
  ) -> Tensor<Scalar>? {
    guard !file.isNull(key) else { return nil }
    let name = "input.\(file.integer(key))"
    guard file.tensors[name]!.isInteger else { return leaves[file.integer(key)] }
    let marks = file.indices(name)
    return .hiding(marksVisible ? IndexTensor(marks.values.map { 1 - $0 }, shape: marks.shape) : marks)
  }
}
