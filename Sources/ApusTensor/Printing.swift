// Tensors as NumPy prints them: numbers aligned in columns, all with as many digits as the one that needs most, large
// tensors with only their corners, and powers of ten where plain digits would be too many.

extension Tensor: CustomStringConvertible {
  /// The elements as NumPy prints them: up to eight decimals, and of more than 1000 elements only three at each end of a
  /// dimension.
  public var description: String {
    if rank == 0 { return "\(item)" }
    return NumberGrid(shape: shape, threshold: 1000, edge: 3).text { chosen in
      let values = withUnsafeScalars { scalars in chosen.map { Double(scalars[$0]) } }
      return alignedTexts(values, shortest: withUnsafeScalars { scalars in chosen.map { "\(scalars[$0])" } })
    }
  }
}

extension IndexTensor: CustomStringConvertible {
  /// The integers as NumPy prints them.
  public var description: String {
    if rank == 0 { return "\(item)" }
    return NumberGrid(shape: shape, threshold: 1000, edge: 3).text { chosen in
      let texts = chosen.map { "\(values[$0])" }
      let width = texts.map(\.count).max() ?? 0
      return texts.map { leftPadded($0, width) }
    }
  }
}

extension Tensor: CustomDebugStringConvertible {
  /// The elements, with shape and scalar type.
  public var debugDescription: String { "Tensor<\(Scalar.self)>(shape: \(shape))\n\(description)" }
}

/// Which elements of a grid are printed, and the brackets around them.
private struct NumberGrid {
  let shape: Shape
  /// The positions that are shown along each dimension; nil for the dots in place of those that are not.
  private let shown: [[Int?]]

  init(shape: Shape, threshold: Int, edge: Int) {
    self.shape = shape
    let isLarge = shape.elementCount > threshold
    shown = shape.map { extent in
      guard isLarge && extent > 2 * edge else { return Array(0..<extent) }
      return Array(0..<edge) + [nil] + Array(extent - edge..<extent)
    }
  }

  /// - Parameter texts: Given the places of the shown elements in row-major order, their texts, all of one width.
  func text(_ texts: (_ chosen: [Int]) -> [String]) -> String {
    if shape.elementCount == 0 { return "[]" }
    var chosen: [Int] = []
    collect(0, 0, into: &chosen)
    var remaining = texts(chosen)[...]
    return line(0, &remaining)
  }

  private func collect(_ axis: Int, _ start: Int, into places: inout [Int]) {
    for case let position? in shown[axis] {
      let place = start * shape[axis] + position
      if axis == shape.rank - 1 { places.append(place) } else { collect(axis + 1, place, into: &places) }
    }
  }

  private func line(_ axis: Int, _ texts: inout ArraySlice<String>) -> String {
    let indent = String(repeating: " ", count: axis + 1)
    guard axis == shape.rank - 1 else {
      // A blank line for each dimension that ends.
      let gap = String(repeating: "\n", count: shape.rank - 1 - axis) + indent
      return "[" + shown[axis].map { $0 == nil ? "..." : line(axis + 1, &texts) }.joined(separator: gap) + "]"
    }
    var lines = [""]
    for position in shown[axis] {
      let item = position == nil ? "..." : texts.removeFirst()
      let current = lines[lines.count - 1]
      // NumPy's line: 75 characters, with room for the brackets. What breaks loses its blanks at the end.
      if !current.isEmpty && indent.count + current.count + 1 + item.count > 75 - shape.rank {
        while lines[lines.count - 1].last == " " { lines[lines.count - 1].removeLast() }
        lines.append(item)
      } else {
        lines[lines.count - 1] = current.isEmpty ? item : current + " " + item
      }
    }
    return "[" + lines.joined(separator: "\n" + indent) + "]"
  }
}

/// Texts of one width for numbers that are printed together.
///
/// - Parameters:
///   - values: The numbers.
///   - shortest: For each the shortest text that reads back as the same number, as Swift prints it.
private func alignedTexts(_ values: [Double], shortest: [String]) -> [String] {
  let finite = values.filter(\.isFinite)
  let sizes = finite.filter { $0 != 0 }.map { abs($0) }
  let (least, most) = (sizes.min() ?? 1, sizes.max() ?? 1)
  let needsPowers = most >= 1e8 || least < 1e-4 || most / least > 1000
  let digits = shortest.map(DecimalDigits.init)
  let texts: [String]
  if needsPowers {
    let places = zip(values, digits).map { $0.isFinite ? min($1.significant.count - 1, 8) : 0 }.max() ?? 0
    texts = zip(values, digits).map {
      $0.isFinite ? $1.rounded(toSignificant: places + 1).scientific(places) : name($0)
    }
  } else {
    let rounded = digits.map { $0.rounded(toPlaces: 8) }
    let places = zip(values, rounded).map { $0.isFinite ? $1.placesAfterPoint : 0 }.max() ?? 0
    texts = zip(values, rounded).map { $0.isFinite ? $1.plain(places) : name($0) }
  }
  let width = texts.map(\.count).max() ?? 0
  // NumPy pads behind the point with blanks, so that the points stand below each other.
  return texts.map { leftPadded($0, width) }
}

private func name(_ value: Double) -> String { value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }

private func leftPadded(_ text: String, _ width: Int) -> String {
  String(repeating: " ", count: max(0, width - text.count)) + text
}

/// A decimal number as sign, digits and the power of ten of the first digit: d.ddd · 10ᵉ.
private struct DecimalDigits {
  var isNegative: Bool
  var significant: [UInt8]
  var exponent: Int

  /// Reads what Swift prints: `-12.5`, `1e-05`, `3.0e+20`.
  init(_ text: String) {
    isNegative = text.hasPrefix("-")
    let parts = text.drop { $0 == "-" }.split(separator: "e")
    let number = (parts.first ?? "0").split(separator: ".", omittingEmptySubsequences: false)
    let whole = number[0].utf8.map { $0 &- 48 }
    let fraction = number.count > 1 ? number[1].utf8.map { $0 &- 48 } : []
    exponent = whole.count - 1 + (parts.count > 1 ? Int(parts[1]) ?? 0 : 0)
    significant = whole + fraction
    trim()
  }

  /// Takes zeros off both ends; zero keeps one digit.
  private mutating func trim() {
    while significant.count > 1 && significant[0] == 0 {
      significant.removeFirst()
      exponent -= 1
    }
    while significant.count > 1 && significant[significant.count - 1] == 0 { significant.removeLast() }
    if significant == [0] { exponent = 0 }
  }

  var placesAfterPoint: Int { max(0, significant.count - 1 - exponent) }

  func rounded(toPlaces places: Int) -> DecimalDigits { rounded(toSignificant: exponent + 1 + places) }

  /// At most `count` digits, rounded half up: the digits are the shortest ones anyway.
  func rounded(toSignificant count: Int) -> DecimalDigits {
    if count >= significant.count { return self }
    var result = self
    if count < 0 {
      result.significant = [0]
      result.trim()
      return result
    }
    let roundsUp = significant[count] >= 5
    result.significant = [0] + significant[..<count]
    result.exponent += 1
    var place = count
    while roundsUp {
      result.significant[place] += 1
      if result.significant[place] < 10 { break }
      result.significant[place] = 0
      place -= 1
    }
    result.trim()
    return result
  }

  private func digit(atPower power: Int) -> Character {
    let index = exponent - power
    let value = index >= 0 && index < significant.count ? significant[index] : 0
    return Character(UnicodeScalar(48 + value))
  }

  /// Digits with a point, zeros at the end left out and their room kept, as NumPy does.
  func plain(_ places: Int) -> String {
    var text = isNegative ? "-" : ""
    for power in stride(from: max(exponent, 0), through: 0, by: -1) { text.append(digit(atPower: power)) }
    text += "."
    let own = placesAfterPoint
    for place in 0..<places { text.append(place < own ? digit(atPower: -1 - place) : " ") }
    return text
  }

  /// d.ddd e±dd, with all digits.
  func scientific(_ places: Int) -> String {
    var text = isNegative ? "-" : ""
    text.append(digit(atPower: exponent))
    text += "."
    for place in 0..<places { text.append(digit(atPower: exponent - 1 - place)) }
    let size = abs(exponent)
    return text + "e" + (exponent < 0 ? "-" : "+") + (size < 10 ? "0\(size)" : "\(size)")
  }
}
