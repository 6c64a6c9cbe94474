import Foundation

/// One result: named values in order, as a line of JSON or of CSV.
struct Record {
  enum Value {
    case text(String)
    case number(Double)
    case missing
  }

  private(set) var fields: [(name: String, value: Value)] = []

  mutating func add(_ name: String, _ text: String) { fields.append((name, .text(text))) }
  mutating func add(_ name: String, _ number: Double?) { fields.append((name, number.map(Value.number) ?? .missing)) }
  mutating func add(_ name: String, _ number: Int) { fields.append((name, .number(Double(number)))) }

  var json: String {
    let parts = fields.map { field in
      switch field.value {
      case .text(let text): "\(quoted(field.name)): \(quoted(text))"
      case .number(let number): "\(quoted(field.name)): \(number.isFinite ? digits(number) : "null")"
      case .missing: "\(quoted(field.name)): null"
      }
    }
    return "{" + parts.joined(separator: ", ") + "}"
  }

  var csvHeader: String { fields.map(\.name).joined(separator: ",") }

  var csv: String {
    fields.map { field in
      switch field.value {
      case .text(let text):
        text.contains { ",\"\n".contains($0) } ? "\"" + text.replacingOccurrences(of: "\"", with: "\"\"") + "\"" : text
      case .number(let number): digits(number)
      case .missing: ""
      }
    }.joined(separator: ",")
  }

  private func quoted(_ text: String) -> String {
    "\"" + text.replacingOccurrences(of: "\\", with: "\\\\").replacingOccurrences(of: "\"", with: "\\\"") + "\""
  }

  private func digits(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? String(format: "%.0f", value) : String(format: "%.6g", value)
  }
}

/// Prints results one by one, in the form that the command line asks for.
final class Printer {
  /// How results are printed.
  enum Format { case table, markdown, json, csv }

  private let format: Format
  private let table: Table
  private var hasHeader = false

  init(_ options: Options, _ columns: [Table.Column]) {
    format = options.format
    table = Table(columns, isMarkdown: options.format == .markdown)
  }

  /// A line above or below a table; nothing in the forms that programs read.
  func note(_ text: String) {
    guard format == .table || format == .markdown else { return }
    printLine(text)
  }

  /// One result: `record` for programs, `row` for people.
  func print(_ record: Record, _ row: [String]) {
    switch format {
    case .json: printLine(record.json)
    case .csv:
      if !hasHeader { printLine(record.csvHeader) }
      printLine(record.csv)
    case .table, .markdown:
      if !hasHeader {
        if format == .markdown { printLine("") }
        table.printHeader()
      }
      table.printRow(row)
    }
    hasHeader = true
  }
}
