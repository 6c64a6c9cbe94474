import ApusFiles
import ApusTensor

/// Tensors in and out of a file:
///
/// ```swift
/// var file = Safetensors()
/// file.metadata["format"] = "pt"
/// file.set("fc.weight", weight)
/// try file.write(to: "net.safetensors")
///
/// let read = try Safetensors(path: "net.safetensors")
/// let same: Tensor<Float> = try read.tensor("fc.weight")
/// ```
extension Safetensors {
  /// The tensor of a name, its numbers converted to `Scalar`.
  ///
  /// - Throws: `DataError` of kind `missing` when there is none of that name.
  public func tensor<Scalar: TensorScalar>(
    _ name: String, as _: Scalar.Type = Scalar.self
  ) throws(DataError) -> Tensor<Scalar> {
    let entry = try ranked(name)
    return Tensor(shape: Shape(entry.shape)) { target in
      entry.bytes.withUnsafeBytes { entry.elementType.decode($0, into: target) }
    }
  }

  /// The tensor of a name as integers.
  ///
  /// - Throws: `DataError`: `missing`, or `unsupported` when its type has fractions, or a number is beyond `Int`.
  public func integers(_ name: String) throws(DataError) -> IndexTensor {
    let entry = try ranked(name)
    guard let values = entry.bytes.withUnsafeBytes({ entry.elementType.decodeIntegers($0) }) else {
      throw DataError(
        .unsupported, path: path, expected: "\(quoted(name)) to hold integers of at most 63 bits",
        found: entry.elementType.rawValue)
    }
    return IndexTensor(values, shape: Shape(entry.shape))
  }

  /// Adds a tensor, or replaces the one of that name.
  ///
  /// - Parameter elementType: the type to write, nil for the tensor's own. Fractions are rounded to nearest, ties to
  ///   even.
  /// - Precondition: `elementType` is a floating-point type; the name is not "__metadata__", which the format reserves.
  public mutating func set<Scalar: TensorScalar>(
    _ name: String, _ tensor: Tensor<Scalar>, as elementType: ElementType? = nil
  ) {
    precondition(name != "__metadata__", "Safetensors: the name __metadata__ is reserved")
    let type = elementType ?? (Scalar.self == Double.self ? .float64 : .float32)
    precondition(type.isFloatingPoint, "Safetensors: \(type) cannot hold fractions")
    let bytes = tensor.withUnsafeScalars { type.encode($0) }
    set(name, bytes: bytes, as: type, shape: Array(tensor.shape))
  }

  /// Adds integers, as I64, or replaces the tensor of that name.
  ///
  /// - Precondition: the name is not "__metadata__", which the format reserves.
  public mutating func set(_ name: String, _ integers: IndexTensor) {
    precondition(name != "__metadata__", "Safetensors: the name __metadata__ is reserved")
    var bytes: [UInt8] = []
    bytes.reserveCapacity(8 * integers.elementCount)
    for value in integers.values {
      withUnsafeBytes(of: Int64(value).littleEndian) { bytes.append(contentsOf: $0) }
    }
    set(name, bytes: bytes, as: .int64, shape: Array(integers.shape))
  }

  /// An entry of no more extents than a tensor has.
  private func ranked(_ name: String) throws(DataError) -> Entry {
    let entry = try entry(name)
    guard entry.shape.count <= Shape.maximumRank else {
      throw DataError(
        .unsupported, path: path, expected: "\(quoted(name)) to have at most \(Shape.maximumRank) extents",
        found: "\(entry.shape.count)")
    }
    return entry
  }
}
