/// The header of a safetensors file: eight bytes with its length, little-endian, then JSON.
struct SafetensorsHeader {
  /// The longest header that the format allows.
  static let maximumLength = 100_000_000

  struct TensorRecord {
    var name: String
    var elementType: Safetensors.ElementType
    var shape: [Int]
    /// Bytes after `contentStart`.
    var begin: Int
    var end: Int
  }

  var metadata: [String: String] = [:]
  /// In the order of their bytes.
  var tensors: [TensorRecord] = []
  /// Where the numbers begin in the file.
  var contentStart: Int

  /// Reads and checks the header of a whole file.
  init(_ file: [UInt8]) throws(DataError) {
    var json = JSON.null
    (json, contentStart) = try file.withUnsafeBufferPointer { buffer throws(DataError) in
      var reader = ByteReader(buffer)
      let low = try reader.littleEndian32("length of the header")
      let high = try reader.littleEndian32("length of the header")
      let length = UInt64(high) << 32 | UInt64(low)
      guard length <= UInt64(Self.maximumLength) else {
        throw DataError(
          .tooLarge, at: .byte(0), expected: "a header of at most \(Self.maximumLength) bytes", found: "\(length)")
      }
      let text = try reader.take(Int(length), "header")
      guard text.first == UInt8(ascii: "{") else {
        throw DataError(
          .wrongFormat, at: .byte(8), expected: "'{', the start of a safetensors header",
          found: text.first.map { "byte \($0)" } ?? "an empty header")
      }
      return (try JSON.parse(text, offset: 8), reader.position)
    }
    guard case .object(let members) = json else { return }
    let available = file.count - contentStart
    for (name, value) in members {
      if name == "__metadata__" {
        metadata = try Self.metadata(value)
      } else {
        tensors.append(try Self.tensor(name, value, available: available))
      }
    }
    try checkLayout(available: available)
  }

  private static func malformed(_ expected: String, _ found: String) -> DataError {
    DataError(.malformed, at: .byte(8), expected: expected, found: found)
  }

  private static func metadata(_ value: JSON) throws(DataError) -> [String: String] {
    guard case .object(let members) = value else {
      throw malformed("__metadata__ to be an object", value.kind)
    }
    var result: [String: String] = [:]
    for (name, value) in members {
      guard case .string(let text) = value else {
        throw malformed("__metadata__ to map \(quoted(name)) to a string", value.kind)
      }
      result[name] = text
    }
    return result
  }

  private static func tensor(_ name: String, _ value: JSON, available: Int) throws(DataError) -> TensorRecord {
    guard case .object(let members) = value else { throw malformed("\(quoted(name)) to be an object", value.kind) }
    for member in members where !["dtype", "shape", "data_offsets"].contains(member.name) {
      throw malformed("\(quoted(name)) to have dtype, shape and data_offsets", "also \(quoted(member.name))")
    }
    guard case .string(let code)? = value["dtype"] else {
      throw malformed("\(quoted(name)) to have a dtype", value["dtype"]?.kind ?? "none")
    }
    guard let elementType = Safetensors.ElementType(rawValue: code) else {
      throw DataError(
        .unsupported, at: .byte(8), expected: "\(quoted(name)) to have a known dtype", found: quoted(code))
    }
    let shape = try whole(value["shape"], "\(quoted(name)) to have a shape of whole numbers")
    let offsets = try whole(value["data_offsets"], "\(quoted(name)) to have data_offsets [begin, end]")
    guard offsets.count == 2, offsets[0] <= offsets[1] else {
      throw malformed("\(quoted(name)) to have data_offsets [begin, end] in order", "\(offsets)")
    }
    guard offsets[1] <= available else {
      throw DataError(
        .truncated, at: .byte(8), expected: "\(quoted(name)) to end within the \(available) bytes of content",
        found: "its end at \(offsets[1])")
    }
    guard checkedProduct(shape + [elementType.size]) == offsets[1] - offsets[0] else {
      throw malformed(
        "\(quoted(name)) to take the bytes of \(shape) \(code)", "\(offsets[1] - offsets[0])")
    }
    return TensorRecord(name: name, elementType: elementType, shape: shape, begin: offsets[0], end: offsets[1])
  }

  /// The value as a list of whole numbers, none negative.
  private static func whole(_ value: JSON?, _ expected: String) throws(DataError) -> [Int] {
    guard case .array(let values)? = value else { throw malformed(expected, value?.kind ?? "none") }
    var result: [Int] = []
    for value in values {
      guard case .integer(let number) = value, number >= 0 else { throw malformed(expected, value.text) }
      result.append(number)
    }
    return result
  }

  /// Puts the tensors in the order of their bytes, which must neither overlap nor leave a gap.
  private mutating func checkLayout(available: Int) throws(DataError) {
    tensors.sort { ($0.begin, $0.end) < ($1.begin, $1.end) }
    var end = 0
    for tensor in tensors {
      guard tensor.begin == end else {
        throw DataError(
          .malformed, at: .byte(contentStart + tensor.begin),
          expected: "\(quoted(tensor.name)) to follow the tensor before it, at byte \(end) of the content",
          found: tensor.begin < end ? "an overlap from byte \(tensor.begin)" : "a gap up to byte \(tensor.begin)")
      }
      end = tensor.end
    }
    guard end == available else {
      throw DataError(
        .malformed, at: .byte(contentStart + end), expected: "the end of the file after the last tensor",
        found: "\(available - end) more bytes")
    }
  }

  /// The header of a file of these tensors, one after the other, padded with spaces so that their bytes start at a
  /// multiple of eight.
  static func encode(metadata: [String: String], entries: [Safetensors.Entry]) -> [UInt8] {
    var members: [(name: String, value: JSON)] = []
    if !metadata.isEmpty {
      let pairs = metadata.sorted { $0.key < $1.key }.map { (name: $0.key, value: JSON.string($0.value)) }
      members.append(("__metadata__", .object(pairs)))
    }
    var offset = 0
    for entry in entries {
      let end = offset + entry.bytes.count
      let record: [(name: String, value: JSON)] = [
        ("dtype", .string(entry.elementType.rawValue)),
        ("shape", .array(entry.shape.map { .integer($0) })),
        ("data_offsets", .array([.integer(offset), .integer(end)])),
      ]
      members.append((entry.name, .object(record)))
      offset = end
    }
    var text = Array(JSON.object(members).text.utf8)
    text += [UInt8](repeating: UInt8(ascii: " "), count: (8 - text.count % 8) % 8)
    var header: [UInt8] = []
    header.appendLittleEndian(UInt32(truncatingIfNeeded: text.count))
    header.appendLittleEndian(UInt32(truncatingIfNeeded: text.count >> 32))
    return header + text
  }
}
