import ApusData
import Testing

@testable import ApusCLI

/// Where images come from, and what is said of directories that do not hold them.
@Suite struct DataSourceTests {
  /// Writes the four files of a small data set in MNIST's format.
  private func writeImages(
    _ folder: TemporaryFolder, count: Int = 40, side: Int = 28, label: (Int) -> UInt8 = { UInt8($0 % 10) }
  ) throws {
    for (part, size) in [("train", count), ("t10k", count / 2)] {
      let pixels = (0..<(size * side * side)).map { UInt8(truncatingIfNeeded: $0 &* 31) }
      let images = IDXFile(pixels, dimensions: [size, side, side])
      _ = try folder.write("\(part)-images-idx3-ubyte", images.encoded)
      _ = try folder.write(
        "\(part)-labels-idx1-ubyte", IDXFile((0..<size).map(label), dimensions: [size]).encoded)
    }
  }

  @Test func aDirectoryIsReadByOptionAndByVariable() throws {
    let folder = try TemporaryFolder()
    try writeImages(folder)
    let directory = folder.path("")
    let named = try BuiltCommand.run("train", "--epochs", "1", "--data", directory)
    #expect(named.code == 0, "\(named.messages)")
    #expect(named.output.contains("\(directory): 40 images to train, 20 to test"))
    let variable = try BuiltCommand.run(
      "train", "--epochs", "1", "--limit", "30", environment: ["APUS_DATA": directory])
    #expect(variable.output.contains("\(directory): 30 images to train, 20 to test"))
    let synthetic = try BuiltCommand.run(
      "train", "--epochs", "1", "--limit", "30", "--data", "synthetic", environment: ["APUS_DATA": directory])
    #expect(synthetic.output.contains("synthetic digits: 30 images to train, 30 to test"))
  }

  @Test func directoriesThatHoldNoImages() throws {
    let folder = try TemporaryFolder()
    for command in [["train"], ["train", "--json"]] {
      let missing = try BuiltCommand.start(command + ["--data", folder.path("none")]).finish()
      #expect(missing.code == 1 && missing.output.isEmpty)
      #expect(missing.messages.hasPrefix("apus: \(folder.path("none")): missing"))
    }
    let empty = try BuiltCommand.run("train", environment: ["APUS_DATA": folder.path("")])
    #expect(empty.code == 1 && empty.messages.contains("train-images-idx3-ubyte"))
  }

  @Test func filesThatAreNotWhatTheyShouldBe() throws {
    let folder = try TemporaryFolder()
    let directory = folder.path("")
    try writeImages(folder, side: 20)
    var result = try BuiltCommand.run("train", "--data", directory)
    #expect(result.code == 1 && result.messages.contains("40 images of 20×20; the models take images of 28×28"))

    try writeImages(folder, label: { UInt8($0 % 11) })
    result = try BuiltCommand.run("train", "--data", directory)
    #expect(result.code == 1 && result.messages.contains("train-labels-idx1-ubyte: malformed at byte 18"))

    try writeImages(folder, count: 0)
    result = try BuiltCommand.run("train", "--data", directory)
    #expect(result.code == 1 && result.messages.contains("0 images"))

    try writeImages(folder)
    _ = try folder.write("train-images-idx3-ubyte", [0, 0, 8, 3, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 28, 0, 0, 0, 28])
    result = try BuiltCommand.run("train", "--data", directory)
    #expect(result.code == 1 && result.messages.hasPrefix("apus: \(directory)"))
    #expect(result.messages.contains("train-images-idx3-ubyte: truncated"))
  }
}
