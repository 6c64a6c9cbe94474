import Foundation

/// A data set in MNIST's format, small enough for blocks that train: bright squares whose place tells the class.
enum SampleData {
  static func write(to folder: URL) throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for (name, count) in [("train", 256), ("t10k", 64)] {
      var images = header(2051, [count, 28, 28])
      var labels = header(2049, [count])
      for index in 0..<count {
        let label = index % 10
        labels.append(UInt8(label))
        for y in 0..<28 {
          for x in 0..<28 {
            let isInside = y / 7 == label / 4 && x / 7 == label % 4
            images.append(isInside ? 255 : UInt8((x * 7 + y * 13 + index) % 32))
          }
        }
      }
      try Data(images).write(to: folder.appendingPathComponent("\(name)-images-idx3-ubyte"))
      try Data(labels).write(to: folder.appendingPathComponent("\(name)-labels-idx1-ubyte"))
    }
  }

  private static func header(_ magic: UInt32, _ sizes: [Int]) -> [UInt8] {
    ([magic] + sizes.map(UInt32.init)).flatMap { value in withUnsafeBytes(of: value.bigEndian, Array.init) }
  }
}
