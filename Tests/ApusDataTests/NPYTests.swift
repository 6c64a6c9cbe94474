import ApusTensor
import Testing

@testable import ApusData

@Suite struct NPYTests {
  /// A file of a header's text, as NumPy lays it out, and content.
  private func file(_ text: String, _ content: [UInt8], version: UInt8 = 1) -> [UInt8] {
    let length = text.utf8.count
    let size = version == 1 ? 2 : 4
    return NPYHeader.magic + [version, 0] + (0..<size).map { UInt8(length >> (8 * $0) & 255) } + Array(text.utf8)
      + content
  }

  private func header(_ descr: String, _ shape: String, fortran: Bool = false) -> String {
    "{'descr': '\(descr)', 'fortran_order': \(fortran ? "True" : "False"), 'shape': (\(shape)), }   \n"
  }

  @Test(arguments: [1, 2, 3] as [UInt8]) func everyVersion(version: UInt8) throws {
    let array = try NPYFile(file(header("|u1", "2, 3"), [1, 2, 3, 4, 5, 6], version: version))
    #expect(array.shape == [2, 3] && array.bytes == [1, 2, 3, 4, 5, 6] && array.elementType == .uint8)
  }

  @Test func ordersOfBytesAndExtents() throws {
    let big = try NPYFile(file(header(">i2", "2,"), [1, 2, 0xFF, 0xFE]))
    #expect(try big.integers().values == [258, -2])
    // Columns first: [[1, 2, 3], [4, 5, 6]] lies as 1 4 2 5 3 6.
    let columns = try NPYFile(file(header("|i1", "2, 3", fortran: true), [1, 4, 2, 5, 3, 6]))
    #expect(columns.bytes == [1, 2, 3, 4, 5, 6])
    let cube = try NPYFile(file(header("|u1", "2, 2, 2", fortran: true), [0, 4, 2, 6, 1, 5, 3, 7]))
    #expect(cube.bytes == [0, 1, 2, 3, 4, 5, 6, 7])
    let scalar = try NPYFile(file(header("<f8", ""), [0, 0, 0, 0, 0, 0, 0xF0, 0x3F]))
    #expect(scalar.shape == [])
    #expect(try scalar.tensor(Double.self).item == 1)
  }

  @Test func writtenFilesAreRead() throws {
    let tensor = Tensor<Float>([1, -2, 3.5, 0, 65504, 0.25], shape: [3, 2])
    for type in [nil, .float16, .float64] as [Safetensors.ElementType?] {
      let encoded = NPYFile(tensor, as: type).encoded
      #expect(encoded.count % 2 == 0 && encoded.starts(with: NPYHeader.magic + [1, 0]))
      let read = try NPYFile(encoded)
      #expect(try read.shape == [3, 2] && read.tensor(Float.self).scalars == tensor.scalars)
      // The numbers begin at a multiple of 64.
      #expect((encoded.count - 6 * read.elementType.size) % 64 == 0)
    }
    let integers = try NPYFile(NPYFile(IndexTensor([1, -5], shape: [2])).encoded)
    #expect(try integers.integers().values == [1, -5])
  }

  @Test func hostileFilesAreRefused() throws {
    expectSafe(file(header("<f4", "2, 2"), [UInt8](repeating: 7, count: 16))) { bytes throws(DataError) in
      _ = try NPYFile(bytes)
    }
    let cases: [(String, DataError.Kind)] = [
      ("{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807, 9), }", .truncated),
      ("{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296, 4294967296), }", .truncated),
      ("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }", .malformed),
      ("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", .malformed),
      ("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", .unsupported),
      ("{'descr': '<U5', 'fortran_order': False, 'shape': (1,), }", .unsupported),
      ("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", .unsupported),
      ("{'descr': '<f4', 'fortran_order': False}", .malformed),
      ("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': ()}", .malformed),
      ("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} + 1", .malformed),
      (String(repeating: "(", count: 4000), .malformed),
    ]
    for (text, kind) in cases {
      let error = dataError { () throws(DataError) in try NPYFile(file(text, [])) }
      #expect(error?.kind == kind, "\(text.prefix(60)): \(error.map(String.init(describing:)) ?? "accepted")")
    }
    let long = NPYHeader.magic + [2, 0, 0xFF, 0xFF, 0xFF, 0x7F]
    #expect(dataError { () throws(DataError) in try NPYFile(long) }?.kind == .tooLarge)
  }

  @Test func archives() throws {
    var archive = NPZFile()
    archive["x"] = NPYFile(Tensor<Float>([1, 2, 3]))
    archive["labels"] = NPYFile([7, 8], shape: [2])
    let encoded = try archive.encoded()
    #expect(try NPZFile(encoded) == archive)
    expectSafe(encoded) { bytes throws(DataError) in _ = try NPZFile(bytes) }
    var broken = encoded
    let place = try #require(broken.indices.first { Array(broken[$0...].prefix(5)) == Array("NUMPY".utf8) })
    broken[place + 70] ^= 1
    #expect(dataError { () throws(DataError) in try NPZFile(broken) }?.kind == .checksum)
    archive["x"] = nil
    #expect(archive.entries.map(\.name) == ["labels"])
  }
}
