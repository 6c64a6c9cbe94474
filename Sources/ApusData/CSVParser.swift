/// Splits the bytes of a CSV file into fields.
struct CSVParser {
  private let bytes: [UInt8]
  private let separator: UInt8
  private var position = 0
  private var line = 1
  /// The fields without their quotes, one after another.
  private(set) var text: [UInt8] = []
  /// Where each field ends in `text`.
  private(set) var ends: [Int] = []
  /// The line on which each record starts.
  private(set) var lines: [Int] = []
  /// Fields of the first record, and so of every other.
  private(set) var columnCount = 0

  init(_ bytes: [UInt8], separator: UInt8) {
    self.bytes = bytes
    self.separator = separator
  }

  mutating func parse() throws(DataError) {
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    text.reserveCapacity(bytes.count)
    while position < bytes.count {
      if isLineEnd(bytes[position]) {
        skipLineEnd()
      } else {
        try record()
      }
    }
  }

  private func isLineEnd(_ byte: UInt8) -> Bool { byte == 0x0A || byte == 0x0D }

  /// Skips LF, CR LF or CR.
  private mutating func skipLineEnd() {
    let isPair = bytes[position] == 0x0D && position + 1 < bytes.count && bytes[position + 1] == 0x0A
    position += isPair ? 2 : 1
    line += 1
  }

  private mutating func record() throws(DataError) {
    lines.append(line)
    let before = ends.count
    while true {
      if position < bytes.count && bytes[position] == UInt8(ascii: "\"") {
        try quotedField()
      } else {
        plainField()
      }
      ends.append(text.count)
      guard position < bytes.count && bytes[position] == separator else { break }
      position += 1
    }
    let count = ends.count - before
    if lines.count == 1 { columnCount = count }
    guard count == columnCount else {
      throw DataError(
        .malformed, at: .line(lines[lines.count - 1]), expected: "\(columnCount) fields, as in the first record",
        found: "\(count)")
    }
    if position < bytes.count { skipLineEnd() }
  }

  private mutating func plainField() {
    let start = position
    while position < bytes.count && bytes[position] != separator && !isLineEnd(bytes[position]) { position += 1 }
    text += bytes[start..<position]
  }

  private mutating func quotedField() throws(DataError) {
    let startLine = line
    position += 1
    while true {
      guard position < bytes.count else {
        throw DataError(.truncated, at: .line(startLine), expected: "a quote that closes the field", found: "the end")
      }
      let byte = bytes[position]
      if byte == UInt8(ascii: "\"") {
        position += 1
        guard position < bytes.count && bytes[position] == UInt8(ascii: "\"") else { break }
        text.append(byte)
        position += 1
      } else if isLineEnd(byte) {
        let start = position
        skipLineEnd()
        text += bytes[start..<position]
      } else {
        text.append(byte)
        position += 1
      }
    }
    guard position == bytes.count || bytes[position] == separator || isLineEnd(bytes[position]) else {
      throw DataError(
        .malformed, at: .line(line), expected: "a delimiter or the end of the line after a quoted field",
        found: quoted(String(decoding: [bytes[position]], as: UTF8.self)))
    }
  }
}
