import ApusTensor

/// A file in MNIST's IDX format: a grid of numbers, big-endian, after a header of its type and extents.
///
/// ```swift
/// let images = try IDXFile(path: "train-images-idx3-ubyte.gz")
/// print(images.dimensions)    // [60000, 28, 28]
/// ```
public struct IDXFile: Equatable, Sendable {
  /// The type of the numbers, with the code that the file has for it.
  public enum ElementType: UInt8, Sendable, CaseIterable {
    case uint8 = 0x08
    case int8 = 0x09
    case int16 = 0x0B
    case int32 = 0x0C
    case float32 = 0x0D
    case float64 = 0x0E

    /// Bytes that a number takes.
    public var size: Int {
      switch self {
      case .uint8, .int8: 1
      case .int16: 2
      case .int32, .float32: 4
      case .float64: 8
      }
    }
  }

  /// The type of the numbers.
  public let elementType: ElementType
  /// The extents, outermost first; empty for a single number.
  public let dimensions: [Int]
  /// The numbers in row-major order, as the file holds them: the high byte first.
  public let bytes: [UInt8]

  /// Numbers of a product of the extents.
  public var count: Int { bytes.count / elementType.size }

  /// Reads a file, decompressing it when it begins as a gzip file does.
  ///
  /// - Throws: `DataError` when the file cannot be read, or its bytes are not exactly what its header announces. Memory
  ///   is not taken for a header's word: a file that announces more than it holds fails first.
  public init(path: String) throws(DataError) {
    self = try locating(path) { () throws(DataError) in try IDXFile(FileAccess.read(path)) }
  }

  /// Reads the bytes of a file, decompressing them when they begin as a gzip file does.
  ///
  /// - Throws: `DataError`, as `init(path:)` does.
  public init(_ file: [UInt8]) throws(DataError) {
    guard Gzip.isGzip(file) else {
      self = try IDXFile(plain: file)
      return
    }
    // The header says how much may follow, so that more is an error before it is memory.
    let longestHeader = 4 + 4 * 255
    let header = try IDXFile.header(Gzip.prefix(file, count: longestHeader))
    do throws(DataError) {
      self = try IDXFile(plain: Gzip.decompress(file, limit: header.size + header.contentSize))
    } catch {
      if error.kind == .tooLarge {
        throw DataError(
          .malformed, expected: "\(header.contentSize) bytes after the header for \(header.dimensions)", found: "more")
      }
      throw error
    }
  }

  private init(plain file: consuming [UInt8]) throws(DataError) {
    let header = try IDXFile.header(file)
    let available = file.count - header.size
    guard available == header.contentSize else {
      throw DataError(
        available < header.contentSize ? .truncated : .malformed, at: .byte(header.size),
        expected: "\(header.contentSize) bytes for \(header.dimensions) of \(header.elementType)",
        found: "\(available) bytes")
    }
    elementType = header.elementType
    dimensions = header.dimensions
    // In place: a data set would else be in memory twice.
    file.removeSubrange(..<header.size)
    bytes = file
  }

  private struct Header {
    var elementType: ElementType
    var dimensions: [Int]
    var size: Int
    var contentSize: Int
  }

  private static func header(_ file: [UInt8]) throws(DataError) -> Header {
    try file.withUnsafeBufferPointer { buffer throws(DataError) in
      var reader = ByteReader(buffer)
      let magic = try reader.bigEndian32("magic number")
      guard magic >> 16 == 0, let type = ElementType(rawValue: UInt8(magic >> 8 & 0xFF)) else {
        throw DataError(
          .wrongFormat, at: .byte(0), expected: "an IDX magic number (00 00, a type, a rank)",
          found: hexadecimal(magic))
      }
      var dimensions: [Int] = []
      for axis in 0..<Int(magic & 0xFF) {
        dimensions.append(Int(try reader.bigEndian32("extent \(axis)")))
      }
      guard let size = checkedProduct(dimensions + [type.size]), size <= Int.max - reader.position else {
        throw DataError(
          .malformed, at: .byte(4), expected: "extents whose product is a size", found: "\(dimensions)")
      }
      return Header(elementType: type, dimensions: dimensions, size: reader.position, contentSize: size)
    }
  }

  /// A file of bytes, to be written.
  ///
  /// - Precondition: there are as many bytes as the extents say, at most 255 extents, each below 2³².
  public init(_ bytes: [UInt8], dimensions: [Int]) {
    precondition(
      dimensions.count <= 255 && dimensions.allSatisfy { $0 >= 0 && $0 <= Int(UInt32.max) }
        && checkedProduct(dimensions) == bytes.count,
      "IDXFile: \(bytes.count) bytes do not fill \(dimensions)")
    elementType = .uint8
    self.dimensions = dimensions
    self.bytes = bytes
  }

  /// The bytes of the file.
  public var encoded: [UInt8] {
    var file: [UInt8] = [0, 0, elementType.rawValue, UInt8(dimensions.count)]
    for extent in dimensions { file.appendBigEndian(UInt32(extent)) }
    return file + bytes
  }

  /// Writes the file, compressed when the name ends in ".gz". A reader sees the old file or the whole new one.
  ///
  /// - Throws: `DataError` of kind `unwritable`.
  public func write(to path: String) throws(DataError) {
    try FileAccess.write(path.hasSuffix(".gz") ? Gzip.compress(encoded) : encoded, to: path)
  }

  /// The numbers as `Double`, which holds each exactly.
  public var doubles: [Double] {
    switch elementType {
    case .uint8: bytes.map { Double($0) }
    case .int8: bytes.map { Double(Int8(bitPattern: $0)) }
    case .int16: words(UInt16.self).map { Double(Int16(bitPattern: $0)) }
    case .int32: words(UInt32.self).map { Double(Int32(bitPattern: $0)) }
    case .float32: words(UInt32.self).map { Double(Float(bitPattern: $0)) }
    case .float64: words(UInt64.self).map { Double(bitPattern: $0) }
    }
  }

  /// The numbers as integers, or nil when the file holds fractions (`float32`, `float64`).
  public var integers: [Int]? {
    switch elementType {
    case .uint8: bytes.map { Int($0) }
    case .int8: bytes.map { Int(Int8(bitPattern: $0)) }
    case .int16: words(UInt16.self).map { Int(Int16(bitPattern: $0)) }
    case .int32: words(UInt32.self).map { Int(Int32(bitPattern: $0)) }
    case .float32, .float64: nil
    }
  }

  /// The numbers as a tensor of the file's extents.
  ///
  /// - Throws: `DataError` of kind `unsupported` when there are more than `Shape.maximumRank` extents.
  public func tensor<Scalar: TensorScalar>(
    as _: Scalar.Type = Scalar.self
  ) throws(DataError) -> Tensor<Scalar> {
    guard dimensions.count <= Shape.maximumRank else {
      throw DataError(
        .unsupported, at: .byte(3), expected: "at most \(Shape.maximumRank) extents", found: "\(dimensions.count)")
    }
    return Tensor(doubles.map { Scalar($0) }, shape: Shape(dimensions))
  }

  private func words<Word: FixedWidthInteger>(_: Word.Type) -> [Word] {
    bytes.withUnsafeBytes { raw in
      (0..<count).map {
        Word(bigEndian: raw.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Word>.size, as: Word.self))
      }
    }
  }
}
