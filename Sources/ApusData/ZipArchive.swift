/// Zip archives, as far as npz needs them: the directory at the end, and members that are stored or deflated.
enum ZipArchive {
  /// A member as the directory describes it.
  struct Member {
    var name: String
    var method: UInt16
    var checksum: UInt32
    var compressedSize: Int
    var size: Int
    /// Where its local header begins.
    var offset: Int
  }

  private static let localSignature: UInt32 = 0x0403_4B50
  private static let directorySignature: UInt32 = 0x0201_4B50
  private static let endSignature: UInt32 = 0x0605_4B50
  /// Bytes of the end record without its comment.
  private static let endSize = 22

  /// The members that the directory at the end lists.
  static func members(_ file: [UInt8]) throws(DataError) -> [Member] {
    try file.withUnsafeBufferPointer { bytes throws(DataError) in
      // The end record stands before a comment of up to 65,535 bytes.
      var start = bytes.count - endSize
      let lowest = max(0, start - 0xFFFF)
      while start >= lowest {
        var reader = ByteReader(bytes, at: start)
        if try reader.littleEndian32("end record") == endSignature { break }
        start -= 1
      }
      guard start >= lowest else {
        throw DataError(.wrongFormat, expected: "the end record of a zip archive", found: "none")
      }
      var end = ByteReader(bytes, at: start + 8)
      let here = try end.littleEndian16("members in this part")
      let count = try end.littleEndian16("members")
      _ = try end.littleEndian32("size of the directory")
      let offset = try end.littleEndian32("offset of the directory")
      guard here == count, count != 0xFFFF, offset != 0xFFFF_FFFF else {
        throw DataError(
          .unsupported, at: .byte(start), expected: "an archive in one part of less than 4 GB", found: "another")
      }
      guard Int(offset) <= start else {
        throw DataError(
          .malformed, at: .byte(start), expected: "the directory before its end record", found: "offset \(offset)")
      }
      var reader = ByteReader(bytes, at: Int(offset))
      var result: [Member] = []
      for _ in 0..<count { result.append(try member(&reader)) }
      return result
    }
  }

  private static func member(_ reader: inout ByteReader) throws(DataError) -> Member {
    let place = reader.position
    guard try reader.littleEndian32("entry of the directory") == directorySignature else {
      throw DataError(.malformed, at: .byte(place), expected: "an entry of the directory", found: "other bytes")
    }
    _ = try reader.take(4, "versions")
    let flags = try reader.littleEndian16("flags")
    let method = try reader.littleEndian16("method")
    _ = try reader.take(4, "time and date")
    let checksum = try reader.littleEndian32("checksum")
    let compressedSize = try reader.littleEndian32("compressed size")
    let size = try reader.littleEndian32("size")
    let nameLength = try reader.littleEndian16("length of the name")
    let extraLength = try reader.littleEndian16("length of the extra field")
    let commentLength = try reader.littleEndian16("length of the comment")
    _ = try reader.take(8, "attributes")
    let offset = try reader.littleEndian32("offset of the member")
    let name = String(decoding: try reader.take(Int(nameLength), "name"), as: UTF8.self)
    _ = try reader.take(Int(extraLength) + Int(commentLength), "extra field and comment")
    guard flags & 1 == 0, [compressedSize, size, offset].allSatisfy({ $0 != 0xFFFF_FFFF }) else {
      throw DataError(
        .unsupported, at: .byte(place), expected: "a member that is neither encrypted nor beyond 4 GB",
        found: quoted(name))
    }
    return Member(
      name: name, method: method, checksum: checksum, compressedSize: Int(compressedSize), size: Int(size),
      offset: Int(offset))
  }

  /// What a member holds, with its checksum verified.
  static func content(_ member: Member, of file: [UInt8], limit: Int) throws(DataError) -> [UInt8] {
    let name = quoted(member.name)
    guard member.size <= limit else {
      throw DataError(.tooLarge, at: .byte(member.offset), expected: "at most \(limit) bytes", found: "\(member.size)")
    }
    let content = try file.withUnsafeBufferPointer { bytes throws(DataError) in
      guard member.offset <= bytes.count else {
        throw DataError(.truncated, at: .byte(bytes.count), expected: "the member \(name)", found: "the end")
      }
      var reader = ByteReader(bytes, at: member.offset)
      guard try reader.littleEndian32("header of \(name)") == localSignature else {
        throw DataError(
          .malformed, at: .byte(member.offset), expected: "the header of \(name)", found: "other bytes")
      }
      _ = try reader.take(22, "header of \(name)")
      let lengths = (try reader.littleEndian16("name"), try reader.littleEndian16("extra field"))
      _ = try reader.take(Int(lengths.0) + Int(lengths.1), "name and extra field")
      let packed = try reader.take(member.compressedSize, "content of \(name)")
      switch member.method {
      case 0: return Array(packed)
      case 8: return try inflate(packed, member, limit: limit)
      default:
        throw DataError(
          .unsupported, at: .byte(member.offset), expected: "\(name) stored or deflated",
          found: "method \(member.method)")
      }
    }
    guard content.count == member.size else {
      throw DataError(
        .malformed, at: .byte(member.offset), expected: "\(member.size) bytes of \(name)", found: "\(content.count)")
    }
    let checksum = content.withUnsafeBufferPointer { CRC32.checksum($0) }
    guard checksum == member.checksum else {
      throw DataError(
        .checksum, at: .byte(member.offset), expected: hexadecimal(member.checksum), found: hexadecimal(checksum))
    }
    return content
  }

  private static func inflate(
    _ packed: UnsafeBufferPointer<UInt8>, _ member: Member, limit: Int
  ) throws(DataError) -> [UInt8] {
    var decoder = Inflate(packed, at: 0)
    let output = InflateOutput(limit: min(limit, member.size), hint: 0)
    do throws(InflateFault) { try decoder.decode(into: output) } catch {
      throw DataError(error, at: member.offset, limit: min(limit, member.size))
    }
    return output.takeBytes()
  }

  /// An archive of members that are stored as they are.
  static func encode(_ members: [(name: String, content: [UInt8])]) throws(DataError) -> [UInt8] {
    let size = members.reduce(endSize) { $0 + 2 * $1.name.utf8.count + 76 + $1.content.count }
    guard size < 0xFFFF_FFFF, members.count < 0xFFFF, members.allSatisfy({ $0.name.utf8.count <= 0xFFFF }) else {
      throw DataError(.tooLarge, expected: "an archive of less than 4 GB", found: "\(size) bytes")
    }
    var file: [UInt8] = []
    var directory: [UInt8] = []
    for (name, content) in members {
      let offset = file.count
      // Version 2.0, no flags, stored, at midnight of the first day that zip knows.
      var fields: [UInt8] = [20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0]
      fields.appendLittleEndian(content.withUnsafeBufferPointer { CRC32.checksum($0) })
      fields.appendLittleEndian(UInt32(content.count))
      fields.appendLittleEndian(UInt32(content.count))
      fields += [UInt8(name.utf8.count & 0xFF), UInt8(name.utf8.count >> 8), 0, 0]
      file.appendLittleEndian(localSignature)
      file += fields + Array(name.utf8) + content
      directory.appendLittleEndian(directorySignature)
      directory += [20, 0] + fields + [UInt8](repeating: 0, count: 10)
      directory.appendLittleEndian(UInt32(offset))
      directory += Array(name.utf8)
    }
    let start = file.count
    file += directory
    file.appendLittleEndian(endSignature)
    let count = [UInt8(members.count & 0xFF), UInt8(members.count >> 8)]
    file += [0, 0, 0, 0] + count + count
    file.appendLittleEndian(UInt32(directory.count))
    file.appendLittleEndian(UInt32(start))
    file += [0, 0]
    return file
  }
}
