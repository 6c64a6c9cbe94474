extension JSON {
  /// The value that the bytes, UTF-8, express.
  ///
  /// Strict as RFC 8259 is, and beyond it: a name may not occur twice in an object, and nesting ends at `maximumDepth`.
  /// White space may surround the value; nothing else may.
  ///
  /// - Parameter offset: the place of the first byte in its file, for the positions of errors.
  /// - Throws: `malformed` or `truncated`, with the byte.
  package static func parse(_ bytes: UnsafeBufferPointer<UInt8>, offset: Int = 0) throws(DataError) -> JSON {
    var parser = JSONParser(bytes: bytes, offset: offset)
    let value = try parser.value(depth: 0)
    parser.skipSpace()
    guard parser.position == bytes.count else {
      throw parser.error("the end of the JSON text")
    }
    return value
  }

  /// The value that the text expresses.
  package static func parse(_ text: String) throws(DataError) -> JSON {
    let bytes = Array(text.utf8)
    return try bytes.withUnsafeBufferPointer { buffer throws(DataError) in try parse(buffer) }
  }
}

private struct JSONParser {
  let bytes: UnsafeBufferPointer<UInt8>
  let offset: Int
  var position = 0

  init(bytes: UnsafeBufferPointer<UInt8>, offset: Int) {
    self.bytes = bytes
    self.offset = offset
  }

  var current: UInt8? { position < bytes.count ? bytes[position] : nil }

  func error(_ expected: String) -> DataError {
    guard let current else {
      return DataError(.truncated, at: .byte(offset + position), expected: expected, found: "the end")
    }
    let found = (0x20..<0x7F).contains(current) ? "'\(Character(UnicodeScalar(current)))'" : "byte \(current)"
    return DataError(.malformed, at: .byte(offset + position), expected: expected, found: found)
  }

  mutating func skipSpace() {
    while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
  }

  /// Takes the byte when it is the next one.
  mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard let byte = current, UInt32(byte) == character.value else { return false }
    position += 1
    return true
  }

  mutating func value(depth: Int) throws(DataError) -> JSON {
    guard depth <= JSON.maximumDepth else {
      throw DataError(
        .malformed, at: .byte(offset + position), expected: "nesting of at most \(JSON.maximumDepth)", found: "more")
    }
    skipSpace()
    guard let byte = current else { throw error("a JSON value") }
    switch byte {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
    default: throw error("a JSON value")
    }
  }

  private mutating func word(_ text: StaticString, _ value: JSON) throws(DataError) -> JSON {
    for index in 0..<text.utf8CodeUnitCount {
      guard current == text.utf8Start[index] else { throw error("\(text)") }
      position += 1
    }
    return value
  }

  private mutating func array(depth: Int) throws(DataError) -> JSON {
    position += 1
    var values: [JSON] = []
    skipSpace()
    if take("]") { return .array(values) }
    while true {
      values.append(try value(depth: depth + 1))
      skipSpace()
      if take("]") { return .array(values) }
      guard take(",") else { throw error("',' or ']'") }
    }
  }

  private mutating func object(depth: Int) throws(DataError) -> JSON {
    position += 1
    var members: [(name: String, value: JSON)] = []
    var names: Set<String> = []
    skipSpace()
    if take("}") { return .object(members) }
    while true {
      skipSpace()
      let start = position
      guard current == UInt8(ascii: "\"") else { throw error("a name in quotes") }
      let name = try string()
      guard names.insert(name).inserted else {
        throw DataError(
          .malformed, at: .byte(offset + start), expected: "each name once", found: "\(quoted(name)) again")
      }
      skipSpace()
      guard take(":") else { throw error("':'") }
      members.append((name, try value(depth: depth + 1)))
      skipSpace()
      if take("}") { return .object(members) }
      guard take(",") else { throw error("',' or '}'") }
    }
  }

  private mutating func number() throws(DataError) -> JSON {
    let start = position
    var isWhole = true
    _ = take("-")
    if !take("0") { try digits() }
    if take(".") {
      isWhole = false
      try digits()
    }
    if take("e") || take("E") {
      isWhole = false
      if !take("+") { _ = take("-") }
      try digits()
    }
    let text = String(decoding: UnsafeBufferPointer(rebasing: bytes[start..<position]), as: UTF8.self)
    if isWhole, let value = Int(text) { return .integer(value) }
    guard let value = Double(text), value.isFinite else {
      throw DataError(
        .malformed, at: .byte(offset + start), expected: "a number that a Double can hold", found: quoted(text))
    }
    return .number(value)
  }

  /// At least one digit.
  private mutating func digits() throws(DataError) {
    let start = position
    while let byte = current, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
    if position == start { throw error("a digit") }
  }

  private mutating func string() throws(DataError) -> String {
    let start = position
    position += 1
    var content: [UInt8] = []
    while true {
      guard let byte = current else { throw error("'\"', the end of a string") }
      switch byte {
      case UInt8(ascii: "\""):
        position += 1
        guard let text = String(validating: content, as: UTF8.self) else {
          throw DataError(.malformed, at: .byte(offset + start), expected: "a string in UTF-8", found: "other bytes")
        }
        return text
      case UInt8(ascii: "\\"):
        position += 1
        try escape(into: &content)
      case 0..<0x20: throw error("a character, or an escape for it")
      default:
        content.append(byte)
        position += 1
      }
    }
  }

  private mutating func escape(into content: inout [UInt8]) throws(DataError) {
    guard let byte = current else { throw error("an escape") }
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(byte)
    case UInt8(ascii: "b"): content.append(0x08)
    case UInt8(ascii: "f"): content.append(0x0C)
    case UInt8(ascii: "n"): content.append(0x0A)
    case UInt8(ascii: "r"): content.append(0x0D)
    case UInt8(ascii: "t"): content.append(0x09)
    case UInt8(ascii: "u"):
      position += 1
      var code = try fourDigits()
      if (0xD800..<0xDC00).contains(code) {
        guard take("\\"), take("u") else { throw error("the second half of a surrogate pair") }
        let low = try fourDigits()
        guard (0xDC00..<0xE000).contains(low) else { throw error("the second half of a surrogate pair") }
        code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(code) else { throw error("the first half of a surrogate pair before") }
      content.append(contentsOf: UTF8.encode(scalar)!)
      return
    default: throw error("an escape")
    }
    position += 1
  }

  private mutating func fourDigits() throws(DataError) -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = current, let digit = Character(UnicodeScalar(byte)).hexDigitValue else {
        throw error("a hexadecimal digit")
      }
      code = code << 4 | UInt32(digit)
      position += 1
    }
    return code
  }
}
