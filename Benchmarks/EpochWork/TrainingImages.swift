import Apus

extension ImageDataset {
  /// The first `count` training images of a directory with MNIST's files, plain or compressed; without one, random images of the
  /// same shape.
  ///
  /// The training part alone, as the peers read it: the test images would count as memory of the run.
  ///
  /// - Throws: `DataError` when a file is missing or is not what its name says.
  public static func training(directory: String?, count: Int) throws(DataError) -> ImageDataset {
    guard let directory else {
      var random = Random(seed: 1)
      return ImageDataset(
        pixels: (0..<count * 784).map { _ in UInt8.random(in: 0...255, using: &random) },
        targets: (0..<count).map { _ in Int.random(in: 0..<10, using: &random) }, height: 28, width: 28,
        classCount: 10)
    }
    let images = try file("train-images-idx3-ubyte", in: directory)
    let labels = try file("train-labels-idx1-ubyte", in: directory)
    guard images.dimensions.dropFirst() == [28, 28], images.dimensions[0] == labels.bytes.count else {
      throw DataError(
        .malformed, path: directory, expected: "images of 28x28 and as many labels",
        found: "images \(images.dimensions) and \(labels.bytes.count) labels")
    }
    let isWhole = count >= labels.bytes.count
    return ImageDataset(
      pixels: isWhole ? images.bytes : Array(images.bytes.prefix(count * 784)),
      targets: labels.bytes.prefix(count).map { Int($0) }, height: 28, width: 28, classCount: 10)
  }

  /// The file of that name, plain or, where there is none, compressed.
  private static func file(_ name: String, in directory: String) throws(DataError) -> IDXFile {
    do throws(DataError) {
      return try IDXFile(path: "\(directory)/\(name)")
    } catch  where error.kind == .missing {
      return try IDXFile(path: "\(directory)/\(name).gz")
    }
  }
}
