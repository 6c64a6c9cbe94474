import ApusTensor
import Testing

@testable import ApusData

@Suite struct ImageFileTests {
  @Test(arguments: PNGFixtures.cases)
  func readsEveryKindOfPNG(fixture: PNGFixtures.Case) throws {
    let image = try GreyImage(base64(fixture.file))
    #expect(image.width == fixture.width)
    #expect(image.height == fixture.height)
    let expected = base64(fixture.grey)
    try #require(expected.count == 2 * image.pixels.count)
    for (place, pixel) in image.pixels.enumerated() {
      let grey = Float(Int(expected[2 * place]) << 8 | Int(expected[2 * place + 1])) / 65535
      #expect(abs(pixel - grey) < 2e-5, "pixel \(place)")
    }
  }

  @Test func readsAndWritesAsPillowDoes() throws {
    let image = try GreyImage(base64(PNGFixtures.pillow))
    #expect(image.bytes == base64(PNGFixtures.pillowPixels))
    #expect(image.width == 11)
    #expect(try GreyImage(image.png) == image)
    #expect(try GreyImage(image.pgm) == image)
    try withTemporaryDirectory { directory in
      for name in ["a.png", "a.pgm"] {
        try image.write(to: "\(directory)/\(name)")
        #expect(try GreyImage(path: "\(directory)/\(name)") == image)
      }
    }
    #expect(image.tensor.shape == [1, 12, 11])
  }

  @Test func theBackgroundShowsThrough() throws {
    let fixture = try #require(PNGFixtures.cases.first { $0.name == "type4-depth8" })
    let white = try GreyImage(base64(fixture.file))
    let black = try GreyImage(base64(fixture.file), background: 0)
    #expect(white != black)
    for (a, b) in zip(white.pixels, black.pixels) { #expect(a >= b - 1e-6) }
  }

  @Test(
    arguments: [
      ("P2\n# a comment\n3 2 # another\n4\n0 1 2\n3 4 0\n", [0, 0.25, 0.5, 0.75, 1, 0]),
      ("P2 3 2 255 0 0 0 255 255 255", [0, 0, 0, 1, 1, 1]),
    ] as [(String, [Float])])
  func readsPlainPGM(text: String, expected: [Float]) throws {
    let image = try GreyImage(Array(text.utf8))
    #expect(image.width == 3 && image.height == 2)
    #expect(image.pixels == expected)
  }

  @Test func readsBinaryPGM() throws {
    #expect(try GreyImage(Array("P5 2 1 100\n".utf8) + [50, 100]).pixels == [0.5, 1])
    #expect(try GreyImage(Array("P5 2 1 65535\n".utf8) + [0xFF, 0xFF, 0, 0]).pixels == [1, 0])
  }

  @Test(
    arguments: [
      ("P5 2 1 100\n", DataError.Kind.truncated), ("P2 2 1 100\n5", .truncated), ("P2 2 1 100\n5 x", .malformed),
      ("P2 2 1 100\n5 101", .malformed), ("P5 0 1 100\n", .malformed), ("P5 1 1 0\n1", .malformed),
      ("P5 1 1 65536\n1", .malformed), ("P5 99999999999999999999 1 255\n", .malformed),
      ("P5 4000000000 4000000000 255\n", .tooLarge), ("P2 30000 2000 255\n1 2 3", .truncated), ("P5", .truncated),
      ("P5 -1 1 255\n", .malformed), ("P6 1 1 255\nabc", .unsupported), ("GIF89a", .wrongFormat), ("", .wrongFormat),
    ] as [(String, DataError.Kind)])
  func refusesBrokenPGM(text: String, kind: DataError.Kind) {
    #expect(dataError { () throws(DataError) in try GreyImage(Array(text.utf8)) }?.kind == kind)
  }

  /// A PNG of a header and chunks, with right checksums.
  static func png(
    _ width: Int, _ height: Int, depth: UInt8 = 8, color: UInt8 = 0, interlace: UInt8 = 0,
    chunks: [(String, [UInt8])]
  ) -> [UInt8] {
    var header: [UInt8] = []
    header.appendBigEndian(UInt32(width))
    header.appendBigEndian(UInt32(height))
    header += [depth, color, 0, 0, interlace]
    var file = PNGHeader.signature
    for (type, content) in [("IHDR", header)] + chunks + [("IEND", [])] {
      file.appendBigEndian(UInt32(content.count))
      file += Array(type.utf8) + content
      file.appendBigEndian(CRC32.checksum(Array(type.utf8) + content))
    }
    return file
  }

  @Test func refusesBrokenPNG() throws {
    let pixels = ("IDAT", Zlib.compress([0, 7]))
    #expect(try GreyImage(ImageFileTests.png(1, 1, chunks: [pixels])).bytes == [7])
    let cases: [(String, [UInt8], DataError.Kind)] = [
      ("no pixels", ImageFileTests.png(1, 1, chunks: []), .malformed),
      ("too few pixels", ImageFileTests.png(2, 1, chunks: [pixels]), .truncated),
      ("too many pixels", ImageFileTests.png(1, 1, chunks: [("IDAT", Zlib.compress([0, 7, 0]))]), .tooLarge),
      ("huge", ImageFileTests.png(0x7FFF_FFFF, 0x7FFF_FFFF, chunks: [pixels]), .tooLarge),
      ("large for its bytes", ImageFileTests.png(8000, 8000, chunks: [pixels]), .truncated),
      ("empty", ImageFileTests.png(0, 1, chunks: [pixels]), .malformed),
      ("depth 3", ImageFileTests.png(1, 1, depth: 3, chunks: [pixels]), .malformed),
      ("colour type 5", ImageFileTests.png(1, 1, color: 5, chunks: [pixels]), .malformed),
      ("interlace 2", ImageFileTests.png(1, 1, interlace: 2, chunks: [pixels]), .unsupported),
      ("filter 5", ImageFileTests.png(1, 1, chunks: [("IDAT", Zlib.compress([5, 7]))]), .malformed),
      ("no palette", ImageFileTests.png(1, 1, color: 3, chunks: [pixels]), .malformed),
      ("beyond the palette", ImageFileTests.png(1, 1, color: 3, chunks: [("PLTE", [1, 2, 3]), pixels]), .malformed),
      ("odd palette", ImageFileTests.png(1, 1, color: 3, chunks: [("PLTE", [1, 2]), pixels]), .malformed),
      ("palette after pixels", ImageFileTests.png(1, 1, chunks: [pixels, ("PLTE", [1, 2, 3])]), .malformed),
      ("pixels apart", ImageFileTests.png(1, 1, chunks: [pixels, ("tEXt", []), pixels]), .malformed),
      ("long tRNS", ImageFileTests.png(1, 1, chunks: [("tRNS", [1, 2, 3]), pixels]), .malformed),
      ("unknown critical chunk", ImageFileTests.png(1, 1, chunks: [("ABCD", []), pixels]), .unsupported),
      ("no zlib", ImageFileTests.png(1, 1, chunks: [("IDAT", [1, 2, 3, 4, 5, 6])]), .wrongFormat),
    ]
    for (name, file, kind) in cases {
      let error = dataError { () throws(DataError) in try GreyImage(file) }
      #expect(error?.kind == kind, "\(name): \(error.map { "\($0)" } ?? "accepted")")
      #expect(error?.position != nil, "\(name)")
    }
  }

  @Test func hostileBytesAreSafe() throws {
    for name in ["type3-depth2-interlaced", "type6-depth8", "type3-depth4-transparent"] {
      let fixture = try #require(PNGFixtures.cases.first { $0.name == name })
      expectSafe(base64(fixture.file), isGuarded: true) { bytes throws(DataError) in _ = try GreyImage(bytes) }
    }
    for text in ["P2 3 2 9\n0 1 2 3 4 5\n", "P5 3 2 99\nabcdef"] {
      expectSafe(Array(text.utf8)) { bytes throws(DataError) in _ = try GreyImage(bytes) }
    }
  }
}
