import ApusTensor

/// A grey image: one number from 0 (black) to 1 (white) a pixel.
///
/// ```swift
/// let image = try GreyImage(path: "seven.png").digit()      // as MNIST prepares its digits
/// let probabilities = softmax(model(image.tensor.unsqueezed(0)), dim: 1)
/// ```
public struct GreyImage: Equatable, Sendable {
  /// Columns.
  public let width: Int
  /// Rows.
  public let height: Int
  /// The pixels row by row, from the top left.
  public var pixels: [Float]

  /// The most pixels that a file may unfold to: 2²⁶. A file of a kilobyte can announce billions.
  public static let maximumPixelCount = 1 << 26

  /// An image of these pixels.
  ///
  /// - Precondition: there are width · height pixels, and neither extent is negative.
  public init(width: Int, height: Int, pixels: [Float]) {
    precondition(
      width >= 0 && height >= 0 && checkedProduct([width, height]) == pixels.count,
      "GreyImage: \(pixels.count) pixels do not fill \(width)x\(height)")
    self.width = width
    self.height = height
    self.pixels = pixels
  }

  /// An image of bytes, 255 being white.
  ///
  /// - Precondition: there are width · height bytes, and neither extent is negative.
  public init(width: Int, height: Int, bytes: some Collection<UInt8>) {
    self.init(width: width, height: height, pixels: bytes.map { Float($0) / 255 })
  }

  /// Reads a PNG or a PGM file; which of them, its first bytes tell.
  ///
  /// - Parameter background: what shows through where a PNG is transparent: 1, white, unless given.
  /// - Throws: `DataError` when the file cannot be read, is of another format, or breaks a rule of its own.
  public init(path: String, background: Float = 1) throws(DataError) {
    self = try locating(path) { () throws(DataError) in
      try GreyImage(FileAccess.read(path), background: background)
    }
  }

  /// Reads the bytes of a PNG or a PGM file.
  ///
  /// PNG: every colour type and depth, interlaced or not, transparent or not; checksums are verified. Colours become
  /// their luma 0.299 R + 0.587 G + 0.114 B; gamma and colour profiles are not looked at. PGM: plain (P2) and binary (P5).
  ///
  /// - Parameter background: what shows through where a PNG is transparent: 1, white, unless given.
  /// - Throws: `DataError` when the bytes are of another format, or break a rule of their own; `tooLarge` beyond
  ///   `maximumPixelCount`.
  public init(_ file: [UInt8], background: Float = 1) throws(DataError) {
    if file.starts(with: PNGHeader.signature) {
      self = try PNGDecoder(file).image(background: background)
    } else if file.first == UInt8(ascii: "P"), file.count > 1, (0x31...0x37).contains(file[1]) {
      self = try PGM.decode(file)
    } else {
      throw DataError(
        .wrongFormat, at: .byte(0), expected: "a PNG or PGM image",
        found: file.isEmpty ? "an empty file" : "bytes \(file.prefix(4).map { String($0) }.joined(separator: " "))")
    }
  }

  /// The pixel in a column and a row.
  ///
  /// - Precondition: both lie in the image.
  public subscript(column: Int, row: Int) -> Float {
    get {
      precondition(
        column >= 0 && column < width && row >= 0 && row < height, "GreyImage: no pixel (\(column), \(row))")
      return pixels[row * width + column]
    }
    set {
      precondition(
        column >= 0 && column < width && row >= 0 && row < height, "GreyImage: no pixel (\(column), \(row))")
      pixels[row * width + column] = newValue
    }
  }

  /// The image as one plane: a tensor `[1, height, width]`.
  public var tensor: Tensor<Float> { Tensor(pixels, shape: [1, height, width]) }

  /// The pixels as bytes, 255 being white, numbers outside of 0 … 1 cut off.
  public var bytes: [UInt8] {
    pixels.map { $0 > 0 ? UInt8(($0 < 1 ? $0 * 255 : 255).rounded()) : 0 }
  }

  /// Writes a PGM file (P5) when the name ends in ".pgm", else a PNG of 8 bits. A reader sees the old file or the whole
  /// new one.
  ///
  /// - Throws: `DataError` of kind `unwritable`.
  public func write(to path: String) throws(DataError) {
    try FileAccess.write(path.hasSuffix(".pgm") ? pgm : png, to: path)
  }

  /// The bytes of a PNG file, 8 bits a pixel.
  public var png: [UInt8] { PNGEncoder.encode(width: width, height: height, grey: bytes) }

  /// The bytes of a binary PGM file (P5), 8 bits a pixel.
  public var pgm: [UInt8] { Array("P5\n\(width) \(height)\n255\n".utf8) + bytes }
}
