/// The gzip file format, RFC 1952.
public enum Gzip {
  /// The decompressed size up to which `decompress` goes when its caller names no other: 4 GiB.
  public static let defaultLimit = 1 << 32

  /// Whether the bytes begin as a gzip file does: 1F 8B.
  public static func isGzip(_ bytes: [UInt8]) -> Bool {
    bytes.count >= 2 && bytes[0] == 0x1F && bytes[1] == 0x8B
  }

  /// The content of a gzip file.
  ///
  /// Every member of a file of several is decoded, one after the other; the header's optional fields are checked and
  /// skipped; the size and the CRC-32 of each member must fit. Zero bytes after the last member are padding.
  ///
  /// Memory grows with what is decoded, so a file that promises much and holds little costs little.
  ///
  /// - Parameter limit: bytes of content at most.
  /// - Throws: `DataError`: `wrongFormat`, `truncated`, `malformed`, `unsupported`, `checksum`, or `tooLarge` past
  ///   `limit`.
  public static func decompress(_ bytes: [UInt8], limit: Int = defaultLimit) throws(DataError) -> [UInt8] {
    try bytes.withUnsafeBufferPointer { buffer throws(DataError) in
      let output = InflateOutput(limit: limit, hint: sizeHint(buffer))
      try decompress(buffer, into: output)
      return output.takeBytes()
    }
  }

  /// The first `count` bytes of the content, fewer when the content is shorter or breaks off; nothing is verified.
  static func prefix(_ bytes: [UInt8], count: Int) throws(DataError) -> [UInt8] {
    try bytes.withUnsafeBufferPointer { buffer throws(DataError) in
      let output = InflateOutput(limit: count, hint: count)
      do throws(DataError) {
        try decompress(buffer, into: output)
      } catch {
        guard output.count > 0 || error.kind == .tooLarge else { throw error }
      }
      return output.takeBytes()
    }
  }

  /// The content in a gzip file.
  ///
  /// The result depends on the content alone: no time stamp is stored.
  public static func compress(_ bytes: [UInt8]) -> [UInt8] {
    bytes.withUnsafeBufferPointer { buffer in
      var result: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255]
      result += Deflate.compress(buffer)
      result.appendLittleEndian(CRC32.checksum(buffer))
      result.appendLittleEndian(UInt32(truncatingIfNeeded: buffer.count))
      return result
    }
  }

  /// The size that the last four bytes promise, when deflate can reach it (1 : 1032 at best).
  private static func sizeHint(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
    guard bytes.count >= 18 else { return 0 }
    let end = bytes.count
    let promise =
      Int(bytes[end - 4]) | Int(bytes[end - 3]) << 8 | Int(bytes[end - 2]) << 16 | Int(bytes[end - 1]) << 24
    // Room far beyond the usual ratio is taken only as the content really comes.
    return min(promise, bytes.count.multipliedReportingOverflow(by: 16).partialValue)
  }

  private static func decompress(
    _ bytes: UnsafeBufferPointer<UInt8>, into output: InflateOutput
  ) throws(DataError) {
    var reader = ByteReader(bytes)
    repeat {
      try readHeader(&reader)
      let memberStart = output.count
      var inflate = Inflate(bytes, at: reader.position)
      do throws(InflateFault) {
        try inflate.decode(into: output)
      } catch {
        throw DataError(error, at: inflate.position, limit: output.limit)
      }
      reader = ByteReader(bytes, at: inflate.position)
      let content = UnsafeBufferPointer(start: output.start + memberStart, count: output.count - memberStart)
      let checkPosition = reader.position
      let check = try reader.littleEndian32("CRC-32")
      let computed = CRC32.checksum(content)
      guard check == computed else {
        throw DataError(
          .checksum, at: .byte(checkPosition), expected: "CRC-32 \(hexadecimal(computed)) of the content",
          found: hexadecimal(check))
      }
      let sizePosition = reader.position
      let size = try reader.littleEndian32("size of the content")
      guard size == UInt32(truncatingIfNeeded: content.count) else {
        throw DataError(
          .checksum, at: .byte(sizePosition), expected: "size \(content.count) modulo 2³²", found: "\(size)")
      }
    } while !isPadding(bytes, from: reader.position)
  }

  /// Whether nothing but zeros follows.
  private static func isPadding(_ bytes: UnsafeBufferPointer<UInt8>, from position: Int) -> Bool {
    bytes[position...].allSatisfy { $0 == 0 }
  }

  private static func readHeader(_ reader: inout ByteReader) throws(DataError) {
    let start = reader.position
    let magic = try reader.littleEndian16("gzip magic number")
    guard magic == 0x8B1F else {
      throw DataError(
        start == 0 ? .wrongFormat : .malformed, at: .byte(start), expected: "1F 8B, the start of a gzip member",
        found: hexadecimal(UInt32(magic.byteSwapped)))
    }
    let method = try reader.byte("compression method")
    guard method == 8 else {
      throw DataError(.unsupported, at: .byte(start + 2), expected: "method 8 (deflate)", found: "\(method)")
    }
    let flags = try reader.byte("flags")
    guard flags & 0xE0 == 0 else {
      throw DataError(.unsupported, at: .byte(start + 3), expected: "reserved flags 0", found: "\(flags)")
    }
    _ = try reader.take(6, "time, flags, system")
    if flags & 4 != 0 {
      let length = try reader.littleEndian16("length of the extra field")
      _ = try reader.take(Int(length), "extra field")
    }
    if flags & 8 != 0 { try skipText(&reader, "file name") }
    if flags & 16 != 0 { try skipText(&reader, "comment") }
    if flags & 2 != 0 {
      let position = reader.position
      let computed = CRC32.checksum(UnsafeBufferPointer(rebasing: reader.bytes[start..<position])) & 0xFFFF
      let check = try reader.littleEndian16("CRC-16 of the header")
      guard UInt32(check) == computed else {
        throw DataError(
          .checksum, at: .byte(position), expected: "CRC-16 \(computed) of the header", found: "\(check)")
      }
    }
  }

  /// Skips text that ends with a zero byte.
  private static func skipText(_ reader: inout ByteReader, _ what: String) throws(DataError) {
    while try reader.byte("end of the \(what)") != 0 {}
  }
}

extension DataError {
  /// A fault of a deflate stream, at a byte of the compressed file.
  init(_ fault: InflateFault, at position: Int, limit: Int) {
    let words = fault.words
    self.init(
      words.kind, at: .byte(position),
      expected: words.kind == .tooLarge ? "at most \(limit) decompressed bytes" : words.expected, found: words.found)
  }
}
