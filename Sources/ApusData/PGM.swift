/// Reads the grey maps of Netpbm: plain (P2) and binary (P5), 8 or 16 bits.
enum PGM {
  /// The image in a file. Further images after the first of a P5 file are not looked at.
  static func decode(_ file: [UInt8]) throws(DataError) -> GreyImage {
    var scanner = Scanner(file)
    let isPlain = file[1] == UInt8(ascii: "2")
    guard isPlain || file[1] == UInt8(ascii: "5") else {
      throw DataError(
        .unsupported, at: .byte(0), expected: "a PGM image (P2 or P5)",
        found: "P\(Character(UnicodeScalar(file[1])))")
    }
    let width = try scanner.number("the width")
    let height = try scanner.number("the height")
    let maximum = try scanner.number("the value of white")
    guard let count = checkedProduct([width, height]), count <= GreyImage.maximumPixelCount else {
      throw DataError(
        .tooLarge, at: .byte(2), expected: "at most \(GreyImage.maximumPixelCount) pixels", found: "\(width)x\(height)")
    }
    guard width > 0 && height > 0 && (1...65535).contains(maximum) else {
      throw DataError(
        .malformed, at: .byte(2), expected: "positive extents, and white from 1 to 65535",
        found: "\(width)x\(height), white \(maximum)")
    }
    let scale = 1 / Float(maximum)
    var pixels: [Float] = []
    if isPlain {
      // Each number takes a byte and a space, the last one just a byte.
      guard count <= (file.count - scanner.position + 1) / 2 else {
        throw DataError(
          .truncated, at: .byte(scanner.position), expected: "\(count) numbers",
          found: "\(file.count - scanner.position) bytes")
      }
      pixels.reserveCapacity(count)
      for _ in 0..<count {
        let start = scanner.position
        let value = try scanner.number("a pixel")
        guard value <= maximum else {
          throw DataError(.malformed, at: .byte(start), expected: "pixels up to \(maximum)", found: "\(value)")
        }
        pixels.append(Float(value) * scale)
      }
    } else {
      // One byte of white space ends the header.
      let start = scanner.position + 1
      let size = count * (maximum > 255 ? 2 : 1)
      guard file.count - start >= size else {
        throw DataError(
          .truncated, at: .byte(min(start, file.count)), expected: "\(size) bytes of pixels",
          found: "\(max(0, file.count - start))")
      }
      pixels.reserveCapacity(count)
      for index in 0..<count {
        let value =
          maximum > 255
          ? Int(file[start + 2 * index]) << 8 | Int(file[start + 2 * index + 1]) : Int(file[start + index])
        guard value <= maximum else {
          throw DataError(
            .malformed, at: .byte(start + index * size / count), expected: "pixels up to \(maximum)", found: "\(value)")
        }
        pixels.append(Float(value) * scale)
      }
    }
    return GreyImage(width: width, height: height, pixels: pixels)
  }

  /// Takes decimal numbers out of bytes, with white space and comments (# to the end of the line) between them.
  private struct Scanner {
    let bytes: [UInt8]
    var position = 2

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func number(_ what: String) throws(DataError) -> Int {
      while position < bytes.count {
        let byte = bytes[position]
        if byte == UInt8(ascii: "#") {
          while position < bytes.count && bytes[position] != 0x0A && bytes[position] != 0x0D { position += 1 }
        } else if byte == 0x20 || (0x09...0x0D).contains(byte) {
          position += 1
        } else {
          break
        }
      }
      let start = position
      var value = 0
      while position < bytes.count, (0x30...0x39).contains(bytes[position]) {
        value = value * 10 + Int(bytes[position] - 0x30)
        position += 1
        guard value < 1 << 32 else {
          throw DataError(.malformed, at: .byte(start), expected: "\(what) below 2³²", found: "a larger number")
        }
      }
      guard position > start else {
        throw DataError(
          position < bytes.count ? .malformed : .truncated, at: .byte(start), expected: what,
          found: position < bytes.count ? "byte \(bytes[position])" : "the end")
      }
      return value
    }
  }
}
