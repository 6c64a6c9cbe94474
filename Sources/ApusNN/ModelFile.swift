import ApusData
import ApusTensor

/// Why a model could not be read from a file.
public enum ModelFileError: Error, Equatable, CustomStringConvertible {
  /// The file cannot be read, or is no safetensors file.
  case file(DataError)
  /// The file holds other parameters than the model.
  case state(path: String, StateMismatch)
  /// The file does not say, or says nonsense, how to build the model.
  case architecture(path: String, ArchitectureError)

  /// What is wrong, and in which file.
  public var description: String {
    switch self {
    case .file(let error): error.description
    case .state(let path, let mismatch): "\(path): \(mismatch)"
    case .architecture(let path, let error): "\(path): \(error)"
    }
  }
}

/// A saved model: its parameters and buffers in safetensors, under PyTorch's names, and in the metadata what it takes to
/// build it.
///
/// ```swift
/// let file = try ModelFile(path: "cnn.safetensors")
/// let model = try file.makeModel(inputShape: [1, 1, 28, 28])
/// ```
///
/// PyTorch reads the same file: `model.load_state_dict(safetensors.torch.load_file("cnn.safetensors"))`.
public struct ModelFile: Sendable {
  /// Metadata keys.
  enum Key {
    static let architecture = "apus.architecture"
    static let mean = "apus.input_mean"
    static let deviation = "apus.input_deviation"
    static let quantization = "apus.quantization"
    /// What sort of model it is, where that is no classifier: `ImageGenerator.Kind`.
    static let kind = "apus.kind"
    /// Numbers in the codes of a model that makes images.
    static let latentSize = "apus.latent_size"
    /// How one of several networks is built, as `"apus.architecture.decoder"`.
    static func part(_ name: String) -> String { "\(architecture).\(name)" }
  }

  /// Where the file was read from.
  public let path: String
  /// The text beside the tensors, the entries that Apus writes itself included.
  public var metadata: [String: String] { contents.metadata }
  let contents: Safetensors

  /// Reads a file.
  ///
  /// - Throws: `ModelFileError.file` when it cannot be read, or breaks a rule of the format.
  public init(path: String) throws(ModelFileError) {
    self.path = path
    do throws(DataError) { contents = try Safetensors(path: path) } catch { throw .file(error) }
  }

  /// How the model is built, nil when the file does not say.
  ///
  /// - Throws: `ModelFileError.architecture` when the file says nonsense.
  public var architecture: Architecture? {
    get throws(ModelFileError) {
      guard let text = metadata[Key.architecture] else { return nil }
      do throws(ArchitectureError) { return try Architecture(parsing: text) } catch {
        throw .architecture(path: path, error)
      }
    }
  }

  /// What is done to the pixels before the model sees them, nil when the file does not say.
  public var normalization: Normalize? {
    guard let mean = metadata[Key.mean].flatMap(Float.init),
      let deviation = metadata[Key.deviation].flatMap(Float.init),
      mean.isFinite, deviation.isFinite, deviation > 0
    else { return nil }
    return Normalize(mean: mean, deviation: deviation)
  }

  /// The parameters and buffers, converted to `Scalar`.
  ///
  /// - Throws: `ModelFileError.file` for a tensor of more dimensions than there can be, or of numbers that do not fit.
  public func state<Scalar: TensorScalar>(_: Scalar.Type = Scalar.self) throws(ModelFileError) -> StateDictionary<
    Scalar
  > {
    var state = StateDictionary<Scalar>()
    do throws(DataError) {
      for entry in contents.entries {
        if isQuantized, entry.name.hasSuffix("_scale") || entry.name == "activation_zero_point" { continue }
        if isQuantized, entry.elementType == .int8 {
          state[entry.name] = .tensor(try dequantized(entry.name))
          continue
        }
        state[entry.name] =
          entry.elementType.isFloatingPoint
          ? .tensor(try contents.tensor(entry.name)) : .integers(try contents.integers(entry.name))
      }
    } catch { throw .file(error) }
    return state
  }

  /// Builds the model that the file describes and gives it its parameters and buffers, in evaluation mode.
  ///
  /// Nothing is allocated that the file's own tensors do not justify.
  ///
  /// - Parameter inputShape: A shape that the model must take, the batch included; nil to leave that open.
  /// - Throws: `ModelFileError`, when the file does not say how, when what it says makes no sense or does not take
  ///   `inputShape`, and when the tensors are not the model's.
  public func makeModel<Scalar: TensorScalar>(
    _: Scalar.Type = Float.self, inputShape: Shape? = nil
  ) throws(ModelFileError) -> Layers<Scalar>.Sequential {
    guard let architecture = try architecture else {
      throw .architecture(
        path: path,
        ArchitectureError(
          reason: "the metadata has no “\(Key.architecture)”, so build the model and load into it", offset: nil))
    }
    // The reader has checked that every shape fits the file, so the sum does too.
    let limit = contents.entries.reduce(0) { $0 + $1.shape.reduce(1, *) }
    let model: Layers<Scalar>.Sequential
    do throws(ArchitectureError) {
      // Every parameter comes from the file, or `load` below refuses.
      model = try FirstWeights.$areDrawn.withValue(false) {
        Result { () throws(ArchitectureError) in try Layers<Scalar>.Sequential(architecture, limit: limit) }
      }.get()
      if let inputShape { _ = try model.outputShape(for: inputShape) }
    } catch { throw .architecture(path: path, error) }
    let state = try state(Scalar.self)
    do throws(StateMismatch) { try model.load(state) } catch { throw .state(path: path, error) }
    return model.eval()
  }
}

extension Module {
  /// Writes parameters and buffers to a safetensors file, and how to build the model where that can be written down.
  ///
  /// - Parameters:
  ///   - path: Where to. A reader sees the old file or the whole new one.
  ///   - normalization: What is done to the inputs, for whoever uses the file.
  ///   - metadata: Text to keep beside the tensors.
  ///   - elementType: The type to write floating-point numbers as, nil for the model's own: `.float16` halves the file.
  /// - Throws: `DataError` when the file cannot be written.
  /// - Precondition: `elementType` is a floating-point type.
  public func save(
    _ path: String, normalization: Normalize? = nil, metadata: [String: String] = [:],
    as elementType: Safetensors.ElementType? = nil
  ) throws(DataError) {
    var file = Safetensors()
    file.metadata = metadata
    file.metadata["format"] = "pt"
    if let architecture = (self as? any DescribedModule)?.architecture {
      file.metadata[ModelFile.Key.architecture] = architecture.description
    }
    if let normalization {
      file.metadata[ModelFile.Key.mean] = "\(normalization.mean)"
      file.metadata[ModelFile.Key.deviation] = "\(normalization.deviation)"
    }
    for (name, value) in stateDictionary.entries {
      switch value {
      case .tensor(let tensor): file.set(name, tensor, as: elementType)
      case .integers(let integers): file.set(name, integers)
      }
    }
    try file.write(to: path)
  }

  /// Takes over parameters and buffers from a safetensors file, written here or by PyTorch.
  ///
  /// - Parameter strict: When false, entries that only one side has are passed over.
  /// - Throws: `ModelFileError`; the model is then unchanged.
  public func load(_ path: String, strict: Bool = true) throws(ModelFileError) {
    let state = try ModelFile(path: path).state(Scalar.self)
    do throws(StateMismatch) { try load(state, strict: strict) } catch { throw .state(path: path, error) }
  }
}
