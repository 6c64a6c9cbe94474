import Testing

@testable import ApusData

@Suite struct CSVTests {
  static func file(_ text: String, delimiter: Character = ",", hasHeader: Bool = false) throws(DataError) -> CSVFile {
    try CSVFile(Array(text.utf8), delimiter: delimiter, hasHeader: hasHeader)
  }

  static func rows(_ file: CSVFile) -> [[String]] { (0..<file.rowCount).map { file.row($0) } }

  @Test(
    arguments: [
      ("a,b\nc,d\n", [["a", "b"], ["c", "d"]]),
      ("a,b\r\nc,d", [["a", "b"], ["c", "d"]]),
      ("a,b\rc,d\r", [["a", "b"], ["c", "d"]]),
      ("\n\na,b\n\n\nc,d\n\n", [["a", "b"], ["c", "d"]]),
      ("\u{FEFF}a,b", [["a", "b"]]),
      (",\n,", [["", ""], ["", ""]]),
      ("\"a,1\",\"b\"\"c\"\"\",\"\"\n", [["a,1", "b\"c\"", ""]]),
      ("\"two\nlines\",\"three\r\n\r\nlines\"", [["two\nlines", "three\r\n\r\nlines"]]),
      ("a\"b,c", [["a\"b", "c"]]),
      ("é,日本", [["é", "日本"]]),
      ("", []),
      ("\n", []),
      ("\"\"", [[""]]),
    ] as [(String, [[String]])])
  func splitsFields(text: String, expected: [[String]]) throws {
    let file = try CSVTests.file(text)
    #expect(CSVTests.rows(file) == expected)
    #expect(file.rowCount == expected.count)
    #expect(file.columnCount == expected.first?.count ?? 0)
  }

  @Test func headersAndDelimiters() throws {
    let file = try CSVTests.file("x;\"y z\"\n1;2\n3; 4.5 \n", delimiter: ";", hasHeader: true)
    #expect(file.header == ["x", "y z"])
    #expect(file.rowCount == 2)
    #expect(try file.numbers(column: "y z") == [2, 4.5])
    #expect(try file.matrix(columns: [1, 0]) == [2, 1, 4.5, 3])
    #expect(try CSVTests.file("1\t2\n", delimiter: "\t").row(0) == ["1", "2"])
    let error = dataError { () throws(DataError) in try file.numbers(column: "z") }
    #expect(error?.kind == .missing)
    #expect(try CSVTests.file("x,y\n", hasHeader: true).rowCount == 0)
    #expect(try CSVTests.file("", hasHeader: true).header == [])
  }

  @Test func errorsNameTheLine() throws {
    let fields = dataError { () throws(DataError) in try CSVTests.file("a,b\n\n\"c\nc\",d\ne\n") }
    #expect(fields?.position == .line(5))
    #expect(fields?.kind == .malformed)
    let open = dataError { () throws(DataError) in try CSVTests.file("a\n\"b\nc") }
    #expect(open?.kind == .truncated)
    #expect(open?.position == .line(2))
    let after = dataError { () throws(DataError) in try CSVTests.file("\"a\"b,c") }
    #expect(after?.position == .line(1))
    let file = try CSVTests.file("n\n1\n\n\"two\"\n", hasHeader: true)
    let number = dataError { () throws(DataError) in try file.numbers(column: 0) }
    #expect(number?.position == .line(4))
    #expect(number?.found == "\"two\"")
  }

  @Test func classesAreInOrder() throws {
    let file = try CSVTests.file("10,b\n9,a\n10,c\n1,a\n")
    #expect(file.classes(column: 0).names == ["1", "9", "10"])
    #expect(file.classes(column: 0).targets == [2, 1, 2, 0])
    #expect(file.classes(column: 1).names == ["a", "b", "c"])
    #expect(file.classes(column: 1).targets == [1, 0, 2, 0])
  }

  @Test func hostileBytesAreSafe() {
    let text = "a,\"b\"\"\r\n\",c\r\n1,2,3\r\n\"\",\u{E9},\n"
    expectSafe(Array(text.utf8)) { bytes throws(DataError) in
      let file = try CSVFile(bytes)
      for row in 0..<file.rowCount { _ = file.row(row) }
      if file.columnCount > 0 { _ = try file.numbers(column: 0) }
    }
  }
}
