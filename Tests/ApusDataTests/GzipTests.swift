import Testing

@testable import ApusData

@Suite struct GzipTests {
  @Test func emptyInputIsTruncated() {
    #expect(throws: DataError.self) { try Gzip.decompress([]) }
  }
}
