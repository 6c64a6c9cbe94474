/// The zlib stream format, RFC 1950, as PNG files hold it.
public enum Zlib {
  /// The content of a zlib stream.
  ///
  /// - Parameters:
  ///   - bytes: the stream, and nothing after it.
  ///   - limit: bytes of content at most.
  /// - Throws: `DataError`: `wrongFormat`, `truncated`, `malformed`, `unsupported` (a preset dictionary), `checksum`,
  ///   or `tooLarge` past `limit`.
  public static func decompress(_ bytes: [UInt8], limit: Int = Gzip.defaultLimit) throws(DataError) -> [UInt8] {
    try bytes.withUnsafeBufferPointer { buffer throws(DataError) in
      var reader = ByteReader(buffer)
      let method = try reader.byte("zlib method")
      let flags = try reader.byte("zlib flags")
      guard method & 15 == 8, method >> 4 <= 7, (UInt16(method) << 8 | UInt16(flags)) % 31 == 0 else {
        throw DataError(
          .wrongFormat, at: .byte(0), expected: "a zlib header", found: "bytes \(method) and \(flags)")
      }
      guard flags & 32 == 0 else {
        throw DataError(.unsupported, at: .byte(1), expected: "no preset dictionary", found: "one")
      }
      let output = InflateOutput(
        limit: limit, hint: min(limit, buffer.count.multipliedReportingOverflow(by: 4).partialValue))
      var inflate = Inflate(buffer, at: reader.position)
      do throws(InflateFault) {
        try inflate.decode(into: output)
      } catch {
        throw DataError(error, at: inflate.position, limit: output.limit)
      }
      reader = ByteReader(buffer, at: inflate.position)
      let position = reader.position
      let check = try reader.bigEndian32("Adler-32")
      let content = UnsafeBufferPointer(start: UnsafePointer(output.start), count: output.count)
      let computed = Adler32.checksum(content)
      guard check == computed else {
        throw DataError(
          .checksum, at: .byte(position), expected: "Adler-32 \(hexadecimal(computed)) of the content",
          found: hexadecimal(check))
      }
      guard reader.remaining == 0 else {
        throw DataError(
          .malformed, at: .byte(reader.position), expected: "the end of the stream",
          found: "\(reader.remaining) more bytes")
      }
      return output.takeBytes()
    }
  }

  /// The content in a zlib stream.
  public static func compress(_ bytes: [UInt8]) -> [UInt8] {
    bytes.withUnsafeBufferPointer { buffer in
      var result: [UInt8] = [0x78, 0x9C]
      result += Deflate.compress(buffer)
      result.appendBigEndian(Adler32.checksum(buffer))
      return result
    }
  }
}
