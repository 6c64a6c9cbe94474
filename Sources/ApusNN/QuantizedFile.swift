import ApusData
import ApusTensor

// A quantised model in safetensors. Beside the metadata of every model file there is `apus.quantization = int8`, and
//
// - `NAME.weight`, I8, in the layer's own shape, and `NAME.weight_scale`, F32 [outputs]: w ≈ byte · scale;
// - `NAME.bias`, F32;
// - `activation_scale`, F32, and `activation_zero_point`, U8: x ≈ (byte − zero) · scale for the input and for every
//   activation in the order of the layers.
//
// Normalisations have been folded into the layers before them, and stand in the architecture as `Identity()`.

extension QuantizedPlan {
  /// Writes the weights as bytes, with all scales, to a safetensors file that `ModelFile` and PyTorch read.
  ///
  /// - Parameters:
  ///   - path: Where to. A reader sees the old file or the whole new one.
  ///   - normalization: What is done to the inputs, for whoever uses the file.
  ///   - metadata: Text to keep beside the tensors.
  /// - Throws: `DataError` when the file cannot be written.
  public func save(
    _ path: String, normalization: Normalize? = nil, metadata: [String: String] = [:]
  ) throws(DataError) {
    var file = Safetensors()
    file.metadata = metadata
    file.metadata["format"] = "pt"
    file.metadata[ModelFile.Key.quantization] = "int8"
    file.metadata[ModelFile.Key.architecture] = foldedArchitecture?.description
    if let normalization {
      file.metadata[ModelFile.Key.mean] = "\(normalization.mean)"
      file.metadata[ModelFile.Key.deviation] = "\(normalization.deviation)"
    }
    let names = Dictionary(
      model.namedModules.map { (ObjectIdentifier($0.module), $0.name) }, uniquingKeysWith: { first, _ in first })
    for (layer, scales) in zip(layers.filter { $0.weights != nil }, quantization.weightScales) {
      guard let weights = layer.weights, let source = layer.source else { continue }
      let name = names[ObjectIdentifier(source.layer as AnyObject)] ?? ""
      let bytes = QuantizedLayer.bytes(weights.values, scales: scales).map { UInt8(bitPattern: $0) }
      file.set("\(name).weight", bytes: bytes, as: .int8, shape: source.shape)
      file.set("\(name).weight_scale", Tensor<Float>(scales))
      if let bias = weights.bias { file.set("\(name).bias", Tensor<Float>(bias)) }
    }
    file.set("activation_scale", Tensor<Float>(quantization.activations.map(\.scale)))
    file.set(
      "activation_zero_point", bytes: quantization.activations.map(\.zero), as: .uint8,
      shape: [quantization.activations.count])
    try file.write(to: path)
  }

  /// The layers written down, without the normalisations that were folded away.
  private var foldedArchitecture: Architecture? {
    var folded: Set<ObjectIdentifier> = []
    var withBias: Set<ObjectIdentifier> = []
    for layer in layers {
      guard let source = layer.source else { continue }
      for module in source.folded { folded.insert(ObjectIdentifier(module)) }
      if !source.folded.isEmpty { withBias.insert(ObjectIdentifier(source.layer as AnyObject)) }
    }
    func rewrite(_ module: any Module, _ text: Architecture) -> Architecture {
      let identifier = ObjectIdentifier(module as AnyObject)
      if folded.contains(identifier) { return Architecture("Identity") }
      // A normalisation gives the layer a bias that it may not have had.
      if withBias.contains(identifier) {
        return Architecture(text.name, text.arguments.filter { $0.label != "bias" })
      }
      guard let chain = module as? Sequential else { return text }
      return Architecture(
        text.name,
        zip(chain.modules, text.arguments).map { module, argument in
          guard case .layer(let layer) = argument.value else { return argument }
          return .init(argument.label, .layer(rewrite(module, layer)))
        })
    }
    return model.architecture.map { rewrite(model, $0) }
  }
}

extension QuantizedLayer {
  /// The layer with weights that this one was made of.
  var source: (layer: any Module, folded: [AnyObject], shape: [Int])? {
    switch kind {
    case .linear(let step, _): return (step.layer, step.folded, [step.outputs, step.inputs])
    case .convolution(let step):
      let g = step.geometry
      let shape = [g.outputChannels, g.inputChannels / g.groups, g.kernelHeight, g.kernelWidth]
      return (step.layer, step.folded, shape)
    default: return nil
    }
  }
}

extension ModelFile {
  /// Whether the weights are bytes with scales, as `QuantizedPlan.save` writes them.
  public var isQuantized: Bool { metadata[Key.quantization] == "int8" }

  /// Builds the model that the file describes, as a plan on bytes.
  ///
  /// - Parameter inputShape: The shape of one input, without the batch.
  /// - Throws: `ModelFileError` when the file is not quantised, or its parts do not fit together.
  public func makeQuantizedPlan(inputShape: Shape) throws(ModelFileError) -> QuantizedPlan {
    func refuse(_ reason: String) -> ModelFileError {
      .architecture(path: path, ArchitectureError(reason: reason, offset: nil))
    }
    guard isQuantized else { throw refuse("the metadata has no “\(Key.quantization) = int8”") }
    let model = try makeModel(Float.self, inputShape: Shape([1] + Array(inputShape)))
    var quantization = Quantization(activations: [], weightScales: [])
    do throws(DataError) {
      let scales: Tensor<Float> = try contents.tensor("activation_scale")
      let zeros = try contents.integers("activation_zero_point")
      for (scale, zero) in zip(scales.scalars, zeros.values) {
        quantization.activations.append(.init(scale: scale, zero: UInt8(clamping: zero)))
      }
      for (name, module) in model.namedModules where module is Layers<Float>.Linear || module is Layers<Float>.Conv2d {
        let scales: Tensor<Float> = try contents.tensor("\(name).weight_scale")
        quantization.weightScales.append(scales.scalars)
      }
    } catch { throw .file(error) }
    do throws(InferencePlanError) {
      return try QuantizedPlan(model, inputShape: inputShape, quantization: quantization)
    } catch { throw refuse("\(error)") }
  }

  /// The numbers that a tensor of bytes stands for.
  func dequantized<Scalar: TensorScalar>(_ name: String) throws(DataError) -> Tensor<Scalar> {
    let bytes: Tensor<Scalar> = try contents.tensor(name)
    let scales: Tensor<Scalar> = try contents.tensor(name + "_scale")
    guard bytes.rank > 0, scales.rank == 1, scales.shape[0] == bytes.shape[0] else {
      throw DataError(
        .malformed, path: path, expected: "a scale for each output of “\(name)”, of shape \(bytes.shape)",
        found: "\(scales.shape)")
    }
    let shape = Shape([bytes.shape[0]] + [Int](repeating: 1, count: bytes.rank - 1))
    return withoutGradients { bytes * scales.reshaped(Array(shape)) }
  }
}
