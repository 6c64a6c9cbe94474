/// The header of NumPy's .npy format, versions 1.0 to 3.0: a magic number, a version, a length, and a Python dictionary
/// of `descr` (the type), `fortran_order` and `shape`.
package struct NPYHeader: Equatable, Sendable {
  /// The longest header that is read. NumPy itself takes 10,000 bytes from strangers; shapes are short.
  package static let maximumLength = 1 << 16
  /// The bytes that every file begins with.
  package static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

  /// The type of the numbers.
  package var elementType: Safetensors.ElementType
  /// Whether the high byte of a number comes first.
  package var isBigEndian: Bool
  /// Whether the first extent varies fastest.
  package var isFortranOrder: Bool
  /// The extents, outermost first; empty for a single number.
  package var shape: [Int]

  /// Numbers, or nil when there are more than can be counted.
  package var count: Int? { checkedProduct(shape) }

  /// How many bytes the header takes, once `prefix` holds the twelve that tell; nil when more are needed.
  ///
  /// - Throws: `wrongFormat`, `unsupported` or `tooLarge`.
  package static func length(of prefix: some Collection<UInt8>) throws(DataError) -> Int? {
    let bytes = Array(prefix.prefix(12))
    let known = min(bytes.count, magic.count)
    guard Array(bytes.prefix(known)) == Array(magic.prefix(known)) else {
      throw DataError(
        .wrongFormat, at: .byte(0), expected: "the magic number of npy, \\x93NUMPY",
        found: "bytes \(bytes.prefix(6).map { String($0) }.joined(separator: " "))")
    }
    guard bytes.count >= 8 else { return nil }
    let fieldSize: Int
    switch bytes[6] {
    case 1: fieldSize = 2
    case 2, 3: fieldSize = 4
    default:
      throw DataError(
        .unsupported, at: .byte(6), expected: "version 1, 2 or 3 of npy", found: "version \(bytes[6]).\(bytes[7])")
    }
    guard bytes.count >= 8 + fieldSize else { return nil }
    let length = bytes[8..<8 + fieldSize].reversed().reduce(0) { $0 << 8 | Int($1) }
    guard length <= maximumLength else {
      throw DataError(
        .tooLarge, at: .byte(8), expected: "a header of at most \(maximumLength) bytes", found: "\(length)")
    }
    return 8 + fieldSize + length
  }

  /// Reads a header of as many bytes as `length(of:)` told.
  ///
  /// - Throws: `malformed` or `unsupported`.
  package init(_ bytes: [UInt8]) throws(DataError) {
    let start = bytes.count > 6 && bytes[6] == 1 ? 10 : 12
    var parser = PythonDictionaryParser(bytes, at: start)
    var (descr, order, shape): (String?, Bool?, [Int]?) = (nil, nil, nil)
    try parser.parse { key, value, position throws(DataError) in
      switch (key, value) {
      case ("descr", .text(let text)) where descr == nil: descr = text
      case ("fortran_order", .flag(let flag)) where order == nil: order = flag
      case ("shape", .integers(let extents)) where shape == nil: shape = extents
      default:
        throw DataError(
          .malformed, at: .byte(position), expected: "descr, fortran_order and shape, each once",
          found: quoted(key))
      }
    }
    guard let descr, let order, let shape else {
      throw DataError(
        .malformed, at: .byte(start), expected: "a dictionary of descr, fortran_order and shape",
        found: "one without \(descr == nil ? "descr" : order == nil ? "fortran_order" : "shape")")
    }
    (elementType, isBigEndian) = try Self.type(descr)
    isFortranOrder = order
    self.shape = shape
  }

  private static func type(_ descr: String) throws(DataError) -> (Safetensors.ElementType, isBigEndian: Bool) {
    let types: [String: Safetensors.ElementType] = [
      "f8": .float64, "f4": .float32, "f2": .float16, "i8": .int64, "i4": .int32, "i2": .int16, "i1": .int8,
      "u8": .uint64, "u4": .uint32, "u2": .uint16, "u1": .uint8, "b1": .bool,
    ]
    guard let order = descr.first, "<>|=".contains(order), let type = types[String(descr.dropFirst())],
      order != "|" || type.size == 1
    else {
      throw DataError(
        .unsupported, at: .byte(10), expected: "numbers, as '<f4' or '|u1'", found: "descr \(quoted(descr))")
    }
    return (type, order == ">")
  }

  /// The header as NumPy writes it, padded so that the numbers begin at a multiple of 64. Version 2 when it is too long for 1.
  package static func encode(_ type: Safetensors.ElementType, shape: [Int]) -> [UInt8] {
    let names: [Safetensors.ElementType: String] = [
      .float64: "<f8", .float32: "<f4", .float16: "<f2", .int64: "<i8", .int32: "<i4", .int16: "<i2", .int8: "|i1",
      .uint64: "<u8", .uint32: "<u4", .uint16: "<u2", .uint8: "|u1", .bool: "|b1",
    ]
    guard let name = names[type] else { preconditionFailure("npy has no type for \(type)") }
    let extents = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
    let text = Array("{'descr': '\(name)', 'fortran_order': False, 'shape': (\(extents)), }".utf8)
    let isLong = text.count + 65 > 0xFFFF
    let start = isLong ? 12 : 10
    let padding = (64 - (start + text.count + 1) % 64) % 64
    let length = text.count + padding + 1
    var header = magic + (isLong ? [2, 0] : [1, 0])
    for byte in 0..<(isLong ? 4 : 2) { header.append(UInt8(truncatingIfNeeded: length >> (8 * byte))) }
    return header + text + [UInt8](repeating: UInt8(ascii: " "), count: padding) + [UInt8(ascii: "\n")]
  }
}

/// Reads the few Python literals that an npy header is made of. Nothing nests, so nothing recurses.
private struct PythonDictionaryParser {
  enum Value {
    case text(String)
    case flag(Bool)
    case integers([Int])
  }

  private let bytes: [UInt8]
  private(set) var position: Int

  init(_ bytes: [UInt8], at position: Int) {
    self.bytes = bytes
    self.position = position
  }

  /// Calls `body` with every key and value, and where they end.
  mutating func parse(_ body: (String, Value, _ position: Int) throws(DataError) -> Void) throws(DataError) {
    try expect("{")
    while !take("}") {
      let key = try text()
      try expect(":")
      let value = try value()
      try body(key, value, position)
      if !take(",") {
        try expect("}")
        break
      }
    }
    skipSpace()
    guard position == bytes.count else { throw failure("nothing but space behind the dictionary") }
  }

  private mutating func value() throws(DataError) -> Value {
    skipSpace()
    guard position < bytes.count else { throw failure("a value") }
    switch bytes[position] {
    case UInt8(ascii: "'"), UInt8(ascii: "\""): return .text(try text())
    case UInt8(ascii: "("): return .integers(try tuple())
    case UInt8(ascii: "["):
      throw DataError(
        .unsupported, at: .byte(position), expected: "one type for all numbers", found: "a record of several")
    default: break
    }
    for (word, flag) in [("True", true), ("False", false)] where bytes[position...].starts(with: word.utf8) {
      position += word.utf8.count
      return .flag(flag)
    }
    throw failure("a text, True, False or a tuple")
  }

  private mutating func text() throws(DataError) -> String {
    skipSpace()
    guard position < bytes.count, bytes[position] == UInt8(ascii: "'") || bytes[position] == UInt8(ascii: "\"") else {
      throw failure("a text in quotes")
    }
    let quote = bytes[position]
    let start = position + 1
    guard let end = bytes[start...].firstIndex(of: quote) else { throw failure("a closing quote") }
    position = end + 1
    return String(decoding: bytes[start..<end], as: UTF8.self)
  }

  private mutating func tuple() throws(DataError) -> [Int] {
    try expect("(")
    var result: [Int] = []
    while !take(")") {
      guard result.count < 64 else { throw failure("at most 64 extents") }
      skipSpace()
      let start = position
      while position < bytes.count, (0x30...0x39).contains(bytes[position]) { position += 1 }
      guard let number = Int(String(decoding: bytes[start..<position], as: UTF8.self)) else {
        position = start
        throw failure("an extent that is a whole number")
      }
      // What Python 2 wrote behind a long one.
      if position < bytes.count, bytes[position] == UInt8(ascii: "L") { position += 1 }
      result.append(number)
      if !take(",") {
        try expect(")")
        break
      }
    }
    return result
  }

  private mutating func take(_ mark: Character) -> Bool {
    skipSpace()
    guard position < bytes.count, bytes[position] == mark.asciiValue else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ mark: Character) throws(DataError) {
    guard take(mark) else { throw failure("“\(mark)”") }
  }

  private mutating func skipSpace() {
    while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
  }

  private func failure(_ expected: String) -> DataError {
    let rest = bytes[min(position, bytes.count)...].prefix(20)
    return DataError(
      .malformed, at: .byte(position), expected: expected,
      found: rest.isEmpty ? "the end of the header" : quoted(String(decoding: rest, as: UTF8.self)))
  }
}
