/// A column of numbers in the order of time, out of a CSV file.
///
/// ```swift
/// let series = try TimeSeries(path: "airline-passengers.csv")
/// print(series.name, series.values.count, series.suggestedPeriod as Any)   // Passengers 144 Optional(12)
/// ```
///
/// Fields that are empty, or `NA`, `N/A`, `NaN`, `null`, `none`, `?` or `-`, are missing values. They stay nil: whoever fills
/// them must not look at what comes later than it may know.
public struct TimeSeries: Sendable {
  /// The name of the column; "column 2" where the file has no names.
  public let name: String
  /// The label of each row, as a date; the row's number where there is no such column.
  public let times: [String]
  /// The numbers, nil where one is missing.
  public let values: [Double?]
  /// Steps of the dates that are longer than the usual one.
  public let gapCount: Int
  /// How many steps make a year (or a week, of a short daily series), by the dates; nil when they do not tell.
  public let suggestedPeriod: Int?

  /// Reads a file. Whether its first record holds names is told by whether a number stands there.
  ///
  /// - Parameters:
  ///   - column: The name of the column, or its number from 1; by default the last one that holds numbers.
  ///   - timeColumn: The name or number of the column of dates; by default the first one that is not the column itself.
  ///   - delimiter: What stands between fields.
  /// - Throws: `DataError`: what reading a CSV file throws; `missing` for a column that is not there, or where none holds
  ///   numbers; `malformed`, with the line, for a field that is no number, or a date that is not later than the one before.
  /// - Precondition: `delimiter` is an ASCII character other than a quote or the end of a line.
  public init(
    path: String, column: String? = nil, timeColumn: String? = nil, delimiter: Character = ","
  ) throws(DataError) {
    try self.init(FileAccess.read(path), column: column, timeColumn: timeColumn, delimiter: delimiter, path: path)
  }

  /// Reads the bytes of a file; as `init(path:column:timeColumn:delimiter:)`.
  public init(
    _ bytes: [UInt8], column: String? = nil, timeColumn: String? = nil, delimiter: Character = ",", path: String? = nil
  ) throws(DataError) {
    self = try locating(path) { () throws(DataError) in
      var file = try CSVFile(bytes, delimiter: delimiter)
      if let names = file.header, !names.isEmpty, names.contains(where: { Double($0) != nil }) {
        file = try CSVFile(bytes, delimiter: delimiter, hasHeader: false)
      }
      return try TimeSeries(file, column, timeColumn)
    }
  }

  private init(_ file: CSVFile, _ column: String?, _ timeColumn: String?) throws(DataError) {
    guard file.rowCount > 0 else {
      throw DataError(.missing, expected: "rows of numbers", found: file.columnCount == 0 ? "an empty file" : "none")
    }
    let own: Int
    if let column {
      own = try Self.place(column, in: file)
    } else {
      let numeric = (0..<file.columnCount).last { Self.holdsNumbers(file, $0) }
      guard let numeric else {
        throw DataError(
          .missing, expected: "a column of numbers",
          found: "none whose first rows are numbers; name one to see what is wrong with it")
      }
      own = numeric
    }
    let times: Int?
    if let timeColumn {
      times = try Self.place(timeColumn, in: file)
    } else {
      times = (0..<file.columnCount).first { $0 != own }
    }
    name = file.header?[own] ?? "column \(own + 1)"
    values = try file.optionalNumbers(column: own)
    guard let times else {
      self.times = (1...file.rowCount).map(String.init)
      (gapCount, suggestedPeriod) = (0, nil)
      return
    }
    let labels = file.column(times)
    self.times = labels
    (gapCount, suggestedPeriod) = try Self.steps(labels, file)
  }

  /// The place of a column that is named, or numbered from 1.
  private static func place(_ wish: String, in file: CSVFile) throws(DataError) -> Int {
    if let place = file.header?.firstIndex(of: wish) { return place }
    if let number = Int(wish), (1...max(1, file.columnCount)).contains(number) { return number - 1 }
    let names = file.header.map { $0.prefix(20).map { quoted($0) }.joined(separator: ", ") } ?? "no names"
    throw DataError(
      .missing, expected: "a column \(quoted(wish)) or a number from 1 to \(file.columnCount)", found: names)
  }

  /// Whether the first rows of a column that are not missing are numbers.
  private static func holdsNumbers(_ file: CSVFile, _ column: Int) -> Bool {
    let first = (0..<file.rowCount).lazy.map { file[$0, column] }.filter { !CSVFile.isMissing($0) }.prefix(3)
    return !first.isEmpty && first.allSatisfy { Double($0.filter { $0 != " " && $0 != "\t" }) != nil }
  }

  /// Holds the dates against each other: days since an epoch, where all of them are dates.
  private static func steps(_ labels: [String], _ file: CSVFile) throws(DataError) -> (gaps: Int, period: Int?) {
    let dates = labels.map(CalendarDate.init)
    guard labels.count > 1, dates.allSatisfy({ $0 != nil }) else { return (0, nil) }
    let known = dates.map { $0! }
    for row in 1..<known.count where known[row].day <= known[row - 1].day {
      throw DataError(
        .malformed, at: .line(file.line(row)), expected: "a later date than \(quoted(labels[row - 1]))",
        found: quoted(labels[row]))
    }
    // Months are counted as such: their days differ.
    let isDaily = known.contains { $0.hasDay } && known.contains { $0.dayOfMonth != known[0].dayOfMonth }
    let steps = (1..<known.count).map {
      isDaily ? known[$0].day - known[$0 - 1].day : known[$0].month - known[$0 - 1].month
    }
    let usual = steps.sorted()[(steps.count - 1) / 2]
    let gaps = steps.count { $0 > usual }
    if isDaily {
      switch usual {
      case 1: return (gaps, labels.count >= 3 * 365 ? 365 : 7)
      case 7: return (gaps, 52)
      default: return (gaps, nil)
      }
    }
    return (gaps, usual > 0 && usual < 12 && 12 % usual == 0 ? 12 / usual : nil)
  }
}

/// A date as `2024`, `2024-05`, `2024-05-17` or `2024/05/17`.
private struct CalendarDate {
  /// Days since the first of January of the year 0, by the Gregorian calendar.
  let day: Int
  /// Months since then.
  let month: Int
  let dayOfMonth: Int
  let hasDay: Bool

  init?(_ text: String) {
    // What follows the date, as a time of day, does not matter.
    let date = text.prefix { $0 != " " && $0 != "T" }
    let parts = date.split(whereSeparator: { $0 == "-" || $0 == "/" }).map { Int($0) }
    guard (1...3).contains(parts.count), let year = parts[0], (1...9999).contains(year), date.prefix(4).count == 4
    else { return nil }
    let month = parts.count > 1 ? parts[1] : 1
    let day = parts.count > 2 ? parts[2] : 1
    guard let month, let day, (1...12).contains(month), (1...31).contains(day) else { return nil }
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    let before = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334][month - 1] + (isLeap && month > 2 ? 1 : 0)
    let past = year - 1
    self.day = year * 365 + past / 4 - past / 100 + past / 400 + before + day
    self.month = year * 12 + month
    dayOfMonth = day
    hasDay = parts.count > 2
  }
}
