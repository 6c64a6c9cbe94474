import ApusData
import ApusTensor

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A trained network that makes images of random codes, from a file that `save` of a model wrote.
///
/// ```swift
/// let generator = try ImageGenerator(path: "vae.safetensors")
/// var random = Random(seed: 1)
/// let images = generator(.normal([64, generator.latentSize], using: &random))  // [64, 1, 28, 28], values 0 … 1
/// ```
public struct ImageGenerator {
  /// What sort of model the network comes from.
  public enum Kind: String, CaseIterable, Sendable {
    /// The decoder of a variational autoencoder.
    case vae
    /// The generator of a DCGAN.
    case dcgan
  }

  /// What sort of model the network comes from.
  public let kind: Kind
  /// Numbers in a code.
  public let latentSize: Int
  /// The shape of an image: [1, height, width].
  public let imageShape: Shape
  private let network: Sequential

  /// Images that are made together.
  private static let batchSize = 256
  /// The longest side of an image that a file may ask for.
  static let largestSide = 1024
  /// The longest code that a file may ask for.
  static let largestCode = 4096

  /// The kind that a file names, nil for a file of another sort, as that of a classifier.
  public static func kind(of file: ModelFile) -> Kind? {
    file.metadata[ModelFile.Key.kind].flatMap(Kind.init(rawValue:))
  }

  /// Reads a file.
  ///
  /// - Throws: `ModelFileError` when it cannot be read, or does not hold the model that its metadata describe.
  public init(path: String) throws(ModelFileError) {
    try self.init(ModelFile(path: path))
  }

  /// Takes the network out of a file. Every size is checked before anything is made of it.
  ///
  /// - Throws: `ModelFileError` when the file does not hold the model that its metadata describe.
  public init(_ file: ModelFile) throws(ModelFileError) {
    func failure(_ reason: String) -> ModelFileError {
      .architecture(path: file.path, ArchitectureError(reason: reason, offset: nil))
    }
    guard let kind = Self.kind(of: file) else {
      let names = Kind.allCases.map(\.rawValue).joined(separator: " or ")
      throw failure("the metadata has no “\(ModelFile.Key.kind)” of \(names), so it makes no images")
    }
    guard let size = file.metadata[ModelFile.Key.latentSize].flatMap({ Int($0) }), (1...Self.largestCode).contains(size)
    else { throw failure("“\(ModelFile.Key.latentSize)” must be a number from 1 to \(Self.largestCode)") }
    self.kind = kind
    latentSize = size
    let parts = try file.makeParts(kind.partNames)
    network = parts[kind == .vae ? 1 : 0]
    let shape: Shape
    do throws(ArchitectureError) {
      shape = try network.outputShape(for: [Self.batchSize, size])
    } catch { throw .architecture(path: file.path, error) }
    guard shape.rank == 4, shape[0] == Self.batchSize, shape[1] == 1, shape[2] <= Self.largestSide,
      shape[3] <= Self.largestSide
    else { throw failure("codes of \(size) numbers become \(shape), not grey images") }
    imageShape = [1, shape[2], shape[3]]
    // The other network is of no use here, but a file in which it does not fit is not what it says it is.
    let other = parts[kind == .vae ? 0 : 1]
    do throws(ArchitectureError) {
      let output = try other.outputShape(for: [2, 1, shape[2], shape[3]])
      let expected: Shape = kind == .vae ? [2, 2 * size] : [2, 1]
      guard output == expected else {
        throw ArchitectureError(
          reason: "the \(kind.partNames[kind == .vae ? 0 : 1]) gives \(output), not \(expected)", offset: nil)
      }
    } catch { throw .architecture(path: file.path, error) }
    network.eval()
  }

  /// A generator that makes images with a model at hand.
  public init(_ model: VariationalAutoencoder) {
    (kind, latentSize, network, imageShape) = (.vae, model.latentSize, model.decoder, [1, 28, 28])
  }

  /// A generator that makes images with a model at hand.
  public init(_ model: DCGAN) {
    (kind, latentSize, network, imageShape) = (.dcgan, model.latentSize, model.generator, [1, 28, 28])
  }

  /// The images of codes, values 0 … 1: [count, latentSize] → [count, 1, height, width]. Batch normalisation uses its
  /// running statistics, so an image depends on its own code alone.
  ///
  /// - Precondition: The codes have `latentSize` numbers.
  public func callAsFunction(_ codes: Tensor<Float>) -> Tensor<Float> {
    demand(
      codes.rank == 2 && codes.shape[1] == latentSize,
      "ImageGenerator: codes of shape \(codes.shape) are not [count, \(latentSize)]")
    let modes = network.namedModules.compactMap { $0.module as? any TrainingDependent }.map { ($0, $0.isTraining) }
    network.eval()
    defer { for (module, mode) in modes { module.isTraining = mode } }
    return withoutGradients {
      // Not all at once, or the layers between would need as much memory as there are images.
      let parts = codes.split(Self.batchSize).map { part -> Tensor<Float> in
        let output = network(part)
        return kind == .vae ? output.sigmoid() : output * 0.5 + 0.5
      }
      return concatenated(parts)
    }
  }

  /// The code at part `t` of the way from one code to another, on the arc between them (Shoemake 1985, White 2016).
  ///
  /// Codes of n normal numbers have lengths near √n. A straight line between two would lead through lengths that the
  /// network was never given.
  ///
  /// - Parameter t: 0 for the first code, 1 for the second.
  /// - Precondition: Both codes have one dimension and the same size.
  public static func between(_ first: Tensor<Float>, _ second: Tensor<Float>, _ t: Double) -> Tensor<Float> {
    demand(
      first.rank == 1 && first.shape == second.shape,
      "ImageGenerator.between: codes of shapes \(first.shape) and \(second.shape)")
    let (a, b) = (first.scalars.map(Double.init), second.scalars.map(Double.init))
    func product(_ x: [Double], _ y: [Double]) -> Double { zip(x, y).reduce(0) { $0 + $1.0 * $1.1 } }
    let lengths = (product(a, a) * product(b, b)).squareRoot()
    let angle = lengths > 0 ? acos(max(-1, min(1, product(a, b) / lengths))) : 0
    // Codes in one direction, or opposite ones, have no arc between them.
    let isStraight = sin(angle) < 1e-6
    let from = isStraight ? 1 - t : sin((1 - t) * angle) / sin(angle)
    let to = isStraight ? t : sin(t * angle) / sin(angle)
    return Tensor(zip(a, b).map { Float(from * $0 + to * $1) })
  }
}

extension ImageGenerator.Kind {
  /// The networks of a model of this kind.
  var partNames: [String] {
    switch self {
    case .vae: ["encoder", "decoder"]
    case .dcgan: ["generator", "discriminator"]
    }
  }
}

extension VariationalAutoencoder {
  /// Writes the model to a safetensors file, with all that `ImageGenerator` needs to use it.
  ///
  /// - Throws: `DataError` when the file cannot be written.
  public func save(_ path: String) throws(DataError) {
    try save(
      path, metadata: generatorMetadata(.vae, latentSize, [encoder, decoder]))
  }
}

extension DCGAN {
  /// Writes the model to a safetensors file, with all that `ImageGenerator` needs to use it.
  ///
  /// - Throws: `DataError` when the file cannot be written.
  public func save(_ path: String) throws(DataError) {
    try save(
      path, metadata: generatorMetadata(.dcgan, latentSize, [generator, discriminator]))
  }
}

private func generatorMetadata(
  _ kind: ImageGenerator.Kind, _ latentSize: Int, _ parts: [Sequential]
) -> [String: String] {
  var metadata = [ModelFile.Key.kind: kind.rawValue, ModelFile.Key.latentSize: "\(latentSize)"]
  for (name, part) in zip(kind.partNames, parts) {
    metadata[ModelFile.Key.part(name)] = part.architecture?.description
  }
  return metadata
}

extension ModelFile {
  /// Builds the chains of layers that the file describes under these names, and gives each its parameters and buffers,
  /// which begin with its name: `"decoder.0.weight"`.
  ///
  /// - Throws: `ModelFileError` when a description is missing or makes no sense, and when the tensors are not those of
  ///   the chains.
  func makeParts(_ names: [String]) throws(ModelFileError) -> [Sequential] {
    let state = try state(Float.self)
    var budget = state.entries.reduce(0) { $0 + $1.value.shape.elementCount }
    var taken = 0
    var parts: [Sequential] = []
    for name in names {
      guard let text = metadata[Key.part(name)] else {
        throw .architecture(
          path: path, ArchitectureError(reason: "the metadata has no “\(Key.part(name))”", offset: nil))
      }
      let part: Sequential
      do throws(ArchitectureError) {
        part = try Sequential(Architecture(parsing: text), limit: budget)
      } catch { throw .architecture(path: path, error) }
      var own = StateDictionary<Float>()
      for (entry, value) in state.entries where entry.hasPrefix(name + ".") {
        own[String(entry.dropFirst(name.count + 1))] = value
        budget -= value.shape.elementCount
        taken += 1
      }
      do throws(StateMismatch) { try part.load(own) } catch { throw .state(path: path, error) }
      parts.append(part)
    }
    guard taken == state.entries.count else {
      let strangers = state.names.filter { entry in !names.contains { entry.hasPrefix($0 + ".") } }
      throw .state(path: path, StateMismatch(missing: [], unexpected: strangers, misshapen: [], mistyped: []))
    }
    return parts
  }
}
