// Inference in the smallest program: `named model.safetensors image.pgm` tells the digit by a `cnn` whose layers stand here; the file
// brings its weights only. Without arguments, weights from a formula look at a drawn digit, so that the program proves itself where
// there is no other file.
import ApusCompute
import ApusInference

#if canImport(Glibc)
  @preconcurrency import Glibc
#elseif canImport(Musl)
  @preconcurrency import Musl
#endif

@main
enum Named {
  static let layers: [Network.Layer] = [
    .conv2d("0"), .maxPool2d(2), .relu, .conv2d("3"), .maxPool2d(2), .relu, .flatten, .linear("8"), .relu,
    .linear("11"),
    .logSoftmax,
  ]

  static func main() throws {
    let words = CommandLine.arguments
    let weights = words.count == 3 ? try Safetensors(path: words[1]) : try Safetensors(formulaFile)
    let network = try Network(inputShape: [1, 28, 28], weights: weights, layers)
    let pixels = words.count == 3 ? try image(words[2]) : (0..<784).map { UInt8(($0 % 28 + $0 / 28) % 9 * 28) }
    let scores = network(pixels: pixels)
    let digit = scores.indices.max { scores[$0] < scores[$1] }!
    print("digit \(digit), scores \(scores.map { ($0 * 100).rounded() / 100 }), on \(InstructionSet.active)")
  }

  struct BadImage: Error { let path: String }

  /// The 784 bytes of a binary PGM of 28 × 28 pixels.
  static func image(_ path: String) throws -> [UInt8] {
    guard let file = fopen(path, "rb") else { throw BadImage(path: path) }
    defer { fclose(file) }
    let header = Array("P5\n28 28\n255\n".utf8)
    var bytes = [UInt8](repeating: 0, count: header.count + 784)
    guard fread(&bytes, 1, bytes.count, file) == bytes.count, bytes.starts(with: header) else {
      throw BadImage(path: path)
    }
    return Array(bytes.dropFirst(header.count))
  }

  /// The bytes of a safetensors file of made-up weights.
  static var formulaFile: [UInt8] {
    var (records, numbers) = ([String](), [UInt8]())
    for (name, shape) in [
      ("0.weight", [10, 1, 5, 5]), ("0.bias", [10]), ("3.weight", [20, 10, 5, 5]), ("3.bias", [20]),
      ("8.weight", [50, 320]), ("8.bias", [50]), ("11.weight", [10, 50]), ("11.bias", [10]),
    ] {
      let begin = numbers.count
      for i in 0..<shape.reduce(1, *) {
        let value = Float((i * 7919) % 101 - 50) / 500
        withUnsafeBytes(of: value.bitPattern.littleEndian) { numbers.append(contentsOf: $0) }
      }
      records.append(#""\#(name)":{"dtype":"F32","shape":\#(shape),"data_offsets":[\#(begin),\#(numbers.count)]}"#)
    }
    let header = Array("{\(records.joined(separator: ","))}".utf8)
    return withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) } + header + numbers
  }
}
