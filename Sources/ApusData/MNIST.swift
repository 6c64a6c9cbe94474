/// Reads data sets that are laid out as MNIST is: MNIST itself, Fashion-MNIST, KMNIST, EMNIST's splits.
public enum MNIST {
  /// The training and the test images in a directory.
  ///
  /// Four IDX files must be there, each plain or compressed with gzip: `train-images-idx3-ubyte`,
  /// `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte` and `t10k-labels-idx1-ubyte`, with `.gz` or without; the
  /// spelling with a dot (`train-images.idx3-ubyte`) is found too.
  ///
  /// Images become batches of `[count, 1, 28, 28]` with values 0 … 1; `normalized(.mnist)` gives them mean 0 and
  /// deviation 1.
  ///
  /// - Parameter classCount: classes, or nil for one more than the largest label of both sets.
  /// - Throws: `DataError`: `missing` with the names of the absent files; `malformed` when images and labels do not
  ///   belong together; and what reading an IDX file throws.
  public static func load(
    directory: String, classCount: Int? = nil
  ) throws(DataError) -> (train: ImageDataset, test: ImageDataset) {
    guard FileAccess.isDirectory(directory) else {
      throw DataError(
        FileAccess.exists(directory) ? .unreadable : .missing, path: directory, expected: "a directory of IDX files",
        found: FileAccess.exists(directory) ? "a file" : "nothing")
    }
    var paths: [String] = []
    var absent: [String] = []
    for name in ["train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"] {
      if let path = find(name, in: directory) { paths.append(path) } else { absent.append("\(name)-ubyte") }
    }
    guard absent.isEmpty else {
      throw DataError(
        .missing, path: directory, expected: "\(absent.joined(separator: ", ")) (plain or .gz)", found: "none of them")
    }
    let train = try Part(images: paths[0], labels: paths[1])
    let test = try Part(images: paths[2], labels: paths[3])
    guard train.height == test.height && train.width == test.width else {
      throw DataError(
        .malformed, path: paths[2], at: .byte(8), expected: "images of \(train.height)x\(train.width), as for training",
        found: "\(test.height)x\(test.width)")
    }
    let classes = classCount ?? Int(max(train.labels.max() ?? 0, test.labels.max() ?? 0)) + 1
    return (try train.dataset(classes), try test.dataset(classes))
  }

  /// The file of a name without "-ubyte", in any of the spellings in use.
  private static func find(_ name: String, in directory: String) -> String? {
    let dotted = name.replacingLast("-", with: ".")
    for stem in ["\(name)-ubyte", "\(dotted)-ubyte", "\(name).ubyte"] {
      for suffix in ["", ".gz"] {
        let path = "\(directory)/\(stem)\(suffix)"
        if FileAccess.exists(path) && !FileAccess.isDirectory(path) { return path }
      }
    }
    return nil
  }

  /// Images with their labels.
  private struct Part {
    let images: IDXFile
    let labels: [UInt8]
    let labelPath: String
    var height: Int { images.dimensions[1] }
    var width: Int { images.dimensions[2] }

    init(images imagePath: String, labels labelPath: String) throws(DataError) {
      let images = try Part.read(imagePath, rank: 3, "[count, height, width]")
      let labels = try Part.read(labelPath, rank: 1, "[count]")
      guard images.dimensions[1] > 0 && images.dimensions[2] > 0 else {
        throw DataError(
          .malformed, path: imagePath, at: .byte(8), expected: "images with pixels",
          found: "images of \(images.dimensions[1])x\(images.dimensions[2])")
      }
      guard images.dimensions[0] == labels.dimensions[0] else {
        throw DataError(
          .malformed, path: labelPath, at: .byte(4), expected: "\(images.dimensions[0]) labels, one for each image",
          found: "\(labels.dimensions[0])")
      }
      self.images = images
      self.labels = labels.bytes
      self.labelPath = labelPath
    }

    private static func read(_ path: String, rank: Int, _ layout: String) throws(DataError) -> IDXFile {
      let file = try IDXFile(path: path)
      guard file.elementType == .uint8 && file.dimensions.count == rank else {
        throw DataError(
          .malformed, path: path, at: .byte(2), expected: "uint8 of extents \(layout)",
          found: "\(file.elementType) of extents \(file.dimensions)")
      }
      return file
    }

    func dataset(_ classCount: Int) throws(DataError) -> ImageDataset {
      if let place = labels.firstIndex(where: { Int($0) >= classCount }) {
        throw DataError(
          .malformed, path: labelPath, at: .byte(8 + place), expected: "a label below \(classCount)",
          found: "\(labels[place])")
      }
      return ImageDataset(
        pixels: images.bytes, targets: labels.map { Int($0) }, height: height, width: width, classCount: classCount)
    }
  }
}

extension String {
  /// The text with the last occurrence of a character replaced.
  fileprivate func replacingLast(_ character: Character, with replacement: String) -> String {
    guard let place = lastIndex(of: character) else { return self }
    return self[..<place] + replacement + self[index(after: place)...]
  }
}
