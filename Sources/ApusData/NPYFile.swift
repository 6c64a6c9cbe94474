import ApusTensor

/// An array in NumPy's .npy format.
///
/// ```swift
/// let images = try NPYFile(path: "images.npy")
/// print(images.shape)                      // [1000, 1, 28, 28]
/// let batch: Tensor<Float> = try images.tensor()
/// try NPYFile(batch).write(to: "copy.npy")
/// ```
///
/// Read are versions 1.0, 2.0 and 3.0, booleans, integers of 8 to 64 bits and floating-point numbers of 16 to 64, in either
/// order of bytes and of extents. What NumPy would have to unpickle is refused.
public struct NPYFile: Equatable, Sendable {
  /// The type of the numbers.
  public let elementType: Safetensors.ElementType
  /// The extents, outermost first; empty for a single number.
  public let shape: [Int]
  /// The numbers in row-major order, little-endian, whatever their order in the file was.
  public let bytes: [UInt8]

  /// Reads a file.
  ///
  /// - Throws: `DataError` when it cannot be read, or its bytes are not exactly what its header announces.
  public init(path: String) throws(DataError) {
    self = try locating(path) { () throws(DataError) in try NPYFile(FileAccess.read(path)) }
  }

  /// Reads the bytes of a file. Memory is not taken for a header's word.
  ///
  /// - Throws: `DataError`, as `init(path:)` does.
  public init(_ file: [UInt8]) throws(DataError) {
    guard let length = try NPYHeader.length(of: file.prefix(12)), length <= file.count else {
      throw DataError(
        .truncated, at: .byte(file.count), expected: "the header of an npy file", found: "the end of the file")
    }
    let header = try NPYHeader(Array(file[..<length]))
    guard let size = checkedProduct(header.shape + [header.elementType.size]), size <= file.count - length else {
      throw DataError(
        .truncated, at: .byte(length), expected: "\(header.shape) numbers of \(header.elementType.size) bytes",
        found: "\(file.count - length) bytes")
    }
    guard size == file.count - length else {
      throw DataError(
        .malformed, at: .byte(length + size), expected: "the end of the file after the last number",
        found: "\(file.count - length - size) more bytes")
    }
    elementType = header.elementType
    shape = header.shape
    var content = Array(file[length...])
    if header.isBigEndian { Self.swapBytes(&content, size: elementType.size) }
    bytes = header.isFortranOrder ? Self.rowMajor(content, shape, size: elementType.size) : content
  }

  /// An array of a tensor's numbers.
  ///
  /// - Parameter elementType: the floating-point type to write, nil for the tensor's own; `bfloat16` is none of npy's.
  public init<Scalar: TensorScalar>(_ tensor: Tensor<Scalar>, as elementType: Safetensors.ElementType? = nil) {
    let type = elementType ?? (Scalar.self == Double.self ? .float64 : .float32)
    precondition(type.isFloatingPoint && type != .bfloat16, "NPYFile: \(type) cannot be written")
    self.elementType = type
    shape = Array(tensor.shape)
    bytes = tensor.withUnsafeScalars { type.encode($0) }
  }

  /// An array of integers of 64 bits.
  public init(_ integers: IndexTensor) {
    elementType = .int64
    shape = Array(integers.shape)
    bytes = integers.values.flatMap { value in withUnsafeBytes(of: Int64(value).littleEndian) { Array($0) } }
  }

  /// An array of bytes.
  ///
  /// - Precondition: as many as the shape has places.
  public init(_ bytes: [UInt8], shape: [Int]) {
    precondition(checkedProduct(shape) == bytes.count, "NPYFile: \(bytes.count) bytes do not fill \(shape)")
    elementType = .uint8
    (self.shape, self.bytes) = (shape, bytes)
  }

  /// The numbers, converted to `Scalar`.
  ///
  /// - Throws: `unsupported` for more extents than a tensor can have.
  public func tensor<Scalar: TensorScalar>(_: Scalar.Type = Scalar.self) throws(DataError) -> Tensor<Scalar> {
    try checkRank()
    return Tensor(shape: Shape(shape)) { target in bytes.withUnsafeBytes { elementType.decode($0, into: target) } }
  }

  /// The numbers as integers.
  ///
  /// - Throws: `unsupported` for types with fractions, numbers beyond `Int`, and more extents than a tensor can have.
  public func integers() throws(DataError) -> IndexTensor {
    try checkRank()
    guard let values = bytes.withUnsafeBytes({ elementType.decodeIntegers($0) }) else {
      throw DataError(.unsupported, expected: "integers of at most 63 bits", found: elementType.rawValue)
    }
    return IndexTensor(values, shape: Shape(shape))
  }

  private func checkRank() throws(DataError) {
    guard shape.count <= Shape.maximumRank else {
      throw DataError(.unsupported, expected: "at most \(Shape.maximumRank) extents", found: "\(shape.count)")
    }
  }

  /// The bytes of the file, version 1.0 as NumPy writes it.
  public var encoded: [UInt8] { NPYHeader.encode(elementType, shape: shape) + bytes }

  /// Writes the file. A reader sees the old file or the whole new one.
  ///
  /// - Throws: `DataError` of kind `unwritable`.
  public func write(to path: String) throws(DataError) { try FileAccess.write(encoded, to: path) }

  /// Turns around every number of `size` bytes.
  package static func swapBytes(_ bytes: inout [UInt8], size: Int) {
    guard size > 1 else { return }
    for start in stride(from: 0, to: bytes.count - size + 1, by: size) { bytes[start..<start + size].reverse() }
  }

  /// Numbers whose first extent varies fastest, with the last one doing so.
  private static func rowMajor(_ bytes: [UInt8], _ shape: [Int], size: Int) -> [UInt8] {
    guard shape.count > 1, !bytes.isEmpty else { return bytes }
    var strides: [Int] = []
    var stride = 1
    for extent in shape {
      strides.append(stride)
      stride *= extent
    }
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    var place = [Int](repeating: 0, count: shape.count)
    var offset = 0
    for _ in 0..<bytes.count / size {
      result += bytes[offset * size..<(offset + 1) * size]
      // The next place in row-major order: the last index that is not at its end goes up, those behind it go back to 0.
      var axis = shape.count - 1
      while axis >= 0 {
        place[axis] += 1
        offset += strides[axis]
        if place[axis] < shape[axis] { break }
        offset -= place[axis] * strides[axis]
        place[axis] = 0
        axis -= 1
      }
    }
    return result
  }
}
