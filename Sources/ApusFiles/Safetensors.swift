/// Named tensors in the safetensors format, which PyTorch, JAX and others read and write: a JSON header, then the plain
/// numbers.
///
/// ```swift
/// let file = try Safetensors(path: "net.safetensors")
/// let weight = try file.floats("fc.weight")     // [Float], of shape file["fc.weight"]!.shape
/// let same: Tensor<Float> = try file.tensor("fc.weight")     // with ApusData, which also adds tensors and writes them
/// ```
public struct Safetensors: Sendable {
  /// Free text by name, kept beside the tensors.
  public var metadata: [String: String] = [:]
  /// The tensors, in the order of the file, or in that of `set`.
  public private(set) var entries: [Entry] = []
  private var places: [String: Int] = [:]
  /// The file that the entries came from, for messages.
  package private(set) var path: String?

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

  /// The numbers of a name in row-major order, converted to `Float`.
  ///
  /// - Throws: `DataError` of kind `missing` when there is none of that name.
  public func floats(_ name: String) throws(DataError) -> [Float] {
    let entry = try entry(name)
    return [Float](unsafeUninitializedCapacity: entry.bytes.count / entry.elementType.size) { target, count in
      count = entry.bytes.count / entry.elementType.size
      let numbers = UnsafeMutableBufferPointer(rebasing: target[..<count])
      entry.bytes.withUnsafeBytes { entry.elementType.decode($0, into: numbers) }
    }
  }

  /// The tensor of a name as the file holds it.
  ///
  /// - Throws: `DataError` of kind `missing` when there is none of that name.
  package func entry(_ name: String) throws(DataError) -> Entry {
    guard let entry = self[name] else {
      throw DataError(.missing, path: path, expected: "a tensor named \(quoted(name))", found: "none")
    }
    return entry
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
