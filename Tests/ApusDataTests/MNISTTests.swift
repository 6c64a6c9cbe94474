import ApusTensor
import Testing

@testable import ApusData

@Suite struct MNISTTests {
  static let names = [
    "train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte",
  ]

  /// The files of a data set of 5 training and 3 test images of 4 rows and 3 columns, by name.
  static func files() -> [String: [UInt8]] {
    [
      names[0]: IDXFile((0..<60).map { UInt8($0) }, dimensions: [5, 4, 3]).encoded,
      names[1]: IDXFile([3, 1, 4, 1, 0], dimensions: [5]).encoded,
      names[2]: IDXFile((0..<36).map { UInt8(255 - $0) }, dimensions: [3, 4, 3]).encoded,
      names[3]: IDXFile([2, 0, 4], dimensions: [3]).encoded,
    ]
  }

  static func expectSample(_ directory: String) throws {
    let (train, test) = try MNIST.load(directory: directory)
    #expect(train.count == 5 && test.count == 3)
    #expect(train.sampleShape == [1, 4, 3])
    #expect(train.targets == [3, 1, 4, 1, 0])
    #expect(test.targets == [2, 0, 4])
    #expect(train.classCount == 5 && test.classCount == 5)
    let batch = train.batch(at: [4, 0])
    #expect(batch.inputs.shape == [2, 1, 4, 3])
    #expect(batch.targets == [0, 3])
    for (place, value) in batch.inputs.scalars.enumerated() {
      let byte = place < 12 ? 48 + place : place - 12
      #expect(abs(value - Float(byte) / 255) < 1e-6)
    }
  }

  @Test(arguments: ["plain", "compressed", "dots", "mixed"])
  func readsEverySpelling(spelling: String) throws {
    try withTemporaryDirectory { directory in
      for (name, bytes) in MNISTTests.files() {
        let dotted = name.replacing("-idx", with: ".idx")
        switch spelling {
        case "plain": try FileAccess.write(bytes, to: "\(directory)/\(name)")
        case "compressed": try FileAccess.write(Gzip.compress(bytes), to: "\(directory)/\(name).gz")
        case "dots": try FileAccess.write(bytes, to: "\(directory)/\(dotted)")
        default:
          if name.hasPrefix("train") {
            try FileAccess.write(Gzip.compress(bytes), to: "\(directory)/\(dotted).gz")
          } else {
            // Compressed without the name saying so.
            try FileAccess.write(Gzip.compress(bytes), to: "\(directory)/\(name)")
          }
        }
      }
      try MNISTTests.expectSample(directory)
    }
  }

  @Test func namesWhatIsMissing() throws {
    try withTemporaryDirectory { directory in
      let files = MNISTTests.files()
      for name in MNISTTests.names.prefix(3) { try FileAccess.write(files[name]!, to: "\(directory)/\(name)") }
      let error = dataError { () throws(DataError) in try MNIST.load(directory: directory) }
      #expect(error?.kind == .missing)
      #expect(error?.path == directory)
      #expect(error?.expected.contains("t10k-labels-idx1-ubyte") == true)
      #expect(error?.expected.contains("train") == false)
    }
    let absent = dataError { () throws(DataError) in try MNIST.load(directory: "/nonexistent") }
    #expect(absent?.kind == .missing)
  }

  @Test(
    arguments: [
      (0, IDXFile([1, 2, 3], dimensions: [3])), (0, IDXFile([], dimensions: [5, 0, 3])),
      (1, IDXFile([1, 2, 3, 4], dimensions: [4])), (1, IDXFile([1, 2, 3, 4, 200], dimensions: [5, 1])),
      (2, IDXFile([1, 2, 3], dimensions: [3, 1, 1])),
    ])
  func filesThatDoNotBelongTogetherAreRefused(place: Int, replacement: IDXFile) throws {
    try withTemporaryDirectory { directory in
      var files = MNISTTests.files()
      files[MNISTTests.names[place]] = replacement.encoded
      for (name, bytes) in files { try FileAccess.write(bytes, to: "\(directory)/\(name)") }
      let error = dataError { () throws(DataError) in try MNIST.load(directory: directory) }
      #expect(error?.kind == .malformed)
      #expect(error?.path == "\(directory)/\(MNISTTests.names[place])")
    }
  }

  @Test func labelsBeyondTheClassesAreRefused() throws {
    try withTemporaryDirectory { directory in
      for (name, bytes) in MNISTTests.files() { try FileAccess.write(bytes, to: "\(directory)/\(name)") }
      #expect(try MNIST.load(directory: directory, classCount: 10).train.classCount == 10)
      let error = dataError { () throws(DataError) in try MNIST.load(directory: directory, classCount: 4) }
      #expect(error?.position == .byte(8 + 2))
      #expect(error?.found == "4")
    }
  }

  @Test(.enabled(if: mnistDirectory != nil, "APUS_DATA names no directory with the MNIST files"))
  func readsTheRealFiles() throws {
    let (train, test) = try MNIST.load(directory: mnistDirectory!)
    #expect(train.count == 60_000 && test.count == 10_000)
    #expect(train.sampleShape == [1, 28, 28] && train.classCount == 10)
    #expect(train.targets.prefix(10) == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4])
    #expect(test.targets.prefix(10) == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9])
    // The constants in `Normalize.mnist` are those of the training images.
    var sum = 0
    var squares = 0
    train.pixels.withUnsafeBufferPointer { pixels in
      for place in stride(from: 0, to: pixels.count, by: 11) {
        let value = Int(pixels[place])
        sum &+= value
        squares &+= value &* value
      }
    }
    let count = Double((train.pixels.count + 10) / 11)
    let mean = Double(sum) / count / 255
    let deviation = (Double(squares) / count / 255 / 255 - mean * mean).squareRoot()
    #expect(abs(mean - 0.1307) < 0.001)
    #expect(abs(deviation - 0.3081) < 0.001)
  }
}
