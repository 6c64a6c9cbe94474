/// Reads PNG files (ISO/IEC 15948) as grey images.
struct PNGDecoder {
  private var header: PNGHeader
  /// The luma of each colour of the palette.
  private var palette: [Float] = []
  /// The opacity of the first colours of the palette, or the key that is transparent, as the tRNS chunk has it.
  private var transparency: [UInt8] = []
  private var compressed: [UInt8] = []
  private var dataOffset = 0

  /// Reads all chunks and checks each one's CRC; pixels are decoded by `image`.
  init(_ file: [UInt8]) throws(DataError) {
    self = try file.withUnsafeBufferPointer { buffer throws(DataError) in try PNGDecoder(buffer) }
  }

  private struct Chunk {
    var type: String
    var offset: Int
    var content: UnsafeBufferPointer<UInt8>
  }

  private init(_ file: UnsafeBufferPointer<UInt8>) throws(DataError) {
    var reader = ByteReader(file, at: PNGHeader.signature.count)
    let first = try Self.chunk(&reader)
    guard first.type == "IHDR" else {
      throw DataError(
        .malformed, at: .byte(first.offset), expected: "IHDR as the first chunk", found: quoted(first.type))
    }
    header = try PNGHeader(first.content, offset: first.offset)
    var previous = first.type
    while true {
      let chunk = try Self.chunk(&reader)
      if chunk.type == "IEND" { break }
      try take(chunk, after: previous)
      previous = chunk.type
    }
    guard !compressed.isEmpty else {
      throw DataError(.malformed, at: .byte(reader.position), expected: "pixels in an IDAT chunk", found: "none")
    }
    if header.color == .palette && palette.isEmpty {
      throw DataError(.malformed, at: .byte(dataOffset), expected: "a palette before the pixels", found: "none")
    }
  }

  private static func chunk(_ reader: inout ByteReader) throws(DataError) -> Chunk {
    let length = try reader.bigEndian32("length of a chunk")
    let start = reader.position
    let type = try reader.take(4, "type of a chunk")
    let name = String(decoding: type, as: UTF8.self)
    guard type.allSatisfy({ (0x41...0x5A).contains($0 & 0xDF) }) else {
      throw DataError(
        .malformed, at: .byte(start), expected: "a chunk type of four letters", found: quoted(name))
    }
    let offset = reader.position
    let content = try reader.take(Int(length), "chunk \(name)")
    let computed = CRC32.checksum(UnsafeBufferPointer(rebasing: reader.bytes[start..<reader.position]))
    let checkOffset = reader.position
    let check = try reader.bigEndian32("CRC of chunk \(name)")
    guard check == computed else {
      throw DataError(
        .checksum, at: .byte(checkOffset), expected: "CRC \(hexadecimal(computed)) of chunk \(name)",
        found: hexadecimal(check))
    }
    return Chunk(type: name, offset: offset, content: content)
  }

  private mutating func take(_ chunk: Chunk, after previous: String) throws(DataError) {
    func malformed(_ expected: String, _ found: String) -> DataError {
      DataError(.malformed, at: .byte(chunk.offset), expected: expected, found: found)
    }
    switch chunk.type {
    case "PLTE":
      guard palette.isEmpty && compressed.isEmpty else { throw malformed("one palette, before the pixels", "another") }
      guard chunk.content.count % 3 == 0 && (3...768).contains(chunk.content.count) else {
        throw malformed("a palette of 1 to 256 colours of 3 bytes", "\(chunk.content.count) bytes")
      }
      palette = (0..<chunk.content.count / 3).map {
        Self.luma(
          Float(chunk.content[3 * $0]) / 255, Float(chunk.content[3 * $0 + 1]) / 255,
          Float(chunk.content[3 * $0 + 2]) / 255)
      }
    case "tRNS":
      guard compressed.isEmpty && transparency.isEmpty else {
        throw malformed("one tRNS, before the pixels", "another")
      }
      let fits: Bool
      switch header.color {
      case .grey: fits = chunk.content.count == 2
      case .rgb: fits = chunk.content.count == 6
      case .palette: fits = !chunk.content.isEmpty && chunk.content.count <= palette.count
      case .greyAlpha, .rgba: fits = false
      }
      guard fits else {
        throw malformed("a tRNS chunk that fits the colour type \(header.color)", "\(chunk.content.count) bytes")
      }
      transparency = Array(chunk.content)
    case "IDAT":
      guard compressed.isEmpty || previous == "IDAT" else {
        throw malformed("IDAT chunks in a row", "one after others")
      }
      if compressed.isEmpty { dataOffset = chunk.offset }
      compressed += chunk.content
    default:
      // A capital first letter: the picture cannot be shown without the chunk.
      guard chunk.type.utf8.first! & 0x20 != 0 else {
        throw DataError(
          .unsupported, at: .byte(chunk.offset), expected: "no unknown critical chunk", found: quoted(chunk.type))
      }
    }
  }

  private static func luma(_ red: Float, _ green: Float, _ blue: Float) -> Float {
    0.299 * red + 0.587 * green + 0.114 * blue
  }

  /// Decodes the pixels, over a background where they are transparent.
  func image(background: Float) throws(DataError) -> GreyImage {
    let size = header.contentSize
    // Deflate packs 1032 bytes into one at best, so a file that promises more is broken, and gets no memory.
    guard compressed.count > size / 1100 else {
      throw DataError(
        .truncated, at: .byte(dataOffset),
        expected: "enough compressed bytes for \(header.width)x\(header.height) pixels", found: "\(compressed.count)")
    }
    var content: [UInt8]
    do throws(DataError) {
      content = try Zlib.decompress(compressed, limit: size)
    } catch {
      var error = error
      error.position = .byte(dataOffset)
      throw error
    }
    guard content.count == size else {
      throw DataError(
        .truncated, at: .byte(dataOffset), expected: "\(size) decompressed bytes", found: "\(content.count)")
    }
    var pixels = [Float](repeating: 0, count: header.width * header.height)
    var position = 0
    for pass in header.passes {
      let (columns, rows) = header.extents(pass)
      if columns == 0 { continue }
      let rowBytes = header.rowBytes(columns)
      for row in 0..<rows {
        try unfilter(&content, at: position, rowBytes: rowBytes, isFirst: row == 0)
        let start = (pass.firstRow + row * pass.rowStep) * header.width + pass.firstColumn
        try unpack(
          content[(position + 1)..<(position + 1 + rowBytes)], columns: columns, background: background
        ) { pixels[start + $0 * pass.columnStep] = $1 }
        position += 1 + rowBytes
      }
    }
    return GreyImage(width: header.width, height: header.height, pixels: pixels)
  }

  /// Undoes the filter of the row whose filter byte is at `position`, in place.
  private func unfilter(
    _ content: inout [UInt8], at position: Int, rowBytes: Int, isFirst: Bool
  ) throws(DataError) {
    let filter = content[position]
    let stride = header.pixelStride
    let row = position + 1
    let above = row - 1 - rowBytes
    switch filter {
    case 0: break
    case 1:
      for place in row + min(stride, rowBytes)..<row + rowBytes { content[place] &+= content[place - stride] }
    case 2:
      if isFirst { break }
      for offset in 0..<rowBytes { content[row + offset] &+= content[above + offset] }
    case 3:
      for offset in 0..<rowBytes {
        let left = offset >= stride ? Int(content[row + offset - stride]) : 0
        let up = isFirst ? 0 : Int(content[above + offset])
        content[row + offset] &+= UInt8((left + up) / 2)
      }
    case 4:
      for offset in 0..<rowBytes {
        let left = offset >= stride ? Int(content[row + offset - stride]) : 0
        let up = isFirst ? 0 : Int(content[above + offset])
        let corner = offset >= stride && !isFirst ? Int(content[above + offset - stride]) : 0
        content[row + offset] &+= UInt8(PNGHeader.paeth(left, up, corner))
      }
    default:
      throw DataError(
        .malformed, at: .byte(dataOffset), expected: "row filters 0 to 4", found: "\(filter)")
    }
  }

  /// Hands the grey of each pixel of a row, over the background, to `put`.
  private func unpack(
    _ row: ArraySlice<UInt8>, columns: Int, background: Float, _ put: (Int, Float) -> Void
  ) throws(DataError) {
    let depth = header.depth
    let scale = 1 / Float(1 << depth - 1)
    let first = row.startIndex
    func sample(_ index: Int) -> Int {
      switch depth {
      case 8: Int(row[first + index])
      case 16: Int(row[first + 2 * index]) << 8 | Int(row[first + 2 * index + 1])
      default: Int(row[first + index * depth / 8]) >> (8 - depth - index * depth % 8) & (1 << depth - 1)
      }
    }
    func over(_ grey: Float, _ opacity: Float) -> Float { background + (grey - background) * opacity }
    /// Sample `index` of the key colour.
    func key(_ index: Int) -> Int { Int(transparency[2 * index]) << 8 | Int(transparency[2 * index + 1]) }

    for column in 0..<columns {
      switch header.color {
      case .grey:
        let value = sample(column)
        put(column, !transparency.isEmpty && value == key(0) ? background : Float(value) * scale)
      case .greyAlpha:
        put(column, over(Float(sample(2 * column)) * scale, Float(sample(2 * column + 1)) * scale))
      case .rgb:
        let (red, green, blue) = (sample(3 * column), sample(3 * column + 1), sample(3 * column + 2))
        let isKey = !transparency.isEmpty && red == key(0) && green == key(1) && blue == key(2)
        put(column, isKey ? background : Self.luma(Float(red) * scale, Float(green) * scale, Float(blue) * scale))
      case .rgba:
        let grey = Self.luma(
          Float(sample(4 * column)) * scale, Float(sample(4 * column + 1)) * scale,
          Float(sample(4 * column + 2)) * scale)
        put(column, over(grey, Float(sample(4 * column + 3)) * scale))
      case .palette:
        let index = sample(column)
        guard index < palette.count else {
          throw DataError(
            .malformed, at: .byte(dataOffset), expected: "colours of the palette of \(palette.count)",
            found: "colour \(index)")
        }
        put(
          column, index < transparency.count ? over(palette[index], Float(transparency[index]) / 255) : palette[index])
      }
    }
  }
}
