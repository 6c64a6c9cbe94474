import ApusData
import ApusTensor

/// The images that a command works on: a directory of MNIST files, or the generator of digits.
struct DataSource {
  /// Images to learn from.
  let train: ImageDataset
  /// Images to judge by, none of which is in `train`.
  let test: ImageDataset
  /// Where they come from: the directory, or `"synthetic digits"`.
  let name: String

  /// The words for `--data` in a command's help.
  static let option = OptionDescription(
    "data", "DIR",
    "directory of the four MNIST files, gzipped or not\n"
      + "(default: $APUS_DATA, or else digits drawn by a generator;\n--data synthetic asks for those whatever is set)")

  /// The words for `--limit` in a command's help.
  static let limitOption = OptionDescription("limit", "N", "use only the first N images of each set")

  /// Loads both sets.
  ///
  /// - Parameters:
  ///   - wish: The value of `--data`; nil for `APUS_DATA`, or the generator when that is not set either.
  ///   - limit: The most images to keep of each set.
  /// - Throws: What the reader of the files says, or `WorkError` when the images are not what the models take.
  static func load(_ wish: String?, limit: Int?) throws -> DataSource {
    guard let directory = wish ?? Terminal.variable("APUS_DATA"), directory != "synthetic" else {
      let (train, test) = SyntheticDigits.load(
        trainCount: min(limit ?? .max, 20_000), testCount: min(limit ?? .max, 4_000))
      return DataSource(train: train, test: test, name: "synthetic digits")
    }
    let (train, test) = try MNIST.load(directory: directory, classCount: 10)
    for set in [train, test] {
      guard set.sampleShape == [1, 28, 28], set.count > 0 else {
        throw WorkError(
          "\(directory): \(set.count) images of \(set.width)×\(set.height); the models take images of 28×28")
      }
    }
    return DataSource(
      train: train.limited(to: limit), test: test.limited(to: limit), name: directory)
  }
}

extension ImageDataset {
  /// The first `limit` images; all when there is no limit.
  func limited(to limit: Int?) -> ImageDataset {
    guard let limit, limit < count else { return self }
    let size = channels * height * width
    return ImageDataset(
      pixels: Array(pixels[..<(limit * size)]), targets: Array(targets[..<limit]), channels: channels,
      height: height, width: width, classCount: classCount)
  }
}
