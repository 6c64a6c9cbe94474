import Foundation
import Testing

@testable import ApusCLI

@Suite struct JSONLineTests {
  private func parsed(_ line: JSONLine) throws -> Any {
    try JSONSerialization.jsonObject(with: Data("\(line)".utf8), options: .fragmentsAllowed)
  }

  @Test func membersKeepTheirOrder() {
    let line: JSONLine = ["b": .integer(1), "a": [.flag(true), .null], "c": "x"]
    #expect("\(line)" == #"{"b": 1, "a": [true, null], "c": "x"}"#)
  }

  @Test func everyCharacterSurvives() throws {
    var text = "quote \" backslash \\ é 字 🐦 \u{2028}"
    for scalar in 0..<0xA0 { text.unicodeScalars.append(Unicode.Scalar(UInt8(scalar))) }
    let line = JSONLine.object([.init(name: text, value: .text(text))])
    let result = try #require(try parsed(line) as? [String: String])
    #expect(result == [text: text])
    #expect(!"\(line)".contains { $0.isNewline })
  }

  @Test(arguments: [
    0, -0.0, 1, 0.1, 1e-9, 1.5e300, -2.5e-308, 123_456_789.125, Double.leastNonzeroMagnitude,
    Double.greatestFiniteMagnitude,
  ])
  func numbersKeepAllTheirDigits(number: Double) throws {
    let result = try #require(try parsed(.list([.number(number)])) as? [Double])
    #expect(result == [number])
  }

  @Test func whatIsNoNumberIsNull() {
    #expect("\(JSONLine.number(.nan))" == "null")
    #expect("\(JSONLine.number(-.infinity))" == "null")
  }
}
