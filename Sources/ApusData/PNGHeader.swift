/// What the IHDR chunk of a PNG file says, and how its pixels lie in the decompressed bytes.
struct PNGHeader {
  static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  enum Color: UInt8 {
    case grey = 0
    case rgb = 2
    case palette = 3
    case greyAlpha = 4
    case rgba = 6

    var channels: Int {
      switch self {
      case .grey, .palette: 1
      case .greyAlpha: 2
      case .rgb: 3
      case .rgba: 4
      }
    }

    var depths: [Int] {
      switch self {
      case .grey: [1, 2, 4, 8, 16]
      case .palette: [1, 2, 4, 8]
      case .rgb, .greyAlpha, .rgba: [8, 16]
      }
    }
  }

  /// Pixels that are stored together: all of them, or one of the seven passes of an interlaced file.
  struct Pass {
    var firstColumn: Int
    var firstRow: Int
    var columnStep: Int
    var rowStep: Int
  }

  var width: Int
  var height: Int
  var depth: Int
  var color: Color
  var isInterlaced: Bool

  /// Reads the 13 bytes of the chunk, which begin at `offset` in the file.
  init(_ chunk: UnsafeBufferPointer<UInt8>, offset: Int) throws(DataError) {
    guard chunk.count == 13 else {
      throw DataError(.malformed, at: .byte(offset), expected: "an IHDR chunk of 13 bytes", found: "\(chunk.count)")
    }
    var reader = ByteReader(chunk)
    width = Int(try reader.bigEndian32("width"))
    height = Int(try reader.bigEndian32("height"))
    guard width > 0 && height > 0 && width < 1 << 31 && height < 1 << 31 else {
      throw DataError(
        .malformed, at: .byte(offset), expected: "extents from 1 to 2³¹ − 1", found: "\(width)x\(height)")
    }
    guard width * height <= GreyImage.maximumPixelCount else {
      throw DataError(
        .tooLarge, at: .byte(offset), expected: "at most \(GreyImage.maximumPixelCount) pixels",
        found: "\(width)x\(height)")
    }
    depth = Int(try reader.byte("depth"))
    let type = try reader.byte("colour type")
    guard let color = Color(rawValue: type), color.depths.contains(depth) else {
      throw DataError(
        .malformed, at: .byte(offset + 8), expected: "a depth and colour type that go together",
        found: "depth \(depth), type \(type)")
    }
    self.color = color
    let compression = try reader.byte("compression")
    let filter = try reader.byte("filter")
    guard compression == 0 && filter == 0 else {
      throw DataError(
        .unsupported, at: .byte(offset + 10), expected: "compression 0 and filter 0",
        found: "\(compression) and \(filter)")
    }
    let interlace = try reader.byte("interlace")
    guard interlace <= 1 else {
      throw DataError(.unsupported, at: .byte(offset + 12), expected: "interlace 0 or 1", found: "\(interlace)")
    }
    isInterlaced = interlace == 1
  }

  /// Bytes from a byte of a row to the one that filters compare it with.
  var pixelStride: Int { max(1, depth * color.channels / 8) }

  /// What filter 4 foresees of a byte (Paeth): the neighbour that is nearest to left + up − corner.
  @inline(__always)
  static func paeth(_ left: Int, _ up: Int, _ corner: Int) -> Int {
    let estimate = left + up - corner
    let (toLeft, toUp, toCorner) = (abs(estimate - left), abs(estimate - up), abs(estimate - corner))
    return toLeft <= toUp && toLeft <= toCorner ? left : toUp <= toCorner ? up : corner
  }

  /// Bytes of a row of that many pixels, without its filter byte.
  func rowBytes(_ columns: Int) -> Int { (columns * depth * color.channels + 7) / 8 }

  var passes: [Pass] {
    guard isInterlaced else { return [Pass(firstColumn: 0, firstRow: 0, columnStep: 1, rowStep: 1)] }
    return [
      Pass(firstColumn: 0, firstRow: 0, columnStep: 8, rowStep: 8),
      Pass(firstColumn: 4, firstRow: 0, columnStep: 8, rowStep: 8),
      Pass(firstColumn: 0, firstRow: 4, columnStep: 4, rowStep: 8),
      Pass(firstColumn: 2, firstRow: 0, columnStep: 4, rowStep: 4),
      Pass(firstColumn: 0, firstRow: 2, columnStep: 2, rowStep: 4),
      Pass(firstColumn: 1, firstRow: 0, columnStep: 2, rowStep: 2),
      Pass(firstColumn: 0, firstRow: 1, columnStep: 1, rowStep: 2),
    ]
  }

  /// Columns and rows of a pass; either may be 0, and the pass is then not in the file.
  func extents(_ pass: Pass) -> (columns: Int, rows: Int) {
    (
      (width - pass.firstColumn + pass.columnStep - 1) / pass.columnStep,
      (height - pass.firstRow + pass.rowStep - 1) / pass.rowStep
    )
  }

  /// Bytes of all rows with their filter bytes.
  var contentSize: Int {
    passes.reduce(0) { sum, pass in
      let (columns, rows) = extents(pass)
      return columns == 0 ? sum : sum + rows * (1 + rowBytes(columns))
    }
  }
}
