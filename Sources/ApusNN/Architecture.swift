/// A model written down: the name of a layer and its arguments, as in the Swift that makes it.
///
/// `Sequential(Conv2d(1, 10, kernelSize: 5), ReLU(), Flatten())` is the text of a node whose arguments are nodes. The
/// text goes into the metadata of a model file, and a model is rebuilt from it.
public struct Architecture: Equatable, Sendable, CustomStringConvertible {
  /// What an argument may be.
  public indirect enum Value: Equatable, Sendable, CustomStringConvertible {
    case integer(Int)
    case number(Double)
    case flag(Bool)
    /// A list of integers, as the two sizes of a kernel: `[3, 5]`.
    case integers([Int])
    /// A named choice: `.same`.
    case choice(String)
    /// A value that is not there: `nil`.
    case none
    case layer(Architecture)

    /// The value as it stands in the text.
    public var description: String {
      switch self {
      case .integer(let value): "\(value)"
      case .number(let value): "\(value)"
      case .flag(let value): "\(value)"
      case .integers(let values): "\(values)"
      case .choice(let name): ".\(name)"
      case .none: "nil"
      case .layer(let layer): layer.description
      }
    }
  }

  /// One argument, with its label where it has one.
  public struct Argument: Equatable, Sendable {
    /// The word before the colon.
    public let label: String?
    /// The value.
    public let value: Value

    /// Makes an argument.
    public init(_ label: String? = nil, _ value: Value) {
      self.label = label
      self.value = value
    }
  }

  /// The layer's name, as `"Linear"`.
  public let name: String
  /// The arguments in order; those that have their default are left out.
  public let arguments: [Argument]

  /// Makes a description of a layer.
  public init(_ name: String, _ arguments: [Argument] = []) {
    self.name = name
    self.arguments = arguments
  }

  /// The text, as in `Linear(320, 50)`.
  public var description: String {
    let parts = arguments.map { argument in
      argument.label.map { "\($0): \(argument.value)" } ?? "\(argument.value)"
    }
    return "\(name)(\(parts.joined(separator: ", ")))"
  }
}

/// A module that can be written down, so that a model file can say how to rebuild it.
///
/// All layers here are; `Sequential` is when all that it holds are.
public protocol DescribedModule: Module {
  /// The module's name and arguments; nil when a part of it cannot be written down.
  var architecture: Architecture? { get }
}

extension Architecture {
  /// Reads a description from its text.
  ///
  /// - Throws: `ArchitectureError` with the position where the text stops making sense.
  public init(parsing text: String) throws(ArchitectureError) {
    var parser = ArchitectureParser(text)
    self = try parser.parse()
  }
}

/// Why a text is not the description of a model that can be built.
public struct ArchitectureError: Error, Equatable, CustomStringConvertible {
  /// What is wrong, and what was expected.
  public let reason: String
  /// The byte in the text where it was found, nil when the text as such reads well.
  public let offset: Int?

  /// What is wrong, and where.
  public var description: String {
    "architecture: \(reason)" + (offset.map { " at byte \($0)" } ?? "")
  }
}

/// Reads the text of an architecture. The text may come from a hostile file: depth and length are bounded, and no
/// number is taken that does not fit.
struct ArchitectureParser {
  /// Layers within layers; more would be an attack on the stack.
  private static let maximumDepth = 32
  private static let maximumLength = 1 << 20

  private let bytes: [UInt8]
  private var position = 0

  init(_ text: String) {
    bytes = Array(text.utf8.prefix(Self.maximumLength + 1))
  }

  mutating func parse() throws(ArchitectureError) -> Architecture {
    guard bytes.count <= Self.maximumLength else {
      throw ArchitectureError(reason: "the text is longer than \(Self.maximumLength) bytes", offset: nil)
    }
    let result = try layer(try word(), depth: 0)
    skipSpace()
    guard position == bytes.count else { throw failure("the text goes on after the model") }
    return result
  }

  private mutating func layer(_ name: String, depth: Int) throws(ArchitectureError) -> Architecture {
    guard depth < Self.maximumDepth else { throw failure("layers are nested deeper than \(Self.maximumDepth)") }
    try expect("(")
    var arguments: [Architecture.Argument] = []
    if !take(")") {
      repeat { arguments.append(try argument(depth: depth)) } while take(",")
      try expect(")")
    }
    return Architecture(name, arguments)
  }

  private mutating func argument(depth: Int) throws(ArchitectureError) -> Architecture.Argument {
    guard let byte = peek(), isLetter(byte) else { return .init(nil, try value(depth: depth)) }
    let start = position
    let name = try word()
    if take(":") { return .init(name, try value(depth: depth)) }
    position = start
    return .init(nil, try value(depth: depth))
  }

  private mutating func value(depth: Int) throws(ArchitectureError) -> Architecture.Value {
    guard let byte = peek() else { throw failure("a value is missing") }
    if take(".") { return .choice(try word()) }
    if take("[") {
      var values: [Int] = []
      repeat {
        guard case .integer(let value) = try number() else { throw failure("a list holds integers") }
        values.append(value)
      } while take(",")
      try expect("]")
      return .integers(values)
    }
    guard isLetter(byte) else { return try number() }
    switch try word() {
    case "true": return .flag(true)
    case "false": return .flag(false)
    case "nil": return .none
    case let name: return .layer(try layer(name, depth: depth + 1))
    }
  }

  private mutating func number() throws(ArchitectureError) -> Architecture.Value {
    skipSpace()
    let start = position
    while position < bytes.count {
      let byte = bytes[position]
      guard isLetter(byte) || isDigit(byte) || "+-.".utf8.contains(byte) else { break }
      position += 1
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if let value = Int(text) { return .integer(value) }
    if let value = Double(text), value.isFinite { return .number(value) }
    position = start
    throw failure("a number was expected")
  }

  private mutating func word() throws(ArchitectureError) -> String {
    skipSpace()
    let start = position
    while position < bytes.count, isLetter(bytes[position]) || (position > start && isDigit(bytes[position])) {
      position += 1
    }
    guard position > start else { throw failure("a name was expected") }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  private mutating func peek() -> UInt8? {
    skipSpace()
    return position < bytes.count ? bytes[position] : nil
  }

  private mutating func take(_ mark: Character) -> Bool {
    guard peek() == mark.asciiValue else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ mark: Character) throws(ArchitectureError) {
    guard take(mark) else { throw failure("“\(mark)” was expected") }
  }

  private mutating func skipSpace() {
    while position < bytes.count, bytes[position] == 0x20 || bytes[position] == 0x0A { position += 1 }
  }

  private func isLetter(_ byte: UInt8) -> Bool {
    (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x5F
  }

  private func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

  private func failure(_ reason: String) -> ArchitectureError {
    ArchitectureError(reason: reason, offset: position)
  }
}
