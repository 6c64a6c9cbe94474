import ApusTensor
import Testing

@testable import ApusData

@Suite struct IDXTests {
  static func file(_ type: UInt8, _ extents: [Int], _ content: [UInt8]) -> [UInt8] {
    var file: [UInt8] = [0, 0, type, UInt8(extents.count)]
    for extent in extents { file.appendBigEndian(UInt32(extent)) }
    return file + content
  }

  @Test func readsEveryType() throws {
    // As NumPy writes them: array.astype('>i2').tobytes() and so on.
    let cases: [(UInt8, [UInt8], [Double])] = [
      (0x08, [0, 200, 255], [0, 200, 255]),
      (0x09, [0, 0xC8, 0xFF], [0, -56, -1]),
      (0x0B, [0x12, 0x34, 0x80, 0x00, 0xFF, 0xFE], [4660, -32768, -2]),
      (0x0C, [0, 1, 0, 0, 0x80, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFD], [65536, -2_147_483_648, -3]),
      (0x0D, [0x3F, 0xC0, 0, 0, 0xC0, 0x20, 0, 0, 0x7F, 0x80, 0, 0], [1.5, -2.5, .infinity]),
      (
        0x0E, [0x3F, 0xF8] + [UInt8](repeating: 0, count: 6) + [0xC0, 4] + [UInt8](repeating: 0, count: 14),
        [1.5, -2.5, 0]
      ),
    ]
    for (type, content, expected) in cases {
      let idx = try IDXFile(IDXTests.file(type, [3], content))
      #expect(idx.elementType.rawValue == type)
      #expect(idx.dimensions == [3])
      #expect(idx.doubles == expected)
      #expect(idx.count == 3)
      #expect(idx.integers == (type < 0x0D ? expected.map { Int($0) } : nil))
      #expect(idx.encoded == IDXTests.file(type, [3], content))
      let tensor: Tensor<Double> = try idx.tensor()
      #expect(tensor.scalars == expected)
    }
  }

  @Test func readsEveryRank() throws {
    #expect(try IDXFile(IDXTests.file(8, [], [7])).doubles == [7])
    #expect(try IDXFile(IDXTests.file(8, [0, 28, 28], [])).count == 0)
    let cube = try IDXFile(IDXTests.file(8, [2, 1, 3], [1, 2, 3, 4, 5, 6]))
    #expect(try cube.tensor(as: Float.self).shape == [2, 1, 3])
    let many = try IDXFile(IDXTests.file(8, Array(repeating: 1, count: 255), [9]))
    #expect(many.dimensions.count == 255)
    #expect(dataError { () throws(DataError) in try many.tensor(as: Float.self) }?.kind == .unsupported)
  }

  @Test func readsCompressedFiles() throws {
    try withTemporaryDirectory { directory in
      let idx = IDXFile((0..<600).map { UInt8($0 % 251) }, dimensions: [6, 10, 10])
      for name in ["a.idx", "a.idx.gz"] {
        try idx.write(to: "\(directory)/\(name)")
        #expect(try IDXFile(path: "\(directory)/\(name)") == idx)
      }
      #expect(try FileAccess.read("\(directory)/a.idx.gz").starts(with: [0x1F, 0x8B]))
    }
  }

  @Test func absurdExtentsAreRefusedBeforeMemoryIsTaken() {
    for extents in [[0xFFFF_FFFF], [65536, 65536, 65536, 65536], [0xFFFF_FFFF, 0xFFFF_FFFF, 0xFFFF_FFFF]] {
      for file in [IDXTests.file(0x0E, extents, [1, 2, 3]), Gzip.compress(IDXTests.file(0x0E, extents, [1, 2, 3]))] {
        let error = dataError { () throws(DataError) in try IDXFile(file) }
        #expect(error?.kind == .truncated || error?.kind == .malformed)
      }
    }
  }

  @Test func moreOrLessThanAnnouncedIsRefused() {
    for count in [5, 7] {
      let file = IDXTests.file(8, [2, 3], [UInt8](repeating: 1, count: count))
      let error = dataError { () throws(DataError) in try IDXFile(file) }
      #expect(error?.kind == (count < 6 ? .truncated : .malformed))
      #expect(error?.position == .byte(12))
      #expect(dataError { () throws(DataError) in try IDXFile(Gzip.compress(file)) } != nil)
    }
    // A bomb behind an honest header is cut off at the header's word.
    let bomb = Gzip.compress(IDXTests.file(8, [3], [UInt8](repeating: 0, count: 1_000_000)))
    #expect(dataError { () throws(DataError) in try IDXFile(bomb) }?.kind == .malformed)
  }

  @Test func hostileBytesAreSafe() {
    let file = IDXTests.file(0x0B, [2, 3], (0..<12).map { UInt8($0) })
    expectSafe(file) { bytes throws(DataError) in _ = try IDXFile(bytes) }
    expectSafe(Gzip.compress(file)) { bytes throws(DataError) in _ = try IDXFile(bytes) }
    #expect(dataError { () throws(DataError) in try IDXFile([1, 2, 3, 4, 5]) }?.kind == .wrongFormat)
    #expect(dataError { () throws(DataError) in try IDXFile([0, 0, 0x0A, 0]) }?.kind == .wrongFormat)
    #expect(dataError { () throws(DataError) in try IDXFile([]) }?.kind == .truncated)
  }
}
