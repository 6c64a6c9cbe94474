import ApusData

/// How the records of a stream are written down.
enum RecordFormat: String, CaseIterable {
  /// Rows of arrays in NumPy's format, one array or several behind one another.
  case npy
  /// A line of numbers for each record.
  case csv
  /// A line for each record that names an image.
  case paths
}

/// One record of a stream: numbers, the name of an image, or why it is neither.
struct InputRecord: Equatable {
  enum Content: Equatable {
    case numbers([Float])
    case path(String)
    case fault(String)
  }

  /// Its place in the stream, counted from 1.
  let number: Int
  /// What its result is to be called; nil for its number.
  let key: String?
  let content: Content
}

/// Cuts a stream into records. Bytes are fed in as they come, in pieces of any size; what is kept is at most one record, so
/// memory does not depend on the stream's length.
struct RecordStream {
  /// Options of a stream.
  struct Settings {
    /// nil to tell from the first bytes.
    var format: RecordFormat?
    /// Numbers of a record.
    var count: Int
    /// What numbers are divided by; nil for 255 in CSV and for integers, 1 for floating-point numbers.
    var scale: Float?
    /// Whether the first field of a CSV line is a key.
    var isKeyed = false
    /// Whether the first line of CSV is not a record.
    var hasHeader = false
  }

  private let settings: Settings
  private var format: RecordFormat?
  /// What was fed and not yet used, from `start` on.
  private var bytes: [UInt8] = []
  private var start = 0
  private var isAtEnd = false
  private var recordNumber = 0
  private var skipsLine: Bool
  /// Inside of a line that is too long to keep.
  private var isOverlong = false
  /// Where the search for the end of a line goes on.
  private var searched = 0
  private var array: (header: NPYHeader, rows: Int, scale: Float)?

  /// The longest line that is kept.
  static let maximumLine = 1 << 20

  init(_ settings: Settings) {
    self.settings = settings
    format = settings.format
    skipsLine = settings.hasHeader
  }

  /// Adds bytes of the stream. To be called when `next` has given nil.
  mutating func feed(_ chunk: UnsafeRawBufferPointer) {
    bytes.removeFirst(start)
    searched -= start
    start = 0
    bytes.append(contentsOf: chunk)
  }

  /// Says that nothing follows.
  mutating func end() { isAtEnd = true }

  /// The next record, nil when more bytes are needed, or at the end.
  ///
  /// - Throws: `WorkError` when no record behind this point can be found.
  mutating func next() throws -> InputRecord? {
    if format == nil { format = recognised() }
    switch format {
    case .npy?: return try nextRow()
    case .csv?, .paths?: return nextLine()
    case nil: return nil
    }
  }

  /// npy by its magic number; lines with several fields are numbers, others names.
  private func recognised() -> RecordFormat? {
    let known = bytes[start...].prefix(NPYHeader.magic.count)
    if NPYHeader.magic.starts(with: known), !(isAtEnd && known.count < NPYHeader.magic.count) {
      return known.count == NPYHeader.magic.count ? .npy : nil
    }
    for byte in bytes[start...] {
      if byte == 0x0A { return .paths }
      if Self.isSeparator(byte) { return .csv }
    }
    return isAtEnd || bytes.count - start > Self.maximumLine ? .paths : nil
  }

  private static func isSeparator(_ byte: UInt8) -> Bool { byte == 0x2C || byte == 0x3B || byte == 0x09 }

  // MARK: Lines

  private mutating func nextLine() -> InputRecord? {
    while true {
      var end = max(searched, start)
      while end < bytes.count, bytes[end] != 0x0A { end += 1 }
      let isWhole = end < bytes.count
      guard isWhole || (isAtEnd && (start < end || isOverlong)) else {
        searched = end
        if end - start > Self.maximumLine {
          // Its number is kept, and what follows up to its end is passed over.
          isOverlong = true
          start = end
        }
        return nil
      }
      var line = bytes[start..<end]
      let wasOverlong = isOverlong || line.count > Self.maximumLine
      isOverlong = false
      start = isWhole ? end + 1 : end
      searched = start
      if line.last == 0x0D { line.removeLast() }
      if skipsLine {
        skipsLine = false
        continue
      }
      if line.isEmpty && !wasOverlong { continue }
      recordNumber += 1
      if wasOverlong {
        return InputRecord(
          number: recordNumber, key: nil, content: .fault("the line is longer than \(Self.maximumLine) bytes"))
      }
      if format == .paths {
        let path = String(decoding: line, as: UTF8.self)
        return InputRecord(number: recordNumber, key: path, content: .path(path))
      }
      return numbers(line)
    }
  }

  private func numbers(_ line: ArraySlice<UInt8>) -> InputRecord {
    var values: [Float] = []
    values.reserveCapacity(settings.count)
    let divisor = settings.scale ?? 255
    var key: String?
    var place = line.startIndex
    var field = 0
    while place <= line.endIndex {
      var end = place
      while end < line.endIndex, !Self.isSeparator(line[end]) { end += 1 }
      field += 1
      if settings.isKeyed && field == 1 {
        key = String(decoding: line[place..<end], as: UTF8.self)
      } else {
        guard let value = Self.number(line[place..<end]), value.isFinite else {
          let text = String(decoding: line[place..<end].prefix(40), as: UTF8.self)
          return fault(key, "field \(field) is no finite number: “\(printable(text))”")
        }
        values.append(value / divisor)
      }
      place = end + 1
    }
    guard values.count == settings.count else {
      return fault(key, "\(values.count) numbers instead of \(settings.count)")
    }
    return InputRecord(number: recordNumber, key: key, content: .numbers(values))
  }

  private func fault(_ key: String?, _ reason: String) -> InputRecord {
    InputRecord(number: recordNumber, key: key, content: .fault(reason))
  }

  /// The number of a field; small whole numbers, of which pixels are, without a detour through text.
  private static func number(_ field: ArraySlice<UInt8>) -> Float? {
    var field = field
    while let first = field.first, first == 0x20 { field.removeFirst() }
    while let last = field.last, last == 0x20 { field.removeLast() }
    guard !field.isEmpty else { return nil }
    if field.count <= 7 {
      var whole = 0
      var isWhole = true
      for byte in field {
        guard byte >= 0x30 && byte <= 0x39 else {
          isWhole = false
          break
        }
        whole = whole * 10 + Int(byte - 0x30)
      }
      if isWhole { return Float(whole) }
    }
    return Float(String(decoding: field, as: UTF8.self))
  }

  // MARK: Rows

  private mutating func nextRow() throws -> InputRecord? {
    while true {
      if let (header, rows, scale) = array {
        guard rows > 0 else {
          array = nil
          continue
        }
        let size = settings.count * header.elementType.size
        guard bytes.count - start >= size else {
          guard isAtEnd else { return nil }
          throw WorkError("npy: the stream ends \(rows) rows too early")
        }
        var row = Array(bytes[start..<start + size])
        start += size
        if header.isBigEndian { NPYFile.swapBytes(&row, size: header.elementType.size) }
        array = (header, rows - 1, scale)
        recordNumber += 1
        var values = [Float](repeating: 0, count: settings.count)
        row.withUnsafeBytes { source in
          values.withUnsafeMutableBufferPointer { header.elementType.decodeFloats(source, into: $0) }
        }
        for place in values.indices {
          guard values[place].isFinite else { return fault(nil, "number \(place + 1) is not finite") }
          values[place] /= scale
        }
        return InputRecord(number: recordNumber, key: nil, content: .numbers(values))
      }
      guard start < bytes.count else { return nil }
      guard let length = try NPYHeader.length(of: bytes[start...].prefix(12)), bytes.count - start >= length else {
        guard isAtEnd else { return nil }
        throw WorkError("npy: the stream ends inside of a header")
      }
      let header = try NPYHeader(Array(bytes[start..<start + length]))
      start += length
      array = (header, try rows(of: header), settings.scale ?? (header.elementType.isFloatingPoint ? 1 : 255))
    }
  }

  /// How many records an array holds: its first extent, or one when it is itself a record.
  private func rows(of header: NPYHeader) throws(WorkError) -> Int {
    let shape = header.shape
    if header.count == settings.count, shape.first != 1 || shape.count == 1 {
      try checkOrder(header, shape)
      return 1
    }
    guard let first = shape.first, shape.dropFirst().reduce(1, { $0 &* $1 }) == settings.count,
      header.count != nil
    else { throw WorkError("npy: an array of shape \(shape) has no rows of \(settings.count) numbers") }
    try checkOrder(header, shape)
    return first
  }

  private func checkOrder(_ header: NPYHeader, _ shape: [Int]) throws(WorkError) {
    guard !header.isFortranOrder || shape.count(where: { $0 != 1 }) < 2 else {
      throw WorkError("npy: rows of an array in Fortran order are not read from a stream: save it in C order")
    }
  }
}

/// Text of a stranger, fit for a terminal: control characters are shown as U+FFFD.
func printable(_ text: String) -> String {
  String(
    String.UnicodeScalarView(
      text.unicodeScalars.map {
        $0.value < 0x20 || (0x7F...0x9F).contains($0.value) || $0.value == 0x2028 || $0.value == 0x2029
          ? "\u{FFFD}" : $0
      }))
}
