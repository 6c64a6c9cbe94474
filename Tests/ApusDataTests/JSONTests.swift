import Testing

@testable import ApusData

@Suite struct JSONTests {
  @Test(
    arguments: [
      ("null", .null), (" true ", .bool(true)), ("false", .bool(false)), ("0", .integer(0)), ("-12", .integer(-12)),
      ("9223372036854775807", .integer(.max)), ("9223372036854775808", .number(9_223_372_036_854_775_808)),
      ("1.5e3", .number(1500)), ("-0.25", .number(-0.25)), ("1E-2", .number(0.01)), ("[]", .array([])),
      ("[1,[2],{}]", .array([.integer(1), .array([.integer(2)]), .object([])])),
      (#"{"a":1,"b":[true]}"#, .object([("a", .integer(1)), ("b", .array([.bool(true)]))])),
      (#""\"\\\/\b\f\n\r\t\u0041\u00e9\ud83d\ude00é""#, .string("\"\\/\u{8}\u{C}\n\r\tAé😀é")),
      ("\t\r\n [ 1 , 2 ] ", .array([.integer(1), .integer(2)])),
    ] as [(String, JSON)])
  func readsValues(text: String, expected: JSON) throws {
    let value = try JSON.parse(text)
    #expect(value == expected)
    #expect(try JSON.parse(value.text) == expected)
  }

  @Test(
    arguments: [
      "", " ", "nul", "tru", "01", "-", "1.", ".5", "1e", "+1", "[1,]", "[1 2]", "[", "{", #"{"a"}"#, #"{"a":}"#,
      #"{"a":1,}"#, "{a:1}", #"{"a":1,"a":2}"#, #"""#, #""\x""#, #""\u12""#, #""\ud800""#, #""\ud800\u0041""#,
      #""\udc00""#, "\"\n\"", "1 1", "NaN", "1e999", "[1]]", "'a'", "\u{FEFF}1",
    ])
  func refusesWhatIsNoJSON(text: String) {
    #expect(dataError { () throws(DataError) in try JSON.parse(text) } != nil)
  }

  @Test func bytesThatAreNoUTF8AreRefused() {
    for content in [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xC3]] as [[UInt8]] {
      let bytes = [0x22] + content + [0x22]
      bytes.withUnsafeBufferPointer { buffer in
        #expect(dataError { () throws(DataError) in try JSON.parse(buffer) } != nil)
      }
    }
  }

  @Test func nestingHasAnEnd() throws {
    func nested(_ depth: Int) -> String {
      String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    #expect(try JSON.parse(nested(JSON.maximumDepth)) != .null)
    #expect(dataError { () throws(DataError) in try JSON.parse(nested(100_000)) }?.kind == .malformed)
  }

  @Test func writesEscapes() {
    let value = JSON.object([("a\"b", .string("\u{1}\u{1F}\\\n/é")), ("n", .number(.nan)), ("x", .number(0.1))])
    #expect(value.text == #"{"a\"b":"\u0001\u001f\\\n/é","n":null,"x":0.1}"#)
  }

  @Test func errorsSayWhere() {
    let error = dataError { () throws(DataError) in try JSON.parse("[1, 2, x]") }
    #expect(error?.position == .byte(7))
    #expect(error?.found == "'x'")
  }
}
