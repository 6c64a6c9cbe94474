import ApusTensor
import Foundation
import Testing

/// One reference case made with PyTorch: its operation, attributes and tensors.
///
/// Reads the safetensors file by itself, in a few lines, so that a fault in the library's reader cannot hide here.
struct GoldenFile: CustomTestStringConvertible, Sendable {
  struct Entry: Sendable {
    let shape: [Int]
    let values: [Double]
    let isInteger: Bool
  }

  let group: String
  let name: String
  let op: String
  let tensors: [String: Entry]
  /// The attributes as JSON text; a dictionary of anything is not sendable.
  private let attributeText: String

  static let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("golden")

  var testDescription: String { "\(group)/\(name)" }

  /// Every case of a group, by name.
  static func all(_ group: String) -> [GoldenFile] {
    let files = try! FileManager.default.contentsOfDirectory(atPath: directory.appendingPathComponent(group).path)
    return files.filter { $0.hasSuffix(".safetensors") }.sorted().map { file in
      try! GoldenFile(group, String(file.dropLast(".safetensors".count)))
    }
  }

  init(_ group: String, _ name: String) throws {
    self.group = group
    self.name = name
    let url = Self.directory.appendingPathComponent(group).appendingPathComponent(name + ".safetensors")
    let bytes = [UInt8](try Data(contentsOf: url))
    let headerLength = (0..<8).reduce(0) { $0 | Int(bytes[$1]) << (8 * $1) }
    let header = try JSONSerialization.jsonObject(with: Data(bytes[8..<8 + headerLength])) as! [String: Any]
    let metadata = header["__metadata__"] as! [String: String]
    op = metadata["op"]!
    attributeText = metadata["attributes"]!
    var tensors: [String: Entry] = [:]
    for (key, value) in header where key != "__metadata__" {
      let description = value as! [String: Any]
      let shape = description["shape"] as! [Int]
      let start = 8 + headerLength + (description["data_offsets"] as! [Int])[0]
      let isInteger = description["dtype"] as! String == "I64"
      let values = (0..<shape.reduce(1, *)).map { index -> Double in
        let word = (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[start + index * 8 + $1]) << (8 * UInt64($1)) }
        return isInteger ? Double(Int64(bitPattern: word)) : Double(bitPattern: word)
      }
      tensors[key] = Entry(shape: shape, values: values, isInteger: isInteger)
    }
    self.tensors = tensors
  }

  var attributes: [String: Any] {
    try! JSONSerialization.jsonObject(with: Data(attributeText.utf8)) as! [String: Any]
  }

  func integer(_ key: String) -> Int { (attributes[key] as! NSNumber).intValue }
  func number(_ key: String) -> Double { (attributes[key] as! NSNumber).doubleValue }
  func flag(_ key: String) -> Bool { (attributes[key] as! NSNumber).boolValue }
  func string(_ key: String) -> String { attributes[key] as! String }
  func integers(_ key: String) -> [Int] { (attributes[key] as! [NSNumber]).map(\.intValue) }
  func numbers(_ key: String) -> [Double] { (attributes[key] as! [NSNumber]).map(\.doubleValue) }
  func strings(_ key: String) -> [String] { attributes[key] as! [String] }
  func pair(_ key: String) -> (Int, Int) { (integers(key)[0], integers(key)[1]) }
  func isNull(_ key: String) -> Bool { attributes[key] is NSNull }
  func isString(_ key: String) -> Bool { attributes[key] is String }

  /// The tensor called `key`, in the scalar type of the test.
  func tensor<Scalar: TensorScalar>(_ key: String, _: Scalar.Type = Scalar.self) -> Tensor<Scalar> {
    let entry = tensors[key]!
    return Tensor(entry.values.map { Scalar($0) }, shape: Shape(entry.shape))
  }

  /// The input whose number the attribute `key` holds, nil when it is null.
  func optionalInput<Scalar: TensorScalar>(_ key: String, _: Scalar.Type = Scalar.self) -> Tensor<Scalar>? {
    isNull(key) ? nil : tensor("input.\(integer(key))")
  }

  func indices(_ key: String) -> IndexTensor {
    let entry = tensors[key]!
    return IndexTensor(entry.values.map { Int($0) }, shape: Shape(entry.shape))
  }

  /// Holds numbers against the tensor called `key`: |actual − expected| ≤ t + t |expected|, with the tolerance of the
  /// scalar type.
  func expect<Scalar: TensorScalar>(
    _ actual: Tensor<Scalar>?, _ key: String, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    guard let entry = tensors[key] else {
      Issue.record("\(testDescription) has no \(key)", sourceLocation: sourceLocation)
      return
    }
    guard let actual else {
      Issue.record("\(testDescription): \(key) is missing", sourceLocation: sourceLocation)
      return
    }
    guard actual.shape == Shape(entry.shape) else {
      Issue.record(
        "\(testDescription): \(key) has shape \(actual.shape), not \(entry.shape)", sourceLocation: sourceLocation)
      return
    }
    let tolerance = Scalar.self == Double.self ? 1e-9 : 1e-4
    for (index, (value, expected)) in zip(actual.scalars, entry.values).enumerated() {
      let value = Double(value)
      let fits =
        value == expected || (value.isNaN && expected.isNaN)
        || abs(value - expected) <= tolerance + tolerance * abs(expected)
      guard !fits else { continue }
      Issue.record(
        "\(testDescription) in \(Scalar.self): \(key)[\(index)] is \(value), not \(expected)",
        sourceLocation: sourceLocation)
      return
    }
  }

  /// Runs the backward pass from the upstreams of the case: the objective is Σ output · upstream.
  func backward<Scalar: TensorScalar>(_ outputs: [Tensor<Scalar>]) {
    var objective: Tensor<Scalar>?
    for (index, output) in outputs.enumerated() where tensors["upstream.\(index)"] != nil {
      let part = (output * tensor("upstream.\(index)")).sum()
      objective = objective.map { $0 + part } ?? part
    }
    objective?.backward()
  }

}

/// Holds the cases of a group against what a test runs: whatever is not run must be named, with the reason, and nothing
/// may be named that is not there.
func expectEveryCaseIsKnown(_ group: String, run: Set<String>, outOfSlice: [String: String]) {
  let ops = Set(GoldenFile.all(group).map(\.op))
  #expect(run.isDisjoint(with: outOfSlice.keys))
  #expect(ops == run.union(outOfSlice.keys), "\(group): operations that are neither run nor named, or not there")
  for (op, reason) in outOfSlice.sorted(by: { $0.key < $1.key }) {
    let cases = GoldenFile.all(group).filter { $0.op == op }.map(\.name)
    print("golden \(group): \(op) is not run, \(reason): \(cases.joined(separator: ", "))")
  }
}
