import ApusTensor

/// Named tensors in the safetensors format, which PyTorch, JAX and others read and write: a JSON header, then the plain
/// numbers.
///
/// ```swift
/// var file = Safetensors()
/// file.metadata["format"] = "pt"
/// file.set("fc.weight", weight)
/// try file.write(to: "net.safetensors")
///
/// let read = try Safetensors(path: "net.safetensors")
/// let same: Tensor<Float> = try read.tensor("fc.weight")
/// ```
public struct Safetensors: Sendable {
  /// Free text by name, kept beside the tensors.
  public var metadata: [String: String] = [:]
  /// The tensors, in the order of the file, or in that of `set`.
  public private(set) var entries: [Entry] = []
  private var places: [String: Int] = [:]
  /// The file that the entries came from, for messages.
  private var path: String?

  /// One tensor: its name, type, shape, and its numbers as they lie in the file.
  public struct Entry: Equatable, Sendable {
    /// The name.
    public let name: String
    /// The type of the numbers.
    public let elementType: ElementType
    /// The extents, outermost first; empty for a single number.
    public let shape: [Int]
    /// The numbers in row-major order, little-endian.
    public let bytes: ArraySlice<UInt8>
  }

  /// A file without tensors.
  public init() {}

  /// Reads a file.
  ///
  /// - Throws: `DataError` when it cannot be read, or breaks a rule of the format: see `init(_:)`.
  public init(path: String) throws(DataError) {
    self = try locating(path) { () throws(DataError) in try Safetensors(FileAccess.read(path)) }
    self.path = path
  }

  /// Reads the bytes of a file.
  ///
  /// Every rule of the format is checked before a tensor can be asked for: the header fits in the file and is at most
  /// 100 MB of strict JSON without a name twice; each tensor has a known type, and as many bytes as its shape needs;
  /// the tensors lie one after the other without gap or overlap and fill the file.
  ///
  /// - Throws: `DataError` of kind `truncated`, `malformed`, `unsupported`, `tooLarge` or `wrongFormat`.
  public init(_ file: [UInt8]) throws(DataError) {
    let header = try SafetensorsHeader(file)
    metadata = header.metadata
    for tensor in header.tensors {
      append(
        Entry(
          name: tensor.name, elementType: tensor.elementType, shape: tensor.shape,
          bytes: file[header.contentStart + tensor.begin..<header.contentStart + tensor.end]))
    }
  }

  private mutating func append(_ entry: Entry) {
    if let place = places[entry.name] {
      entries[place] = entry
    } else {
      places[entry.name] = entries.count
      entries.append(entry)
    }
  }

  /// The names of the tensors, in their order.
  public var names: [String] { entries.map(\.name) }

  /// The tensor of a name as the file holds it, or nil.
  public subscript(name: String) -> Entry? { places[name].map { entries[$0] } }

  private func entry(_ name: String) throws(DataError) -> Entry {
    guard let entry = self[name] else {
      throw DataError(.missing, path: path, expected: "a tensor named \(quoted(name))", found: "none")
    }
    guard entry.shape.count <= Shape.maximumRank else {
      throw DataError(
        .unsupported, path: path, expected: "\(quoted(name)) to have at most \(Shape.maximumRank) extents",
        found: "\(entry.shape.count)")
    }
    return entry
  }

  /// The tensor of a name, its numbers converted to `Scalar`.
  ///
  /// - Throws: `DataError` of kind `missing` when there is none of that name.
  public func tensor<Scalar: TensorScalar>(
    _ name: String, as _: Scalar.Type = Scalar.self
  ) throws(DataError) -> Tensor<Scalar> {
    let entry = try entry(name)
    return Tensor(shape: Shape(entry.shape)) { target in
      entry.bytes.withUnsafeBytes { entry.elementType.decode($0, into: target) }
    }
  }

  /// The tensor of a name as integers.
  ///
  /// - Throws: `DataError`: `missing`, or `unsupported` when its type has fractions, or a number is beyond `Int`.
  public func integers(_ name: String) throws(DataError) -> IndexTensor {
    let entry = try entry(name)
    guard let values = entry.bytes.withUnsafeBytes({ entry.elementType.decodeIntegers($0) }) else {
      throw DataError(
        .unsupported, path: path, expected: "\(quoted(name)) to hold integers of at most 63 bits",
        found: entry.elementType.rawValue)
    }
    return IndexTensor(values, shape: Shape(entry.shape))
  }

  /// Adds a tensor, or replaces the one of that name.
  ///
  /// - Parameter elementType: the type to write, nil for the tensor's own. Fractions are rounded to nearest, ties to
  ///   even.
  /// - Precondition: `elementType` is a floating-point type; the name is not "__metadata__", which the format reserves.
  public mutating func set<Scalar: TensorScalar>(
    _ name: String, _ tensor: Tensor<Scalar>, as elementType: ElementType? = nil
  ) {
    precondition(name != "__metadata__", "Safetensors: the name __metadata__ is reserved")
    let type = elementType ?? (Scalar.self == Double.self ? .float64 : .float32)
    precondition(type.isFloatingPoint, "Safetensors: \(type) cannot hold fractions")
    let bytes = tensor.withUnsafeScalars { type.encode($0) }
    append(Entry(name: name, elementType: type, shape: Array(tensor.shape), bytes: bytes[...]))
  }

  /// Adds integers, as I64, or replaces the tensor of that name.
  ///
  /// - Precondition: the name is not "__metadata__", which the format reserves.
  public mutating func set(_ name: String, _ integers: IndexTensor) {
    precondition(name != "__metadata__", "Safetensors: the name __metadata__ is reserved")
    var bytes: [UInt8] = []
    bytes.reserveCapacity(8 * integers.elementCount)
    for value in integers.values {
      withUnsafeBytes(of: Int64(value).littleEndian) { bytes.append(contentsOf: $0) }
    }
    append(Entry(name: name, elementType: .int64, shape: Array(integers.shape), bytes: bytes[...]))
  }

  /// Adds numbers as the file is to hold them, or replaces the tensor of that name.
  package mutating func set(_ name: String, bytes: [UInt8], as elementType: ElementType, shape: [Int]) {
    precondition(
      checkedProduct(shape + [elementType.size]) == bytes.count, "Safetensors: \(bytes.count) bytes for \(shape)")
    append(Entry(name: name, elementType: elementType, shape: shape, bytes: bytes[...]))
  }

  /// Writes the file: the widest types first, then by name, as the reference implementation does. A reader sees the old
  /// file or the whole new one.
  ///
  /// - Throws: `DataError` of kind `unwritable`.
  public func write(to path: String) throws(DataError) {
    let sorted = sortedEntries
    let header = SafetensorsHeader.encode(metadata: metadata, entries: sorted)
    try FileAccess.write(to: path) { writer throws(DataError) in
      try header.withUnsafeBufferPointer { buffer throws(DataError) in
        try writer.write(UnsafeRawBufferPointer(buffer))
      }
      for entry in sorted {
        try entry.bytes.withUnsafeBufferPointer { buffer throws(DataError) in
          try writer.write(UnsafeRawBufferPointer(buffer))
        }
      }
    }
  }

  /// The bytes of the file.
  public var encoded: [UInt8] {
    let sorted = sortedEntries
    return sorted.reduce(into: SafetensorsHeader.encode(metadata: metadata, entries: sorted)) { $0 += $1.bytes }
  }

  private var sortedEntries: [Entry] {
    entries.sorted {
      $0.elementType == $1.elementType ? $0.name < $1.name : $0.elementType.rank > $1.elementType.rank
    }
  }
}
