import ApusTensor
import Testing

@testable import ApusData

@Suite struct GzipTests {
  /// Contents of many kinds: empty, short, repetitive, random, skewed, with long matches and far ones.
  static let contents: [[UInt8]] = {
    var random = Random(seed: 7)
    let noise = (0..<70_000).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    let skewed = (0..<50_000).map { _ in UInt8(random.next().leadingZeroBitCount) }
    let words = (0..<8000).flatMap { _ in Array("word\(random.integer(below: 50)) ".utf8) }
    return [
      [], [0], [1, 2], [7, 7, 7], Array(0...255), [UInt8](repeating: 65, count: 100_000), noise, skewed, words,
      Array(noise[..<33_000]) + Array(noise[..<33_000]), Array(repeating: [1, 2, 3, 4, 5], count: 999).flatMap { $0 },
    ]
  }()

  @Test(arguments: contents.indices)
  func whatIsCompressedDecompresses(index: Int) throws {
    let content = GzipTests.contents[index]
    #expect(try Gzip.decompress(Gzip.compress(content)) == content)
    #expect(try Zlib.decompress(Zlib.compress(content)) == content)
  }

  @Test func compressionShrinksWhatRepeats() {
    #expect(Gzip.compress(GzipTests.contents[5]).count < 1000)
    #expect(Gzip.compress(GzipTests.contents[8]).count < GzipTests.contents[8].count / 2)
  }

  @Test func readsMembersWithEveryHeaderField() throws {
    #expect(try Gzip.decompress(base64(Fixtures.gzip)) == Fixtures.gzipText + Fixtures.gzipText)
  }

  @Test func anyChangeIsNoticed() {
    // One member without optional fields: magic, method and flags are checked, the CRC and the size guard the rest. The
    // time stamp and the system (bytes 4 to 9) are free.
    let file = Gzip.compress(Array("anyone can edit a file, anyone can cut it off".utf8))
    for length in 0..<file.count {
      #expect(dataError { () throws(DataError) in try Gzip.decompress(Array(file[..<length])) } != nil)
    }
    let content = try? Gzip.decompress(file)
    for place in file.indices where !(4...9).contains(place) {
      for bit in 0..<8 {
        var changed = file
        changed[place] ^= 1 << UInt8(bit)
        // A bit after the end of the deflate stream, up to the byte's end, says nothing.
        if let other = try? Gzip.decompress(changed) { #expect(other == content, "byte \(place), bit \(bit)") }
      }
    }
  }

  @Test func hostileBytesAreSafe() {
    expectSafe(base64(Fixtures.gzip)) { bytes throws(DataError) in _ = try Gzip.decompress(bytes, limit: 1 << 20) }
    var random = Random(seed: 3)
    for _ in 0..<3000 {
      let count = random.integer(below: 60)
      let noise = (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      _ = try? Gzip.decompress([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0] + noise, limit: 1 << 16)
      _ = try? Zlib.decompress([0x78, 0x01] + noise, limit: 1 << 16)
      _ = try? Zlib.decompress([0x78, 0x01, 0x05] + noise, limit: 1 << 16)  // a dynamic block
    }
  }

  @Test func aBombStopsAtTheLimit() throws {
    let bomb = Gzip.compress([UInt8](repeating: 0, count: 3_000_000))
    for limit in [0, 1, 2, 3, 100, 4096, 2_999_999] {
      let error = dataError { () throws(DataError) in try Gzip.decompress(bomb, limit: limit) }
      #expect(error?.kind == .tooLarge, "limit \(limit)")
    }
    #expect(try Gzip.decompress(bomb, limit: 3_000_000).count == 3_000_000)
  }

  @Test func theBeginningComesWithoutTheRest() throws {
    for content in GzipTests.contents {
      let file = Gzip.compress(content)
      for count in [0, 1, 3, 16, 1024] {
        #expect(try Gzip.prefix(file, count: count) == Array(content.prefix(count)))
      }
    }
  }

  /// Blocks that break one rule each, as bits in the order of the stream.
  @Test(
    arguments: [
      ("block type 3", "111", DataError.Kind.malformed),
      ("a stored length without its complement", "100" + "00000" + String(repeating: "0", count: 40), .malformed),
      ("a distance before the start", "110" + "0000001" + "00000" + "0000000", .malformed),
      (
        "the distance code 30", "110" + "00110000" + "0000001" + "11110" + String(repeating: "0", count: 80), .malformed
      ),
      ("the length code 286", "110" + "11000110" + String(repeating: "0", count: 80), .malformed),
      ("no end", "110" + "00110000", .truncated),
      ("287 literal codes", "101" + "01111" + "00000" + "0000" + String(repeating: "0", count: 80), .malformed),
      ("31 distance codes", "101" + "00000" + "01111" + "0000" + String(repeating: "0", count: 80), .malformed),
      ("no code lengths", "101" + "00000" + "00000" + "0000" + String(repeating: "0", count: 80), .malformed),
      (
        "too many short codes",
        "101" + "00000" + "00000" + "0000" + "100" + "100" + "100" + "000" + String(repeating: "0", count: 80),
        .malformed
      ),
    ] as [(String, String, DataError.Kind)])
  func brokenBlocksAreRefused(name: String, bits: String, kind: DataError.Kind) {
    var stream: [UInt8] = [0x78, 0x01]
    var place = 0
    for bit in bits.utf8 {
      if place % 8 == 0 { stream.append(0) }
      if bit == UInt8(ascii: "1") { stream[stream.count - 1] |= 1 << UInt8(place % 8) }
      place += 1
    }
    let error = dataError { () throws(DataError) in try Zlib.decompress(stream) }
    #expect(error?.kind == kind, "\(name): \(error.map { "\($0)" } ?? "accepted")")
  }

  @Test func otherFormatsAreNamed() {
    let text = dataError { () throws(DataError) in try Gzip.decompress(Array("PK\u{3}\u{4} zip".utf8)) }
    #expect(text?.kind == .wrongFormat)
    #expect(text?.position == .byte(0))
    let dictionary = dataError { () throws(DataError) in try Zlib.decompress([0x78, 0x20, 0, 0, 0, 0]) }
    #expect(dictionary?.kind == .unsupported)
    var trailing = Gzip.compress([1, 2, 3])
    trailing += Array("rest".utf8)
    let error = dataError { () throws(DataError) in try Gzip.decompress(trailing) }
    #expect(error?.kind == .malformed)
    #expect(error?.position == .byte(trailing.count - 4))
  }

  @Test func checksumsAreKnownValues() {
    let digits = Array("123456789".utf8)
    #expect(CRC32.checksum(digits) == 0xCBF4_3926)
    #expect(CRC32.checksum([]) == 0)
    #expect(digits.withUnsafeBufferPointer { Adler32.checksum($0) } == 0x091E_01DE)
    let long = [UInt8](repeating: 255, count: 100_000)
    long.withUnsafeBufferPointer { all in
      let first = UnsafeBufferPointer(rebasing: all[..<33_333])
      let rest = UnsafeBufferPointer(rebasing: all[33_333...])
      #expect(CRC32.checksum(rest, after: CRC32.checksum(first)) == CRC32.checksum(all))
      var low = 1
      var high = 0
      for byte in all {
        low = (low + Int(byte)) % 65521
        high = (high + low) % 65521
      }
      #expect(Adler32.checksum(all) == UInt32(high << 16 | low))
    }
  }
}
