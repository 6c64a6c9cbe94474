/// A value that is printed as JSON on one line, the members of objects in the order in which they were given.
indirect enum JSONLine: CustomStringConvertible, Equatable {
  case null
  case flag(Bool)
  case integer(Int)
  /// A number; one that is not finite has no place in JSON and is printed as null.
  case number(Double)
  case text(String)
  case list([JSONLine])
  case object([Member])

  /// A name and a value in an object.
  struct Member: Equatable {
    let name: String
    let value: JSONLine
  }

  var description: String {
    switch self {
    case .null: "null"
    case .flag(let value): "\(value)"
    case .integer(let value): "\(value)"
    case .number(let value): value.isFinite ? "\(value)" : "null"
    case .text(let value): Self.quoted(value)
    case .list(let values): "[" + values.map(\.description).joined(separator: ", ") + "]"
    case .object(let members):
      "{" + members.map { "\(Self.quoted($0.name)): \($0.value)" }.joined(separator: ", ") + "}"
    }
  }

  /// Text in quotes, with the escapes that JSON asks for. Control characters that would break the line are escaped too.
  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{2028}", "\u{2029}":
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}

extension JSONLine: ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral, ExpressibleByStringLiteral {
  init(dictionaryLiteral members: (String, JSONLine)...) {
    self = .object(members.map { Member(name: $0, value: $1) })
  }

  init(arrayLiteral elements: JSONLine...) { self = .list(elements) }

  init(stringLiteral value: String) { self = .text(value) }
}
