/// A table of text, RFC 4180: fields between delimiters, in quotes where they hold a delimiter, a quote or a new line.
///
/// ```swift
/// let file = try CSVFile(path: "iris.csv", hasHeader: false)
/// let lengths = try file.numbers(column: 0)
/// let (species, names) = file.classes(column: 4)
/// ```
///
/// Lines end in LF, CR LF or CR; blank lines are skipped; a byte order mark at the start is skipped. Every record must
/// have as many fields as the first.
public struct CSVFile: Sendable {
  /// The names of the columns, or nil for a file without them.
  public let header: [String]?
  /// Fields of a record.
  public let columnCount: Int
  /// Records, the header not among them.
  public let rowCount: Int
  /// The text of the fields without quotes, one after another, and where each one ends.
  private let text: [UInt8]
  private let ends: [Int]
  /// The line on which each record starts.
  private let lines: [Int]
  private let path: String?

  /// Reads a file.
  ///
  /// - Parameters:
  ///   - delimiter: what stands between fields: a comma unless given, often a semicolon or a tab.
  ///   - hasHeader: whether the first record holds the names of the columns.
  /// - Throws: `DataError` when the file cannot be read; `malformed`, with the line, when a record has another number of
  ///   fields than the first, or quotes stand where they may not; `truncated` when a quote is not closed.
  /// - Precondition: `delimiter` is an ASCII character other than a quote or the end of a line.
  public init(path: String, delimiter: Character = ",", hasHeader: Bool = true) throws(DataError) {
    try self.init(FileAccess.read(path), delimiter: delimiter, hasHeader: hasHeader, path: path)
  }

  /// Reads the bytes of a file, UTF-8.
  ///
  /// - Parameters:
  ///   - delimiter: what stands between fields.
  ///   - hasHeader: whether the first record holds the names of the columns.
  /// - Throws: `DataError`, as `init(path:delimiter:hasHeader:)` does.
  /// - Precondition: `delimiter` is an ASCII character other than a quote or the end of a line.
  public init(_ file: [UInt8], delimiter: Character = ",", hasHeader: Bool = true) throws(DataError) {
    try self.init(file, delimiter: delimiter, hasHeader: hasHeader, path: nil)
  }

  private init(_ file: [UInt8], delimiter: Character, hasHeader: Bool, path: String?) throws(DataError) {
    guard let separator = delimiter.asciiValue, delimiter != "\"", !delimiter.isNewline else {
      preconditionFailure("CSVFile: \(delimiter) cannot be a delimiter")
    }
    var parser = CSVParser(file, separator: separator)
    do throws(DataError) { try parser.parse() } catch { throw error.located(in: path) }
    let names = hasHeader && !parser.lines.isEmpty ? 1 : 0
    let columns = parser.columnCount
    let allEnds = parser.ends
    let allText = parser.text
    header =
      hasHeader
      ? (0..<names * columns).map { place in
        String(decoding: allText[(place == 0 ? 0 : allEnds[place - 1])..<allEnds[place]], as: UTF8.self)
      } : nil
    columnCount = columns
    rowCount = parser.lines.count - names
    text = allText
    ends = allEnds
    lines = Array(parser.lines.dropFirst(names))
    self.path = path
  }

  /// The field in a record and a column, both counted from 0. Bytes that are no UTF-8 are replaced by U+FFFD.
  ///
  /// - Precondition: both lie in the table.
  public subscript(row: Int, column: Int) -> String {
    precondition(
      row >= 0 && row < rowCount && column >= 0 && column < columnCount,
      "CSVFile: no field at row \(row), column \(column) of \(rowCount)x\(columnCount)")
    let place = ((header == nil ? 0 : 1) + row) * columnCount + column
    return String(decoding: text[(place == 0 ? 0 : ends[place - 1])..<ends[place]], as: UTF8.self)
  }

  /// The fields of a record.
  ///
  /// - Precondition: the record lies in the table.
  public func row(_ row: Int) -> [String] { (0..<columnCount).map { self[row, $0] } }

  /// The fields of a column.
  ///
  /// - Precondition: the column lies in the table.
  public func column(_ column: Int) -> [String] { (0..<rowCount).map { self[$0, column] } }

  /// The place of the column of a name.
  ///
  /// - Throws: `DataError` of kind `missing` when the header has no such name, or there is none.
  public func columnIndex(_ name: String) throws(DataError) -> Int {
    guard let index = header?.firstIndex(of: name) else {
      let names = header.map { $0.prefix(20).map { quoted($0) }.joined(separator: ", ") } ?? "no header"
      throw DataError(.missing, path: path, at: .line(1), expected: "a column \(quoted(name))", found: names)
    }
    return index
  }

  /// A column as numbers. White space around a number is ignored; `nan` and `inf` are numbers.
  ///
  /// - Throws: `DataError` of kind `malformed`, with the line, at the first field that is no number.
  /// - Precondition: the column lies in the table.
  public func numbers(column: Int) throws(DataError) -> [Double] {
    var result: [Double] = []
    result.reserveCapacity(rowCount)
    for row in 0..<rowCount { result.append(try number(row, column)) }
    return result
  }

  /// A column as numbers, nil where the field is empty or says that there is none: `NA`, `N/A`, `NaN`, `null`, `none`, `?`, `-`.
  ///
  /// - Throws: `DataError` of kind `malformed`, with the line, at the first other field that is no finite number.
  /// - Precondition: the column lies in the table.
  public func optionalNumbers(column: Int) throws(DataError) -> [Double?] {
    var result: [Double?] = []
    result.reserveCapacity(rowCount)
    for row in 0..<rowCount {
      if Self.isMissing(self[row, column]) {
        result.append(nil)
        continue
      }
      let value = try number(row, column)
      guard value.isFinite else {
        throw DataError(
          .malformed, path: path, at: .line(lines[row]), expected: "a finite number", found: quoted(self[row, column]))
      }
      result.append(value)
    }
    return result
  }

  /// Whether a field stands for a value that is not there.
  static func isMissing(_ field: String) -> Bool {
    ["", "na", "n/a", "nan", "null", "none", "?", "-"].contains(field.trimmedSpaces.lowercased())
  }

  /// The line on which a record starts.
  ///
  /// - Precondition: the record lies in the table.
  func line(_ row: Int) -> Int { lines[row] }

  /// A column, by its name, as numbers.
  ///
  /// - Throws: `DataError`: `missing` when there is no such column, or `malformed`, with the line, at the first field
  ///   that is no number.
  public func numbers(column name: String) throws(DataError) -> [Double] {
    try numbers(column: columnIndex(name))
  }

  /// Columns as numbers, record after record: the scalars of a matrix of `rowCount` rows.
  ///
  /// - Throws: `DataError` of kind `malformed`, with the line, at the first field that is no number.
  /// - Precondition: the columns lie in the table.
  public func matrix(columns: some Collection<Int>) throws(DataError) -> [Double] {
    var result: [Double] = []
    result.reserveCapacity(rowCount * columns.count)
    for row in 0..<rowCount {
      for column in columns { result.append(try number(row, column)) }
    }
    return result
  }

  /// A column of names as classes: 0, 1, … in the order of the names.
  ///
  /// Names that are all whole numbers are put in their order as numbers, other names in alphabetical order.
  ///
  /// - Precondition: the column lies in the table.
  public func classes(column: Int) -> (targets: [Int], names: [String]) {
    let fields = self.column(column).map { String($0.trimmedSpaces) }
    var names = Array(Set(fields))
    if names.allSatisfy({ Int($0) != nil }) {
      names.sort { (Int($0)!, $0) < (Int($1)!, $1) }
    } else {
      names.sort()
    }
    let places = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($0.element, $0.offset) })
    return (fields.map { places[$0]! }, names)
  }

  private func number(_ row: Int, _ column: Int) throws(DataError) -> Double {
    let field = self[row, column]
    guard let value = Double(field.trimmedSpaces) else {
      throw DataError(
        .malformed, path: path, at: .line(lines[row]),
        expected: "a number in column \(header.map { quoted($0[column]) } ?? String(column))", found: quoted(field))
    }
    return value
  }
}

extension String {
  /// The text without spaces and tabs at its ends.
  fileprivate var trimmedSpaces: Substring {
    var slice = self[...]
    while let first = slice.utf8.first, first == 0x20 || first == 0x09 { slice.removeFirst() }
    while let last = slice.utf8.last, last == 0x20 || last == 0x09 { slice.removeLast() }
    return slice
  }
}
