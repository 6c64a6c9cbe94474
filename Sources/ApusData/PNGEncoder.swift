/// Writes PNG files of 8 bits of grey, with the row filters that compress best.
enum PNGEncoder {
  static func encode(width: Int, height: Int, grey: [UInt8]) -> [UInt8] {
    var file = PNGHeader.signature
    var header: [UInt8] = []
    header.appendBigEndian(UInt32(width))
    header.appendBigEndian(UInt32(height))
    header += [8, PNGHeader.Color.grey.rawValue, 0, 0, 0]
    append("IHDR", header, to: &file)
    // Filters help with photographs and harm with drawings; only the result tells.
    let plain = Zlib.compress(rows(grey, width: width, height: height) { _, _ in 0 })
    let filtered = Zlib.compress(rows(grey, width: width, height: height, filter: bestFilter))
    append("IDAT", plain.count <= filtered.count ? plain : filtered, to: &file)
    append("IEND", [], to: &file)
    return file
  }

  /// The rows, each behind the number of its filter.
  private static func rows(
    _ grey: [UInt8], width: Int, height: Int,
    filter choose: (_ row: ArraySlice<UInt8>, _ above: ArraySlice<UInt8>) -> UInt8
  ) -> [UInt8] {
    var content: [UInt8] = []
    content.reserveCapacity(height * (width + 1))
    let nothing = [UInt8](repeating: 0, count: width)[...]
    for number in 0..<height {
      let row = grey[number * width..<(number + 1) * width]
      let above = number == 0 ? nothing : grey[(number - 1) * width..<number * width]
      let filter = choose(row, above)
      content.append(filter)
      if filter == 0 { content += row } else { forEachFiltered(filter, row, above) { content.append($0) } }
    }
    return content
  }

  /// The filter whose bytes, taken with their signs, are smallest in sum: the rule of thumb of PNG's specification,
  /// section 12.8.
  private static func bestFilter(_ row: ArraySlice<UInt8>, _ above: ArraySlice<UInt8>) -> UInt8 {
    var best: UInt8 = 0
    var least = Int.max
    for filter in 0...4 as ClosedRange<UInt8> {
      var sum = 0
      forEachFiltered(filter, row, above) { sum += Int(Int8(bitPattern: $0).magnitude) }
      if sum < least { (best, least) = (filter, sum) }
    }
    return best
  }

  /// The bytes of a row after a filter: each less what is foreseen from the left, from above, or both.
  @inline(__always)
  private static func forEachFiltered(
    _ filter: UInt8, _ row: ArraySlice<UInt8>, _ above: ArraySlice<UInt8>, _ body: (UInt8) -> Void
  ) {
    var (left, corner) = (0, 0)
    for (byte, up) in zip(row, above) {
      let up = Int(up)
      let foreseen: Int
      switch filter {
      case 0: foreseen = 0
      case 1: foreseen = left
      case 2: foreseen = up
      case 3: foreseen = (left + up) / 2
      default: foreseen = PNGHeader.paeth(left, up, corner)
      }
      body(byte &- UInt8(foreseen))
      (left, corner) = (Int(byte), up)
    }
  }

  private static func append(_ type: String, _ content: [UInt8], to file: inout [UInt8]) {
    file.appendBigEndian(UInt32(content.count))
    let checked = Array(type.utf8) + content
    file += checked
    file.appendBigEndian(CRC32.checksum(checked))
  }
}
