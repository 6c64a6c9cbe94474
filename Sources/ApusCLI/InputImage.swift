import ApusData

/// An image that was named on the command line: a PNG or PGM file, or a row of an IDX file.
enum InputImage {
  private static let side = 28

  /// The image as the models take it: 28×28, light ink on a dark ground.
  ///
  /// A row of an IDX file is taken as it is. So is a picture of 28×28, unless its edge is light: then it is dark ink on
  /// paper, and is inverted. A picture of another size is prepared as MNIST's digits were.
  ///
  /// - Parameter name: A path, with `:ROW` behind it for IDX files.
  /// - Throws: What the reader says, or `WorkError` when there is no such row, or it is of another size.
  static func read(_ name: String) throws -> GreyImage {
    let (path, row) = split(name)
    let bytes = try FileAccess.read(path)
    guard row != nil || Gzip.isGzip(bytes) || bytes.starts(with: [0, 0]) else {
      return prepared(try located(path) { () throws(DataError) in try GreyImage(bytes) })
    }
    return try self.row(row, of: try located(path) { () throws(DataError) in try IDXFile(bytes) }, path)
  }

  /// `"a.idx:7"` is row 7 of `"a.idx"`, unless there is a file that is really called so.
  static func split(_ name: String) -> (path: String, row: Int?) {
    guard let colon = name.lastIndex(of: ":"), colon != name.startIndex,
      let row = Int(name[name.index(after: colon)...]), row >= 0, !FileAccess.exists(name)
    else { return (name, nil) }
    return (String(name[..<colon]), row)
  }

  private static func row(_ row: Int?, of file: IDXFile, _ path: String) throws(WorkError) -> GreyImage {
    let extents = file.dimensions
    guard file.elementType == .uint8, extents.count == 3, extents[1] == side, extents[2] == side else {
      let shape = extents.map(String.init).joined(separator: "×")
      throw WorkError("\(path): \(shape) numbers of \(file.elementType), not bytes of images of \(side)×\(side)")
    }
    guard let row = row ?? (extents[0] == 1 ? 0 : nil) else {
      throw WorkError("\(path) holds \(extents[0]) images; name one of them, as \(path):0")
    }
    guard row < extents[0] else {
      let last = extents[0] == 0 ? "none" : "rows 0 to \(extents[0] - 1)"
      throw WorkError("\(path) has no row \(row): it holds \(last)")
    }
    let size = side * side
    return GreyImage(width: side, height: side, bytes: file.bytes[row * size..<(row + 1) * size])
  }

  private static func prepared(_ image: GreyImage) -> GreyImage {
    guard image.width == side, image.height == side else { return image.digit() }
    let edge = (0..<side).flatMap { [image[$0, 0], image[$0, side - 1], image[0, $0], image[side - 1, $0]] }
    return edge.reduce(0, +) > Float(edge.count) / 2 ? image.inverted : image
  }

  /// Runs `body`, and names the file in its error.
  private static func located<Value>(
    _ path: String, _ body: () throws(DataError) -> Value
  ) throws(DataError) -> Value {
    do throws(DataError) { return try body() } catch { throw error.located(in: path) }
  }
}
